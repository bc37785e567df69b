"""Events of a calendar: made, moved, deleted, and how they look in Graph's answers. Knows nothing of HTTP.

An event has two ids: one that changes when it is moved to another calendar, and the immutable one, which the truth and
the call log go by. https://learn.microsoft.com/en-us/graph/outlook-immutable-id
"""

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from simulators.microsoft import bodies, validation, zones
from simulators.microsoft.clock import format_precise, format_ticks, parse_instant
from simulators.microsoft.refusals import GraphRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import World

TEAMS = "teamsForBusiness"
OUTLOOK = "https://outlook.office365.com/owa/"
NEVER = "0001-01-01T00:00:00Z"
DEFAULTS: dict[str, Any] = {
    "subject": "",
    "attendees": [],
    "categories": [],
    "importance": "normal",
    "sensitivity": "normal",
    "showAs": "busy",
    "isAllDay": False,
    "isReminderOn": True,
    "reminderMinutesBeforeStart": 15,
    "responseRequested": True,
    "allowNewTimeProposals": True,
    "hideAttendees": False,
}


@dataclass(frozen=True)
class Event:
    """``content`` is what was set, with ``html`` for the body and ``online`` for the meeting (None: none)."""

    id: str
    rest_id: str
    user_id: str
    transaction_id: str | None
    alive: bool
    updated: int
    starts_at: str
    ends_at: str
    created_at: str
    content: dict[str, Any] = field(repr=False)

    @property
    def linked(self) -> bool:
        """Whether the Teams meeting is there, link and all."""
        return bool(self.content["online"] and self.content["online"]["ready"])


@dataclass(frozen=True)
class View:
    """How a caller wants events shown: which ids, in which zone, which properties."""

    immutable: bool = False
    zone: str = "UTC"
    select: tuple[str, ...] = ()


def find_retried(world: World, user: User, given: dict[str, Any]) -> Event | None:
    """The event an earlier create with this transactionId made; None if there was none. Raises GraphRefusal.

    The same content again gives the event that is there (https://blog.rykoma.net/2020/10/05/1559), another content is
    refused (https://github.com/alcionai/corso/issues/2490); that the event was deleted since counts as another here.
    """
    transaction_id = given.get("transactionId")
    row = world.store.row(
        "SELECT * FROM events WHERE user_id = ? AND transaction_id = ? ORDER BY alive DESC", user.id, transaction_id
    )
    if transaction_id is None or row is None:
        return None
    earlier = _load(row)
    if earlier.alive and earlier.content["request"] == given:
        return _provision(world, user, earlier)
    message = (
        "Your request can't be completed. The TransactionId specified in the request has already been used to create a"
        " different event."
    )
    raise GraphRefusal(400, "ErrorDuplicateTransactionId", message)


def create(world: World, user: User, given: dict[str, Any]) -> Event:
    """A new event from a checked body. Raises GraphRefusal for times that make no sense."""
    starts_at, start_zone = validation.read_time(given["start"])
    ends_at, end_zone = validation.read_time(given["end"])
    validation.check_times((starts_at, start_zone), (ends_at, end_zone), given.get("isAllDay", False))
    now = format_precise(world.clock.now())
    content = {
        **DEFAULTS,
        **{name: given[name] for name in DEFAULTS if name in given},
        "location": _location(given),
        "html": bodies.from_request(given.get("body")),
        "zones": [start_zone, end_zone],
        "online": _new_meeting(world) if _wants_teams(user, given) else None,
        "request": given,
        "modified_at": now,
        "change_key": _change_key(),
        "uid": f"040000008200E00074C5B7101A82E008{secrets.token_hex(40).upper()}",
    }
    identity = (f"AAkALg{secrets.token_urlsafe(48)}", _rest_id(), user.id, given.get("transactionId"))
    event = Event(*identity, True, 0, format_precise(starts_at), format_precise(ends_at), now, content)
    world.store.execute(
        "INSERT INTO events (id, rest_id, user_id, transaction_id, starts_at, ends_at, created_at, content)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *identity,
        event.starts_at,
        event.ends_at,
        now,
        json.dumps(content),
    )
    return _provision(world, user, event)


