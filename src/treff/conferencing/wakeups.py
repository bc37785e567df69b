"""What a change of accounts or of the server concerns is due for a look from then on, whatever becomes of the jobs."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q

from treff.appointments.states import Status
from treff.conferencing.models import Meeting
from treff.conferencing.states import TO_BE_ENDED, Reason, Sync
from treff.conferencing.world import AT_ONCE
from treff.events.actions import announce
from treff.kernel import clock


def hold_meetings(workspace_id: int) -> list[int]:
    """Those that a change of the workspace's accounts may concern, held until the transaction ends.

    In one order, and before any appointment is held, as passes do it: else two could wait for each other.
    """
    concerned = Q(appointment__start_at__gt=clock.now()) | Q(attempts__state__in=TO_BE_ENDED)
    ids = Meeting.objects.filter(concerned, appointment__workspace_id=workspace_id).values("pk")
    held = Meeting.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return list(held.values_list("pk", flat=True))


def account_changed(workspace_id: int) -> None:
    """In the transaction that changed it."""
    with transaction.atomic():
        Meeting.objects.filter(pk__in=hold_meetings(workspace_id)).update(next_look_at=AT_ONCE)
        announce("connection.changed", workspace_id)


def options_changed(workspace_id: int, options: Mapping[str, object]) -> int:
    """In the transaction that decided it: meetings that are ahead shall have these. Returns how many."""
    with transaction.atomic():
        held = Meeting.objects.filter(pk__in=hold_meetings(workspace_id), appointment__start_at__gt=clock.now())
        live = held.filter(appointment__status=Status.BOOKED, appointment__deleted_at=None).exclude(external_id="")
        many = live.count()
        Meeting.objects.filter(pk__in=held.values("pk")).update(options=dict(options), next_look_at=AT_ONCE)
        announce("connection.changed", workspace_id)
    return many


def server_changed() -> None:
    """When a worker starts: an operator may just have mended keys or settings."""
    waits_for_operator = (Reason.KEY_UNAVAILABLE, Reason.MISCONFIGURED)
    Meeting.objects.filter(state=Sync.BLOCKED, reason__in=waits_for_operator).update(next_look_at=AT_ONCE)
