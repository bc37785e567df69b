"""Every read about workspaces and members."""

import hashlib
from collections.abc import Sequence

from treff.audit.ports import Actor
from treff.kernel.secrets import Secret
from treff.kernel.stored import known
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Brand, CalendarAddress, Member, ScopedQuerySet, User, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import NEEDED_FOR, Reach, Role


def digest_of(key: Secret) -> str:
    return hashlib.sha256(key.reveal().encode()).hexdigest()


def member_of(user: User, workspace_slug: str) -> Member:
    """The user's active membership. Raises NotHere, the same for no workspace and no membership.

    Of a role that only a newer version knows nobody can say here what it may: that is none, too.
    """
    member = (
        Member.objects.select_related("workspace", "user")
        .filter(user=user, workspace__slug=workspace_slug, is_active=True, role__in=Role)
        .first()
    )
    if member is None:
        raise NotHere
    return member


def scope_of(member: Member) -> Scope:
    return Scope(
        workspace_id=member.workspace_id,
        workspace_slug=member.workspace.slug,
        role=known(Role, member.role, Role.REP),
        actor=Actor("member", member.public_id, str(member.user)),
        member_id=member.pk,
    )


def client_scope(place: Workspace) -> Scope:
    """Of a client on a public page."""
    return Scope(place.pk, place.slug, None, Actor("client", "client", "Client"))


def memberships(user: User) -> Sequence[Member]:
    """The workspaces that the user belongs to, by name."""
    return list(
        Member.objects.select_related("workspace")
        .filter(user=user, is_active=True, role__in=Role)
        .order_by("workspace__name")
    )


def members(scope: Scope) -> ScopedQuerySet[Member]:
    """Active members of the workspace, by name."""
    return (
        Member.objects.within(scope).filter(is_active=True).select_related("user").order_by("user__name", "user__email")
    )


def users_with(workspace_id: int, *roles: Role) -> Sequence[User]:
    """Active members in one of these roles, as users."""
    found = User.objects.filter(
        memberships__workspace_id=workspace_id, memberships__is_active=True, memberships__role__in=roles
    )
    return list(found.order_by("pk"))


def workspace(scope: Scope) -> Workspace:
    return Workspace.objects.get(pk=scope.workspace_id)


def workspace_with_slug(slug: str) -> Workspace:
    """For the operator's commands. Raises NotHere."""
    row = Workspace.objects.filter(slug=slug).first()
    if row is None:
        raise NotHere
    return row


def brand_of(place: Workspace) -> Brand:
    """The workspace's own, or one that says nothing and is not saved yet."""
    found: Brand | None = getattr(place, "brand", None)
    return found or Brand(workspace=place)


def public_place(slug: str) -> Workspace:
    """For public pages, with its brand, the logo left where it is. Raises NotHere."""
    row = Workspace.objects.select_related("brand").defer("brand__logo").filter(slug=slug).first()
    if row is None:
        raise NotHere
    return row


def calendar_digest(token: Secret) -> str:
    return hashlib.sha256(f"calendar:{token.reveal()}".encode()).hexdigest()


def calendar_addresses(scope: Scope) -> ScopedQuerySet[CalendarAddress]:
    """Those of the member who asks; an API key is nobody who could have one."""
    if scope.member_id is None:
        return CalendarAddress.objects.none()
    return CalendarAddress.objects.within(scope).filter(member_id=scope.member_id)


def calendar_address_at(token: Secret) -> CalendarAddress:
    """The live address, with its member and workspace. Raises NotHere, the same for every other one.

    Decided at each request: who leaves, or may no longer see as much, has no address from that moment.
    """
    row = (
        CalendarAddress.objects.select_related("member__user", "member__workspace")
        .filter(digest=calendar_digest(token), reach__in=Reach)
        .filter(member__is_active=True, member__role__in=Role, member__user__is_active=True)
        .first()
    )
    if row is None or not scope_of(row.member).may(NEEDED_FOR[Reach(row.reach)]):
        raise NotHere
    return row
