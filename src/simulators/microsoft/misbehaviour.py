"""What a fault does to an answer and to the connection it goes over."""

import asyncio
import contextlib
import functools
import gzip
import json
import socket
import struct
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from simulators.microsoft.faults import REMOVED, Fault
from simulators.microsoft.refusals import GraphRefusal, SignInRefusal, Trace
from simulators.microsoft.world import Answer

MEBIBYTE = 1024 * 1024
WAF_PAGE = "<!doctype html><title>Sign in to the network</title><h1>Please sign in to use this network</h1>"
# What Graph calls the statuses that are ordered without a body of their own.
CODES = {
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    404: "ErrorItemNotFound",
    429: "ApplicationThrottled",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


def spoil(fault: Fault, answer: Answer, operation: str, trace: Trace) -> Answer:
    """The answer this fault turns Microsoft's into."""
    status, kind = fault.status or answer.status, fault.kind
    headers = {**answer.headers, **fault.headers}
    content_type, body = answer.content_type, answer.body
    if kind in ("status", "status_after"):
        status, content_type = fault.status or 500, Answer.content_type
        body = _encode(_refuse(operation, status, trace) if fault.body is None else fault.body)
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


def respond(answer: Answer) -> web.Response:
    if answer.status == HTTPStatus.NO_CONTENT:
        return web.Response(status=204, headers=answer.headers)
    headers = {**({"Content-Type": answer.content_type} if answer.body else {}), **answer.headers}
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
    response = await _start(request, answer, len(answer.body))
    with contextlib.suppress(ConnectionError):
        for position in range(len(answer.body)):
            await response.write(answer.body[position : position + 1])
            await asyncio.sleep(seconds)
    return response


async def truncate(request: web.Request, answer: Answer, size: int) -> web.StreamResponse:
    response = await _start(request, answer, len(answer.body))
    await response.write(answer.body[:size])
    if request.transport is not None:
        request.transport.close()  # after what was written, unlike abort
    return response


async def flood(request: web.Request, answer: Answer, size: int) -> web.StreamResponse:
    """The body, after a padding field of that many bytes."""
    head, tail = b'{"padding":"', b'",' + answer.body[1:]
    response = await _start(request, answer, len(head) + size + len(tail))
    with contextlib.suppress(ConnectionError):
        await response.write(head)
        for begin in range(0, size, MEBIBYTE):
            await response.write(b"x" * min(MEBIBYTE, size - begin))
        await response.write(tail)
    return response


def _refuse(operation: str, status: int, trace: Trace) -> object:
    """A body in the form of the endpoint that is to be failing."""
    phrase = HTTPStatus(status).phrase
    if operation in ("token", "refresh"):
        return SignInRefusal("temporarily_unavailable", 90006, phrase).content(trace)
    return GraphRefusal(status, CODES.get(status, "UnknownError"), phrase).content(trace)


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


async def _start(request: web.Request, answer: Answer, length: int) -> web.StreamResponse:
    headers = {"Content-Type": answer.content_type, **answer.headers, "Content-Length": str(length)}
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    return response
