"""Real kills: what is picked up, stopped and kept."""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.embedded.users import User, ask, find_guardian, identify, tell
from tests.processes import await_none_living, find_living, kill_living
from treff import embedded


@pytest.mark.parametrize("request_", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_last_user_is_killed(
    data_dir: Path, join: Callable[..., User], request_: signal.Signals
) -> None:
    user = join()
    url = user.wait_until_connected()
    tell(url, "CREATE TABLE note AS SELECT 'kept' AS words")
    user.end(request_)
    await_none_living(data_dir)
    with embedded.start(data_dir, durability="off") as server:
        assert ask(server.url, "SELECT words FROM note") == "kept"


def test_killing_the_first_starter_does_not_stop_the_others(data_dir: Path, join: Callable[..., User]) -> None:
    first = join()
    server = identify(first.wait_until_connected())
    second = join()
    url = second.wait_until_connected()
    first.end(signal.SIGKILL)
    third = join()
    assert identify(third.wait_until_connected()) == server
    third.leave()
    assert identify(url) == server
    second.leave()
    assert find_living(data_dir) == []


def test_a_server_left_running_is_picked_up_again_and_guarded_anew(data_dir: Path, join: Callable[..., User]) -> None:
    user = join()
    server = identify(user.wait_until_connected())
    find_guardian(data_dir).kill()
    user.end(signal.SIGKILL)
    second = join()
    assert identify(second.wait_until_connected()) == server
    second.end(signal.SIGKILL)
    await_none_living(data_dir)


def test_an_orphan_is_stopped_on_request(data_dir: Path, join: Callable[..., User]) -> None:
    user = join()
    url = user.wait_until_connected()
    find_guardian(data_dir).kill()
    user.end(signal.SIGKILL)
    assert ask(url, "SELECT 1") == 1
    assert embedded.stop_orphan(data_dir) is True
    assert find_living(data_dir) == []
    assert embedded.stop_orphan(data_dir) is False


def suspend(guardian: psutil.Process) -> None:
    """And see it stand still: one that is just being stopped would take the lock along."""
    guardian.suspend()
    deadline = time.monotonic() + 20
    while guardian.status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_orphan_is_stopped_even_while_its_guardian_wakes(data_dir: Path, join: Callable[..., User]) -> None:
    """The guardian holds the users' lock alone for a moment then; it must not be taken for a user."""
    user = join()
    user.wait_until_connected()
    guardian = find_guardian(data_dir)
    suspend(guardian)
    user.end(signal.SIGKILL)
    with (data_dir / "locks" / "users").open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        waking = threading.Timer(0.3, lambda: (fcntl.flock(users, fcntl.LOCK_UN), guardian.resume()))
        waking.start()
        assert embedded.stop_orphan(data_dir) is True
        waking.join()
    assert find_living(data_dir) == []


def test_a_server_in_use_is_no_orphan(data_dir: Path, join: Callable[..., User]) -> None:
    url = join().wait_until_connected()
    assert embedded.stop_orphan(data_dir) is False
    assert ask(url, "SELECT 1") == 1


def test_a_place_without_a_database_has_no_orphan_and_stays_as_it_is(new_dir: Path) -> None:
    assert embedded.stop_orphan(new_dir) is False
    assert not new_dir.exists()


def test_what_was_committed_survives_a_crash_of_the_server(data_dir: Path, join: Callable[..., User]) -> None:
    user = join(durability="on")
    url = user.wait_until_connected()
    tell(url, "CREATE TABLE note AS SELECT 'kept' AS words")
    kill_living(data_dir)
    with embedded.start(data_dir) as server:
        assert ask(server.url, "SELECT words FROM note") == "kept"


def test_a_process_id_that_belongs_to_somebody_else_by_now_is_no_hindrance(data_dir: Path) -> None:
    with embedded.start(data_dir, durability="off"):
        kill_living(data_dir)
        pidfile = data_dir / "cluster" / "postmaster.pid"
        socket_lock = data_dir / "run" / ".s.PGSQL.5432.lock"
        for stale in (pidfile, socket_lock):
            lines = stale.read_text().splitlines(keepends=True)
            stale.write_text("".join((f"{os.getpid()}\n", *lines[1:])))
        with embedded.start(data_dir, durability="off") as again:
            assert ask(again.url, "SELECT 1") == 1
    assert find_living(data_dir) == []


def test_a_cluster_half_made_is_made_anew(new_dir: Path) -> None:
    part = new_dir / "cluster.part"
    part.mkdir(parents=True)
    new_dir.chmod(0o755)
    (part / "PG_VERSION").write_text("18\n")
    with embedded.start(new_dir, durability="off") as server:
        assert ask(server.url, "SELECT 1") == 1


def test_a_first_start_may_be_killed_and_repeated_at_once(new_dir: Path, join: Callable[..., User]) -> None:
    """Even while the killed one's initdb still writes."""
    first = join()
    while not (new_dir / "cluster.part" / "PG_VERSION").exists():
        assert first.process.poll() is None
    first.process.kill()
    second = join()
    assert ask(second.wait_until_connected(), "SELECT current_database()") == "treff"
    second.leave()
    assert find_living(new_dir) == []


def test_a_house_removed_and_made_anew_is_not_touched_by_the_old_guardian(
    data_dir: Path, join: Callable[..., User]
) -> None:
    old = join()
    old.wait_until_connected()
    old_guardian = find_guardian(data_dir)
    data_dir.rename(data_dir.with_name("gone"))
    new = join()
    url = new.wait_until_connected()
    old.end(signal.SIGKILL)
    old_guardian.wait(timeout=30)
    assert ask(url, "SELECT 1") == 1
