"""What a fault does to an answer and to the connection it goes over."""

import asyncio
import contextlib
import json
import socket
import struct
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from simulators.recall.faults import Fault
from simulators.recall.world import Answer

WAF_PAGE = "<!doctype html><title>Sign in to the network</title><h1>Please sign in to use this network</h1>"


def spoil(fault: Fault, answer: Answer) -> Answer:
    """The answer this fault turns Recall's into."""
    body, content_type, status = answer.body, answer.content_type, fault.status or answer.status
    if fault.kind in ("status", "status_after"):
        status, content_type = fault.status or 500, Answer.content_type
        default = {"code": "ordered", "detail": HTTPStatus(status).phrase}
        body = _encode(default if fault.body is None else fault.body)
    elif fault.kind == "html":
        body, content_type = WAF_PAGE.encode(), "text/html;charset=UTF-8"
    elif fault.kind == "bad_json":
        body = body[:-1] + b",,"
    elif fault.kind == "empty":
        body = b""
    elif fault.kind == "mutate" and body:
        body = _mutate(body, fault)
    return replace(
        answer, status=status, body=body, content_type=content_type, headers={**answer.headers, **fault.headers}
    )


def respond(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers} if answer.body else answer.headers
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def hang(request: web.Request, cleared: asyncio.Event) -> web.StreamResponse:
    """Say nothing until the client leaves or the faults are cleared, then close."""
    while request.transport is not None and not request.transport.is_closing() and not cleared.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cleared.wait(), 0.1)
    return break_off(request, with_reset=False)


def break_off(request: web.Request, with_reset: bool) -> web.StreamResponse:
    """End the connection without an answer: with RST, or quietly as a server that goes away."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if with_reset and connection is not None:
            # Closing with a linger time of zero makes the kernel send RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()  # goes nowhere: the transport is closed


async def drip(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    """A byte every so many seconds."""
    response = await _start(request, answer)
    with contextlib.suppress(ConnectionError):
        for position in range(len(answer.body)):
            await response.write(answer.body[position : position + 1])
            await asyncio.sleep(seconds)
    return response


async def truncate(request: web.Request, answer: Answer, size: int) -> web.StreamResponse:
    response = await _start(request, answer)
    await response.write(answer.body[:size])
    if request.transport is not None:
        request.transport.close()  # after what was written, unlike abort
    return response


async def _start(request: web.Request, answer: Answer) -> web.StreamResponse:
    headers = {"Content-Type": answer.content_type, **answer.headers, "Content-Length": str(len(answer.body))}
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    return response


def _mutate(body: bytes, fault: Fault) -> bytes:
    """Put the value there; a number in the path is a place in a list."""
    holder = content = json.loads(body)
    *path, last = [int(name) if name.isdigit() else name for name in fault.field.split(".")]
    for name in path:
        holder = holder[name]
    holder[last] = fault.value
    return json.dumps(content).encode()


def _encode(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
