"""Entry points: an id in, the recipients told. A job is only a wake-up."""

from datetime import timedelta

from django.core.cache import caches

from treff.events.jobs import task
from treff.kernel import clock
from treff.mail import actions, digests, notices, queries
from treff.notices.queries import due as due_notices

SWEEP_LIMIT = 500
# So long a wake-up may be on its way without being taken for lost.
HEAD_START = timedelta(seconds=5)


@task("mail.tell")
def tell(appointment_id: int) -> None:
    actions.tell(appointment_id)


@task("mail.send_notice")
def send_notice(notice_id: int) -> None:
    notices.send(notice_id)


@task("mail.look_at_type")
def look_at_type(booking_type_id: int) -> None:
    actions.look_at_type(booking_type_id)


def sweep(window: timedelta) -> int:
    """Wake what is due, and what changed within `window` and was overlooked, whatever became of its job rows.

    Returns how many.
    """
    found = dict.fromkeys([*queries.due(SWEEP_LIMIT), *queries.overlooked(window, SWEEP_LIMIT, HEAD_START)])
    return tell.defer_missing(found)


def sweep_notices(_window: timedelta) -> int:
    """Wake every notice that is due, whenever it was posted and whatever became of its job. Returns how many."""
    return send_notice.defer_missing(due_notices(SWEEP_LIMIT, HEAD_START))


def sweep_digests(_window: timedelta) -> int:
    """Once a minute is often enough for what is due in the evening. Returns how many were posted."""
    minute = f"mail.digests:{int(clock.now().timestamp()) // 60}"
    return digests.post() if caches["process"].add(minute, True, 120) else 0
