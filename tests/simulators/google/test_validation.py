from typing import Any

import pytest

from tests.simulators.google.driver import BEGINS, ENDS, EVENTS, Driver, Tokens, at, reason

EMPTY = (400, "timeRangeEmpty", "The specified time range is empty.")
BAD_REQUEST = (400, "badRequest", "Bad Request")
DATE = {"date": "2031-06-02"}


@pytest.mark.parametrize("wanted", ["abcd", "UPPER0123", "has-hyphen", "wxyz0", "under_score", "ü12345", "a" * 1025, 7])
def test_an_id_that_breaks_the_rules_is_refused(google: Driver, nora: Tokens, wanted: object) -> None:
    assert reason(google.insert(nora, id=wanted)) == (400, "invalid", "Invalid resource id value.")


@pytest.mark.parametrize("wanted", ["abcde", "0123456789abcdefghijklmnopqrstuv", "a" * 1024])
def test_an_id_that_follows_the_rules_is_taken(google: Driver, nora: Tokens, wanted: str) -> None:
    assert google.insert(nora, id=wanted).json()["id"] == wanted


def test_an_id_and_an_icaluid_do_not_go_together(google: Driver, nora: Tokens) -> None:
    refused = google.insert(nora, id="treff0123", iCalUID="uid@treff.example")
    assert reason(refused) == (400, "invalid", "Invalid resource id value.")
    assert google.insert(nora, iCalUID="uid@treff.example").json()["iCalUID"] == "uid@treff.example"


@pytest.mark.parametrize(
    ("times", "refusal"),
    [
        ({"end": None}, (400, "required", "Missing end time.")),
        ({"start": None}, (400, "required", "Missing start time.")),
        ({"start": {}}, (400, "required", "Missing start time.")),
        (at(ENDS, BEGINS), EMPTY),
        (
            {"start": {"dateTime": "2031-06-02T10:00:00"}},
            (400, "required", "Missing time zone definition for start time."),
        ),
        (
            {"end": {"dateTime": ENDS, "timeZone": "Berlin"}},
            (400, "invalid", "Invalid time zone definition for end time."),
        ),
        ({"start": {"dateTime": "tomorrow"}}, BAD_REQUEST),
        ({"start": {"dateTime": "2031-06-02"}}, BAD_REQUEST),
        ({"start": {"dateTime": 1700000000}}, BAD_REQUEST),
        ({"start": {"date": "2.6.2031"}, "end": DATE}, BAD_REQUEST),
        ({"start": DATE}, (400, "invalid", "Start and end times must either both be date or both be dateTime.")),
    ],
)
def test_times_that_make_no_sense_are_refused(
    google: Driver, nora: Tokens, times: dict[str, Any], refusal: tuple[int, str, str]
) -> None:
    assert reason(google.insert(nora, **times)) == refusal
    assert google.alive() == []


def test_an_empty_body_lacks_its_end(google: Driver, nora: Tokens) -> None:
    refused = google.http.post(EVENTS, headers=nora.headers)
    assert reason(refused) == (400, "required", "Missing end time.")


def test_an_event_without_length_and_an_all_day_one_are_allowed(google: Driver, nora: Tokens) -> None:
    assert google.insert(nora, **at(BEGINS, BEGINS)).status_code == 200
    all_day = google.insert(nora, start=DATE, end={"date": "2031-06-03"}).json()
    assert (all_day["start"], all_day["end"]) == (DATE, {"date": "2031-06-03"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("summary", 7),
        ("description", ["x"]),
        ("guestsCanModify", "yes"),
        ("extendedProperties", []),
        ("transparency", "maybe"),
        ("visibility", "secret"),
        ("status", "moved"),
        ("attendees", {}),
        ("attendees", [{"email": "a@b.example", "responseStatus": "perhaps"}]),
    ],
)
def test_a_bad_field_is_invalid(google: Driver, nora: Tokens, field: str, value: Any) -> None:
    status, why, message = reason(google.insert(nora, **{field: value}))
    assert (status, why) == (400, "invalid")
    assert message.startswith("Invalid value for: ")
    assert google.alive() == []


@pytest.mark.parametrize("email", ["nobody", "a b@c.example", "@c.example"])
def test_a_guest_needs_an_address(google: Driver, nora: Tokens, email: str) -> None:
    refused = google.insert(nora, attendees=[{"email": email}])
    assert reason(refused) == (400, "invalid", "Invalid attendee email.")
    nameless = google.insert(nora, attendees=[{"displayName": "Lead"}])
    assert reason(nameless) == (400, "required", "Missing attendee email.")


def test_a_patch_is_checked_as_a_whole(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    refused = google.patch(nora, made["id"], end={"dateTime": "2031-06-02T09:00:00+02:00"})
    assert reason(refused) == EMPTY
    assert refused.json()["error"]["errors"][0]["domain"] == "calendar"
    assert google.get(nora, made["id"]).json() == made


@pytest.mark.parametrize(
    ("name", "value"), [("conferenceDataVersion", "2"), ("conferenceDataVersion", "yes"), ("sendUpdates", "some")]
)
def test_a_bad_parameter_is_named(google: Driver, nora: Tokens, name: str, value: str) -> None:
    refused = google.send("POST", EVENTS, nora, at(BEGINS, ENDS), **{name: value})
    assert reason(refused)[:2] == (400, "invalidParameter")
    assert refused.json()["error"]["errors"][0]["location"] == name


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff", b'{"summary": "\\ud800"}'])
def test_a_body_that_is_no_json_object_is_a_parse_error(google: Driver, nora: Tokens, body: bytes) -> None:
    refused = google.http.post(EVENTS, headers=nora.headers, content=body)
    assert reason(refused) == (400, "parseError", "Parse Error")


def test_unknown_fields_and_those_only_google_writes_are_ignored(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, no_such_field=1, hangoutLink="https://evil.example", htmlLink="x", etag="y")
    assert made.status_code == 200
    assert not {"no_such_field", "hangoutLink"} & set(made.json())
    assert made.json()["htmlLink"].startswith("https://www.google.com/calendar/event?eid=")
