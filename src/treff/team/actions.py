"""Every write about members who come and go."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction

from treff.appointments.actions import amend
from treff.appointments.errors import SlotTaken
from treff.appointments.holding import lock_hosts
from treff.appointments.ports import Amendment
from treff.audit.actions import record
from treff.audit.ports import Actor
from treff.kernel import clock, texts
from treff.kernel.secrets import Secret
from treff.kernel.stored import known
from treff.notices.actions import tell_guest, withdraw
from treff.notices.states import NoticeKind
from treff.team import queries
from treff.team.errors import AlreadyInvited, InvitationWithdrawn, OwnRole, SentJustNow, TooManyInvitations
from treff.team.models import Invitation
from treff.team.rules import (
    MOST_IN_A_DAY,
    NOT_AGAIN_WITHIN,
    VALID_FOR,
    check_gives,
    check_owner_left,
    roles_given_by,
)
from treff.workspaces.actions import NewPerson, find_or_create_user, join
from treff.workspaces.errors import AlreadyMember
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import members
from treff.workspaces.rules import check_locale
from treff.workspaces.states import Permission, Role


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How many upcoming appointments went to the new host, and how many stayed, as the new host is busy then."""

    given: int = 0
    kept: int = 0


# ---- roles ----


def change_role(scope: Scope, member_id: str, role: Role) -> Member:
    """The same role changes nothing. Raises LastOwner, NotAllowed, NotHere, OwnersOnly, OwnRole."""
    with transaction.atomic():
        row = _held(scope, member_id)
        before = known(Role, row.role, Role.OWNER)
        if role == before:
            return row
        _check_may_change(scope, row, role)
        row.role = role
        row.save(update_fields=["role"])
        record(scope.workspace_id, scope.actor, "member.role_changed", row.public_id, {"role": [before, role]})
        _withdraw_beyond(scope, row, role)
    return row


def deactivate(scope: Scope, member_id: str, hand_over_to: str = "") -> HandedOver:
    """They see nothing of the workspace any more and are offered nowhere; twice changes nothing.

    1. Appointments that they host and that are ahead go to the member `hand_over_to` (a public id) where that one has
       time; empty: they stay as they are.
    2. What they invited and could not be invited without them is withdrawn.

    Raises LastOwner, NotAllowed, NotHere (either member), OwnersOnly, OwnRole.
    """
    with transaction.atomic():
        row = _held(scope, member_id)
        if not row.is_active:
            return HandedOver()
        _check_may_change(scope, row)
        handed_over = _hand_over(scope, row, hand_over_to) if hand_over_to else HandedOver()
        row.is_active = False
        row.save(update_fields=["is_active"])
        detail = {"given": handed_over.given, "kept": handed_over.kept, "to": hand_over_to}
        record(scope.workspace_id, scope.actor, "member.deactivated", row.public_id, detail)
        _withdraw_beyond(scope, row, None)
    return handed_over


def reactivate(scope: Scope, member_id: str) -> Member:
    """In the role that they had; twice changes nothing. Raises NotAllowed, NotHere, OwnersOnly."""
    with transaction.atomic():
        row = _held(scope, member_id)
        if not row.is_active:
            check_gives(scope.role, known(Role, row.role, Role.OWNER))
            row.is_active = True
            row.save(update_fields=["is_active"])
            record(scope.workspace_id, scope.actor, "member.reactivated", row.public_id)
    return row


def _held(scope: Scope, member_id: str) -> Member:
    """The member, with the workspace held: of two Owners who unmake each other at once one comes second."""
    scope.require(Permission.EDIT_MEMBERS)
    _hold(scope)
    return queries.member(scope, member_id)


def _hold(scope: Scope) -> Workspace:
    return Workspace.objects.select_for_update(no_key=True).get(pk=scope.workspace_id)


def _check_may_change(scope: Scope, row: Member, *to: Role) -> None:
    """Raises LastOwner, OwnersOnly, OwnRole."""
    if row.pk == scope.member_id:
        raise OwnRole
    role = known(Role, row.role, Role.OWNER)  # of one that only a newer version knows an Owner may decide
    check_gives(scope.role, role, *to)
    check_owner_left(role, members(scope).filter(role=Role.OWNER).exclude(pk=row.pk).count())


def _hand_over(scope: Scope, host: Member, to: str) -> HandedOver:
    """Appointments first, then their hosts, as every verb holds them."""
    receiver = members(scope).exclude(pk=host.pk).named(to)
    found = list(queries.hosted_ahead(scope, host).select_for_update(of=("self",)).order_by("pk"))
    lock_hosts(host.pk, receiver.pk)
    given = 0
    for appointment in found:
        try:
            amend(scope, appointment.public_id, Amendment(host_id=receiver.public_id))
        except SlotTaken:
            continue
        given += 1
    return HandedOver(given, len(found) - given)


