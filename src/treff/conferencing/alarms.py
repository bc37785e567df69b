"""A broken connection tells those who can mend it: at once, again after a day, and before starts that it affects."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from treff.appointments.models import Appointment
from treff.conferencing import queries, rules
from treff.conferencing.models import Connection, Meeting
from treff.conferencing.states import GrantState, Sync
from treff.kernel import clock
from treff.notices.actions import tell_members, withdraw
from treff.notices.states import NoticeKind
from treff.workspaces.models import User
from treff.workspaces.queries import users_with
from treff.workspaces.states import Role

# Starts come nearer and appointments are added while nothing else happens to the connection.
LOOK_EVERY = timedelta(minutes=5)


def due() -> list[int]:
    """Connections that may have to be complained about now, or not any more."""
    now = clock.now()
    broken = ~Q(grant__state=GrantState.CONNECTED) & (Q(next_alarm_at=None) | Q(next_alarm_at__lte=now))
    healed = Q(grant__state=GrantState.CONNECTED, next_alarm_at__isnull=False)
    return list(Connection.objects.filter(broken | healed).values_list("pk", flat=True))


def look(connection_id: int) -> None:
    """Tell Owners, Administrators and the one whose own account it is, if it is time to; forget it all when healed."""
    with transaction.atomic():
        connection = (
            Connection.objects.select_for_update(of=("self",))
            .select_related("grant", "member__user")
            .filter(pk=connection_id)
            .first()
        )
        if connection is None:
            return
        now = clock.now()
        if connection.grant.lost_at is None:
            connection.warned, connection.next_alarm_at = {}, None
            withdraw(connection.workspace_id, _key(connection))
        else:
            waiting = affected(connection)
            starts = [(appointment.public_id, appointment.start_at) for appointment in waiting]
            alarm = rules.alarm_due(connection.warned, starts, now)
            if alarm is not None:
                connection.warned = dict(alarm.warned)
                _tell(connection, alarm.stage, waiting)
            connection.next_alarm_at = now + LOOK_EVERY
        connection.save(update_fields=["warned", "next_alarm_at"])


def affected(connection: Connection) -> Sequence[Appointment]:
    """Upcoming appointments of this account that are without a link or not in step, soonest first."""
    in_step = Meeting.objects.filter(state=Sync.IN_STEP).exclude(external_id="")
    return list(queries.hosted_by(connection).exclude(meeting__in=in_step))


def _tell(connection: Connection, stage: str, waiting: Sequence[Appointment]) -> None:
    users: dict[int, User] = {user.pk: user for user in users_with(connection.workspace_id, Role.OWNER, Role.ADMIN)}
    if connection.member is not None:
        users[connection.member.user_id] = connection.member.user
    lost_at = connection.grant.lost_at or clock.now()
    detail = {
        "provider": connection.provider,
        "cause": connection.grant.cause,
        "own": connection.member is not None,
        "since": lost_at.isoformat(),
        "stage": stage,
        "appointments": [appointment.public_id for appointment in waiting[:500]],
    }
    key = f"{_key(connection)}{clock.now().isoformat()}"
    tell_members(connection.workspace_id, users.values(), NoticeKind.BROKEN, key, detail)


def _key(connection: Connection) -> str:
    return f"broken:{connection.public_id}:"
