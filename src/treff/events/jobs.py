"""Tasks as the rest of the house sees them: a name and an id."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import JobDeferrer

from treff.kernel import clock
from treff.kernel.desks import at_desk

# The lane of all tasks that name none. A worker keeps some hands free for it.
PROMPT = "default"
# Start-time fair queueing (Goyal, Vin, Cheng 1996): behind the last of one's own lane; who opens one stands beside
# whoever is served now.
_PLACE = """
    SELECT coalesce(
        (SELECT min(priority) - 1 FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = %s),
        (SELECT max(priority) FROM procrastinate_jobs
            WHERE status = 'todo' AND coalesce(scheduled_at, '-infinity') <= %s),
        0
    )
"""

_FORGET_SWEPT = """
    DELETE FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL AND queueing_lock IS NOT NULL
"""
_GIVE_BACK = "UPDATE procrastinate_jobs SET status = 'todo' WHERE status = 'doing' AND worker_id IS NULL"


class Task:
    """A function of one id that a worker runs some time after the commit, at least once.

    Lanes take turns, so that whoever has thousands does not keep others waiting who have one; within a lane who came
    first goes first. `lane_of` (id -> whose turn it is) says the lane; tasks without it share one, or a thousand mails
    would go before every link.
    """

    def __init__(self, name: str, run: Callable[[int], None], lane_of: Callable[[int], object] | None = None) -> None:
        self.name = name
        self._lane_of = lane_of
        self._in_hand = set[int]()  # of this process: what is at work dies with it, and is not in hand any more

        def job(subject_id: int) -> None:
            self._in_hand.add(subject_id)
            try:
                with at_desk():
                    run(subject_id)
            finally:
                self._in_hand.discard(subject_id)

        self._job = app.task(name=name)(job)

    def defer(self, *, subject_id: int) -> int:
        """One more job, in the caller's transaction."""
        return self._placed(subject_id).defer(subject_id=subject_id)

    def defer_once(self, *, subject_id: int, at: datetime | None = None) -> bool:
        """A job unless one is waiting already. True if deferred; `at`: not before.

        In a savepoint, because the refusal comes out of a unique violation.
        """
        try:
            with transaction.atomic():
                self._placed(subject_id, queueing_lock=f"{self.name}:{subject_id}", schedule_at=at).defer(
                    subject_id=subject_id
                )
        except AlreadyEnqueued:
            return False
        return True

    def defer_missing(self, subject_ids: Iterable[int]) -> int:
        """A job for each of them that none is waiting for and none is in hand of here; how many. For sweeps, which must
        not flood.

        Those that wait are asked for in one query: under load that is most of them, and every second.
        """
        wanted = {subject_id: None for subject_id in subject_ids if subject_id not in self._in_hand}
        waiting = ProcrastinateJob.objects.filter(task_name=self.name, status="todo", args__subject_id__in=[*wanted])
        for subject_id in waiting.values_list("args__subject_id", flat=True):
            wanted.pop(subject_id, None)
        return sum(self.defer_once(subject_id=subject_id) for subject_id in wanted)

    def _placed(
        self, subject_id: int, queueing_lock: str | None = None, schedule_at: datetime | None = None
    ) -> JobDeferrer:
        queue = PROMPT if self._lane_of is None else f"lane-{self._lane_of(subject_id)}"
        with connection.cursor() as cursor:
            cursor.execute(_PLACE, [queue, clock.now()])
            (priority,) = cursor.fetchone()
        return self._job.configure(queue=queue, priority=priority, queueing_lock=queueing_lock, schedule_at=schedule_at)


def give_back_orphans() -> int:
    """Jobs that a dead worker had in hand wait again; how many. Those that sweeps defer go: a sweep defers them anew.

    Whose heart has not beaten for half a minute is dead to procrastinate, which takes it off its jobs. If it lives
    after all, a job is done twice, which does no harm.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_SWEPT)
        cursor.execute(_GIVE_BACK)
        return int(cursor.rowcount)


def task(name: str, lane_of: Callable[[int], object] | None = None) -> Callable[[Callable[[int], None]], Task]:
    """Make a function of one id a Task called `name`."""
    return lambda run: Task(name, run, lane_of)
