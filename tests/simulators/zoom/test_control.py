import pytest

from tests.simulators.zoom.driver import FUTURE, NORA, REDIRECT_URI, Driver, Tokens


def test_the_truth_tells_meetings_and_calls(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    zoom.delete(nora, made["id"])
    truth = zoom.truth()
    (meeting,) = truth["meetings"]
    assert (meeting["id"], meeting["host_id"], meeting["alive"]) == (made["id"], NORA, False)
    assert (meeting["start_time"], meeting["password"]) == (FUTURE, made["password"])
    calls = [(call["operation"], call["status"], call["user_id"], call["meeting_id"]) for call in truth["calls"]]
    assert calls == [("token", 200, NORA, None), ("create", 201, NORA, made["id"]), ("delete", 204, NORA, made["id"])]


def test_a_call_with_a_dead_token_is_logged_with_its_owner(zoom: Driver, nora: Tokens) -> None:
    zoom.control("deauthorize", user_id=NORA)
    zoom.create(nora)
    call = zoom.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["user_id"]) == ("create", 401, NORA)


def test_the_secrets_list_everything_that_was_given_out(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    secrets = zoom.http.get("/_control/secrets").json()
    assert {nora.access, nora.refresh} <= set(secrets["tokens"])
    assert made["start_url"].partition("zak=")[2] in secrets["start_secrets"]
    assert made["password"] in secrets["passwords"]


def test_a_user_can_be_added_and_changed(zoom: Driver) -> None:
    added = zoom.control("users", email="kim.park@new.example", timezone="Asia/Seoul")
    assert zoom.me(zoom.connect(added["id"])).json()["display_name"] == "Kim Park"
    assert zoom.control("users", email="kim.park@new.example", type=1)["id"] == added["id"]
    profile = zoom.me(zoom.connect(added["id"])).json()
    assert (profile["type"], profile["timezone"]) == (1, "Asia/Seoul")


@pytest.mark.parametrize("bad", [{"colour": "red"}, {"first_name": "X"}, {"id": NORA, "type": 3}])
def test_a_user_that_makes_no_sense_is_refused(zoom: Driver, bad: dict[str, object]) -> None:
    assert zoom.http.post("/_control/users", json=bad).status_code == 400


def test_a_consent_needs_a_registered_address_and_a_known_user(zoom: Driver) -> None:
    wrong = {"user_id": NORA, "redirect_uri": "https://evil.example/"}
    assert zoom.http.post("/_control/authorize", json=wrong).status_code == 400
    unknown = {"user_id": "nobody", "redirect_uri": REDIRECT_URI}
    assert zoom.http.post("/_control/authorize", json=unknown).status_code == 400
    assert zoom.truth()["grants"] == []


def test_reset_begins_anew(zoom: Driver, nora: Tokens) -> None:
    zoom.create(nora)
    zoom.control("clock", offset_seconds=10_000)
    zoom.control("limits", daily=3, qps=1)
    zoom.fault("me", "status", times=None)
    zoom.control("reset")
    truth = zoom.truth()
    assert (truth["meetings"], truth["calls"], truth["tokens_issued"]) == ([], [], 0)
    assert zoom.control("limits") == {"daily": 100, "qps": None, "write_seconds": 0.0}
    assert zoom.control("clock", offset_seconds=0)["offset_seconds"] == 0
    assert zoom.me(zoom.connect()).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_a_foreign_page_cannot_control(zoom: Driver, headers: dict[str, str]) -> None:
    assert zoom.http.post("/_control/reset", headers=headers).status_code == 403
    assert zoom.http.get("/_control/secrets", headers=headers).status_code == 403


def test_orders_that_are_no_json_are_refused(zoom: Driver) -> None:
    assert zoom.http.post("/_control/clock", content=b"{").status_code == 400
    assert zoom.http.post("/_control/clock", json={"now": "2030-01-01T00:00:00"}).status_code == 400
