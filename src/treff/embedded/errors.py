"""What the trial database says when it cannot."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EmbeddedError(Exception):
    """The trial database cannot do what was asked; the text is a sentence for the person at the keyboard."""


@contextmanager
def explain(data_dir: Path) -> Iterator[None]:
    """Turn what the operating system refused inside the block into an EmbeddedError that names the place."""
    try:
        yield
    except OSError as error:
        place = error.filename or data_dir
        sentences = {
            errno.ENOSPC: f"The disk is full: there is no space left for the database in {data_dir}.",
            errno.EDQUOT: f"The disk quota is used up: there is no space left for the database in {data_dir}.",
            errno.EROFS: f"The database cannot live in {data_dir}: that file system is read-only.",
            errno.EACCES: f"No permission for {place}, which the database in {data_dir} needs.",
            errno.EPERM: f"No permission for {place}, which the database in {data_dir} needs.",
            errno.ENOTDIR: f"The database cannot live in {data_dir}: a file is in the way.",
            errno.EEXIST: f"The database cannot live in {data_dir}: a file is in the way.",
            errno.ELOOP: f"The database in {data_dir} refuses to follow the symbolic link {place}.",
        }
        otherwise = f"The database in {data_dir} could not be handled: {error}."
        raise EmbeddedError(sentences.get(error.errno or 0, otherwise)) from error
