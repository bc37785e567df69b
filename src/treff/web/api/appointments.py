"""/appointments"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpResponse
from django.utils.translation import gettext
from ninja import Query, Router

from treff.appointments import actions, approvals, no_shows, queries
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment, Booking
from treff.conferencing.models import Meeting
from treff.conferencing.queries import meetings_of, standing_of
from treff.conferencing.states import Sync
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.kernel.zones import wall_of
from treff.people import actions as people
from treff.people.queries import with_email
from treff.people.rules import clean
from treff.web.api import appointment_schemas as schemas
from treff.web.api import pages
from treff.web.api.answers import Done, answer_once
from treff.web.api.auth import ApiRequest, needs
from treff.web.api.leads import values_of
from treff.web.api.places import PublicId
from treff.web.api.schemas import Person
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

router = Router(tags=["Appointments"])
_ORDER = pages.Order("appointments", "start_at")


@router.get(
    "", response=schemas.AppointmentPage, operation_id="list_appointments", summary="List appointments by their start"
)
@needs(Permission.SEE)
def list_appointments(request: ApiRequest, wanted: Query[schemas.AppointmentQuery]) -> schemas.AppointmentPage:
    rows, next_cursor = pages.cut(_filtered(request.auth, wanted), _ORDER, wanted)
    return schemas.AppointmentPage(items=_represent_all(rows), next_cursor=next_cursor)


def _filtered(scope: Scope, wanted: schemas.AppointmentQuery) -> QuerySet[Appointment]:
    rows: QuerySet[Appointment] = queries.appointments(scope)
    if wanted.from_at is not None:
        rows = rows.filter(start_at__gte=wanted.from_at)
    if wanted.until_at is not None:
        rows = rows.filter(start_at__lt=wanted.until_at)
    if wanted.lead_id is not None:
        rows = rows.filter(lead__public_id=wanted.lead_id)
    if wanted.status is not None:
        rows = rows.filter(status=wanted.status)
    return rows


@router.post(
    "",
    response={201: schemas.Appointment},
    operation_id="book_appointment",
    summary="Book an appointment",
    description="Answers at once, whatever the video provider does: its link follows, see `conference.state`.",
)
@needs(Permission.BOOK)
def book_appointment(request: ApiRequest, wanted: schemas.NewAppointment) -> HttpResponse:
    def do() -> Done:
        with transaction.atomic():
            row = actions.book(request.auth, _booking(request.auth, wanted))
        return Done(_represent_all([row])[0], location=f"{request.path}/{row.public_id}")

    return answer_once(request, do)


def _booking(scope: Scope, wanted: schemas.NewAppointment) -> Booking:
    return Booking(
        lead_id=_lead_id(scope, wanted),
        start_at=wanted.start,
        duration=_duration(wanted.duration_minutes),
        host_id=wanted.host_id,
        title=wanted.title or "",
        provider=wanted.provider,
        booking_type=wanted.booking_type,
        attendees=tuple(wanted.attendees or ()),
    )


def _lead_id(scope: Scope, wanted: schemas.NewAppointment) -> str:
    """The lead that was named; or the oldest one with the address that was given; or a new one."""
    if (wanted.lead_id is None) == (wanted.lead is None):
        raise Invalid("lead_id", N_("Please give either lead_id or lead."))
    if wanted.lead is None:
        return str(wanted.lead_id)
    try:
        values = clean(values_of(wanted.lead))
        known = with_email(scope, values["email"])
        return (known[0] if known else people.create_lead(scope, values)).public_id
    except Invalid as error:
        raise Invalid(f"lead.{error.field}", error.sentence, **error.params) from None


@router.get(
    "/{appointment_id}", response=schemas.Appointment, operation_id="get_appointment", summary="Get an appointment"
)
@needs(Permission.SEE)
def get_appointment(request: ApiRequest, appointment_id: PublicId) -> schemas.Appointment:
    return _represent_all([queries.appointment(request.auth, appointment_id)])[0]


@router.patch(
    "/{appointment_id}",
    response=schemas.Appointment,
    operation_id="change_appointment",
    summary="Move or change an appointment",
    description="All or nothing. The video meeting stays the same one, with the same link, unless `provider` changes.",
)
@needs(Permission.BOOK)
def change_appointment(
    request: ApiRequest, appointment_id: PublicId, wanted: schemas.AppointmentChange
) -> schemas.Appointment:
    change = Amendment(
        start_at=wanted.start,
        duration=_duration(wanted.duration_minutes),
        title=wanted.title,
        provider=wanted.provider,
        host_id=wanted.host_id,
        generation=wanted.generation,
    )
    return _represent_all([actions.amend(request.auth, appointment_id, change)])[0]


@router.post(
    "/{appointment_id}/cancel",
    response=schemas.Appointment,
    operation_id="cancel_appointment",
    summary="Cancel an appointment",
    description="The host is free at once. Cancelling again changes nothing.",
)
@needs(Permission.BOOK)
def cancel_appointment(
    request: ApiRequest, appointment_id: PublicId, wanted: schemas.Cancellation | None = None
) -> HttpResponse:
    reason = (wanted.reason if wanted else None) or ""

    def do() -> Done:
        row = actions.cancel(request.auth, appointment_id, reason)
        return Done(_represent_all([row])[0], status=200)

    return answer_once(request, do)


@router.post(
    "/{appointment_id}/approve",
    response=schemas.Appointment,
    operation_id="approve_appointment",
    summary="Say yes to a client's request",
    description="It takes place: from then on as if it had been booked.",
)
@needs(Permission.BOOK)
def approve_appointment(
    request: ApiRequest,
    appointment_id: PublicId,
    wanted: schemas.Approval | None = None,
) -> HttpResponse:
    def do() -> Done:
        return Done(_represent_all([approvals.approve(request.auth, appointment_id)])[0], status=200)

    return answer_once(request, do)


@router.post(
    "/{appointment_id}/decline",
    response=schemas.Appointment,
    operation_id="decline_appointment",
    summary="Say no to a client's request",
    description="The host is free again; the client is told, with the reason.",
)
@needs(Permission.BOOK)
def decline_appointment(
    request: ApiRequest, appointment_id: PublicId, wanted: schemas.Decline | None = None
) -> HttpResponse:
    reason = (wanted.reason if wanted else None) or ""

    def do() -> Done:
        return Done(_represent_all([approvals.decline(request.auth, appointment_id, reason)])[0], status=200)

    return answer_once(request, do)


@router.post(
    "/{appointment_id}/no-show",
    response=schemas.Appointment,
    operation_id="mark_no_show",
    summary="Note that the lead did not come",
    description="From the start on. Nobody is told, and neither mails nor the meeting change. Again changes nothing.",
)
@needs(Permission.BOOK)
def mark_no_show(request: ApiRequest, appointment_id: PublicId, wanted: schemas.NoShow | None = None) -> HttpResponse:
    def do() -> Done:
        return Done(_represent_all([no_shows.mark(request.auth, appointment_id)])[0], status=200)

    return answer_once(request, do)


@router.delete(
    "/{appointment_id}/no-show",
    response=schemas.Appointment,
    operation_id="take_back_no_show",
    summary="The lead came after all",
    description="Where no no-show is noted nothing changes.",
)
@needs(Permission.BOOK)
def take_back_no_show(request: ApiRequest, appointment_id: PublicId) -> schemas.Appointment:
    return _represent_all([no_shows.take_back(request.auth, appointment_id)])[0]


@router.delete(
    "/{appointment_id}",
    response={204: None},
    operation_id="delete_appointment",
    summary="Delete an appointment",
    description="Takes it off every list and removes its video meeting; who was invited is told.",
)
@needs(Permission.BOOK)
def delete_appointment(request: ApiRequest, appointment_id: PublicId) -> HttpResponse:
    actions.delete(request.auth, appointment_id)
    return HttpResponse(status=204)


def _duration(minutes: int | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)


def _represent_all(rows: Sequence[Appointment]) -> list[schemas.Appointment]:
    """With one query for all the meetings, and so on."""
    prefetch_related_objects(rows, "attendees", "co_hosts__member__user")
    meetings = meetings_of(rows)
    return [_represent(row, meetings.get(row.pk)) for row in rows]


def _represent(row: Appointment, meeting: Meeting | None) -> schemas.Appointment:
    kind = row.booking_type
    return schemas.Appointment(
        id=row.public_id,
        status=row.status,
        title=row.title,
        start=wall_of(row.start_at, row.time_zone),
        end=wall_of(row.end_at, row.time_zone),
        duration_minutes=int(row.duration.total_seconds() // 60),
        time_zone=row.time_zone,
        lead=Person(id=row.lead.public_id, name=row.lead.name, email=row.lead.email),
        host=_person(row.host),
        co_hosts=[_person(one.member) for one in row.co_hosts.all() if one.member_id != row.host_id],
        host_reason=row.host_reason or None,
        answers=[schemas.Answer(**answer) for answer in row.answers],
        booking_type=kind.slug if kind is not None and kind.is_active else None,
        provider=str(row.provider),
        attendees=sorted(attendee.email for attendee in row.attendees.all()),
        conference=_conference(row, meeting),
        no_show_at=_shown(row.no_show_at, row.time_zone),
        generation=row.generation,
    )


def _person(member: Member) -> Person:
    return Person(id=member.public_id, name=member.user.name, email=member.user.email)


def _conference(row: Appointment, meeting: Meeting | None) -> schemas.Conference:
    standing = standing_of(row, meeting)
    state, told = standing.state, standing.explanation
    # Blocked for a while only: it is tried again by itself then.
    at = meeting.next_look_at if meeting is not None and state in (Sync.WAITING, Sync.BLOCKED) else None
    return schemas.Conference(
        state=state.value,
        meeting_id=row.meeting_id or None,
        join_url=row.join_url or None,
        message=gettext(told.message),
        cure=gettext(told.cure) if told.cure else None,
        synced_at=_shown(meeting.synced_at if meeting else None, row.time_zone),
        next_try_at=_shown(None if at is None else max(at, clock.now()), row.time_zone),
    )


def _shown(instant: datetime | None, time_zone: str) -> datetime | None:
    return None if instant is None else wall_of(instant, time_zone)
