import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from treff.kernel import clock

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_now_is_an_instant_in_utc_near_the_machines_clock() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_time_stands_still_within_the_block_and_goes_on_after_it() -> None:
    with clock.at(NOON):
        assert clock.now() == NOON
        with clock.at(NOON + timedelta(hours=1)):
            assert clock.now() == NOON + timedelta(hours=1)
        assert clock.now() == NOON
    assert clock.now() != NOON


def test_an_instant_of_any_zone_comes_back_in_utc() -> None:
    with clock.at(datetime(2026, 12, 1, 13, tzinfo=timezone(timedelta(hours=1)))):
        assert (clock.now(), clock.now().tzinfo) == (NOON, UTC)


def test_time_goes_on_after_a_block_that_failed() -> None:
    with pytest.raises(RuntimeError), clock.at(NOON):
        raise RuntimeError
    assert clock.now() != NOON


def test_another_thread_keeps_its_own_time() -> None:
    seen: list[datetime] = []
    with clock.at(NOON):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != NOON


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"), clock.at(naive):
        pass


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_was_set_wrong_goes_by_another_one_until_it_agrees_again(
    hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_now = datetime.now

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return true_now(UTC) + timedelta(hours=hours)

    with monkeypatch.context() as wrong:
        wrong.setattr(clock, "datetime", Wrong)
        assert abs(clock.now() - true_now(UTC)) > timedelta(minutes=59)
        assert clock.follow(true_now(UTC)) == pytest.approx(timedelta(hours=-hours), abs=timedelta(seconds=1))
        assert abs(clock.now() - true_now(UTC)) < timedelta(seconds=1)
    clock.follow(true_now(UTC))
    assert abs(clock.now() - true_now(UTC)) < timedelta(seconds=1)


def test_a_difference_that_the_way_explains_moves_nothing() -> None:
    before = clock.now()
    clock.follow(datetime.now(UTC) - timedelta(milliseconds=200))
    assert clock.now() >= before
