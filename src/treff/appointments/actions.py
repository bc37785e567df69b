"""The verbs. Each is one transaction with its audit entry and its announcement; none talks to anybody outside."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from treff.appointments import queries, rules
from treff.appointments.changes import kept, locked, save_changed, shown, tell
from treff.appointments.errors import (
    AlreadyCancelled,
    AlreadyOver,
    LeadHasAppointments,
    NotConfirmed,
)
from treff.appointments.holding import block, host_ids_of, lock_hosts, no_double_booking, unblock
from treff.appointments.models import Appointment, Attendee, CoHost
from treff.appointments.ports import Amendment, Booking
from treff.appointments.receiving import host_of, settle_for_order
from treff.appointments.states import AGREED, BLOCKING, Source, Status
from treff.booking_types.models import BookingType
from treff.booking_types.queries import booking_type, is_switched_off
from treff.booking_types.rules import check_duration, check_provider
from treff.booking_types.states import Provider
from treff.events.actions import announce
from treff.kernel import clock, texts
from treff.kernel.errors import N_, Invalid
from treff.people.actions import hide_lead
from treff.people.queries import lead
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

# More changes than an appointment has between two backups.
SEQUENCE_LEAP = 1000
MOST_CANCELLED_AT_ONCE = 200


def book(scope: Scope, wanted: Booking) -> Appointment:
    """A new appointment; length and provider default to the booking type's. Who hosts: receiving.settle_for_order.

    Raises Invalid, NotAllowed, NotHere (lead, host or booking type), SlotTaken.
    """
    scope.require(Permission.BOOK)
    start_at = rules.check_start(wanted.start_at, clock.now())
    attendees = rules.check_attendees(wanted.attendees)
    with no_double_booking(), transaction.atomic():
        kind = booking_type(scope, wanted.booking_type) if wanted.booking_type else None
        person = lead(scope, wanted.lead_id, hold=True)  # else who is just being erased gets one more
        duration = _duration(wanted.duration, kind)
        host, receiving = settle_for_order(scope, kind, wanted, (start_at, duration, person.owner_id))
        appointment = Appointment.objects.create(
            workspace_id=scope.workspace_id,
            lead=person,
            host=host,
            booking_type=kind,
            title=rules.title_of(wanted.title, kind.title if kind else "", person.name),
            start_at=start_at,
            duration=duration,
            time_zone=host.time_zone,
            utc_offset=rules.offset_at(start_at, host.time_zone),
            provider=_provider(scope, wanted.provider, kind),
            source=Source.TEAM if scope.member_id else Source.API,
            host_reason=receiving.why or "",
            buffer_before=kind.buffer_before if kind else timedelta(0),
            buffer_after=kind.buffer_after if kind else timedelta(0),
        )
        Attendee.objects.bulk_create(Attendee(appointment=appointment, email=email) for email in attendees)
        add_co_hosts(appointment, receiving.member_ids[1:])
        block(appointment, receiving.member_ids)
        tell(scope, appointment, "appointment.booked", {"start": appointment.start_at.isoformat()})
    return appointment


def add_co_hosts(appointment: Appointment, member_ids: Sequence[int]) -> None:
    CoHost.objects.bulk_create(CoHost(appointment=appointment, member_id=member_id) for member_id in member_ids)


def amend(scope: Scope, public_id: str, change: Amendment, *, undoable: bool = False) -> Appointment:
    """Change start, length, title, provider or host, all or nothing. `undoable`: a move may be taken back (undoing.py).

    Raises AlreadyCancelled, AlreadyOver, ChangedMeanwhile, Invalid, NotAllowed, NotConfirmed, NotHere, SlotTaken.
    """
    scope.require(Permission.BOOK)
    with no_double_booking(), transaction.atomic():
        appointment = locked(scope, public_id, change.generation)
        if appointment.status not in BLOCKING:
            raise AlreadyCancelled
        is_agreed = appointment.status in AGREED
        if not is_agreed and replace(change, host_id=None, generation=None) != Amendment():
            raise NotConfirmed  # what the mail asked about stays true; who receives is for the team to say
        before, hosts_before, was = shown(appointment), host_ids_of(appointment), kept(appointment)
        _apply(scope, appointment, change)
        after = shown(appointment)
        changed: dict[str, object] = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
        if not changed:
            return appointment
        hosts = host_ids_of(appointment)
        lock_hosts(*hosts_before, *hosts)
        unblock(appointment)
        block(appointment, hosts)
        moved = "start" in changed or "minutes" in changed
        save_changed(appointment, was if undoable and changed.keys() <= {"start", "minutes"} else None)
        tell(scope, appointment, "appointment.rescheduled" if moved else "appointment.edited", changed)
    return appointment


def cancel(
    scope: Scope, public_id: str, reason: str = "", generation: int | None = None, *, undoable: bool = False
) -> Appointment:
    """Call it off; the host is free at once. Twice changes nothing. `undoable`: it may be taken back (undoing.py).

    Raises ChangedMeanwhile, Invalid, NotHere.
    """
    scope.require(Permission.BOOK)
    with transaction.atomic():
        return call_off(scope, locked(scope, public_id, generation), reason, undoable=undoable)


def call_off(scope: Scope, appointment: Appointment, reason: str, *, undoable: bool = False) -> Appointment:
    """For a verb that holds the appointment and has decided that it may be. Raises Invalid."""
    if appointment.status not in BLOCKING:
        return appointment
    was = kept(appointment) if undoable else None
    appointment.status = Status.CANCELLED
    appointment.cancel_reason = texts.one_line("reason", reason, longest=500)
    lock_hosts(*host_ids_of(appointment))
    unblock(appointment)
    save_changed(appointment, was)
    tell(scope, appointment, "appointment.cancelled", {"reason": appointment.cancel_reason})
    return appointment


def cancel_many(scope: Scope, public_ids: Sequence[str], reason: str = "") -> int:
    """All of them or, if one is not there, none; those that are off already stay as they are. How many were cancelled.

    Raises Invalid, NotAllowed, NotHere.
    """
    scope.require(Permission.CANCEL_MANY)
    wanted = set(public_ids)
    if len(wanted) > MOST_CANCELLED_AT_ONCE:
        raise Invalid("appointments", N_("At most %(most)d at once, please."), most=MOST_CANCELLED_AT_ONCE)
    with transaction.atomic():
        held = queries.appointments(scope).select_for_update(of=("self",)).filter(public_id__in=wanted)
        found = list(held.order_by("pk"))
        if len(found) != len(wanted):
            raise NotHere
        blocking = [appointment for appointment in found if appointment.status in BLOCKING]
        # In one order before any of them is taken, as every verb does with more than one host.
        lock_hosts(*(host_id for appointment in blocking for host_id in host_ids_of(appointment)))
        for appointment in blocking:
            call_off(scope, appointment, reason)
    return len(blocking)


def delete(scope: Scope, public_id: str, generation: int | None = None) -> None:
    """Take it off every list; who was invited hears that it does not take place.

    Raises ChangedMeanwhile, NotAllowed, NotHere.
    """
    scope.require(Permission.BOOK)
    with transaction.atomic():
        appointment = locked(scope, public_id, generation)
        appointment.deleted_at = clock.now()
        lock_hosts(*host_ids_of(appointment))
        unblock(appointment)
        save_changed(appointment)
        tell(scope, appointment, "appointment.deleted")


def delete_lead(scope: Scope, public_id: str) -> None:
    """Delete a lead who has no upcoming appointment. Raises LeadHasAppointments, NotAllowed, NotHere."""
    with transaction.atomic():
        person = lead(scope, public_id)
        if queries.ahead(scope, clock.now()).filter(lead=person).exists():
            raise LeadHasAppointments
        hide_lead(scope, public_id)
        announce("lead.deleted", person.pk)


def record_join_link(appointment_id: int, meeting_id: str, join_url: str) -> None:
    """Put the meeting's id and the attendee's link on the appointment; both empty takes them off."""
    with transaction.atomic(savepoint=False):
        changed = (
            Appointment.objects.filter(pk=appointment_id)
            .exclude(meeting_id=meeting_id, join_url=join_url)
            .update(meeting_id=meeting_id, join_url=join_url, sequence=F("sequence") + 1, changed_at=clock.now())
        )
        if changed:
            announce("appointment.link_changed", appointment_id)


def leap_sequences() -> int:
    """The database is older than what was mailed: calendars ignore an invitation that does not count on from the last.

    Returns of how many appointments ahead.
    """
    ahead = Appointment.objects.filter(start_at__gt=clock.now())
    return ahead.update(sequence=F("sequence") + SEQUENCE_LEAP)


def _duration(wanted: timedelta | None, kind: BookingType | None) -> timedelta:
    if wanted is not None:
        return check_duration(wanted)
    return kind.duration if kind else rules.DEFAULT_DURATION


def _provider(scope: Scope, wanted: str | None, kind: BookingType | None) -> str:
    """The one that is named, if it is offered; else the booking type's, or none where that is switched off."""
    if wanted is not None:
        return _offered(scope, check_provider(wanted))
    provider = kind.provider if kind else Provider.ZOOM
    return Provider.NONE if is_switched_off(scope, provider) else provider


