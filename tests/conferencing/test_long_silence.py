"""Nobody reconciled for a day, and there is more to make up for than an account may be asked in a day."""

import random
from datetime import timedelta

import pytest

from tests import house
from tests.conferencing.stage import Stage
from treff.appointments.models import Appointment
from treff.conferencing import queries, reconcile, rows
from treff.conferencing.models import Attempt, Meeting, Usage
from treff.kernel import clock

pytestmark = pytest.mark.django_db
SPENT, PAST, NEAR, FAR = 65, 4, 8, 30
TODAY = 90 - SPENT  # that many starts which are not near may get a link today


def spend(stage: Stage, requests: int) -> None:
    Usage.objects.update_or_create(
        account=stage.grant().account, day=clock.now().date(), defaults={"requests": requests}
    )


def linked() -> list[Appointment]:
    return list(Appointment.objects.exclude(join_url="").order_by("start_at"))


@pytest.mark.fault("F-103")
def test_after_a_day_without_passes_what_is_over_is_skipped_and_links_come_in_the_order_of_the_starts(
    stage: Stage,
) -> None:
    noon = house.later(3, hour=12)
    with clock.at(noon - timedelta(hours=24)):
        starts = [noon - timedelta(hours=number) for number in range(1, PAST + 1)]
        starts += [noon + timedelta(hours=number) for number in range(1, NEAR + 1)]
        starts += [noon + timedelta(hours=25 + number) for number in range(FAR)]
        random.Random(103).shuffle(starts)
        booked = [stage.book(start_at=start_at) for start_at in starts]
    in_order = sorted(booked, key=lambda row: row.start_at)
    past, ahead = in_order[:PAST], in_order[PAST:]
    with clock.at(noon):
        spend(stage, SPENT)
        for row in booked:  # as their jobs were left lying
            reconcile.look(row.pk)
        assert [row.pk for row in linked()] == [row.pk for row in ahead[:TODAY]]
        assert {stage.stands(row) for row in past} == {("blocked", "started")}
        assert {stage.stands(row) for row in ahead[TODAY:]} == {("waiting", "throttled")}
        assert {stage.meeting(row).tries for row in ahead[TODAY:]} == {1}
        stage.check()
    with clock.at(house.later(4, hour=0) + timedelta(minutes=3)):
        due = queries.due(1000)
        assert set(due) == {row.pk for row in ahead[TODAY:]}
        for appointment_id in due:
            reconcile.look(appointment_id)
        assert [row.pk for row in linked()] == [row.pk for row in ahead]
        for row in ahead:
            stage.check_in_step(row)
    assert (stage.calls("create"), stage.calls("update", "delete")) == (NEAR + FAR, 0)


def test_who_waits_for_a_person_or_is_being_made_keeps_nothing_from_later_starts(stage: Stage) -> None:
    first, second, third = (stage.book(start_at=house.later(days)) for days in (5, 6, 7))
    (connection,) = queries.connections_of_grant(stage.grant().pk)
    assert rows.spending(connection, third.start_at)[1] == 2
    stage.zoom.fault("create", "status", status=400, body={"code": 300, "message": "no"})
    reconcile.look(first.pk)
    assert stage.stands(first) == ("blocked", "refused")
    assert rows.spending(connection, third.start_at)[1] == 1
    reconcile.look(second.pk)
    assert rows.spending(connection, third.start_at)[1] == 0
    moved = stage.move(second)
    assert rows.spending(connection, third.start_at)[1] == 1
    Attempt.objects.filter(meeting__appointment=moved).update(state="intent")
    assert rows.spending(connection, third.start_at)[1] == 0


def test_only_what_is_ahead_and_still_to_be_made_or_changed_keeps_requests_back(stage: Stage) -> None:
    names = ("wanted", "cancelled", "deleted", "begun", "in_step", "behind")
    booked = {name: stage.book(start_at=house.later(days)) for days, name in enumerate(names, start=5)}
    (connection,) = queries.connections_of_grant(stage.grant().pk)
    stage.cancel(booked["cancelled"])
    Appointment.objects.filter(pk=booked["deleted"].pk).update(deleted_at=clock.now())
    Appointment.objects.filter(pk=booked["begun"].pk).update(start_at=clock.now() - timedelta(hours=1))
    for name in ("in_step", "behind"):
        reconcile.look(booked[name].pk)
    Meeting.objects.filter(appointment=booked["behind"]).update(state="waiting")
    assert rows.spending(connection, house.later(60)) == (2, 2)
    Appointment.objects.filter(pk=booked["wanted"].pk).update(provider="none")
    assert rows.spending(connection, house.later(60)) == (2, 1)
