"""The measurements, each a row or a few of the table."""

import itertools
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import slots
from bench.rig import WORKER_THREADS, ZOOM_SECONDS, Rig, together
from bench.rows import Row
from treff.appointments.models import Appointment
from treff.conferencing.models import Meeting
from treff.management.processes import free_port

PATIENCE = 300.0  # seconds


def measure(rig: Rig, seconds: float, *, demo: bool) -> Iterator[Row]:
    """Everything. What leaves Zoom hanging comes last, as it takes its time to get over, and right behind what it is
    compared with.
    """
    label, hanging = "Zoom at 200 ms", "Zoom hanging"
    yield Row("load of the machine before (other work makes all of this slower)", os.getloadavg()[0])
    yield from slots.measure(rig)
    with rig.zoom_that("delay", seconds=ZOOM_SECONDS):
        yield from time_links(rig, 30)
        yield from count_zoom_calls(rig)
        yield from count_links(rig, 400)
        yield from count_statements(rig)
        drain()
        rows = [*book_alone(rig, 100, label), *book_together(rig, seconds, label)]
        yield from rows
        drain()
    with rig.zoom_that("hang"):
        slow = [*book_alone(rig, 100, hanging), *book_together(rig, seconds, hanging)]
    yield from slow
    for before, after in ((rows[0], slow[0]), (rows[2], slow[2])):
        most, least = (1.1, None) if before.unit == "ms" else (None, 1 / 1.1)
        yield Row(f"{after.name}: times the one at 200 ms", after.value / before.value, "x", most, least)
    if demo:
        yield from time_demo()


def book_alone(rig: Rig, count: int, label: str) -> Iterator[Row]:
    """How long a booking's POST takes at one client."""
    took = []
    with rig.client() as client:
        for _number in range(count):
            began = time.perf_counter()
            client.post("/appointments", json=rig.order()).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
    yield Row(f"booking, one client, {label}: p50", statistics.median(took), "ms", most=30)
    yield Row(f"booking, one client, {label}: p95", statistics.quantiles(took, n=20)[-1], "ms")


def book_together(rig: Rig, seconds: float, label: str, clients: int = 8) -> Iterator[Row]:
    """Bookings per second while the worker works, too."""
    done = itertools.count()
    end = time.perf_counter() + seconds

    def book(number: int) -> None:
        with rig.client() as client:
            while time.perf_counter() < end:
                client.post("/appointments", json=rig.order(number)).raise_for_status()
                next(done)

    began = time.perf_counter()
    together(clients, book)
    yield Row(f"bookings, {clients} clients, {label}", next(done) / (time.perf_counter() - began), "/s", least=60)


def time_links(rig: Rig, count: int) -> Iterator[Row]:
    """From the answer to the booking, which follows its commit at once, to the link in the database."""
    waits = []
    with rig.client() as client:
        for _number in range(count):
            made = client.post("/appointments", json=rig.order()).raise_for_status().json()
            began = time.perf_counter()
            linked = Meeting.objects.filter(appointment__public_id=made["id"]).exclude(external_id="")
            _await(linked.exists)
            waits.append(time.perf_counter() - began)
    yield Row(
        "commit to link, without Zoom's 200 ms: p50", (statistics.median(waits) - ZOOM_SECONDS) * 1000, "ms", most=50
    )


def count_links(rig: Rig, count: int) -> Iterator[Row]:
    """Links per second of one worker that finds work piled up; from a tenth to nine tenths of the pile."""
    drain()
    rig.stop_worker()
    book_many(rig, count)
    before = _linked()
    rig.start_worker()
    _await(lambda: _linked() - before >= count / 10)
    began, first = time.perf_counter(), _linked()
    _await(lambda: _linked() - before >= count * 9 / 10)
    rate = (_linked() - first) / (time.perf_counter() - began)
    yield Row(f"links, one worker, {WORKER_THREADS} threads (ceiling {WORKER_THREADS / ZOOM_SECONDS:.0f})", rate, "/s")


def book_many(rig: Rig, count: int) -> None:
    def book(number: int) -> None:
        with rig.client() as client:
            for _number in range(count // 4):
                client.post("/appointments", json=rig.order(number)).raise_for_status()

    together(4, book)


def count_statements(rig: Rig) -> Iterator[Row]:
    """What one booking through the API asks of the database, counted in this process."""
    headers = {"Authorization": f"Bearer {rig.key}"}
    client = Client(headers=headers, HTTP_HOST=rig.url.partition("://")[2])
    for _warm_up in range(2):
        with CaptureQueriesContext(connection) as captured:
            answer = client.post("/api/v1/appointments", rig.order(), content_type="application/json")
        if answer.status_code != 201:
            raise SystemExit(f"The booking was answered by {answer.status_code}: {answer.content[:500]!r}")
    words = [query["sql"].split()[0].upper() for query in captured.captured_queries]
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    yield Row("SQL statements per booking", sum(word not in control for word in words))
    yield Row("commits per booking", words.count("COMMIT"))


def count_zoom_calls(rig: Rig) -> Iterator[Row]:
    """A life: booked, moved, cancelled."""
    drain()
    before = _calls(rig)
    with rig.client() as client:
        made = client.post("/appointments", json=rig.order()).raise_for_status().json()
        path, mine = f"/appointments/{made['id']}", Meeting.objects.filter(appointment__public_id=made["id"])
        _await(lambda: mine.exclude(external_id="").exists())
        client.patch(path, json={"duration_minutes": 15}).raise_for_status()
        _await(lambda: _calls(rig)["update"] > before["update"])
        client.post(f"{path}/cancel", json={}).raise_for_status()
        _await(lambda: _calls(rig)["delete"] > before["delete"])
    for operation, count in sorted((_calls(rig) - before).items()):
        yield Row(f"Zoom calls in a life: {operation}", count, most=1)


def time_demo() -> Iterator[Row]:
    """From `treff demo` to the sign-in page; the second start finds its data."""
    with tempfile.TemporaryDirectory(prefix="treff-bench-demo-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)
        for label in ("cold", "again"):
            clean = {name: value for name, value in os.environ.items() if not name.startswith("TREFF_")}
            command = (sys.executable, "-m", "treff.cli", "demo", "--port", str(free_port(8600)))
            began = time.perf_counter()
            with subprocess.Popen(  # noqa: S603  our own command
                command,
                env={**clean, "TREFF_DATA_DIR": place},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as demo:
                assert demo.stdout is not None
                ready = next((found for line in demo.stdout if (found := re.search(r"ready: (\S+)", line))), None)
                if ready is None:
                    raise SystemExit("treff demo did not start")
                httpx2.get(f"{ready.group(1)}/accounts/login/", timeout=30).raise_for_status()
                yield Row(f"treff demo to its first page, {label}", time.perf_counter() - began, "s")
                demo.send_signal(signal.SIGINT)
                demo.communicate()


def drain() -> None:
    """Until every appointment that is booked has its meeting."""
    waiting = Appointment.objects.filter(Q(meeting__isnull=True) | Q(meeting__external_id=""), status="booked")
    _await(lambda: not waiting.exists())


def _linked() -> int:
    return Meeting.objects.exclude(external_id="").count()


def _calls(rig: Rig) -> Counter[str]:
    return Counter(call["operation"] for call in rig.control("truth")["calls"])


def _await(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > deadline:
            raise SystemExit("The product did not get there in time.")
        time.sleep(0.005)
