"""HTML: templates and the headers every page carries."""

from datetime import datetime
from importlib import resources
from typing import Any

import jinja2
from aiohttp import web

from simulators.attendee.clock import parse_instant

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
STATIC_TYPES = {"attendee.css": "text/css", "portal.js": "text/javascript", "icon.svg": "image/svg+xml"}

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("simulators.attendee", "templates"),
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


def utc_time(instant: str | datetime) -> str:
    """``Tue 1 Dec 2026, 09:00:05 UTC``."""
    at = parse_instant(instant) if isinstance(instant, str) else instant
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M:%S UTC}"


def clock_time(instant: str) -> str:
    """``09:00:05``."""
    return f"{parse_instant(instant):%H:%M:%S}"


async def serve_static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in STATIC_TYPES:
        raise web.HTTPNotFound
    body = resources.files("simulators.attendee").joinpath("static", name).read_bytes()
    return web.Response(body=body, content_type=STATIC_TYPES[name], headers={"Cache-Control": "no-cache"})


_templates.globals.update(utc_time=utc_time, clock_time=clock_time)
