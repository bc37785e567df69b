"""Entry points: an id in, the reconciler or the inbox called. A job is only a wake-up."""

from datetime import timedelta

import structlog

from treff.booking_types.states import Provider
from treff.conferencing import actions, alarms, grants, inbox, journal, leaving, queries, reconcile, rows, telling
from treff.events.jobs import task

log = structlog.get_logger()
SWEEP_LIMIT = 500
# So long a wake-up may be on its way without being taken for lost.
HEAD_START = timedelta(seconds=5)
# Nobody waits to the second for being told that something is not in step.
_turns_to_tell = inbox.Limiter(in_all=1, period=timedelta(seconds=20))


@task("conferencing.look", lane_of=queries.workspace_of)
def look(appointment_id: int) -> None:
    """At once, unless a meeting that is there is still being moved about: then when that has come to rest."""
    rest_at = reconcile.look_once_it_rests(appointment_id)
    if rest_at is not None:
        look.defer_once(subject_id=appointment_id, at=rest_at)


@task("conferencing.look_at_workspace")
def look_at_workspace(workspace_id: int) -> None:
    for provider in Provider:
        for appointment_id in queries.waiting_for(workspace_id, provider):
            look.defer(subject_id=appointment_id)


@task("conferencing.handle_event")
def handle_event(event_id: int) -> None:
    try:
        inbox.handle(event_id)
    except Exception:  # the row stays open, and the sweep finds it
        log.exception("inbox_event_failed", event_id=event_id)


@task("conferencing.check_grant")
def check_grant(grant_id: int) -> None:
    grants.check(grant_id)


@task("conferencing.sound_alarms")
def sound_alarms(grant_id: int) -> None:
    for connection in queries.connections_of_grant(grant_id):
        alarms.look(connection.pk)


@task("conferencing.look_at_connection")
def look_at_connection(connection_id: int) -> None:
    leaving.finish(connection_id)
    alarms.look(connection_id)


def sweep(window: timedelta) -> int:
    """Wake what is due, and what changed within `window` and was overlooked, whatever became of its job rows.

    Returns how many.
    """
    rows.erase_start_urls()
    found = dict.fromkeys([*queries.due(SWEEP_LIMIT), *queries.overlooked(window, SWEEP_LIMIT, HEAD_START)])
    return look.defer_missing(found)


def sweep_inbox(_window: timedelta) -> int:
    """Wake what was received and not handled, however long ago. Returns how many."""
    inbox.forget()
    return handle_event.defer_missing(inbox.overlooked())


def sweep_connections(_window: timedelta) -> int:
    """Wake what is due around accounts: alarms, those being left, tokens that age. Returns how many."""
    actions.drop_expired()
    journal.forget_notes("made")
    leaving.forget_deauthorized()
    leaving.give_up_lost()
    connections = dict.fromkeys([*alarms.due(), *queries.being_left()])
    woken = look_at_connection.defer_missing(connections)
    return woken + check_grant.defer_missing(grants.idle())


def sweep_tellings(_window: timedelta) -> int:
    """Tell hosts of starts without a link, administrators of leftovers, the operator of a provider that is not secure.

    Returns to how many that was due.
    """
    if not _turns_to_tell.lets_pass("tell"):
        return 0
    return telling.tell_hosts() + telling.tell_of_clean_up() + telling.tell_operator_of_insecure()
