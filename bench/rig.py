"""What is measured: web with two processes and one worker on a fresh embedded database, Zoom with 200 ms latency."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import httpx2

from treff import embedded
from treff.kernel import clock
from treff.management.processes import Company, free_port

ZOOM_SECONDS = 0.2
WORKER_THREADS = 32
HOSTS = 8
SLUG, ZOOM_USER = "bench", "nB7rQ2wXTkuZ0raBrandtA"  # of the simulator
_CONNECT = """
import sys, django; django.setup()
from urllib.parse import parse_qsl, urlsplit
import httpx2
from treff.conferencing import actions, consent
from treff.kernel.secrets import Secret
from treff.workspaces.models import Member
from treff.workspaces.queries import scope_of
zoom_url, redirect_uri, zoom_user = sys.argv[1:]
owner = Member.objects.select_related("workspace", "user").get(role="owner")
browser = consent.Browser(owner.user, "bench")
url = consent.start_connecting(scope_of(owner), "zoom", browser, redirect_uri)
asked = dict(parse_qsl(urlsplit(url).query))
order = {key: asked[key] for key in ("redirect_uri", "code_challenge", "state")} | {"user_id": zoom_user}
code = httpx2.post(zoom_url + "/_control/authorize", json=order).json()["code"]
actions.finish_connecting(consent.take_flow("zoom", Secret(asked["state"]), browser), Secret(code), redirect_uri)
"""


class Rig:
    """The running product with one workspace of eight hosts and a connected account."""

    def __init__(self, company: Company, place: Path, database_url: str) -> None:
        self._company, self._slots = company, itertools.count(1)
        self._first = (clock.now() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
        self.url = f"http://127.0.0.1:{free_port(8400)}"
        callback = f"{self.url}/integrations/zoom/callback"
        zoom = company.start(
            "zoom",
            [
                *("-m", "simulators.zoom", "--port", "0", "--client-id", "bench", "--client-secret", "bench"),
                *("--webhook-secret", "bench", "--redirect-uri", callback),
            ],
            {},
        )
        mailbox = company.start("mailbox", ["-m", "simulators.mailbox", "--port", "0", "--smtp-port", "0"], {})
        (self.zoom_url,) = company.ready_line(zoom)
        smtp_url, _mailbox_url = company.ready_line(mailbox)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "treff.settings",
            "TREFF_DATABASE_URL": database_url,
            "TREFF_DATA_DIR": str(place),
            "TREFF_BASE_URL": self.url,
            "TREFF_EMAIL_URL": smtp_url,
            "TREFF_ZOOM_CLIENT_ID": "bench",
            "TREFF_ZOOM_CLIENT_SECRET": "bench",
            "TREFF_ZOOM_WEBHOOK_SECRET": "bench",
            "TREFF_ZOOM_OAUTH_URL": self.zoom_url,
            "TREFF_ZOOM_API_URL": f"{self.zoom_url}/v2",
        }
        self.treff("migrate")
        self.treff("workspace", "create", SLUG, "--name", "Bench", "--owner-email", "owner@bench.example")
        for number in range(HOSTS):
            self.treff("member", "add", SLUG, "--email", f"rep{number}@bench.example", "--role", "rep")
        self.key = self.treff("api-key", "create", "--workspace", SLUG, "--role", "admin").strip()
        _run("-c", _CONNECT, self.zoom_url, callback, ZOOM_USER)
        self.control("limits", {"daily": 10**9, "qps": None})
        port = self.url.rpartition(":")[2]
        self.web = company.start("web", ["-m", "treff.cli", "serve", "--port", port, "--processes", "2"], {})
        company.await_address(f"{self.url}/readyz")
        self.start_worker()
        with self.client() as client:
            members = client.get("/members").raise_for_status().json()
        self.hosts = [member["id"] for member in members if member["role"] == "rep"]
        django.setup()  # to look into the database ourselves

    def treff(self, *command: str) -> str:
        return _run("-m", "treff.cli", *command)

    def start_worker(self) -> None:
        command = ["-m", "bench.generous", str(WORKER_THREADS)]
        self._worker = self._company.start("worker", command, {})

    def stop_worker(self) -> None:
        self._worker.send_signal(signal.SIGTERM)
        self._worker.wait(120)

    def client(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx2.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60)

    def order(self, host: int = 0) -> dict[str, Any]:
        """A booking of a free half hour of that host."""
        number = next(self._slots)
        start_at = self._first + timedelta(minutes=30 * number)
        return {
            "lead": {"name": f"Lead {number}", "email": f"lead{number % 50}@customer.example"},
            "start": start_at.isoformat(),
            "duration_minutes": 30,
            "title": f"Booking {number}",
            "host_id": self.hosts[host % len(self.hosts)],
            "provider": "zoom",
        }

    def control(self, what: str, order: object = None, method: str = "") -> Any:
        url = f"{self.zoom_url}/_control/{what}"
        answer = httpx2.request(method or ("GET" if order is None else "POST"), url, json=order, timeout=60)
        return answer.raise_for_status().json() if answer.content else None

    @contextmanager
    def zoom_that(self, kind: str, **values: object) -> Iterator[None]:
        """Zoom misbehaves within the block."""
        self.control("faults", {"operation": "*", "kind": kind, "times": None, **values})
        try:
            yield
        finally:
            self.control("faults", method="DELETE")


@contextmanager
def running() -> Iterator[Rig]:
    """The rig, and nothing of it afterwards."""
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="treff-bench-"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        place.chmod(0o755)  # the database's own account must get in
        server = stack.enter_context(embedded.start(embedded.data_dir_for(place / "postgres")[0]))
        company = Company(place / "logs")
        stack.callback(company.stop)
        yield Rig(company, place, server.url)


def together(count: int, work: Any) -> None:
    """`work(number)` in so many threads, until all have ended."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _run(*command: str) -> str:
    done = subprocess.run((sys.executable, *command), capture_output=True, text=True, check=False)  # noqa: S603  our own
    if done.returncode != 0:
        raise SystemExit(f"{command[:4]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
