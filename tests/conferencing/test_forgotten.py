"""What a database that went back in time does not know any more, and what nobody does while that is looked at."""

import json
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing.stage import Stage, later
from treff.conferencing import calls, cleaning, forgotten, grants, journal, leaving, overview, queries, reconcile, tasks
from treff.conferencing.models import Attempt, Connection, Grant, Meeting
from treff.conferencing.states import AttemptState, GrantState, Upcoming
from treff.kernel import clock
from treff.recovery import actions as recovery
from treff.recovery.states import Cause

pytestmark = pytest.mark.django_db


def hold() -> None:
    recovery.begin(Cause.OPERATOR)


def forget_all() -> None:
    """The rows of meetings are those of before there was any."""
    Attempt.objects.all().delete()
    Meeting.objects.all().delete()


def known_rows() -> list[dict[str, object]]:
    """What is known of meetings; that a look was asked for meanwhile is no harm."""
    rows = Meeting.objects.order_by("pk").values()
    return [{name: value for name, value in row.items() if name != "next_look_at"} for row in rows]


# ---- while nothing may go out ----


@pytest.mark.fault("F-113")
def test_during_a_recovery_no_pass_begins_and_nothing_is_lost_by_it(stage: Stage) -> None:
    moved, cancelled, linked = stage.linked(), stage.linked(), stage.linked()
    before = len(stage.zoom.truth()["calls"])
    hold()
    fresh = stage.book()
    stage.move(moved)
    stage.cancel(cancelled)
    rows = known_rows()
    for appointment in (fresh, moved, cancelled, linked):
        tasks.look._job.func(appointment.pk)
        reconcile.look(appointment.pk)
    assert len(stage.zoom.truth()["calls"]) == before
    assert [row for row in known_rows() if row["appointment_id"] != fresh.pk] == rows
    recovery.resume()
    for appointment in (fresh, moved, cancelled, linked):
        reconcile.look(appointment.pk)
    for appointment in (fresh, moved, linked):
        stage.check_in_step(appointment)
    assert stage.stands(cancelled) == ("unneeded", "")


@pytest.mark.parametrize("what", ["create", "update", "delete"])
def test_a_pass_that_has_begun_ends_before_its_effect(stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    booked = stage.book() if what == "create" else stage.linked()
    if what == "update":
        stage.move(booked)
    if what == "delete":
        stage.cancel(booked)
        reconcile.run_pass(stage.meeting(booked).pk)  # unlinks
    monkeypatch.setattr(calls, "check_pause", lambda _situation: hold())
    before = stage.calls("create", "update", "delete")
    reconcile.look(booked.pk)
    monkeypatch.undo()
    assert stage.calls("create", "update", "delete") == before
    recovery.resume()
    with later(minutes=3):
        reconcile.look(booked.pk)
    assert stage.calls(what) > 0


def test_who_was_leaving_an_account_gets_as_much_time_as_before(stage: Stage) -> None:
    linked = stage.linked()
    leaving.disconnect(house.scope(stage.owner), "zoom", Upcoming.REMOVE)
    hold()
    with later(hours=5):
        recovery.resume()
        assert leaving.give_more_time() == 1
        leaving.finish(Connection.objects.get().pk)
        assert Connection.objects.exists()
        reconcile.look(linked.pk)
        leaving.finish(Connection.objects.get().pk)
    assert stage.zoom.alive() == []
    assert not Connection.objects.exists()


# ---- what is not known any more ----


@pytest.mark.fault("F-113")
def test_a_meeting_that_was_made_after_the_backup_is_on_the_clean_up_list_under_its_own_marker(stage: Stage) -> None:
    """The appointment was in the backup, its meeting was not."""
    booked = stage.linked()
    (orphan,) = stage.zoom.alive()
    forget_all()
    assert forgotten.suspect_creates() == 1
    (entry,) = overview.clean_up(house.scope(stage.owner))
    assert entry.marker == orphan["agenda"]
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    (right,) = [meeting for meeting in stage.zoom.alive() if meeting["id"] != orphan["id"]]
    assert right["agenda"] != orphan["agenda"]
    assert [attempt.marker for attempt in forgotten.open_attempts()] == [orphan["agenda"]]
    cleaning.resolve(house.scope(stage.owner), booked.public_id, entry.number, cleaning.Resolution.DELETED_IT)
    assert forgotten.open_attempts() == []


def test_only_what_could_have_been_made_is_suspected(stage: Stage) -> None:
    linked = stage.linked()
    cancelled, over, without = stage.book(), stage.book(start_at=house.later(1)), stage.book(provider="none")
    being_made = stage.book()
    stage.cancel(cancelled)
    meeting = Meeting.objects.create(appointment=being_made, provider="zoom")
    meeting.attempts.create(number=1, epoch=1, provider="zoom", account=stage.grant().account, told={}, marker="Ref A")
    with later(days=2):
        assert forgotten.suspect_creates() == 0
    assert {attempt.meeting.appointment for attempt in Attempt.objects.all()} == {linked, being_made}
    assert forgotten.suspect_creates() == 1
    assert stage.attempts(over) == [AttemptState.AMBIGUOUS]
    assert not Meeting.objects.filter(appointment__in=(cancelled, without)).exists()


def test_where_no_account_is_connected_nothing_was_made(bare: Stage) -> None:
    bare.book()
    assert (forgotten.suspect_creates(), Meeting.objects.count()) == (0, 0)


@pytest.mark.fault("F-113")
def test_the_data_directory_says_which_meetings_no_row_knows(stage: Stage) -> None:
    known, lost = stage.linked(), stage.linked()
    lost_id = stage.meeting(lost).external_id
    assert forgotten.lost_meetings(None) == []
    Attempt.objects.filter(meeting__appointment=lost).delete()
    Meeting.objects.filter(appointment=lost).delete()
    (found,) = forgotten.lost_meetings(None)
    assert (found.external_id, found.noted_at is not None) == (lost_id, True)
    assert stage.meeting(known).external_id != lost_id
    assert forgotten.lost_meetings(clock.now() + timedelta(hours=1)) == []


def test_an_answer_that_came_for_an_attempt_that_the_database_forgot_is_kept_aside(stage: Stage) -> None:
    """A worker died with it, then a backup was restored; the number of the attempt will be given to another one."""
    journal.write("created", "4711", json.dumps({"external_id": "81234567890", "join_url": "https://zoom.us/j/1"}))
    assert [lost.external_id for lost in forgotten.lost_meetings(None)] == ["81234567890"]
    reconcile.recover()
    assert list(journal.names("created")) == []
    assert [lost.external_id for lost in forgotten.lost_meetings(None)] == ["81234567890"]


@pytest.mark.fault("F-112")
def test_an_answer_after_the_database_forgot_its_attempt_is_not_forgotten_here(stage: Stage) -> None:
    """A replica took over while Zoom worked: the claim and the attempt are gone, the worker lives on."""
    booked = stage.book()
    Meeting.objects.create(appointment=booked, provider="zoom")

    def lose() -> None:
        Attempt.objects.all().delete()
        Meeting.objects.filter(appointment=booked).update(epoch=0, lease_until=clock.now())

    create = type(reconcile.PRODUCTION.provider_named("zoom")).create

    def create_then_lose(*args: object) -> object:
        made = create(*args)  # type: ignore[arg-type]
        lose()
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(reconcile.PRODUCTION.provider_named("zoom")), "create", create_then_lose)
        reconcile.run_pass(stage.meeting(booked).pk)
    (orphan,) = stage.zoom.alive()
    assert stage.meeting(booked).external_id == ""
    assert [lost.external_id for lost in forgotten.lost_meetings(None)] == [str(orphan["id"])]


