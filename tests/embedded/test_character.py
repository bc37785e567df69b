"""What the database is like that everybody gets."""

import getpass
import os
import stat
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.embedded.users import User, ask, read_postmaster_pid, tell
from tests.processes import find_living
from treff import embedded


def test_it_is_utf8_in_utc_durable_and_for_two_hundred_connections(new_dir: Path) -> None:
    with embedded.start(new_dir) as server:
        settings = ("server_encoding", "timezone", "fsync", "synchronous_commit", "full_page_writes", "max_connections")
        assert [ask(server.url, f"SHOW {name}") for name in settings] == ["UTF8", "UTC", "on", "on", "on", "200"]
        assert ask(server.url, "SELECT lower('GRÜẞE, ÆØÅ ΑΒΓ')") == "grüße, æøå αβγ"


def test_durability_is_given_up_only_on_request(data_dir: Path) -> None:
    with embedded.start(data_dir, durability="off") as server:
        settings = ("fsync", "synchronous_commit", "full_page_writes")
        assert [ask(server.url, f"SHOW {name}") for name in settings] == ["off", "off", "off"]


def test_nobody_but_the_owner_gets_at_it(data_dir: Path) -> None:
    with embedded.start(data_dir, durability="off") as server:
        for name in ("cluster", "run", "locks"):
            assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "postgres.log").stat().st_mode) == 0o600
        assert ask(server.url, "SHOW listen_addresses") == ""
        postmaster = psutil.Process(read_postmaster_pid(data_dir))
        assert postmaster.net_connections(kind="inet") == []
        assert (postmaster.username() == getpass.getuser()) == (os.geteuid() != 0)
        methods = ask(server.admin_url, "SELECT array_agg(type || ' ' || auth_method) FROM pg_hba_file_rules")
        assert methods == ["local peer"]


def test_the_application_is_no_superuser_but_may_make_databases(data_dir: Path) -> None:
    with embedded.start(data_dir, durability="off") as server:
        assert ask(server.url, "SELECT current_user || ' ' || current_database()") == "treff treff"
        assert ask(server.url, "SHOW is_superuser") == "off"
        tell(server.url, "CREATE DATABASE another")
        assert ask(server.admin_url, "SHOW is_superuser") == "on"


def test_the_applications_secrets_are_not_in_the_servers_environment(
    data_dir: Path, join: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREFF_SECRET_KEY", "very-secret")
    join().wait_until_connected()
    for process in find_living(data_dir):
        assert "very-secret" not in process.environ().values()
