"""The whole product as processes, on a database that writes to disk as in production."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django

from simulators.zoom.config import App
from simulators.zoom.config import Config as ZoomConfig
from tests.embedded.conftest import make_place
from tests.ports import free_port
from tests.product import Product, answers, eventually
from treff import embedded

WORKERS = ("worker", "second")
START = 60.0  # seconds
CLIENT_ID, CLIENT_SECRET = "soak-client", "soak-client-secret"


@contextmanager
def ground() -> Iterator[Product]:
    """Runs while the block does. Django in this process has the product's settings and its database."""
    with ExitStack() as stack:
        place = stack.enter_context(make_place())
        server = stack.enter_context(embedded.start(place / "database"))
        product = _furnish(place, server.url)
        stack.callback(_stop_all, product)
        os.environ.update(product.environment)
        django.setup()
        _start_simulators(product)
        migrated = product.treff("migrate")
        if migrated.returncode != 0:
            raise RuntimeError(migrated.stderr)
        product.start("web", "serve", "--port", product.url.rpartition(":")[2], "--processes", "2")
        for name in WORKERS:
            product.start_worker(name)
        eventually(lambda: answers(f"{product.url}/readyz"), "the web server", START)
        yield product


def _furnish(place: Path, database_url: str) -> Product:
    data_dir = place / "data"
    data_dir.mkdir(mode=0o700)
    url, zoom_url, mailbox_url, smtp_url = (f"http://127.0.0.1:{free_port()}" for _ in range(4))
    app = App(CLIENT_ID, CLIENT_SECRET, redirect_uris=(f"{url}/integrations/zoom/callback",))
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "treff.settings",
        "TREFF_ENV": "development",
        "TREFF_DATABASE_URL": database_url,
        "TREFF_DATA_DIR": str(data_dir),
        "TREFF_BASE_URL": url,
        "TREFF_EMAIL_URL": smtp_url.replace("http", "smtp"),
        "TREFF_EMAIL_FROM": "termine@treff.example",
        "TREFF_ZOOM_CLIENT_ID": CLIENT_ID,
        "TREFF_ZOOM_CLIENT_SECRET": CLIENT_SECRET,
        "TREFF_ZOOM_WEBHOOK_SECRET": app.webhook_secret,
        "TREFF_ZOOM_OAUTH_URL": zoom_url,
        "TREFF_ZOOM_API_URL": f"{zoom_url}/v2",
    }
    return Product(url, zoom_url, mailbox_url, database_url, data_dir, environment, ZoomConfig(app=app))


def _start_simulators(product: Product) -> None:
    app, port = product.zoom_config.app, product.zoom_url.rpartition(":")[2]
    known = ("--client-id", app.client_id, "--client-secret", app.client_secret)
    product.start_module("zoom", "simulators.zoom", "--port", port, *known, "--redirect-uri", *app.redirect_uris)
    smtp_port = product.environment["TREFF_EMAIL_URL"].rpartition(":")[2]
    ports = ("--port", product.mailbox_url.rpartition(":")[2], "--smtp-port", smtp_port)
    product.start_module("mailbox", "simulators.mailbox", *ports)
    for url in (f"{product.zoom_url}/_control/faults", f"{product.mailbox_url}/_control/health"):
        eventually(lambda url=url: answers(url), url, START)


def _stop_all(product: Product) -> None:
    """The last one started first."""
    for name in reversed(list(product.processes)):
        product.stop(name)
