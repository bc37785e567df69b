"""The clean-up card: meetings that may be left at a provider, how to recognise them, and what was found of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from treff.conferencing import cleaning, overview
from treff.conferencing.models import Attempt
from treff.conferencing.states import AttemptState, Resolution
from treff.kernel import clock
from treff.web import labels
from treff.web.console.history import moment
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Leftover:
    """One entry. Title and start are those that the provider was told; `url` is empty for a deleted appointment.

    `account` says whether it is still connected and nothing more of it. `right`: what tells the right meeting from this
    one, or that none is needed any more. `found`: of a resolved one what was said, or until when it was put off.
    """

    title: str
    start_at: datetime
    url: str
    host_name: str
    account: str
    marker: str
    meeting_id: str
    why: str
    cure: str
    right: str
    found: str
    deed_url: str


@dataclass(frozen=True, slots=True)
class CleanUpCard:
    """`more`: how many open ones there are beyond those shown."""

    open: Sequence[Leftover]
    more: int
    done: Sequence[Leftover]


def clean_up_card(visit: Visit) -> CleanUpCard:
    listed = overview.clean_up(visit.scope)
    waiting, done = listed.filter(overview.is_open()), listed.exclude(overview.is_open())
    found = [_leftover(visit, attempt) for attempt in waiting[:MOST_SHOWN]]
    more = waiting.count() - len(found) if len(found) == MOST_SHOWN else 0
    return CleanUpCard(found, more, [_leftover(visit, attempt) for attempt in done[:MOST_SHOWN]])


def _leftover(visit: Visit, attempt: Attempt) -> Leftover:
    appointment = attempt.meeting.appointment
    told_start = attempt.told.get("start")
    ids = {"appointment_id": appointment.public_id}
    why, cure = _explain(attempt, visit.time_zone)
    return Leftover(
        title=str(attempt.told.get("title") or appointment.title),
        start_at=clock.parse(str(told_start)) if told_start else appointment.start_at,
        url=address(visit, "appointment", **ids) if appointment.deleted_at is None else "",
        host_name=str(appointment.host),
        account=_account(attempt),
        marker=attempt.marker,
        meeting_id=attempt.external_id,
        why=why,
        cure=cure,
        right=_right(attempt),
        found=_found(attempt, visit.time_zone),
        deed_url=address(visit, "clean_up", **ids, number=str(attempt.number)),
    )


def _account(attempt: Attempt) -> str:
    if attempt.is_connected:  # type: ignore[attr-defined]  # of overview.leftovers()
        return gettext("the connected account")
    return gettext("an account that is no longer connected")


def _explain(attempt: Attempt, zone: str) -> tuple[str, str]:
    """Why it is listed, and what to do."""
    words = {
        "provider": labels.of_provider(attempt.provider),
        "time": moment(attempt.created_at, zone),
        "marker": attempt.marker,
        "id": attempt.external_id,
    }
    if attempt.state in (AttemptState.AMBIGUOUS, AttemptState.UNANSWERED):
        why = gettext(
            "On %(time)s we lost the connection while %(provider)s was creating this meeting. "
            "%(provider)s may hold it, although nobody needs it."
        )
        cure = gettext("If a meeting with “%(marker)s” in its description is there, you can delete it.")
    elif attempt.state == AttemptState.STRAY:
        why = gettext("This meeting is not needed any more, and no account that works can delete it.")
        cure = gettext(
            "Connect its account again, and Treff deletes it by itself. Or delete it at %(provider)s yourself: "
            "meeting ID %(id)s."
        )
    elif attempt.is_connected:  # type: ignore[attr-defined]  # of overview.leftovers()
        why = gettext("This meeting is not needed any more, and %(provider)s refused to delete it.")
        cure = gettext("Please delete it at %(provider)s: meeting ID %(id)s.")
    else:
        why = gettext("This meeting is not needed any more, and the account that holds it is no longer connected.")
        cure = gettext("Please delete it at %(provider)s: meeting ID %(id)s.")
    if attempt.state == AttemptState.LEFT_BEHIND and not attempt.external_id:
        cure = gettext("If a meeting with “%(marker)s” in its description is there, you can delete it.")
    return why % words, cure % words


def _right(attempt: Attempt) -> str:
    """By what the host tells the meeting that must stay."""
    right_id, marker = attempt.right_id, attempt.right_marker  # type: ignore[attr-defined]  # of overview.leftovers()
    if not right_id:
        return gettext("The appointment has no meeting at the moment.")
    words = {"digits": right_id[-3:], "marker": marker or ""}
    if not marker:
        return gettext("The right one ends in …%(digits)s. Keep it.") % words
    return gettext("The right one ends in …%(digits)s and has “%(marker)s”. Keep it.") % words


def _found(attempt: Attempt, zone: str) -> str:
    if attempt.remind_at is not None and attempt.remind_at > clock.now():
        return gettext("Put off until %(time)s") % {"time": moment(attempt.remind_at, zone)}
    if attempt.resolved_at is None:
        return ""
    words = {"time": moment(attempt.resolved_at, zone)}
    if attempt.resolution == Resolution.DELETED_IT:
        return gettext("Deleted by hand, %(time)s") % words
    return gettext("Was not there, %(time)s") % words


def _deleted_it(scope: Scope, appointment_id: str, number: int) -> object:
    return cleaning.resolve(scope, appointment_id, number, Resolution.DELETED_IT)


def _not_there(scope: Scope, appointment_id: str, number: int) -> object:
    return cleaning.resolve(scope, appointment_id, number, Resolution.NOT_THERE)


_DEEDS: dict[str, Callable[[Scope, str, int], object]] = {
    "deleted_it": _deleted_it,
    "not_there": _not_there,
    "later": cleaning.remind_later,
    "reopen": cleaning.reopen,
}


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
def clean_up(visit: Visit, appointment_id: str, number: int) -> HttpResponse:
    """What was found of an entry: `deed` is deleted_it, not_there, later or reopen."""
    deed = visit.request.POST.get("deed", "")
    row = overview.entry(visit.scope, appointment_id, number)
    if deed not in _DEEDS:
        messages.error(visit.request, gettext("Please choose what you found."))
    else:
        _DEEDS[deed](visit.scope, appointment_id, number)
        said = {
            "deleted_it": gettext("%(marker)s is marked as deleted. You can reopen it below."),
            "not_there": gettext("%(marker)s is marked as not there. You can reopen it below."),
            "later": gettext("%(marker)s comes up again in a week."),
            "reopen": gettext("%(marker)s is open again."),
        }
        messages.success(visit.request, said[deed] % {"marker": row.marker})
    return redirect(address(visit, "sync") + "#clean-up")
