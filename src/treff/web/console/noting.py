"""Notes of an appointment's meeting in words: who agreed, how it stands, where the bot is; and its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from treff.appointments import queries as appointments
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.notetaking import actions, consenting, queries
from treff.notetaking.models import Bot, Consent
from treff.notetaking.plan import AHEAD
from treff.notetaking.states import Life, Phase, Standing
from treff.people.models import Lead
from treff.web import labels
from treff.web.console.noting_words import Said, of_bot, of_standing, of_trouble
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

# Seconds between two looks of the page while a bot is under way, and while one may be soon.
_OFTEN, _SELDOM = 3, 10


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
        said=of_standing(visit, row, standing, has_bot=bot is not None),
        bot=of_bot(bot, visit.time_zone) if bot else None,
        trouble=of_trouble(recording) if recording else None,
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
