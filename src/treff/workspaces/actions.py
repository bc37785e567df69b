"""Every write about workspaces, members and API keys."""

import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from treff.audit.actions import record
from treff.audit.ports import SYSTEM, Actor
from treff.kernel import clock, texts
from treff.kernel.errors import Invalid
from treff.kernel.ids import new_id
from treff.kernel.secrets import Secret
from treff.kernel.stored import is_known
from treff.workspaces import logos, vault
from treff.workspaces.errors import AlreadyMember, NotAllowed, SlugTaken
from treff.workspaces.models import ApiKey, Brand, CalendarAddress, Member, User, Workspace
from treff.workspaces.ports import BrandWish, Scope
from treff.workspaces.queries import calendar_addresses, calendar_digest, digest_of
from treff.workspaces.rules import check_color, check_locale, check_origins, check_slug, check_time_zone
from treff.workspaces.states import NEEDED_FOR, Permission, Reach, Role


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who is to become a member; without a password they set one by mail."""

    email: str
    name: str = ""
    password: Secret | None = None
    locale: str = "en"


def create_workspace(slug: str, name: str, time_zone: str, locale: str, owner: NewPerson) -> Workspace:
    """A new workspace with its first Owner. Raises Invalid, SlugTaken, kernel.secrets.KeyUnavailable."""
    public_id = new_id("ws")
    row = Workspace(
        public_id=public_id,
        slug=check_slug(slug),
        name=texts.one_line("name", name, longest=100, required=True),
        time_zone=check_time_zone("time_zone", time_zone),
        locale=check_locale("locale", locale),
    )
    try:
        with transaction.atomic():
            row.data_key = vault.new_data_key(vault.binding_of(public_id))
            row.save(force_insert=True)
            record(row.pk, SYSTEM, "workspace.created", row.public_id, {"slug": slug})
            _add_member(row, owner, Role.OWNER, SYSTEM)
    except IntegrityError:
        raise SlugTaken from None
    return row


def add_member(workspace: Workspace, person: NewPerson, role: Role, actor: Actor = SYSTEM) -> Member:
    """Make the person a member; one known by e-mail keeps their password. Raises AlreadyMember, Invalid."""
    with transaction.atomic():
        return _add_member(workspace, person, role, actor)


def _add_member(workspace: Workspace, person: NewPerson, role: Role, actor: Actor) -> Member:
    email = texts.email_address("email", person.email)
    user = User.objects.filter(email__iexact=email).first() or _create_user(email, person)
    member, created = Member.objects.get_or_create(
        workspace=workspace, user=user, defaults={"role": role, "time_zone": workspace.time_zone}
    )
    if not created:
        raise AlreadyMember
    record(workspace.pk, actor, "member.added", member.public_id, {"role": role})
    return member


def find_or_create_user(person: NewPerson) -> User:
    """Known by e-mail: as they are, but who has no password yet gets this name and password. Raises Invalid."""
    email = texts.email_address("email", person.email)
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        return _create_user(email, person)
    if not user.has_usable_password() and person.password is not None:
        user.name = texts.one_line("name", person.name, longest=100) or user.name
        _set_password(user, person.password)
        user.save(update_fields=["name", "password"])
    return user


def join(workspace: Workspace, user: User, role: Role) -> Member:
    """A new member, or a former one who comes back, in this role; who is an active member keeps theirs.

    For a verb that has decided that they may, and records it.
    """
    member, created = Member.objects.select_for_update(no_key=True).get_or_create(
        workspace=workspace, user=user, defaults={"role": role, "time_zone": workspace.time_zone}
    )
    if not created and not member.is_active:
        member.role, member.is_active = role, True
        member.save(update_fields=["role", "is_active"])
    return member


def _create_user(email: str, person: NewPerson) -> User:
    user = User(
        email=email,
        name=texts.one_line("name", person.name, longest=100),
        locale=check_locale("locale", person.locale),
    )
    if person.password is None:
        user.set_unusable_password()
    else:
        _set_password(user, person.password)
    user.save(force_insert=True)
    return user


def _set_password(user: User, password: Secret) -> None:
    """Raises Invalid."""
    try:
        validate_password(password.reveal(), user)
    except ValidationError as error:
        raise Invalid("password", "%(rules)s", rules=" ".join(error.messages)) from None
    user.set_password(password.reveal())


def create_api_key(workspace: Workspace, role: Role) -> Secret:
    """A new API key; this is the only time that it can be seen."""
    key = Secret("treff_" + secrets.token_urlsafe(32))
    with transaction.atomic():
        row = ApiKey.objects.create(workspace=workspace, role=role, digest=digest_of(key))
        record(workspace.pk, SYSTEM, "api_key.created", row.public_id, {"role": role})
    return key


def update_settings(scope: Scope, changes: Mapping[str, object]) -> Workspace:
    """Change name, time_zone, locale, confirmation_mails or link_wait. Raises Invalid, NotAllowed."""
    scope.require(Permission.EDIT_WORKSPACE)
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=scope.workspace_id)
        for field in ("name", "time_zone", "locale", "confirmation_mails", "link_wait"):
            if field in changes:
                setattr(row, field, changes[field])
        row.name = texts.one_line("name", row.name, longest=100, required=True)
        check_time_zone("time_zone", row.time_zone)
        check_locale("locale", row.locale)
        row.save()
        record(row.pk, scope.actor, "workspace.changed", row.public_id, {"fields": sorted(changes)})
    return row


def dismiss_setup(scope: Scope) -> None:
    """Put away the list of what a new workspace needs. Twice changes nothing. Raises NotAllowed."""
    scope.require(Permission.EDIT_WORKSPACE)
    with transaction.atomic():
        open_still = Workspace.objects.filter(pk=scope.workspace_id, setup_dismissed_at=None)
        if open_still.update(setup_dismissed_at=clock.now()):
            record(scope.workspace_id, scope.actor, "workspace.setup_dismissed", scope.workspace_slug)


def edit_brand(scope: Scope, wanted: BrandWish) -> Brand:
    """How the public pages look, and which sites may show them in a frame. Raises Invalid, NotAllowed."""
    scope.require(Permission.EDIT_WORKSPACE)
    color, origins = check_color(wanted.color), check_origins(wanted.embed_origins)
    logo = logos.redraw(wanted.logo) if wanted.logo else wanted.logo
    with transaction.atomic():
        row, _created = Brand.objects.select_for_update().get_or_create(workspace_id=scope.workspace_id)
        row.color, row.embed_origins = color, origins
        if logo is not None:
            row.logo, row.logo_digest = logo, hashlib.sha256(logo).hexdigest() if logo else ""
        row.save()
        detail = {"color": color, "embed_origins": origins, "logo": row.logo_digest[:16]}
        record(scope.workspace_id, scope.actor, "workspace.branded", scope.workspace_slug, detail)
    return row


def create_calendar_address(scope: Scope, reach: Reach) -> Secret:
    """The secret of the member's new address, which can be seen this once; an older one ends. Raises NotAllowed."""
    token = Secret(secrets.token_urlsafe(32))
    with transaction.atomic():
        member = _held_for(scope, reach)
        _revoke(scope, reach)
        row = CalendarAddress.objects.create(
            workspace_id=scope.workspace_id, member=member, reach=reach, digest=calendar_digest(token)
        )
        record(scope.workspace_id, scope.actor, "calendar_address.created", row.public_id, {"reach": reach})
    return token


