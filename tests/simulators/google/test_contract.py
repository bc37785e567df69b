"""The simulator's answers against Google's own description of the Calendar API.

The field lists are those of the discovery document, ``discoveries/calendar.v3.json`` of revision 20230317 in
https://github.com/googleapis/discovery-artifact-manager : every field's name and JSON type, "->" where it is described
apart. They are written down here because that file is not part of this checkout.
"""

from datetime import datetime
from typing import Any

import pytest

from simulators.google import api, validation
from tests.simulators.google.driver import BEGINS, ENDS, LENA, NORA_EMAIL, Driver, Tokens, at, meet

TYPES: dict[str, Any] = {"string": str, "boolean": bool, "integer": int}
PERSON = {"email": "string", "id": "string", "displayName": "string", "self": "boolean"}
SCHEMAS: dict[str, dict[str, str]] = {
    "Event": {
        **dict.fromkeys(("id", "kind", "etag", "status", "htmlLink", "summary", "description", "location"), "string"),
        **dict.fromkeys(("colorId", "iCalUID", "hangoutLink", "eventType", "recurringEventId"), "string"),
        **dict.fromkeys(("transparency", "visibility"), "string"),
        **dict.fromkeys(("created", "updated"), "date-time"),
        **dict.fromkeys(("guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests"), "boolean"),
        **dict.fromkeys(("anyoneCanAddSelf", "attendeesOmitted", "endTimeUnspecified", "locked"), "boolean"),
        "privateCopy": "boolean",
        "sequence": "integer",
        "start": "->EventDateTime",
        "end": "->EventDateTime",
        "originalStartTime": "->EventDateTime",
        "organizer": "->Person",
        "creator": "->Person",
        "attendees": "[]EventAttendee",
        "recurrence": "[]string",
        "conferenceData": "->ConferenceData",
        "reminders": "->Reminders",
        "extendedProperties": "->ExtendedProperties",
        "source": "->Source",
    },
    "Person": PERSON,
    "Reminders": {"useDefault": "boolean", "overrides": "[]EventReminder"},
    "EventReminder": {"method": "string", "minutes": "integer"},
    "ExtendedProperties": {"private": "{}string", "shared": "{}string"},
    "Source": {"url": "string", "title": "string"},
    "EventDateTime": {"dateTime": "date-time", "date": "string", "timeZone": "string"},
    "EventAttendee": {
        **PERSON,
        **dict.fromkeys(("resource", "optional", "organizer"), "boolean"),
        **dict.fromkeys(("comment", "responseStatus"), "string"),
        "additionalGuests": "integer",
    },
    "ConferenceData": {
        "createRequest": "->CreateConferenceRequest",
        "entryPoints": "[]EntryPoint",
        "conferenceSolution": "->ConferenceSolution",
        **dict.fromkeys(("conferenceId", "notes", "signature"), "string"),
    },
    "CreateConferenceRequest": {
        "requestId": "string",
        "conferenceSolutionKey": "->ConferenceSolutionKey",
        "status": "->ConferenceRequestStatus",
    },
    "ConferenceSolutionKey": {"type": "string"},
    "ConferenceRequestStatus": {"statusCode": "string"},
    "ConferenceSolution": {"key": "->ConferenceSolutionKey", "name": "string", "iconUri": "string"},
    "EntryPoint": {
        **dict.fromkeys(("entryPointType", "uri", "label", "pin", "accessCode", "meetingCode"), "string"),
        **dict.fromkeys(("passcode", "password", "regionCode"), "string"),
        "entryPointFeatures": "[]string",
    },
    "FreeBusyResponse": {
        "kind": "string",
        "timeMin": "date-time",
        "timeMax": "date-time",
        "calendars": "{}FreeBusyCalendar",
    },
    "FreeBusyCalendar": {"busy": "[]TimePeriod", "errors": "[]Error"},
    "TimePeriod": {"start": "date-time", "end": "date-time"},
    "Error": {"domain": "string", "reason": "string"},
    "CalendarList": {
        **dict.fromkeys(("kind", "etag", "nextPageToken", "nextSyncToken"), "string"),
        "items": "[]CalendarListEntry",
    },
    "CalendarListEntry": {
        **dict.fromkeys(("kind", "etag", "id", "summary", "description", "location", "timeZone"), "string"),
        **dict.fromkeys(("summaryOverride", "colorId", "backgroundColor", "foregroundColor", "accessRole"), "string"),
        **dict.fromkeys(("hidden", "selected", "primary", "deleted"), "boolean"),
        "defaultReminders": "[]EventReminder",
        "conferenceProperties": "->ConferenceProperties",
    },
    "ConferenceProperties": {"allowedConferenceSolutionTypes": "[]string"},
    "Channel": {
        **dict.fromkeys(("kind", "id", "resourceId", "resourceUri", "token", "type", "address"), "string"),
        "expiration": "string",
        "payload": "boolean",
        "params": "{}string",
    },
}
# Not in every answer, but in this one: what a client may rely on.
ALWAYS = {
    *("kind", "etag", "id", "status", "htmlLink", "created", "updated", "summary", "creator", "organizer", "start"),
    *("end", "iCalUID", "sequence", "reminders", "eventType"),
}


