"""Every write about booking types."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction

from treff.audit.actions import record
from treff.booking_types import queries
from treff.booking_types.errors import BookingTypeSlugTaken
from treff.booking_types.models import BookingType, ProviderSwitch
from treff.booking_types.rules import check_duration, check_provider
from treff.kernel import texts
from treff.workspaces.ports import Scope
from treff.workspaces.rules import check_slug
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Description:
    """A whole booking type as somebody wants it."""

    slug: str
    title: str
    duration: timedelta
    provider: str


def create_booking_type(scope: Scope, wanted: Description) -> BookingType:
    """Raises BookingTypeSlugTaken, Invalid, NotAllowed."""
    scope.require(Permission.EDIT_BOOKING_TYPES)
    return _save(scope, BookingType(workspace_id=scope.workspace_id), wanted, "booking_type.created")


def edit_booking_type(scope: Scope, slug: str, wanted: Description) -> BookingType:
    """Raises BookingTypeSlugTaken, Invalid, NotAllowed, NotHere."""
    scope.require(Permission.EDIT_BOOKING_TYPES)
    return _save(scope, queries.booking_type(scope, slug), wanted, "booking_type.edited")


def _save(scope: Scope, row: BookingType, wanted: Description, deed: str) -> BookingType:
    row.slug = check_slug(wanted.slug)
    row.title = texts.one_line("title", wanted.title, longest=100, required=True)
    row.duration = check_duration(wanted.duration)
    row.provider = check_provider(wanted.provider)
    try:
        with transaction.atomic():
            row.save()
            record(scope.workspace_id, scope.actor, deed, row.public_id)
    except IntegrityError:
        raise BookingTypeSlugTaken from None
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
