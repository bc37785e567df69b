import pytest

from tests.simulators.microsoft.driver import AMELIA, NORA, NORDLICHT, REDIRECT_URI, START, STONE, Driver, Tokens


def test_the_truth_tells_events_and_calls_by_their_immutable_id(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    microsoft.delete(nora, made["id"])
    truth = microsoft.truth()
    (event,) = truth["events"]
    assert (event["rest_id"], event["user_id"], event["alive"]) == (made["id"], NORA, False)
    assert event["starts_at"] == f"{START}.000Z"
    assert event["join_url"] == made["onlineMeeting"]["joinUrl"]
    calls = [(call["operation"], call["status"], call["user_id"], call["item_id"]) for call in truth["calls"]]
    assert calls == [("token", 200, NORA, None), ("create", 201, NORA, event["id"]), ("delete", 204, NORA, event["id"])]


def test_the_log_tells_events_and_meetings_apart_and_how_they_were_called(microsoft: Driver, nora: Tokens) -> None:
    microsoft.create(nora)
    microsoft.post(nora, "me/onlineMeetings/createOrGet", externalId="e")
    calls = microsoft.truth()["calls"][1:]
    assert [(call["operation"], call["resource"], call["method"], call["path"]) for call in calls] == [
        ("create", "event", "POST", "/v1.0/me/events"),
        ("create", "onlineMeeting", "POST", "/v1.0/me/onlineMeetings/createOrGet"),
    ]
    assert calls[1]["item_id"] == microsoft.alive("meetings")[0]["id"]


def test_a_call_with_a_dead_token_is_logged_with_its_owner(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("clock", offset_seconds=4000)
    microsoft.create(nora)
    call = microsoft.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["user_id"]) == ("create", 401, NORA)


def test_the_secrets_list_everything_that_was_given_out(microsoft: Driver, nora: Tokens) -> None:
    secrets = microsoft.http.get("/_control/secrets").json()
    assert {nora.access, nora.refresh} <= set(secrets["tokens"])
    assert len(secrets["codes"]) == 1


def test_the_grants_tell_who_let_the_app_in(microsoft: Driver, nora: Tokens) -> None:
    (grant,) = microsoft.truth()["grants"]
    assert (grant["user_id"], grant["live"]) == (NORA, True)
    assert "Calendars.ReadWrite" in grant["scopes"]
    microsoft.control("revoke", user_id=NORA, reason="password")
    assert microsoft.truth()["grants"][0]["live"] is False


def test_a_user_can_be_added_and_changed(microsoft: Driver) -> None:
    added = microsoft.control("users", email="kim.park@nordlicht.example", timezone="Asia/Seoul")
    assert added["tenant_id"] == NORDLICHT
    assert microsoft.me(microsoft.connect(added["id"])).json()["displayName"] == "Kim Park"
    assert microsoft.control("users", email="kim.park@nordlicht.example", teams=False)["id"] == added["id"]
    calendar = microsoft.get(microsoft.connect(added["id"]), "me/calendar").json()
    assert calendar["allowedOnlineMeetingProviders"] == []


def test_a_tenant_can_be_added_and_changed(microsoft: Driver) -> None:
    added = microsoft.control("tenants", domain="new.example", user_consent=False)
    user = microsoft.control("users", email="kim.park@new.example")
    assert user["tenant_id"] == added["id"]
    assert microsoft.control("tenants", domain="stone-advisory.example", user_consent=True)["id"] == STONE
    assert microsoft.http.post("/_control/tenants", json={"id": STONE, "colour": "red"}).status_code == 400


@pytest.mark.parametrize("bad", [{"colour": "red"}, {"first_name": "X"}, {"id": NORA, "tenant_id": "x"}])
def test_a_user_that_makes_no_sense_is_refused(microsoft: Driver, bad: dict[str, object]) -> None:
    assert microsoft.http.post("/_control/users", json=bad).status_code == 400


def test_a_consent_needs_a_registered_address_and_a_known_user(microsoft: Driver) -> None:
    wrong = {"user_id": NORA, "redirect_uri": "https://evil.example/"}
    assert microsoft.http.post("/_control/authorize", json=wrong).status_code == 400
    unknown = {"user_id": "nobody", "redirect_uri": REDIRECT_URI}
    assert microsoft.http.post("/_control/authorize", json=unknown).status_code == 400
    scope = {"user_id": NORA, "redirect_uri": REDIRECT_URI, "scope": "Planets.Move"}
    assert microsoft.http.post("/_control/authorize", json=scope).status_code == 400
    assert microsoft.truth()["grants"] == []


def test_events_by_hand_are_those_of_their_user_and_are_checked(microsoft: Driver) -> None:
    times = {"start": {"dateTime": START}, "end": {"dateTime": "2031-06-02T09:00:00"}}
    made = microsoft.control("events", user_id=NORA, subject="Dentist", **times)
    assert microsoft.alive()[0]["subject"] == "Dentist"
    other = {"user_id": AMELIA, "id": made["id"]}
    assert microsoft.http.post("/_control/events/delete", json=other).status_code == 400
    assert microsoft.http.post("/_control/events", json={"user_id": NORA}).status_code == 400
    microsoft.control("events/delete", user_id=NORA, id=made["id"])
    assert microsoft.alive() == []


def test_reset_begins_anew(microsoft: Driver, nora: Tokens) -> None:
    microsoft.create(nora)
    microsoft.control("clock", offset_seconds=10_000)
    microsoft.control("limits", requests=3)
    microsoft.control("tenants", id=NORDLICHT, user_consent=False)
    microsoft.fault("me", "status", times=None)
    microsoft.control("reset")
    truth = microsoft.truth()
    assert (truth["events"], truth["calls"], truth["tokens_issued"]) == ([], [], 0)
    assert microsoft.control("limits")["requests"] == 10_000
    assert microsoft.control("clock", offset_seconds=0)["offset_seconds"] == 0
    assert microsoft.me(microsoft.connect()).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_a_foreign_page_cannot_control(microsoft: Driver, headers: dict[str, str]) -> None:
    assert microsoft.http.post("/_control/reset", headers=headers).status_code == 403
    assert microsoft.http.get("/_control/secrets", headers=headers).status_code == 403


def test_orders_that_make_no_sense_are_refused(microsoft: Driver) -> None:
    assert microsoft.http.post("/_control/clock", content=b"{").status_code == 400
    assert microsoft.http.post("/_control/clock", json={"now": "2030-01-01T00:00:00"}).status_code == 400
    assert microsoft.http.post("/_control/revoke", json={"user_id": NORA, "reason": "whim"}).status_code == 400
