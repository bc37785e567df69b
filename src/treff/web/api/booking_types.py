"""/booking-types"""

from datetime import timedelta

from django.db import transaction
from django.http import HttpResponse
from ninja import Query, Router

from treff.booking_types import actions, queries
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description
from treff.web.api import pages, schemas
from treff.web.api.answers import Done, answer_once
from treff.web.api.auth import ApiRequest, needs
from treff.web.api.places import BookingTypeSlug
from treff.workspaces.states import Permission

router = Router(tags=["Booking types"])
_ORDER = pages.Order("booking_types", "title")


@router.get(
    "", response=schemas.BookingTypePage, operation_id="list_booking_types", summary="List booking types by title"
)
@needs(Permission.SEE)
def list_booking_types(request: ApiRequest, wanted: Query[pages.PageRequest]) -> schemas.BookingTypePage:
    rows, next_cursor = pages.cut(queries.booking_types(request.auth), _ORDER, wanted)
    return schemas.BookingTypePage(items=[_represent(row) for row in rows], next_cursor=next_cursor)


@router.post(
    "", response={201: schemas.BookingType}, operation_id="create_booking_type", summary="Create a booking type"
)
@needs(Permission.EDIT_BOOKING_TYPES)
def create_booking_type(request: ApiRequest, wanted: schemas.NewBookingType) -> HttpResponse:
    def do() -> Done:
        length = timedelta(minutes=wanted.duration_minutes)
        description = Description(wanted.slug, wanted.title, length, wanted.provider)
        row = actions.create_booking_type(request.auth, description)
        return Done(_represent(row), location=f"{request.path}/{row.slug}")

    return answer_once(request, do)


@router.get("/{slug}", response=schemas.BookingType, operation_id="get_booking_type", summary="Get a booking type")
@needs(Permission.SEE)
def get_booking_type(request: ApiRequest, slug: BookingTypeSlug) -> schemas.BookingType:
    return _represent(queries.booking_type(request.auth, slug))


@router.patch(
    "/{slug}", response=schemas.BookingType, operation_id="edit_booking_type", summary="Change a booking type"
)
@needs(Permission.EDIT_BOOKING_TYPES)
def edit_booking_type(
    request: ApiRequest, slug: BookingTypeSlug, wanted: schemas.BookingTypeChange
) -> schemas.BookingType:
    with transaction.atomic():
        row = queries.booking_type(request.auth, slug)
        row = BookingType.objects.select_for_update().get(pk=row.pk)  # others change other fields at the same time
        minutes = wanted.duration_minutes
        description = Description(
            slug=wanted.slug or row.slug,
            title=row.title if wanted.title is None else wanted.title,
            duration=row.duration if minutes is None else timedelta(minutes=minutes),
            provider=wanted.provider or row.provider,
        )
        return _represent(actions.edit_booking_type(request.auth, row.slug, description))


@router.delete(
    "/{slug}",
    response={204: None},
    operation_id="remove_booking_type",
    summary="Remove a booking type",
    description="It is offered no more; appointments booked with it stay.",
)
@needs(Permission.EDIT_BOOKING_TYPES)
def remove_booking_type(request: ApiRequest, slug: BookingTypeSlug) -> HttpResponse:
    actions.remove_booking_type(request.auth, slug)
    return HttpResponse(status=204)


def _represent(row: BookingType) -> schemas.BookingType:
    return schemas.BookingType(
        slug=row.slug,
        title=row.title,
        duration_minutes=int(row.duration.total_seconds() // 60),
        provider=str(row.provider),
    )
