"""The product with the demo's data, always at the same time: for pictures that change only when a page does.

Web and database are real, Zoom and the mailbox simulated; there is no worker, so what it would do is done here once.
"""

import importlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
import httpx2

from simulators.mailbox.server import serve_in_thread as serve_mailbox
from simulators.zoom.config import App
from simulators.zoom.config import Config as ZoomConfig
from simulators.zoom.server import serve_in_thread as serve_zoom
from treff import embedded
from treff.kernel import clock
from treff.management.processes import free_port

AT = datetime(2026, 11, 24, 8, 20, tzinfo=UTC)  # a Tuesday, twenty past nine in Berlin
PORT = 8870  # addresses of booking pages stand in pictures


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads along."""


class Stage:
    """Where the product stands."""

    def __init__(self, url: str, zoom_url: str) -> None:
        self.url, self.zoom_url = url, zoom_url

    def set_time(self) -> None:
        """It is that time again: seconds that pass while pictures are taken do not add up."""
        clock.follow(AT)


@contextmanager
def standing() -> Iterator[Stage]:
    """The product, with sample data; nothing of it is left afterwards."""
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="treff-pictures-"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        place.chmod(0o755)  # the database's own account must get in
        server = stack.enter_context(embedded.start(embedded.data_dir_for(place / "postgres")[0]))
        url = f"http://127.0.0.1:{free_port(PORT)}"
        app = App(redirect_uris=(f"{url}/integrations/zoom/callback",))
        zoom = stack.enter_context(serve_zoom(ZoomConfig(app=app, join_base="https://us05web.zoom.us")))
        mailbox = stack.enter_context(serve_mailbox())
        os.environ |= _settings(url, zoom.url, app, mailbox.smtp_url)
        os.environ |= {"TREFF_DATABASE_URL": server.url, "TREFF_DATA_DIR": str(place)}
        stack.callback(clock.follow, datetime.now(UTC))
        django.setup()
        stage = Stage(url, zoom.url)
        stage.set_time()
        importlib.import_module("treff.management.database").migrate(verbosity=0)
        _seed(stage)
        _serve(stack, int(url.rpartition(":")[2]))
        yield stage


def _settings(url: str, zoom_url: str, app: App, smtp_url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "treff.settings",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # the browser's driver keeps an event loop in this thread
        "TREFF_BASE_URL": url,
        "TREFF_EMAIL_URL": smtp_url,
        "TREFF_EMAIL_FROM": "termine@treff.example",
        "TREFF_DEMO": "{}",  # no banner, no sign-ins; but the page of the design is there
        "TREFF_SUPPORT_EMAIL": "hilfe@treff.example",
        "TREFF_OPERATOR_NAME": "Nordlicht Solar GmbH",
        "TREFF_OPERATOR_ADDRESS": "Hafenstraße 1, 20457 Hamburg",
        "TREFF_ZOOM_CLIENT_ID": app.client_id,
        "TREFF_ZOOM_CLIENT_SECRET": app.client_secret,
        "TREFF_ZOOM_WEBHOOK_SECRET": app.webhook_secret,
        "TREFF_ZOOM_OAUTH_URL": zoom_url,
        "TREFF_ZOOM_API_URL": f"{zoom_url}/v2",
        "TREFF_ATTENDEE_API_KEY": "of-nobody",  # there are recording bots, and no page speaks to them
    }


def _seed(stage: Stage) -> None:
    """The demo's weeks before and after, as its worker leaves them."""
    world = importlib.import_module("treff.management.demo_world")
    reconcile = importlib.import_module("treff.conferencing.reconcile")
    mail = importlib.import_module("treff.mail.actions")
    models = importlib.import_module("treff.appointments.models")
    world.seed_past(stage.zoom_url, stage.url, password=importlib.import_module("treff.management.demo").PASSWORD)
    httpx2.post(f"{stage.zoom_url}/_control/clock", json={"now": AT.isoformat()}).raise_for_status()
    world.seed_future()
    for row in models.Appointment.objects.filter(start_at__gt=AT).order_by("start_at"):
        if row.status == "booked":
            reconcile.look(row.pk)
        mail.tell(row.pk)


def _serve(stack: ExitStack, port: int) -> None:
    application: Any = importlib.import_module("treff.wsgi").application
    server = _Server(("127.0.0.1", port), _Quiet)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, name="web", daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
