"""Tasks as the rest of the house sees them: a name and an id."""

from collections.abc import Callable

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


class Task:
    """A function of one id that a worker runs some time after the commit, at least once."""

    def __init__(self, name: str, run: Callable[[int], None]) -> None:
        self.name = name

        def job(subject_id: int) -> None:
            run(subject_id)

        self._job = app.task(name=name)(job)

    def defer(self, *, subject_id: int) -> int:
        """One more job, in the caller's transaction."""
        return self._job.defer(subject_id=subject_id)

    def defer_once(self, *, subject_id: int) -> bool:
        """A job unless one is waiting already; for sweeps, which must not flood. True if deferred.

        In a savepoint, because the refusal comes out of a unique violation.
        """
        try:
            with transaction.atomic():
                self._job.configure(queueing_lock=f"{self.name}:{subject_id}").defer(subject_id=subject_id)
        except AlreadyEnqueued:
            return False
        return True


def task(name: str) -> Callable[[Callable[[int], None]], Task]:
    """Make a function of one id a Task called `name`."""
    return lambda run: Task(name, run)
