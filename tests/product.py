"""The running product: web and worker as processes, simulators on real sockets, a database of its own.

`running_product` is started once per test worker. `product` is one test's hold on it: Django in this process looks at
the same database, faults are taken back, stopped workers are started again, additional ones stopped.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from simulators.attendee.config import Config as AttendeeConfig
from simulators.attendee.config import Project
from simulators.attendee.server import serve_in_thread as serve_attendee
from simulators.google.config import App as GoogleApp
from simulators.google.config import Config as GoogleConfig
from simulators.google.server import serve_in_thread as serve_google
from simulators.llm.config import Config as ModelConfig
from simulators.llm.server import serve_in_thread as serve_model
from simulators.mailbox.config import Config as MailboxConfig
from simulators.mailbox.server import serve_in_thread as serve_mailbox
from simulators.microsoft.config import App as MicrosoftApp
from simulators.microsoft.config import Config as MicrosoftConfig
from simulators.microsoft.server import serve_in_thread as serve_microsoft
from simulators.zoom.config import App
from simulators.zoom.config import Config as ZoomConfig
from simulators.zoom.server import Handle as RunningZoom
from simulators.zoom.server import start_in_thread as start_zoom
from tests.canaries import (
    ANSWERS,
    BOTS_KEY,
    BOTS_SECRET,
    CLIENT_SECRET,
    GOOGLE_SECRET,
    MICROSOFT_SECRET,
    MODEL_KEY,
    WEBHOOK_SECRET,
    assert_unseen,
    dump,
)
from tests.database import Databases
from tests.ports import free_port

T = TypeVar("T")
CLIENT_ID = "test-client"
OPERATOR = "operator@server.example"
PATIENCE = 20.0  # seconds


@dataclass
class Product:
    """Addresses, processes, and the simulators' controls."""

    url: str
    zoom_url: str
    mailbox_url: str
    database_url: str
    data_dir: Path
    environment: dict[str, str]
    zoom_config: ZoomConfig
    google_url: str = ""
    microsoft_url: str = ""
    attendee_url: str = ""
    model_url: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    zooms: list[RunningZoom] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)  # where in its log each process began

    def start(self, name: str, *command: str) -> None:
        """`treff COMMAND…` as a process of that name."""
        self.start_module(name, "treff.cli", *command)

    def start_module(self, name: str, module: str, *arguments: str) -> None:
        """`python -m MODULE ARGUMENTS…` as a process of that name; what it writes goes to NAME.log."""
        with (self.data_dir / f"{name}.log").open("ab") as log:
            self.began[name] = log.tell()
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], env=self.environment, stdout=log, stderr=log
            )

    def start_worker(self, name: str = "worker") -> None:
        self.start(name, "worker", "--concurrency", "8")

    def is_at_work(self, name: str) -> bool:
        """Whether the worker that was last started by that name has said that it is ready."""
        written = (self.data_dir / f"{name}.log").read_bytes()[self.began[name] :]
        return b"worker_ready" in written

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; the exit status."""
        process = self.processes.pop(name)
        process.send_signal(how)
        return process.wait(timeout=120)

    def treff(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a `treff` command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "treff.cli", *command],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.data_dir.glob("*.log")))

    def start_zoom(self) -> None:
        """At its address, with what it knew."""
        if not self.zooms:
            self.zooms.append(start_zoom(self.zoom_config))

    def stop_zoom(self) -> None:
        """Zoom is down: connections are refused."""
        while self.zooms:
            self.zooms.pop().stop()

    def zoom(self, what: str, order: dict[str, Any] | None = None) -> Any:
        """A control of the simulated Zoom."""
        return fetch(f"{self.zoom_url}/_control/{what}", order)

    def break_zoom(self, kind: str, operation: str = "*", **order: Any) -> None:
        self.zoom("faults", {"operation": operation, "kind": kind, "times": None, **order})

    def mend_zoom(self) -> None:
        fetch(f"{self.zoom_url}/_control/faults", method="DELETE")

    def google(self, what: str, order: dict[str, Any] | None = None) -> Any:
        """A control of the simulated Google."""
        return fetch(f"{self.google_url}/_control/{what}", order)

    def microsoft(self, what: str, order: dict[str, Any] | None = None) -> Any:
        """A control of the simulated Microsoft."""
        return fetch(f"{self.microsoft_url}/_control/{what}", order)

    def attendee(self, what: str, order: dict[str, Any] | None = None) -> Any:
        """A control of the simulated recording bots."""
        return fetch(f"{self.attendee_url}/_control/{what}", order)

    def meetings(self, topic: str) -> list[dict[str, Any]]:
        """What Zoom truly has under this title, dead ones too."""
        return [meeting for meeting in self.zoom("truth")["meetings"] if meeting["topic"] == topic]

    def evidence(self) -> dict[str, str]:
        """All that was shown, sent, logged and stored, to look for canaries in."""
        mails = fetch(f"{self.mailbox_url}/_control/mails")
        return {
            "answers": "\n".join(ANSWERS),
            "mails": "\n".join(mail["text"] + mail["html"] + str(mail["headers"]) for mail in mails),
            "logs": self.logs(),
            "database": dump(self.database_url),
        }

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What arrived for an address, oldest first."""
        query = urllib.parse.urlencode({"to": to})
        found: list[dict[str, Any]] = fetch(f"{self.mailbox_url}/_control/mails?{query}")
        return found


