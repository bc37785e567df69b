from datetime import datetime, timedelta

import pytest

from tests.simulators.zoom.driver import AMELIA, FUTURE, JONAS, NORA, Driver, Tokens

OURS = {"join_before_host": True, "waiting_room": False, "auto_recording": "none", "use_pmi": False}


def test_the_profile_is_that_of_the_tokens_user(zoom: Driver) -> None:
    profile = zoom.me(zoom.connect(JONAS)).json()
    assert profile["id"] == JONAS
    assert profile["email"] == "jonas.weber@nordlicht.example"
    assert profile["display_name"] == "Jonas Weber"
    assert (profile["type"], profile["status"], profile["timezone"]) == (1, "active", "Europe/Berlin")


def test_a_created_meeting_carries_what_was_asked_and_both_links(zoom: Driver, nora: Tokens) -> None:
    answer = zoom.create(nora, topic="Solar consultation", agenda="Roof", settings=OURS)
    meeting = answer.json()
    assert answer.status_code == 201
    assert (meeting["topic"], meeting["agenda"], meeting["duration"]) == ("Solar consultation", "Roof", 45)
    assert (meeting["start_time"], meeting["timezone"], meeting["type"]) == (FUTURE, "Europe/Berlin", 2)
    assert (meeting["host_id"], meeting["host_email"]) == (NORA, "nora.brandt@nordlicht.example")
    assert {name: meeting["settings"][name] for name in OURS} == OURS
    assert meeting["join_url"].startswith(f"{zoom.url}/j/{meeting['id']}?pwd=")
    assert meeting["start_url"].startswith(f"{zoom.url}/s/{meeting['id']}?zak=")
    assert meeting["password"] not in meeting["join_url"]


def test_meeting_ids_do_not_fit_32_bits(zoom: Driver, nora: Tokens) -> None:
    ids = [zoom.create(nora).json()["id"] for _ in range(5)]
    assert all(isinstance(number, int) and number > 2**31 and len(str(number)) == 11 for number in ids)
    assert len(set(ids)) == 5


