"""HTML: templates, the headers every page carries, and who is signed in to this Microsoft in the browser."""

from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from aiohttp import web

from simulators.microsoft import users
from simulators.microsoft.clock import parse_instant
from simulators.microsoft.users import User
from simulators.microsoft.vendor import WORLD

COOKIE = "microsoft_simulator_user"
# No form-action: after Accept the form's answer redirects to the app's own address, which that directive would block.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
STATIC_TYPES = {"microsoft.css": "text/css", "portal.js": "text/javascript", "icon.svg": "image/svg+xml"}

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("simulators.microsoft", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, status: int = 200, **values: Any) -> web.Response:
    response = web.Response(
        text=_templates.get_template(template).render(**values), status=status, content_type="text/html"
    )
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def redirect(target: str, status: int = 302) -> web.Response:
    return web.Response(status=status, headers={"Location": target, "Cache-Control": "no-store"})


def signed_in(request: web.Request) -> User | None:
    return users.find(request.app[WORLD].store, request.cookies.get(COOKIE))


def sign_in(response: web.StreamResponse, user: User) -> None:
    response.set_cookie(COOKIE, user.id, httponly=True, samesite="Lax", path="/")


def sign_out(response: web.StreamResponse) -> None:
    response.del_cookie(COOKIE, path="/")


async def read_form(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def local_time(instant: str, zone: str) -> str:
    """``Tue 1 Dec 2026, 09:00 CET`` in the given zone."""
    at = parse_instant(instant).astimezone(ZoneInfo(zone))
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M %Z}"


def local_clock(instant: str, zone: str) -> str:
    """The time of day alone."""
    return f"{parse_instant(instant).astimezone(ZoneInfo(zone)):%H:%M}"


async def serve_static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in STATIC_TYPES:
        raise web.HTTPNotFound
    body = resources.files("simulators.microsoft").joinpath("static", name).read_bytes()
    return web.Response(body=body, content_type=STATIC_TYPES[name], headers={"Cache-Control": "no-cache"})


_templates.globals.update(local_time=local_time, local_clock=local_clock)
