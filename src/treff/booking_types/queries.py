"""Every read about booking types."""

from django.db.models import QuerySet

from treff.booking_types.models import BookingType, ProviderSwitch
from treff.booking_types.states import Provider
from treff.workspaces.errors import NotHere
from treff.workspaces.ports import Scope


def booking_types(scope: Scope) -> QuerySet[BookingType]:
    """The workspace's booking types that are offered, by title."""
    return BookingType.objects.within(scope).filter(is_active=True).order_by("title")


def booking_type(scope: Scope, slug: str) -> BookingType:
    """Raises NotHere."""
    row = booking_types(scope).filter(slug=slug).first()
    if row is None:
        raise NotHere
    return row


def provider_switch(scope: Scope, provider: str) -> ProviderSwitch | None:
    """What the workspace has decided about the provider; None for nothing yet."""
    return ProviderSwitch.objects.within(scope).filter(provider=provider).first()


def is_switched_off(scope: Scope, provider: str) -> bool:
    """Whether an administrator decided that it is not offered."""
    if provider == Provider.NONE:
        return False
    return ProviderSwitch.objects.within(scope).filter(provider=provider, is_offered=False).exists()
