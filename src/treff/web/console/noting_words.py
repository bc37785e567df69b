"""How an appointment's notes stand and where their recording bot is, in words: what is so, and what to do about it."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.kernel import clock
from treff.kernel.stored import known
from treff.notetaking import queries
from treff.notetaking.models import Bot, Recording
from treff.notetaking.plan import AHEAD
from treff.notetaking.rules import Explanation, explain, explain_trouble
from treff.notetaking.states import THERE, Cause, Life, Phase, Reason, Standing
from treff.web.console.presenting import address
from treff.web.policy import Visit
from treff.workspaces.states import Permission

_TONES = {Standing.AGREED: "ok", Standing.NO_ANSWER: "info", Standing.NOT_SET_UP: "warn"}


@dataclass(frozen=True, slots=True)
class Said:
    """A few words, a sentence, and what to do about it; `detail` in the vendor's words. Each may be empty."""

    label: str
    tone: str = "neutral"
    message: str = ""
    cure: str = ""
    cure_url: str = ""
    detail: str = ""


def of_standing(visit: Visit, row: Appointment, standing: Standing, *, has_bot: bool) -> Said:
    said = _over(standing) if row.end_at <= clock.now() else _ahead(row, standing, has_bot=has_bot)
    if standing in (Standing.OFF, Standing.NOT_SET_UP):
        said = _off(visit, row, standing)
    return replace(said, tone=_TONES.get(standing, "neutral"))


def _ahead(row: Appointment, standing: Standing, *, has_bot: bool) -> Said:
    match standing:
        case Standing.AGREED:
            return Said(gettext("Everybody agreed"), message="" if has_bot else _coming(row))
        case Standing.NO_ANSWER:
            return Said(
                gettext("Not everybody has answered yet"),
                message=gettext("A recording bot comes only if everybody says yes."),
                cure=gettext("Each of them can answer by the link in their emails, also during the meeting."),
            )
        case Standing.REFUSED:
            return Said(
                gettext("Not agreed"),
                message=gettext("One no is enough: no recording bot comes, and nothing is kept."),
                cure=gettext("Who changes their mind can say so by the link in their emails."),
            )
        case Standing.CALLED_OFF:
            return Said(
                gettext("Without notes this time"),
                message=gettext("Somebody of your team does not want a recording bot in this meeting."),
            )
        case Standing.NO_VIDEO:
            return Said(
                gettext("No video meeting"),
                message=gettext("This appointment has no video meeting that a recording bot could join."),
            )
    waits = row.status == Status.REQUESTED
    return Said(
        gettext("No notes"),
        message=gettext("A recording bot can come as soon as the request is approved.")
        if waits
        else gettext("This appointment does not take place, so no recording bot comes."),
    )


def _coming(row: Appointment) -> str:
    if not row.join_url:
        return gettext("A recording bot comes as soon as the meeting has a link.")
    if row.start_at - AHEAD <= clock.now():
        return gettext("A recording bot is being sent.")
    return gettext("A recording bot comes when the meeting starts.")


def _over(standing: Standing) -> Said:
    """The meeting's time is over."""
    match standing:
        case Standing.AGREED:
            return Said(gettext("Everybody agreed"))
        case Standing.NO_ANSWER:
            return Said(
                gettext("Not everybody agreed"),
                message=gettext("Somebody had not answered by the end, so nothing was recorded."),
            )
        case Standing.REFUSED:
            return Said(gettext("Not agreed"), message=gettext("Somebody said no, so nothing of this meeting is kept."))
        case Standing.CALLED_OFF:
            return Said(
                gettext("Without notes this time"),
                message=gettext("Somebody of your team did not want a recording bot in this meeting."),
            )
    return Said(gettext("No notes"), message=gettext("No recording bot was sent to this appointment."))


