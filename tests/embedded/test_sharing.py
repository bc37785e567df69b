"""Coming and going: the first starts the server, the last stops it."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.embedded.users import SOURCE, User, ask, extend_path, identify, tell
from tests.processes import find_living
from treff import embedded


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
