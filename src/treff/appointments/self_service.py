"""What clients do by themselves: book what is offered, move it to what is offered, cancel. Each is one transaction.

What is offered is decided again inside the transaction, with the hosts held: by the very rules that showed it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from treff.appointments import offers, rules
from treff.appointments.actions import add_co_hosts, call_off
from treff.appointments.addresses import ask, asked_once
from treff.appointments.changes import save_changed, shown, tell
from treff.appointments.errors import AlreadyOver, NotByClients, NotOffered
from treff.appointments.holding import block, host_ids_of, lock_hosts, no_double_booking, unblock
from treff.appointments.models import Appointment, Attendee
from treff.appointments.ports import SlotRequest
from treff.appointments.receiving import Receiving, grounds_at, settle
from treff.appointments.states import AGREED, BLOCKING, Source, Status
from treff.audit.ports import Actor
from treff.booking_types import queries as booking_types
from treff.booking_types.models import BookingType
from treff.booking_types.rules import check_answers
from treff.booking_types.states import HostMode, Provider
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.kernel.secrets import Binding, Secret, SecretError
from treff.notices.actions import tell_members
from treff.notices.states import NoticeKind
from treff.people.actions import find_or_create_lead
from treff.people.models import Lead
from treff.workspaces import vault
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import client_scope, members
from treff.workspaces.states import Permission

log = structlog.get_logger()
# A request that nobody answers is given up then, or at its start: it blocks a time that others could have.
LONGEST_REQUEST = timedelta(hours=48)
# So long after the end its link still shows the appointment.
MANAGEABLE_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Booked:
    """The appointment, and what lets the client come back to it."""

    appointment: Appointment
    token: Secret


def book_offered(place: Workspace, kind: BookingType, wanted: SlotRequest) -> Booked:
    """A client takes a slot: booked, or requested where the booking type needs somebody's yes. Where it asks clients to
    confirm their address, it is kept for them unconfirmed, and nobody else hears of it (confirming.py).

    1. Check what was typed. The lead is found by their address within the workspace, else made.
    2. Hold the type's hosts, in one order; decide anew whether the slot is offered, and who receives.
    3. Write, block, count. Two who want the same slot: one gets it, the other NotOffered or SlotTaken.

    Raises Invalid, NotAllowed, NotHere (host), NotOffered, SlotTaken.
    """
    scope = client_scope(place)
    scope.require(Permission.BOOK_OFFERED)
    start_at = rules.check_start(wanted.start_at, clock.now())
    duration = _length(kind, wanted.duration)
    answers = check_answers(booking_types.questions_of(kind), wanted.answers)
    attendees = rules.check_attendees(wanted.attendees)
    with no_double_booking(), asked_once(), transaction.atomic():
        person = find_or_create_lead(scope, wanted.lead)
        scope = replace(scope, actor=Actor("client", person.public_id, person.name))
        hosts = [host.member_id for host in booking_types.hosts_of(kind)]
        lock_hosts(*hosts)
        asked_for = _host_id(scope, kind, wanted.host_id)
        found = grounds_at(place, kind, start_at)
        slot = offers.slot_at(found, start_at, duration, asked_for)
        if slot is None:
            raise NotOffered
        receiving = settle(found, slot, person.owner_id, is_chosen=asked_for is not None)
        appointment = _create(place, kind, person, receiving)
        appointment.start_at, appointment.duration, appointment.answers = start_at, duration, answers
        appointment.utc_offset = rules.offset_at(start_at, appointment.time_zone)
        token = _seal_token(appointment)
        if kind.confirm_address:
            appointment.status = Status.UNCONFIRMED
            ask(appointment)
        begin_to_wait(appointment)
        appointment.save()
        Attendee.objects.bulk_create(Attendee(appointment=appointment, email=email) for email in attendees)
        add_co_hosts(appointment, receiving.member_ids[1:])
        block(appointment, receiving.member_ids, bounded=True)
        said: dict[str, object] = {"start": start_at.isoformat(), "why": appointment.host_reason}
        tell(scope, appointment, f"appointment.{appointment.status}", said)
        tell_hosts(appointment, receiving.member_ids, "booked")
    return Booked(appointment, token)


def by_token(token: str) -> Appointment:
    """The client's appointment, until a day after its end; also one that nobody confirmed. Raises NotHere."""
    there = Q(deleted_at=None) | Q(status=Status.UNCONFIRMED)
    found = (
        Appointment.objects.filter(there, manage_digest=_digest(token))
        .select_related("workspace", "lead", "host__user", "booking_type")
        .first()
    )
    if found is None or found.end_at + MANAGEABLE_FOR < clock.now():
        raise NotHere
    return found


