"""What a pass decides on: read in one transaction, from whatever world it runs in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from treff.booking_types.states import Provider
from treff.conferencing.plan import Desired, Known, Linked, Stray, Unanswered
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.states import AttemptState
from treff.conferencing.world import AppointmentRow, AttemptRow, ConnectionRow, MeetingRow, World
from treff.kernel import clock


@dataclass(frozen=True, slots=True)
class Situation:
    """`connections` by account; `attempts`: how many creates there have been; `acting` is the connection whose account
    the step needs.
    """

    world: World
    appointment: AppointmentRow
    meeting: MeetingRow
    connections: Mapping[str, ConnectionRow]
    desired: Desired
    known: Known
    attempts: int
    acting: ConnectionRow | None = None


def situation_of(world: World, meeting: MeetingRow, attempts: Sequence[AttemptRow]) -> Situation:
    """What is wanted, with its generation, and what is known. `attempts`: all of them, by number."""
    accounts = sorted({attempt.account for attempt in attempts})
    appointment = world.rows.appointment(meeting.appointment_id)
    connections, desired = wanted_of(world, appointment, accounts)
    if desired.spec is not None:
        desired = replace(desired, spec=replace(desired.spec, options=world.options_of(appointment, meeting)))
    return Situation(world, appointment, meeting, connections, desired, _known(meeting, attempts), len(attempts))


def wanted_of(
    world: World, appointment: AppointmentRow, accounts: Sequence[str]
) -> tuple[Mapping[str, ConnectionRow], Desired]:
    """The connections that concern the appointment, by account, and what follows for its meeting.

    `accounts`: those that have made something for it, which is to be deleted where they can be reached.
    The host's own account comes before the workspace's; one that is being left hosts nothing more.
    """
    found = world.rows.connections(appointment, accounts)
    stays = [
        connection.grant.account
        for connection in found
        if connection.provider == appointment.provider
        and connection.member_id in (appointment.host_id, None)
        and connection.leaving_until is None
    ]
    spec = None
    rests_until = appointment.rests_until
    if (appointment.is_wanted or rests_until is not None) and appointment.provider != Provider.NONE:
        spec = MeetingSpec(appointment.title, appointment.start_at, appointment.duration, appointment.time_zone)
    desired = Desired(
        spec,
        account=stays[0] if stays else None,
        keeps=frozenset(stays),
        reachable=frozenset(connection.grant.account for connection in found),
        leaving=frozenset(c.grant.account for c in found if c.leaving_until is not None) - set(stays),
        provider=appointment.provider,
        rests_until=rests_until,
    )
    return {connection.grant.account: connection for connection in found}, desired


def _known(meeting: MeetingRow, attempts: Sequence[AttemptRow]) -> Known:
    now = clock.now()
    linked = None
    if meeting.external_id:
        confirm_due = meeting.confirm_at is not None and meeting.confirm_at <= now
        linked = Linked(
            meeting.external_id,
            meeting.account,
            meeting.told,
            confirm_due,
            meeting.kept,
            meeting.provider,
            meeting.awaits_link,
        )
    counts_from = max(now - timedelta(days=1), meeting.asked_at)
    today = [attempt for attempt in attempts if attempt.created_at > counts_from]
    return Known(
        linked,
        strays=tuple(
            Stray(attempt.pk, attempt.external_id, attempt.account)
            for attempt in attempts
            if attempt.state == AttemptState.STRAY
        ),
        unanswered=next(
            (
                Unanswered(attempt.pk, attempt.account)
                for attempt in attempts
                if attempt.state == AttemptState.UNANSWERED
            ),
            None,
        ),
        unsure_today=sum(attempt.state == AttemptState.AMBIGUOUS for attempt in today),
        unusable_today=sum(attempt.unusable for attempt in today),
    )
