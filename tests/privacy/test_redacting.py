"""The log lets go of what it says of somebody who was erased, and of nothing else."""

from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from tests import house
from treff.appointments.actions import cancel
from treff.audit.actions import redact
from treff.audit.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.attack("A-102")]
REDACTED = {"redacted": True}


@pytest.fixture
def entry() -> AuditEntry:
    place = house.workspace()
    booked = house.appointment(house.owner(place))
    cancel(house.scope(house.owner(place)), booked.public_id, "Lena is ill.")
    return AuditEntry.objects.get(deed="appointment.cancelled")


def change(entry: AuditEntry, redacting: str, **columns: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('treff.redacting', %s, true)", [redacting])
        AuditEntry.objects.filter(pk=entry.pk).update(**columns)


@pytest.mark.parametrize(
    ("redacting", "columns"),
    [
        ("", {"detail": REDACTED}),
        ("lead_1", {"detail": {}}),
        ("lead_1", {"detail": {"reason": "Otto is ill."}}),
        ("lead_1", {"detail": REDACTED | {"reason": "Lena is ill."}}),
        ("lead_1", {"detail": REDACTED, "actor_name": ""}),
        ("lead_1", {"detail": REDACTED, "actor_name": "Otto"}),
        ("lead_1", {"detail": REDACTED, "actor_id": "mem_2"}),
        ("lead_1", {"detail": REDACTED, "deed": "appointment.booked"}),
        ("lead_1", {"detail": REDACTED, "subject": "appt_2"}),
        ("lead_1", {"detail": REDACTED, "workspace_id": 99}),
        ("lead_1", {"detail": REDACTED, "at": "2026-01-01T00:00:00Z"}),
    ],
)
def test_whoever_changes_anything_else_is_refused(entry: AuditEntry, redacting: str, columns: dict[str, Any]) -> None:
    with pytest.raises(ProgrammingError, match="never changed"):
        change(entry, redacting, **columns)
    assert AuditEntry.objects.get(pk=entry.pk).detail == {"reason": "Lena is ill."}


def test_what_clients_said_and_who_they_were_goes_and_who_of_the_team_did_it_stays(entry: AuditEntry) -> None:
    assert entry.workspace_id is not None
    assert redact(entry.workspace_id, "lead_1", [entry.subject]) == 1
    told = AuditEntry.objects.get(pk=entry.pk)
    assert (told.detail, told.actor_name, told.deed) == (REDACTED, "Olivia Owner", "appointment.cancelled")
    assert redact(entry.workspace_id, "lead_1", [entry.subject]) == 0
    with pytest.raises(ProgrammingError, match="never changed"):
        AuditEntry.objects.filter(pk=entry.pk).update(actor_name="Otto")
