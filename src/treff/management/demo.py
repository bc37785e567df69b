"""treff demo: everything at once, with sample data and simulated providers."""

import importlib
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import click
import django

from treff import embedded
from treff.kernel.errors import N_, Unavailable
from treff.management import demo_vendors
from treff.management.processes import Company, free_port

MAILBOX_PORT, SMTP_PORT = 8025, 2525
PASSWORD = "Sonnenschein-2026"  # noqa: S105  printed on the demo's own sign-in page
ACCOUNTS = (
    ("petra.lindner@nordlicht.example", N_("Owner")),
    ("murat.yilmaz@nordlicht.example", N_("Administrator")),
    ("jule.hansen@nordlicht.example", N_("Rep")),
)
_MARKER = "this-is-a-treff-demo"
_OF_ANOTHER_VERSION = (
    "The demo's data are of a version that was never released, and this one cannot go on with them. "
    "Make them anew: treff demo --fresh (or make demo ARGS=--fresh)."
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is."""

    data_dir: Path
    base_url: str
    zoom_url: str
    google_url: str
    microsoft_url: str
    mailbox_url: str
    smtp_url: str
    company: Company


def run(*, port: int, once: bool, fresh: bool) -> int:
    """Run the demo until Ctrl-C, or once through the main job. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts us in the background ignores it
    with ExitStack() as stack:
        try:
            if once:
                data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treff-demo-")))
                data_dir.chmod(0o755)  # the database's own account must get in
            else:
                data_dir = (Path(os.environ.get("TREFF_DATA_DIR") or "var") / "demo").resolve()
                _prepare(data_dir, fresh=fresh)
            return _perform(stack, data_dir, port=port, once=once)
        except KeyboardInterrupt:
            click.echo("")
            return 0
        except (Unavailable, embedded.EmbeddedError) as error:
            click.echo(str(error), err=True)
            return 1


def _prepare(data_dir: Path, *, fresh: bool) -> None:
    """Only a directory that a demo made is ever used, and emptied. Raises Unavailable."""
    if data_dir.exists() and not (data_dir / _MARKER).exists() and any(data_dir.iterdir()):
        raise Unavailable(f"{data_dir} holds something that no demo made; name another directory by TREFF_DATA_DIR.")
    place, _word = embedded.data_dir_for(data_dir / "postgres")
    if fresh and (data_dir / _MARKER).exists():
        embedded.stop_orphan(place)
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / _MARKER).touch()


def _perform(stack: ExitStack, data_dir: Path, *, port: int, once: bool) -> int:
    """Database, simulators, tables and sample data, web and worker; then wait, or play the main job."""
    place, word = embedded.data_dir_for(data_dir / "postgres")
    if word:
        click.echo(word, err=True)
    server = stack.enter_context(embedded.start(place))
    stage = _set_up(stack, data_dir, server.url, port)
    parts = _load()
    try:
        parts.database.migrate(verbosity=0)
    except parts.database.OfAnotherVersion as error:
        raise Unavailable(_OF_ANOTHER_VERSION) from error
    parts.demo_world.seed_past(stage.zoom_url, stage.base_url, password=PASSWORD)
    stage.company.start("worker", ["-m", "treff.cli", "worker"], {})
    serve = ["-m", "treff.cli", "serve", "--port", stage.base_url.rpartition(":")[2], "--processes", "1"]
    stage.company.start("web", serve, {})
    stage.company.await_address(stage.base_url + "/readyz")
    if once:
        return int(parts.demo_once.play(stage, PASSWORD))
    parts.demo_world.seed_future()
    _announce(stage, data_dir)
    return _wait(stage)


