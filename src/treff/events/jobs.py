"""Tasks as the rest of the house sees them: a name and an id."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import JobDeferrer

# The queue of tasks without a lane. A worker keeps some hands free for it.
PROMPT = "default"
_DEEPEST = 100


class Task:
    """A function of one id that a worker runs some time after the commit, at least once.

    With `lane_of` (id -> whose turn it is) lanes take turns: a job stands the further back, the more of its own lane
    are waiting, so that whoever has thousands does not keep others waiting who have one.
    """

    def __init__(self, name: str, run: Callable[[int], None], lane_of: Callable[[int], object] | None = None) -> None:
        self.name = name
        self._lane_of = lane_of

        def job(subject_id: int) -> None:
            run(subject_id)

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
                self._placed(subject_id, queueing_lock=self._queueing_lock(subject_id), schedule_at=at).defer(
                    subject_id=subject_id
                )
        except AlreadyEnqueued:
            return False
        return True

    def defer_missing(self, subject_ids: Iterable[int]) -> int:
        """A job for each of them that none is waiting for; how many. For sweeps, which must not flood.

        Those that wait are asked for in one query: under load that is most of them, and every second.
        """
        locks = {subject_id: self._queueing_lock(subject_id) for subject_id in subject_ids}
        queued = ProcrastinateJob.objects.filter(queueing_lock__in=locks.values(), status="todo")
        waiting = set(queued.values_list("queueing_lock", flat=True))
        return sum(self.defer_once(subject_id=each) for each, lock in locks.items() if lock not in waiting)

    def _queueing_lock(self, subject_id: int) -> str:
        return f"{self.name}:{subject_id}"

    def _placed(
        self, subject_id: int, queueing_lock: str | None = None, schedule_at: datetime | None = None
    ) -> JobDeferrer:
        queue, priority = PROMPT, 0
        if self._lane_of is not None:
            queue = f"lane-{self._lane_of(subject_id)}"
            waiting = ProcrastinateJob.objects.filter(queue_name=queue, status="todo")
            priority = -waiting[:_DEEPEST].count()
        return self._job.configure(queue=queue, priority=priority, queueing_lock=queueing_lock, schedule_at=schedule_at)


def task(name: str, lane_of: Callable[[int], object] | None = None) -> Callable[[Callable[[int], None]], Task]:
    """Make a function of one id a Task called `name`."""
    return lambda run: Task(name, run, lane_of)