def fetch(url: str, order: dict[str, Any] | None = None, method: str | None = None) -> Any:
    """JSON in, JSON out."""
    body = None if order is None else json.dumps(order).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        raw = answer.read()
        return json.loads(raw) if raw else None


def eventually(look: Callable[[], T], what: str = "it", patience: float = PATIENCE) -> T:
    """The first true thing that `look` finds; other processes are at work, so it is waited for."""
    deadline = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience:.0f} s")
        time.sleep(0.05)


def zoom_app(base_url: str) -> App:
    """The product of this address as the simulated Zoom knows it."""
    return App(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        webhook_secret=WEBHOOK_SECRET,
        webhook_url=f"{base_url}/integrations/zoom/webhook",
        redirect_uris=(f"{base_url}/integrations/zoom/callback",),
    )


def google_config(base_url: str) -> GoogleConfig:
    """A simulated Google that knows the product of this address."""
    redirect_uri = f"{base_url}/integrations/google_meet/callback"
    return GoogleConfig(app=GoogleApp(client_id=CLIENT_ID, client_secret=GOOGLE_SECRET, redirect_uris=(redirect_uri,)))


def google_settings(google_url: str) -> dict[str, str]:
    """What the product has to know of it."""
    hosts = ("ACCOUNTS_URL", "OAUTH_URL", "OPENID_URL")
    return {
        "TREFF_GOOGLE_CLIENT_ID": CLIENT_ID,
        "TREFF_GOOGLE_CLIENT_SECRET": GOOGLE_SECRET,
        "TREFF_GOOGLE_API_URL": f"{google_url}/calendar/v3",
        **{f"TREFF_GOOGLE_{host}": google_url for host in hosts},
    }


def microsoft_config(base_url: str) -> MicrosoftConfig:
    """A simulated Microsoft that knows the product of this address."""
    callback = f"{base_url}/integrations/teams/callback"
    app = MicrosoftApp(client_id=CLIENT_ID, client_secret=MICROSOFT_SECRET, redirect_uris=(callback,))
    return MicrosoftConfig(app=app)


def microsoft_settings(microsoft_url: str) -> dict[str, str]:
    """What the product has to know of it."""
    return {
        "TREFF_MICROSOFT_CLIENT_ID": CLIENT_ID,
        "TREFF_MICROSOFT_CLIENT_SECRET": MICROSOFT_SECRET,
        "TREFF_MICROSOFT_LOGIN_URL": microsoft_url,
        "TREFF_MICROSOFT_API_URL": f"{microsoft_url}/v1.0",
    }


def attendee_config(base_url: str, zoom_url: str) -> AttendeeConfig:
    """Simulated recording bots that know the product of this address, and join meetings of that Zoom."""
    project = Project(BOTS_KEY, BOTS_SECRET, f"{base_url}/integrations/attendee/webhook")
    return AttendeeConfig(project, meeting_hosts=(zoom_url.rpartition("/")[2],))


def notes_settings(attendee_url: str, model_url: str) -> dict[str, str]:
    """What the product has to know of them and of the language model."""
    return {
        "TREFF_ATTENDEE_URL": f"{attendee_url}/api/v1",
        "TREFF_ATTENDEE_API_KEY": BOTS_KEY,
        "TREFF_ATTENDEE_WEBHOOK_SECRET": BOTS_SECRET,
        "TREFF_LLM_URL": f"{model_url}/v1",
        "TREFF_LLM_API_KEY": MODEL_KEY,
        "TREFF_LLM_MODEL": "simulated-notes",
    }


