"""The pages for people: recipients, one recipient's mails, one mail."""

import asyncio
import importlib.resources
import re
from collections.abc import Mapping
from urllib.parse import quote

import jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from simulators.mailbox import presentation
from simulators.mailbox.house import HOUSE
from simulators.mailbox.messages import Message, Part, read_message
from simulators.mailbox.sanitizer import sanitize
from simulators.mailbox.store import StoredMail, name_mailbox

PAGE_SIZE = 100
LONGEST_SOURCE = 500_000  # bytes of source or text that a page shows
SHOWN_IMAGES = frozenset(["image/png", "image/jpeg", "image/gif", "image/webp"])  # no SVG: it can carry scripts
STATIC_TYPES = {"mailbox.css": "text/css", "mailbox.js": "text/javascript", "icon.svg": "image/svg+xml"}
STATIC_TEXTS = {
    name: importlib.resources.files("simulators.mailbox").joinpath("static", name).read_text("utf-8")
    for name in STATIC_TYPES
}

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail's own HTML. Same origin so that the page can measure its height; harmless without allow-scripts.
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

routes = web.RouteTableDef()
templates = jinja2.Environment(
    loader=jinja2.PackageLoader("simulators.mailbox"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters |= {
    "address": lambda address: "/" + quote(address, safe="@+"),
    "breakable": presentation.mark_breaks,
    "hue": presentation.pick_hue,
    "size": presentation.write_size,
    "clock": presentation.write_utc,
}
templates.globals |= {"write_person": presentation.write_person, "write_answer": presentation.write_answer}


@web.middleware
async def harden(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers that every answer carries; a page says its own policy where the strict one does not fit."""
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        _add_headers(refusal)
        raise
    _add_headers(response)
    return response


def _add_headers(response: web.StreamResponse) -> None:
    response.headers.setdefault("Content-Security-Policy", FILE_POLICY)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"


@routes.get("/")
async def show_mailboxes(request: web.Request) -> web.Response:
    """Every recipient, by newest mail; `q` filters."""
    house = request.app[HOUSE]
    wanted = request.query.get("q", "").strip()
    mailboxes, total = await asyncio.to_thread(house.store.list_mailboxes, containing=wanted, limit=PAGE_SIZE)
    faults = house.faults.list_active()
    return _render(request, "mailboxes.html", {"mailboxes": mailboxes, "total": total, "q": wanted, "faults": faults})


@routes.get("/_static/{name}")
async def show_static(request: web.Request) -> web.Response:
    """The style sheet, the script, the icon."""
    name = request.match_info["name"]
    if name not in STATIC_TEXTS:
        raise web.HTTPNotFound
    return web.Response(text=STATIC_TEXTS[name], content_type=STATIC_TYPES[name], headers={"Cache-Control": "no-cache"})


@routes.get("/{address}")
async def show_mailbox(request: web.Request) -> web.Response:
    """One recipient's mails, newest first; `before` an id for older ones."""
    house, address = request.app[HOUSE], name_mailbox(request.match_info["address"])
    before = request.query.get("before", "")
    known = int(before) if re.fullmatch(r"[0-9]{1,18}", before) else None
    mails = await asyncio.to_thread(house.store.list_newest, address, before=known, limit=PAGE_SIZE + 1)
    shown = mails[:PAGE_SIZE]
    older = shown[-1].id if len(mails) > PAGE_SIZE else None
    return _render(request, "mailbox.html", {"address": address, "mails": shown, "older": older, "before": known})


@routes.get("/{address}/{id:[0-9]{1,18}}")
async def show_mail(request: web.Request) -> web.Response:
    """One mail."""
    address, mail, message = await _find_mail(request)
    events = await asyncio.to_thread(presentation.present_events, message)
    safe = await asyncio.to_thread(sanitize, message.html, {}) if message.html else None
    context = {
        "address": address,
        "mail": mail,
        "message": message,
        "events": events,
        "text": message.text[:LONGEST_SOURCE],
        "remote_images": safe.remote_images if safe else 0,
        "sent": presentation.read_date(message.get("Date")),
    }
    return _render(request, "mail.html", context)


@routes.get("/{address}/{id:[0-9]{1,18}}/html")
async def show_html(request: web.Request) -> web.Response:
    """The HTML body, rebuilt and locked in; the mail's page frames it."""
    address, mail, message = await _find_mail(request)
    base = f"/{quote(address, safe='@+')}/{mail.id}/parts/"
    images = {part.content_id: f"{base}{part.index}" for part in message.parts if _is_image(part) and part.content_id}
    safe = await asyncio.to_thread(sanitize, message.html, images)
    return web.Response(text=safe.document, content_type="text/html", headers={"Content-Security-Policy": FRAME_POLICY})


@routes.get("/{address}/{id:[0-9]{1,18}}/source")
async def show_source(request: web.Request) -> web.Response:
    """The mail as it came over the wire, as plain text."""
    _, mail, _ = await _find_mail(request)
    raw = await asyncio.to_thread(request.app[HOUSE].store.read_raw, mail.id) or b""
    cut = f"\r\n[cut here, {len(raw)} bytes in all]" if len(raw) > LONGEST_SOURCE else ""
    return web.Response(text=raw[:LONGEST_SOURCE].decode("utf-8", "replace") + cut, content_type="text/plain")


@routes.get("/{address}/{id:[0-9]{1,18}}/parts/{part:[0-9]{1,4}}")
async def show_part(request: web.Request) -> web.Response:
    """One part: pictures as such, everything else as a file to save, whatever type the sender claims."""
    _, mail, message = await _find_mail(request)
    index = int(request.match_info["part"])
    if index >= len(message.parts):
        raise web.HTTPNotFound(text="The mail has no such part.")
    part = message.parts[index]
    if _is_image(part):
        return web.Response(body=part.content, content_type=part.content_type)
    content_type = "text/calendar" if part.is_calendar else "application/octet-stream"
    name = part.filename or ("invite.ics" if part.is_calendar else f"mail-{mail.id}-part-{index}")
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"  # RFC 6266; quote leaves no CR, LF or quote
    return web.Response(body=part.content, content_type=content_type, headers={"Content-Disposition": disposition})


async def _find_mail(request: web.Request) -> tuple[str, StoredMail, Message]:
    """The mail of the address, if it was one of its recipients; else 404."""
    store, address = request.app[HOUSE].store, name_mailbox(request.match_info["address"])
    mail = await asyncio.to_thread(store.find, int(request.match_info["id"]))
    raw = await asyncio.to_thread(store.read_raw, mail.id) if mail else None
    if mail is None or raw is None or address not in {name_mailbox(to) for to in mail.envelope_to}:
        raise web.HTTPNotFound(text="There is no such mail here. It may have been deleted.")
    return address, mail, await asyncio.to_thread(read_message, raw)


def _is_image(part: Part) -> bool:
    return part.content_type in SHOWN_IMAGES


def _render(request: web.Request, template: str, context: Mapping[str, object]) -> web.Response:
    house = request.app[HOUSE]
    tag = f'"{house.version}"'
    headers = {"Content-Security-Policy": PAGE_POLICY, "ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    text = templates.get_template(template).render(portal=house.config.portal_name, smtp_url=house.smtp_url, **context)
    return web.Response(text=text, content_type="text/html", headers=headers)
