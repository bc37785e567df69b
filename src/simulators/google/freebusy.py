"""``POST /freeBusy``: when calendars are taken, without saying by what.

https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.google import errors, events, users, validation
from simulators.google.clock import format_instant
from simulators.google.events import Event
from simulators.google.users import User
from simulators.google.world import World

MOST_CALENDARS = 50
# Not documented; refused "past roughly three months", say those who met it.
LONGEST = timedelta(days=93)

Busy = list[tuple[datetime, datetime]]


def query(world: World, user: User, body: dict[str, Any]) -> dict[str, Any]:
    """Busy times of each calendar asked for, joined where they touch, cut to the window. Raises Refusal."""
    for name in ("timeMin", "timeMax"):
        if body.get(name) is None:
            raise errors.required("Required")
    begins, ends = validation.read_instant(body["timeMin"]), validation.read_instant(body["timeMax"])
    at = ("parameter", "timeMax")
    if ends <= begins:
        raise errors.refuse(400, "timeRangeEmpty", "The specified time range is empty.", "calendar", at)
    if ends - begins > LONGEST:
        raise errors.refuse(400, "timeRangeTooLong", "The requested time range is too long.", "calendar", at)
    zone = validation.read_zone(body["timeZone"]) if body.get("timeZone") else None
    items = body.get("items", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise errors.invalid("Invalid value for: items")
    calendars: dict[str, Any] = {}
    for item in items:
        calendar_id = str(item.get("id", ""))
        if len(items) > MOST_CALENDARS:
            calendars[calendar_id] = _error("tooManyCalendarsRequested")
            continue
        found = _taken(world, user, calendar_id)
        if found is None:
            calendars[calendar_id] = _error("notFound")
        else:
            spans = _join([(max(a, begins), min(b, ends)) for a, b in found if a < ends and b > begins])
            calendars[calendar_id] = {"busy": [{"start": _say(a, zone), "end": _say(b, zone)} for a, b in spans]}
    return {
        "kind": "calendar#freeBusy",
        "timeMin": begins.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "timeMax": ends.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "calendars": calendars,
    }


def _taken(world: World, user: User, calendar_id: str) -> Busy | None:
    """None where the user may not see that calendar's times: it is on no list of theirs and no colleague's."""
    listed = user.calendar(calendar_id)
    other = users.by_email(world.store, calendar_id)
    colleague = other is not None and user.hd is not None and other.hd == user.hd
    if listed is None and not colleague:
        return None
    whose = listed.id if listed else calendar_id
    zone = other.timezone if other and not listed else user.timezone
    busy = [event for event in events.every_one(world) if event.alive and _blocks(event, whose)]
    return [(events.begins(event, zone).astimezone(UTC), events.ends(event, zone).astimezone(UTC)) for event in busy]


def _blocks(event: Event, calendar: str) -> bool:
    """An event takes time in its own calendar and in those of its guests, unless they declined or it says otherwise."""
    if event.content.get("transparency") == "transparent":
        return False
    answers = {str(a["email"]).lower(): a["responseStatus"] for a in event.attendees}
    if calendar in answers:
        return bool(answers[calendar] != "declined")
    return event.calendar == calendar


def _join(spans: Busy) -> Busy:
    joined: Busy = []
    for begins, ends in sorted(spans):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        elif begins < ends:
            joined.append((begins, ends))
    return joined


def _say(at: datetime, zone: ZoneInfo | None) -> str:
    return format_instant(at) if zone is None else at.astimezone(zone).isoformat(timespec="seconds")


def _error(reason: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}
