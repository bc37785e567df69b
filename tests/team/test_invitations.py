"""Invitations: who gets one, what its link opens, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox

from tests import house
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.kernel.secrets import Secret
from treff.mail import notices as delivery
from treff.notices.models import Notice
from treff.notices.states import NoticeState
from treff.team import actions, queries
from treff.team.errors import (
    AlreadyInvited,
    InvitationExpired,
    InvitationUsed,
    InvitationWithdrawn,
    OwnersOnly,
    SentJustNow,
    TooManyInvitations,
)
from treff.team.models import Invitation
from treff.team.rules import MOST_IN_A_DAY
from treff.workspaces.errors import AlreadyMember, NotAllowed, NotHere
from treff.workspaces.models import Member, User, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db
EMAIL = "nina@new.example"
PASSWORD = Secret(house.PASSWORD)


@pytest.fixture(autouse=True)
def kept_here(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def place() -> Workspace:
    return house.workspace(name="Nordlicht Solar")


@pytest.fixture
def ada(place: Workspace) -> Member:
    return house.admin(place)


@pytest.fixture
def scope(ada: Member) -> Scope:
    return house.scope(ada)


def invited(scope: Scope, email: str = EMAIL, role: Role = Role.REP) -> Invitation:
    return actions.invite(scope, email, role, "en")


def deliver() -> list[Any]:
    """What is in the mailbox after everything that waits was sent."""
    outbox.outbox = []
    for notice in Notice.objects.filter(state=NoticeState.OPEN).order_by("pk"):
        delivery.send(notice.pk)
    return outbox.outbox


def test_the_mail_says_who_invites_where_as_what_and_until_when(scope: Scope) -> None:
    row = invited(scope)
    (letter,) = deliver()
    assert (letter.to, letter.subject) == ([EMAIL], "Ada Admin invites you to Nordlicht Solar")
    link = f"/invitation/{queries.token_of(row).reveal()}/"
    html = letter.alternatives[0][0]
    for part in (letter.body, html):
        assert link in part
        assert "Your role there: Sales rep." in part
        assert "You choose a name and a password" in part
    assert deliver() == []


def test_it_is_written_in_the_language_that_was_chosen(scope: Scope) -> None:
    actions.invite(scope, EMAIL, Role.ADMIN, "de")
    (letter,) = deliver()
    assert letter.subject == "Ada Admin lädt Sie zu Nordlicht Solar ein"
    assert "Ihre Rolle dort: Administrator." in letter.body


def test_who_has_an_account_here_reads_that_the_password_stays(scope: Scope) -> None:
    elsewhere = house.workspace("elsewhere")
    house.member(elsewhere, email=EMAIL, password=house.PASSWORD)
    invited(scope)
    (letter,) = deliver()
    assert "You sign in with the password that you have here already." in letter.body


def test_what_is_stored_opens_nothing(scope: Scope) -> None:
    row = invited(scope)
    token = queries.token_of(row).reveal()
    stored = str(Invitation.objects.values().get()) + str(Notice.objects.values().get())
    assert token not in stored
    with pytest.raises(NotHere):
        queries.invitation_at(Secret(row.digest))


def test_accepting_makes_a_member_with_name_and_password(scope: Scope, place: Workspace) -> None:
    row = invited(scope, role=Role.ADMIN)
    member = actions.accept(queries.token_of(row), "Nina Neu", PASSWORD)
    assert (member.workspace_id, member.role, str(member), member.is_active) == (place.pk, Role.ADMIN, "Nina Neu", True)
    assert member.user.check_password(house.PASSWORD)
    assert (member.user.email, member.user.locale, member.time_zone) == (EMAIL, "en", place.time_zone)
    entry = AuditEntry.objects.get(deed="invitation.accepted")
    assert (entry.actor_id, entry.subject) == (member.public_id, row.public_id)


def test_a_link_works_once(scope: Scope) -> None:
    token = queries.token_of(invited(scope))
    actions.accept(token, "Nina", PASSWORD)
    with pytest.raises(InvitationUsed):
        actions.accept(token, "Nils", PASSWORD)
    assert User.objects.get(email=EMAIL).name == "Nina"


def test_a_link_works_for_seven_days(scope: Scope) -> None:
    row = invited(scope)
    token = queries.token_of(row)
    with clock.at(row.sent_at + timedelta(days=7) - timedelta(seconds=1)):
        assert queries.invitation_at(token) == row
    with clock.at(row.sent_at + timedelta(days=7)), pytest.raises(InvitationExpired):
        actions.accept(token, "Nina", PASSWORD)


def test_a_withdrawn_one_is_dead_and_its_mail_does_not_go_out(scope: Scope) -> None:
    row = invited(scope)
    actions.take_back(scope, row.public_id)
    with pytest.raises(InvitationWithdrawn):
        actions.accept(queries.token_of(row), "Nina", PASSWORD)
    assert deliver() == []
    with pytest.raises(NotHere):
        actions.take_back(scope, row.public_id)
    assert invited(scope).pk != row.pk  # the address can be invited anew


def test_sent_again_it_has_another_link_for_seven_days_more(scope: Scope) -> None:
    row = invited(scope)
    old = queries.token_of(row)
    with clock.at(row.sent_at + timedelta(days=8)):
        again = actions.resend(scope, row.public_id)
        new = queries.token_of(again)
        (letter,) = deliver()
        assert new.reveal() in letter.body
        with pytest.raises(NotHere):
            queries.invitation_at(old)
        assert actions.accept(new, "Nina", PASSWORD).is_active


def test_it_is_not_sent_again_within_a_minute(scope: Scope) -> None:
    row = invited(scope)
    with pytest.raises(SentJustNow):
        actions.resend(scope, row.public_id)


def test_an_account_that_is_there_just_joins(scope: Scope, place: Workspace) -> None:
    known = house.member(house.workspace("elsewhere"), name="Nina Bekannt", email=EMAIL, password=house.PASSWORD)
    row = invited(scope, "Nina@New.Example")
    member = actions.accept(queries.token_of(row), "Somebody Else", Secret("another long password"))
    assert (member.user, member.workspace_id, str(member)) == (known.user, place.pk, "Nina Bekannt")
    assert member.user.check_password(house.PASSWORD)


def test_who_has_no_password_yet_chooses_one(scope: Scope) -> None:
    house.member(house.workspace("elsewhere"), name="", email=EMAIL)
    row = invited(scope)
    assert queries.needs_password(row)
    member = actions.accept(queries.token_of(row), "Nina", PASSWORD)
    assert member.user.check_password(house.PASSWORD)
    assert str(member) == "Nina"


def test_a_former_member_comes_back_in_the_role_of_the_invitation(scope: Scope, place: Workspace) -> None:
    former = house.member(place, email=EMAIL, password=house.PASSWORD)
    actions.deactivate(scope, former.public_id)
    row = invited(scope, role=Role.ADMIN)
    member = actions.accept(queries.token_of(row), "", None)
    assert (member.pk, member.role, member.is_active) == (former.pk, Role.ADMIN, True)


def test_who_became_a_member_meanwhile_keeps_their_role(scope: Scope, place: Workspace) -> None:
    row = invited(scope, role=Role.REP)
    house.member(place, Role.ADMIN, email=EMAIL, password=house.PASSWORD)
    assert actions.accept(queries.token_of(row), "", None).role == Role.ADMIN


def test_a_password_that_breaks_a_rule_uses_nothing_up(scope: Scope) -> None:
    token = queries.token_of(invited(scope))
    with pytest.raises(Invalid) as caught:
        actions.accept(token, "Nina", Secret("short"))
    assert caught.value.field == "password"
    assert not User.objects.filter(email=EMAIL).exists()
    assert actions.accept(token, "Nina", PASSWORD).is_active


def test_members_and_who_is_invited_already_are_not_invited(scope: Scope, place: Workspace) -> None:
    house.member(place, email="rita@nordlicht.example")
    with pytest.raises(AlreadyMember):
        invited(scope, "Rita@nordlicht.example")
    invited(scope)
    with pytest.raises(AlreadyInvited):
        invited(scope, EMAIL.upper())
    with pytest.raises(Invalid):
        invited(scope, "nobody")
    assert Invitation.objects.count() == Notice.objects.count() == 1


def test_only_owners_invite_owners_and_touch_their_invitations(scope: Scope, place: Workspace) -> None:
    with pytest.raises(OwnersOnly):
        invited(scope, role=Role.OWNER)
    row = invited(house.scope(house.owner(place)), role=Role.OWNER)
    with pytest.raises(OwnersOnly):
        actions.resend(scope, row.public_id)
    with pytest.raises(OwnersOnly):
        actions.take_back(scope, row.public_id)


def test_reps_invite_nobody(place: Workspace) -> None:
    rita = house.scope(house.member(place))
    with pytest.raises(NotAllowed):
        invited(rita)
    with pytest.raises(NotAllowed):
        actions.resend(rita, "inv_0000")


def test_a_workspace_sends_so_many_in_a_day(scope: Scope, place: Workspace) -> None:
    now = clock.now()
    for number in range(MOST_IN_A_DAY):
        Invitation.objects.create(
            workspace=place, email=f"{number}@x.example", role="rep", digest=str(number), sent_at=now, expires_at=now
        )
    with pytest.raises(TooManyInvitations):
        invited(scope)
    with clock.at(now + timedelta(days=1, seconds=1)):
        invited(scope)


@pytest.mark.promise("P33")
def test_invitations_of_another_workspace_are_not_there(scope: Scope) -> None:
    stranger = house.scope(house.owner(house.workspace("elsewhere")))
    row = invited(scope)
    assert not queries.open_invitations(stranger)
    with pytest.raises(NotHere):
        actions.take_back(stranger, row.public_id)
