"""What a sweep costs the queue."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conferencing.events import jobs
from treff.conferencing.tasks import look
from treff.events.jobs import Task
from treff.kernel import clock
from treff.mail.tasks import tell

pytestmark = pytest.mark.django_db


def waiting(task: Task) -> Counter[int]:
    return Counter(arguments["subject_id"] for name, arguments in jobs() if name == task.name)


def test_who_waits_already_is_not_deferred_again_and_all_of_them_cost_one_question() -> None:
    assert look.defer_missing(range(1, 41)) == 40
    with CaptureQueriesContext(connection) as statements:
        assert look.defer_missing(range(1, 41)) == 0
    assert len(statements) == 1
    assert waiting(look) == Counter(range(1, 41))


def test_only_who_is_missing_gets_a_job_and_one_that_waits_for_its_time_counts() -> None:
    look.defer_once(subject_id=1, at=clock.now() + timedelta(hours=1))
    look.defer_once(subject_id=2)
    assert look.defer_missing([1, 2, 3]) == 1
    assert waiting(look) == Counter([1, 2, 3])


def test_a_wake_up_that_never_had_a_lock_does_not_keep_the_sweep_from_its_own() -> None:
    look.defer(subject_id=1)
    assert look.defer_missing([1]) == 1
    assert waiting(look) == Counter({1: 2})


def test_jobs_of_another_task_do_not_count() -> None:
    tell.defer_once(subject_id=1)
    assert look.defer_missing([1]) == 1
