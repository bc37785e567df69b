"""world.Rows on the database: what a pass reads and writes, one statement each unless it says otherwise.

While a recovery is under way no row can be claimed, and none held any longer: no pass begins, and one that has begun
ends before its effect at the provider.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, F, Q

from treff.appointments.actions import record_join_link
from treff.appointments.models import Appointment
from treff.conferencing import journal
from treff.conferencing.models import Attempt, Connection, Meeting, Usage
from treff.conferencing.states import AttemptState
from treff.conferencing.world import AppointmentRow, ConnectionRow
from treff.kernel import clock
from treff.kernel.secrets import Binding, Secret
from treff.recovery.queries import RELEASED_SQL, released
from treff.workspaces import vault

# By name: a newer version beside this one may have added a column.
_COLUMNS = ", ".join(str(field.column) for field in Meeting._meta.concrete_fields)
_CLAIM_SQL = f"""
    UPDATE {Meeting._meta.db_table} SET lease_until = %s, epoch = epoch + 1, next_look_at = %s
    WHERE id = %s AND lease_until <= %s AND {RELEASED_SQL} RETURNING {_COLUMNS}
"""  # noqa: S608  constants
# Written out, because Django puts it together anew for each meeting, which took a seventh of a whole look's CPU.
_SPENDING_SQL = """
    SELECT
        coalesce((SELECT requests FROM conferencing_usage WHERE account = %(account)s AND day = %(today)s), 0),
        (
            SELECT count(*)
            FROM appointments_appointment wanted
            LEFT JOIN conferencing_meeting meeting ON meeting.appointment_id = wanted.id
            WHERE wanted.workspace_id = %(workspace)s AND wanted.provider = %(provider)s
              AND wanted.status = 'booked' AND wanted.deleted_at IS NULL
              AND wanted.start_at > %(now)s AND wanted.start_at < %(start)s
              AND (
                meeting.id IS NULL
                OR (meeting.observed_generation < wanted.generation OR meeting.state <> 'in_step')
                AND meeting.state <> 'blocked'
                AND NOT EXISTS (
                    SELECT FROM conferencing_attempt attempt
                    WHERE attempt.meeting_id = meeting.id AND attempt.state = 'intent'
                )
              )
              AND %(account)s = coalesce(
                CASE WHEN meeting.provider = wanted.provider THEN nullif(meeting.account, '') END,
                (
                    SELECT account FROM conferencing_connection serving
                    JOIN conferencing_grant ON conferencing_grant.id = serving.grant_id
                    WHERE serving.workspace_id = wanted.workspace_id AND serving.provider = wanted.provider
                      AND serving.leaving_until IS NULL
                      AND (serving.member_id = wanted.host_id OR serving.member_id IS NULL)
                    ORDER BY serving.member_id NULLS LAST LIMIT 1
                )
              )
        )
"""


def atomic() -> AbstractContextManager[object]:
    return transaction.atomic()


def claim(meeting_id: int, now: datetime, lease_until: datetime) -> Meeting | None:
    return next(iter(Meeting.objects.raw(_CLAIM_SQL, [lease_until, now, meeting_id, now])), None)


def meeting(meeting_id: int, *, locked: bool = False) -> Meeting:
    found = Meeting.objects.select_for_update() if locked else Meeting.objects
    return found.get(pk=meeting_id)


def change(meeting_id: int, epoch: int | None, **columns: object) -> bool:
    found = Meeting.objects.filter(pk=meeting_id)
    return bool((found if epoch is None else found.filter(epoch=epoch)).update(**columns))


def renew(meeting_id: int, epoch: int, connection_id: int, **columns: object) -> bool:
    is_connected = Exists(Connection.objects.filter(pk=connection_id))
    ours = Meeting.objects.filter(released(), is_connected, pk=meeting_id, epoch=epoch, lease_until__gt=clock.now())
    return bool(ours.update(**columns))


def attempt(attempt_id: int) -> Attempt | None:
    return Attempt.objects.filter(pk=attempt_id).first()


def attempts(meeting_id: int) -> Sequence[Attempt]:
    return list(Attempt.objects.filter(meeting_id=meeting_id).order_by("number"))


def add_attempt(meeting_id: int, **columns: object) -> Attempt:
    return Attempt.objects.create(meeting_id=meeting_id, **columns)


def change_attempt(attempt_id: int, states: Sequence[AttemptState], **columns: object) -> bool:
    return bool(Attempt.objects.filter(pk=attempt_id, state__in=states).update(**columns))


def appointment(appointment_id: int, *, locked: bool = False) -> Appointment:
    rows = Appointment.objects.select_related("workspace" if locked else "workspace__meeting_defaults")
    found = (rows.select_for_update(of=("self",), no_key=True) if locked else rows).get(pk=appointment_id)
    if not found.is_known:
        raise LookupError(f"status {found.status}")
    return found


def connections(appointment: AppointmentRow, accounts: Sequence[str]) -> Sequence[Connection]:
    assert isinstance(appointment, Appointment)
    serving = Q(member=None) | Q(member_id=appointment.host_id) | Q(grant__account__in=accounts)
    found = Connection.objects.select_related("grant").filter(serving, workspace_id=appointment.workspace_id)
    return list(found.order_by(F("member").asc(nulls_last=True)))


def record_link(appointment_id: int, meeting_id: str, join_url: str) -> None:
    if meeting_id:
        journal.note("made", meeting_id)
    record_join_link(appointment_id, meeting_id, join_url)


def count_request(account: str, by: int = 1) -> None:
    """Two statements, three on the first of a day."""
    today = clock.now().astimezone(UTC).date()
    usage = Usage.objects.filter(account=account, day=today)
    if not usage.update(requests=F("requests") + by):
        Usage.objects.get_or_create(account=account, day=today, defaults={"requests": 0})
        usage.update(requests=F("requests") + max(by, 0))


def spending(connection: ConnectionRow, start_at: datetime) -> tuple[int, int]:
    """A create that is under way counts as a request already (Usage), in the same commit as its intent."""
    assert isinstance(connection, Connection)
    now = clock.now()
    asked: dict[str, Any] = {
        "account": connection.grant.account,
        "today": now.astimezone(UTC).date(),
        "workspace": connection.workspace_id,
        "provider": connection.provider,
        "now": now,
        "start": start_at,
    }
    with database.cursor() as cursor:
        cursor.execute(_SPENDING_SQL, asked)
        used, nearer = cursor.fetchone()
    return used, nearer


def seal(appointment: AppointmentRow, meeting_id: int, secrets: Mapping[str, Secret | None]) -> dict[str, str]:
    assert isinstance(appointment, Appointment)
    sealed = dict.fromkeys(secrets, "")
    given = {column: secret for column, secret in secrets.items() if secret}
    if given:
        workspace = appointment.workspace
        key = vault.open_data_key(workspace)
        for column, secret in given.items():
            sealed[column] = key.seal(secret, Binding("meeting", column, str(meeting_id), workspace.public_id))
    return sealed


def check_keys(appointment: AppointmentRow) -> None:
    assert isinstance(appointment, Appointment)
    vault.open_data_key(appointment.workspace)


def erase_start_urls() -> int:
    """Erase start links whose time is over (they make their bearer host)."""
    return Meeting.objects.filter(start_url_until__lte=clock.now()).update(start_url="", start_url_until=None)
