"""Who is told by mail of what is not in step: hosts before a start without a link, administrators of leftovers, and the
operator of a provider that cannot be spoken to safely.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet

from treff.appointments.models import Appointment
from treff.conferencing import nudges, overview, queries
from treff.conferencing.models import Attempt
from treff.conferencing.queries import standing_of
from treff.kernel import clock
from treff.notices.actions import tell_members, tell_operator
from treff.notices.states import NoticeKind
from treff.workspaces.models import Workspace
from treff.workspaces.queries import users_with
from treff.workspaces.states import Role

log = structlog.get_logger()
# What is not known for certain at first often is soon: a late answer comes, an account is connected again.
SETTLES_IN = timedelta(minutes=15)
# New entries of the clean-up list are told of together, at most once in this time.
ONE_DIGEST_IN = timedelta(hours=24)


def tell_hosts() -> int:
    """Tell each host once, an hour and again a quarter ahead, that a start comes near without a link.

    A key names the start, so that an appointment that was moved is told of anew. Returns for how many it is due.
    """
    now, due = clock.now(), 0
    for appointment in overview.soon_without_link(max(nudges.AHEAD)):
        ahead = nudges.nudge_due(appointment.start_at, appointment.changed_at, now)
        if ahead is not None:
            _tell_host(appointment, ahead)
            due += 1
    return due


def _tell_host(appointment: Appointment, ahead: timedelta) -> None:
    minutes = int(ahead.total_seconds() // 60)
    explanation = standing_of(appointment, getattr(appointment, "meeting", None)).explanation
    detail = {
        "provider": appointment.provider,
        "own": True,
        "minutes": minutes,
        "start": appointment.start_at.isoformat(),
        "appointments": [appointment.public_id],
        "cause": explanation.message,
        "cure": explanation.cure,
    }
    key = f"no_link:{appointment.public_id}:{appointment.start_at.isoformat()}:{minutes}"
    tell_members(appointment.workspace_id, [appointment.host.user], NoticeKind.NO_LINK, key, detail)


def tell_of_clean_up() -> int:
    """Mail the administrators what is new on the clean-up list, each entry once. Returns in how many workspaces."""
    now = clock.now()
    concerned = _untold(now).order_by().values_list("meeting__appointment__workspace_id", flat=True).distinct()
    return sum(_tell_administrators(workspace_id, now) for workspace_id in list(concerned))


def tell_operator_of_insecure() -> int:
    """Tell the operator, once a day for each provider, that nothing is sent to it. Returns how many there are."""
    found = queries.insecure_providers()
    for provider, waiting in found.items():
        log.error("provider_not_secure", provider=provider, waiting=waiting)
        tell_operator(NoticeKind.INSECURE, f"insecure:{provider}:{clock.now().date()}", {"provider": provider})
    return len(found)


def _untold(now: datetime) -> QuerySet[Attempt]:
    return overview.leftovers().filter(overview.is_open(), told_at=None, finished_at__lte=now - SETTLES_IN)


def _tell_administrators(workspace_id: int, now: datetime) -> bool:
    """One mail with all that is new, unless there was one within a day. Whether they are told."""
    with transaction.atomic():
        # Of two workers one waits here, and then finds everything told.
        place = Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
        ours = Attempt.objects.filter(meeting__appointment__workspace_id=workspace_id)
        if ours.filter(told_at__gt=now - ONE_DIGEST_IN).exists():
            return False
        new = list(_untold(now).filter(meeting__appointment__workspace_id=workspace_id))
        if not new:
            return False
        Attempt.objects.filter(pk__in=[attempt.pk for attempt in new]).update(told_at=now)
        markers: dict[str, list[str]] = {}
        for attempt in new:
            markers.setdefault(attempt.meeting.appointment.public_id, []).append(attempt.marker)
        detail = {"count": len(new), "appointments": list(markers)[:500], "markers": markers}
        key = f"clean_up:{place.public_id}:{now.isoformat()}"
        tell_members(workspace_id, users_with(workspace_id, Role.OWNER, Role.ADMIN), NoticeKind.CLEAN_UP, key, detail)
    return True