def _off(visit: Visit, row: Appointment, standing: Standing) -> Said:
    may_cure = visit.scope.may(Permission.EDIT_WORKSPACE)
    admin_url = address(visit, "notes_policy") if may_cure else ""
    if standing == Standing.NOT_SET_UP:
        return Said(
            gettext("No recording bots"),
            message=gettext("Recording bots are not set up on this server, so none can come."),
            cure=gettext("To the meeting notes") if may_cure else gettext("Please tell whoever runs this server."),
            cure_url=admin_url,
        )
    if not queries.policy_of(row.workspace_id).is_enabled:
        return Said(
            gettext("Switched off"),
            message=gettext("Meeting notes are switched off in this workspace."),
            cure=gettext("To the meeting notes") if may_cure else gettext("An administrator can switch them on."),
            cure_url=admin_url,
        )
    kind = row.booking_type
    return Said(
        gettext("Switched off"),
        message=gettext("This booking type does not ask clients whether notes may be taken."),
        cure=gettext("To the booking type") if kind is not None and may_cure else "",
        cure_url=address(visit, "booking_type", slug=kind.slug) if kind is not None and may_cure else "",
    )


def of_bot(bot: Bot, zone: str) -> Said:
    """`zone`: in which the reader reads times."""
    phase, cause = known(Phase, bot.phase, Phase.UNKNOWN), known(Cause, bot.cause, Cause.NONE)
    if phase == Phase.FAILED:
        return _explained(
            gettext("The recording bot failed"),
            explain(cause),
            gettext("It said no more about why. You can try again."),
        )
    if bot.life == Life.ORDERING:
        return Said(gettext("The recording bot is being ordered"), "info")
    if bot.sent_away_at is not None and phase in THERE:
        return Said(gettext("The recording bot is being sent away"), "warn")
    if bot.life in (Life.OVER, Life.CLOSED):
        return _behind(bot)
    if cause == Cause.RECORDING_DENIED:
        return _explained(gettext("The recording bot is there and may not record"), explain(cause))
    return _under_way(bot, phase)


def _under_way(bot: Bot, phase: Phase) -> Said:
    match phase:
        case Phase.SCHEDULED:
            return Said(gettext("The recording bot is ordered"), "info", gettext("It comes when the meeting starts."))
        case Phase.STAGED:
            return Said(gettext("The recording bot is about to come"), "info")
        case Phase.JOINING:
            return Said(gettext("The recording bot is joining the meeting"), "info")
        case Phase.WAITING_ROOM:
            return Said(
                gettext("The recording bot is in the waiting room"),
                "warn",
                gettext("Somebody has to let it in."),
                gettext("The host lets it in from the list of participants, or leaves it there."),
            )
        case Phase.IN_MEETING if bot.has_heard:
            return Said(
                gettext("The recording bot is recording"), "ok", gettext("It is in the meeting and hears what is said.")
            )
        case Phase.IN_MEETING:
            return Said(
                gettext("The recording bot is in the meeting"), "info", gettext("It does not record anything yet.")
            )
        case Phase.LEAVING:
            return Said(gettext("The recording bot is leaving"), "info")
        case Phase.LEFT:
            return Said(
                gettext("The recording bot has left"), "info", gettext("What it heard is still being written down.")
            )
    return Said(gettext("Nobody knows where the recording bot is"), "warn", gettext("We keep asking its service."))


def _behind(bot: Bot) -> Said:
    """Its life is over."""
    if hasattr(bot, "transcript"):
        return Said(gettext("The recording bot has left"), "ok", gettext("What it heard is in the transcript."))
    if bot.life == Life.OVER and bot.has_heard:
        return Said(gettext("The recording bot has left"), "info", gettext("What it heard is being fetched."))
    if bot.life == Life.OVER:
        return Said(gettext("The recording bot has left"), "info", gettext("It heard nothing."))
    return Said(
        gettext("The recording bot has left"),
        message=gettext("There is no transcript: nothing was said, or it was deleted, or its time is over."),
    )


def of_trouble(recording: Recording) -> Said | None:
    reason = known(Reason, recording.reason, Reason.UNEXPECTED)
    explanation = explain_trouble(reason)
    if explanation is None:
        return None
    said = _explained("", explanation)
    is_passing = reason in (Reason.VENDOR_DOWN, Reason.THROTTLED, Reason.UNEXPECTED)
    return replace(said, tone="warn" if is_passing else "bad", detail=recording.detail)


def _explained(label: str, explanation: Explanation | None, otherwise: str = "") -> Said:
    if explanation is None:
        return Said(label, "bad", otherwise)
    return Said(label, "bad", gettext(explanation.message), gettext(explanation.cure))
