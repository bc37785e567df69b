"""The server process of a trial database: made, launched, seen to be ready, halted. Callers hold the turn."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict

from treff.embedded import locks
from treff.embedded.errors import EmbeddedError
from treff.embedded.places import (
    VERSION,
    Account,
    House,
    furnish_socket_dir,
    hand_over,
    locate_socket_dir,
    locate_software,
)

Durability = Literal["on", "off"]

ROLE = "treff"  # owns the database of the same name, may create others, is no superuser
SUPERUSER = "postgres"
PORT = 5432  # only names the socket; nothing listens on TCP
LONGEST_LOG = 4 * 1024 * 1024  # bytes
MAKING_PATIENCE = 60.0  # seconds
READY_PATIENCE = 120.0  # seconds; a recovery after a crash may take its time
BURYING_PATIENCE = 1.0  # seconds
STOPPING = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))  # fast shutdown, then immediate; seconds for each

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # the application's secrets stay out
MAKING = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions")
STATEMENTS = (f"CREATE ROLE {ROLE} LOGIN CREATEDB", f"CREATE DATABASE {ROLE} OWNER {ROLE}")
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "io_method": "sync",  # no processes for reading ahead: the data is small
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # details and statements hold people's data, and the log is kept
    "log_min_error_statement": "panic",
}
FLEETING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Detached(subprocess.Popen[bytes]):
    """A process that may outlive us, which is nothing to warn about."""

    def __del__(self) -> None:
        """Deliberately not Popen's, which warns of a process still running."""


_detached: dict[Path, list[Detached]] = {}


class Identity(TypedDict, total=False):
    """What `subprocess` must be told to change the user."""

    user: int
    group: int
    extra_groups: list[int]


class Postmaster(NamedTuple):
    """A server process that accepts connections on its socket just now."""

    pid: int
    socket_dir: Path
    is_ready: bool


def make_cluster(house: House, account: Account, durability: Durability) -> None:
    """Make the cluster with its role and database; it gets its name only when complete, so a kill leaves no half one.

    UTF-8, and the built-in locale, which sorts and folds alike on every system. Only root and the account get in, as
    the kernel vouches for them (peer), over the socket. The programs that make it inherit the server's lock: if this
    process is killed they go on for a moment, and the next one waits for them before it begins anew.
    """
    programs = locate_software(house, account) / "bin"
    part = house.root / "cluster.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    hand_over(part, account)
    files = {
        part / "pg_hba.conf": "local all all peer map=treff\n",
        part / "pg_ident.conf": "".join(f'treff "{name}" all\n' for name in {account.name, "root"}),
    }
    initdb: list[str | Path] = [programs / "initdb", "-D", part, "-U", SUPERUSER, *MAKING]
    single: list[str | Path] = [programs / "postgres", "--single", "-D", part, f"-cfsync={durability}"]
    making = locks.open_lock(house, "server")
    try:
        if not locks.try_lock(making):
            raise EmbeddedError(f"The database in {house.root} is being made by somebody else.")
        run([*initdb, *(["--no-sync"] if durability == "off" else [])], account, making)
        for path, text in files.items():
            path.write_text(text)
        run([*single, "-cexit_on_error=on", "postgres"], account, making, "".join(f"{line};\n" for line in STATEMENTS))
    finally:
        os.close(making)
    part.rename(house.cluster)
    if durability == "on":
        for path in (*(house.cluster / path.name for path in files), house.root):
            _sync(path)