def _settings(base_url: str, data_dir: Path, database_url: str) -> dict[str, str]:
    """Of the product itself."""
    return os.environ | {
        "TREFF_DATABASE_URL": database_url,
        "TREFF_DATA_DIR": str(data_dir),
        "TREFF_BASE_URL": base_url,
        "TREFF_EMAIL_FROM": "termine@treff.example",
        "TREFF_SUPPORT_EMAIL": OPERATOR,
        "TREFF_DEMO": "{}",  # without banner and sign-ins, but with the page of the design
        "TREFF_ZOOM_CLIENT_ID": CLIENT_ID,
        "TREFF_ZOOM_CLIENT_SECRET": CLIENT_SECRET,
        "TREFF_ZOOM_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


@pytest.fixture(scope="session")
def running_product(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with ExitStack() as stack:
        data_dir = tmp_path_factory.mktemp("product")
        shutil.copytree(Path("var/keys").resolve(), data_dir / "keys")  # this process opens what the product seals
        base_url = f"http://127.0.0.1:{free_port()}"
        zoom_url = f"http://127.0.0.1:{free_port()}"
        zoom_config = ZoomConfig(
            app=zoom_app(base_url), port=int(zoom_url.rpartition(":")[2]), state_file=data_dir / "zoom.db"
        )
        google_url = stack.enter_context(serve_google(google_config(base_url))).url
        microsoft_url = stack.enter_context(serve_microsoft(microsoft_config(base_url))).url
        attendee_url = stack.enter_context(serve_attendee(attendee_config(base_url, zoom_url))).url
        model_url = stack.enter_context(serve_model(ModelConfig(api_key=MODEL_KEY))).url
        mailbox = stack.enter_context(serve_mailbox(MailboxConfig()))
        database_url = databases.clone()
        environment = (
            _settings(base_url, data_dir, database_url)
            | {
                "TREFF_EMAIL_URL": mailbox.smtp_url,
                "TREFF_ZOOM_OAUTH_URL": zoom_url,
                "TREFF_ZOOM_API_URL": f"{zoom_url}/v2",
            }
            | google_settings(google_url)
            | microsoft_settings(microsoft_url)
            | notes_settings(attendee_url, model_url)
        )
        found = Product(base_url, zoom_url, mailbox.url, database_url, data_dir, environment, zoom_config)
        found.google_url, found.microsoft_url = google_url, microsoft_url
        found.attendee_url, found.model_url = attendee_url, model_url
        stack.callback(found.stop_zoom)
        found.start_zoom()
        found.start("web", "serve", "--port", base_url.rpartition(":")[2], "--processes", "1")
        found.start_worker()
        try:
            eventually(lambda: answers(f"{base_url}/readyz"), "the web process")
            yield found
            evidence = found.evidence()
            assert_unseen(found.zoom("secrets"), evidence)
            assert_unseen(found.google("secrets"), evidence)
            assert_unseen(found.microsoft("secrets"), evidence)
            assert_unseen(found.attendee("secrets"), evidence)
            assert_unseen({"model": [MODEL_KEY]}, evidence)
        finally:
            for name in list(found.processes):
                found.stop(name)
            databases.drop(database_url)


@pytest.fixture
def product(running_product: Product, django_db_setup: None, django_db_blocker: Any) -> Iterator[Product]:
    """One test's hold on the running product."""
    default = connections["default"]
    before = dict(default.settings_dict)
    parameters = conninfo_to_dict(running_product.database_url)
    with django_db_blocker.unblock():
        default.close()
        default.settings_dict.update(NAME=parameters["dbname"])
        yield running_product
        default.close()
        default.settings_dict.update(before)
    for more in running_product.processes.keys() - {"web", "worker"}:
        running_product.stop(more)
    running_product.start_zoom()
    running_product.mend_zoom()
    simulated = (running_product.google_url, running_product.microsoft_url, running_product.mailbox_url)
    for url in (*simulated, running_product.attendee_url, running_product.model_url):
        fetch(f"{url}/_control/faults", method="DELETE")
    if "worker" not in running_product.processes:
        running_product.start_worker()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
