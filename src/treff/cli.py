"""The treff command. Exit codes: 0 done, 1 refused with a reason on stderr, 2 wrong usage."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import django
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError, ProgrammingError
from psycopg.errors import UndefinedColumn, UndefinedTable

from treff import embedded
from treff.kernel.errors import TreffError
from treff.kernel.secrets import Secret, SecretError

JSON = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@contextmanager
def product(*, database: bool = True) -> Iterator[None]:
    """Settings read, models loaded, a database at hand: the one named, else the embedded one under TREFF_DATA_DIR."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "treff.settings")
    server = None
    try:
        if database and not os.environ.get("TREFF_DATABASE_URL"):
            server = _start_embedded()
            os.environ["TREFF_DATABASE_URL"] = server.url
        django.setup()
        yield
    except (TreffError, SecretError, embedded.EmbeddedError, ImproperlyConfigured) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except (OperationalError, psycopg.OperationalError) as error:
        click.echo(f"The database does not answer: {str(error).splitlines()[0]}", err=True)
        sys.exit(1)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
            raise
        click.echo("The database does not have this version's tables: run treff migrate.", err=True)
        sys.exit(1)
    finally:
        if server is not None:
            server.stop()


def _start_embedded() -> embedded.Server:
    if os.environ.get("TREFF_ENV") == "production":
        raise ImproperlyConfigured("TREFF_DATABASE_URL is missing: the embedded database is for trial only.")
    place, word = embedded.data_dir_for(Path(os.environ.get("TREFF_DATA_DIR") or "var") / "postgres")
    if word:
        click.echo(word, err=True)
    return embedded.start(place)


def part(name: str) -> ModuleType:
    """A module of treff.management; they need settings, so they are loaded when a command runs."""
    return importlib.import_module(f"treff.management.{name}")


def say(found: Any, *, as_json: bool) -> None:
    """Print an object or a list of objects, for people or for programs."""
    if as_json:
        click.echo(json.dumps(found, default=str))
        return
    for row in found if isinstance(found, list) else [found]:
        click.echo("  ".join(str(value) if isinstance(found, list) else f"{key}={value}" for key, value in row.items()))


