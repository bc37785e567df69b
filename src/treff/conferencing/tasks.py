"""Entry points: an id in, the reconciler called. A job is only a wake-up."""

from datetime import timedelta

from treff.booking_types.states import Provider
from treff.conferencing import ledger, queries, reconcile
from treff.events.jobs import task

SWEEP_LIMIT = 500
# So long a wake-up may be on its way without being taken for lost.
HEAD_START = timedelta(seconds=5)


@task("conferencing.look")
def look(appointment_id: int) -> None:
    reconcile.look(appointment_id)


@task("conferencing.look_at_workspace")
def look_at_workspace(workspace_id: int) -> None:
    for provider in Provider:
        for appointment_id in queries.waiting_for(workspace_id, provider):
            look.defer(subject_id=appointment_id)


def sweep(window: timedelta) -> int:
    """Wake what is due, and what changed within `window` and was overlooked, whatever became of its job rows.

    Returns how many.
    """
    ledger.erase_start_urls()
    found = dict.fromkeys([*queries.due(SWEEP_LIMIT), *queries.overlooked(window, SWEEP_LIMIT, HEAD_START)])
    return sum(look.defer_once(subject_id=appointment_id) for appointment_id in found)