def complaints(kind: str, value: Any, place: str = "") -> list[str]:
    """What is undeclared or of the wrong type."""
    if kind == "date-time":
        return [] if isinstance(value, str) and datetime.fromisoformat(value).tzinfo else [f"{place} is no instant"]
    if kind in TYPES:
        return [] if type(value) is TYPES[kind] else [f"{place} is no {kind}"]
    if kind.startswith("[]"):
        return [c for i, item in enumerate(value) for c in complaints(kind[2:], item, f"{place}[{i}]")]
    if kind.startswith("{}"):
        return [c for name, item in value.items() for c in complaints(kind[2:], item, f"{place}.{name}")]
    declared = SCHEMAS[kind.removeprefix("->")]
    found = []
    for name, item in value.items():
        where = f"{place}.{name}"
        found += complaints(declared[name], item, where) if name in declared else [f"{where} is undeclared"]
    return found


def test_the_check_sees_what_is_undeclared_or_of_the_wrong_type() -> None:
    assert complaints("Event", {"id": "x", "start": {"dateTime": BEGINS}}) == []
    wrong = {"id": 1, "nosuch": 2, "start": {"dateTime": "2031-06-02T10:00:00"}, "attendees": [{"self": "yes"}]}
    assert len(complaints("Event", wrong)) == 4


@pytest.mark.parametrize("user", [None, LENA])
def test_an_event_is_as_declared(google: Driver, nora: Tokens, user: str | None) -> None:
    tokens = nora if user is None else google.connect(user)
    everything = {
        "description": "Roof",
        "location": "Hamburg",
        "colorId": "3",
        "attendees": [{"email": "lead@kunde.example", "displayName": "Lead", "optional": True, "comment": "?"}],
        "guestsCanModify": False,
        "transparency": "opaque",
        "visibility": "private",
        "extendedProperties": {"private": {"treff": "appt_1"}},
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]},
        "source": {"title": "Treff", "url": "https://treff.example/"},
    }
    for body in ({}, meet("one"), everything, {**everything, **meet("two")}):
        event = google.insert(tokens, **body).json()
        assert complaints("Event", event) == []
        assert set(event) >= ALWAYS


def test_a_pending_a_failed_and_a_cancelled_event_are_as_declared(google: Driver, nora: Tokens) -> None:
    for order in ({"seconds": None}, {"outcome": "failure"}):
        google.control("conferences", **order)
        event = google.insert(nora, **meet(str(order))).json()
        assert complaints("Event", event) == []
        google.delete(nora, event["id"])
        assert complaints("Event", google.get(nora, event["id"]).json()) == []


def test_free_busy_calendar_list_and_channel_are_as_declared(google: Driver, nora: Tokens) -> None:
    google.insert(nora)
    for zone in ({}, {"timeZone": "Europe/Berlin"}):
        assert complaints("FreeBusyResponse", google.freebusy(nora, "primary", "nobody", **zone).json()) == []
    reader = google.connect(scope="https://www.googleapis.com/auth/calendar.readonly")
    listed = google.http.get("/calendar/v3/users/me/calendarList", headers=reader.headers).json()
    assert complaints("CalendarList", listed) == []
    assert complaints("Channel", google.watch(nora, "http://127.0.0.1:9/", token="t").json()) == []


def test_every_field_a_client_may_write_is_declared_and_comes_back(google: Driver, nora: Tokens) -> None:
    values: dict[str, Any] = {
        **dict.fromkeys(validation.TEXTS, "1"),
        **dict.fromkeys(validation.FLAGS, True),
        **{name: allowed[0] for name, allowed in validation.CHOICES.items()},
        "recurrence": ["RRULE:FREQ=DAILY;COUNT=2"],
    }
    assert set(values) <= set(SCHEMAS["Event"])
    event = google.insert(nora, **values).json()
    assert {name: event[name] for name in values} == values


def test_bodyless_answers_and_the_scopes_of_each_method_are_those_declared(google: Driver, nora: Tokens) -> None:
    assert google.delete(nora, google.insert(nora).json()["id"]).content == b""
    full, readonly = (f"https://www.googleapis.com/auth/{name}" for name in ("calendar", "calendar.readonly"))
    assert {full, readonly} <= set(api.METHODS["freebusy"][1])
    assert all(full in scopes for _, scopes in api.METHODS.values())
    assert all(readonly not in api.METHODS[name][1] for name in ("insert", "patch", "delete"))


def test_the_primary_calendar_is_the_organizer(google: Driver, nora: Tokens) -> None:
    event = google.insert(nora, **at(BEGINS, ENDS)).json()
    assert event["organizer"] == event["creator"] == {"email": NORA_EMAIL, "self": True}
