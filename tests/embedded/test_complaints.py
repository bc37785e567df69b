"""What is refused, and in which words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.embedded.users import User, ask, read_postmaster_pid
from tests.processes import await_none_living, find_living
from treff import embedded


def test_a_file_in_the_way_is_named(new_dir: Path) -> None:
    new_dir.write_text("")
    with pytest.raises(embedded.EmbeddedError, match=f"cannot live in {new_dir}: a file is in the way"):
        embedded.start(new_dir)


def test_a_database_of_another_version_is_refused(data_dir: Path) -> None:
    with embedded.start(data_dir, durability="off"):
        pass
    (data_dir / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(embedded.EmbeddedError, match="is of PostgreSQL 15"):
        embedded.start(data_dir)
    assert find_living(data_dir) == []


def test_a_server_that_does_not_start_says_why_and_leaves_nothing(data_dir: Path) -> None:
    with embedded.start(data_dir, durability="off"):
        pass
    with (data_dir / "cluster" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(embedded.EmbeddedError, match=r"did not start: .*errors"):
        embedded.start(data_dir)
    await_none_living(data_dir)


def test_a_server_started_by_hand_is_left_alone(data_dir: Path, join: Callable[..., User]) -> None:
    user = join()
    url = user.wait_until_connected()
    (data_dir / "locks").rename(data_dir / "other-locks")  # now nothing says that it is ours
    with pytest.raises(embedded.EmbeddedError, match=rf"not started \(process {read_postmaster_pid(data_dir)}\)"):
        embedded.start(data_dir)
    assert ask(url, "SELECT 1") == 1
