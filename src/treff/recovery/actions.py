"""Begin a recovery, and end it. What else belongs to that is with those who know it (management/recovery.py)."""

from django.db import transaction

from treff.audit.actions import record
from treff.audit.models import AuditEntry
from treff.audit.ports import SYSTEM
from treff.kernel import clock
from treff.recovery.errors import NoRecovery
from treff.recovery.models import Recovery
from treff.recovery.states import Cause


def begin(cause: Cause) -> tuple[Recovery, bool]:
    """From now on nothing goes out. The recovery, and whether it is new: while one is under way, it is that one."""
    with transaction.atomic():
        newest_at = AuditEntry.objects.order_by("-pk").values_list("at", flat=True).first()
        recovery, is_new = Recovery.objects.get_or_create(
            resumed_at=None, defaults={"cause": cause, "known_until_at": newest_at}
        )
        if is_new:
            record(None, SYSTEM, "recovery.begun", recovery.public_id, {"cause": cause})
    return recovery, is_new


def resume() -> Recovery:
    """Everything may go out again. Raises NoRecovery."""
    with transaction.atomic():
        recovery = Recovery.objects.select_for_update().filter(resumed_at=None).first()
        if recovery is None:
            raise NoRecovery
        recovery.resumed_at = clock.now()
        recovery.save(update_fields=["resumed_at"])
        record(None, SYSTEM, "recovery.resumed", recovery.public_id)
    return recovery
