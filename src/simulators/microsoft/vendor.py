"""The vendor's side of the wire: reads a request, lets Microsoft act, and lets ordered faults happen in between."""

import asyncio
import contextlib
import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from aiohttp import web

from simulators.microsoft import admission, api, free_busy, limits, misbehaviour, oauth, online_meetings, subscriptions
from simulators.microsoft.clock import format_precise
from simulators.microsoft.faults import Fault
from simulators.microsoft.refusals import Refusal, Trace
from simulators.microsoft.world import Answer, Call, World, json_answer

WORLD = web.AppKey("world", World)
Verb = Callable[[World, Call], Answer | Awaitable[Answer]]

VERBS: dict[tuple[str, str], Verb] = {
    ("token", "token"): oauth.answer_token,
    ("token", "refresh"): oauth.answer_token,
    ("user", "me"): api.answer_me,
    ("calendar", "calendar"): api.answer_calendar,
    ("calendar", "view"): free_busy.answer_view,
    ("calendar", "schedule"): free_busy.answer_schedule,
    ("event", "create"): api.answer_create,
    ("event", "list"): api.answer_list,
    ("event", "get"): api.answer_get,
    ("event", "update"): api.answer_update,
    ("event", "delete"): api.answer_delete,
    ("event", "cancel"): api.answer_cancel,
    ("onlineMeeting", "create"): online_meetings.answer_create,
    ("onlineMeeting", "get"): online_meetings.answer_get,
    ("onlineMeeting", "update"): online_meetings.answer_update,
    ("onlineMeeting", "delete"): online_meetings.answer_delete,
    ("subscription", "subscribe"): subscriptions.answer_subscribe,
    ("other", "other"): api.answer_unknown,
}
# Graph answers both ways of naming the default calendar; below the second it has the same events.
ROUTES = (
    ("POST", "/{target}/oauth2/v2.0/token", "token", "token"),
    ("GET", "/v1.0/me", "user", "me"),
    ("GET", "/v1.0/me/calendar", "calendar", "calendar"),
    ("GET", "/v1.0/me{calendar:(/calendar)?}/calendarView", "calendar", "view"),
    ("POST", "/v1.0/me/calendar/getSchedule", "calendar", "schedule"),
    ("POST", "/v1.0/me{calendar:(/calendar)?}/events", "event", "create"),
    ("GET", "/v1.0/me{calendar:(/calendar)?}/events", "event", "list"),
    ("GET", "/v1.0/me{calendar:(/calendar)?}/events/{target}", "event", "get"),
    ("PATCH", "/v1.0/me{calendar:(/calendar)?}/events/{target}", "event", "update"),
    ("DELETE", "/v1.0/me{calendar:(/calendar)?}/events/{target}", "event", "delete"),
    ("POST", "/v1.0/me{calendar:(/calendar)?}/events/{target}/cancel", "event", "cancel"),
    ("POST", "/v1.0/me/onlineMeetings", "onlineMeeting", "create"),
    ("POST", "/v1.0/me/onlineMeetings/{target:createOrGet}", "onlineMeeting", "create"),
    ("GET", "/v1.0/me/onlineMeetings/{target}", "onlineMeeting", "get"),
    ("PATCH", "/v1.0/me/onlineMeetings/{target}", "onlineMeeting", "update"),
    ("DELETE", "/v1.0/me/onlineMeetings/{target}", "onlineMeeting", "delete"),
    ("POST", "/v1.0/subscriptions", "subscription", "subscribe"),
    ("GET", "/v1.0/subscriptions", "subscription", "subscribe"),
    ("GET", "/v1.0/subscriptions/{target}", "subscription", "subscribe"),
    ("PATCH", "/v1.0/subscriptions/{target}", "subscription", "subscribe"),
    ("DELETE", "/v1.0/subscriptions/{target}", "subscription", "subscribe"),
    ("*", "/v1.0/{target:.*}", "other", "other"),
)
SILENT = frozenset({"hang", "act_then_hang", "act_after"})
BROKEN = frozenset({"reset", "act_then_reset", "down"})


@dataclass
class Entry:
    """The line in the call log of the request at hand."""

    world: World
    number: int

    def note(self, answer: Answer, status: int | None) -> None:
        self.world.store.execute(
            "UPDATE calls SET status = ?, user_id = COALESCE(?, user_id), item_id = COALESCE(?, item_id)"
            " WHERE number = ?",
            status,
            answer.user_id,
            answer.item_id,
            self.number,
        )


