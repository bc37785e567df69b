"""The vendor's side of the wire: reads a request, lets Recall act on it, lets ordered faults happen in between."""

import asyncio
import contextlib
import functools
from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulators.recall import api, life, misbehaviour
from simulators.recall.clock import show
from simulators.recall.faults import Fault
from simulators.recall.world import Answer, Call, Refusal, World, json_answer

WORLD = web.AppKey("world", World)
BOTS, ONE_BOT = "/api/v1/bot/", "/api/v1/bot/{target}/"
ROUTES: tuple[tuple[str, str, str, Callable[[World, Call], Answer]], ...] = (
    ("GET", BOTS, "list", api.answer_list),
    ("POST", BOTS, "create", api.answer_create),
    ("GET", ONE_BOT, "get", api.answer_get),
    ("PATCH", ONE_BOT, "update", api.answer_update),
    ("DELETE", ONE_BOT, "delete", api.answer_delete),
    ("POST", f"{ONE_BOT}leave_call/", "leave_call", api.answer_leave_call),
    ("POST", f"{ONE_BOT}delete_media/", "delete_media", api.answer_delete_media),
    ("GET", "/downloads/{target}", "download", api.answer_download),
    ("*", "/api/{target:.*}", "other", api.answer_unknown),
)
VERBS = {operation: verb for _, _, operation, verb in ROUTES}


def add_routes(app: web.Application) -> None:
    for method, path, operation, _ in ROUTES:
        app.router.add_route(method, path, functools.partial(_serve, operation))


async def _serve(operation: str, request: web.Request) -> web.StreamResponse:
    """One call.

    1. Read it whole, so that whatever happens next happens after the client has sent everything.
    2. Log it, and take the fault ordered for it, if any.
    3. Act, unless the fault says not to, or not yet; before that everything happens that was due.
    4. Answer, or do what the fault does instead.
    """
    world = request.app[WORLD]
    body = await request.read()
    call = Call(operation, request.headers, request.query, body, request.match_info.get("target", ""))
    fault = world.faults.take(operation)
    entry: dict[str, Any] = {
        "operation": operation,
        "at": show(world.clock.now()),
        "bot_id": call.target or None,
        "query": request.query_string,
        "has_key": "Authorization" in request.headers,
        "fault": fault.kind if fault else None,
        "status": None,
    }
    world.calls.append(entry)
    if fault is None:
        answer = act(world, call)
        entry["status"] = answer.status
        return misbehaviour.respond(answer)
    return await _misbehave(request, call, fault, entry)


def act(world: World, call: Call) -> Answer:
    """Recall's normal answer, refusals included."""
    life.catch_up(world)
    try:
        return VERBS[call.operation](world, call)
    except Refusal as refusal:
        return json_answer(refusal.status, refusal.content)


async def _misbehave(request: web.Request, call: Call, fault: Fault, entry: dict[str, Any]) -> web.StreamResponse:
    world = request.app[WORLD]
    cleared = world.faults.cleared
    if fault.kind == "delay":
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cleared.wait(), fault.seconds)
    if fault.kind == "act_after":
        _act_later(world, call, fault.seconds)
        return await misbehaviour.hang(request, cleared)
    answer = act(world, call) if fault.acts_first else Answer(200, b"{}")
    if fault.kind in ("hang", "act_then_hang"):
        return await misbehaviour.hang(request, cleared)
    if fault.kind in ("reset", "act_then_reset", "down"):
        return misbehaviour.break_off(request, with_reset=fault.kind != "down")
    spoilt = misbehaviour.spoil(fault, answer)
    entry["status"] = spoilt.status
    if fault.kind == "drip":
        return await misbehaviour.drip(request, spoilt, fault.seconds)
    if fault.kind == "truncate":
        return await misbehaviour.truncate(request, spoilt, fault.bytes)
    return misbehaviour.respond(spoilt)


def _act_later(world: World, call: Call, seconds: float) -> None:
    """Act after so many seconds, whether or not the client is still there."""

    async def act_when_due() -> None:
        await asyncio.sleep(seconds)
        act(world, call)

    task = asyncio.create_task(act_when_due())
    world.late_acts.add(task)
    task.add_done_callback(world.late_acts.discard)
