"""What people agree to, word for word; whether notes may be taken; what follows from a trouble, and its words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from treff.kernel import texts
from treff.kernel.errors import N_, Invalid
from treff.kernel.secrets import SecretError
from treff.notetaking.errors import BotsNotSetUp, Misconfigured, NotOurs, Refused, Throttled, Transient
from treff.notetaking.ports import Draft
from treff.notetaking.states import Cause, Reason, Standing

# Whoever changes a sentence gives it a new name: what was agreed to under the old one was that one.
WORDING = "2026-11"
WORDINGS: Mapping[str, str] = {
    "2026-11": N_(
        "I agree that %(workspace)s sends a recording bot to this video meeting, which writes down what is said, and "
        "has notes made of it with AI. Transcript and notes are deleted %(after)s. This is voluntary: the "
        "appointment takes place without it, too. I can withdraw it at any time, before, during and after the meeting."
    ),
}
LEGAL_NOTE = "2026-11"
LEGAL_NOTES: Mapping[str, str] = {
    "2026-11": N_(
        "We have a legal ground for recording what is said, in every country that our clients and colleagues are in; "
        "our team knows of it and agrees; and we have a contract with whoever runs the bots and the language model."
    ),
}
SHORTEST_DAYS, LONGEST_DAYS = 1, 365
LONGEST_SUMMARY, LONGEST_ITEM, LONGEST_NAME, MOST_ITEMS = 8_000, 500, 100, 60


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that decides whether notes may be taken of an appointment.

    `answers`: the newest of each attendee of the client's side, by address; None of who has not answered.
    """

    is_set_up: bool
    is_enabled: bool
    has_video: bool
    takes_place: bool
    is_called_off: bool
    answers: Mapping[str, bool | None]


def standing_of(grounds: Grounds) -> Standing:
    """One no is enough, and everybody's yes is needed."""
    if not grounds.is_enabled:
        return Standing.OFF
    if not grounds.is_set_up:
        return Standing.NOT_SET_UP
    if not grounds.has_video:
        return Standing.NO_VIDEO
    if not grounds.takes_place:
        return Standing.NOT_TAKING_PLACE
    if grounds.is_called_off:
        return Standing.CALLED_OFF
    if False in grounds.answers.values():
        return Standing.REFUSED
    if not grounds.answers or None in grounds.answers.values():
        return Standing.NO_ANSWER
    return Standing.AGREED


def check_draft(draft: Draft) -> Draft:
    """As somebody typed it: trimmed, without what is empty. Raises Invalid for summary, decisions or next_steps."""
    decisions = tuple(
        replace(one, text=texts.one_line("decisions", one.text, longest=LONGEST_ITEM))
        for one in draft.decisions
        if one.text.strip()
    )
    next_steps = tuple(
        replace(
            one,
            text=texts.one_line("next_steps", one.text, longest=LONGEST_ITEM),
            owner=texts.one_line("next_steps", one.owner, longest=LONGEST_NAME),
            due=texts.one_line("next_steps", one.due, longest=LONGEST_NAME),
        )
        for one in draft.next_steps
        if one.text.strip()
    )
    for field, items in (("decisions", decisions), ("next_steps", next_steps)):
        if len(items) > MOST_ITEMS:
            raise Invalid(field, N_("At most %(most)d entries, please."), most=MOST_ITEMS)
    return Draft(texts.several_lines("summary", draft.summary, longest=LONGEST_SUMMARY), decisions, next_steps)


