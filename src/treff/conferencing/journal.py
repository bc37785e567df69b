"""Small files that survive what the database did not hear of: written, synced, renamed; removed after the commit.

One file a name. What is in it is the caller's: the reconciler keeps the id that a create brought, grants keep sealed
tokens that a refresh brought. https://man7.org/linux/man-pages/man2/fsync.2.html

Beside them notes, one file a day, for the case that the database forgets what it once knew: see treff/recovery.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings

from treff.kernel import clock

log = structlog.get_logger()
# Nobody restores a backup that is older, and what concerns a provider's user must be gone within ten days.
NOTES_KEPT_DAYS = 8


def write(kind: str, name: str, text: str) -> None:
    """Make it durable before returning."""
    folder = _folder(kind)
    draft = folder / f".{name}.{os.getpid()}"
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / name)
    _sync_folder(folder)


def read(kind: str, name: str) -> str | None:
    """What was written, or None."""
    try:
        return (_folder(kind) / name).read_text()
    except FileNotFoundError:
        return None


def remove(kind: str, name: str) -> None:
    (_folder(kind) / name).unlink(missing_ok=True)


def names(kind: str) -> Iterator[str]:
    """Names that are there now."""
    for path in _folder(kind).iterdir():
        if not path.name.startswith("."):
            yield path.name


def note(kind: str, text: str) -> None:
    """One more line, which is no reason to fail. Not synced: it has to outlive the database's machine, not its own."""
    if not _kept_for():
        return
    now = clock.now().astimezone(UTC)
    try:
        file = _folder(kind) / now.date().isoformat()
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as lines:
            lines.write(f"{now.isoformat()} {text}\n")
    except OSError:  # the disk is full
        log.exception("note_failed", kind=kind)


def notes(kind: str) -> Iterator[tuple[datetime, str]]:
    """When each was made, and what it says; oldest first."""
    for name in sorted(names(kind)):
        for line in (_folder(kind) / name).read_text().splitlines():
            at, _, text = line.partition(" ")
            try:
                yield clock.parse(at), text
            except ValueError:  # cut off when the machine stopped
                log.warning("note_unreadable", kind=kind, day=name)


def forget_notes(kind: str) -> None:
    """Those whose time is over."""
    newest_gone = (clock.now().astimezone(UTC) - _kept_for()).date().isoformat()
    with suppress(OSError):  # the disk is full: they go when it is not
        for name in [name for name in names(kind) if name <= newest_gone]:
            remove(kind, name)


def _kept_for() -> timedelta:
    days = settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS
    return timedelta(days=NOTES_KEPT_DAYS if days is None else min(days, NOTES_KEPT_DAYS))


def _folder(kind: str) -> Path:
    folder = Path(settings.TREFF_DATA_DIR) / kind
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
