"""What a sweep costs the queue."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from tests import house
from tests.conferencing.events import jobs
from treff.conferencing.tasks import look
from treff.events.jobs import Task, give_back_orphans
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


def test_what_is_in_hand_gets_no_second_job_until_it_is_done() -> None:
    seen: list[int] = []
    task = Task("tests.in_hand", lambda subject_id: seen.append(task.defer_missing([subject_id, subject_id + 1])))
    task._job(subject_id=1)
    assert (seen, waiting(task)) == ([1], Counter([2]))
    assert task.defer_missing([1]) == 1


def test_what_failed_is_not_in_hand_any_more() -> None:
    def fail(subject_id: int) -> None:
        raise LookupError

    task = Task("tests.failing", fail)
    with pytest.raises(LookupError):
        task._job(subject_id=1)
    assert task.defer_missing([1]) == 1


def taken_by(worker: int | None) -> None:
    """All that wait are in the hands of that worker, or of one that is dead."""
    with connection.cursor() as cursor:
        if worker is not None:
            cursor.execute("INSERT INTO procrastinate_workers (id) OVERRIDING SYSTEM VALUE VALUES (%s)", [worker])
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker])


def test_what_a_dead_worker_had_in_hand_waits_again_and_what_sweeps_find_by_themselves_goes() -> None:
    tell.defer(subject_id=1)
    look.defer_once(subject_id=2)
    taken_by(None)
    assert jobs_that_wait() == []
    assert give_back_orphans() == 1
    assert jobs_that_wait() == [("mail.tell", 1)]
    assert ProcrastinateJob.objects.count() == 1


def test_what_a_living_worker_has_in_hand_stays_there() -> None:
    tell.defer(subject_id=1)
    look.defer_once(subject_id=2)
    taken_by(7)
    assert give_back_orphans() == 0
    assert ProcrastinateJob.objects.filter(status="doing").count() == 2


def jobs_that_wait() -> list[tuple[str, int]]:
    found = ProcrastinateJob.objects.filter(status="todo")
    return [(job.task_name, job.args["subject_id"]) for job in found]


def ready() -> QuerySet[ProcrastinateJob]:
    """In the order in which a worker takes them."""
    return ProcrastinateJob.objects.filter(scheduled_at=None).order_by("-priority", "id")


def in_turn() -> list[tuple[str, int]]:
    return [(job.task_name, job.args["subject_id"]) for job in ready()]


def serve(count: int = 1) -> None:
    """As a worker does: the next ones are gone."""
    served = list(ready().values_list("pk", flat=True)[:count])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [served])


def test_a_link_waits_for_no_more_mails_than_links_stand_before_it() -> None:
    for number in range(5):
        tell.defer(subject_id=number)
    for number in range(2):
        look.defer(subject_id=number)
    taken = in_turn()
    assert taken[:4] == [("mail.tell", 0), ("conferencing.look", 0), ("mail.tell", 1), ("conferencing.look", 1)]


def test_who_came_first_in_a_lane_goes_first_however_long_the_load_lasts() -> None:
    for number in range(20):
        tell.defer(subject_id=number)
    for number in range(20, 60):  # for each that is served one comes: the lane never empties
        serve()
        tell.defer(subject_id=number)
    assert in_turn() == [("mail.tell", number) for number in range(40, 60)]


def test_who_opens_a_lane_takes_turns_with_one_that_is_long_under_way_and_does_not_go_before_all_of_it() -> None:
    for number in range(20):
        tell.defer(subject_id=number)
    serve(10)
    for number in range(3):
        look.defer(subject_id=number)
    assert in_turn()[:6] == [
        *(("mail.tell", 10), ("conferencing.look", 0), ("mail.tell", 11)),
        *(("conferencing.look", 1), ("mail.tell", 12), ("conferencing.look", 2)),
    ]


def test_a_job_for_later_does_not_let_newcomers_past_those_who_wait() -> None:
    booked = house.appointment(house.owner(house.workspace()))
    jobs("DELETE FROM procrastinate_jobs RETURNING task_name, args")
    look.defer_once(subject_id=0, at=clock.now() + timedelta(hours=1))
    for number in range(20):
        tell.defer(subject_id=number)
    serve(10)
    look.defer(subject_id=booked.pk)
    assert in_turn()[:3] == [("mail.tell", 10), ("conferencing.look", booked.pk), ("mail.tell", 11)]
