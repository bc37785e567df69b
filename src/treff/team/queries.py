"""Every read about members who come and go."""

import base64
import hashlib
import hmac
from datetime import timedelta

from django.conf import settings

from treff.appointments.models import Appointment
from treff.appointments.queries import ahead
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.kernel.stored import is_known
from treff.team.errors import InvitationExpired, InvitationUsed, InvitationWithdrawn
from treff.team.models import Invitation
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member, ScopedQuerySet, User
from treff.workspaces.ports import Scope
from treff.workspaces.states import Role


def everybody(scope: Scope) -> ScopedQuerySet[Member]:
    """Members, former ones after the others, by name."""
    found = Member.objects.within(scope).select_related("user")
    return found.order_by("-is_active", "user__name", "user__email")


def member(scope: Scope, public_id: str) -> Member:
    """Active or not. Raises NotHere."""
    return everybody(scope).named(public_id)


def hosted_ahead(scope: Scope, host: Member) -> ScopedQuerySet[Appointment]:
    """Those that the member hosts and that have not begun, requests included, soonest first."""
    found: ScopedQuerySet[Appointment] = ahead(scope, clock.now()).filter(host=host)  # type: ignore[assignment]
    return found


def open_invitations(scope: Scope) -> ScopedQuerySet[Invitation]:
    """Neither accepted nor withdrawn, also if expired; the latest first."""
    found = Invitation.objects.within(scope).filter(accepted_at=None, withdrawn_at=None)
    return found.select_related("invited_by__user").order_by("-sent_at", "-pk")


def sent_within(scope: Scope, window: timedelta) -> int:
    """How many invitations were sent lately."""
    return Invitation.objects.within(scope).filter(sent_at__gt=clock.now() - window).count()


def token_of(invitation: Invitation) -> Secret:
    """What its link says: 256 bits that nobody can work out without this server's key, another at each sending."""
    text = f"invitation\0{invitation.public_id}\0{invitation.issue}".encode()
    made = hmac.digest(settings.SECRET_KEY.encode(), text, "sha256")
    return Secret(base64.urlsafe_b64encode(made).decode().rstrip("="))


def digest_of(token: Secret) -> str:
    return hashlib.sha256(f"invitation:{token.reveal()}".encode()).hexdigest()


def invitation_at(token: Secret) -> Invitation:
    """The one that this link opens, with its workspace.

    Raises InvitationExpired, InvitationUsed, InvitationWithdrawn; NotHere, the same for every link that is none.
    """
    found = Invitation.objects.select_related("workspace", "invited_by__user")
    row = found.filter(digest=digest_of(token)).first()
    if row is None or not is_known(Role, row.role):
        raise NotHere
    check_open(row)
    return row


def check_open(row: Invitation) -> None:
    """Raises InvitationExpired, InvitationUsed, InvitationWithdrawn."""
    if row.accepted_at is not None:
        raise InvitationUsed
    if row.withdrawn_at is not None:
        raise InvitationWithdrawn
    if row.expires_at <= clock.now():
        raise InvitationExpired


def to_be_mailed(public_id: str, issue: int) -> Invitation | None:
    """None if that sending is not wanted any more."""
    found = Invitation.objects.select_related("workspace", "invited_by__user")
    open_still = found.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())
    return open_still.filter(public_id=public_id, issue=issue).first()


def needs_password(invitation: Invitation) -> bool:
    """Whether whoever accepts chooses one: not if they sign in here already."""
    user = User.objects.filter(email__iexact=invitation.email).first()
    return user is None or not user.has_usable_password()
