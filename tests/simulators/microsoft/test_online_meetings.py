from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.simulators.microsoft.driver import AMELIA, JONAS, LENA, NORA, Driver, Tokens

TIMES = {"startDateTime": "2031-06-02T10:00:00+02:00", "endDateTime": "2031-06-02T08:45:00Z"}
PATH = "me/onlineMeetings"


def patch(microsoft: Driver, tokens: Tokens, meeting_id: str, **body: object) -> tuple[int, dict[str, object]]:
    answer = microsoft.http.patch(f"/v1.0/{PATH}/{meeting_id}", headers=tokens.headers, json=body)
    return answer.status_code, answer.json()


def test_a_meeting_stands_in_no_calendar_and_mails_nobody(microsoft: Driver, nora: Tokens) -> None:
    answer = microsoft.post(nora, PATH, subject="Solar", **TIMES)
    meeting = answer.json()
    assert answer.status_code == 201
    assert (meeting["startDateTime"], meeting["endDateTime"]) == (
        "2031-06-02T08:00:00.0000000Z",
        "2031-06-02T08:45:00.0000000Z",
    )
    assert meeting["joinWebUrl"].startswith(f"{microsoft.url}/l/meetup-join/19%3ameeting_")
    assert meeting["participants"]["organizer"]["identity"]["user"]["id"] == NORA
    assert (microsoft.alive(), microsoft.mails()) == ([], [])
    assert microsoft.get(nora, f"{PATH}/{meeting['id']}").json() == meeting


def test_create_or_get_gives_the_meeting_of_that_external_id_to_each_user_her_own(
    microsoft: Driver, nora: Tokens
) -> None:
    first = microsoft.post(nora, f"{PATH}/createOrGet", externalId="e-1", subject="Solar", **TIMES)
    again = microsoft.post(nora, f"{PATH}/createOrGet", externalId="e-1", subject="Ignored")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = microsoft.post(microsoft.connect(AMELIA), f"{PATH}/createOrGet", externalId="e-1")
    assert other.status_code == 201
    assert len(microsoft.alive("meetings")) == 2


def test_create_or_get_from_several_at_once_makes_one_meeting(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "delay", seconds=0.2, times=None)
    with ThreadPoolExecutor(6) as callers:
        calls = [callers.submit(microsoft.post, nora, f"{PATH}/createOrGet", externalId="e-1") for _ in range(4)]
    answers = [call.result() for call in calls]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["joinWebUrl"] for answer in answers}) == 1


def test_the_times_default_to_now_and_an_hour(microsoft: Driver) -> None:
    microsoft.control("clock", now="2030-05-01T12:00:00Z")
    nora = microsoft.connect()
    meeting = microsoft.post(nora, f"{PATH}/createOrGet", externalId="e-1").json()
    assert meeting["startDateTime"].startswith("2030-05-01T12:00:0")
    assert meeting["endDateTime"].startswith("2030-05-01T13:00:0")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"externalId": ""},
        {"externalId": "e", "endDateTime": TIMES["endDateTime"]},
        {"externalId": "e", "startDateTime": "2031-06-02T09:00:00Z", "endDateTime": "2031-06-02T08:00:00Z"},
        {"externalId": "e", "startDateTime": "soon"},
        {"externalId": "e", "subject": 7},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(microsoft: Driver, nora: Tokens, body: dict[str, object]) -> None:
    refused = microsoft.post(nora, f"{PATH}/createOrGet", **body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
    assert microsoft.alive("meetings") == []


def test_start_and_end_are_moved_together_or_not_at_all(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.post(nora, PATH, subject="Solar", **TIMES).json()
    for alone in ("startDateTime", "endDateTime"):
        assert patch(microsoft, nora, made["id"], **{alone: TIMES[alone]})[0] == 400
    status, changed = patch(
        microsoft, nora, made["id"], startDateTime="2031-06-03T08:00:00Z", endDateTime="2031-06-03T09:00:00Z"
    )
    assert status == 200
    assert changed["startDateTime"] == "2031-06-03T08:00:00.0000000Z"
    assert (changed["joinWebUrl"], changed["subject"]) == (made["joinWebUrl"], "Solar")
    assert patch(microsoft, nora, made["id"], subject="Wind")[1]["subject"] == "Wind"


def test_a_lobby_setting_keeps_the_others(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.post(nora, PATH, lobbyBypassSettings={"scope": "everyone"}).json()
    assert made["lobbyBypassSettings"] == {"scope": "everyone", "isDialInBypassEnabled": False}


def test_a_passcode_is_made_up_where_one_is_required(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.post(nora, PATH, joinMeetingIdSettings={"isPasscodeRequired": True}).json()
    assert made["joinMeetingIdSettings"]["passcode"] in microsoft.http.get("/_control/secrets").json()["passwords"]
    assert microsoft.post(nora, PATH).json()["joinMeetingIdSettings"]["passcode"] is None


def test_a_deleted_meeting_is_gone_and_its_external_id_free(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.post(nora, f"{PATH}/createOrGet", externalId="e-1").json()
    answer = microsoft.http.delete(f"/v1.0/{PATH}/{made['id']}", headers=nora.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert microsoft.get(nora, f"{PATH}/{made['id']}").status_code == 404
    assert patch(microsoft, nora, made["id"], subject="x")[0] == 404
    assert microsoft.post(nora, f"{PATH}/createOrGet", externalId="e-1").json()["id"] != made["id"]


def test_another_users_meeting_looks_missing(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.post(nora, PATH).json()
    assert microsoft.get(microsoft.connect(AMELIA), f"{PATH}/{made['id']}").status_code == 404


@pytest.mark.parametrize("user_id", [LENA, JONAS])
def test_personal_accounts_and_those_without_a_licence_are_refused(microsoft: Driver, user_id: str) -> None:
    refused = microsoft.post(microsoft.connect(user_id), PATH)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")


def test_the_scope_is_needed(microsoft: Driver) -> None:
    tokens = microsoft.connect(scope="Calendars.ReadWrite")
    assert microsoft.post(tokens, PATH).status_code == 403
    assert microsoft.create(tokens).status_code == 201
