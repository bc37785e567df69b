"""The product on a database server of its own that writes to disk as in production, to crash, restart and copy."""

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from tests.embedded.conftest import make_place
from tests.embedded.users import read_postmaster_pid
from tests.product import Product, answers, eventually, free_port
from treff import embedded

PATIENCE = 30.0  # seconds


@dataclass
class Installation:
    """`place` is the database's directory."""

    product: Product
    place: Path
    server: embedded.Server

    def restart_database(self, how: signal.Signals, down: float = 0.0) -> None:
        """SIGINT: every session is ended, then it shuts down; SIGQUIT: it breaks off, and recovers when it starts.

        In between it is `down` for so many seconds.
        """
        postmaster = psutil.Process(read_postmaster_pid(self.place))
        postmaster.send_signal(how)
        postmaster.wait(PATIENCE)
        time.sleep(down)
        before, self.server = self.server, embedded.start(self.place)
        before.stop()
        connections.close_all()  # of this thread; they are broken


@contextmanager
def install(pattern: Product, data_dir: Path) -> Iterator[Installation]:
    """Like the running product, with the same mailbox, and all else of its own: web and two workers.

    Django in this process looks at its database while the block runs.
    """
    with ExitStack() as stack:
        place = stack.enter_context(make_place()) / "database"
        found = Installation(_furnish(pattern, data_dir), place, embedded.start(place))
        stack.callback(lambda: found.server.stop())
        product = found.product
        product.database_url = product.environment["TREFF_DATABASE_URL"] = found.server.url
        assert product.treff("migrate").returncode == 0
        stack.enter_context(_django_at(found.server.url))
        stack.callback(product.stop_zoom)
        product.start_zoom()
        stack.callback(_stop_all, product)
        product.start("web", "serve", "--port", product.url.rpartition(":")[2], "--processes", "1")
        for name in ("worker", "second"):
            product.start(name, "worker", "--concurrency", "8")
        eventually(lambda: answers(f"{product.url}/readyz"), "the web process")
        yield found


def _furnish(pattern: Product, data_dir: Path) -> Product:
    shutil.copytree(pattern.data_dir / "keys", data_dir / "keys")
    url, zoom_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    app = replace(
        pattern.zoom_config.app,
        webhook_url=f"{url}/integrations/zoom/webhook",
        redirect_uris=(f"{url}/integrations/zoom/callback",),
    )
    config = replace(
        pattern.zoom_config, app=app, port=int(zoom_url.rpartition(":")[2]), state_file=data_dir / "zoom.db"
    )
    environment = pattern.environment | {
        "TREFF_DATA_DIR": str(data_dir),
        "TREFF_BASE_URL": url,
        "TREFF_ZOOM_OAUTH_URL": zoom_url,
        "TREFF_ZOOM_API_URL": f"{zoom_url}/v2",
    }
    return Product(url, zoom_url, pattern.mailbox_url, "", data_dir, environment, config)


@contextmanager
def _django_at(url: str) -> Iterator[None]:
    default, where = connections["default"], conninfo_to_dict(url)
    before: dict[str, Any] = dict(default.settings_dict)
    default.close()
    default.settings_dict.update(NAME=where["dbname"], HOST=where["host"], PORT=where["port"])
    try:
        yield
    finally:
        default.close()
        default.settings_dict.update(before)


def _stop_all(product: Product) -> None:
    for name in list(product.processes):
        product.stop(name)
