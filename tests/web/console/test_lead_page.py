"""One lead: status, owner, notes, what happened, and the times that are offered to book."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house, offering
from tests.web.console.november import EVIL, LEADS, NOW
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.actions import amend, cancel, delete
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.audit.models import AuditEntry
from treff.availability.models import Schedule
from treff.conferencing import reconcile
from treff.kernel import clock
from treff.mail.models import Letter, Recipient
from treff.mail.states import Kind, LetterState
from treff.people.actions import add_note, edit_lead
from treff.people.models import Lead, Note
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


@pytest.fixture
def lena(rita: Member) -> Lead:
    with clock.at(NOW - timedelta(days=30)):
        return house.lead(rita)


def url(lead: Lead, *parts: str) -> str:
    return "/".join((f"{LEADS}{lead.public_id}", *parts, ""))


def told(browser: Client, lead: Lead, query: str = "") -> list[str]:
    moments = browser.get(url(lead) + query).context["timeline"].moments
    return [moment.note.text if moment.note else moment.what for moment in moments]


# Status and owner


def test_the_status_is_set_by_one_click_and_its_changes_are_told(browser: Client, lena: Lead) -> None:
    assert lena.status == "new"
    for minutes, status in enumerate(("contacted", "qualified", "won")):
        with clock.at(NOW + timedelta(minutes=minutes)):
            assert browser.post(url(lena, "status"), {"status": status}).status_code == 302
    lena.refresh_from_db()
    assert (lena.status, lena.status_changed_at) == ("won", NOW + timedelta(minutes=2))
    with clock.at(NOW + timedelta(hours=1)):
        page = browser.get(url(lena)).content.decode()
        assert 'value="won" aria-current="step"' in page
        assert told(browser, lena) == [
            "Status changed from “Qualified” to “Won”",
            "Status changed from “Contacted” to “Qualified”",
            "Status changed from “New” to “Contacted”",
            "Added as a lead",
        ]


@pytest.mark.parametrize("typed", ["", "sold", "WON", "'; DROP TABLE people_lead; --"])
def test_a_status_that_is_none_changes_nothing(typed: str, browser: Client, lena: Lead) -> None:
    answer = browser.post(url(lena, "status"), {"status": typed}, follow=True)
    assert "Choose one of new, contacted, qualified, won, lost." in answer.content.decode()
    lena.refresh_from_db()
    assert (lena.status, lena.status_changed_at) == ("new", None)


def test_the_same_status_again_is_no_change(browser: Client, lena: Lead) -> None:
    before = AuditEntry.objects.count()
    browser.post(url(lena, "status"), {"status": "new"})
    assert AuditEntry.objects.count() == before


def test_a_lead_is_given_to_somebody_else_and_to_nobody(browser: Client, ada: Member, lena: Lead) -> None:
    with clock.at(NOW + timedelta(minutes=1)):
        browser.post(url(lena, "owner"), {"owner": ada.public_id})
    lena.refresh_from_db()
    assert lena.owner == ada
    with clock.at(NOW + timedelta(minutes=2)):
        browser.post(url(lena, "owner"), {"owner": ""})
    with clock.at(NOW + timedelta(minutes=3)):
        assert told(browser, lena)[:2] == [
            "Looked after by Nobody, before by Ada Admin",
            "Looked after by Ada Admin, before by Nobody",
        ]


def test_a_member_of_another_workspace_cannot_look_after_a_lead(browser: Client, lena: Lead) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    answer = browser.post(url(lena, "owner"), {"owner": stranger.public_id}, follow=True)
    assert "Choose a member of the workspace." in answer.content.decode()
    lena.refresh_from_db()
    assert lena.owner is None


# Notes


def test_a_note_is_added_changed_and_deleted_by_who_wrote_it(browser: Client, rita: Member, lena: Lead) -> None:
    browser.post(url(lena, "notes"), {"text": " Wants two roofs.\r\nCall in May. "})
    note = Note.objects.get()
    assert (note.text, note.author, note.lead) == ("Wants two roofs.\nCall in May.", rita, lena)
    edit, remove = url(lena, "notes", note.public_id, "edit"), url(lena, "notes", note.public_id, "delete")
    page = browser.get(url(lena)).content.decode()
    assert edit in page
    assert remove in page
    with clock.at(NOW + timedelta(minutes=5)):
        assert browser.get(edit).context["form"]["text"].value() == note.text
        browser.post(edit, {"text": "Wants three roofs."})
        assert "edited" in browser.get(url(lena)).content.decode()
    assert "Wants three roofs." in browser.get(remove).content.decode()
    with clock.at(NOW + timedelta(minutes=6)):
        browser.post(remove)
    assert not Note.objects.exists()
    with clock.at(NOW + timedelta(minutes=7)):
        assert told(browser, lena)[0] == "Deleted a note"
    deeds = list(AuditEntry.objects.filter(deed__startswith="note.").order_by("id").values_list("deed", "subject"))
    assert deeds == [(deed, lena.public_id) for deed in ("note.added", "note.edited", "note.deleted")]
    assert "roofs" not in str(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_a_note_of_somebody_else_is_read_but_not_changed_and_deleted_by_administrators_alone(
    browser: Client, rita: Member, ada: Member, lena: Lead
) -> None:
    note = add_note(house.scope(rita), lena.public_id, "Mine")
    edit, remove = url(lena, "notes", note.public_id, "edit"), url(lena, "notes", note.public_id, "delete")
    other = house.client_of(house.member(rita.workspace, name="Rolf Rep"))
    for address in (edit, remove):
        assert other.get(address).status_code == 403
        assert other.post(address, {"text": "Yours"}).status_code == 403
        assert address not in other.get(url(lena)).content.decode()
    assert told(other, lena)[0] == "Mine"
    admin = house.client_of(ada)
    assert admin.post(edit, {"text": "Yours"}).status_code == 403
    note.refresh_from_db()
    assert note.text == "Mine"
    assert admin.post(remove).status_code == 302
    assert not Note.objects.exists()


def test_a_note_is_reached_through_its_own_lead_only(browser: Client, rita: Member, lena: Lead) -> None:
    other = house.lead(rita)
    note = add_note(house.scope(rita), other.public_id, "About the other")
    for deed in ("edit", "delete"):
        assert browser.post(url(lena, "notes", note.public_id, deed), {"text": "x"}).status_code == 404
    stranger = house.owner(house.workspace("elsewhere"))
    theirs = add_note(house.scope(stranger), house.lead(stranger).public_id, "Theirs")
    assert browser.post(url(lena, "notes", theirs.public_id, "delete")).status_code == 404
    assert Note.objects.count() == 2


@pytest.mark.attack("A-046", "A-052")
@pytest.mark.parametrize("typed", ["", "   ", "x" * 5001, "a\x00b", "a\u202eb"])
def test_a_note_that_breaks_a_rule_is_marked_and_what_was_typed_stays(typed: str, browser: Client, lena: Lead) -> None:
    answer = browser.post(url(lena, "notes"), {"text": typed})
    assert answer.status_code == 422
    assert list(answer.context["note_form"].errors) == ["text"]
    assert answer.context["note_form"]["text"].value() == typed
    assert not Note.objects.exists()


@pytest.mark.attack("A-046")
def test_a_note_is_plain_text(browser: Client, lena: Lead) -> None:
    browser.post(url(lena, "notes"), {"text": EVIL})
    page = browser.get(url(lena)).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{7*7}}" in page


# What happened


def test_the_timeline_tells_what_happened_with_a_lead_and_who_did_it(
    browser: Client, rita: Member, connected: PaperZoom, lena: Lead
) -> None:
    def after(minutes: int) -> Any:
        return clock.at(NOW + timedelta(minutes=minutes))

    start = NOW + timedelta(days=2)
    with after(1):
        row = house.appointment(rita, lead=lena, start_at=start, title="Roof visit")
    with after(2):
        reconcile.look(row.pk)
    with after(3):
        recipient = Recipient.objects.create(appointment=row, email=lena.email)
        kinds = {"sequence": 0, "sent_at": clock.now()}
        Letter.objects.create(recipient=recipient, kind=Kind.CONFIRMATION, state=LetterState.SENT, **kinds)
    with after(4):
        add_note(house.scope(rita), lena.public_id, "Prefers mornings")
    with after(5):
        amend(house.scope(rita), row.public_id, Amendment(start_at=start + timedelta(hours=1)))
    with after(6):
        cancel(house.scope(rita), row.public_id, "ill")
    with after(7):
        delete(house.scope(rita), row.public_id)
    with after(8):
        assert told(browser, lena) == [
            "Deleted",
            "Cancelled: ill",
            "Moved from 25 Nov 2026, 09:00 to 25 Nov 2026, 10:00",
            "Prefers mornings",
            f"Confirmation sent to {lena.email}",
            "Zoom meeting created",
            "Booked for 25 Nov 2026, 09:00",
            "Added as a lead",
        ]
        moments = browser.get(url(lena)).context["timeline"].moments
    assert [moment.who for moment in moments[:6]] == ["Rita Rep"] * 4 + ["Treff", "Treff"]
    assert {moment.about for moment in moments if not moment.note} == {"Roof visit", ""}
    assert {moment.about_url for moment in moments} == {""}, "a deleted appointment has no page"


def test_a_long_timeline_is_read_to_its_beginning_without_loss(browser: Client, rita: Member, lena: Lead) -> None:
    for number in range(95):
        with clock.at(NOW + timedelta(seconds=number // 3)):  # three at a time
            add_note(house.scope(rita), lena.public_id, f"Note {number}")
    with clock.at(NOW + timedelta(hours=1)):
        found, query = [], ""
        while True:
            context = browser.get(url(lena) + query).context
            found += [moment.note.text if moment.note else moment.what for moment in context["timeline"].moments]
            query = context["timeline"].older_url.partition("#")[0]
            if not query:
                break
    assert sorted(found) == sorted([*(f"Note {number}" for number in range(95)), "Added as a lead"])
    assert browser.get(f"{url(lena)}?until=nonsense").status_code == 200
    assert browser.get(f"{url(lena)}?until=%00").status_code == 200


def statements(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


def test_a_lead_with_much_behind_costs_as_many_statements_as_one_with_little(
    browser: Client, rita: Member, lena: Lead
) -> None:
    def fill(lead: Lead, many: int) -> None:
        for number in range(many):
            row = house.appointment(rita, lead=lead)
            if number % 2:
                cancel(house.scope(rita), row.public_id)
            recipient = Recipient.objects.create(appointment=row, email=lead.email)
            Letter.objects.create(recipient=recipient, kind=Kind.CONFIRMATION, state=LetterState.SENT, sequence=0)
            add_note(house.scope(rita), lead.public_id, f"Note {number}")

    busy = house.lead(rita)
    fill(lena, 2)
    fill(busy, 30)
    statements(browser, url(lena))
    assert statements(browser, url(lena)) == statements(browser, url(busy))


# Times to book


@pytest.fixture
def receiving(rita: Member, ada: Member) -> None:
    """Both receive, from nine to five."""
    week = [[[9 * 60, 17 * 60]]] * 7
    for member in (rita, ada):
        Schedule.objects.create(member=member, weekly=week)
    offering.kind(ada, rita, ada, slug="call", title="First call")
    offering.kind(ada, ada, slug="visit", title="Roof visit")


@pytest.mark.usefixtures("receiving")
def test_the_next_free_times_of_the_owner_lead_to_the_form_filled_in(
    browser: Client, ada: Member, rita: Member, place: Workspace, lena: Lead
) -> None:
    edit_lead(house.scope(rita), lena.public_id, {"owner": ada.public_id})
    house.appointment(ada, start_at=NOW.replace(hour=8) + timedelta(days=1), duration=timedelta(minutes=30))
    offered = browser.get(url(lena)).context["offered"]
    assert (offered.host, offered.is_owner, offered.minutes) == ("Ada Admin", True, 30)
    assert [(kind.title, kind.is_chosen) for kind in offered.types] == [("First call", True), ("Roof visit", False)]
    assert len(offered.times) == 6
    form = browser.get(offered.times[0].url).context["form"]
    first = offered.times[0].start_at.astimezone(clock.now().tzinfo)
    assert form["host"].value() == ada.public_id
    assert form["booking_type"].value() == "call"
    assert f"{form['date'].value()} {form['time'].value()}" == (first + timedelta(hours=1)).strftime(
        "%Y-%m-%d %H:%M:%S"
    )
    assert not Appointment.objects.filter(lead=lena).exists(), "a look books nothing"
    other = browser.get(f"{url(lena)}?type=visit").context["offered"]
    assert [kind.is_chosen for kind in other.types] == [False, True]


@pytest.mark.usefixtures("receiving")
def test_without_an_owner_who_receives_the_readers_own_times_are_offered(
    browser: Client, rita: Member, ada: Member, lena: Lead
) -> None:
    offered = browser.get(f"{url(lena)}?type=visit").context["offered"]  # which is not Rita's: her own come
    assert (offered.host, offered.is_owner) == ("Rita Rep", False)
    assert [kind.title for kind in offered.types] == ["First call"]
    outsider = house.client_of(house.member(rita.workspace, name="Rolf Rep"))
    assert outsider.get(url(lena)).context["offered"] is None


@pytest.mark.parametrize("query", ["start=yesterday", "start=%00", "start=9999-12-31T23:59:59%2B00:00", "host=mem_x"])
def test_an_address_that_names_what_is_not_there_gives_the_usual_form(
    query: str, browser: Client, rita: Member, lena: Lead
) -> None:
    form = browser.get(f"{url(lena, 'book')}?{query}&booking_type=none").context["form"]
    assert form["host"].value() == rita.public_id
    assert form["date"].value() is not None