def _password(wanted: bool) -> Secret | None:
    return Secret(sys.stdin.readline().rstrip("\n")) if wanted else None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Treff: appointments whose video meetings always match."""


@main.command()
@click.option("--port", default=8000, show_default=True, help="Where the pages are served.")
@click.option("--once", is_flag=True, help="The main job without a browser, every step verified and printed.")
@click.option("--fresh", is_flag=True, help="Start over with new sample data.")
def demo(port: int, once: bool, fresh: bool) -> None:
    """Run everything with sample data and simulated providers."""
    sys.exit(part("demo").run(port=port, once=once, fresh=fresh))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--processes", default=2, show_default=True)
@click.option("--threads", default=8, show_default=True, help="Requests that one process serves at once.")
def serve(host: str, port: int, processes: int, threads: int) -> None:
    """Serve the pages and the API."""
    with product():
        part("server").run(host=host, port=port, processes=processes, threads=threads)


@main.command()
@click.option(
    "--concurrency", default=32, show_default=True, help="Jobs in hand at once; most of them wait for a provider."
)
def worker(concurrency: int) -> None:
    """Run the background work; any number of them may run."""
    with product():
        part("worker").run(concurrency)


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    with product():
        part("database").migrate()


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """Check settings, keys, database, mail and provider set-up."""
    with product():
        findings = part("doctor").examine()
        say(findings, as_json=as_json)
        if any(finding["state"] == "bad" for finding in findings):
            sys.exit(1)


@main.command()
@click.option("--all", "everything", is_flag=True, help="Every upcoming appointment of every workspace.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@JSON
def reconcile(everything: bool, dry_run: bool, as_json: bool) -> None:
    """Have every meeting looked at and sent its time once more, whatever is known of it."""
    if not everything:
        raise click.UsageError("Say --all.")
    with product():
        meetings = part("meetings")
        if not dry_run:
            meetings.check_free()
        rows = []
        for row in meetings.stock():
            rows.append(row)
            if not as_json:
                click.echo("  ".join(row.values()))
        summary = meetings.summary(rows)
        asked, left = (None, 0) if dry_run else meetings.ask()
        if as_json:
            say({"dry_run": dry_run, "appointments": rows, "summary": summary, "asked": asked}, as_json=True)
        else:
            click.echo("\n".join(("", *meetings.lines(summary), "" if dry_run else f"Asked for: {asked}")))
        if left:
            click.echo(f"Workers still have {left} in hand. Run it again.", err=True)
            sys.exit(1)


@main.group()
def recover() -> None:
    """After a restored backup: hold everything, see what is missing, go on."""


@recover.command("begin")
@JSON
def recover_begin(as_json: bool) -> None:
    """Send no mail and touch no meeting until treff recover resume; appointments can be booked."""
    with product():
        say(part("recovery").begin(), as_json=as_json)


@recover.command("report")
@JSON
def recover_report(as_json: bool) -> None:
    """What becomes of the meetings, and what may be missing."""
    with product():
        recovery = part("recovery")
        found = recovery.report()
        if as_json:
            say(found, as_json=True)
        else:
            click.echo("\n".join(recovery.sentences(found)))


@recover.command("resume")
@JSON
def recover_resume(as_json: bool) -> None:
    """Let everything go out again, each meeting confirmed once."""
    with product():
        say(part("recovery").resume(), as_json=as_json)


@main.group()
def workspace() -> None:
    """Workspaces."""


@workspace.command("create")
@click.argument("slug")
@click.option("--name", required=True)
@click.option("--owner-email", required=True)
@click.option("--owner-password-stdin", is_flag=True, help="Read the owner's password from standard input.")
@click.option("--time-zone", default="Europe/Berlin", show_default=True)
@click.option("--locale", default="de", show_default=True, type=click.Choice(["de", "en"]))
@JSON
def workspace_create(slug: str, as_json: bool, owner_email: str, owner_password_stdin: bool, **wanted: str) -> None:
    """Make a workspace and its first owner."""
    with product():
        management = part("workspaces")
        new = management.NewWorkspace(slug, wanted["name"], wanted["time_zone"], wanted["locale"])
        say(management.create_workspace(new, owner_email, _password(owner_password_stdin)), as_json=as_json)


@main.group()
def member() -> None:
    """Members of workspaces."""


@member.command("add")
@click.argument("workspace")
@click.option("--email", required=True)
@click.option("--role", required=True, type=click.Choice(["owner", "admin", "rep"]))
@click.option("--name", default="")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@JSON
def member_add(workspace: str, role: str, password_stdin: bool, as_json: bool, **person: str) -> None:
    """Make somebody a member; without a password they set one by "Forgot your password?"."""
    with product():
        management = part("workspaces")
        new = management.NewPerson(person["email"], person["name"], _password(password_stdin))
        say(management.add_member(workspace, new, role), as_json=as_json)


@main.group("api-key")
def api_key() -> None:
    """Keys of the REST API."""


@api_key.command("create")
@click.option("--workspace", required=True)
@click.option("--role", required=True, type=click.Choice(["admin", "rep"]))
@JSON
def api_key_create(workspace: str, role: str, as_json: bool) -> None:
    """Make a key and print it, once."""
    with product():
        key = part("workspaces").create_api_key(workspace, role).reveal()
        click.echo(json.dumps({"key": key}) if as_json else key)


@main.group()
def keys() -> None:
    """Encryption keys."""


@keys.command("status")
@JSON
def keys_status(as_json: bool) -> None:
    """Which key wraps how much, and which are missing, retired, or not the ones they were."""
    with product():
        say(part("keys").status(), as_json=as_json)


@keys.command("rotate")
@JSON
def keys_rotate(as_json: bool) -> None:
    """Wrap everything by the first key of TREFF_ENCRYPTION_KEYS, and retire the others."""
    with product():
        say(part("keys").rotate(), as_json=as_json)


@keys.command("give-up")
@click.argument("name")
@click.confirmation_option(prompt="What this key locked can never be opened again, in no backup. Is it lost for good?")
@JSON
def keys_give_up(name: str, as_json: bool) -> None:
    """Do without a key that is lost for good: then accounts can be connected again."""
    with product():
        say(part("keys").give_up(name), as_json=as_json)


@main.group()
def report() -> None:
    """Problems that members reported."""


@report.command("list")
@click.option("--workspace", default="", help="Of this workspace only.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 1000))
@JSON
def report_list(workspace: str, most: int, as_json: bool) -> None:
    """The newest reports."""
    with product():
        say(part("reports").listed(workspace, most), as_json=as_json)


@report.command("show")
@click.argument("number")
@JSON
def report_show(number: str, as_json: bool) -> None:
    """One report in full, by its number."""
    with product():
        found = part("reports").named(number)
        if as_json:
            say(found, as_json=True)
        else:
            attached = found.pop("attached")
            say(found, as_json=False)
            say(attached, as_json=False)


@main.group()
def simulator() -> None:
    """Stand-ins for the vendors."""


@simulator.command("zoom")
@click.option("--port", default=8001, show_default=True)
def simulator_zoom(port: int) -> None:
    """Run the simulated Zoom alone."""
    os.execv(sys.executable, [sys.executable, "-m", "simulators.zoom", "--port", str(port)])  # noqa: S606


@simulator.command("google")
@click.option("--port", default=8002, show_default=True)
def simulator_google(port: int) -> None:
    """Run the simulated Google alone."""
    os.execv(sys.executable, [sys.executable, "-m", "simulators.google", "--port", str(port)])  # noqa: S606


@simulator.command("microsoft")
@click.option("--port", default=8003, show_default=True)
def simulator_microsoft(port: int) -> None:
    """Run the simulated Microsoft alone."""
    os.execv(sys.executable, [sys.executable, "-m", "simulators.microsoft", "--port", str(port)])  # noqa: S606


if __name__ == "__main__":
    main()
