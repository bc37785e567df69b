"""Notes of an appointment's meeting in words: who agreed, how it stands, where the bot is; and its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from treff.appointments import queries as appointments
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.kernel import clock
from treff.kernel.stored import known
from treff.notetaking import actions, consenting, queries
from treff.notetaking.models import Bot, Consent, Recording
from treff.notetaking.plan import AHEAD
from treff.notetaking.rules import Explanation, explain, explain_trouble
from treff.notetaking.states import THERE, Cause, Life, Phase, Reason, Standing
from treff.people.models import Lead
from treff.web import labels
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

# Seconds between two looks of the page while a bot is under way, and while one may be soon.
_OFTEN, _SELDOM = 3, 10
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


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What somebody of the client's side said; `at` is None for who has not answered yet."""

    who: str
    label: str
    tone: str
    how: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """`url` is empty for who may not read it."""

    url: str
    captured_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NotesCard:
    """For console/_notes.html. `poll_seconds` is None when nothing is expected to change by itself."""

    state: str
    said: Said
    bot: Said | None
    trouble: Said | None
    answers: Sequence[AnswerRow]
    transcripts: Sequence[TranscriptRow]
    can_call_off: bool
    can_take_up: bool
    can_send_another: bool
    poll_seconds: int | None
    zone: str

    @property
    def live(self) -> bool:
        return self.poll_seconds is not None


def card_of(visit: Visit, row: Appointment) -> NotesCard | None:
    """None where notes are not what this appointment is about: nobody is asked, and nobody was."""
    recording = queries.recording_of(row)
    if recording is None and not _asks(row):
        return None
    standing = queries.standing(row)
    bots = queries.bots_of(recording) if recording else []
    bot = _shown(bots)
    may_act = visit.scope.may(Permission.BOOK) and row.end_at > clock.now()
    may_read = queries.may_read(visit.scope, row)
    return NotesCard(
        state=standing.value,
        said=_of_standing(visit, row, standing, has_bot=bot is not None),
        bot=_of_bot(bot, visit.time_zone) if bot else None,
        trouble=_of_trouble(recording) if recording else None,
        answers=_answers(row),
        transcripts=[
            TranscriptRow(
                address(visit, "transcript", appointment_id=row.public_id, transcript_id=found.public_id)
                if may_read
                else "",
                found.captured_at,
                found.expires_at,
            )
            for found in queries.transcripts_of(row)
        ],
        can_call_off=may_act and standing in (Standing.AGREED, Standing.NO_ANSWER),
        can_take_up=may_act and standing == Standing.CALLED_OFF,
        can_send_another=may_act and standing == Standing.AGREED and _came_to_nothing(bots),
        poll_seconds=_poll_seconds(row, standing, bots),
        zone=visit.time_zone,
    )


def _asks(row: Appointment) -> bool:
    kind = row.booking_type
    return kind is not None and kind.asks_for_notes and queries.policy_of(row.workspace_id).is_enabled


def _shown(bots: Sequence[Bot]) -> Bot | None:
    """The newest, unless it was called off before it came, or another one is on its way in its place."""
    last = bots[-1] if bots else None
    return None if last is None or (last.life == Life.CLOSED and not last.counts) else last


def _came_to_nothing(bots: Sequence[Bot]) -> bool:
    """Whether the last one is over and stands in the way of another one."""
    return bool(bots) and bots[-1].life in (Life.OVER, Life.CLOSED) and bots[-1].counts


def _poll_seconds(row: Appointment, standing: Standing, bots: Sequence[Bot]) -> int | None:
    now = clock.now()
    under_way = [bot for bot in bots if bot.life != Life.CLOSED]
    if any(bot.phase != Phase.SCHEDULED for bot in under_way):
        return _OFTEN
    is_near = row.start_at - 2 * AHEAD <= now < row.end_at
    return _SELDOM if under_way or (is_near and standing in (Standing.AGREED, Standing.NO_ANSWER)) else None


# ---- who agreed ----


def _answers(row: Appointment) -> list[AnswerRow]:
    """Of everybody of the client's side, the lead first."""
    newest = {consent.email.casefold(): consent for consent in reversed(queries.consents(row))}
    found = []
    for email in queries.attendees_of(row):
        who = f"{row.lead.name} ({email})" if email == row.lead.email else email
        consent = newest.get(email.casefold())
        if consent is None:
            found.append(AnswerRow(who, gettext("No answer yet"), "neutral", "", None))
        else:
            label, tone = words_of(agrees=consent.agrees)
            found.append(AnswerRow(who, label, tone, labels.of_how(consent.how), consent.at))
    return found


def words_of(*, agrees: bool) -> tuple[str, str]:
    """A label and its tone."""
    return (gettext("Agreed"), "ok") if agrees else (gettext("Said no"), "neutral")


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A yes or a no about an appointment; `text` is what they read."""

    at: datetime
    email: str
    label: str
    tone: str
    how: str
    text: str
    about: str
    about_url: str


def consent_rows(visit: Visit, lead: Lead) -> list[ConsentRow]:
    """Of everybody who was asked about the lead's appointments, newest first."""
    return [_consent_row(visit, consent) for consent in queries.consents_of_lead(visit.scope, lead)]


def _consent_row(visit: Visit, consent: Consent) -> ConsentRow:
    appointment = consent.appointment
    is_there = appointment.deleted_at is None
    url = address(visit, "appointment", appointment_id=appointment.public_id) if is_there else ""
    how = labels.of_how(consent.how)
    return ConsentRow(
        consent.at, consent.email, *words_of(agrees=consent.agrees), how, consent.text, appointment.title, url
    )


# ---- how it stands ----


def _of_standing(visit: Visit, row: Appointment, standing: Standing, *, has_bot: bool) -> Said:
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


# ---- where the bot is ----


def _of_bot(bot: Bot, zone: str) -> Said:
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


def _of_trouble(recording: Recording) -> Said | None:
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


# ---- its part of the appointment's page, and what is done there ----


@require_safe
@within_workspace(Permission.SEE)
def appointment_notes(visit: Visit, appointment_id: str) -> HttpResponse:
    """The part of the page that asks itself anew; empty where there is none."""
    row = appointments.appointment(visit.scope, appointment_id)
    context = {"appointment": {"id": row.public_id}, "notes": card_of(visit, row)}
    return render(visit.request, "console/_notes.html", context)


@require_POST
@within_workspace(Permission.BOOK)
def notes_call_off(visit: Visit, appointment_id: str) -> HttpResponse:
    consenting.call_off(visit.scope, appointment_id)
    messages.success(visit.request, gettext("No notes are taken this time. A bot that is there already is sent away."))
    return _back(visit, appointment_id)


@require_POST
@within_workspace(Permission.BOOK)
def notes_take_up(visit: Visit, appointment_id: str) -> HttpResponse:
    consenting.take_up(visit.scope, appointment_id)
    messages.success(visit.request, gettext("Notes may be taken again, if everybody agrees."))
    return _back(visit, appointment_id)


@require_POST
@within_workspace(Permission.BOOK)
def notes_another_bot(visit: Visit, appointment_id: str) -> HttpResponse:
    actions.send_another(visit.scope, appointment_id)
    messages.info(visit.request, gettext("Another recording bot is on its way."))
    return _back(visit, appointment_id)


def _back(visit: Visit, appointment_id: str) -> HttpResponse:
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)