def _offered(scope: Scope, provider: Provider) -> Provider:
    if is_switched_off(scope, provider):
        raise Invalid("provider", N_("This provider is switched off for the workspace. An administrator can offer it."))
    return provider


def _apply(scope: Scope, appointment: Appointment, change: Amendment) -> None:
    now = clock.now()
    timed = change.start_at is not None or change.duration is not None
    if timed and appointment.start_at <= now:
        raise AlreadyOver
    if change.start_at is not None and change.start_at != appointment.start_at:
        appointment.start_at = rules.check_start(change.start_at, now)
        if appointment.expires_at is not None:  # nobody can answer a request after its start
            appointment.expires_at = min(appointment.expires_at, appointment.start_at)
    if change.duration is not None:
        appointment.duration = check_duration(change.duration)
    if change.title is not None:
        appointment.title = texts.one_line("title", change.title, longest=200, required=True)
    if change.provider is not None and change.provider != appointment.provider:
        appointment.provider = _offered(scope, check_provider(change.provider))
    if change.host_id is not None:
        _reassign(appointment, host_of(scope, change.host_id))
    if change.start_at is not None or change.host_id is not None:
        appointment.utc_offset = rules.offset_at(appointment.start_at, appointment.time_zone)


def _reassign(appointment: Appointment, host: Member) -> None:
    """Somebody decided: no rule is the reason any more. A co-host who takes over changes places with the host."""
    if host.pk == appointment.host_id:
        return
    appointment.co_hosts.filter(member=host).update(member=appointment.host_id)
    appointment.host, appointment.time_zone, appointment.host_reason = host, host.time_zone, ""
