"""Who says yes and no, when, and what follows; also by links, which nobody can make up."""

from datetime import timedelta

import pytest

from tests import house, offering
from tests.notetaking.stage import START, Stage
from treff.appointments.models import Appointment
from treff.audit.models import AuditEntry
from treff.kernel.errors import Invalid
from treff.notetaking import consenting, queries
from treff.notetaking.errors import MeetingIsOver, NothingToAgreeTo
from treff.notetaking.models import Consent, NotesPolicy
from treff.notetaking.rules import WORDING
from treff.notetaking.states import Standing
from treff.workspaces.errors import NotAllowed, NotHere

pytestmark = pytest.mark.promise("P31")


def test_notes_are_off_until_an_administrator_confirms_the_legal_note(stage: Stage) -> None:
    other = house.owner(house.workspace("south"))
    assert not queries.policy_of(other.workspace_id).is_enabled
    with pytest.raises(Invalid) as refused:
        consenting.set_policy(house.scope(other), is_enabled=True, confirms=False, retention_days=30)
    assert refused.value.field == "confirms"
    assert not queries.policy_of(other.workspace_id).is_enabled
    policy = consenting.set_policy(house.scope(other), is_enabled=True, confirms=True, retention_days=14)
    assert (policy.confirmed_by, policy.legal_note, policy.retention_days) == (other, "2026-11", 14)
    entry = AuditEntry.objects.get(deed="notes_policy.set", workspace_id=other.workspace_id)
    assert (entry.actor_id, entry.detail["is_enabled"]) == (other.public_id, True)


def test_who_switches_them_on_again_confirms_again(stage: Stage) -> None:
    scope = house.scope(stage.owner)
    consenting.set_policy(scope, is_enabled=False, confirms=False, retention_days=30)
    with pytest.raises(Invalid):
        consenting.set_policy(scope, is_enabled=True, confirms=False, retention_days=30)


def test_a_rep_decides_nothing_about_the_workspace(stage: Stage) -> None:
    rep = house.member(stage.owner.workspace)
    with pytest.raises(NotAllowed):
        consenting.set_policy(house.scope(rep), is_enabled=False, confirms=False, retention_days=30)
    assert NotesPolicy.objects.get().is_enabled


@pytest.mark.parametrize("days", [0, 366])
def test_transcripts_are_kept_for_a_day_to_a_year(stage: Stage, days: int) -> None:
    with pytest.raises(Invalid) as refused:
        consenting.set_policy(house.scope(stage.owner), is_enabled=True, confirms=True, retention_days=days)
    assert refused.value.field == "retention_days"


def test_a_yes_is_kept_word_for_word_with_language_time_and_way(stage: Stage) -> None:
    appointment = stage.book(locale="de")
    (said,) = queries.consents(appointment)
    assert (said.agrees, said.how, said.version, said.locale) == (True, "form", WORDING, "de")
    assert said.text == queries.wording_for(stage.owner.workspace, "de")
    assert "Nordlicht" in said.text
    assert "30 Tagen" in said.text
    entry = AuditEntry.objects.get(deed="consent.given")
    assert (entry.subject, entry.actor_name) == (appointment.public_id, "Lena Lead")


def test_who_is_known_in_one_language_and_books_in_another_agreed_to_what_they_read(stage: Stage) -> None:
    stage.book(agrees=None, locale="de")
    appointment = stage.book(locale="en", start_at=START + timedelta(days=1))
    (said,) = queries.consents(appointment)
    assert (said.locale, appointment.lead.locale) == ("en", "de")
    assert said.text.startswith("I agree that Nordlicht")


@pytest.mark.parametrize(
    ("days", "locale", "words"),
    [
        (1, "en", "deleted after 1 day."),
        (30, "en", "deleted after 30 days."),
        (1, "de", "nach 1 Tag gelöscht."),
        (30, "de", "nach 30 Tagen gelöscht."),
    ],
)
def test_people_read_how_long_it_is_kept(stage: Stage, days: int, locale: str, words: str) -> None:
    consenting.set_policy(house.scope(stage.owner), is_enabled=True, confirms=True, retention_days=days)
    assert words in queries.wording_for(stage.owner.workspace, locale)


