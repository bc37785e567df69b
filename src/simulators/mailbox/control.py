"""The JSON side for tests, below /_control/; README.md has the whole list."""

import asyncio
import json
from collections.abc import Mapping

from aiohttp import web

from simulators.mailbox.faults import FaultRefusedError
from simulators.mailbox.house import HOUSE, House
from simulators.mailbox.invitations import read_events
from simulators.mailbox.messages import Message, read_message
from simulators.mailbox.store import StoredMail

LONGEST_WAIT = 60.0  # seconds

routes = web.RouteTableDef()


@routes.get("/_control/health")
async def show_health(request: web.Request) -> web.Response:
    """Whether it is up, where, and with how many mails."""
    house = request.app[HOUSE]
    count = await asyncio.to_thread(house.store.count_mails)
    return web.json_response({"smtp_url": house.smtp_url, "url": house.url, "mails": count})


@routes.get("/_control/mails")
async def list_mails(request: web.Request) -> web.Response:
    """Mails, oldest first. `wait` seconds are spent waiting for the first if there is none yet."""
    house = request.app[HOUSE]
    to = request.query.get("to") or None
    since = _read_number(request.query, "since", default=0)
    wait = min(_read_seconds(request.query, "wait"), LONGEST_WAIT)
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        news = house.news.watch()
        mails = await asyncio.to_thread(house.store.list_mails, to=to, since=since)
        left = deadline - asyncio.get_running_loop().time()
        if mails or left <= 0:
            return web.json_response(await asyncio.to_thread(_describe_all, house, mails))
        await asyncio.wait([news], timeout=left)


@routes.delete("/_control/mails")
async def delete_mails(request: web.Request) -> web.Response:
    """Delete all, or those that `to` received."""
    house = request.app[HOUSE]
    deleted = await asyncio.to_thread(house.store.delete_all, request.query.get("to") or None)
    return web.json_response({"deleted": deleted})


@routes.get("/_control/mails/{id:[0-9]+}/raw")
async def show_raw(request: web.Request) -> web.Response:
    """The bytes as they came; never shown in a browser, only saved."""
    mail_id = _read_number(request.match_info, "id", default=0)
    raw = await asyncio.to_thread(request.app[HOUSE].store.read_raw, mail_id)
    if raw is None:
        raise refuse(web.HTTPNotFound, f"there is no mail {mail_id}")
    headers = {"Content-Disposition": f'attachment; filename="mail-{mail_id}.eml"'}
    return web.Response(body=raw, content_type="message/rfc822", headers=headers)


@routes.get("/_control/faults")
async def list_faults(request: web.Request) -> web.Response:
    """Every fault not deleted, with its hits and how often it will strike yet."""
    return web.json_response([fault.as_json() for fault in request.app[HOUSE].faults.list_all()])


@routes.post("/_control/faults")
async def order_fault(request: web.Request) -> web.Response:
    """Order one; asks for the JSON type, which no page elsewhere can send unasked (no CORS here)."""
    if request.content_type != "application/json":
        raise refuse(web.HTTPUnsupportedMediaType, "send application/json")
    try:
        wish = await request.json()
    except ValueError:
        raise refuse(web.HTTPBadRequest, "that is no JSON") from None
    if not isinstance(wish, dict):
        raise refuse(web.HTTPBadRequest, "a fault is a JSON object")
    try:
        fault = request.app[HOUSE].faults.order(wish)
    except FaultRefusedError as error:
        raise refuse(web.HTTPBadRequest, str(error)) from None
    return web.json_response(fault.as_json(), status=201)


@routes.delete("/_control/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Delete all faults."""
    return web.json_response({"deleted": request.app[HOUSE].faults.clear()})


@routes.delete("/_control/faults/{id:[0-9]+}")
async def delete_fault(request: web.Request) -> web.Response:
    """Delete one fault."""
    fault_id = _read_number(request.match_info, "id", default=0)
    if not request.app[HOUSE].faults.clear(fault_id):
        raise refuse(web.HTTPNotFound, f"there is no fault {fault_id}")
    return web.json_response({"deleted": 1})


def refuse(kind: type[web.HTTPError], reason: str) -> web.HTTPError:
    """A refusal as JSON."""
    return kind(text=json.dumps({"error": reason}), content_type="application/json")


def _read_number(values: Mapping[str, str], name: str, *, default: int) -> int:
    """A whole number that fits sqlite's 64 bits."""
    text = values.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise refuse(web.HTTPBadRequest, f"{name} is a whole number")
    return int(text)


def _read_seconds(values: Mapping[str, str], name: str) -> float:
    try:
        seconds = float(values.get(name) or 0)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise refuse(web.HTTPBadRequest, f"{name} is a number of seconds")
    return seconds


def _describe_all(house: House, mails: list[StoredMail]) -> list[dict[str, object]]:
    described = []
    for mail in mails:
        raw = house.store.read_raw(mail.id)
        if raw is not None:  # deleted between the two looks
            described.append(_describe(mail, read_message(raw)))
    return described


def _describe(mail: StoredMail, message: Message) -> dict[str, object]:
    events = [
        event for part in message.calendars for event in read_events(part.content, part=part.index, method=part.method)
    ]
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat().replace("+00:00", "Z"),
        "envelope_from": mail.envelope_from,
        "envelope_to": mail.envelope_to,
        "from": message.get("From"),
        "to": message.list_addresses("To"),
        "cc": message.list_addresses("Cc"),
        "subject": message.get("Subject"),
        "date": message.get("Date"),
        "message_id": message.get("Message-ID"),
        "text": message.text,
        "html": message.html,
        "headers": message.headers,
        "calendar": [event.as_json() for event in events],
        "attachments": [
            {
                "part": part.index,
                "filename": part.filename,
                "content_type": part.content_type,
                "size": len(part.content),
            }
            for part in message.attachments
        ],
        "defects": message.defects,
        "raw_size": mail.raw_size,
    }
