"""The API's own matter: keys, orders, changes, lists, and how refusals read."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.simulators.attendee.driver import BEGIN, HEADERS, LINK, MEET_LINK, Driver


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "Missing Authorization header"),
        ("Bearer key-of-the-test", "Invalid Authorization header. Should have this format: Token <api_key>"),
        ("Token", "Invalid Authorization header. Should have this format: Token <api_key>"),
        ("Token another", "Invalid or disabled API key"),
    ],
)
def test_without_the_projects_key_everything_is_refused(attendee: Driver, header: str | None, detail: str) -> None:
    headers = {"Authorization": header} if header else {}
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/bot_1"), ("POST", "/bot_1/leave")):
        refused = attendee.http.request(method, f"/api/v1/bots{path}", headers=headers)
        assert (refused.status_code, refused.json()) == (401, {"detail": detail})
        assert refused.headers["WWW-Authenticate"] == "Token"


def test_an_unknown_bot_and_an_unknown_endpoint_are_missing(attendee: Driver) -> None:
    assert attendee.call("GET", "/bot_unknown").json() == {"error": "Bot not found"}
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/leave"), ("GET", "/transcript")):
        assert attendee.call(method, f"/bot_unknown{path}", json={}).status_code == 404
    answer = attendee.http.get("/api/v1/calendars", headers=HEADERS)
    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})
    assert attendee.truth()["calls"][-1]["operation"] == "other"


def test_an_order_is_answered_with_the_bot(attendee: Driver) -> None:
    answer = attendee.create(
        join_at="2031-06-02T10:00:00+02:00", metadata={"appointment": "appt_1"}, deduplication_key="appt_1/1"
    )
    shown = answer.json()
    assert answer.status_code == 201
    assert (shown["id"][:4], len(shown["id"])) == ("bot_", 20)
    assert {name: value for name, value in shown.items() if name != "id"} == {
        "metadata": {"appointment": "appt_1"},
        "meeting_url": LINK,
        "state": "scheduled",
        "events": [],
        "transcription_state": "not_started",
        "recording_state": "not_started",
        "join_at": BEGIN,
        "deduplication_key": "appt_1/1",
    }
    assert attendee.get(shown["id"]) == shown


def test_a_key_in_use_is_refused_until_its_bot_has_come_to_its_end(attendee: Driver) -> None:
    first = attendee.scheduled(deduplication_key="k")
    refused = attendee.create(deduplication_key="k", join_at=BEGIN)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("Deduplication key already in use.")
    assert attendee.create(deduplication_key="other").status_code == 201
    attendee.call("DELETE", f"/{first}")
    second = attendee.scheduled(deduplication_key="k")
    attendee.at("2031-06-02T08:01:00Z")
    assert attendee.create(deduplication_key="k").status_code == 400
    attendee.act("end_meeting", bot_id=second)
    assert attendee.create(deduplication_key="k").status_code == 400
    attendee.after(30)
    assert attendee.create(deduplication_key="k").status_code == 201


def test_of_many_orders_with_one_key_at_once_one_is_taken(attendee: Driver) -> None:
    statuses: list[int] = []

    def order() -> None:
        with type(attendee.http)(base_url=attendee.url) as client:
            body = {"meeting_url": LINK, "bot_name": "B", "join_at": BEGIN, "deduplication_key": "k"}
            statuses.append(client.post("/api/v1/bots", headers=HEADERS, json=body).status_code)

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, *[400] * 7]


def test_a_scheduled_bot_can_be_changed(attendee: Driver) -> None:
    bot = attendee.scheduled(metadata={"a": "1"})
    changes = {"join_at": "2031-06-02T09:00:00Z", "meeting_url": MEET_LINK, "bot_name": "New"}
    shown = attendee.call("PATCH", f"/{bot}", json={**changes, "metadata": {"b": "2"}}).json()
    assert (shown["join_at"], shown["meeting_url"], shown["metadata"]) == (changes["join_at"], MEET_LINK, {"b": "2"})
    assert attendee.truth()["bots"][0]["bot_name"] == "New"


def test_an_update_that_changes_nothing_is_allowed_in_any_state_and_metadata_always(attendee: Driver) -> None:
    bot = attendee.inside()
    same = {"meeting_url": LINK, "bot_name": "Notes (notes)", "metadata": {"x": "y"}}
    answer = attendee.call("PATCH", f"/{bot}", json=same)
    assert (answer.status_code, answer.json()["metadata"]) == (200, {"x": "y"})
    refused = attendee.call("PATCH", f"/{bot}", json={"bot_name": "Other"})
    assert refused.json()["error"].startswith("Bot is in state joined_recording but join_at, meeting_url, bot_name")


def test_an_update_is_checked_like_an_order_but_ignores_unknown_fields(attendee: Driver) -> None:
    bot = attendee.scheduled()
    refused = attendee.call("PATCH", f"/{bot}", json={"join_at": "2031-06-02T06:00:00Z"})
    assert refused.json() == {"join_at": ["join_at cannot be in the past"]}
    assert attendee.call("PATCH", f"/{bot}", json={"join_at": None}).json() == {
        "join_at": ["This field may not be null."]
    }
    assert attendee.call("PATCH", f"/{bot}", json={"colour": "red"}).status_code == 200


def test_the_list_is_filtered_by_key_link_state_and_time(attendee: Driver) -> None:
    first = attendee.scheduled(deduplication_key="k1")
    second = attendee.scheduled(meeting_url=MEET_LINK)
    third = attendee.create().json()["id"]

    def found(query: str) -> list[str]:
        return [bot["id"] for bot in attendee.call("GET", f"?{query}").json()["results"]]

    assert found("") == [first, second, third]
    assert found("deduplication_key=k1") == [first]
    assert found(f"meeting_url={MEET_LINK}") == [second]
    assert found("states=joining&states=ended") == [third]
    assert found("join_at_after=2031-06-02T08:00:00Z") == []
    assert found("join_at_after=2031-06-02T07:59:00Z") == [first, second]
    assert found("join_at_before=2031-06-02T09:00:00Z") == [first, second]
    refused = attendee.call("GET", "?states=asleep")
    assert refused.json()["error"].startswith("Invalid state: asleep. Valid states are: ready, joining")


def test_the_list_comes_in_pages_of_25(attendee: Driver) -> None:
    made = [attendee.scheduled(deduplication_key=f"k{number}") for number in range(30)]
    page = attendee.call("GET").json()
    assert ([bot["id"] for bot in page["results"]], page["previous"]) == (made[:25], None)
    last = attendee.http.get(page["next"], headers=HEADERS).json()
    assert ([bot["id"] for bot in last["results"]], last["next"]) == (made[25:], None)
    assert attendee.http.get(last["previous"], headers=HEADERS).json()["results"] == page["results"]
    assert attendee.call("GET", "?cursor=nonsense").status_code == 404


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://zoom.us/j/123456789?pwd=abc&utm_source=mail", "https://zoom.us/j/123456789?pwd=abc"),
        ("us05web.zoom.us/j/123456789", "https://us05web.zoom.us/j/123456789"),
        ("https://acme.zoom.com/j/1234567890", "https://acme.zoom.us/j/1234567890"),
        # Whatever follows letters and digits is cut off: a passcode with a dash would not survive.
        ("https://zoom.us/j/123456789?pwd=ab-c.1", "https://zoom.us/j/123456789?pwd=ab"),
        ("https://meet.google.com/abc-defg-hij?authuser=0", "https://meet.google.com/abc-defg-hij"),
        ("https://teams.microsoft.com/meet/23?p=Xy", "https://teams.microsoft.com/meet/23?p=Xy"),
    ],
)
def test_a_link_is_kept_in_the_form_attendee_gives_it(attendee: Driver, given: str, kept: str) -> None:
    assert attendee.create(meeting_url=given).json()["meeting_url"] == kept


@pytest.mark.parametrize("wrong", ["https://example.org/j/123456789", "zoom", "https://zoom.us/test", "not a link"])
def test_what_is_no_link_of_a_meeting_is_refused(attendee: Driver, wrong: str) -> None:
    refused = attendee.create(meeting_url=wrong)
    assert (refused.status_code, refused.json()) == (400, {"meeting_url": ["Invalid meeting URL"]})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("bot_name", "", "This field may not be blank."),
        ("bot_name", None, "This field may not be null."),
        ("bot_name", ["x"], "Not a valid string."),
        ("bot_name", "Notes 📝", "Bot name cannot contain emojis or rare script characters."),
        ("join_at", "2031-06-02T06:59:00Z", "join_at cannot be in the past"),
        ("join_at", "2035-01-01T00:00:00Z", "join_at cannot be more than 3 years in the future"),
        ("join_at", "tomorrow", "Datetime has wrong format. Use one of these formats instead"),
        ("join_at", 1900000000, "Datetime has wrong format. Use one of these formats instead"),
        ("metadata", [], "Metadata must be an object not an array or other type"),
        ("metadata", {}, "Metadata must have at least one key"),
        ("metadata", {"n": 1}, "Value for key 'n' must be a string"),
        ("metadata", {"n": "x" * 1000}, "Metadata must be less than 1000 characters"),
        ("deduplication_key", "", "This field may not be blank."),
        ("webhooks", {}, "{} is not of type 'array'"),
        ("webhooks", [{"url": "https://a.example"}], "'triggers' is a required property"),
        ("webhooks", [{"url": "http://a.example", "triggers": ["bot.state_change"]}], "does not match '^https://.*'"),
        ("webhooks", [{"url": "https://a.example", "triggers": []}], "should be non-empty"),
        ("webhooks", [{"url": "https://a.example", "triggers": ["bot.done"]}], "'bot.done' is not one of"),
        ("automatic_leave_settings", {"waiting_room_timeout_seconds": 0}, "must be a positive integer"),
        ("automatic_leave_settings", {"patience": 5}, "Unexpected attribute: patience"),
        ("callback_settings", {"zoom_tokens_url": "ftp://x"}, "does not match '^https://.*'"),
        ("zoom_settings", {"sdk": "mobile"}, "is not one of ['web', 'native']"),
        ("recording_settings", {"format": "ogg"}, "Format must be mp4 or mp3 or 'none'"),
        ("recording_settings", "mp4", "is not of type 'object'"),
    ],
)
def test_a_bad_field_is_named(attendee: Driver, field: str, value: Any, message: str) -> None:
    refused = attendee.create(**{field: value})
    assert refused.status_code == 400
    ((name, (text,)),) = refused.json().items()
    assert name == field
    assert message in text
    assert attendee.truth()["bots"] == []


def test_every_bad_field_is_named_at_once_and_a_missing_one_too(attendee: Driver) -> None:
    refused = attendee.call("POST", json={"bot_name": "", "join_at": "x"})
    assert set(refused.json()) == {"meeting_url", "bot_name", "join_at"}
    assert refused.json()["meeting_url"] == ["This field is required."]


def test_an_unknown_field_is_refused(attendee: Driver) -> None:
    refused = attendee.create(colour="red")
    assert refused.json()["non_field_errors"][0].startswith("Unexpected field(s): colour. Allowed fields are: ")


def test_more_than_two_webhooks_or_one_address_twice_are_refused(attendee: Driver) -> None:
    def hooks(*names: str) -> list[dict[str, Any]]:
        return [{"url": f"https://{name}.example/hook", "triggers": ["bot.state_change"]} for name in names]

    assert attendee.create(webhooks=hooks("a", "b")).status_code == 201
    assert attendee.create(webhooks=hooks("a", "b", "c")).json()["error"].startswith("You have reached the maximum")
    assert attendee.create(webhooks=hooks("a", "a")).json() == {"error": "URL already subscribed for this bot"}


def test_a_body_that_is_no_json_object_is_refused(attendee: Driver) -> None:
    json_type = {**HEADERS, "Content-Type": "application/json"}
    broken = attendee.http.post("/api/v1/bots", headers=json_type, content=b"{")
    assert (broken.status_code, broken.json()["detail"][:18]) == (400, "JSON parse error -")
    array = attendee.http.post("/api/v1/bots", headers=json_type, content=b"[]")
    assert array.json() == {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}
    text = attendee.http.post("/api/v1/bots", headers={**HEADERS, "Content-Type": "text/plain"}, content=b"{}")
    assert text.status_code == 415


def test_posts_beyond_the_limit_are_refused_with_the_time_to_wait(attendee: Driver) -> None:
    attendee.control("limits", posts_per_minute=2)
    assert [attendee.create().status_code for _ in range(3)] == [201, 201, 429]
    refused = attendee.create()
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["detail"].startswith("Request was throttled. Expected available in ")
    assert attendee.call("GET").status_code == 200
    attendee.control("limits", posts_per_minute=None)
    assert attendee.create().status_code == 201


def test_instants_in_answers_end_in_z(attendee: Driver) -> None:
    bot = attendee.inside()
    for event in attendee.get(bot)["events"]:
        assert event["created_at"].endswith("Z")
        assert datetime.fromisoformat(event["created_at"]).utcoffset() == timedelta(0)
