"""The n-th operation of a kind fails: a statement or commit, a request to Zoom, a touch of a file."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import OperationalError, connections

from tests.ports import free_port
from tests.simulators.zoom.driver import Driver
from treff.outbound import http
from treff.providers.zoom import client


@dataclass
class Outage:
    """The operation with this number fails; if it is `lasting`, every later one too."""

    number: int
    lasting: bool
    count: int = 0

    def strikes(self) -> bool:
        """Asked before each operation."""
        self.count += 1
        return self.count == self.number or (self.lasting and self.struck)

    @property
    def struck(self) -> bool:
        return self.count >= self.number


Trouble = Callable[[Outage, Driver], AbstractContextManager[None]]


@contextmanager
def database(outage: Outage, _zoom: Driver, *, heard: bool) -> Iterator[None]:
    """Statements (savepoints too) and commits of this thread; `heard`: it is done, and only its reply is lost."""
    database = connections["default"]
    commit = database._commit

    def operate(done: Callable[..., Any], *arguments: Any) -> Any:
        if not outage.strikes():
            return done(*arguments)
        if heard:
            done(*arguments)
        raise OperationalError("the connection is lost")

    with database.execute_wrapper(operate), patch.object(database, "_commit", partial(operate, commit)):
        yield


@contextmanager
def zoom(outage: Outage, zoom: Driver, *, fault: str) -> Iterator[None]:
    """Requests to Zoom. `fault` is one of the simulator's; without one they do not even get there."""
    nowhere = f"http://127.0.0.1:{free_port()}/"

    def send(request: http.Request) -> http.Answer:
        if not outage.strikes():
            return http.send(request)
        if not fault:
            return http.send(replace(request, url=nowhere))
        zoom.fault("*", fault)
        return http.send(request)

    with patch.object(client, "send", send):
        yield


@contextmanager
def files(outage: Outage, _zoom: Driver) -> Iterator[None]:
    """What the journal and the spool ask of the file system."""
    with ExitStack() as stack:
        for name in ("mkdir", "open", "rename", "unlink", "read_text", "iterdir"):
            stack.enter_context(patch.object(Path, name, _unless_struck(outage, getattr(Path, name))))
        stack.enter_context(patch.object(os, "fsync", _unless_struck(outage, os.fsync)))
        yield


def _unless_struck(outage: Outage, touch: Callable[..., Any]) -> Callable[..., Any]:
    def touched(what: object, *arguments: Any, **options: Any) -> Any:
        ours = not isinstance(what, Path) or what.is_relative_to(settings.TREFF_DATA_DIR)
        if ours and outage.strikes():
            raise OSError(errno.EIO, "the disk fails")
        return touch(what, *arguments, **options)

    return touched


TROUBLES: dict[str, dict[str, Trouble]] = {
    "the database": {
        "does not get it": partial(database, heard=False),
        "replies, unheard": partial(database, heard=True),
    },
    "Zoom": {
        "does not get it": partial(zoom, fault=""),
        "does nothing and is silent": partial(zoom, fault="reset"),
        "acts and is silent": partial(zoom, fault="act_then_reset"),
    },
    "the disk": {"fails": files},
}