def token_of(appointment: Appointment) -> Secret | None:
    """For mails: what lets the client come back; None where there is none, or our keys do not open it."""
    if not appointment.manage_token:
        return None
    try:
        key = vault.open_data_key(appointment.workspace)
        return key.open(appointment.manage_token, _binding(appointment))
    except SecretError:
        log.warning("manage_token_unreadable", appointment=appointment.public_id)
        return None


def move_offered(token: str, start_at: datetime) -> Appointment:
    """To another slot with the same hosts; the meeting and its link stay, and so does a yes that was given.

    Raises AlreadyOver, Invalid, NotByClients, NotHere, NotOffered, SlotTaken.
    """
    start_at = rules.check_start(start_at, clock.now())
    with no_double_booking(), transaction.atomic():
        appointment = _held(token)
        kind = appointment.booking_type
        if kind is None or not may_move(appointment):
            raise NotByClients
        hosts = host_ids_of(appointment)
        lock_hosts(*hosts)
        slot = slot_for_move(appointment, start_at)
        if slot is None:
            raise NotOffered
        before = shown(appointment)
        unblock(appointment)
        appointment.start_at = start_at
        appointment.utc_offset = rules.offset_at(start_at, appointment.time_zone)
        begin_to_wait(appointment)
        save_changed(appointment)  # first, so that it is counted on its new day
        block(appointment, hosts, bounded=True)
        after = shown(appointment)
        changed: dict[str, object] = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
        tell(scope_of_client(appointment), appointment, "appointment.rescheduled", changed)
        tell_hosts(appointment, hosts, "moved", was=before["start"])
    return appointment


def cancel_own(token: str, reason: str = "") -> Appointment:
    """Twice changes nothing. Raises AlreadyOver, Invalid, NotByClients, NotHere."""
    with transaction.atomic():
        appointment = _held(token)
        if appointment.status not in BLOCKING:
            return appointment
        if not may_cancel(appointment):
            raise NotByClients
        hosts, was_agreed = host_ids_of(appointment), appointment.status in AGREED
        call_off(scope_of_client(appointment), appointment, reason)
        if was_agreed:  # else they have never heard of it
            tell_hosts(appointment, hosts, "cancelled", reason=appointment.cancel_reason)
    return appointment


def may_move(appointment: Appointment) -> bool:
    kind = appointment.booking_type
    return bool(kind and kind.is_active and not kind.is_paused and kind.clients_may_move and _is_ahead(appointment))


def may_cancel(appointment: Appointment) -> bool:
    """What waits for a confirmation always: who mistyped the address wants the time for the right one."""
    if appointment.confirm_until is not None:
        return True
    kind = appointment.booking_type
    return _is_ahead(appointment) and (kind is None or kind.clients_may_cancel)


def slots_for_move(appointment: Appointment, within: tuple[int, int]) -> list[offers.Slot]:
    """What it could be moved to: with all its hosts. `within` in seconds since 1970."""
    kind = appointment.booking_type
    if kind is None:
        return []
    found = offers.grounds(appointment.workspace, kind, within, clock.now(), moving=appointment.pk)
    hosts = set(host_ids_of(appointment))
    return [slot for slot in offers.slots(found, appointment.duration) if hosts <= set(slot.member_ids)]


def slot_for_move(appointment: Appointment, start_at: datetime) -> offers.Slot | None:
    start = int(start_at.timestamp())
    return next((slot for slot in slots_for_move(appointment, (start - 1, start + 1)) if slot.start == start), None)


