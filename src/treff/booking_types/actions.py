"""Every write about booking types."""

import secrets
from collections.abc import Sequence
from dataclasses import astuple

from django.db import IntegrityError, transaction

from treff.audit.actions import record
from treff.booking_types import queries
from treff.booking_types.errors import BookingTypeSlugTaken
from treff.booking_types.models import BookingType, ProviderSwitch, TypeHost
from treff.booking_types.ports import Description, Details, HostWish
from treff.booking_types.requirements import check_details, check_host
from treff.booking_types.rules import check_duration, check_provider
from treff.events.actions import announce
from treff.kernel import texts
from treff.kernel.errors import N_, Invalid
from treff.workspaces.ports import Scope
from treff.workspaces.queries import members
from treff.workspaces.rules import check_slug
from treff.workspaces.states import Permission


def create_booking_type(scope: Scope, wanted: Description) -> BookingType:
    """Raises BookingTypeSlugTaken, Invalid, NotAllowed."""
    scope.require(Permission.EDIT_BOOKING_TYPES)
    return _save(scope, BookingType(workspace_id=scope.workspace_id), wanted, "booking_type.created")


def edit_booking_type(scope: Scope, slug: str, wanted: Description) -> BookingType:
    """Raises BookingTypeSlugTaken, Invalid, NotAllowed, NotHere."""
    scope.require(Permission.EDIT_BOOKING_TYPES)
    with transaction.atomic():
        # Held, as bookings write the turn meanwhile.
        row = BookingType.objects.select_for_update().get(pk=queries.booking_type(scope, slug).pk)
        return _save(scope, row, wanted, "booking_type.edited")


def _save(scope: Scope, row: BookingType, wanted: Description, deed: str) -> BookingType:
    row.slug = check_slug(wanted.slug)
    row.title = texts.one_line("title", wanted.title, longest=100, required=True)
    row.duration = check_duration(wanted.duration)
    row.provider = check_provider(wanted.provider)
    reminded_before, asked_before = row.reminder_minutes, row.asks_for_notes
    if wanted.details is not None:
        _apply(row, wanted.details)
    try:
        with transaction.atomic():
            row.version += 1
            row.save()
            if wanted.hosts is not None:
                _set_hosts(scope, row, wanted.hosts)
            record(scope.workspace_id, scope.actor, deed, row.public_id)
            if row.reminder_minutes != reminded_before:
                announce("booking_type.reminders_changed", row.pk)
            if row.asks_for_notes != asked_before:
                announce("booking_type.notes_changed", row.pk)
    except IntegrityError:
        raise BookingTypeSlugTaken from None
    return row


def _apply(row: BookingType, wanted: Details) -> None:
    checked = check_details(wanted)
    for name in (
        *("step_minutes", "offset_minutes", "buffer_before", "buffer_after", "notice", "needs_approval", "host_mode"),
        *("description", "confirmation_text", "redirect_url", "is_paused", "clients_may_move", "clients_may_cancel"),
        *("asks_for_notes", "confirm_address"),
    ):
        setattr(row, name, getattr(checked, name))
    row.more_minutes = list(checked.more_minutes)
    row.reminder_minutes = list(checked.reminder_minutes)
    row.window_kind, row.window_days = checked.window.kind, checked.window.days
    row.window_from, row.window_until = checked.window.first, checked.window.last
    row.limit_day, row.limit_week, row.limit_month = astuple(checked.limits)
    row.host_limit_day, row.host_limit_week, row.host_limit_month = astuple(checked.host_limits)
    row.questions = [
        {
            "id": question.id or secrets.token_hex(4),
            "kind": question.kind.value,
            "label": question.label,
            "required": question.required,
            "options": list(question.options),
        }
        for question in checked.questions
    ]
    row.weekly_hours = None if checked.weekly_hours is None else [list(map(list, day)) for day in checked.weekly_hours]
    if not checked.is_secret:
        row.secret_key = ""
    elif not row.secret_key:
        row.secret_key = secrets.token_urlsafe(16)


def _set_hosts(scope: Scope, row: BookingType, wanted: Sequence[HostWish]) -> None:
    """Who stays keeps what the round robin remembers; who comes starts at its present turn."""
    found = {}
    for host in wanted:
        member = members(scope).filter(public_id=host.member_id).first()
        if member is None:
            raise Invalid("hosts", N_("Choose hosts among the members of the workspace."))
        found[member.pk] = check_host(host)
    TypeHost.objects.filter(booking_type=row).exclude(member_id__in=found).delete()
    for member_id, host in found.items():
        TypeHost.objects.update_or_create(
            booking_type=row,
            member_id=member_id,
            defaults={"weight": host.weight, "priority": host.priority},
            create_defaults={"weight": host.weight, "priority": host.priority, "share": row.turn},
        )


def pause_booking_type(scope: Scope, slug: str, *, is_paused: bool) -> BookingType:
    """Clients do not see it, or see it again; the team books it as before. Raises NotAllowed, NotHere."""
    scope.require(Permission.EDIT_BOOKING_TYPES)
    with transaction.atomic():
        row = queries.booking_type(scope, slug)
        row.is_paused, row.version = is_paused, row.version + 1
        row.save(update_fields=["is_paused", "version"])
        deed = "booking_type.paused" if is_paused else "booking_type.resumed"
        record(scope.workspace_id, scope.actor, deed, row.public_id)
    return row


def renew_secret(scope: Scope, slug: str) -> BookingType:
    """A new key; who has the link with the old one sees nothing any more. Raises NotAllowed, NotHere."""
    scope.require(Permission.EDIT_BOOKING_TYPES)
    with transaction.atomic():
        row = queries.booking_type(scope, slug)
        row.secret_key, row.version = secrets.token_urlsafe(16), row.version + 1
        row.save(update_fields=["secret_key", "version"])
        record(scope.workspace_id, scope.actor, "booking_type.secret_renewed", row.public_id)
    return row


def remove_booking_type(scope: Scope, slug: str) -> None:
    """Offer it no more; appointments keep it, its short name becomes free. Raises NotAllowed, NotHere."""
    scope.require(Permission.EDIT_BOOKING_TYPES)
    with transaction.atomic():
        row = queries.booking_type(scope, slug)
        row.is_active = False
        row.slug = f"{row.slug[:30]}-{row.public_id[-20:]}"
        row.save(update_fields=["is_active", "slug"])
        record(scope.workspace_id, scope.actor, "booking_type.removed", row.public_id)


def offer_provider(scope: Scope, provider: str, *, is_offered: bool, own_accounts: bool) -> ProviderSwitch:
    """Offer a provider for new appointments or not, and let reps connect accounts of their own or not.

    What is booked stays as it is. Raises Invalid, NotAllowed.
    """
    scope.require(Permission.CONNECT_PROVIDERS)
    with transaction.atomic():
        switch, _created = ProviderSwitch.objects.update_or_create(
            workspace_id=scope.workspace_id,
            provider=check_provider(provider),
            defaults={"is_offered": is_offered, "own_accounts": own_accounts},
        )
        detail = {"provider": provider, "is_offered": is_offered, "own_accounts": own_accounts}
        record(scope.workspace_id, scope.actor, "provider.switched", provider, detail)
    return switch


def offer_if_undecided(scope: Scope, provider: str) -> None:
    """Who connects an account wants it offered, unless somebody decided otherwise. Raises NotAllowed."""
    scope.require(Permission.CONNECT_PROVIDERS)
    ProviderSwitch.objects.get_or_create(
        workspace_id=scope.workspace_id, provider=provider, defaults={"is_offered": True}
    )
