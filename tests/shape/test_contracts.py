"""The contracts of .importlinter cover the house, and each of them breaks where it should."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shape.contracts import contracts, uncovered, without_init
from tests.shape.planting import plant
from tests.shape.sources import ROOT

HOUSE = {
    "treff": "wiring settings environment logs keys urls wsgi cli embedded",
    "treff.kernel": "clock zones intervals ids secrets texts errors",
    "treff.audit": "actions models",
    "treff.events": "actions jobs ports",
    "treff.recovery": "apps actions queries models rules errors states",
    "treff.workspaces": "apps actions queries models rules states errors",
    "treff.people": "apps tasks importing actions queries models columns tables errors",
    "treff.notices": "actions queries models states",
    "treff.outbound": "fetching http addresses deadlines",
    "treff.availability": "tasks actions feeds queries models explaining calendars rules ports",
    "treff.booking_types": "actions models rules requirements",
    "treff.appointments": "apps actions queries models rules ports turns states errors",
    "treff.team": "apps actions queries models rules errors",
    "treff.conferencing": "tasks reconcile actions ledger grants journal queries models plan rules ports states errors",
    "treff.mail": "tasks actions rendering queries models plan invitations",
    "treff.notetaking": "tasks reconcile actions queries models plan drafting rules ports errors states",
    "treff.providers": "tokens meanings",
    "treff.providers.zoom": "adapter client oauth inbound wire",
    "treff.providers.teams": "adapter client oauth inbound wire",
    "treff.bots": "json_api meanings",
    "treff.bots.attendee": "adapter client inbound wire",
    "treff.bots.recall": "adapter client inbound wire",
    "treff.llm": "adapter client wire",
    "treff.web": "access",
    "treff.web.console": "views",
    "treff.web.api": "views",
    "treff.web.inbound": "views",
    "treff.management": "demo worker",
    "simulators": "",
    "simulators.zoom": "server",
    "simulators.mailbox": "server",
    "simulators.google": "server",
    "simulators.attendee": "server",
    "simulators.recall": "server",
    "simulators.llm": "server",
}
"""Package -> its modules, as they will stand."""

ALLOWED = {
    "treff/cli.py": "import treff.management.demo, treff.embedded, treff.settings",
    "treff/settings.py": "import treff.keys, treff.kernel.secrets",
    "treff/management/demo.py": "import httpx2, treff.embedded",
    "treff/management/worker.py": "import treff.wiring",
    "treff/wiring.py": "import treff.providers.zoom.adapter, treff.conferencing.tasks, treff.mail.tasks",
    "treff/urls.py": "import treff.web.console.views, treff.web.api.views",
    "treff/web/console/views.py": "import treff.appointments.actions, treff.conferencing.queries, treff.web.access",
    "treff/web/inbound/views.py": "import treff.providers.zoom.inbound, treff.conferencing.actions",
    "treff/providers/zoom/adapter.py": "import treff.conferencing.ports, treff.providers.zoom.client",
    "treff/providers/zoom/client.py": "import treff.outbound.http, treff.providers.zoom.wire, treff.kernel.clock",
    "treff/outbound/http.py": "import httpx2, treff.outbound.deadlines",
    "treff/outbound/fetching.py": "import httpcore2, treff.outbound.addresses",
    "treff/availability/feeds.py": "import treff.outbound.fetching, treff.availability.calendars",
    "treff/conferencing/errors.py": "import treff.conferencing.states, treff.kernel.errors",
    "treff/conferencing/tasks.py": "import treff.events.jobs, treff.conferencing.reconcile",
    "treff/conferencing/reconcile.py": "import treff.conferencing.actions, treff.appointments.actions",
    "treff/appointments/actions.py": "import treff.appointments.queries, treff.booking_types.rules",
    "treff/appointments/models.py": "import django.db, treff.people.models, treff.appointments.states",
    "treff/appointments/errors.py": "import treff.kernel.errors",
    "treff/appointments/rules.py": "import treff.appointments.states, treff.kernel.intervals",
    "simulators/zoom/server.py": "import aiohttp",
}
"""Imports that go the right way."""

PLANTED = [
    ("packages", "treff/people/queries.py", "treff.appointments.models"),
    ("packages", "treff/audit/actions.py", "treff.events.actions"),
    ("packages", "treff/conferencing/queries.py", "treff.mail.models"),
    ("packages", "treff/workspaces/actions.py", "treff.web.access"),
    ("packages", "treff/kernel/clock.py", "treff.settings"),
    ("packages", "treff/wiring.py", "treff.management.worker"),
    ("packages", "treff/gadgets.py", "treff.kernel"),
    ("features", "treff/workspaces/models.py", "treff.workspaces.queries"),
    ("features", "treff/notices/states.py", "treff.notices.models"),
    ("features", "treff/notices/gadgets.py", "treff.kernel"),
    ("people", "treff/people/columns.py", "treff.people.models"),
    ("people", "treff/people/gadgets.py", "treff.kernel"),
    ("availability", "treff/availability/rules.py", "treff.availability.models"),
    ("availability", "treff/availability/gadgets.py", "treff.kernel"),
    ("outbound", "treff/outbound/addresses.py", "treff.outbound.fetching"),
    ("outbound", "treff/outbound/gadgets.py", "treff.kernel"),
    ("booking_types", "treff/booking_types/rules.py", "treff.booking_types.models"),
    ("booking_types", "treff/booking_types/gadgets.py", "treff.kernel"),
    ("appointments", "treff/appointments/states.py", "treff.appointments.errors"),
    ("appointments", "treff/appointments/gadgets.py", "treff.kernel"),
    ("events", "treff/events/ports.py", "treff.events.actions"),
    ("events", "treff/events/gadgets.py", "treff.kernel"),
    ("recovery", "treff/recovery/rules.py", "treff.recovery.models"),
    ("recovery", "treff/recovery/gadgets.py", "treff.kernel"),
    ("conferencing", "treff/conferencing/plan.py", "treff.conferencing.models"),
    ("conferencing", "treff/conferencing/grants.py", "treff.conferencing.reconcile"),
    ("conferencing", "treff/conferencing/gadgets.py", "treff.kernel"),
    ("mail", "treff/mail/invitations.py", "treff.mail.rendering"),
    ("mail", "treff/mail/gadgets.py", "treff.kernel"),
    ("notetaking", "treff/notetaking/drafting.py", "treff.notetaking.models"),
    ("notetaking", "treff/notetaking/gadgets.py", "treff.kernel"),
    ("kernel", "treff/kernel/errors.py", "treff.kernel.clock"),
    ("kernel", "treff/kernel/gadgets.py", "treff.kernel.ids"),
    ("provider", "treff/providers/zoom/wire.py", "treff.providers.zoom.client"),
    ("provider", "treff/providers/teams/gadgets.py", "treff.kernel"),
    ("faces", "treff/web/api/views.py", "treff.web.console.views"),
    ("faces", "treff/web/access.py", "treff.web.api.views"),
    ("plain", "treff/kernel/ids.py", "django.utils.crypto"),
    ("plain", "treff/embedded.py", "psycopg"),
    ("decisions_are_pure", "treff/booking_types/rules.py", "django.conf"),
    ("decisions_are_pure", "treff/appointments/turns.py", "django.db"),
    ("decisions_are_pure", "treff/conferencing/plan.py", "treff.appointments.models"),
    ("decisions_are_pure", "treff/conferencing/ports.py", "httpx2"),
    ("decisions_are_pure", "treff/notetaking/drafting.py", "httpx2"),
    ("http", "treff/web/console/views.py", "httpx2"),
    ("http", "treff/conferencing/reconcile.py", "httpx2"),
    ("http", "treff/cli.py", "httpx2"),
    ("http", "treff/availability/feeds.py", "httpcore2"),
    ("vendors", "treff/providers/teams/client.py", "treff.providers.zoom.wire"),
    ("vendors", "treff/providers/tokens.py", "treff.providers.zoom.wire"),
    ("packages", "treff/outbound/http.py", "treff.providers.zoom.wire"),
    ("vendors", "treff/providers/gadgets.py", "treff.kernel"),
    ("bots", "treff/bots/attendee/client.py", "treff.bots.recall.wire"),
    ("bots", "treff/bots/json_api.py", "treff.bots.meanings"),
    ("bots", "treff/bots/gadgets.py", "treff.kernel"),
    ("edges", "treff/web/console/views.py", "treff.providers.zoom.oauth"),
    ("requests", "treff/availability/feeds.py", "treff.outbound.http"),
    ("languages", "treff/providers/zoom/client.py", "treff.conferencing.ports"),
    ("languages", "treff/bots/json_api.py", "treff.conferencing.ports"),
    ("top", "treff/workspaces/actions.py", "treff.embedded"),
    ("top", "treff/conferencing/grants.py", "treff.keys"),
    ("top", "treff/web/access.py", "treff.settings"),
    ("simulators", "treff/cli.py", "simulators.zoom.server"),
    ("simulators", "simulators/mailbox/server.py", "treff.kernel"),
    ("simulated", "simulators/mailbox/server.py", "simulators.zoom.server"),
    ("simulated", "simulators/google/server.py", "simulators.zoom.server"),
    ("simulated", "simulators/recall/server.py", "simulators.attendee.server"),
]
"""Contract -> file and the import in it that breaks this contract."""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A scratch checkout with every module of step 1 and imports that are all allowed."""
    files: dict[str, str] = {}
    for package, modules in HOUSE.items():
        folder = "src/" + package.replace(".", "/")
        files |= {f"{folder}/{name}.py": "" for name in ["__init__", *modules.split()]}
    files |= {f"src/{path}": text + "\n" for path, text in ALLOWED.items()}
    return plant(tmp_path, files)