def revoke_calendar_address(scope: Scope, reach: Reach) -> None:
    """Nothing is shown at the member's address any more. Twice changes nothing. Raises NotAllowed."""
    with transaction.atomic():
        _held_for(scope, reach)
        _revoke(scope, reach)


def switch_daily_digest(scope: Scope, *, wanted: bool) -> None:
    """For the member who asks. Raises NotAllowed."""
    scope.require(Permission.SEE)
    if scope.member_id is None:  # an API key gets no mail
        raise NotAllowed
    with transaction.atomic():
        changed = Member.objects.within(scope).filter(pk=scope.member_id).exclude(daily_digest=wanted)
        if changed.update(daily_digest=wanted):
            record(scope.workspace_id, scope.actor, "member.digest_switched", scope.actor.id, {"wanted": wanted})


def _held_for(scope: Scope, reach: Reach) -> Member:
    """The member until the transaction ends, so that two who want a new address at once do not collide."""
    scope.require(NEEDED_FOR[reach])
    if scope.member_id is None:  # an API key is nobody whose calendar it could be
        raise NotAllowed
    return Member.objects.within(scope).select_for_update(no_key=True).get(pk=scope.member_id)


def _revoke(scope: Scope, reach: Reach) -> None:
    for row in calendar_addresses(scope).filter(reach=reach):
        row.delete()
        record(scope.workspace_id, scope.actor, "calendar_address.revoked", row.public_id, {"reach": reach})


def use_key(key: Secret) -> Scope | None:
    """The scope of a live API key, or None. That it is in use is noted at most once a minute."""
    row = ApiKey.objects.select_related("workspace").filter(digest=digest_of(key), revoked_at__isnull=True).first()
    if row is None or not is_known(Role, row.role):
        return None
    if row.last_used_at is None or row.last_used_at < clock.now().replace(second=0, microsecond=0):
        _note_use(row)
    return Scope(row.workspace_id, row.workspace.slug, Role(row.role), Actor("api_key", row.public_id, "API"))


def _note_use(key: ApiKey) -> None:
    """Who only reads must not fail, or wait, for that."""
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 100")  # milliseconds
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=clock.now())
