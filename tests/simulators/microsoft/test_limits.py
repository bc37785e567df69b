from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.simulators.microsoft.driver import AMELIA, Driver, Tokens


@pytest.mark.parametrize("limit", [4, 2])
def test_more_at_once_than_a_mailbox_has_places_are_refused(microsoft: Driver, limit: int) -> None:
    nora, amelia = microsoft.connect(), microsoft.connect(AMELIA)
    microsoft.control("limits", write_seconds=0.6, concurrent=limit)
    with ThreadPoolExecutor(7) as callers:
        calls = [callers.submit(microsoft.create, nora, subject=str(number)) for number in range(6)]
        other = callers.submit(microsoft.create, amelia)
    answers = [call.result() for call in calls]
    assert sorted(answer.status_code for answer in answers) == [201] * limit + [429] * (6 - limit)
    assert other.result().status_code == 201
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "ApplicationThrottled"
    assert refused.json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    assert refused.headers["Retry-After"] == "10"
    microsoft.control("limits", write_seconds=None)
    assert microsoft.create(nora).status_code == 201


def test_a_call_that_hangs_keeps_its_place_until_it_is_let_go(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("limits", concurrent=1)
    microsoft.fault("create", "delay", seconds=60)
    with ThreadPoolExecutor(1) as callers:
        held = callers.submit(microsoft.create, nora)
        while not microsoft.truth()["calls"][-1]["fault"]:
            assert not held.done()
        assert microsoft.get(nora, "me/events").status_code == 429
        assert microsoft.me(nora).status_code == 200
        microsoft.http.delete("/_control/faults")
    assert held.result().status_code == 201
    assert microsoft.get(nora, "me/events").status_code == 200


def test_the_requests_of_ten_minutes_are_counted_for_each_mailbox(microsoft: Driver) -> None:
    nora, amelia = microsoft.connect(), microsoft.connect(AMELIA)
    microsoft.control("limits", requests=3, retry_after=7)
    answers = [microsoft.get(nora, "me/calendar") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].headers["Retry-After"] == "7"
    assert microsoft.get(amelia, "me/calendar").status_code == 200
    microsoft.control("clock", offset_seconds=601)
    assert microsoft.get(nora, "me/calendar").status_code == 200


def test_a_refused_token_is_not_counted(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("limits", requests=1)
    assert microsoft.create(Tokens("made-up", "")).status_code == 401
    assert microsoft.create(nora).status_code == 201


def test_the_limits_go_back_to_what_holds(microsoft: Driver) -> None:
    assert microsoft.control("limits", concurrent=1, link_seconds=5)["link_seconds"] == 5
    assert microsoft.control("limits", concurrent=None, link_seconds=None) == {
        "concurrent": 4,
        "requests": 10_000,
        "retry_after": 10,
        "write_seconds": 0,
        "link_seconds": 0,
        "old_refresh_seconds": None,
    }
    assert microsoft.http.post("/_control/limits", json={"daily": 1}).status_code == 400
