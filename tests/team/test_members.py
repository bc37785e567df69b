"""Roles, leaving a workspace and coming back."""

from datetime import timedelta

import pytest

from tests import house, offering
from treff.appointments import confirming
from treff.appointments.addresses import confirm_token
from treff.appointments.models import Appointment
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.team import actions, queries
from treff.team.actions import HandedOver
from treff.team.errors import LastOwner, OwnersOnly, OwnRole
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member, Workspace
from treff.workspaces.queries import member_of
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Workspace:
    return house.workspace()


@pytest.fixture
def olivia(place: Workspace) -> Member:
    return house.owner(place)


@pytest.fixture
def ada(place: Workspace) -> Member:
    return house.admin(place)


@pytest.fixture
def rita(place: Workspace) -> Member:
    return house.member(place)


def deeds() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("deed", flat=True))


def test_an_administrator_makes_a_rep_an_administrator_and_back(ada: Member, rita: Member) -> None:
    scope = house.scope(ada)
    assert actions.change_role(scope, rita.public_id, Role.ADMIN).role == Role.ADMIN
    assert actions.change_role(scope, rita.public_id, Role.REP).role == Role.REP
    entry = AuditEntry.objects.filter(deed="member.role_changed").order_by("id")[0]
    assert (entry.subject, entry.actor_id, entry.detail) == (rita.public_id, ada.public_id, {"role": ["rep", "admin"]})


def test_the_same_role_changes_nothing(ada: Member, rita: Member) -> None:
    before = deeds()
    actions.change_role(house.scope(ada), rita.public_id, Role.REP)
    assert deeds() == before


def test_only_owners_make_and_unmake_owners(olivia: Member, ada: Member, rita: Member) -> None:
    with pytest.raises(OwnersOnly):
        actions.change_role(house.scope(ada), rita.public_id, Role.OWNER)
    with pytest.raises(OwnersOnly):
        actions.change_role(house.scope(ada), olivia.public_id, Role.REP)
    with pytest.raises(OwnersOnly):
        actions.deactivate(house.scope(ada), olivia.public_id)
    assert actions.change_role(house.scope(olivia), rita.public_id, Role.OWNER).role == Role.OWNER
    assert actions.change_role(house.scope(olivia), rita.public_id, Role.ADMIN).role == Role.ADMIN


def test_nobody_changes_their_own_role_or_deactivates_themselves(olivia: Member, ada: Member) -> None:
    for someone, role in ((olivia, Role.ADMIN), (ada, Role.REP)):
        with pytest.raises(OwnRole):
            actions.change_role(house.scope(someone), someone.public_id, role)
        with pytest.raises(OwnRole):
            actions.deactivate(house.scope(someone), someone.public_id)


@pytest.mark.attack("A-029")
def test_of_two_owners_who_unmake_each_other_the_second_cannot(olivia: Member, rita: Member) -> None:
    """Their pages were open at the same time, so both still count as Owners by their scopes."""
    actions.change_role(house.scope(olivia), rita.public_id, Role.OWNER)
    rita.refresh_from_db()
    of_rita = house.scope(rita)
    actions.change_role(house.scope(olivia), rita.public_id, Role.REP)
    with pytest.raises(LastOwner):
        actions.change_role(of_rita, olivia.public_id, Role.REP)
    with pytest.raises(LastOwner):
        actions.deactivate(of_rita, olivia.public_id)


def test_a_rep_manages_nobody(ada: Member, rita: Member) -> None:
    with pytest.raises(NotAllowed):
        actions.change_role(house.scope(rita), ada.public_id, Role.REP)
    with pytest.raises(NotAllowed):
        actions.deactivate(house.scope(rita), ada.public_id)
    with pytest.raises(NotAllowed):
        actions.reactivate(house.scope(rita), ada.public_id)


@pytest.mark.promise("P33")
def test_members_of_another_workspace_are_not_there(ada: Member) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    for verb in (actions.deactivate, actions.reactivate):
        with pytest.raises(NotHere):
            verb(house.scope(ada), stranger.public_id)
    with pytest.raises(NotHere):
        actions.change_role(house.scope(ada), stranger.public_id, Role.REP)


