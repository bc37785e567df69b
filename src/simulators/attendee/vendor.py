"""The vendor's side of the wire: reads a request, lets Attendee act on it, lets ordered faults happen in between."""

import asyncio
import contextlib
import functools
import gzip
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from aiohttp import web

from simulators.attendee import api, bots, life
from simulators.attendee.clock import format_precise
from simulators.attendee.faults import REMOVED, Fault
from simulators.attendee.world import Answer, Call, Refusal, World, json_answer

WORLD = web.AppKey("world", World)
Verb = Callable[[World, Call], Answer]

VERBS: dict[str, Verb] = {
    "list": api.answer_list,
    "create": api.answer_create,
    "get": api.answer_get,
    "update": api.answer_update,
    "delete": api.answer_delete,
    "leave": api.answer_leave,
    "delete_data": api.answer_delete_data,
    "transcript": api.answer_transcript,
    "recording": api.answer_recording,
    "participants": api.answer_participants,
    "participant_events": api.answer_participant_events,
    "chat_messages": api.answer_chat_messages,
    "other": api.answer_unknown,
}
BOTS, ONE_BOT = "/api/v1/bots", "/api/v1/bots/{target}"
ROUTES = (
    ("GET", BOTS, "list"),
    ("POST", BOTS, "create"),
    ("GET", ONE_BOT, "get"),
    ("PATCH", ONE_BOT, "update"),
    ("DELETE", ONE_BOT, "delete"),
    ("POST", f"{ONE_BOT}/leave", "leave"),
    ("POST", f"{ONE_BOT}/delete_data", "delete_data"),
    ("GET", f"{ONE_BOT}/transcript", "transcript"),
    ("GET", f"{ONE_BOT}/recording", "recording"),
    ("GET", f"{ONE_BOT}/participants", "participants"),
    ("GET", f"{ONE_BOT}/participant_events", "participant_events"),
    ("GET", f"{ONE_BOT}/chat_messages", "chat_messages"),
    ("*", "/api/v1/{target:.*}", "other"),
)
SILENT = frozenset({"hang", "act_then_hang", "act_after"})
BROKEN = frozenset({"reset", "act_then_reset", "down"})
MEBIBYTE = 1024 * 1024
WAF_PAGE = "<!doctype html><title>Sign in to the network</title><h1>Please sign in to use this network</h1>"


@dataclass
class Entry:
    """The line in the call log of the request at hand."""

    world: World
    number: int

    def note(self, answer: Answer, status: int | None) -> None:
        self.world.store.execute(
            "UPDATE calls SET status = ?, bot_id = COALESCE(?, bot_id) WHERE number = ?",
            *(status, answer.bot_id, self.number),
        )


@dataclass
class LateActs:
    """What Attendee will still do although the client was never answered."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set)


LATE_ACTS = web.AppKey("late_acts", LateActs)


def add_routes(app: web.Application) -> None:
    app[LATE_ACTS] = LateActs()
    app.on_cleanup.append(_drop_late_acts)
    for method, path, operation in ROUTES:
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
    target = request.match_info.get("target", "")
    states = tuple(request.query.getall("states", []))
    call = Call(operation, request.headers, request.query, body, target, request.path, states)
    fault = world.faults.take(operation)
    entry = _log(world, call, fault, request.query_string)
    if fault is None:
        answer = act(world, call)
        entry.note(answer, answer.status)
        return _respond(answer)
    return await _misbehave(request, call, fault, entry)


def act(world: World, call: Call) -> Answer:
    """Attendee's normal answer, refusals included."""
    life.catch_up(world)
    try:
        return VERBS[call.operation](world, call)
    except Refusal as refusal:
        return json_answer(refusal.status, refusal.content, headers=refusal.headers)


async def _misbehave(request: web.Request, call: Call, fault: Fault, entry: Entry) -> web.StreamResponse:
    world = request.app[WORLD]
    cleared = world.faults.cleared
    if fault.kind == "delay":
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cleared.wait(), fault.seconds)
    if fault.kind == "act_after":
        _act_later(request.app, call, fault, entry)
        return await _hang(request, cleared)
    answer = act(world, call) if fault.acts_first else Answer(HTTPStatus.OK, b"{}")
    if fault.kind in SILENT:
        entry.note(answer, None)
        return await _hang(request, cleared)
    if fault.kind in BROKEN:
        entry.note(answer, None)
        return _break_off(request, with_reset=fault.kind != "down")
    spoilt = spoil(fault, answer)
    entry.note(spoilt, spoilt.status)
    if fault.kind == "drip":
        return await _drip(request, spoilt, fault.seconds or 1.0)
    if fault.kind == "truncate":
        return await _truncate(request, spoilt, fault.bytes or 0)
    if fault.kind == "huge":
        return await _flood(request, spoilt, fault.bytes or 100 * MEBIBYTE)
    return _respond(spoilt)


