"""``/_control``: what a test or a demo orders and looks at. JSON, loopback only, no part of OpenAI's API."""

import ipaddress
from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from urllib.parse import urlsplit

from aiohttp import web

from simulators.llm.vendor import WORLD

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> None:
    app.router.add_post("/_control/faults", order_fault)
    app.router.add_get("/_control/faults", list_faults)
    app.router.add_delete("/_control/faults", clear_faults)
    app.router.add_get("/_control/truth", tell_truth)
    app.router.add_get("/_control/secrets", tell_secrets)
    app.router.add_post("/_control/reset", reset)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only a peer on this machine, and no web page of another origin, may control; bad orders are a 400 with why."""
    if not request.path.startswith("/_control"):
        return await handler(request)
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign or not _is_loopback(request.remote) or not _is_loopback(urlsplit(f"//{request.host}").hostname):
        return web.json_response({"error": "the control side answers this machine only"}, status=403)
    try:
        return await handler(request)
    except (JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def order_fault(request: web.Request) -> web.Response:
    fault = request.app[WORLD].faults.order(await request.json())
    return web.json_response({"number": fault.number}, status=201)


async def list_faults(request: web.Request) -> web.Response:
    return web.json_response(request.app[WORLD].faults.describe())


async def clear_faults(request: web.Request) -> web.Response:
    request.app[WORLD].faults.clear()
    return web.json_response({})


async def tell_truth(request: web.Request) -> web.Response:
    """Every request for a completion as it came, with its answer."""
    return web.json_response({"calls": request.app[WORLD].calls})


async def tell_secrets(request: web.Request) -> web.Response:
    return web.json_response({"api_key": request.app[WORLD].config.api_key})


async def reset(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    world.faults.clear()
    world.calls.clear()
    return web.json_response({})


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
