"""A database that goes away: restarted under load, cut off from power, migrated half."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import pytest
from django.db.models import F

from tests import house
from tests.embedded.conftest import make_place
from tests.faults import truth
from tests.faults.installation import Installation, install
from tests.faults.power import Machine
from tests.journeys.team import Team
from tests.product import Product, eventually
from treff import embedded
from treff.appointments.models import Appointment

WORKERS = ("worker", "second")


@pytest.fixture(scope="module")
def installation(
    running_product: Product, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Installation]:
    with django_db_blocker.unblock(), install(running_product, tmp_path_factory.mktemp("installation")) as found:
        yield found


@pytest.fixture
def product(installation: Installation) -> Iterator[Product]:
    """What teams are in."""
    yield installation.product
    installation.product.mend_zoom()


class Caller(threading.Thread):
    """While the block runs it books, moves and cancels, and asks with the same key until it is answered."""

    def __init__(self, team: Team, provider: str) -> None:
        super().__init__(daemon=True)
        self._team, self._provider, self._ending = team, provider, threading.Event()
        self.booked: list[dict[str, Any]] = []
        self.refusals: set[int] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self.join()

    def run(self) -> None:
        """Every fourth is moved, and every fifth cancelled, a few bookings later."""
        while not self._ending.is_set():
            number = len(self.booked)
            made = self._insist("POST", "/appointments", self._order(number), f"book-{number}")
            if made is not None:
                self.booked.append(made)
            if number % 4 == 3:
                start = house.later().isoformat()
                self._insist("PATCH", f"/appointments/{self.booked[number - 2]['id']}", {"start": start}, "")
            if number % 5 == 4:
                self._insist("POST", f"/appointments/{self.booked[number - 4]['id']}/cancel", None, f"cancel-{number}")
            self._ending.wait(0.2)

    def _order(self, number: int) -> dict[str, object]:
        lead = {"name": "Lena Lead", "email": f"{self._provider}{number}@customer.example"}
        title, start = f"Under load {self._provider} {number}", house.later().isoformat()
        return {"lead": lead, "start": start, "title": title, "provider": self._provider}

    def _insist(self, method: str, path: str, order: object, key: str) -> Any:
        headers = {"Idempotency_Key": f"{self._provider}-{key}"} if key else {}
        while not self._ending.is_set():
            with suppress(OSError):
                answer = self._team.api.ask(method, path, order, **headers)
                if answer.status in (200, 201):
                    return answer.json
                self.refusals.add(answer.status)
            self._ending.wait(0.1)
        return None


@pytest.mark.timeout(180)
def test_a_database_restarted_every_few_seconds_under_load_with_a_faulty_zoom_costs_time_and_nothing_else(
    connected_team: Team, installation: Installation
) -> None:
    """Workers that end are started again, as a service manager does; whether they should end is another test's."""
    product = connected_team.product
    product.zoom("limits", {"daily": 1000})
    for number, kind in enumerate(("act_then_reset", "status_after", "status", "reset", "truncate", "bad_json")):
        more = {"bytes": 20} if kind == "truncate" else {}
        product.break_zoom(kind, "*", times=2, skip=3 + 4 * number, **more)
    with Caller(connected_team, "zoom") as caller:
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT, signal.SIGQUIT):
            time.sleep(2.5)
            installation.restart_database(how)
            keep_workers(product)
        time.sleep(1)
    product.mend_zoom()
    assert caller.refusals <= {503}
    rows = Appointment.objects.filter(workspace=connected_team.workspace)
    assert {made["id"] for made in caller.booked} <= set(rows.values_list("public_id", flat=True))
    assert rows.values("title").distinct().count() == rows.count() >= 10
    eventually(lambda: are_settled(product, connected_team), "everything is settled", 90)
    truth.check(connected_team)
    for row in rows:
        if row.status == "booked":
            truth.await_in_step(connected_team, row.public_id)
            truth.await_told(connected_team, connected_team.api.get(f"/appointments/{row.public_id}"))
        else:
            truth.await_nothing_left(connected_team, row.public_id)
    assert {"booked", "cancelled"} == set(rows.values_list("status", flat=True))


def test_a_worker_with_jobs_in_hand_outlives_a_restart_of_its_database(
    connected_team: Team, installation: Installation
) -> None:
    """Zoom answers while the database is down."""
    product = connected_team.product
    keep_workers(product)
    before = {name: product.processes[name].pid for name in WORKERS}
    for how in (signal.SIGINT, signal.SIGQUIT):
        product.break_zoom("delay", "create", seconds=1, times=3)
        booked = [connected_team.book(f"{how.name} {number}") for number in range(3)]
        installation.restart_database(how, down=2)
        for one in booked:
            eventually(lambda: are_settled(product, connected_team), "everything is settled", 60)
            truth.await_in_step(connected_team, one["id"])
    assert [name for name in WORKERS if product.processes[name].poll() is not None] == []
    assert {name: product.processes[name].pid for name in WORKERS} == before


@pytest.mark.fault("F-016")
def test_after_a_power_cut_at_any_instant_every_booking_that_was_confirmed_is_there(
    team: Team, installation: Installation
) -> None:
    with make_place() as shelf:
        machine = Machine(installation.server, shelf)
        cuts: list[tuple[set[str], Path]] = []
        with Caller(team, "none") as caller:
            for _ in range(3):
                time.sleep(random.uniform(0.3, 1.5))
                confirmed = {made["id"] for made in caller.booked}
                cuts.append((confirmed, machine.cut_power()))
        for confirmed, found in cuts:
            with embedded.start(found) as server, psycopg.connect(server.url) as database:
                rows = database.execute("SELECT public_id FROM appointments_appointment").fetchall()
            assert confirmed <= {public_id for (public_id,) in rows}
        assert cuts[-1][0] > cuts[0][0]


def keep_workers(product: Product) -> None:
    for name in WORKERS:
        if product.processes[name].poll() is not None:
            product.start_worker(name)


def are_settled(product: Product, team: Team) -> bool:
    """A while later each time it is asked."""
    keep_workers(product)
    truth.end_leases()
    truth.end_pauses()
    time.sleep(1)
    rows = Appointment.objects.filter(workspace=team.workspace)
    settled = rows.filter(meeting__observed_generation=F("generation"), meeting__state__in=("in_step", "unneeded"))
    unseen = rows.filter(meeting=None, status="cancelled")
    return settled.count() + unseen.count() == rows.count()
