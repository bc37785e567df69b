"""The API's own matter: keys, orders, changes, lists, links, and how refusals read."""

from typing import Any

import pytest

from tests.simulators.recall.driver import BEGIN, HEADERS, LINK, Driver

MEET_LINK = "https://meet.google.com/abc-defg-hij"


@pytest.mark.parametrize("header", [None, "Bearer key-of-the-test", "Token", "Token another", "another"])
def test_without_the_workspaces_key_everything_is_refused(recall: Driver, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    for method, path in (("GET", ""), ("POST", ""), ("GET", "1/"), ("POST", "1/leave_call/"), ("GET", "1/nonsense")):
        refused = recall.http.request(method, f"/api/v1/bot/{path}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "authentication_failed")


def test_the_key_may_stand_alone_as_in_recalls_own_samples(recall: Driver) -> None:
    key = HEADERS["Authorization"].removeprefix("Token ")
    assert recall.http.get("/api/v1/bot/", headers={"Authorization": key}).status_code == 200


def test_an_unknown_bot_and_an_unknown_endpoint_are_missing(recall: Driver) -> None:
    for method, path in (("GET", "x/"), ("PATCH", "x/"), ("DELETE", "x/"), ("POST", "x/leave_call/"), ("GET", "x")):
        assert recall.call(method, path, json={} if method == "PATCH" else None).status_code == 404
    assert recall.truth()["calls"][-1]["operation"] == "other"


def test_an_order_is_answered_with_the_bot_and_its_link_taken_apart(recall: Driver) -> None:
    answer = recall.create(join_at="2031-06-02T10:00:00+02:00", metadata={"appointment": "appt_1"})
    shown = answer.json()
    assert answer.status_code == 201
    assert {name: value for name, value in shown.items() if name != "id"} == {
        "meeting_url": {"meeting_id": "81234567890", "meeting_password": "Abc123.1", "platform": "zoom"},
        "bot_name": "Notes",
        "join_at": BEGIN,
        "recording_config": {"transcript": {"provider": {"meeting_captions": {}}}},
        "status_changes": [],
        "recordings": [],
        "metadata": {"appointment": "appt_1"},
    }
    assert recall.get(shown["id"]) == shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("meeting_url", "https://example.org/j/123456789"),
        ("meeting_url", "https://zoom.us/test"),
        ("meeting_url", "https://[zoom.us/j/123456789"),
        ("bot_name", ""),
        ("bot_name", "N" * 101),
        ("metadata", {"n": 1}),
        ("metadata", {"n": "x" * 501}),
        ("metadata", ["n"]),
        ("join_at", "tomorrow"),
        ("join_at", 1900000000),
    ],
)
def test_a_bad_field_is_named(recall: Driver, field: str, value: Any) -> None:
    refused = recall.create(**{field: value})
    assert (refused.status_code, list(refused.json())) == (400, [field])


def test_an_order_that_is_none_is_refused(recall: Driver) -> None:
    assert recall.call("POST", json={"bot_name": "N"}).json() == {"meeting_url": ["This field is required."]}
    assert recall.call("POST", content="{").json()["code"] == "parse_error"
    assert recall.call("POST", json=["x"]).status_code == 400


def test_the_list_is_filtered_by_all_metadata_that_is_named_the_newest_first(recall: Driver) -> None:
    first = recall.scheduled(metadata={"a": "1", "b": "1"})
    second = recall.scheduled(metadata={"a": "1"})
    deleted = recall.scheduled(metadata={"a": "1"})
    recall.call("DELETE", f"{deleted}/")

    def found(query: str) -> list[str]:
        return [bot["id"] for bot in recall.call("GET", f"?{query}").json()["results"]]

    assert found("") == found("metadata__a=1") == [second, first]
    assert found("metadata__a=1&metadata__b=1") == [first]
    assert found("metadata__a=2") == []


def test_the_list_comes_in_pages(recall: Driver) -> None:
    made = [recall.scheduled() for _ in range(27)]
    page = recall.call("GET").json()
    assert ([bot["id"] for bot in page["results"]], page["count"]) == (made[:1:-1], 27)
    last = recall.http.get(page["next"], headers=HEADERS).json()
    assert ([bot["id"] for bot in last["results"]], last["next"]) == (made[1::-1], None)


def test_a_scheduled_bot_can_be_changed_and_deleted(recall: Driver) -> None:
    bot = recall.scheduled(metadata={"a": "1"})
    changes = {"join_at": "2031-06-02T09:00:00Z", "meeting_url": MEET_LINK}
    shown = recall.call("PATCH", f"{bot}/", json=changes).json()
    assert (shown["join_at"], shown["metadata"]) == (changes["join_at"], {"a": "1"})
    assert shown["meeting_url"] == {"meeting_id": "abc-defg-hij", "platform": "google_meet"}
    assert recall.call("DELETE", f"{bot}/").status_code == 204
    assert recall.call("GET", f"{bot}/").status_code == 404
    recall.at("2031-06-02T10:00:00Z")
    assert [(bot["deleted"], bot["changes"]) for bot in recall.truth()["bots"]] == [(True, [])]


def test_ten_minutes_before_its_time_a_bot_can_only_be_removed(recall: Driver) -> None:
    bot = recall.scheduled()
    early = recall.call("POST", f"{bot}/leave_call/")
    assert (early.status_code, early.json()["code"]) == (400, "cannot_command_unstarted_bot")
    recall.at("2031-06-02T07:50:00Z")
    late = recall.call("PATCH", f"{bot}/", json={"join_at": "2031-06-02T09:00:00Z"})
    assert (late.status_code, late.json()["code"]) == (400, "update_bot_failed")
    undeleted = recall.call("DELETE", f"{bot}/")
    assert (undeleted.status_code, undeleted.json()["code"]) == (405, "cannot_delete_bot")
    assert recall.call("POST", f"{bot}/leave_call/").status_code == 200
    again = recall.call("POST", f"{bot}/leave_call/")
    assert (again.status_code, again.json()["code"]) == (400, "cannot_command_completed_bot")
    recall.at("2031-06-02T08:30:00Z")
    assert recall.happened(bot) == ["ready", "call_ended:bot_received_leave_call", "done"]


def test_a_bot_is_moved_to_no_time_within_ten_minutes(recall: Driver) -> None:
    bot = recall.scheduled()
    refused = recall.call("PATCH", f"{bot}/", json={"join_at": "2031-06-02T07:09:00Z"})
    assert refused.json() == {"code": "update_bot_failed", "detail": "Not enough time to launch new bot"}


def test_a_link_to_a_transcript_is_good_by_itself_for_six_hours(recall: Driver) -> None:
    bot = recall.inside()
    recall.call("POST", f"{bot}/leave_call/")
    recall.after(60)
    link = recall.transcript_of(bot)["data"]["download_url"]
    assert recall.http.get(link).json() == []
    assert recall.http.get(link, headers=HEADERS).status_code == 400
    assert recall.http.get(link[:-1] + "x").status_code == 403
    recall.after(6 * 3600 + 60)
    assert recall.http.get(link).status_code == 403
    assert recall.said(bot) == []
    assert recall.create(meeting_url=LINK, metadata={}).status_code == 201
