"""/booking-types"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from ninja import Query, Router

from treff.booking_types import actions, queries
from treff.booking_types.models import BookingType, TypeHost
from treff.booking_types.ports import Description, Details
from treff.kernel.errors import Invalid
from treff.web.api import booking_type_schemas as schemas
from treff.web.api import pages, slots
from treff.web.api.answers import Done, answer_once
from treff.web.api.auth import ApiRequest, needs
from treff.web.api.booking_type_values import details_from, hosts_from, named_as_here, represent
from treff.web.api.places import BookingTypeSlug
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

router = Router(tags=["Booking types"])
_ORDER = pages.Order("booking_types", "title")


@router.get(
    "", response=schemas.BookingTypePage, operation_id="list_booking_types", summary="List booking types by title"
)
@needs(Permission.SEE)
def list_booking_types(request: ApiRequest, wanted: Query[pages.PageRequest]) -> schemas.BookingTypePage:
    rows, next_cursor = pages.cut(_whole(request.auth), _ORDER, wanted)
    return schemas.BookingTypePage(items=[represent(row) for row in rows], next_cursor=next_cursor)


@router.post(
    "",
    response={201: schemas.BookingType},
    operation_id="create_booking_type",
    summary="Create a booking type",
    description="Without `hosts` it offers nothing; without `weekly_hours` it is the hosts' own hours that count.",
)
@needs(Permission.EDIT_BOOKING_TYPES)
def create_booking_type(request: ApiRequest, wanted: schemas.NewBookingType) -> HttpResponse:
    def do() -> Done:
        try:
            description = Description(
                wanted.slug,
                wanted.title,
                timedelta(minutes=wanted.duration_minutes),
                wanted.provider,
                details_from(wanted, Details()),
                hosts_from(wanted.hosts),
            )
            row = actions.create_booking_type(request.auth, description)
        except Invalid as error:
            raise named_as_here(error) from None
        return Done(represent(_whole(request.auth).get(pk=row.pk)), location=f"{request.path}/{row.slug}")

    return answer_once(request, do)


@router.get("/{slug}", response=schemas.BookingType, operation_id="get_booking_type", summary="Get a booking type")
@needs(Permission.SEE)
def get_booking_type(request: ApiRequest, slug: BookingTypeSlug) -> schemas.BookingType:
    row = queries.booking_type(request.auth, slug)
    return represent(_whole(request.auth).get(pk=row.pk))


@router.patch(
    "/{slug}",
    response=schemas.BookingType,
    operation_id="edit_booking_type",
    summary="Change a booking type",
    description="What is left out stays. A part is changed as a whole: `hosts`, `weekly_hours`, `window`, `limits` …",
)
@needs(Permission.EDIT_BOOKING_TYPES)
def edit_booking_type(
    request: ApiRequest, slug: BookingTypeSlug, wanted: schemas.BookingTypeChange
) -> schemas.BookingType:
    with transaction.atomic():
        row = queries.booking_type(request.auth, slug)
        row = BookingType.objects.select_for_update().get(pk=row.pk)  # others change other fields at the same time
        minutes = wanted.duration_minutes
        try:
            description = Description(
                slug=wanted.slug or row.slug,
                title=row.title if wanted.title is None else wanted.title,
                duration=row.duration if minutes is None else timedelta(minutes=minutes),
                provider=wanted.provider or row.provider,
                details=details_from(wanted, queries.details_of(row)),
                hosts=hosts_from(wanted.hosts),
            )
            row = actions.edit_booking_type(request.auth, row.slug, description)
        except Invalid as error:
            raise named_as_here(error) from None
        return represent(_whole(request.auth).get(pk=row.pk))


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


@router.get(
    "/{slug}/slots",
    response={200: schemas.SlotList, 304: None},
    operation_id="list_slots",
    summary="List the free slots of a booking type",
    description="What clients can book by themselves, in the order of time. Send the `ETag` back as `If-None-Match`, "
    "and while nothing has changed a 304 is the answer. A paused booking type offers nothing.",
)
@needs(Permission.SEE)
def list_slots(request: ApiRequest, slug: BookingTypeSlug, wanted: Query[schemas.SlotQuery]) -> HttpResponse:
    return slots.answer(request, queries.booking_type(request.auth, slug), wanted)


def _whole(scope: Scope) -> QuerySet[BookingType]:
    """With what represent() shows of it."""
    hosts = TypeHost.objects.filter(member__is_active=True).select_related("member").order_by("priority", "pk")
    return queries.booking_types(scope).select_related("workspace").prefetch_related(Prefetch("hosts", hosts))