def update(world: World, user: User, event: Event, given: dict[str, Any]) -> Event:
    """The changed event. Raises GraphRefusal.

    1. Start and end may be given alone.
    2. A body without the meeting's part ends the meeting: https://learn.microsoft.com/en-us/graph/api/event-update
    3. Once online, "Outlook ignores any further changes to isOnlineMeeting", neither can the provider be changed, nor
       transactionId: https://learn.microsoft.com/en-us/graph/api/resources/event
    """
    content = {**event.content, **{name: given[name] for name in DEFAULTS if name in given}}
    starts_at, ends_at = parse_instant(event.starts_at), parse_instant(event.ends_at)
    content["zones"] = list(content["zones"])
    if "start" in given:
        starts_at, content["zones"][0] = validation.read_time(given["start"])
    if "end" in given:
        ends_at, content["zones"][1] = validation.read_time(given["end"])
    first, last = content["zones"]
    validation.check_times((starts_at, first), (ends_at, last), content["isAllDay"])
    if "location" in given or "locations" in given:
        content["location"] = _location(given)
    if "body" in given:
        content["html"] = bodies.from_request(given["body"])
        if event.linked and not bodies.keeps_meeting(content["html"], join_url(world, user, event) or ""):
            content["online"] = None
    elif content["online"] is None and _wants_teams(user, given):
        content["online"] = _new_meeting(world)
    content.update(modified_at=format_precise(world.clock.now()), change_key=_change_key())
    changed = replace(
        event,
        updated=event.updated + 1,
        starts_at=format_precise(starts_at),
        ends_at=format_precise(ends_at),
        content=content,
    )
    _save(world, changed)
    return _provision(world, user, changed)


def delete(world: World, event: Event) -> None:
    """Gone for Graph; the truth keeps it, dead."""
    world.store.execute("UPDATE events SET alive = 0 WHERE id = ?", event.id)


def move(world: World, event: Event) -> Event:
    """To another calendar: the ordinary id changes, the immutable one stays."""
    moved = replace(event, rest_id=_rest_id())
    world.store.execute("UPDATE events SET rest_id = ? WHERE id = ?", moved.rest_id, moved.id)
    return moved


def find(world: World, user: User, event_id: str) -> Event | None:
    """The user's living event, by either id."""
    row = world.store.row(
        "SELECT * FROM events WHERE (id = ? OR rest_id = ?) AND user_id = ? AND alive", event_id, event_id, user.id
    )
    return _provision(world, user, _load(row)) if row else None


def of_user(world: World, user: User) -> list[Event]:
    """The user's living events, soonest first."""
    rows = world.store.rows("SELECT * FROM events WHERE user_id = ? AND alive ORDER BY starts_at, rowid", user.id)
    return [_provision(world, user, _load(row)) for row in rows]


def every_one(world: World) -> list[Event]:
    """Dead ones too, in the order of their making."""
    return [_load(row) for row in world.store.rows("SELECT * FROM events ORDER BY created_at, rowid")]


def join_url(world: World, user: User, event: Event) -> str | None:
    online = event.content["online"]
    return meeting_url(world, user, online["thread"]) if online and online["ready"] else None


def meeting_url(world: World, user: User, thread: str) -> str:
    """https://learn.microsoft.com/en-us/graph/outlook-calendar-online-meetings has one of this form."""
    context = f"%7b%22Tid%22%3a%22{user.tenant_id}%22%2c%22Oid%22%3a%22{user.id}%22%7d"
    return f"{world.join_base}/l/meetup-join/{thread.replace(':', '%3a').replace('@', '%40')}/0?context={context}"


def new_thread() -> str:
    return f"19:meeting_{secrets.token_urlsafe(36)}@thread.v2"


