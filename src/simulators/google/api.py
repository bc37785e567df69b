"""``/calendar/v3``: what a scheduling app calls, as pure verbs from a read request to an answer.

Every one checks in this order: token, scope, limits, then its own matter. So a refused token costs no quota.
"""

from dataclasses import replace

from simulators.google import channels, errors, events, freebusy, limits, mails, oauth, tokens, validation
from simulators.google.config import (
    CALENDAR,
    CALENDAR_LIST,
    CALENDAR_LIST_READONLY,
    CALENDAR_READONLY,
    EVENTS,
    EVENTS_FREEBUSY,
    EVENTS_OWNED,
    EVENTS_READONLY,
    FREEBUSY,
)
from simulators.google.events import Event
from simulators.google.users import Calendar, User
from simulators.google.world import Answer, Call, World, json_answer

WRITES = frozenset({CALENDAR, EVENTS, EVENTS_OWNED})
READS = WRITES | {CALENDAR_READONLY, EVENTS_READONLY}
LISTS = frozenset({CALENDAR, CALENDAR_READONLY, CALENDAR_LIST, CALENDAR_LIST_READONLY})
# What each method is called and which scopes let it in: the reference page of each, "Authorization".
METHODS = {
    "insert": ("calendar.v3.Events.Insert", WRITES),
    "get": ("calendar.v3.Events.Get", READS),
    "patch": ("calendar.v3.Events.Patch", WRITES),
    "delete": ("calendar.v3.Events.Delete", WRITES),
    "freebusy": ("calendar.v3.Freebusy.Query", {CALENDAR, CALENDAR_READONLY, FREEBUSY, EVENTS_FREEBUSY}),
    "calendars": ("calendar.v3.CalendarList.List", LISTS),
    "watch": ("calendar.v3.Events.Watch", READS | {EVENTS_FREEBUSY}),
    "stop": ("calendar.v3.Channels.Stop", READS | LISTS | {EVENTS_FREEBUSY, FREEBUSY}),
}


def answer_insert(world: World, call: Call) -> Answer:
    """``POST /calendars/{calendarId}/events``: 200 with the event."""
    user = _admit(world, call)
    with_conference, send_updates = validation.read_query(call.query)
    calendar = _writable(world, call, user)
    body = validation.read_body(call.body)
    with world.store.transaction():
        event = events.insert(world, user, calendar.id, body, with_conference)
        mails.send(world, user, None, event, send_updates)
        channels.tell(world, event)
    return _show(world, user, event)


def answer_get(world: World, call: Call) -> Answer:
    """``GET /calendars/{calendarId}/events/{eventId}``: also a deleted event, with the status cancelled."""
    user = _admit(world, call)
    return _show(world, user, _find(world, call, _readable(user, call)))


def answer_patch(world: World, call: Call) -> Answer:
    """``PATCH /calendars/{calendarId}/events/{eventId}``: 200 with the event."""
    user = _admit(world, call)
    with_conference, send_updates = validation.read_query(call.query)
    event = _find(world, call, _writable(world, call, user))
    body = validation.read_body(call.body)
    _check_match(call, event)
    with world.store.transaction():
        changed = events.patch(world, user, event, body, with_conference)
        mails.send(world, user, event, changed, send_updates)
        channels.tell(world, changed)
    return _show(world, user, changed)


def answer_delete(world: World, call: Call) -> Answer:
    """``DELETE /calendars/{calendarId}/events/{eventId}``: 204, and 410 the second time."""
    user = _admit(world, call)
    _, send_updates = validation.read_query(call.query)
    event = _find(world, call, _writable(world, call, user))
    if not event.alive:
        raise errors.deleted()
    _check_match(call, event)
    with world.store.transaction():
        cancelled = events.delete(world, event)
        mails.send(world, user, event, cancelled, send_updates)
        channels.tell(world, cancelled)
    return Answer(204, user_id=user.id, event_id=event.id)