def status_of(kind: BookingType) -> Status:
    """Of what a client has booked of it, and confirmed where that is asked for."""
    return Status.REQUESTED if kind.needs_approval else Status.BOOKED


def _is_ahead(appointment: Appointment) -> bool:
    return appointment.status in AGREED and appointment.start_at > clock.now()


def _held(token: str) -> Appointment:
    """Until the transaction ends. Raises AlreadyOver, NotHere."""
    held = Appointment.objects.select_for_update(of=("self",)).select_related("workspace", "host", "booking_type")
    appointment = held.get(pk=by_token(token).pk)
    if appointment.start_at <= clock.now():
        raise AlreadyOver
    return appointment


def scope_of_client(appointment: Appointment) -> Scope:
    """Of the client whose appointment it is."""
    lead = appointment.lead
    scope = client_scope(appointment.workspace)
    return replace(scope, actor=Actor("client", lead.public_id, lead.name))


def _length(kind: BookingType, wanted: timedelta | None) -> timedelta:
    if wanted is None:
        return kind.duration
    if wanted not in [timedelta(minutes=minutes) for minutes in booking_types.minutes_of(kind)]:
        raise Invalid("duration_minutes", N_("Please choose one of the lengths that are offered."))
    return wanted


def _host_id(scope: Scope, kind: BookingType, wanted: str | None) -> int | None:
    """Whom the client chose, where the booking type lets them; None for anybody. Raises NotHere."""
    if kind.host_mode != HostMode.CHOICE or wanted is None:
        return None
    return members(scope).named(wanted).pk


def _create(place: Workspace, kind: BookingType, person: Lead, receiving: Receiving) -> Appointment:
    """Not saved yet."""
    host = Member.objects.select_related("user").get(pk=receiving.member_ids[0])
    provider = Provider(kind.provider)
    if booking_types.is_switched_off(client_scope(place), provider):
        provider = Provider.NONE
    return Appointment(
        workspace=place,
        lead=person,
        host=host,
        booking_type=kind,
        title=rules.title_of("", kind.title, person.name),
        time_zone=host.time_zone,
        provider=provider,
        source=Source.CLIENT,
        host_reason=receiving.why or "",
        buffer_before=kind.buffer_before,
        buffer_after=kind.buffer_after,
        status=status_of(kind),
    )


def tell_hosts(appointment: Appointment, host_ids: Sequence[int], deed: str, **detail: object) -> None:
    """Those who receive hear of each thing that a client does; of a request, each time that it is made anew.

    Of what is not confirmed they do not.
    """
    if appointment.status == Status.UNCONFIRMED:
        return
    hosts = Member.objects.select_related("user").filter(pk__in=host_ids)
    said: dict[str, object] = {"own": True, "appointments": [appointment.public_id]}
    kind, key = NoticeKind.REQUESTED, f"request:{appointment.public_id}:{appointment.generation}"
    if appointment.status != Status.REQUESTED:
        said |= {"deed": deed, "start": appointment.start_at.isoformat(), **detail}
        kind, key = NoticeKind.BY_CLIENT, f"by_client:{appointment.public_id}:{appointment.generation}"
    tell_members(appointment.workspace_id, [host.user for host in hosts], kind, key, said)


def begin_to_wait(appointment: Appointment) -> None:
    """For an answer to it, where it is a request."""
    if appointment.status == Status.REQUESTED:
        appointment.expires_at = min(appointment.start_at, clock.now() + LONGEST_REQUEST)


def _seal_token(appointment: Appointment) -> Secret:
    """128 random bits; without our keys the client has it on the page alone."""
    token = Secret(secrets.token_urlsafe(16))
    appointment.manage_digest = _digest(token.reveal())
    try:
        key = vault.open_data_key(appointment.workspace)
        appointment.manage_token = key.seal(token, _binding(appointment))
    except SecretError:
        log.warning("manage_token_not_stored", appointment=appointment.public_id)
    return token


def _binding(appointment: Appointment) -> Binding:
    return Binding("appointment", "manage_token", appointment.public_id, appointment.workspace.public_id)


def _digest(token: str) -> str:
    return hashlib.sha256(f"manage:{token}".encode()).hexdigest()
