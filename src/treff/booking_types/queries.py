"""Every read about booking types."""

from django.db.models import QuerySet

from treff.booking_types.models import BookingType
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