def answer_freebusy(world: World, call: Call) -> Answer:
    """``POST /freeBusy``."""
    user = _admit(world, call)
    return json_answer(200, freebusy.query(world, user, validation.read_body(call.body)), user_id=user.id)


def answer_calendars(world: World, call: Call) -> Answer:
    """``GET /users/me/calendarList``: all on one page."""
    user = _admit(world, call)
    shown = [_show_calendar(user, calendar) for calendar in user.every_calendar]
    content = {"kind": "calendar#calendarList", "etag": '"p32c"', "nextSyncToken": "CJDC", "items": shown}
    return json_answer(200, content, user_id=user.id)


def answer_watch(world: World, call: Call) -> Answer:
    """``POST /calendars/{calendarId}/events/watch``."""
    user = _admit(world, call)
    calendar = _readable(user, call)
    made = channels.watch(world, user, calendar.id, validation.read_body(call.body))
    return json_answer(200, made, user_id=user.id)


def answer_stop(world: World, call: Call) -> Answer:
    """``POST /channels/stop``: 204 without a body."""
    user = _admit(world, call)
    channels.stop(world, user, validation.read_body(call.body))
    return Answer(204, user_id=user.id)


def answer_unknown(world: World, call: Call) -> Answer:
    """Anything else: this Google has no more, and the call log shows that it was asked."""
    del world, call
    raise errors.not_found()


def identify(world: World, call: Call) -> str | None:
    """Whose token a call carries, as far as that can be told; for the call log."""
    row = world.store.row("SELECT user_id FROM tokens WHERE token = ?", oauth.bearer(call))
    return row["user_id"] if row else None


def _admit(world: World, call: Call) -> User:
    found = tokens.read_access(world, oauth.bearer(call))
    if found is None:
        raise errors.invalid_credentials()
    user, scopes = found
    method, sufficient = METHODS[call.operation]
    if not scopes & sufficient:
        raise errors.insufficient_scope(method)
    limits.count_request(world, user)
    return user


def _readable(user: User, call: Call) -> Calendar:
    """A calendar of the user's list. Any other is answered like a missing one."""
    calendar = user.calendar(call.calendar)
    if calendar is None or calendar.role == "freeBusyReader":
        raise errors.not_found()
    return calendar


def _writable(world: World, call: Call, user: User) -> Calendar:
    calendar = _readable(user, call)
    found = tokens.read_access(world, oauth.bearer(call))
    only_owned = found is not None and not found[1] & {CALENDAR, EVENTS}
    if not calendar.writable or (only_owned and calendar.role != "owner"):
        message = "You need to have writer access to this calendar."
        raise errors.refuse(403, "requiredAccessLevel", message, domain="calendar")
    return calendar


def _find(world: World, call: Call, calendar: Calendar) -> Event:
    event = events.find(world, calendar.id, call.event)
    if event is None:
        raise errors.not_found()
    return event


def _check_match(call: Call, event: Event) -> None:
    """https://developers.google.com/workspace/calendar/api/guides/version-resources"""
    wanted = call.headers.get("If-Match", "*")
    if wanted not in ("*", events.etag(event)):
        raise errors.precondition_failed()


def _show(world: World, user: User, event: Event) -> Answer:
    answer = json_answer(200, events.show(world, user, event), user_id=user.id, event_id=event.id)
    return replace(answer, headers={"ETag": events.etag(event)})


def _show_calendar(user: User, calendar: Calendar) -> dict[str, object]:
    shown: dict[str, object] = {
        "kind": "calendar#calendarListEntry",
        "etag": '"1700000000000000"',
        "id": calendar.id,
        "summary": calendar.summary,
        "timeZone": user.timezone,
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": calendar.role,
        "defaultReminders": [],
        "conferenceProperties": {"allowedConferenceSolutionTypes": [validation.MEET] if user.meet else []},
    }
    return {**shown, "primary": True} if calendar.id == user.email else shown