# ---- invitations ----


def invite(scope: Scope, email: str, role: Role, locale: str) -> Invitation:
    """Mail somebody a link by which they become a member.

    Raises AlreadyInvited, AlreadyMember, Invalid, NotAllowed, OwnersOnly, TooManyInvitations.
    """
    scope.require(Permission.EDIT_MEMBERS)
    check_gives(scope.role, role)
    address = texts.email_address("email", email)
    row = Invitation(
        workspace_id=scope.workspace_id,
        email=address,
        role=role,
        locale=check_locale("locale", locale),
        invited_by_id=scope.member_id,
    )
    try:
        with transaction.atomic():
            _hold(scope)
            if members(scope).filter(user__email__iexact=address).exists():
                raise AlreadyMember
            _send(scope, row)
            record(scope.workspace_id, scope.actor, "invitation.sent", row.public_id, {"role": role})
    except IntegrityError:
        raise AlreadyInvited from None
    return row


def resend(scope: Scope, invitation_id: str) -> Invitation:
    """With a new link, for another seven days; the older one is dead.

    Raises NotAllowed, NotHere, OwnersOnly, SentJustNow, TooManyInvitations.
    """
    with transaction.atomic():
        row = _open(scope, invitation_id)
        if row.sent_at > clock.now() - NOT_AGAIN_WITHIN:
            raise SentJustNow
        withdraw(scope.workspace_id, _key(row))
        row.issue += 1
        row.invited_by_id = scope.member_id
        _send(scope, row)
        record(scope.workspace_id, scope.actor, "invitation.sent_again", row.public_id)
    return row


def take_back(scope: Scope, invitation_id: str) -> None:
    """Its link is dead. Raises NotAllowed, NotHere, OwnersOnly."""
    with transaction.atomic():
        _take_back(scope, _open(scope, invitation_id))


def accept(token: Secret, name: str, password: Secret | None) -> Member:
    """Whoever has the link becomes a member; one who signs in here already keeps name and password.

    The link proves that the address is theirs, and works once. Raises Invalid, InvitationExpired, InvitationUsed,
    InvitationWithdrawn, NotHere.
    """
    found = queries.invitation_at(token)
    with transaction.atomic():
        row = Invitation.objects.select_for_update().select_related("workspace").get(pk=found.pk)
        if row.digest != queries.digest_of(token):  # sent again a moment ago, with another link
            raise InvitationWithdrawn
        queries.check_open(row)
        user = find_or_create_user(NewPerson(row.email, name, password, row.locale))
        row.accepted_at = clock.now()
        row.save(update_fields=["accepted_at"])
        member = join(row.workspace, user, Role(row.role))
        actor = Actor("member", member.public_id, str(user))
        record(row.workspace_id, actor, "invitation.accepted", row.public_id, {"role": member.role})
    return member


def _open(scope: Scope, invitation_id: str) -> Invitation:
    """Held, and within what the role may give. Raises NotAllowed, NotHere, OwnersOnly."""
    scope.require(Permission.EDIT_MEMBERS)
    row = queries.open_invitations(scope).select_for_update(of=("self",)).named(invitation_id)
    check_gives(scope.role, known(Role, row.role, Role.OWNER))
    return row


def _send(scope: Scope, row: Invitation) -> None:
    """Save it with a fresh link, and have that mailed. Raises TooManyInvitations."""
    if queries.sent_within(scope, timedelta(days=1)) >= MOST_IN_A_DAY:
        raise TooManyInvitations
    row.sent_at = clock.now()
    row.expires_at = row.sent_at + VALID_FOR
    row.digest = queries.digest_of(queries.token_of(row))
    row.save()
    said = {"invitation": row.public_id, "issue": row.issue}
    tell_guest(scope.workspace_id, NoticeKind.INVITED, f"{_key(row)}{row.issue}", said)


def _key(row: Invitation) -> str:
    return f"invited:{row.public_id}:"


def _take_back(scope: Scope, row: Invitation) -> None:
    row.withdrawn_at = clock.now()
    row.save(update_fields=["withdrawn_at"])
    withdraw(scope.workspace_id, _key(row))
    record(scope.workspace_id, scope.actor, "invitation.withdrawn", row.public_id)


def _withdraw_beyond(scope: Scope, inviter: Member, role: Role | None) -> None:
    """What they invited to a role that they, with this one now, cannot give."""
    given = roles_given_by(role)
    found = queries.open_invitations(scope).select_for_update(of=("self",)).filter(invited_by=inviter)
    for row in found.exclude(role__in=given):
        _take_back(scope, row)
