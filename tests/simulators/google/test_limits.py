from typing import Any

import pytest

from tests.simulators.google.driver import BEGINS, ENDS, EVENTS, JONAS, JONAS_EMAIL, Driver, Tokens, at, reason

USER_EXCEEDED = (403, "userRateLimitExceeded", "User Rate Limit Exceeded")
EXCEEDED = (403, "rateLimitExceeded", "Rate Limit Exceeded")
QUOTA = (403, "quotaExceeded", "Calendar usage limits exceeded.")


def invite(google: Driver, tokens: Tokens, *addresses: str, send: str = "all") -> Any:
    body = {"attendees": [{"email": address} for address in addresses], **at(BEGINS, ENDS)}
    return google.send("POST", EVENTS, tokens, body, sendUpdates=send)


def test_a_user_has_so_many_requests_a_minute_and_others_have_their_own(google: Driver, nora: Tokens) -> None:
    google.control("limits", user=2)
    jonas = google.connect(JONAS)
    answers = [google.freebusy(nora) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert reason(answers[2]) == USER_EXCEEDED
    assert answers[2].json()["error"]["errors"][0]["domain"] == "usageLimits"
    assert google.freebusy(jonas).status_code == 200


def test_the_minute_slides(google: Driver, nora: Tokens) -> None:
    google.control("limits", user=2)
    google.freebusy(nora)
    google.control("clock", offset_seconds=40)
    assert [google.freebusy(nora).status_code for _ in range(2)] == [200, 403]
    google.control("clock", offset_seconds=61)
    assert [google.freebusy(nora).status_code for _ in range(2)] == [200, 403]


def test_the_project_has_so_many_for_all_its_users(google: Driver, nora: Tokens) -> None:
    google.control("limits", project=1)
    jonas = google.connect(JONAS)
    assert google.freebusy(nora).status_code == 200
    assert reason(google.freebusy(jonas)) == EXCEEDED


def test_too_many_can_be_answered_with_429(google: Driver, nora: Tokens) -> None:
    google.control("limits", user=0, status=429)
    refused = google.insert(nora)
    assert reason(refused) == (429, *EXCEEDED[1:])
    assert "Retry-After" not in refused.headers
    assert google.alive() == []


def test_a_refused_token_costs_no_quota(google: Driver, nora: Tokens) -> None:
    google.control("limits", project=1)
    assert google.insert(Tokens("made-up")).status_code == 401
    assert google.insert(nora).status_code == 200


def test_too_many_invitations_to_outsiders_are_refused_and_change_nothing(google: Driver, nora: Tokens) -> None:
    google.control("limits", invitations=2)
    assert invite(google, nora, "a@x.example", JONAS_EMAIL, "b@x.example").status_code == 200
    assert reason(invite(google, nora, "c@x.example")) == QUOTA
    assert len(google.alive()) == 1
    assert invite(google, nora, "c@x.example", send="none").status_code == 200
    google.control("clock", offset_seconds=86400)
    assert invite(google, google.connect(), "c@x.example").status_code == 200


def test_limits_are_googles_unless_ordered(google: Driver) -> None:
    default = {"user": 600, "project": 10_000, "status": 403, "invitations": None}
    assert google.control("limits") == default
    google.control("limits", user=1, project=2, status=429, invitations=3)
    assert google.control("limits", user=None, project=None, status=None, invitations=None) == default


@pytest.mark.parametrize("bad", [{"colour": 1}, {"status": 500}, {"user": "many"}])
def test_a_limit_that_makes_no_sense_is_refused(google: Driver, bad: dict[str, Any]) -> None:
    assert google.http.post("/_control/limits", json=bad).status_code == 400