def _set_up(stack: ExitStack, data_dir: Path, database_url: str, port: int) -> Stage:
    """Start the simulators and put the whole configuration into the environment, for us and for our children."""
    company = Company(data_dir / "logs")
    stack.callback(company.stop)
    base_url = f"http://127.0.0.1:{free_port(port)}"
    mailbox = company.start(
        "mailbox",
        [
            *("-m", "simulators.mailbox", "--port", str(free_port(MAILBOX_PORT))),
            *("--smtp-port", str(free_port(SMTP_PORT)), "--state", str(data_dir / "mailbox.db")),
        ],
        {},
    )
    vendors = demo_vendors.start(company, data_dir, base_url)
    smtp_url, mailbox_url = company.ready_line(mailbox)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "treff.settings",
        "TREFF_ENV": "development",
        "TREFF_DATABASE_URL": database_url,
        "TREFF_DATA_DIR": str(data_dir),
        "TREFF_BASE_URL": base_url,
        "TREFF_EMAIL_URL": smtp_url,
        "TREFF_EMAIL_FROM": "termine@treff.example",
        "TREFF_DEMO": json.dumps(_shown_on_pages(demo_vendors.portals(vendors), mailbox_url)),
    }
    return Stage(
        data_dir=data_dir,
        base_url=base_url,
        zoom_url=vendors["zoom"],
        google_url=vendors["google"],
        microsoft_url=vendors["microsoft"],
        mailbox_url=mailbox_url,
        smtp_url=smtp_url,
        company=company,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """Modules that need settings, which stand only when the simulators have said where they are."""

    database: ModuleType
    demo_world: ModuleType
    demo_once: ModuleType


def _load() -> _Parts:
    django.setup()
    logging.getLogger().setLevel(logging.WARNING)  # this terminal is for people; the parts write to their files
    names = ("database", "demo_world", "demo_once")
    return _Parts(*(importlib.import_module(f"treff.management.{name}") for name in names))


def _shown_on_pages(portals: list[dict[str, str]], mailbox_url: str) -> dict[str, object]:
    """The banner and the sign-ins; the texts are msgids, translated where they are shown (web/context.py)."""
    return {
        "banner": {
            "lines": [
                N_("The video providers and the mailboxes are simulated."),
                N_("How to use real accounts is in docs/settings.md."),
            ],
            "links": [*portals, {"url": mailbox_url, "label": N_("Simulated mailboxes")}],
        },
        "accounts": [{"email": email, "password": PASSWORD, "label": label} for email, label in ACCOUNTS],
    }


def _announce(stage: Stage, data_dir: Path) -> None:
    """The one line, and what to do with it."""
    click.echo(
        f"""Treff is ready: {stage.base_url}

  Sign in with the password {PASSWORD} as
    petra.lindner@nordlicht.example    owner of Nordlicht Solar GmbH and of Nordlicht Wärme GmbH
    murat.yilmaz@nordlicht.example     administrator of both
    jule.hansen@nordlicht.example      rep at Nordlicht Solar GmbH
    tim.okafor@nordlicht.example       rep at Nordlicht Solar GmbH

  Three things to try
    1. Open a lead, book an appointment with Zoom, and watch the link appear. Then read the mail: {stage.mailbox_url}
    2. Move it, cancel it, and see the meeting follow in the simulated Zoom: {stage.zoom_url}/portal
    3. Switch to Nordlicht Wärme GmbH and connect its Zoom account (Admin, Video provider), or one at Google Meet
       or Microsoft Teams: {stage.google_url}/portal and {stage.microsoft_url}/portal

  The providers are simulated. With an app of your own at one of them, set its settings (docs/settings.md)
  and run treff serve and treff worker. Data and logs: {data_dir}
  Ctrl-C stops everything."""
    )


def _wait(stage: Stage) -> int:
    """Until Ctrl-C, or until a part dies."""
    nothing = threading.Event()
    while not nothing.wait(1):
        dead = stage.company.dead()
        if dead:
            click.echo(f"{', '.join(dead)} ended unexpectedly; see {stage.data_dir / 'logs'}.", err=True)
            return 1
    return 0
