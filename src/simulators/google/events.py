"""Events: made, changed, deleted, and how they look in Google's answers. Knows nothing of HTTP."""

import base64
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulators.google import conferences, errors, users, validation
from simulators.google.clock import format_precise
from simulators.google.users import User
from simulators.google.world import World

# What a client may write; the rest is Google's, or ignored.
WRITABLE = (
    *("summary", "description", "location", "colorId", "start", "end", "recurrence", "status", "transparency"),
    *("visibility", "attendees", "guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests"),
    *("anyoneCanAddSelf", "extendedProperties", "reminders", "source"),
)
BASE32HEX = "0123456789abcdefghijklmnopqrstuv"


@dataclass(frozen=True)
class Event:
    """``content`` is what was written. ``conference`` is the code of its Meet conference."""

    calendar: str
    id: str
    owner_id: str
    alive: bool
    changes: int
    created_at: str
    updated_at: str
    conference: str | None
    content: dict[str, Any]

    @property
    def attendees(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.content.get("attendees", [])
        return found


def insert(world: World, user: User, calendar: str, body: dict[str, Any], with_conference: bool) -> Event:
    """A new event. Raises Refusal.

    1. The body is checked; the client's id must follow the rules and be new, also against deleted events
       (https://github.com/googleapis/google-api-python-client/issues/210).
    2. Conference data counts only with conferenceDataVersion=1, else it is left out without a word.
    """
    content = {name: body[name] for name in WRITABLE if body.get(name) is not None}
    content.setdefault("status", "confirmed")
    validation.check_id(body)
    validation.check_event(content)
    event_id = body.get("id") or "".join(secrets.choice(BASE32HEX) for _ in range(26))
    if find(world, calendar, event_id) is not None:
        raise errors.duplicate()
    code = None
    if with_conference and body.get("conferenceData") is not None:
        code = _wanted_conference(world, user, body["conferenceData"])
    now = format_precise(world.clock.now())
    content = {**content, "iCalUID": body.get("iCalUID") or f"{event_id}@google.com", "sequence": 0}
    content["attendees"] = [_complete(attendee, user, {}) for attendee in content.get("attendees", [])]
    event = Event(calendar, event_id, user.id, True, 0, now, now, code, content)
    _save(world, event)
    return event


def patch(world: World, user: User, event: Event, body: dict[str, Any], with_conference: bool) -> Event:
    """The changed event. Raises Refusal.

    1. A deleted one can only be restored, by writing a status: https://github.com/googleapis/google-api-ruby-client/issues/1811
    2. What is named is replaced, objects are merged, null takes out, lists are replaced whole:
       https://developers.google.com/workspace/calendar/api/guides/performance#patch
    3. Conference data counts only with conferenceDataVersion=1; null removes the conference.
    """
    restoring = body.get("status") in ("confirmed", "tentative")
    if not event.alive and not restoring:
        raise errors.refuse(403, "forbidden", "Forbidden")
    content = dict(event.content)
    if not event.alive:
        content["status"] = body["status"]
    for name in WRITABLE:
        if name in body:
            content[name] = _merge(content.get(name), body[name])
    content = {name: value for name, value in content.items() if value is not None}
    content.setdefault("status", "confirmed")
    validation.check_event(content)
    code = event.conference
    if with_conference and "conferenceData" in body:
        data = body["conferenceData"]
        code = None if data is None else _wanted_conference(world, user, data)
    answered = {attendee["email"]: attendee for attendee in event.attendees}
    content["attendees"] = [_complete(attendee, user, answered) for attendee in content.get("attendees", [])]
    if any(content[name] != event.content[name] for name in ("start", "end")):
        content["sequence"] = event.content["sequence"] + 1
    return _change(world, event, content, code, alive=content["status"] != "cancelled")


def delete(world: World, event: Event) -> Event:
    """Cancelled: the organizer's calendar keeps its details, "so that they can be restored"."""
    return _change(world, event, {**event.content, "status": "cancelled"}, event.conference, alive=False)


def purge(world: World, event: Event) -> None:
    """As if it had never been: deleted events "will eventually disappear"."""
    world.store.execute("DELETE FROM events WHERE calendar = ? AND id = ?", event.calendar, event.id)


def find(world: World, calendar: str, event_id: str) -> Event | None:
    """Also a deleted one."""
    row = world.store.row("SELECT * FROM events WHERE calendar = ? AND id = ?", calendar, event_id)
    return _load(row) if row else None


def every_one(world: World) -> list[Event]:
    """Deleted ones too, in the order of their making."""
    return [_load(row) for row in world.store.rows("SELECT * FROM events ORDER BY created_at, rowid")]


def of_user(world: World, user: User) -> list[Event]:
    """The living events in the user's calendars, soonest first."""
    writable = [calendar.id for calendar in user.every_calendar]
    alive = [event for event in every_one(world) if event.alive and event.calendar in writable]
    return sorted(alive, key=lambda event: (begins(event, user.timezone), event.id))


def begins(event: Event, zone: str) -> datetime:
    return _instant(event.content["start"], zone)


def ends(event: Event, zone: str) -> datetime:
    return _instant(event.content["end"], zone)


def etag(event: Event) -> str:
    """Changes with every change, and with nothing else."""
    milliseconds = int(datetime.fromisoformat(event.updated_at).timestamp() * 1000)
    return f'"{milliseconds * 2 + event.changes}"'


def show(world: World, user: User, event: Event) -> dict[str, Any]:
    """The event as in Google's answers: https://developers.google.com/workspace/calendar/api/v3/reference/events"""
    conference = conferences.find(world, event.conference)
    content = {name: value for name, value in event.content.items() if value != []}
    person = {"email": event.calendar, "self": True}
    if event.calendar != user.email:
        person = {"email": event.calendar, "displayName": _calendar_name(user, event.calendar), "self": True}
    owner = users.find(world.store, event.owner_id)
    creator = owner.email if owner else event.calendar
    link = base64.urlsafe_b64encode(f"{event.id} {event.calendar}".encode()).rstrip(b"=").decode()
    shown = {
        "kind": "calendar#event",
        "etag": etag(event),
        "id": event.id,
        "htmlLink": f"https://www.google.com/calendar/event?eid={link}",
        "created": event.created_at[:19] + ".000Z",
        "updated": event.updated_at,
        "creator": {"email": creator, **({"self": True} if event.calendar == creator else {})},
        "organizer": person,
        "reminders": {"useDefault": True},
        "eventType": "default",
        **content,
        "start": _show_time(content["start"], user.timezone),
        "end": _show_time(content["end"], user.timezone),
    }
    if conference is not None:
        shown["conferenceData"] = conferences.show(world, user, conference)
        if conferences.status(world, conference) == "success":
            shown["hangoutLink"] = conferences.link(world, conference)
    return shown


def _wanted_conference(world: World, user: User, data: object) -> str:
    """The code of the conference that conference data stands for: asked for, or copied from another event."""
    if not isinstance(data, dict):
        raise errors.invalid("Invalid conference data.")
    copied = conferences.find(world, data.get("conferenceId"))
    if copied is not None and data.get("signature") in (None, copied.signature):
        return copied.id
    if "createRequest" not in data:
        raise errors.invalid("Invalid conference data.")
    return conferences.ask_for(world, user, validation.read_create_request(data, user.meet)).id


def _change(world: World, event: Event, content: dict[str, Any], conference: str | None, alive: bool) -> Event:
    now = format_precise(world.clock.now())
    changed = replace(
        event, alive=alive, changes=event.changes + 1, updated_at=now, conference=conference, content=content
    )
    _save(world, changed)
    return changed


def _merge(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    merged = {**old, **{name: _merge(old.get(name), value) for name, value in new.items()}}
    return {name: value for name, value in merged.items() if value is not None}


def _complete(attendee: dict[str, Any], user: User, earlier: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An attendee with what Google adds; who is invited again keeps the answer given before."""
    known = earlier.get(attendee["email"], {})
    answer = attendee.get("responseStatus") or known.get("responseStatus") or "needsAction"
    completed = {**attendee, "responseStatus": answer}
    if attendee["email"].lower() == user.email:
        completed.update(organizer=True, self=True)
    return completed


def _instant(moment: dict[str, Any], zone: str) -> datetime:
    if "date" in moment:
        return datetime.fromisoformat(moment["date"]).replace(tzinfo=ZoneInfo(zone))
    at = datetime.fromisoformat(moment["dateTime"])
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(moment["timeZone"]))


def _show_time(moment: dict[str, Any], zone: str) -> dict[str, Any]:
    """In the calendar's zone, whole seconds, whatever zone it was written in."""
    if "date" in moment:
        return {"date": moment["date"]}
    at = _instant(moment, zone).astimezone(ZoneInfo(zone)).replace(microsecond=0)
    return {"dateTime": at.isoformat().replace("+00:00", "Z"), "timeZone": moment.get("timeZone") or zone}


def _calendar_name(user: User, calendar: str) -> str:
    found = user.calendar(calendar)
    return found.summary if found else calendar


def _save(world: World, event: Event) -> None:
    world.store.execute(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (calendar, id) DO UPDATE SET"
        " alive = excluded.alive, changes = excluded.changes, updated_at = excluded.updated_at,"
        " conference = excluded.conference, content = excluded.content",
        event.calendar,
        event.id,
        event.owner_id,
        event.alive,
        event.changes,
        event.created_at,
        event.updated_at,
        event.conference,
        json.dumps(event.content),
    )


def _load(row: Any) -> Event:
    return Event(**{**dict(row), "alive": bool(row["alive"]), "content": json.loads(row["content"])})