def show(world: World, user: User, event: Event, view: View) -> dict[str, Any]:
    """The event as in Graph's answers, without the context."""
    content, online = event.content, event.linked
    link = join_url(world, user, event)
    shown_id = event.id if view.immutable else event.rest_id
    place = content["location"]
    shown = {
        "@odata.etag": f'W/"{content["change_key"]}"',
        "id": shown_id,
        "createdDateTime": format_ticks(parse_instant(event.created_at)),
        "lastModifiedDateTime": format_ticks(parse_instant(content["modified_at"])),
        "changeKey": content["change_key"],
        **{name: content[name] for name in DEFAULTS if name != "attendees"},
        **({"transactionId": event.transaction_id} if event.transaction_id else {}),
        "originalStartTimeZone": content["zones"][0],
        "originalEndTimeZone": content["zones"][1],
        "iCalUId": content["uid"],
        "hasAttachments": False,
        "bodyPreview": bodies.preview(content["html"]),
        "isCancelled": False,
        "isOrganizer": True,
        "isDraft": False,
        "seriesMasterId": None,
        "recurrence": None,
        "type": "singleInstance",
        "webLink": f"{OUTLOOK}?itemid={quote(shown_id, safe='')}&exvsurl=1&path=/calendar/item",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": content["online"] is not None,
        "onlineMeetingProvider": TEAMS if content["online"] else "unknown",
        "onlineMeeting": {"joinUrl": link, "conferenceId": content["online"]["conference"]} if online else None,
        "responseStatus": {"response": "organizer", "time": NEVER},
        "body": {"contentType": "html", "content": content["html"]},
        "start": show_time(event.starts_at, view.zone),
        "end": show_time(event.ends_at, view.zone),
        "location": place,
        "locations": [place] if place["displayName"] else [],
        "attendees": [_show_attendee(one) for one in content["attendees"]],
        "organizer": {"emailAddress": {"name": user.display_name, "address": user.email}},
    }
    if view.select:
        return {name: shown[name] for name in shown if name in ("@odata.etag", "id", *view.select)}
    return shown


def show_time(instant: str, zone: str) -> dict[str, str]:
    """``{"dateTime": "2019-11-20T13:00:00.0000000", "timeZone": zone}``"""
    at = parse_instant(instant).astimezone(zones.find(zone))
    return {"dateTime": at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0", "timeZone": zone}


def _show_attendee(one: dict[str, str]) -> dict[str, Any]:
    return {
        "type": one["type"],
        "status": {"response": "none", "time": NEVER},
        "emailAddress": {"name": one["name"], "address": one["address"]},
    }


def _wants_teams(user: User, given: dict[str, Any]) -> bool:
    """A calendar that does not allow the provider makes the event without a meeting, and without an error."""
    provider = given.get("onlineMeetingProvider", TEAMS)
    return bool(given.get("isOnlineMeeting")) and provider in user.providers


def _new_meeting(world: World) -> dict[str, Any]:
    wait = timedelta(seconds=world.limit("link_seconds") or 0)
    return {
        "thread": new_thread(),
        "conference": str(secrets.randbelow(9 * 10**8) + 10**8),
        "ready": False,
        "ready_at": format_precise(world.clock.now() + wait),
    }


def _provision(world: World, user: User, event: Event) -> Event:
    """Give the event its link and the part in its body once the meeting is made."""
    online = event.content["online"]
    if not online or online["ready"] or online["ready_at"] > format_precise(world.clock.now()):
        return event
    link = meeting_url(world, user, online["thread"])
    content = {
        **event.content,
        "online": {**online, "ready": True},
        "html": bodies.with_meeting(event.content["html"], link, online["conference"]),
        "change_key": _change_key(),
    }
    linked = replace(event, content=content)
    _save(world, linked)
    return linked


def _save(world: World, event: Event) -> None:
    world.store.execute(
        "UPDATE events SET content = ?, updated = ?, starts_at = ?, ends_at = ? WHERE id = ?",
        json.dumps(event.content),
        event.updated,
        event.starts_at,
        event.ends_at,
        event.id,
    )


def _location(given: dict[str, Any]) -> dict[str, Any]:
    places = given.get("locations") or []
    place = given.get("location") or (places[0] if places and isinstance(places[0], dict) else {})
    name = str(place.get("displayName", ""))
    kind = {"displayName": name, "locationType": "default"}
    return {**kind, "uniqueId": name, "uniqueIdType": "private"} if name else {**kind, "uniqueIdType": "unknown"}


def _change_key() -> str:
    return f"{secrets.token_urlsafe(21)}=="


def _rest_id() -> str:
    return f"AAMkAD{secrets.token_urlsafe(84)}="


def _load(row: Any) -> Event:
    return Event(
        row["id"],
        row["rest_id"],
        row["user_id"],
        row["transaction_id"],
        bool(row["alive"]),
        row["updated"],
        row["starts_at"],
        row["ends_at"],
        row["created_at"],
        json.loads(row["content"]),
    )
