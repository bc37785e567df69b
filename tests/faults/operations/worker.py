"""A worker that starts when the fault is over, and works until nothing is left to do."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

from tests.conferencing.events import lose_jobs
from treff import wiring
from treff.conferencing import reconcile
from treff.conferencing import tasks as conferencing
from treff.conferencing.ledger import LEASE
from treff.conferencing.models import Connection, Meeting
from treff.kernel import clock

MOST_ROUNDS = 200
# Mails have a reconciler of their own, with tests of its own.
SWEEPS = [sweep for sweep in wiring.SWEEPS if sweep.__module__ == conferencing.__name__]


@dataclass
class Worker:
    """`now` is what time it is for it; that goes on when it would wait."""

    now: datetime

    def start(self) -> None:
        """Minutes later. Every job was lost: what is to be done it has to find on the rows."""
        lose_jobs()
        reconcile.PRODUCTION.breaker._lines.clear()
        self.now += LEASE + timedelta(seconds=1)
        with clock.at(self.now):
            wiring.recover()
        self.come_to_rest()

    def come_to_rest(self) -> None:
        for _ in range(MOST_ROUNDS):
            if self._work():
                continue
            due_at = self._next_due()
            if due_at is None:
                return
            self.now = max(self.now, due_at)
            with clock.at(self.now):
                for sweep in SWEEPS:
                    sweep(wiring.RECENT)
        raise AssertionError(f"it does not come to rest: something is due at {self._next_due()}")

    def _work(self) -> int:
        """Run the jobs that are due, and say how many it were."""
        with clock.at(self.now), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, '-infinity') <= %s"
                " RETURNING task_name, args",
                [self.now],
            )
            jobs = cursor.fetchall()
            for name, arguments in jobs:
                if name.startswith("conferencing."):
                    app.tasks[name].func(**json.loads(arguments))
        return len(jobs)

    def _next_due(self) -> datetime | None:
        meetings = Meeting.objects.exclude(next_look_at=None).values_list("next_look_at", "lease_until")
        leaving = Connection.objects.exclude(leaving_until=None).values_list("leaving_until", flat=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT min(scheduled_at) FROM procrastinate_jobs WHERE status = 'todo'")
            (scheduled_at,) = cursor.fetchone()
        return min([*map(max, meetings), *leaving, *filter(None, [scheduled_at])], default=None)
