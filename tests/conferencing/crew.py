"""Processes that need one grant's token, on several hosts, as tests use them; what they run is refreshers.py.

A host is a data directory: that is where the spool lives, and all that processes of one host share but the database.
"""

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import treff
from tests.simulators.zoom.driver import APP
from treff.kernel.secrets import Secret

PATIENCE = 60.0  # seconds
PLACES = (Path(treff.__file__).parents[1], Path(__file__).parents[2])


@dataclass(frozen=True)
class Outcome:
    """A token (its digest) and its version; or the name of an error; or the number of the signal that ended it."""

    token: str = ""
    version: int = 0
    error: str = ""
    signal: int = 0


def digest(token: Secret) -> str:
    return hashlib.sha256(token.reveal().encode()).hexdigest()


class Crew:
    """Started with the tests' keys and database, and with the Zoom at `zoom_url`."""

    def __init__(self, zoom_url: str, place: Path) -> None:
        """`place`: a directory for keys and log."""
        shutil.copytree(Path("var/keys").resolve(), place / "keys")
        self.log = place / "log"
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, PLACES)),
            "DJANGO_SETTINGS_MODULE": "treff.settings",
            "TREFF_DATA_DIR": str(place),
            "TREFF_ZOOM_CLIENT_ID": APP.client_id,
            "TREFF_ZOOM_CLIENT_SECRET": APP.client_secret,
            "TREFF_ZOOM_OAUTH_URL": zoom_url,
            "TREFF_ZOOM_API_URL": f"{zoom_url}/v2",
        }
        with self.log.open("wb") as log:
            self._parent = subprocess.Popen(
                (sys.executable, "-m", "tests.conferencing.refreshers"),
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def start(self, *hosts: Path) -> list[int]:
        """A process on each of these hosts, which may be named more than once; their numbers."""
        numbers: list[int] = self._tell({"start": [str(host) for host in hosts]}, PATIENCE)
        return numbers

    def ask(
        self,
        numbers: Sequence[int],
        grant_id: int,
        at: datetime | None = None,
        patience: float = PATIENCE,
        **order: Any,
    ) -> list[Outcome]:
        """Let these call grants.access_token at the same moment, `at` by their clocks; what came of it, in their order.

        `order`: refused_version, disk_full, dies_in, loses_database_in (see refreshers.py). Raises TimeoutError when
        one has no answer within `patience` seconds; nobody can be asked any more then.
        """
        order |= {"grant_id": grant_id, "at": at.isoformat() if at else None}
        return [Outcome(**outcome) for outcome in self._tell({"ask": numbers, "order": order}, patience)]

    def end(self) -> None:
        """All of them at once, whatever they are waiting for."""
        os.killpg(self._parent.pid, signal.SIGKILL)
        self._parent.communicate()

    def _tell(self, what: dict[str, object], patience: float) -> Any:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{json.dumps(what)}\n")
        self._parent.stdin.flush()
        if not select.select([self._parent.stdout], [], [], patience)[0]:
            raise TimeoutError(f"no answer within {patience:.0f} s: {self.log.read_text()}")
        answer = self._parent.stdout.readline()
        assert answer, self.log.read_text()
        return json.loads(answer)