def check_retention(days: int) -> int:
    """Raises Invalid."""
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        raise Invalid(
            "retention_days",
            N_("Please give a number of days from %(least)d to %(most)d."),
            least=SHORTEST_DAYS,
            most=LONGEST_DAYS,
        )
    return days


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is the matter, and what to do about it (msgids)."""

    message: str
    cure: str


_ADMIT = N_("Let it in from the waiting room next time. Only the host can.")
_OPERATOR = N_("Please tell whoever runs this server.")
_EXPLANATIONS = {
    Cause.NOT_ADMITTED: Explanation(N_("The recording bot was not let into the meeting."), _ADMIT),
    Cause.WAITING_ROOM_TIMEOUT: Explanation(
        N_("The recording bot waited in the waiting room until it gave up."), _ADMIT
    ),
    Cause.NOT_STARTED: Explanation(
        N_("The recording bot left because the host did not start the meeting."),
        N_("Start the meeting on time; the bot waits for some minutes only."),
    ),
    Cause.NEEDS_USER: Explanation(
        N_("Zoom lets the recording bot in only while the host who authorized it is in the meeting."),
        N_("The host should join first, with the Zoom account that is connected here."),
    ),
    Cause.NOT_FOUND: Explanation(
        N_("The recording bot found no meeting behind the link."), N_("Check whether the meeting still exists.")
    ),
    Cause.APP_REFUSED: Explanation(
        N_("The video provider does not accept the recording bot's registration."), _OPERATOR
    ),
    Cause.COULD_NOT_CONNECT: Explanation(
        N_("The recording bot could not connect to the meeting."),
        N_("If this happens again, tell whoever runs this server."),
    ),
    Cause.RECORDING_DENIED: Explanation(
        N_("The host did not allow the recording bot to record."),
        N_("Allow recording in the meeting, or send the bot away."),
    ),
}


def explain(cause: Cause) -> Explanation | None:
    """None where nothing is the matter."""
    return _EXPLANATIONS.get(cause)


_TROUBLES = {
    Reason.VENDOR_DOWN: Explanation(
        N_("The service of the recording bots cannot be reached at the moment."),
        N_("Nothing to do: this is tried again by itself."),
    ),
    Reason.THROTTLED: Explanation(
        N_("The service of the recording bots is busy and asked for a pause."),
        N_("Nothing to do: this is tried again by itself."),
    ),
    Reason.REFUSED: Explanation(N_("The service of the recording bots refuses a bot for this meeting."), _OPERATOR),
    Reason.MISCONFIGURED: Explanation(
        N_("The service of the recording bots does not accept this server's key."), _OPERATOR
    ),
    Reason.NOT_SET_UP: Explanation(N_("Recording bots are not set up on this server any more."), _OPERATOR),
    Reason.NOT_OURS: Explanation(
        N_("The service of the recording bots sent what belongs to another meeting. It was not used."), _OPERATOR
    ),
    Reason.KEY_UNAVAILABLE: Explanation(
        N_("What the bot heard cannot be encrypted here at the moment, so it was not fetched."), _OPERATOR
    ),
    Reason.UNEXPECTED: Explanation(
        N_("Something unexpected happened with the recording bot."), N_("Nothing to do: this is tried again by itself.")
    ),
}


def explain_trouble(reason: Reason) -> Explanation | None:
    """None where nothing is the matter."""
    return _TROUBLES.get(reason)


@dataclass(frozen=True, slots=True)
class Consequence:
    """`detail` in the vendor's words, where it refused."""

    reason: Reason
    look_again_at: datetime
    detail: str = ""


# So soon, at the latest, one that should leave a meeting is told so again.
URGENT = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)
_LATER, _MUCH_LATER = timedelta(minutes=10), timedelta(hours=1)


def consequence(error: Exception, tries: int, now: datetime, *, is_urgent: bool) -> Consequence:
    """What the `tries`-th trouble in a row means. `is_urgent`: a bot is where it should not be."""
    match error:
        case Throttled():
            return Consequence(Reason.THROTTLED, error.until_at)
        case Refused():
            return Consequence(Reason.REFUSED, now + _MUCH_LATER, str(error)[:500])
        case Misconfigured():
            return Consequence(Reason.MISCONFIGURED, now + (URGENT if is_urgent else _LATER))
        case BotsNotSetUp():
            return Consequence(Reason.NOT_SET_UP, now + _MUCH_LATER)
        case SecretError():
            return Consequence(Reason.KEY_UNAVAILABLE, now + _LATER)
        case NotOurs():
            return Consequence(Reason.NOT_OURS, now + _MUCH_LATER)
        case Transient():
            pause = min(timedelta(seconds=2 ** min(tries + 1, 10)), _LONGEST_PAUSE)
            pause = min(pause, URGENT) if is_urgent else max(pause, error.retry_after or pause)
            return Consequence(Reason.VENDOR_DOWN, now + pause)
    return Consequence(Reason.UNEXPECTED, now + (URGENT if is_urgent else _LATER))
