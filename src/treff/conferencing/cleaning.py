"""What administrators do about what is not in step: have it looked at again, and clear the clean-up list."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction

from treff.audit.actions import record
from treff.conferencing import overview
from treff.conferencing.models import Attempt, Meeting
from treff.conferencing.states import Reason, Resolution, Sync
from treff.conferencing.world import AT_ONCE
from treff.events.actions import announce
from treff.kernel import clock
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

LATER = timedelta(days=7)
# So many are woken at once; the sweep finds the others, which are due from now on too.
MOST_AT_ONCE = 500


def look_again_at(scope: Scope, state: Sync, reason: Reason) -> int:
    """Have all upcoming ones that are not in step for this cause tried now. How many. Raises NotAllowed."""
    scope.require(Permission.CONNECT_PROVIDERS)
    with transaction.atomic():
        ids = list(overview.because(scope, state, reason).order_by("start_at", "pk").values_list("pk", flat=True))
        now = clock.now()
        Meeting.objects.filter(appointment_id__in=ids).update(tries=0, next_look_at=AT_ONCE, asked_at=now)
        for appointment_id in ids[:MOST_AT_ONCE]:
            announce("appointment.look_again", appointment_id)
    return len(ids)


def resolve(scope: Scope, appointment_id: str, number: int, resolution: Resolution) -> Attempt:
    """A person looked: it is deleted by hand, or was never there. Raises NotAllowed, NotHere."""
    with transaction.atomic():
        attempt = _locked(scope, appointment_id, number)
        attempt.resolution, attempt.resolved_at, attempt.remind_at = resolution, clock.now(), None
        return _save(scope, attempt, f"clean_up.{resolution.value}")


def remind_later(scope: Scope, appointment_id: str, number: int) -> Attempt:
    """Not now: it comes up again in a week. Raises NotAllowed, NotHere."""
    with transaction.atomic():
        attempt = _locked(scope, appointment_id, number)
        attempt.resolution, attempt.resolved_at = Resolution.NONE, None
        attempt.remind_at = clock.now() + LATER
        return _save(scope, attempt, "clean_up.later")


def reopen(scope: Scope, appointment_id: str, number: int) -> Attempt:
    """It was not as said. Raises NotAllowed, NotHere."""
    with transaction.atomic():
        attempt = _locked(scope, appointment_id, number)
        attempt.resolution, attempt.resolved_at, attempt.remind_at = Resolution.NONE, None, None
        return _save(scope, attempt, "clean_up.reopened")


def retitle(titles: Mapping[int, str]) -> None:
    """What was told of the meetings of these appointments (by primary key) names a lead who is erased: told or not, a
    title is one of these from now on. What is left at a provider is still found by its time and its marker.
    """
    meetings = Meeting.objects.select_for_update().filter(appointment__in=titles).order_by("pk")
    for meeting in meetings.filter(told__has_key="title"):
        meeting.told["title"] = titles[meeting.appointment_id]
        meeting.save(update_fields=["told"])
    attempts = Attempt.objects.select_for_update(of=("self",)).select_related("meeting").order_by("pk")
    for attempt in attempts.filter(meeting__appointment__in=titles, told__has_key="title"):
        attempt.told["title"] = titles[attempt.meeting.appointment_id]
        attempt.save(update_fields=["told"])


def _locked(scope: Scope, appointment_id: str, number: int) -> Attempt:
    """The entry of the workspace's list, held until the transaction ends."""
    scope.require(Permission.CONNECT_PROVIDERS)
    listed = overview.entry(scope, appointment_id, number)
    held = Attempt.objects.select_for_update(of=("self",)).select_related("meeting__appointment")
    return held.get(pk=listed.pk)


def _save(scope: Scope, attempt: Attempt, deed: str) -> Attempt:
    """Who does anything about an entry knows of it, and needs no mail."""
    attempt.told_at = attempt.told_at or clock.now()
    attempt.save(update_fields=["resolution", "resolved_at", "remind_at", "told_at"])
    subject = attempt.meeting.appointment.public_id
    record(scope.workspace_id, scope.actor, deed, subject, {"marker": attempt.marker})
    return attempt
