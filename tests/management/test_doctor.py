"""treff doctor and treff migrate: an installation from its first day on."""

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.mailbox.config import Config
from simulators.mailbox.server import serve_in_thread
from tests.management.installation import Installation
from tests.ports import free_port
from tests.processes import await_none_living
from treff.embedded import data_dir_for

SECRETS = {
    "TREFF_SECRET_KEY": "canary-a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0",
    "TREFF_ENCRYPTION_KEYS": "k1:" + base64.b64encode(os.urandom(32)).decode(),
    "TREFF_ZOOM_CLIENT_SECRET": "canary-client-secret",
    "TREFF_ZOOM_WEBHOOK_SECRET": "canary-webhook-secret,canary-webhook-old",
}


def examine(installation: Installation, status: int) -> dict[str, dict[str, str]]:
    done = installation.treff("doctor", "--json")
    assert done.returncode == status, done.stdout + done.stderr
    return {finding["name"]: finding for finding in json.loads(done.stdout)}


@pytest.fixture
def good(installation: Installation) -> Iterator[Installation]:
    with serve_in_thread(Config()) as mailbox:
        yield installation.with_settings(
            **SECRETS,
            TREFF_ZOOM_CLIENT_ID="client",
            TREFF_EMAIL_URL=mailbox.smtp_url,
            TREFF_EMAIL_FROM="a@b.example",
            TREFF_SUPPORT_EMAIL="it@b.example",
            TREFF_OPERATOR_NAME="B GmbH",
        )


def test_where_all_is_well_it_says_so_and_ends_with_0(good: Installation) -> None:
    found = examine(good, 0)
    assert {name: finding["state"] for name, finding in found.items() if finding["state"] != "ok"} == {}
    assert found["keys"]["detail"].startswith("primary k1")
    assert found["zoom"]["detail"] == "set up"
    assert {"database", "mail", "TREFF_ENV", "TREFF_BASE_URL"} <= set(found)


@pytest.mark.attack("A-095")
def test_no_secret_is_ever_printed(good: Installation) -> None:
    database = f"postgresql://treff:canary-password@127.0.0.1:{free_port()}/treff"
    mail = f"smtp://anna:canary-mail@127.0.0.1:{free_port()}"
    for changes in ({}, {"TREFF_DATABASE_URL": database}, {"TREFF_EMAIL_URL": mail}):
        for options in ((), ("--json",)):
            done = good.with_settings(**changes).treff("doctor", *options)
            said = done.stdout + done.stderr
            assert "canary" not in said
            assert SECRETS["TREFF_ENCRYPTION_KEYS"].partition(":")[2] not in said
            assert "TREFF_DATABASE_URL  ok  set" in said or options


def test_each_part_that_is_out_of_order_is_named(good: Installation) -> None:
    nobody = free_port()
    for name, changes in {
        "database": {"TREFF_DATABASE_URL": f"postgresql://treff@127.0.0.1:{nobody}/treff"},
        "mail": {"TREFF_EMAIL_URL": f"smtp://127.0.0.1:{nobody}"},
        "zoom": {"TREFF_ZOOM_WEBHOOK_SECRET": ""},
    }.items():
        found = examine(good.with_settings(**changes), 1)
        assert {key for key, finding in found.items() if finding["state"] == "bad"} == {name}


def test_zoom_may_be_left_out(good: Installation) -> None:
    found = examine(good.with_settings(TREFF_ZOOM_CLIENT_ID="", TREFF_ZOOM_CLIENT_SECRET=""), 0)
    assert found["zoom"]["state"] == "note"


def test_without_an_address_of_the_operator_it_says_where_their_notices_go(good: Installation) -> None:
    assert examine(good, 0)["TREFF_SUPPORT_EMAIL"]["detail"] == "it@b.example"
    found = examine(good.with_settings(TREFF_SUPPORT_EMAIL=""), 0)["TREFF_SUPPORT_EMAIL"]
    assert (found["state"], found["detail"]) == ("note", "not set: what the operator must know is only logged")


@pytest.fixture
def empty() -> Iterator[Installation]:
    """Nothing but a directory: the database is the embedded one."""
    place = Path(tempfile.mkdtemp(prefix="treff-first-day-"))
    place.chmod(0o755)  # the database's own account must get in
    yield Installation({"TREFF_DATA_DIR": str(place)})
    await_none_living(place)
    shutil.rmtree(data_dir_for(place / "postgres")[0], ignore_errors=True)
    shutil.rmtree(place)


def test_before_the_first_migration_everybody_says_what_to_do(empty: Installation) -> None:
    database = examine(empty, 1)["database"]
    assert database["state"] == "bad"
    assert database["detail"].endswith("run treff migrate")
    done = empty.treff("workspace", "create", "first", "--name", "First", "--owner-email", "a@b.example")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The database does not have this version's tables: run treff migrate.\n"
    assert empty.treff("migrate").returncode == 0
    assert examine(empty, 1)["database"]["state"] == "ok"  # 1: there is no mail server
    again = empty.treff("migrate")
    assert again.returncode == 0
    assert "No migrations to apply" in again.stdout
    assert (
        empty.ask("workspace", "create", "first", "--name", "First", "--owner-email", "a@b.example")["slug"] == "first"
    )
