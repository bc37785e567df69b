"""How the video meeting of an appointment stands, in words. Its id and the join link; no start link, no passcode."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from treff.appointments.models import Appointment
from treff.conferencing.models import Meeting
from treff.conferencing.queries import Standing, standing_of
from treff.conferencing.states import Reason, Sync
from treff.kernel import clock
from treff.web import labels
from treff.web.policy import Visit
from treff.workspaces.states import Permission

TONES = {Sync.IN_STEP: "ok", Sync.PENDING: "info", Sync.WAITING: "warn", Sync.BLOCKED: "bad", Sync.UNNEEDED: "neutral"}
# Seconds between two looks of the page: at once while something is under way, seldom while somebody must act.
_POLLS = {Sync.PENDING: 1, Sync.WAITING: 3, Sync.BLOCKED: 10}
_CURED_BY_CONNECTING = (Reason.NOT_CONNECTED, Reason.NEEDS_RECONNECT)


@dataclass(frozen=True, slots=True)
class MeetingCard:
    """For console/_meeting.html. `poll_seconds` is None when nothing is expected to change by itself.

    `can_join`: there is a link, and the appointment is not over.
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

    @property
    def live(self) -> bool:
        return self.poll_seconds is not None


def label_of(standing: Standing, appointment: Appointment) -> str:
    """A few words."""
    provider = labels.of_provider(appointment.provider)
    match standing.state, standing.reason:
        case Sync.BLOCKED, Reason.NOT_CONNECTED:
            return gettext("%(provider)s is not connected") % {"provider": provider}
        case Sync.BLOCKED, Reason.NEEDS_RECONNECT:
            return gettext("%(provider)s must be connected again") % {"provider": provider}
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


def card_of(visit: Visit, appointment: Appointment, meeting: Meeting | None) -> MeetingCard:
    """Everything about the meeting that this member may see."""
    standing = standing_of(appointment, meeting)
    explanation = standing.explanation
    cure, cure_url = gettext(explanation.cure) if explanation.cure else "", ""
    if standing.reason in _CURED_BY_CONNECTING and visit.scope.may(Permission.CONNECT_PROVIDERS):
        cure_url = reverse("console:video_provider", kwargs={"workspace": visit.workspace.slug})
        cure = gettext("Connect Zoom") if standing.reason == Reason.NOT_CONNECTED else gettext("Reconnect Zoom")
    next_look_at = meeting.next_look_at if meeting else None
    waits = standing.state == Sync.WAITING and next_look_at is not None and next_look_at > clock.now()
    return MeetingCard(
        state=standing.state.value,
        label=label_of(standing, appointment),
        tone=TONES[standing.state],
        message=gettext(explanation.message),
        detail=meeting.detail if meeting and standing.reason == Reason.REFUSED else "",
        cure=cure,
        cure_url=cure_url,
        join_url=appointment.join_url if appointment.is_wanted else "",
        can_join=bool(appointment.join_url) and appointment.is_wanted and appointment.end_at > clock.now(),
        meeting_id=appointment.meeting_id if appointment.is_wanted else "",
        synced_at=meeting.synced_at if meeting else None,
        next_try_at=next_look_at if waits else None,
        zone=visit.time_zone,
        poll_seconds=_poll_seconds(appointment, standing),
    )


def _poll_seconds(appointment: Appointment, standing: Standing) -> int | None:
    if standing.under_way:
        return _POLLS.get(standing.state, 1)
    # Somebody may connect an account while this page is open; once it has begun, no meeting is made any more.
    return _POLLS.get(standing.state) if appointment.start_at > clock.now() else None