def lint(house: Path, *contract: str) -> subprocess.CompletedProcess[str]:
    """Run the real linter with the real contracts over the scratch checkout."""
    linter = Path(sys.executable).with_name("lint-imports")
    limits = [word for name in contract for word in ("--contract", name)]
    return subprocess.run(
        [str(linter), "--no-logo", "--no-cache", "--config", str(ROOT / ".importlinter"), *limits],
        cwd=house,
        env={**os.environ, "PYTHONPATH": f"{house / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_cover_every_package_and_name_no_other() -> None:
    assert uncovered(ROOT) == []


def test_every_package_has_an_init_file_so_that_the_checks_look_inside() -> None:
    assert without_init(ROOT) == []


def test_a_house_as_it_is_drawn_keeps_every_contract(house: Path) -> None:
    result = lint(house)
    assert (result.returncode, "0 broken" in result.stdout) == (0, True), result.stdout + result.stderr


def test_a_house_of_which_little_stands_keeps_every_contract(house: Path) -> None:
    for package in ("conferencing", "mail", "web", "providers", "management"):
        shutil.rmtree(house / "src/treff" / package)
    for module in ("wiring", "settings", "environment", "logs", "keys", "urls", "wsgi", "cli", "embedded"):
        (house / f"src/treff/{module}.py").unlink()
    result = lint(house)
    assert (result.returncode, "0 broken" in result.stdout) == (0, True), result.stdout + result.stderr


@pytest.mark.parametrize(("contract", "path", "imported"), PLANTED)
def test_a_planted_violation_breaks_its_contract(house: Path, contract: str, path: str, imported: str) -> None:
    (house / "src" / path).write_text(f"import {imported}\n", encoding="utf-8")
    result = lint(house, contract)
    assert (result.returncode, "1 broken" in result.stdout) == (1, True), result.stdout + result.stderr


def test_every_contract_has_a_planted_violation() -> None:
    assert set(contracts(ROOT)) == {contract for contract, _, _ in PLANTED}


def test_a_package_in_no_layer_is_seen(house: Path) -> None:
    shutil.copy(ROOT / ".importlinter", house)
    plant(house, {"src/treff/gadgets/rules.py": ""})
    assert uncovered(house) == ["src/treff/gadgets stands in no layer of .importlinter"]


def test_a_package_whose_inside_has_no_contract_and_a_name_that_nobody_knows_are_seen(house: Path) -> None:
    text = (ROOT / ".importlinter").read_text(encoding="utf-8")
    assert text.count("    treff.notices\n    treff.hooks\n") == 1
    broken = text.replace("    treff.notices\n", "    treff.notcies\n", 1)
    (house / ".importlinter").write_text(broken, encoding="utf-8")
    assert uncovered(house) == [
        "src/treff/notices is a container of 0 contracts; one is right",
        ".importlinter, features: nobody knows treff.notcies",
    ]


def test_a_folder_without_an_init_file_is_seen(house: Path) -> None:
    (house / "src/treff/web/api/__init__.py").unlink()
    assert without_init(house) == ["src/treff/web/api has no __init__.py"]