@dataclass
class LateActs:
    """What Microsoft will still do although the client was never answered."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set)


LATE_ACTS = web.AppKey("late_acts", LateActs)


def add_routes(app: web.Application) -> None:
    app[LATE_ACTS] = LateActs()
    app.on_cleanup.append(_drop_late_acts)
    for method, path, resource, operation in ROUTES:
        app.router.add_route(method, path, functools.partial(_serve, resource, operation))
    app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", show_metadata)


async def show_metadata(request: web.Request) -> web.Response:
    return web.json_response(oauth.describe_metadata(request.app[WORLD], request.match_info["tenant"]))


async def _serve(resource: str, operation: str, request: web.Request) -> web.StreamResponse:
    """One call.

    1. Read it whole, so that whatever happens next happens after the client has sent everything.
    2. Take one of the mailbox's places, or be refused. Where writes are ordered to take time, it takes that.
    3. Log it, and take the fault ordered for it, if any.
    4. Act, unless the fault says not to, or not yet.
    5. Answer, or do what the fault does instead.
    """
    world = request.app[WORLD]
    body = await request.read()
    if operation == "token" and oauth.wants_refresh(body):
        operation = "refresh"
    call = Call(
        operation,
        resource,
        request.headers,
        request.query,
        body,
        request.match_info.get("target", ""),
        request.method,
        ", ".join(request.headers.getall("Prefer", [])),
    )
    try:
        with limits.take_place(world, admission.identify(world, call), operation):
            await asyncio.sleep(limits.seconds_of(world, operation))
            fault = world.faults.take(operation)
            entry = _log(request, call, fault)
            if fault is not None:
                return await _misbehave(request, call, fault, entry)
            answer = await act(world, call)
            entry.note(answer, answer.status)
            return misbehaviour.respond(answer)
    except Refusal as refusal:
        answer = _refuse(world, call, refusal)
        _log(request, call, None).note(answer, answer.status)
        return misbehaviour.respond(answer)


async def act(world: World, call: Call) -> Answer:
    """Microsoft's normal answer, refusals included, with the headers every answer carries."""
    try:
        found = VERBS[call.resource, call.operation](world, call)
        answer = await found if inspect.isawaitable(found) else found
    except Refusal as refusal:
        return _refuse(world, call, refusal)
    return replace(answer, headers={**_trace_headers(_trace(world, call)), **answer.headers})


async def _misbehave(request: web.Request, call: Call, fault: Fault, entry: Entry) -> web.StreamResponse:
    world = request.app[WORLD]
    cleared = world.faults.cleared
    if fault.kind == "delay":
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cleared.wait(), fault.seconds)
    if fault.kind == "act_after":
        _act_later(request.app, call, fault, entry)
        return await misbehaviour.hang(request, cleared)
    answer = await act(world, call) if fault.acts_first else Answer(200, b"{}")
    if fault.kind in SILENT:
        entry.note(answer, None)
        return await misbehaviour.hang(request, cleared)
    if fault.kind in BROKEN:
        entry.note(answer, None)
        return misbehaviour.break_off(request, with_reset=fault.kind != "down")
    spoilt = misbehaviour.spoil(fault, answer, call.operation, _trace(world, call))
    entry.note(spoilt, spoilt.status)
    if fault.kind == "drip":
        return await misbehaviour.drip(request, spoilt, fault.seconds or 1.0)
    if fault.kind == "truncate":
        return await misbehaviour.truncate(request, spoilt, fault.bytes or 0)
    if fault.kind == "huge":
        return await misbehaviour.flood(request, spoilt, fault.bytes or 100 * misbehaviour.MEBIBYTE)
    return misbehaviour.respond(spoilt)


def _refuse(world: World, call: Call, refusal: Refusal) -> Answer:
    trace = _trace(world, call)
    headers = {**_trace_headers(trace), **refusal.headers}
    return json_answer(refusal.status, refusal.content(trace), headers=headers)


def _trace(world: World, call: Call) -> Trace:
    return Trace(world.clock.now(), client_request_id=call.headers.get("client-request-id"))


def _trace_headers(trace: Trace) -> dict[str, str]:
    return {"request-id": trace.request_id, "client-request-id": trace.correlation_id}


def _log(request: web.Request, call: Call, fault: Fault | None) -> Entry:
    world = request.app[WORLD]
    # The truth goes by the immutable id, whichever the client used.
    row = world.store.row("SELECT id FROM events WHERE id = ? OR rest_id = ?", call.target, call.target)
    item = row["id"] if row else call.target if call.resource in ("onlineMeeting", "subscription") else ""
    cursor = world.store.execute(
        "INSERT INTO calls (operation, resource, method, path, at, query, user_id, item_id, fault)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        call.operation,
        call.resource,
        call.method,
        request.path,
        format_precise(world.clock.now()),
        request.query_string,
        admission.identify(world, call),
        item if item not in ("", "createOrGet") else None,
        fault.kind if fault else None,
    )
    return Entry(world, int(cursor.lastrowid or 0))


def _act_later(app: web.Application, call: Call, fault: Fault, entry: Entry) -> None:
    """Act after so many seconds, whether or not the client is still there."""

    async def act_when_due() -> None:
        await asyncio.sleep(fault.seconds or 0)
        entry.note(await act(app[WORLD], call), None)

    task = asyncio.create_task(act_when_due())
    app[LATE_ACTS].tasks.add(task)
    task.add_done_callback(app[LATE_ACTS].tasks.discard)


async def _drop_late_acts(app: web.Application) -> None:
    for task in list(app[LATE_ACTS].tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