def launch(house: House, account: Account, durability: Durability) -> Postmaster:
    """Launch the server, which nobody runs, detached from this process; return when it is ready. Raises EmbeddedError.

    1. Clear away what a dead one left; refuse if there is one that was started without us.
    2. Let the server inherit the locked descriptor that says it lives.
    3. Wait for it; if it dies instead, say why.
    """
    version = (house.cluster / "PG_VERSION").read_text().strip()
    if version != str(VERSION):
        raise EmbeddedError(f"The database in {house.root} is of PostgreSQL {version}; this treff brings {VERSION}.")
    software, socket_dir = locate_software(house, account), furnish_socket_dir(house, account)
    _clear_remains(house, socket_dir)
    settings = {**SETTINGS, "unix_socket_directories": '"' + str(socket_dir).replace('"', '""') + '"'}
    settings |= FLEETING if durability == "off" else {}
    command: list[str | Path] = [software / "bin" / "postgres", "-D", house.cluster]
    command += [f"-c{name}={value}" for name, value in settings.items()]
    if house.log.exists() and house.log.stat().st_size > LONGEST_LOG:
        house.log.rename(house.log.with_suffix(".log.1"))
    log = os.open(house.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    alive = locks.open_lock(house, "server")
    try:
        hand_over(house.log, account)
        written = os.fstat(log).st_size
        if not locks.try_lock(alive):
            raise EmbeddedError(f"The database in {house.root} is being started by somebody else.")
        detach(house, command, alive, account, log)
    finally:
        os.close(alive)
        os.close(log)
    postmaster = await_ready(house)
    if postmaster is None:
        with house.log.open("rb") as file:
            file.seek(written)
            complaint = file.read().decode(errors="replace")
        raise EmbeddedError(f"The database in {house.root} did not start: {_find_reason(complaint)}")
    return postmaster


def await_ready(house: House) -> Postmaster | None:
    """Wait until the server, whoever launched it, is ready; None if it ends instead.

    Raises EmbeddedError if it does neither within `READY_PATIENCE`.
    """
    deadline = time.monotonic() + READY_PATIENCE
    while time.monotonic() < deadline:
        postmaster = find(house)
        if postmaster is not None and postmaster.is_ready:
            return postmaster
        if not locks.is_held(house, "server"):
            return None
        time.sleep(locks.PAUSE)
    raise EmbeddedError(
        f"The database in {house.root} runs but does not get ready; {house.log} may say why. "
        "If no treff is running, end the processes named postgres there."
    )


def halt(house: House) -> bool:
    """Stop the server, say whether there was one; return when the last of its processes has gone.

    A postmaster that was killed is not signalled: its children notice by themselves. Raises EmbeddedError.
    """
    if not locks.is_held(house, "server"):
        return False
    for request, patience in STOPPING:
        deadline, is_asked = time.monotonic() + patience, False
        while time.monotonic() < deadline:
            postmaster = None if is_asked else find(house)
            if postmaster is not None:
                with suppress(ProcessLookupError):
                    os.kill(postmaster.pid, request)
                is_asked = True
            if not locks.is_held(house, "server"):
                with suppress(OSError):  # it may be in the system's temp folder; not empty after a kill
                    locate_socket_dir(house).rmdir()
                return True
            time.sleep(locks.PAUSE)
    raise EmbeddedError(f"The database in {house.root} does not stop; {house.log} may say why.")


def find(house: House) -> Postmaster | None:
    """The postmaster of this cluster, None if none accepts connections.

    Its process id is taken from its own file, and only while its socket answers, on Linux from that very process.
    """
    with suppress(OSError, ValueError):
        lines = (house.cluster / "postmaster.pid").read_text().splitlines()
        if len(lines) < 8:  # it is still writing
            return None
        pid, port, socket_dir, status = int(lines[0]), lines[3], Path(lines[4]), lines[7].strip()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(socket_dir / f".s.PGSQL.{port}"))
            if sys.platform == "linux":
                peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
                if struct.unpack("3i", peer)[0] != pid:
                    return None
        return Postmaster(pid, socket_dir, status == "ready")
    return None


def detach(house: House, command: Sequence[str | Path], inherited: int, account: Account | None, output: int) -> None:
    """Start `command` in a session of its own: no Ctrl-C reaches it, and it may outlive us."""
    process = Detached(
        command,
        cwd="/",
        env=ENVIRONMENT,
        start_new_session=True,
        pass_fds=(inherited,),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        **_identity(account),
    )
    _detached.setdefault(house.root, []).append(process)


def bury(house: House) -> None:
    """Wait for what this process detached for the house and which has ended, so that no zombie stays."""
    for process in _detached.pop(house.root, []):
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=BURYING_PATIENCE)


def run(command: Sequence[str | Path], account: Account, inherited: int, text: str = "") -> None:
    """Run one of PostgreSQL's own programs to its end, with `text` as its input. Raises EmbeddedError."""
    try:
        done = subprocess.run(  # noqa: S603  our own command
            command,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            pass_fds=(inherited,),
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=MAKING_PATIENCE,
            **_identity(account),
        )
    except subprocess.TimeoutExpired:
        raise EmbeddedError(
            f"PostgreSQL's {Path(command[0]).name} did not finish in {MAKING_PATIENCE:.0f} s."
        ) from None
    if done.returncode != 0:
        raise EmbeddedError(f"PostgreSQL could not make the database: {_find_reason(done.stdout)}")


def _identity(account: Account | None) -> Identity:
    if account is None or account.uid == os.geteuid():
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _clear_remains(house: House, socket_dir: Path) -> None:
    """Remove what a dead server left. The process id in it may be another process's by now, or a zombie's, and then
    PostgreSQL would refuse to start; it says so rightly only if that process works in the cluster.
    """
    pidfile = house.cluster / "postmaster.pid"
    with suppress(FileNotFoundError):
        pid = int(pidfile.read_text().partition("\n")[0])
        process = Path(f"/proc/{pid}")
        works_here = False
        with suppress(OSError):  # gone, a zombie, or another account's
            works_here = (process / "cwd").readlink() == house.cluster
        if works_here or find(house) is not None:
            raise EmbeddedError(
                f"The database in {house.root} is run by a server that treff has not started (process {pid}); stop it."
            )
        if process.exists():
            pidfile.unlink()
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (socket_dir / name).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _find_reason(output: str) -> str:
    """The line that tells a person most: the last complaint, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    complaints = [line for line in lines if re.search(r"\b(FATAL|PANIC|ERROR|error):", line)]
    return (complaints or lines or ["it gave no reason."])[-1]
