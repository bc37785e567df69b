"""Small files that survive what the database did not hear of: written, synced, renamed; removed after the commit.

One file a name. What is in it is the caller's: the reconciler keeps the id that a create brought, grants keep sealed
tokens that a refresh brought. https://man7.org/linux/man-pages/man2/fsync.2.html
"""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings


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
