"""How the video meeting of an appointment stands, in words. Its id and the join link; no start link, no passcode."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.queries import provider_switch
from treff.booking_types.states import Provider
from treff.conferencing.models import Meeting
from treff.conferencing.overview import Change, change_of, is_served
from treff.conferencing.queries import Standing, overlapping, standing_of
from treff.conferencing.states import CURED_BY_CONNECTING, Reason, Sync
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.web import labels
from treff.web.policy import Visit
from treff.workspaces.states import Permission

TONES = {Sync.IN_STEP: "ok", Sync.PENDING: "info", Sync.WAITING: "warn", Sync.BLOCKED: "bad", Sync.UNNEEDED: "neutral"}
# Seconds between two looks of the page: at once while something is under way, seldom while somebody must act.
_POLLS = {Sync.PENDING: 1, Sync.WAITING: 3, Sync.BLOCKED: 10}
# A change that is on its way for longer than that was perhaps overlooked.
_SLOW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class MeetingCard:
    """For console/_meeting.html. `poll_seconds` is None when nothing is expected to change by itself.

    `can_join`: there is a link, and the appointment is not over. `overlap`: that another one has the account then, too.
    `changing_since`: what the provider was not told yet is from then, or the link is missing since then.
    `shown_start_at`: the start that it still shows, if that is another one.
    """

    state: str
    label: str
    tone: str
    message: str
    detail: str
    cure: str
    cure_url: str
    join_url: str
    can_join: bool
    meeting_id: str
    synced_at: datetime | None
    next_try_at: datetime | None
    zone: str
    poll_seconds: int | None
    overlap: str
    changing_since: datetime | None
    shown_start_at: datetime | None
    can_look_again: bool
    help_anchor: str

    @property
    def live(self) -> bool:
        return self.poll_seconds is not None


@dataclass(frozen=True, slots=True)
class _Said:
    """What is the matter, and what to do: a sentence, or with `cure_url` the words of a link."""

    message: str
    cure: str = ""
    cure_url: str = ""


def label_of(standing: Standing, appointment: Appointment, meeting: Meeting | None = None) -> str:
    """A few words."""
    provider = labels.of_provider(provider_of(appointment, meeting))
    match standing.state, standing.reason:
        case Sync.BLOCKED, Reason.NOT_CONNECTED:
            return gettext("%(provider)s is not connected") % {"provider": provider}
        case Sync.BLOCKED, Reason.NEEDS_RECONNECT:
            return gettext("%(provider)s must be connected again") % {"provider": provider}
        case Sync.BLOCKED, _ if not _wants_meeting(appointment):
            return gettext("%(provider)s meeting could not be removed") % {"provider": provider}
        case Sync.BLOCKED, _ if appointment.join_url:
            return gettext("%(provider)s meeting could not be changed") % {"provider": provider}
        case Sync.BLOCKED, _:
            return gettext("%(provider)s meeting could not be created") % {"provider": provider}
        case Sync.WAITING, _:
            return gettext("Waiting for %(provider)s") % {"provider": provider}
        case Sync.IN_STEP, _:
            return gettext("In step with %(provider)s") % {"provider": provider}
        case Sync.PENDING, _:
            return gettext("Being brought in line")
    return gettext("No video meeting")


def provider_of(appointment: Appointment, meeting: Meeting | None) -> str:
    """Where it meets; of one that meets nowhere any more, where its meeting is still to be removed."""
    if appointment.provider == Provider.NONE and meeting is not None:
        return meeting.provider
    return appointment.provider


def _wants_meeting(appointment: Appointment) -> bool:
    return appointment.is_wanted and appointment.provider != Provider.NONE


def card_of(visit: Visit, appointment: Appointment, meeting: Meeting | None) -> MeetingCard:
    """Everything about the meeting that this member may see."""
    standing = standing_of(appointment, meeting)
    change = change_of(appointment, meeting) if standing.state != Sync.IN_STEP else None
    if not appointment.join_url and standing.state == Sync.PENDING and not _is_slow(change):
        change = None  # it has just been booked, and its link comes in a moment
    said = _said(visit, appointment, standing, change)
    next_look_at = meeting.next_look_at if meeting else None
    waits = standing.state in (Sync.WAITING, Sync.BLOCKED) and next_look_at is not None and next_look_at > clock.now()
    return MeetingCard(
        state=standing.state.value,
        label=label_of(standing, appointment, meeting),
        tone=TONES[standing.state],
        message=said.message,
        detail=meeting.detail if meeting and standing.reason == Reason.REFUSED else "",
        cure=said.cure,
        cure_url=said.cure_url,
        join_url=appointment.join_url if appointment.is_wanted else "",
        can_join=bool(appointment.join_url) and appointment.is_wanted and appointment.end_at > clock.now(),
        meeting_id=appointment.meeting_id if appointment.is_wanted else "",
        synced_at=meeting.synced_at if meeting else None,
        next_try_at=next_look_at if waits else None,
        zone=visit.time_zone,
        poll_seconds=_poll_seconds(appointment, standing),
        overlap=overlap_of(visit, appointment),
        changing_since=change.since_at if change else None,
        shown_start_at=change.shown_start_at if change else None,
        can_look_again=_can_look_again(visit, standing, change),
        help_anchor=help_anchor(standing),
    )


def help_anchor(standing: Standing) -> str:
    """The paragraph of the troubleshooting article about how it stands; empty where there is nothing to explain."""
    if standing.state in (Sync.IN_STEP, Sync.UNNEEDED):
        return ""
    return (standing.reason or standing.state).value.replace("_", "-")


def _said(visit: Visit, appointment: Appointment, standing: Standing, change: Change | None) -> _Said:
    """The cause and the cure, as far as this reader can do something about it."""
    explanation = standing.explanation
    message, cure = gettext(explanation.message), gettext(explanation.cure) if explanation.cure else ""
    if standing.reason in CURED_BY_CONNECTING:
        if is_served(appointment):  # the wake-up of connecting is on its way, or was lost
            message = gettext("An account is connected by now; this appointment was booked or changed before that.")
            return _Said(message, gettext("Treff catches up automatically. You can also have it tried now."))
        if _may_cure(visit, appointment):
            connect, again = gettext("Connect %(provider)s"), gettext("Reconnect %(provider)s")
            names = {"provider": labels.of_provider(appointment.provider)}
            cure = (connect if standing.reason == Reason.NOT_CONNECTED else again) % names
            return _Said(message, cure, reverse("console:video_provider", kwargs={"workspace": visit.workspace.slug}))
    if standing.state == Sync.WAITING and appointment.is_wanted and appointment.join_url:  # a change of it waits
        return _Said(message, gettext("You don't need to do anything. The link stays the same."))
    if standing.state == Sync.PENDING and _is_slow(change):
        return _Said(message, gettext("This takes longer than usual. You can have it tried now."))
    if appointment.status == Status.REQUESTED and appointment.provider != Provider.NONE:
        return _Said(gettext("The meeting is made as soon as the request is approved."))
    if appointment.status == Status.UNCONFIRMED and appointment.provider != Provider.NONE:
        return _Said(gettext("The meeting is made as soon as the client confirms the appointment."))
    if standing.state == Sync.UNNEEDED and appointment.is_wanted:
        return _Said(f"{message} " + gettext("“No conferencing” was chosen for it."))
    return _Said(message, cure)


def _is_slow(change: Change | None) -> bool:
    return change is not None and clock.now() - change.since_at > _SLOW


def _can_look_again(visit: Visit, standing: Standing, change: Change | None) -> bool:
    """Where trying again can help: not after the start, and not while it is being tried anyway."""
    if standing.reason == Reason.STARTED or not visit.scope.may(Permission.BOOK):
        return False
    return standing.state in (Sync.WAITING, Sync.BLOCKED) or (standing.state == Sync.PENDING and _is_slow(change))


def _may_cure(visit: Visit, appointment: Appointment) -> bool:
    """Administrators, and members whose own account it would be."""
    if visit.scope.may(Permission.CONNECT_PROVIDERS):
        return True
    return appointment.host_id == visit.member.pk and _may_have_own_account(visit, appointment.provider)


def _may_have_own_account(visit: Visit, provider: str) -> bool:
    switch = provider_switch(visit.scope, provider)
    return switch is not None and switch.own_accounts


def overlap_of(visit: Visit, appointment: Appointment) -> str:
    """That the account would have to run another meeting at the same time, and what to do; empty if not, or over."""
    if appointment.end_at <= clock.now():
        return ""
    others = overlapping(appointment)
    if not others:
        return ""
    first, more = others[0], len(others) - 1
    sentence = gettext(
        "At the same time as “%(title)s” (%(host)s, %(start)s), in the same %(provider)s account: "
        "only one of them can run."
    )
    said = sentence % {
        "title": first.title,
        "host": first.host,
        "start": f"{wall_of(first.start_at, visit.time_zone):%H:%M}",
        "provider": labels.of_provider(appointment.provider),
    }
    if more:
        said += " " + ngettext("So is %(count)d more.", "So are %(count)d more.", more) % {"count": more}
    if _may_have_own_account(visit, appointment.provider):
        cure = gettext("Move one, or let %(host)s connect an account of their own.") % {"host": appointment.host}
    else:
        cure = gettext("Move one of them.")
    return f"{said} {cure}"


def warn_of_overlap(visit: Visit, appointment: Appointment) -> None:
    """After it was booked or moved."""
    note = overlap_of(visit, appointment)
    if note:
        messages.warning(visit.request, note)


def _poll_seconds(appointment: Appointment, standing: Standing) -> int | None:
    if standing.under_way:
        return _POLLS.get(standing.state, 1)
    # Somebody may connect an account while this page is open; once it has begun, no meeting is made any more.
    return _POLLS.get(standing.state) if appointment.start_at > clock.now() else None
