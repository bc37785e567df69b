from typing import Any

import pytest

from tests.simulators.google.driver import (
    BEGINS,
    ENDS,
    EVENTS,
    LENA,
    NORA,
    NORA_EMAIL,
    REDIRECT_URI,
    SCOPES,
    Driver,
    Tokens,
    at,
    meet,
)


def test_the_truth_tells_events_conferences_and_calls(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, **meet("one")).json()
    google.delete(nora, made["id"])
    truth = google.truth()
    (event,) = truth["events"]
    assert (event["id"], event["calendar"], event["alive"], event["changes"]) == (made["id"], NORA_EMAIL, False, 1)
    assert (event["meet_link"], event["conference_status"]) == (made["hangoutLink"], "success")
    assert [conference["request_id"] for conference in truth["conferences"]] == ["one"]
    calls = [(call["operation"], call["status"], call["user_id"], call["event_id"]) for call in truth["calls"]]
    assert calls == [("token", 200, NORA, None), ("insert", 200, NORA, made["id"]), ("delete", 204, NORA, made["id"])]


def test_a_call_with_a_dead_token_is_logged_with_its_owner(google: Driver, nora: Tokens) -> None:
    google.control("deauthorize", user_id=NORA)
    google.patch(nora, "someevent", summary="x")
    call = google.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["user_id"], call["event_id"]) == ("patch", 401, NORA, "someevent")


def test_the_grants_tell_scopes_and_whether_a_refresh_token_lives(google: Driver, nora: Tokens) -> None:
    (grant,) = google.truth()["grants"]
    assert (grant["user_id"], grant["scopes"], grant["live"]) == (NORA, SCOPES.split(), True)
    google.control("clock", offset_seconds=200 * 86400)
    assert [grant["live"] for grant in google.truth()["grants"]] == [False]


def test_the_secrets_list_everything_that_was_given_out(google: Driver) -> None:
    content = google.redeem(google.code()).json()
    google.watch(Tokens(content["access_token"]), "http://127.0.0.1:9/", token="channel-secret")
    secrets = google.http.get("/_control/secrets").json()
    assert {content["access_token"], content["refresh_token"], content["id_token"]} <= set(secrets["tokens"])
    assert len(secrets["codes"]) == 1
    assert secrets["channel_tokens"] == ["channel-secret"]
    assert secrets["app"]


def test_an_event_made_by_hand_can_be_changed_and_deleted_by_hand(google: Driver, nora: Tokens) -> None:
    made = google.control("events", user_id=NORA, event={"summary": "Dentist", **at(BEGINS, ENDS)})
    google.control("events", user_id=NORA, event={"id": made["id"], "location": "Kiel"})
    event = google.get(nora, made["id"]).json()
    assert (event["summary"], event["location"]) == ("Dentist", "Kiel")
    google.control("events/delete", id=made["id"])
    assert google.get(nora, made["id"]).json()["status"] == "cancelled"
    assert google.truth()["mails"] == []


def test_a_user_can_be_added_and_changed(google: Driver) -> None:
    added = google.control("users", email="kim.park@new.example", hd="new.example", timezone="Asia/Seoul")
    assert google.me(google.connect(added["id"])).json()["name"] == "Kim Park"
    team = {"id": "team@group.calendar.google.com", "summary": "Team", "role": "writer"}
    assert google.control("users", email="kim.park@new.example", calendars=[team])["id"] == added["id"]
    assert google.insert(google.connect(added["id"]), team["id"]).status_code == 200


def test_what_a_user_ticks_can_be_ordered(google: Driver) -> None:
    google.control("users", id=LENA, scopes=["openid"])
    assert google.redeem(google.code(LENA)).json()["scope"] == "openid"


@pytest.mark.parametrize(
    "bad",
    [
        {"colour": "red"},
        {"first_name": "X"},
        {"id": NORA, "status": "asleep"},
        {"id": NORA, "timezone": "Berlin"},
        {"id": NORA, "calendars": [{"id": "x", "summary": "y", "role": "king"}]},
    ],
)
def test_a_user_that_makes_no_sense_is_refused(google: Driver, bad: dict[str, Any]) -> None:
    assert google.http.post("/_control/users", json=bad).status_code == 400


def test_a_consent_needs_a_registered_address_and_a_known_user(google: Driver) -> None:
    wrong = {"user_id": NORA, "redirect_uri": "https://evil.example/"}
    assert google.http.post("/_control/authorize", json=wrong).status_code == 400
    unknown = {"user_id": "nobody", "redirect_uri": REDIRECT_URI}
    assert google.http.post("/_control/authorize", json=unknown).status_code == 400
    assert google.truth()["grants"] == []


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("events", {"user_id": NORA, "event": at(ENDS, BEGINS)}),
        ("events", {"user_id": NORA, "event": {}, "calendar": "nobody"}),
        ("events/delete", {"id": "nosuch"}),
        ("conferences/settle", {"id": "nosuch"}),
        ("app", {"colour": "red"}),
        ("password", {"user_id": "nobody"}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(google: Driver, path: str, order: dict[str, Any]) -> None:
    refused = google.http.post(f"/_control/{path}", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]


def test_reset_begins_anew(google: Driver, nora: Tokens) -> None:
    google.insert(nora, **meet("one"))
    google.control("clock", offset_seconds=10_000)
    google.control("limits", user=1)
    google.control("app", testing=True, test_users=[])
    google.control("conferences", outcome="failure", times=None)
    google.fault("userinfo", "status", times=None)
    google.control("reset")
    truth = google.truth()
    assert (truth["events"], truth["calls"], truth["grants"], truth["tokens_issued"]) == ([], [], [], 0)
    assert google.control("limits")["user"] == 600
    assert google.control("app") == {"testing": False, "test_users": None}
    assert google.control("clock", offset_seconds=0)["offset_seconds"] == 0
    assert google.insert(google.connect(), **meet("one")).json()["hangoutLink"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_a_foreign_page_cannot_control(google: Driver, headers: dict[str, str]) -> None:
    assert google.http.post("/_control/reset", headers=headers).status_code == 403
    assert google.http.get("/_control/secrets", headers=headers).status_code == 403


def test_orders_that_are_no_json_are_refused(google: Driver) -> None:
    assert google.http.post("/_control/clock", content=b"{").status_code == 400
    assert google.http.post("/_control/clock", json={"now": "2030-01-01T00:00:00"}).status_code == 400


def test_the_log_keeps_the_query_of_each_call(google: Driver, nora: Tokens) -> None:
    google.send("POST", EVENTS, nora, at(BEGINS, ENDS), sendUpdates="all")
    assert google.truth()["calls"][-1]["query"] == "conferenceDataVersion=1&sendUpdates=all"
