"""What a request may cost, in what is the same on every machine: exactly as recorded in budgets.json, no more, no less.

After a change that is meant: python -m pytest tests/web/api/test_budgets.py prints the new numbers to record.
"""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from tests import clients, house
from tests.web.api.caller import Caller, body_of
from treff.appointments.models import Appointment
from treff.appointments.self_service import book_offered, move_offered
from treff.availability.models import BusyTime
from treff.availability.states import Source
from treff.booking_types.models import BookingType
from treff.kernel import clock
from treff.workspaces.models import ApiKey, Member, Workspace

pytestmark = pytest.mark.django_db(transaction=True)

BUDGETS: Mapping[str, Mapping[str, int]] = json.loads((Path(__file__).parent / "budgets.json").read_text())
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
FIRST = house.later(3, 9)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(clock.now()):
        yield


@pytest.fixture
def place() -> Workspace:
    return house.workspace()


@pytest.fixture
def host(place: Workspace) -> Member:
    return house.owner(place)


@pytest.fixture
def caller(place: Workspace) -> Caller:
    return Caller(place)


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that Python connects to; the database is reached by a library of its own."""
    seen: list[object] = []
    really = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        seen.append(address)
        really(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen


@pytest.fixture
def costs(connects: list[object]) -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Does it and compares with the record; all that differs is told at once."""
    found: dict[str, dict[str, int]] = {}

    def check(name: str, do: Callable[[], object]) -> None:
        connects.clear()
        ApiKey.objects.update(last_used_at=clock.now())  # noted once a minute, and just now
        with CaptureQueriesContext(connection) as captured:
            done = do()
        if isinstance(done, HttpResponse):
            assert done.status_code < 400, done.content
        words = [query["sql"].split()[0].upper() for query in captured.captured_queries]
        found[name] = {
            "statements": sum(word not in CONTROL for word in words),
            "commits": words.count("COMMIT"),
            "calls_out": len(connects),
        }

    yield check
    assert found == {name: BUDGETS.get(name) for name in found}, json.dumps(found)


def crowd(place: Workspace, count: int) -> list[Member]:
    return [house.owner(place), *(house.member(place) for _ in range(count - 1))]


def busy(kind: BookingType, hosts: list[Member], count: int) -> None:
    """So many bookings and so many busy times."""
    for number in range(count):
        host, start_at = hosts[number % len(hosts)], FIRST + timedelta(hours=number)
        span = (start_at, start_at + timedelta(hours=1))
        BusyTime.objects.create(workspace=kind.workspace, member=host, source=Source.TIME_OFF, busy=span)
        house.appointment(host, start_at=start_at + timedelta(days=20), booking_type=kind.slug, provider="none")


@pytest.mark.parametrize(("hosts", "bookings", "days"), [(1, 0, 1), (1, 24, 31), (9, 9, 62)])
def test_free_slots(
    caller: Caller, place: Workspace, costs: Callable[..., None], hosts: int, bookings: int, days: int
) -> None:
    """However many bookings, days and hosts there are, authentication included."""
    members = crowd(place, hosts)
    last = (FIRST + timedelta(days=days - 1)).date()
    query = f"slots?from={FIRST.date()}&to={last}"
    limited = clients.kind(members, slug="limited", limits={"day": 500}, host_limits={"week": 500})
    busy(limited, members, bookings)
    clients.kind(members, slug="free")
    path = f"/booking-types/limited/{query}"
    costs("slots, limited", lambda: caller.get(path))
    costs("slots", lambda: caller.get(f"/booking-types/free/{query}"))
    assert all(BUDGETS[name]["statements"] <= 5 for name in ("slots", "slots, limited"))
    etag = caller.get(path).headers["ETag"]
    costs("slots, unchanged", lambda: caller.get(path, headers={"If-None-Match": etag}))


def test_bookings_of_the_team(caller: Caller, host: Member, costs: Callable[..., None]) -> None:
    lead = house.lead(host).public_id
    wanted = {"lead_id": lead, "start": FIRST.isoformat(), "host_id": host.public_id, "provider": "zoom"}
    costs("book", lambda: caller.post("/appointments", wanted))
    path = f"/appointments/{Appointment.objects.get().public_id}"
    costs("move", lambda: caller.patch(path, {"start": (FIRST + timedelta(hours=3)).isoformat()}))
    costs("get", lambda: caller.get(path))
    costs("cancel", lambda: caller.post(f"{path}/cancel", {}))


@pytest.mark.parametrize("hosts", [2, 12])
def test_a_booking_by_the_types_rule(caller: Caller, place: Workspace, costs: Callable[..., None], hosts: int) -> None:
    """However many hosts there are."""
    clients.kind(crowd(place, hosts), slug="talk", provider="zoom")
    lead = house.lead(house.owner(place)).public_id
    wanted = {"lead_id": lead, "start": FIRST.isoformat(), "booking_type": "talk"}
    costs("book by the type's rule", lambda: caller.post("/appointments", wanted))
    assert body_of(caller.get("/appointments"))["items"][0]["host_reason"] == "turn"


@pytest.mark.parametrize("hosts", [2, 12])
def test_what_clients_do(place: Workspace, costs: Callable[..., None], hosts: int) -> None:
    offered = clients.kind(crowd(place, hosts), provider="zoom")
    known = house.lead(house.owner(place))
    tokens: list[str] = []

    def take() -> None:
        wanted = clients.wish(FIRST, known.email)
        tokens.append(book_offered(place, offered, wanted).token.reveal())

    costs("a client books", take)
    costs("a client moves", lambda: move_offered(tokens[0], FIRST + timedelta(hours=5)))
