"""Few at a desk, many in hand: nobody is forgotten, nobody waits for ever, and who is away takes no place."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.crowd import PATIENCE
from treff.kernel.desks import Desks

LONG = PATIENCE


class Room:
    """Threads that take desks; what they do is noted in its order."""

    def __init__(self, count: int, patience: float = LONG) -> None:
        self.desks = Desks(count, patience)
        self.deeds: list[str] = []
        self.threads: list[threading.Thread] = []

    def enter(self, name: str, work: Callable[[], object] = lambda: None) -> threading.Thread:
        def be_there() -> None:
            with self.desks.at_one():
                self.deeds.append(name)
                work()

        thread = threading.Thread(target=be_there, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def await_deed(self, name: str) -> None:
        self.until(lambda: name in self.deeds, f"{name} among {self.deeds}")

    def await_waiting(self, count: int) -> None:
        self.until(lambda: len(self.desks._arriving) + len(self.desks._returning) == count, f"{count} who wait")

    def until(self, look: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not look():
            assert time.monotonic() < deadline, what
            time.sleep(0.001)

    def end(self) -> None:
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_more_are_at_work_than_there_are_desks_and_everybody_gets_one(count: int) -> None:
    room, at_work, most, lock = Room(count), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal at_work, most
        for _ in range(3):
            with lock:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.001)
            with lock:
                at_work -= 1
            with room.desks.away():
                time.sleep(0.001)

    for number in range(20):
        room.enter(f"{number}", work)
    room.end()
    assert (most, len(room.deeds)) == (count, 20)


def test_who_came_first_goes_first_and_who_comes_back_before_them() -> None:
    room, answer, end = Room(1), threading.Event(), threading.Event()

    def ask() -> None:
        with room.desks.away():
            answer.wait(PATIENCE)
        room.deeds.append("asker is back")

    room.enter("asker", ask)
    room.await_deed("asker")
    room.enter("holder", lambda: end.wait(PATIENCE))
    room.await_deed("holder")
    for number in range(3):
        room.enter(f"{number}")
        room.await_waiting(number + 1)
    answer.set()
    room.await_waiting(4)
    end.set()
    room.end()
    assert room.deeds == ["asker", "holder", "asker is back", "0", "1", "2"]


def test_who_is_held_up_at_a_desk_holds_up_others_for_a_moment_only() -> None:
    room, end = Room(1, patience=0.05), threading.Event()
    room.enter("stuck", lambda: end.wait(PATIENCE))
    room.await_deed("stuck")
    for number in range(5):
        room.enter(f"{number}")
        room.await_deed(f"{number}")
    end.set()
    room.end()
    assert room.desks._free == 1


def test_desks_that_were_taken_beyond_their_count_are_counted_back() -> None:
    """Two went on without a desk; when all have left, one is free and not three."""
    room, ends = Room(1, patience=0.05), [threading.Event() for _ in range(3)]
    for number, end in enumerate(ends):
        room.enter(f"{number}", lambda end=end: end.wait(PATIENCE))  # type: ignore[misc]
        room.await_deed(f"{number}")
    for end in ends:
        end.set()
    room.end()
    assert room.desks._free == 1


def test_a_desk_is_free_again_after_an_error_here_and_after_one_while_away() -> None:
    desks = Desks(1)
    with pytest.raises(ValueError, match="here"), desks.at_one():
        raise ValueError("here")
    with pytest.raises(ValueError, match="there"), desks.at_one(), desks.away():
        raise ValueError("there")
    assert desks._free == 1


def test_who_is_away_already_leaves_no_second_desk() -> None:
    desks = Desks(1)
    with desks.at_one():
        with desks.away(), desks.away():
            assert desks._free == 1
        assert desks._free == 0
        with desks.away():
            assert desks._free == 1
    assert desks._free == 1


def test_who_has_no_desk_leaves_none() -> None:
    """A web process, a command, a sweep: they wait for providers, too."""
    desks = Desks(1)
    with ExitStack() as waiting:
        for _ in range(3):
            waiting.enter_context(desks.away())
        assert desks._free == 1
    assert desks._free == 1
