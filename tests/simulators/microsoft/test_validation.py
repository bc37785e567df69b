from typing import Any

import pytest

from tests.simulators.microsoft.driver import Driver, Tokens, attendee, event_body

MARS = {"dateTime": "2031-06-02T08:00:00", "timeZone": "Mars/Olympus"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"subject": 7}, "RequestBodyRead"),
        ({"isOnlineMeeting": "true"}, "RequestBodyRead"),
        ({"reminderMinutesBeforeStart": True}, "RequestBodyRead"),
        ({"attendees": {}}, "RequestBodyRead"),
        ({"attendees": ["a@example.org"]}, "RequestBodyRead"),
        ({"body": "text"}, "RequestBodyRead"),
        ({"body": {"contentType": "markdown", "content": "x"}}, "RequestBodyRead"),
        ({"showAs": "away"}, "RequestBodyRead"),
        ({"onlineMeetingProvider": "zoom"}, "RequestBodyRead"),
        ({"topic": "x"}, "RequestBodyRead"),
        ({"attendees": [attendee("nobody")]}, "ErrorInvalidRecipients"),
        ({"attendees": [{**attendee("a@example.org"), "type": "boss"}]}, "RequestBodyRead"),
        ({"start": MARS}, "TimeZoneNotSupportedException"),
        ({"start": {"dateTime": "tomorrow"}}, "ErrorPropertyValidationFailure"),
        ({"start": {"dateTime": "2031-02-30T08:00:00"}}, "ErrorPropertyValidationFailure"),
        ({"start": {}}, "ErrorPropertyValidationFailure"),
        ({"start": {"dateTime": "2031-06-02T09:00:00"}}, "ErrorPropertyValidationFailure"),
        ({"start": None}, "ErrorPropertyValidationFailure"),
        ({"isAllDay": True}, "ErrorInvalidRequest"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused(
    microsoft: Driver, nora: Tokens, changed: dict[str, Any], code: str
) -> None:
    refused = microsoft.create(nora, **changed)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)
    assert microsoft.truth()["events"] == []
    assert microsoft.mails() == []


def test_an_unknown_property_is_named(microsoft: Driver, nora: Tokens) -> None:
    assert "The property 'topic' does not exist" in microsoft.create(nora, topic="x").json()["error"]["message"]


def test_the_number_of_attendees_is_limited(microsoft: Driver, nora: Tokens) -> None:
    many = [attendee(f"a{number}@example.org") for number in range(501)]
    assert microsoft.create(nora, attendees=many).status_code == 400
    assert microsoft.create(nora, attendees=many[1:]).status_code == 201


def test_an_update_is_checked_alike_and_changes_nothing_then(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    refused = microsoft.update(nora, made["id"], subject="Moved", showAs="away")
    assert refused.status_code == 400
    (event,) = microsoft.alive()
    assert (event["subject"], event["updated"]) == ("Consultation", 0)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(microsoft: Driver, nora: Tokens, body: bytes) -> None:
    refused = microsoft.http.post("/v1.0/me/events", headers=nora.headers, content=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
    assert "valid JSON format" in refused.json()["error"]["message"]


def test_a_whole_day_lasts_from_midnight_to_midnight_of_its_zone(microsoft: Driver, nora: Tokens) -> None:
    times = {
        "start": {"dateTime": "2031-06-02T00:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2031-06-03T00:00:00", "timeZone": "Europe/Berlin"},
    }
    assert microsoft.create(nora, isAllDay=True, **times).json()["start"]["dateTime"] == "2031-06-01T22:00:00.0000000"
    elsewhere = {**times, "end": {"dateTime": "2031-06-03T00:00:00", "timeZone": "UTC"}}
    assert microsoft.create(nora, isAllDay=True, **elsewhere).json()["error"]["code"] == "ErrorInvalidRequest"


def test_what_was_read_may_be_sent_back(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora, attendees=[attendee("a@example.org")]).json()
    answer = microsoft.update(nora, made["id"], **{**made, "subject": "Moved"})
    assert answer.status_code == 200
    assert answer.json()["onlineMeeting"] == made["onlineMeeting"]
    assert answer.json()["attendees"] == made["attendees"]


def test_a_recurring_event_is_not_simulated(microsoft: Driver, nora: Tokens) -> None:
    assert microsoft.create(nora, recurrence={"pattern": {"type": "daily"}}).status_code == 501
    assert microsoft.create(nora, recurrence=None).status_code == 201


def test_text_becomes_html(microsoft: Driver, nora: Tokens) -> None:
    body = {"contentType": "text", "content": "Fish & <b>chips</b>\nsoon"}
    content = microsoft.create(nora, body=body).json()["body"]
    assert content["contentType"] == "html"
    assert "Fish &amp; &lt;b&gt;chips&lt;/b&gt;<br>" in content["content"]


def test_an_offset_in_the_time_wins_over_the_zone(microsoft: Driver, nora: Tokens) -> None:
    times = {
        "start": {"dateTime": "2031-06-02T10:00:00+02:00", "timeZone": "UTC"},
        "end": {"dateTime": "2031-06-02T09:00:00Z", "timeZone": "Europe/Berlin"},
    }
    event = microsoft.create(nora, **times).json()
    assert event["start"]["dateTime"] == "2031-06-02T08:00:00.0000000"
    assert event["end"]["dateTime"] == "2031-06-02T09:00:00.0000000"


def test_an_unknown_preferred_zone_and_a_bad_page_are_refused(microsoft: Driver, nora: Tokens) -> None:
    refused = microsoft.get(nora, "me/events", 'outlook.timezone="Mars"')
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "TimeZoneNotSupportedException")
    for query in ({"$top": "0"}, {"$top": "1001"}, {"$skip": "x"}):
        assert microsoft.get(nora, "me/events", **query).status_code == 400
    assert microsoft.create(nora, 'outlook.timezone="Mars"', **event_body()).status_code == 400
    assert microsoft.alive() == []
