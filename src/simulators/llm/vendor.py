"""The vendor's side of the wire: reads a request, lets the model answer, and lets ordered faults happen in between."""

import asyncio
import contextlib
import hmac
import json
import socket
import struct
from http import HTTPStatus
from typing import Any

from aiohttp import web

from simulators.llm import completions
from simulators.llm.faults import SPOKEN, Fault
from simulators.llm.world import Answer, Refusal, World, json_answer

WORLD = web.AppKey("world", World)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", list_models)
    app.router.add_route("*", "/v1/{rest:.*}", refuse_unknown)


async def complete(request: web.Request) -> web.StreamResponse:
    """One completion: read whole, logged, then answered or not, as the fault has it."""
    world = request.app[WORLD]
    body = await request.read()
    fault = world.faults.take()
    entry: dict[str, Any] = {"status": None, "fault": fault.kind if fault else None, "request": _parse(body)}
    world.calls.append(entry)
    cleared = world.faults.cleared
    if fault is not None and fault.kind == "delay":
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cleared.wait(), fault.seconds)
    if fault is not None and fault.kind == "hang":
        return await _hang(request, cleared)
    if fault is not None and fault.kind == "reset":
        return _break_off(request, with_reset=True)
    answer = _answer(world, request, body, fault)
    entry |= {"status": answer.status, "answer": _parse(answer.body)}
    return _respond(answer)


async def list_models(request: web.Request) -> web.StreamResponse:
    """https://platform.openai.com/docs/api-reference/models/list"""
    world = request.app[WORLD]
    try:
        _admit(world, request)
    except Refusal as refusal:
        return _respond(json_answer(refusal.status, refusal.content))
    named = [
        {"id": name, "object": "model", "created": completions.CREATED, "owned_by": "simulator"}
        for name in world.config.models
    ]
    return _respond(json_answer(200, {"object": "list", "data": named}))


async def refuse_unknown(request: web.Request) -> web.StreamResponse:
    request.app[WORLD].calls.append({"status": 404, "fault": None, "request": request.path})
    refusal = Refusal(404, f"Invalid URL ({request.method} {request.path})")
    return _respond(json_answer(refusal.status, refusal.content))


def _answer(world: World, request: web.Request, body: bytes, fault: Fault | None) -> Answer:
    if fault is not None and fault.kind == "status":
        default = Refusal(fault.status, HTTPStatus(fault.status).phrase).content
        return json_answer(fault.status, default if fault.body is None else fault.body, fault.headers)
    try:
        _admit(world, request)
        if fault is not None and fault.kind == "context_too_long":
            raise completions.too_long(world, completions.read(world, body))
        spoken = fault if fault is not None and fault.kind in SPOKEN else None
        return json_answer(200, completions.complete(completions.read(world, body), spoken))
    except Refusal as refusal:
        return json_answer(refusal.status, refusal.content)


def _admit(world: World, request: web.Request) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Refusal(401, "You didn't provide an API key.")
    if not hmac.compare_digest(key.encode(), world.config.api_key.encode()):
        raise Refusal(401, "Incorrect API key provided.", "invalid_api_key")


def _respond(answer: Answer) -> web.Response:
    headers = {"Content-Type": "application/json", **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


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
