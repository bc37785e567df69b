"""Rows for the templates: what a page shows and nothing more, so that nothing more can leak. Ids are public ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext

from treff.appointments.models import Appointment
from treff.appointments.states import AGREED, Status
from treff.conferencing.models import Meeting
from treff.conferencing.queries import standing_of
from treff.conferencing.states import Sync
from treff.kernel import clock
from treff.people.models import Lead
from treff.people.states import LeadStatus
from treff.web import labels
from treff.web.console.meetings import TONES, label_of
from treff.web.policy import Visit
from treff.workspaces.models import Member

STATUS_TONES: Mapping[str, str] = {LeadStatus.NEW: "info", LeadStatus.WON: "ok", LeadStatus.LOST: "bad"}


@dataclass(frozen=True, slots=True)
class Conference:
    """The meeting in a list: a badge (none without `label`), a sentence, a link to join."""

    state: str
    label: str
    tone: str
    message: str
    join_url: str


@dataclass(frozen=True, slots=True)
class AppointmentRow:
    """For components/appointment_list.html; `zone` is the reader's. `host_name`: all who receive."""

    title: str
    start_at: datetime
    end_at: datetime
    zone: str
    lead_name: str
    host_name: str
    status: str
    status_label: str
    url: str
    conference: Conference


@dataclass(frozen=True, slots=True)
class Start:
    start_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class LeadRow:
    name: str
    email: str
    company: str
    phone: str
    owner_name: str
    status_label: str
    status_tone: str
    url: str
    next_appointment: Start | None


@dataclass(frozen=True, slots=True)
class LeadDetails:
    """One lead; `zone` is the reader's, for `created_at`. Who was deleted has no `url`, who was erased no `email`."""

    id: str
    name: str
    email: str
    phone: str
    company: str
    owner_id: str
    owner_name: str
    status: str
    status_label: str
    status_tone: str
    source_label: str
    locale_label: str
    time_zone: str
    created_at: datetime
    zone: str
    url: str


@dataclass(frozen=True, slots=True)
class Host:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client was asked, and said."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class AppointmentDetails:
    """One appointment; `zone` is the host's, in which it was booked. `can_move`: booked or asked for, and not begun.

    `why`: why this host; `co_hosts` receive with them. `answer_until`: of a request that can still be answered.
    `can_miss`: it takes place and has begun. `confirm_until`: of one that its client can still confirm.
    """

    id: str
    title: str
    status: str
    status_label: str
    start_at: datetime
    end_at: datetime
    duration_minutes: int
    zone: str
    lead: LeadDetails
    host: Host
    why: str
    co_hosts: tuple[str, ...]
    answers: tuple[Answer, ...]
    source_label: str
    answer_until: datetime | None
    confirm_until: datetime | None
    attendees: tuple[str, ...]
    booking_type: str
    version: int
    cancel_reason: str
    can_move: bool
    can_miss: bool
    is_no_show: bool


@dataclass(frozen=True, slots=True)
class SameTime:
    """The appointment's time as somebody else reads it."""

    label: str
    zone: str
    start_at: datetime
    end_at: datetime


def address(visit: Visit, name: str, **ids: str) -> str:
    """The page `name` of the console, in this workspace."""
    return reverse(f"console:{name}", kwargs={"workspace": visit.workspace.slug, **ids})


