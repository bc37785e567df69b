"""Two leads become one, with all that they had."""

from datetime import timedelta

import pytest

from tests import house
from treff.appointments import queries as appointments
from treff.appointments.actions import cancel
from treff.appointments.merging import merge
from treff.appointments.models import Appointment
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.people import merging, queries
from treff.people.actions import add_note, edit_lead
from treff.people.errors import LeadChanged, MergedAway
from treff.people.models import Lead, Note
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Workspace:
    return house.workspace()


@pytest.fixture
def rita(place: Workspace) -> Member:
    return house.member(place)


@pytest.fixture
def pair(rita: Member) -> tuple[Lead, Lead]:
    kept = house.lead(rita, name="Jana Berg", email="jana@berg.example")
    return kept, house.lead(rita, name="J. Berg", email="jb@berg.example", phone="+49 40 1234", company="Berg")


def test_appointments_notes_and_chosen_values_go_to_the_lead_who_stays(rita: Member, pair: tuple[Lead, Lead]) -> None:
    kept, other = pair
    scope = house.scope(rita)
    ahead = house.appointment(rita, lead=other)
    off = house.appointment(rita, lead=other)
    cancel(scope, off.public_id)
    own = house.appointment(rita, lead=kept)
    note = add_note(scope, other.public_id, "Prefers mornings")
    edit_lead(scope, other.public_id, {"status": "qualified", "owner": rita.public_id})
    kept, other = (queries.lead(scope, lead.public_id) for lead in pair)
    before = list(Appointment.objects.order_by("pk").values())
    merge(scope, kept.public_id, other.public_id, ["phone", "status", "owner"], merging.fingerprint_of(kept, other))
    kept.refresh_from_db()
    assert (kept.name, kept.email, kept.phone, kept.company) == ("Jana Berg", "jana@berg.example", "+49 40 1234", "")
    assert (kept.status, kept.owner) == ("qualified", rita)
    assert set(appointments.of_lead(scope, kept)) == {ahead, off, own}
    assert Note.objects.get(pk=note.pk).lead == kept
    after = list(Appointment.objects.order_by("pk").values())
    assert [row | {"lead_id": 0} for row in after] == [row | {"lead_id": 0} for row in before], "nothing else changed"
    entry = AuditEntry.objects.get(deed="lead.merged")
    assert entry.subject == kept.public_id
    assert entry.detail["from"] == other.public_id
    assert entry.detail["status"] == ["new", "qualified"]


def test_the_other_lead_is_gone_and_says_where_to(rita: Member, pair: tuple[Lead, Lead]) -> None:
    kept, other = pair
    scope = house.scope(rita)
    merge(scope, kept.public_id, other.public_id, [], merging.fingerprint_of(kept, other))
    assert list(queries.leads(scope)) == [kept]
    with pytest.raises(MergedAway) as gone:
        queries.lead(scope, other.public_id)
    assert gone.value.into == kept.public_id
    stranger = house.scope(house.owner(house.workspace("elsewhere")))
    with pytest.raises(NotHere):
        queries.lead(stranger, other.public_id)


def test_who_was_merged_into_somebody_who_is_merged_too_is_found_at_the_end(
    rita: Member, pair: tuple[Lead, Lead]
) -> None:
    kept, other = pair
    scope = house.scope(rita)
    last = house.lead(rita)
    merge(scope, kept.public_id, other.public_id, [], merging.fingerprint_of(kept, other))
    kept.refresh_from_db()
    merge(scope, last.public_id, kept.public_id, ["email"], merging.fingerprint_of(last, kept))
    for gone in pair:
        with pytest.raises(MergedAway, match=last.public_id):
            queries.lead(scope, gone.public_id)
    last.refresh_from_db()
    assert set(queries.merged_into(last)) == {kept.public_id, other.public_id}


def test_nothing_is_merged_that_is_not_any_more_what_was_shown(rita: Member, pair: tuple[Lead, Lead]) -> None:
    kept, other = pair
    scope = house.scope(rita)
    shown = merging.fingerprint_of(kept, other)
    edit_lead(scope, other.public_id, {"phone": "+49 40 999"})
    for fingerprint in (shown, "", "forged"):
        with pytest.raises(LeadChanged):
            merge(scope, kept.public_id, other.public_id, ["phone"], fingerprint)
    assert queries.leads(scope).count() == 2


def test_a_lead_is_not_merged_with_itself_nor_with_somebody_elses(rita: Member, pair: tuple[Lead, Lead]) -> None:
    kept, _ = pair
    scope = house.scope(rita)
    with pytest.raises(Invalid):
        merge(scope, kept.public_id, kept.public_id, [], "")
    stranger = house.owner(house.workspace("elsewhere"))
    theirs = house.lead(stranger)
    for first, second in ((kept, theirs), (theirs, kept)):
        with pytest.raises(NotHere):
            merge(scope, first.public_id, second.public_id, ["email"], merging.fingerprint_of(first, second))
    theirs.refresh_from_db()
    assert theirs.deleted_at is None


def test_an_appointment_that_was_just_being_booked_with_the_other_lead_is_not_lost(
    rita: Member, pair: tuple[Lead, Lead]
) -> None:
    kept, other = pair
    scope = house.scope(rita)
    late = house.appointment(rita, lead=kept)
    merge(scope, kept.public_id, other.public_id, [], merging.fingerprint_of(kept, other))
    Appointment.objects.filter(pk=late.pk).update(lead=other)  # its transaction had read the lead before
    assert list(appointments.of_lead(scope, kept)) == [late]


def test_the_earlier_beginning_and_nothing_of_the_time_after_counts(rita: Member) -> None:
    with clock.at(clock.now() - timedelta(days=30)):
        other = house.lead(rita)
    kept = house.lead(rita)
    merge(house.scope(rita), kept.public_id, other.public_id, [], merging.fingerprint_of(kept, other))
    kept.refresh_from_db()
    assert kept.created_at == other.created_at
