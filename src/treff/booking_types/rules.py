"""What a booking type may look like."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor

from treff.availability.rules import Span, day_of, midnight
from treff.booking_types.states import Provider, QuestionKind, WindowKind
from treff.kernel import texts
from treff.kernel.errors import N_, Invalid

SHORTEST = timedelta(minutes=1)
# Zoom's own bound: https://developers.zoom.us/docs/api/meetings/ (duration)
LONGEST = timedelta(minutes=1440)
DAY = timedelta(days=1)
_PHONE = re.compile(r"\+?[0-9 ()/.\-]{3,40}")


def check_duration(duration: timedelta) -> timedelta:
    """Whole minutes, from 1 to 1440. Raises Invalid for field duration_minutes."""
    if not SHORTEST <= duration <= LONGEST or duration.total_seconds() % 60:
        raise Invalid("duration_minutes", N_("A length is a whole number of minutes from 1 to 1440."))
    return duration


def check_provider(name: str) -> Provider:
    """Raises Invalid for field provider."""
    try:
        return Provider(name)
    except ValueError:
        raise Invalid("provider", N_("Choose one of zoom, google_meet, teams and none.")) from None


@dataclass(frozen=True, slots=True)
class Window:
    """How far ahead can be booked; `days` for the rolling kinds, `first` and `last` for a range (both inside)."""

    kind: WindowKind
    days: int
    first: date | None = None
    last: date | None = None


def bounds(window: Window, notice: timedelta, now: datetime, zone_name: str) -> Span:
    """The first start that can be booked, and the one behind the last; in seconds since 1970.

    1. With a notice, exactly now + notice is the first; without one, the first second after now.
    2. Rolling days are calendar days in the host's zone, counted from today, which is day 0; of business days only
       Monday to Friday count, and today does not.
    """
    seconds = now.timestamp()
    earliest = ceil(seconds + notice.total_seconds()) if notice else floor(seconds) + 1
    today = day_of(floor(seconds), zone_name)
    match window.kind:
        case WindowKind.RANGE:
            first, last = window.first or today, window.last or today
            return max(earliest, midnight(first, zone_name)), midnight(last + DAY, zone_name)
        case WindowKind.BUSINESS_DAYS:
            last = today
            for _ in range(window.days):
                last += DAY * (3 if last.weekday() == 4 else 2 if last.weekday() == 5 else 1)
        case WindowKind.ROLLING_DAYS:
            last = today + DAY * window.days
    return earliest, midnight(last + DAY, zone_name)


@dataclass(frozen=True, slots=True)
class Question:
    """What a client is asked. `options` are those of a choice."""

    id: str
    kind: QuestionKind
    label: str
    required: bool = False
    options: tuple[str, ...] = ()


def check_answers(questions: Sequence[Question], given: Mapping[str, str]) -> list[dict[str, str]]:
    """Each question that was answered, with its answer, in the order asked. A checkbox that is ticked answers "yes".

    Raises Invalid for field question-ID.
    """
    answers = []
    for question in questions:
        answer = _answer(question, given.get(question.id, ""))
        if answer:
            answers.append({"label": question.label, "answer": answer})
    return answers


def _answer(question: Question, given: str) -> str:
    field = f"question-{question.id}"
    if question.kind == QuestionKind.LONG_TEXT:
        answer = texts.several_lines(field, given, longest=2000)
    else:
        answer = texts.one_line(field, given, longest=500)
    if question.kind == QuestionKind.CHECKBOX and answer:
        answer = "yes"
    if question.required and not answer:
        raise Invalid(field, N_("Please fill this in."))
    if answer and question.kind == QuestionKind.CHOICE and answer not in question.options:
        raise Invalid(field, N_("Please choose one of the answers."))
    if answer and question.kind == QuestionKind.PHONE and not _PHONE.fullmatch(answer):
        raise Invalid(field, N_("A phone number has digits, spaces and + ( ) / . - only."))
    return answer
