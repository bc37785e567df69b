"""Free slots: a month of one host, of many, beside many bookings, beside many others' bookings.

What is compared is measured in turns, so that what else the machine does falls on all of it alike.
"""

import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import httpx2
import psutil
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.rig import SLUG, Rig
from bench.rows import Row
from treff.appointments.models import Appointment, HostBusy
from treff.availability.rules import SECONDS_OF_DAY, Hours, Shape, free_starts, merge, windows
from treff.kernel import clock
from treff.people.models import Lead
from treff.workspaces.actions import NewPerson, add_member
from treff.workspaces.models import Member, Workspace
from treff.workspaces.states import Role

OFFICE = {day: [{"start": "09:00", "end": "17:00"}] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
ROUNDS, REQUESTS = 5, 20
BOOKINGS, INSIDE = 2000, 200
TITLE = "Booked past the verbs"
_numbers = itertools.count(1)
OTHERS = 50
HALF_HOUR = timedelta(minutes=30)


def measure(rig: Rig) -> Iterator[Row]:
    yield from compute_alone()
    quiet, full, *others = rig.hosts
    _offer(rig, "quiet", [quiet])
    _offer(rig, "full", [full])
    _offer(rig, "twenty", [quiet, *others, *_more_hosts(20 - 1 - len(others))])
    _book_directly(Member.objects.get(public_id=full), BOOKINGS, INSIDE)
    _analyze()
    found = _in_turns(rig, ("quiet", "full", "twenty"))
    quiet_ms, quiet_cpu = found["quiet"]
    yield Row("a month of free slots, one host: p50", quiet_ms, "ms", most=10)
    yield Row("a month of free slots, one host: CPU of the web process", quiet_cpu, "ms", most=6)
    yield Row("the same beside 2,000 bookings: times none", found["full"][0] / quiet_ms, "x", most=1.3)
    yield Row("the same beside 2,000 bookings: CPU, times none", found["full"][1] / quiet_cpu, "x", most=1.3)
    yield Row("the same of 20 hosts in turn: times one host", found["twenty"][0] / quiet_ms, "x", most=8)
    yield Row("the same of 20 hosts in turn: CPU, times one host", found["twenty"][1] / quiet_cpu, "x", most=8)
    yield Row("the same unchanged (304): p50", _time_unchanged(rig, "quiet"), "ms")
    for slug in ("quiet", "full", "twenty"):
        yield Row(f"SQL statements for a month of slots: {slug}", _statements(rig, slug), most=5)
    for host in _more_hosts(OTHERS):
        _book_directly(Member.objects.get(public_id=host), BOOKINGS, INSIDE)
    _analyze()
    grown = _in_turns(rig, ("quiet", "full"))
    yield Row(
        f"beside {OTHERS * BOOKINGS:,} bookings of others: times before",
        grown["full"][0] / found["full"][0],
        "x",
        most=1.3,
    )
    yield Row(
        f"beside {OTHERS * BOOKINGS:,} bookings of others: CPU, times before",
        grown["full"][1] / found["full"][1],
        "x",
        most=1.3,
    )
    _forget()


def _forget() -> None:
    """What was booked past the verbs: no worker is to come upon it."""
    HostBusy.objects.filter(appointment__title=TITLE).delete()
    Appointment.objects.filter(title=TITLE)._raw_delete("default")
    _analyze()


def compute_alone() -> Iterator[Row]:
    """31 days of a host with 2,000 busy times, no database."""
    hours = Hours("Europe/Berlin", (((540, 1020),),) * 5 + ((),) * 2)
    first = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())
    within = (first, first + 31 * SECONDS_OF_DAY)
    busy = [(at, at + 600) for at in range(first, within[1], 31 * SECONDS_OF_DAY // 2000)]
    shape = Shape(1800, 1800)
    took = []
    for _number in range(200):
        began = time.perf_counter()
        free_starts(windows(hours, within), merge(busy), shape, within)
        took.append((time.perf_counter() - began) * 1000)
    yield Row("slot arithmetic alone, 31 days, 2,000 busy times: p50", statistics.median(took), "ms", most=1)


def _more_hosts(count: int) -> list[str]:
    """By the verb: a command of its own for each would take long."""
    place = Workspace.objects.get(slug=SLUG)
    people = [NewPerson(f"more{next(_numbers)}@bench.example", "More", None) for _number in range(count)]
    return [add_member(place, person, Role.REP).public_id for person in people]


def _offer(rig: Rig, slug: str, hosts: Sequence[str]) -> None:
    order = {"slug": slug, "title": slug, "duration_minutes": 30, "hosts": list(hosts), "weekly_hours": OFFICE}
    with rig.client() as client:
        client.post("/booking-types", json=order).raise_for_status()


def _book_directly(host: Member, count: int, inside: int) -> None:
    """Past the verbs, which would take minutes: so many appointments of ten minutes, some of them within the month."""
    lead, _made = Lead.objects.get_or_create(
        workspace_id=host.workspace_id, email="bench@customer.example", defaults={"name": "Bench", "locale": "en"}
    )
    tomorrow = clock.now().replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=1)
    starts = [tomorrow + timedelta(days=number // 8, minutes=30 * (number % 8)) for number in range(inside)]
    starts += [
        tomorrow + timedelta(days=40 + number // 8, minutes=30 * (number % 8)) for number in range(count - inside)
    ]
    rows = Appointment.objects.bulk_create(
        Appointment(
            workspace_id=host.workspace_id,
            lead=lead,
            host=host,
            title=TITLE,
            start_at=start_at,
            duration=timedelta(minutes=10),
            time_zone="UTC",
            provider="none",
            changed_at=clock.now() - timedelta(days=1),  # nothing for the worker to look at
        )
        for start_at in starts
    )
    HostBusy.objects.bulk_create(HostBusy(appointment=row, host=host, busy=row.blocked_span) for row in rows)


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _in_turns(rig: Rig, slugs: Sequence[str]) -> dict[str, tuple[float, float]]:
    """By type: the median of a request in ms, and the median of its CPU."""
    took: dict[str, list[float]] = {slug: [] for slug in slugs}
    spent: dict[str, list[float]] = {slug: [] for slug in slugs}
    with rig.client() as client:
        for _round in range(ROUNDS):
            for slug in slugs:
                before = _cpu(rig)
                took[slug] += [_ask(client, slug) for _number in range(REQUESTS)]
                spent[slug].append((_cpu(rig) - before) * 1000 / REQUESTS)
    return {slug: (statistics.median(took[slug]), statistics.median(spent[slug])) for slug in slugs}


def _ask(client: httpx2.Client, slug: str, etag: str = "") -> float:
    began = time.perf_counter()
    answer = client.get(f"/booking-types/{slug}/slots", headers={"If-None-Match": etag} if etag else {})
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != (304 if etag else 200):
        raise SystemExit(f"The slots were answered by {answer.status_code}.")
    return took


def _time_unchanged(rig: Rig, slug: str) -> float:
    took: list[float] = []
    with rig.client() as client:
        while len(took) < REQUESTS:
            while clock.now().second >= 50:  # a minute that ends meanwhile changes it
                time.sleep(0.5)
            etag = client.get(f"/booking-types/{slug}/slots").headers["ETag"]
            took += [_ask(client, slug, etag) for _number in range(5)]
    return statistics.median(took)


def _cpu(rig: Rig) -> float:
    """Seconds that the web processes have worked."""
    web = psutil.Process(rig.web.pid)
    times = [process.cpu_times() for process in (web, *web.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _statements(rig: Rig, slug: str) -> int:
    client = Client(headers={"Authorization": f"Bearer {rig.key}"}, HTTP_HOST=rig.url.partition("://")[2])
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(f"/api/v1/booking-types/{slug}/slots")
    if answer.status_code != 200:
        raise SystemExit(f"The slots were answered by {answer.status_code}.")
    return len(captured)