def test_an_unticked_box_is_a_no_that_can_become_a_yes_by_the_link(stage: Stage) -> None:
    appointment = stage.book(agrees=False)
    assert queries.standing(appointment) == Standing.REFUSED
    stage.answer(appointment, agrees=True)
    assert queries.standing(appointment) == Standing.AGREED
    assert [(said.agrees, said.how) for said in queries.consents(appointment)] == [(True, "link"), (False, "form")]


def test_saying_the_same_twice_adds_nothing(stage: Stage) -> None:
    appointment = stage.book()
    stage.answer(appointment, agrees=True)
    assert Consent.objects.count() == 1


def test_one_no_is_enough(stage: Stage) -> None:
    appointment = stage.book(attendees=("kim@customer.example",))
    stage.answer(appointment, agrees=False, email="kim@customer.example")
    assert queries.standing(appointment) == Standing.REFUSED


def test_where_nobody_asks_nobody_is_recorded(stage: Stage) -> None:
    kind = offering.kind(stage.owner, stage.owner, provider="zoom", slug="plain")
    booked = consenting.book_with_consent(
        stage.owner.workspace,
        kind,
        consenting.SlotRequest(START, {"name": "Lena Lead", "email": "lena@customer.example"}),
        agrees=True,
    )
    assert queries.consents(booked.appointment) == []
    with pytest.raises(NothingToAgreeTo):
        consenting.answer(consenting.token_for(booked.appointment, "lena@customer.example"), agrees=True)


def test_after_the_meeting_consent_can_be_withdrawn_but_not_given(stage: Stage) -> None:
    appointment, other = stage.book(), stage.book(agrees=None, start_at=START + timedelta(hours=1))
    stage.at(START + timedelta(days=1))
    stage.answer(appointment, agrees=False)
    assert queries.standing(appointment) == Standing.REFUSED
    with pytest.raises(MeetingIsOver):
        stage.answer(other, agrees=True)


@pytest.mark.attack("A-043")
def test_a_link_answers_for_one_address_about_one_appointment_and_cannot_be_made_up(stage: Stage) -> None:
    first = stage.book(agrees=None, attendees=("kim@customer.example",))
    second = stage.book(agrees=None, start_at=START + timedelta(hours=1))
    token = consenting.token_for(first, "kim@customer.example")
    assert consenting.asked_by(token).email == "kim@customer.example"
    signature = token.partition(":")[2]
    for forged in (f"{second.pk}-0:{signature}", f"{first.pk}-0:{signature}", token[:-1], "", "1-2", "x:y"):
        with pytest.raises(NotHere):
            consenting.asked_by(forged)
    with pytest.raises(NotHere):
        consenting.token_for(first, "somebody@else.example")


def test_the_link_of_a_deleted_appointment_leads_nowhere(stage: Stage) -> None:
    appointment = stage.book()
    token = consenting.token_for(appointment, "lena@customer.example")
    Appointment.objects.update(deleted_at=START)
    with pytest.raises(NotHere):
        consenting.asked_by(token)


def test_somebody_of_another_workspace_calls_nothing_off(stage: Stage) -> None:
    appointment = stage.book()
    stranger = house.owner(house.workspace("south"))
    with pytest.raises(NotHere):
        consenting.call_off(house.scope(stranger), appointment.public_id)
    assert queries.standing(appointment) == Standing.AGREED


def test_what_the_team_called_off_it_can_take_up_again(stage: Stage) -> None:
    appointment, scope = stage.book(), house.scope(stage.owner)
    consenting.call_off(scope, appointment.public_id)
    consenting.call_off(scope, appointment.public_id)
    assert queries.standing(appointment) == Standing.CALLED_OFF
    consenting.take_up(scope, appointment.public_id)
    assert queries.standing(appointment) == Standing.AGREED
    deeds = AuditEntry.objects.filter(deed__startswith="notes.").order_by("pk")
    assert list(deeds.values_list("deed", flat=True)) == ["notes.called_off", "notes.taken_up"]
