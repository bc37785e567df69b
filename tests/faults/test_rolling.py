"""A newer version of us runs beside this one, and writes values that this one has never heard of."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CharField, F, Model
from procrastinate.contrib.django.models import ProcrastinateJob

from tests import house
from tests.conferencing.conftest import bare, stage, wired
from tests.conferencing.stage import Stage, later
from tests.journeys.team import Team
from tests.product import eventually
from tests.web.api.caller import Caller
from tests.web.api.routes import fill_in, routes
from tests.web.console.test_access import ROUTES, House, is_post_only
from tests.zoom import provider, simulator, zoom
from treff import wiring
from treff.appointments.models import Appointment
from treff.conferencing import alarms, grants, health, reconcile, wakeups
from treff.conferencing.models import Connection, Grant, Meeting
from treff.mail import actions as mails
from treff.mail import notices
from treff.mail.models import Letter
from treff.management.doctor import examine
from treff.notices.actions import tell_members, tell_operator
from treff.notices.models import Notice
from treff.notices.queries import due
from treff.notices.states import NoticeKind
from treff.workspaces.models import ApiKey, Member

__all__ = ["bare", "provider", "simulator", "stage", "wired", "zoom"]
NEWER = "tomorrow"


def columns() -> list[tuple[type[Model], str]]:
    """Every column of ours that holds one of several known values."""
    ours = [model for model in apps.get_models() if model.__module__.startswith("treff.")]
    return [
        (model, field.name)
        for model in ours
        for field in model._meta.concrete_fields
        if isinstance(field, CharField) and (field.choices or field.name == "provider")
    ]


@pytest.fixture
def rooms(stage: Stage) -> House:
    """Of everything one: linked, refused, left over, a notice that waits, a booking type."""
    owner = stage.owner
    browser = house.client_of(owner)
    posted = {"title": "First call", "slug": "first-call", "duration_minutes": "30", "provider": "zoom"}
    base = f"/w/{owner.workspace.slug}/admin/appointments"
    assert browser.post(f"{base}/new-booking-type/", posted).status_code == 302
    stage.linked()
    refused = stage.book()
    stage.zoom.fault("create", "status", status=400, body={"code": 300, "message": "no"})
    reconcile.look(refused.pk)
    unsure = stage.book()
    stage.zoom.fault("create", "act_then_reset")
    reconcile.look(unsure.pk)
    tell_members(owner.workspace_id, [owner.user], NoticeKind.CONNECTED, "a", {"provider": "zoom", "by": "Olivia"})
    tell_operator(NoticeKind.APP_REFUSED, "b", {"provider": "zoom", "detail": "app_refused"})
    return House(owner)


def pass_over_everything(stage: Stage) -> None:
    """What a worker does."""
    for sweep in wiring.SWEEPS:
        sweep(wiring.EVER)
    wakeups.server_changed()
    for meeting in Meeting.objects.all():
        reconcile.look(meeting.appointment_id)
        mails.tell(meeting.appointment_id)
    for account in Connection.objects.all():
        health.health_of(account)
        alarms.look(account.pk)
        grants.check(account.grant_id)
    for notice in Notice.objects.all():
        notices.send(notice.pk)
    examine()


def look_at_everything(stage: Stage, rooms: House) -> None:
    """What people and programs do. They may be told that there is nothing here, but they are told."""
    browser = house.client_of(stage.owner)
    for name in (name for name in ROUTES if not is_post_only(name)):
        assert browser.get(rooms.url(name, member_id=stage.owner.public_id)).status_code in (200, 302, 403, 404), name
    caller = Caller(stage.owner.workspace)
    ids = {**rooms.ids, "slug": "first-call"}
    for route in routes():
        if route.method == "GET":
            assert caller.get(fill_in(route.path, ids)).status_code in (200, 401, 404), route.name


@pytest.mark.django_db
@pytest.mark.fault("F-105")
@pytest.mark.parametrize(("model", "column"), columns(), ids=lambda part: getattr(part, "__name__", part))
def test_a_value_that_only_a_newer_version_knows_stops_no_pass_no_page_and_no_program(
    stage: Stage, rooms: House, settings: Any, model: type[Model], column: str
) -> None:
    settings.TREFF_SUPPORT_EMAIL = "it@firm.example"
    with later(minutes=30):
        model._base_manager.update(**{column: NEWER})
        look_at_everything(stage, rooms)
        pass_over_everything(stage)


@pytest.mark.django_db
@pytest.mark.fault("F-105")
def test_an_appointment_in_a_state_of_tomorrow_keeps_its_meeting_and_nobody_is_told_that_it_is_off(
    stage: Stage, rooms: House
) -> None:
    pass_over_everything(stage)
    sent, alive = Letter.objects.count(), stage.zoom.alive()
    rows = Appointment.objects.all()
    rows.update(status=NEWER, generation=F("generation") + 1, sequence=F("sequence") + 1)
    with later(minutes=30):
        pass_over_everything(stage)
    assert (Letter.objects.count(), stage.zoom.alive()) == (sent, alive)
    assert set(Meeting.objects.values_list("tries", flat=True)) >= {1}  # tried less and less, not every second
    rows.update(status="booked")
    with later(minutes=60):
        pass_over_everything(stage)
        stage.check()
    assert Appointment.objects.exclude(join_url="").count() == 3


@pytest.mark.django_db
@pytest.mark.fault("F-105")
def test_an_account_in_a_state_of_tomorrow_is_neither_used_nor_given_up(stage: Stage) -> None:
    booked, calls = stage.book(), len(stage.zoom.truth()["calls"])
    Grant.objects.update(state=NEWER)
    reconcile.look(booked.pk)
    grants.check(stage.grant().pk)
    assert (stage.stands(booked), stage.grant().state) == (("waiting", "provider_down"), NEWER)
    assert [call["operation"] for call in stage.zoom.truth()["calls"]][calls:] in ([], ["refresh"])
    Grant.objects.update(state="connected")
    with later(minutes=1):
        reconcile.look(booked.pk)
        stage.check_in_step(booked)


@pytest.mark.django_db
@pytest.mark.fault("F-105")
def test_a_notice_of_tomorrow_waits_for_who_has_the_words(stage: Stage) -> None:
    Notice.objects.update(kind=NEWER)
    (notice,) = Notice.objects.all()
    with later(minutes=1):
        assert due(10) == []
        notices.send(notice.pk)
        Notice.objects.update(kind="connected")
        assert due(10) == [notice.pk]
    assert (Notice.objects.get().state, Notice.objects.get().tries) == ("open", 0)


@pytest.mark.django_db
@pytest.mark.fault("F-105")
def test_a_role_of_tomorrow_allows_nothing_here(stage: Stage) -> None:
    caller, browser = Caller(stage.owner.workspace), house.client_of(stage.owner)
    Member.objects.update(role=NEWER)
    ApiKey.objects.update(role=NEWER)
    assert browser.get(f"/w/{stage.owner.workspace.slug}/").status_code == 404
    assert caller.get("/leads").status_code == 401


@pytest.mark.fault("F-105")
def test_a_job_of_tomorrow_harms_no_worker(connected_team: Team) -> None:
    """It fails there, and the newer version's sweep wakes what it was for."""
    product = connected_team.product
    with connection.cursor() as cursor:
        for queue in ("default", f"lane-{connected_team.workspace.pk}"):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES (%s, %s, %s)",
                [queue, "conferencing.tomorrow", '{"subject_id": 1}'],
            )
    theirs = ProcrastinateJob.objects.filter(task_name="conferencing.tomorrow")
    eventually(lambda: set(theirs.values_list("status", flat=True)) == {"failed"}, "the jobs are put away")
    connected_team.linked(connected_team.book("After it")["id"])
    assert product.processes["worker"].poll() is None