def spoil(fault: Fault, answer: Answer) -> Answer:
    """The answer this fault turns Attendee's into."""
    status, kind = fault.status or answer.status, fault.kind
    headers = {**answer.headers, **fault.headers}
    content_type, body = answer.content_type, answer.body
    if kind in ("status", "status_after"):
        status, content_type = fault.status or 500, Answer.content_type
        default = {"detail": HTTPStatus(status).phrase}
        body = _encode(default if fault.body is None else fault.body)
    elif kind == "html":
        status, content_type = fault.status or 200, "text/html;charset=UTF-8"
        body = WAF_PAGE.encode() if fault.body is None else str(fault.body).encode()
    elif kind == "bad_json":
        # The text breaks off in its last brace, so whoever looks closely can still find the id in it.
        body = body[:-1] + b",," if fault.body is None else _encode(fault.body)
    elif kind == "empty":
        body = b""
    elif kind == "gzip_bomb":
        headers["Content-Encoding"] = "gzip"
        body = _bomb(fault.bytes or 100 * MEBIBYTE)
    elif kind == "mutate" and 200 <= status < 300 and body:
        body = _mutate(body, fault)
    return replace(answer, status=status, body=body, headers=headers, content_type=content_type)


def _mutate(body: bytes, fault: Fault) -> bytes:
    content = json.loads(body)
    *path, last = (fault.field or "").split(".")
    holder = content
    for name in path:
        holder = holder.setdefault(name, {})
    if fault.value is REMOVED:
        holder.pop(last, None)
    else:
        holder[last] = fault.value
    return json.dumps(content).encode()


def _encode(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@functools.lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    return gzip.compress(b'{"id":' + b" " * size + b"1}", compresslevel=9)


def _respond(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers} if answer.body else answer.headers
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _log(world: World, call: Call, fault: Fault | None, query: str) -> Entry:
    cursor = world.store.execute(
        "INSERT INTO calls (operation, at, query, bot_id, fault) VALUES (?, ?, ?, ?, ?)",
        call.operation,
        format_precise(world.clock.now()),
        query,
        call.target if bots.find(world, call.target) else None,
        fault.kind if fault else None,
    )
    return Entry(world, int(cursor.lastrowid or 0))


def _act_later(app: web.Application, call: Call, fault: Fault, entry: Entry) -> None:
    """Act after so many seconds, whether or not the client is still there."""

    async def act_when_due() -> None:
        await asyncio.sleep(fault.seconds or 0)
        entry.note(act(app[WORLD], call), None)

    task = asyncio.create_task(act_when_due())
    app[LATE_ACTS].tasks.add(task)
    task.add_done_callback(app[LATE_ACTS].tasks.discard)


async def _drop_late_acts(app: web.Application) -> None:
    for task in list(app[LATE_ACTS].tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _hang(request: web.Request, cleared: asyncio.Event) -> web.StreamResponse:
    """Say nothing until the client leaves or the faults are cleared, then close."""
    while request.transport is not None and not request.transport.is_closing() and not cleared.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cleared.wait(), 0.1)
    return _break_off(request, with_reset=False)


def _break_off(request: web.Request, with_reset: bool) -> web.StreamResponse:
    """End the connection without an answer: with RST, or quietly as a server that goes away."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if with_reset and connection is not None:
            # Closing with a linger time of zero makes the kernel send RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()  # goes nowhere: the transport is closed


async def _start(request: web.Request, answer: Answer, length: int) -> web.StreamResponse:
    headers = {"Content-Type": answer.content_type, **answer.headers, "Content-Length": str(length)}
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    return response


async def _drip(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    response = await _start(request, answer, len(answer.body))
    with contextlib.suppress(ConnectionError):
        for position in range(len(answer.body)):
            await response.write(answer.body[position : position + 1])
            await asyncio.sleep(seconds)
    return response


async def _truncate(request: web.Request, answer: Answer, size: int) -> web.StreamResponse:
    response = await _start(request, answer, len(answer.body))
    await response.write(answer.body[:size])
    if request.transport is not None:
        request.transport.close()  # after what was written, unlike abort
    return response


async def _flood(request: web.Request, answer: Answer, size: int) -> web.StreamResponse:
    """The body, after a padding field of that many bytes."""
    head, tail = b'{"padding":"', b'",' + answer.body[1:]
    response = await _start(request, answer, len(head) + size + len(tail))
    with contextlib.suppress(ConnectionError):
        await response.write(head)
        for begin in range(0, size, MEBIBYTE):
            await response.write(b"x" * min(MEBIBYTE, size - begin))
        await response.write(tail)
    return response