def test_an_update_answers_204_without_a_body_and_keeps_id_and_link(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    answer = zoom.update(
        nora, made["id"], start_time="2031-07-01T10:30:00Z", duration=30, timezone="Europe/Berlin", topic="Moved"
    )
    assert (answer.status_code, answer.content) == (204, b"")
    (now,) = zoom.alive()
    assert (now["id"], now["join_url"], now["updated"]) == (made["id"], made["join_url"], 1)
    assert (now["start_time"], now["duration"], now["topic"]) == ("2031-07-01T10:30:00Z", 30, "Moved")


def test_a_new_passcode_changes_the_join_link(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    assert zoom.update(nora, made["id"], password="abc-123").status_code == 204
    (now,) = zoom.alive()
    assert now["password"] == "abc-123"
    assert now["join_url"] != made["join_url"]


def test_a_deleted_meeting_does_not_exist_any_more(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    answer = zoom.delete(nora, made["id"])
    assert (answer.status_code, answer.content) == (204, b"")
    missing = {"code": 3001, "message": f"Meeting does not exist: {made['id']}."}
    for refused in (zoom.delete(nora, made["id"]), zoom.update(nora, made["id"], topic="x")):
        assert (refused.status_code, refused.json()) == (404, missing)
    assert [meeting["alive"] for meeting in zoom.truth()["meetings"]] == [False]


def test_another_users_meeting_looks_missing_and_stays(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    jonas = zoom.connect(JONAS)
    assert zoom.delete(jonas, made["id"]).json()["code"] == 3001
    assert zoom.update(jonas, made["id"], topic="x").json()["code"] == 3001
    assert zoom.alive()[0]["topic"] == "Consultation"


@pytest.mark.parametrize("start", ["2020-01-01T09:00:00Z", None, "2031-06-02T08:00:00.000Z"])
def test_a_start_that_is_past_or_missing_or_has_milliseconds_makes_a_meeting_now(
    zoom: Driver, nora: Tokens, start: str | None
) -> None:
    zoom.control("clock", now="2030-05-01T12:00:00Z")
    made = zoom.create(zoom.connect(), start_time=start)
    assert made.status_code == 201
    at = datetime.fromisoformat(made.json()["start_time"])
    assert at - datetime.fromisoformat("2030-05-01T12:00:00Z") < timedelta(minutes=1)


@pytest.mark.parametrize("start", ["2020-01-01T09:00:00Z", None, "2031-07-01T08:00:00.000Z"])
def test_an_update_ignores_such_a_start_and_applies_the_rest(zoom: Driver, nora: Tokens, start: str | None) -> None:
    made = zoom.create(nora).json()
    assert zoom.update(nora, made["id"], start_time=start, topic="Other").status_code == 204
    (now,) = zoom.alive()
    assert (now["start_time"], now["topic"]) == (FUTURE, "Other")


def test_a_start_without_z_is_wall_time_in_the_given_zone_or_the_accounts(zoom: Driver) -> None:
    amelia = zoom.connect(AMELIA)
    berlin = zoom.create(amelia, start_time="2031-06-02T10:00:00", timezone="Europe/Berlin").json()
    own = zoom.create(amelia, start_time="2031-06-02T10:00:00", timezone=None).json()
    assert (berlin["start_time"], berlin["timezone"]) == ("2031-06-02T08:00:00Z", "Europe/Berlin")
    assert (own["start_time"], own["timezone"]) == ("2031-06-02T14:00:00Z", "America/New_York")


def test_a_start_with_z_is_utc_whatever_the_zone(zoom: Driver, nora: Tokens) -> None:
    assert zoom.create(nora, timezone="Asia/Tokyo").json()["start_time"] == FUTURE


def test_a_waiting_room_disables_join_before_host(zoom: Driver, nora: Tokens) -> None:
    settings = zoom.create(nora, settings={"join_before_host": True, "waiting_room": True}).json()["settings"]
    assert (settings["join_before_host"], settings["waiting_room"]) == (False, True)


def test_what_an_administrator_locked_wins_silently(zoom: Driver) -> None:
    zoom.control("users", id=NORA, locked={"waiting_room": True, "auto_recording": "cloud"})
    answer = zoom.create(zoom.connect(), settings=OURS)
    settings = answer.json()["settings"]
    assert answer.status_code == 201
    assert (settings["waiting_room"], settings["join_before_host"]) == (True, False)
    assert settings["auto_recording"] == "cloud"


def test_a_meeting_that_nothing_secures_gets_a_passcode(zoom: Driver, nora: Tokens) -> None:
    open_to_all = {"default_password": False, "settings": {**OURS, "meeting_authentication": False}}
    assert zoom.create(nora, **open_to_all).json()["password"]
    secured = {"default_password": False, "settings": {"waiting_room": True}}
    assert zoom.create(nora, **secured).json()["password"] == ""
    zoom.control("users", id=NORA, secured=False)
    unsecured = zoom.create(nora, **open_to_all).json()
    assert unsecured["password"] == ""
    assert "pwd=" not in unsecured["join_url"]


def test_default_password_follows_the_users_setting(zoom: Driver) -> None:
    zoom.control("users", id=NORA, require_passcode=False)
    nora = zoom.connect()
    assert zoom.create(nora, settings={"waiting_room": True}).json()["password"] == ""
    zoom.control("users", id=NORA, require_passcode=True)
    assert zoom.create(nora, settings={"waiting_room": True}).json()["password"]


def test_who_forgets_use_pmi_false_sends_everybody_to_one_room(zoom: Driver) -> None:
    amelia = zoom.connect(AMELIA)
    first, second = zoom.create(amelia).json(), zoom.create(amelia).json()
    room = zoom.me(amelia).json()["pmi"]
    assert first["pmi"] == str(room)
    assert all(f"/j/{room}" in meeting["join_url"] for meeting in (first, second))
    own = zoom.create(amelia, settings={"use_pmi": False}).json()
    assert f"/j/{own['id']}" in own["join_url"]
    assert zoom.delete(amelia, room).json()["code"] == 3018


def test_a_free_plan_has_no_cloud_recording(zoom: Driver) -> None:
    made = zoom.create(zoom.connect(JONAS), settings={"auto_recording": "cloud"}).json()
    assert made["settings"]["auto_recording"] == "none"


def test_an_unassigned_user_may_not_host(zoom: Driver) -> None:
    zoom.control("users", id=NORA, type=4)
    refused = zoom.create(zoom.connect())
    assert (refused.status_code, refused.json()["code"]) == (400, 3161)


def test_a_token_speaks_for_its_own_user_alone(zoom: Driver, nora: Tokens) -> None:
    other = zoom.http.get(f"/v2/users/{JONAS}", headers=nora.headers)
    assert (other.status_code, other.json()["code"]) == (404, 1001)
    made = zoom.http.post(f"/v2/users/{JONAS}/meetings", headers=nora.headers, json={})
    assert (made.status_code, made.json()["code"]) == (404, 1001)
    scheduled = zoom.create(nora, schedule_for="jonas.weber@nordlicht.example")
    assert (scheduled.status_code, scheduled.json()["code"]) == (400, 3000)


def test_an_occurrence_of_a_single_meeting_cannot_be_deleted(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    refused = zoom.http.delete(f"/v2/meetings/{made['id']}", params={"occurrence_id": "1"}, headers=nora.headers)
    assert (refused.status_code, refused.json()["code"]) == (400, 300)
    assert len(zoom.alive()) == 1


def test_other_endpoints_are_refused_and_show_in_the_log(zoom: Driver, nora: Tokens) -> None:
    answer = zoom.http.get("/v2/meetings/1/recordings", headers=nora.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, 2300)
    assert zoom.truth()["calls"][-1]["operation"] == "other"
