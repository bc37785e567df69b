"""The product on a database server of its own that writes to disk as in production, to crash, restart and copy."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from tests.embedded.conftest import make_place
from tests.embedded.users import read_postmaster_pid
from tests.ports import free_port
from tests.product import Product, answers, eventually
from treff import embedded

PATIENCE = 30.0  # seconds
WORKERS = ("worker", "second")


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
        self._start_database()

    def lose_database_to(self, copy: Path) -> None:
        """The database's machine dies, and a replica takes over: `copy`, a data directory of a moment before."""
        postmaster = psutil.Process(read_postmaster_pid(self.place))
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, PATIENCE)
        shutil.rmtree(self.place / "cluster")
        (copy / "cluster").rename(self.place / "cluster")
        self._start_database()

    def _start_database(self) -> None:
        before, self.server = self.server, embedded.start(self.place)
        before.stop()
        connections.close_all()  # of this thread; they are broken

    def back_up(self, to: Path) -> None:
        """As docs/operate/restore.md has it."""
        self._program("pg_dump", "--format=custom", f"--file={to}", self.product.database_url)

    def restore(self, backup: Path) -> None:
        """As docs/operate/restore.md has it, with web and workers stopped."""
        connections.close_all()
        with psycopg.connect(self.server.url_of("postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE treff")
            connection.execute("CREATE DATABASE treff")
        self._program("pg_restore", f"--dbname={self.product.database_url}", "--no-owner", "--exit-on-error", backup)

    def _program(self, name: str, *options: str | Path) -> None:
        """One of those that came with the server."""
        server = Path(psutil.Process(read_postmaster_pid(self.place)).exe())
        subprocess.run((server.with_name(name), *options), check=True, capture_output=True)

    def stop(self) -> None:
        """Web and workers."""
        for name in list(self.product.processes):
            self.product.stop(name)

    def start(self) -> None:
        product = self.product
        product.start("web", "serve", "--port", product.url.rpartition(":")[2], "--processes", "1")
        for name in WORKERS:
            product.start_worker(name)
        eventually(lambda: answers(f"{product.url}/readyz"), "the web process", 3 * PATIENCE)


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
        stack.callback(found.stop)
        found.start()
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
