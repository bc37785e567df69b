"""What a sweep costs the queue."""

import json
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


def test_a_wake_up_of_the_change_itself_counts_too() -> None:
    look.defer(subject_id=1)
    assert look.defer_missing([1]) == 0
    assert waiting(look) == Counter([1])


def test_jobs_of_another_task_do_not_count() -> None:
    tell.defer_once(subject_id=1)
    assert look.defer_missing([1]) == 1


def in_turn() -> list[tuple[str, int]]:
    """In the order in which a worker takes them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs ORDER BY priority DESC, id")
        return [(name, json.loads(args)["subject_id"]) for name, args in cursor.fetchall()]


def test_a_link_waits_for_no_more_mails_than_links_stand_before_it() -> None:
    for number in range(5):
        tell.defer(subject_id=number)
    for number in range(2):
        look.defer(subject_id=number)
    taken = in_turn()
    assert taken[:4] == [("mail.tell", 0), ("conferencing.look", 0), ("mail.tell", 1), ("conferencing.look", 1)]