def minutes_of(appointment: Appointment) -> int:
    return int(appointment.duration.total_seconds() // 60)


def appointment_rows(
    visit: Visit, appointments: Sequence[Appointment], meetings: Mapping[int, Meeting]
) -> list[AppointmentRow]:
    """In the order given; `meetings` by the appointments' primary keys."""
    prefetch_related_objects(list(appointments), "co_hosts__member__user")
    return [
        AppointmentRow(
            title=appointment.title,
            start_at=appointment.start_at,
            end_at=appointment.end_at,
            zone=visit.time_zone,
            lead_name=appointment.lead.name,
            host_name=", ".join([str(appointment.host), *map(str, _co_hosts(appointment))]),
            status=appointment.status,
            status_label=labels.of_status(appointment.status),
            url=address(visit, "appointment", appointment_id=appointment.public_id),
            conference=_conference(appointment, meetings.get(appointment.pk)),
        )
        for appointment in appointments
    ]


def _conference(appointment: Appointment, meeting: Meeting | None) -> Conference:
    standing = standing_of(appointment, meeting)
    over = appointment.end_at <= clock.now()
    silent = over or standing.state == Sync.UNNEEDED
    return Conference(
        state=standing.state.value,
        label="" if silent else label_of(standing, appointment, meeting),
        tone=TONES[standing.state],
        message="" if silent else gettext(standing.explanation.message),
        join_url="" if over or not appointment.is_wanted else appointment.join_url,
    )


def lead_row(visit: Visit, lead: Lead) -> LeadRow:
    """Of a lead with `next_at` (appointments.queries.with_next_start)."""
    next_at: datetime | None = getattr(lead, "next_at")  # noqa: B009  an annotation, which mypy does not know
    return LeadRow(
        name=lead.name,
        email=lead.email,
        company=lead.company,
        phone=lead.phone,
        owner_name=str(lead.owner) if lead.owner else "",
        status_label=labels.of_lead_status(lead.status),
        status_tone=STATUS_TONES.get(lead.status, "neutral"),
        url=address(visit, "lead", lead_id=lead.public_id),
        next_appointment=Start(next_at, visit.time_zone) if next_at else None,
    )


def lead_details(visit: Visit, lead: Lead) -> LeadDetails:
    return LeadDetails(
        id=lead.public_id,
        name=lead.name,
        email="" if lead.erased_at else lead.email,
        phone=lead.phone,
        company=lead.company,
        owner_id=lead.owner.public_id if lead.owner else "",
        owner_name=str(lead.owner) if lead.owner else "",
        status=lead.status,
        status_label=labels.of_lead_status(lead.status),
        status_tone=STATUS_TONES.get(lead.status, "neutral"),
        source_label=labels.of_lead_source(lead.source) if lead.source else "",
        locale_label=labels.of_locale(lead.locale),
        time_zone=lead.time_zone,
        created_at=lead.created_at,
        zone=visit.time_zone,
        url="" if lead.deleted_at else address(visit, "lead", lead_id=lead.public_id),
    )


def appointment_details(visit: Visit, appointment: Appointment) -> AppointmentDetails:
    return AppointmentDetails(
        id=appointment.public_id,
        title=appointment.title,
        status=appointment.status,
        status_label=labels.of_status(appointment.status),
        start_at=appointment.start_at,
        end_at=appointment.end_at,
        duration_minutes=minutes_of(appointment),
        zone=appointment.time_zone,
        lead=lead_details(visit, appointment.lead),
        host=Host(str(appointment.host), appointment.host.user.email),
        why=labels.of_why(appointment.host_reason),
        co_hosts=tuple(map(str, _co_hosts(appointment))),
        answers=tuple(_answers(appointment)),
        source_label=labels.of_source(appointment.source),
        answer_until=_answer_until(appointment),
        confirm_until=appointment.confirm_until,
        attendees=tuple(appointment.attendees.order_by("pk").values_list("email", flat=True)),
        booking_type=appointment.booking_type.title if appointment.booking_type else "",
        version=appointment.generation,
        cancel_reason=appointment.cancel_reason,
        can_move=appointment.status in AGREED and appointment.start_at > clock.now(),
        can_miss=appointment.is_wanted and appointment.start_at <= clock.now(),
        is_no_show=appointment.is_wanted and appointment.no_show_at is not None,
    )


def _co_hosts(appointment: Appointment) -> list[Member]:
    return [co_host.member for co_host in appointment.co_hosts.all()]


def _answers(appointment: Appointment) -> Iterator[Answer]:
    """A checkbox that was ticked says "yes", in the language of none."""
    for given in appointment.answers:
        yield Answer(given["label"], gettext("Yes") if given["answer"] == "yes" else given["answer"])


def _answer_until(appointment: Appointment) -> datetime | None:
    if appointment.status != Status.REQUESTED or appointment.start_at <= clock.now():
        return None
    return appointment.expires_at or appointment.start_at


def same_times(visit: Visit, appointment: Appointment) -> list[SameTime]:
    """How the reader and the lead read the time, where that is another zone than the appointment's."""
    readers = {
        visit.time_zone: gettext("For you"),
        appointment.lead.time_zone: gettext("For %(name)s") % {"name": appointment.lead.name},
    }
    return [
        SameTime(label, zone, appointment.start_at, appointment.end_at)
        for zone, label in readers.items()
        if zone != appointment.time_zone
    ]


def names_of(members: Sequence[Member]) -> dict[str, str]:
    """Public id -> name."""
    return {member.public_id: str(member) for member in members}
