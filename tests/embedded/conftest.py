"""Places for trial databases, and processes to use them."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.embedded.users import User
from tests.processes import await_none_living, kill_living
from treff import embedded


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
        await_none_living(place)  # the guardian clears up after the server, and what is copied must stand still
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