def test_tokens_that_were_due_for_exchange_since_may_be_outdated_and_others_not(stage: Stage) -> None:
    grant = stage.grant()
    assert forgotten.outdated_grants(clock.now()) == []
    with later(minutes=55):
        assert forgotten.outdated_grants(clock.now()) == [grant]
    Grant.objects.update(state=GrantState.NEEDS_RECONNECT)
    assert forgotten.outdated_grants(clock.now()) == [grant]


@pytest.mark.fault("F-113")
def test_a_meeting_that_was_gone_and_is_made_anew_is_named_afterwards(stage: Stage) -> None:
    """Its appointment was cancelled after the backup, and nothing but Zoom's answer says so."""
    there, gone = stage.linked(), stage.linked()
    before = stage.meeting(gone).external_id
    provider = reconcile.PRODUCTION.provider_named("zoom")
    token, _version = grants.access_token(stage.grant().pk)
    provider.delete(token, before)
    hold()
    begun_at = clock.now()
    recovery.resume()
    resumed_at = clock.now()
    Meeting.objects.update(confirm_at=resumed_at, next_look_at=resumed_at)
    for appointment_id in queries.due(9):
        reconcile.look(appointment_id)
    (found,) = forgotten.remade(begun_at, resumed_at)
    assert (found.meeting.appointment, found.external_id) == (gone, before)
    stage.check_in_step(there)
    stage.check_in_step(gone)


# ---- notes of a data directory ----


def test_notes_are_kept_for_eight_days_or_as_short_as_the_operator_wants(stage: Stage, settings: Settings) -> None:
    journal.note("made", "1")
    with later(days=7):
        journal.note("made", "2")
        journal.forget_notes("made")
        assert [text for _at, text in journal.notes("made")] == ["1", "2"]
    with later(days=8):
        journal.forget_notes("made")
        assert [text for _at, text in journal.notes("made")] == ["2"]
        settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS = 1
        journal.forget_notes("made")
        assert list(journal.notes("made")) == []
    settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS = 0
    journal.note("made", "3")
    assert list(journal.notes("made")) == []


def test_a_line_that_was_cut_off_spoils_no_other(stage: Stage) -> None:
    journal.note("made", "1")
    day = clock.now().date().isoformat()
    with (journal._folder("made") / day).open("a") as file:
        file.write("2026-")
    assert [text for _at, text in journal.notes("made")] == ["1"]