def test_who_is_deactivated_is_out_and_who_is_reactivated_is_in_again(ada: Member, rita: Member) -> None:
    assert actions.deactivate(house.scope(ada), rita.public_id) == HandedOver()
    with pytest.raises(NotHere):
        member_of(rita.user, "nordlicht")
    assert [str(row) for row in queries.everybody(house.scope(ada))] == ["Ada Admin", "Olivia Owner", "Rita Rep"]
    actions.deactivate(house.scope(ada), rita.public_id)
    actions.reactivate(house.scope(ada), rita.public_id)
    actions.reactivate(house.scope(ada), rita.public_id)
    assert member_of(rita.user, "nordlicht").role == Role.REP
    assert deeds()[-2:] == ["member.deactivated", "member.reactivated"]


def test_an_administrator_does_not_bring_an_owner_back(olivia: Member, ada: Member, rita: Member) -> None:
    actions.change_role(house.scope(olivia), rita.public_id, Role.OWNER)
    actions.deactivate(house.scope(olivia), rita.public_id)
    with pytest.raises(OwnersOnly):
        actions.reactivate(house.scope(ada), rita.public_id)


def test_appointments_ahead_go_to_who_takes_over_where_they_have_time(ada: Member, rita: Member) -> None:
    at_ten, at_noon = house.later(3, 10), house.later(3, 12)
    moved = house.appointment(rita, start_at=at_ten)
    stays = house.appointment(rita, start_at=at_noon)
    house.appointment(ada, start_at=at_noon + timedelta(minutes=15))
    assert actions.deactivate(house.scope(ada), rita.public_id, ada.public_id) == HandedOver(given=1, kept=1)
    hosts = dict(Appointment.objects.values_list("public_id", "host__public_id"))
    assert (hosts[moved.public_id], hosts[stays.public_id]) == (ada.public_id, rita.public_id)
    moved.refresh_from_db()
    assert moved.generation == 2  # so that its meeting and its mails follow


def test_what_a_client_has_not_confirmed_yet_goes_to_who_takes_over_as_well(ada: Member, rita: Member) -> None:
    with clock.at(offering.NOW):
        row = offering.take(offering.kind(ada, rita, confirm_address=True)).appointment
        assert actions.deactivate(house.scope(ada), rita.public_id, ada.public_id) == HandedOver(given=1)
        assert confirming.confirm(confirm_token(row).reveal()).host == ada


def test_without_anybody_who_takes_over_they_stay(ada: Member, rita: Member) -> None:
    row = house.appointment(rita)
    assert actions.deactivate(house.scope(ada), rita.public_id) == HandedOver()
    before = row.generation
    row.refresh_from_db()
    assert (row.host_id, row.generation) == (rita.pk, before)


def test_nobody_takes_over_from_themselves_and_no_stranger_does(ada: Member, rita: Member) -> None:
    house.appointment(rita)
    stranger = house.owner(house.workspace("elsewhere"))
    for wrong in (rita.public_id, stranger.public_id):
        with pytest.raises(NotHere):
            actions.deactivate(house.scope(ada), rita.public_id, wrong)
    rita.refresh_from_db()
    assert rita.is_active


def test_what_somebody_invited_beyond_their_new_role_is_withdrawn(olivia: Member, ada: Member, rita: Member) -> None:
    scope = house.scope(olivia)
    actions.change_role(scope, rita.public_id, Role.OWNER)
    rita.refresh_from_db()
    for role in Role:
        actions.invite(house.scope(rita), f"{role}@new.example", role, "en")
    actions.change_role(scope, rita.public_id, Role.ADMIN)
    assert {row.role for row in queries.open_invitations(scope)} == {Role.ADMIN, Role.REP}
    actions.deactivate(scope, rita.public_id)
    assert not queries.open_invitations(scope)
