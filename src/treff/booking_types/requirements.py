"""What the details of a booking type may be, each with the name of its field. Pure: what is wanted in, checked out."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from treff.availability.rules import MINUTES_OF_DAY, Span, check_spans
from treff.booking_types.ports import Details, HostWish, Limits
from treff.booking_types.rules import Question, Window, check_duration
from treff.booking_types.states import QuestionKind, WindowKind
from treff.kernel import texts
from treff.kernel.errors import N_, Invalid

MOST_LENGTHS, MOST_QUESTIONS, MOST_OPTIONS, MOST_REMINDERS = 6, 20, 30, 5
SOONEST_REMINDER, EARLIEST_REMINDER = 5, 14 * MINUTES_OF_DAY  # minutes
LONGEST_BUFFER, LONGEST_NOTICE = timedelta(hours=12), timedelta(days=365)
# As far ahead as appointments can be (appointments/rules.py).
LONGEST_WINDOW = 731


def check_details(wanted: Details) -> Details:
    """Raises Invalid."""
    if len(wanted.more_minutes) > MOST_LENGTHS:
        raise Invalid("more_minutes", N_("At most %(most)d lengths, please."), most=MOST_LENGTHS)
    for minutes in wanted.more_minutes:
        check_duration(timedelta(minutes=minutes))
    if len(wanted.reminder_minutes) > MOST_REMINDERS:
        raise Invalid("reminder_minutes", N_("At most %(most)d reminders, please."), most=MOST_REMINDERS)
    for minutes in wanted.reminder_minutes:
        _between("reminder_minutes", minutes, SOONEST_REMINDER, EARLIEST_REMINDER)
    _between("step_minutes", wanted.step_minutes or 1, 1, MINUTES_OF_DAY)
    _between("offset_minutes", wanted.offset_minutes, 0, MINUTES_OF_DAY - 1)
    for name, longest in (
        ("buffer_before", LONGEST_BUFFER),
        ("buffer_after", LONGEST_BUFFER),
        ("notice", LONGEST_NOTICE),
    ):
        duration: timedelta = getattr(wanted, name)
        _between(f"{name}_minutes", duration / timedelta(minutes=1), 0, longest // timedelta(minutes=1))
    return replace(
        wanted,
        description=texts.several_lines("description", wanted.description, longest=2000),
        confirmation_text=texts.several_lines("confirmation_text", wanted.confirmation_text, longest=2000),
        redirect_url=_check_url(wanted.redirect_url),
        more_minutes=tuple(dict.fromkeys(wanted.more_minutes)),
        reminder_minutes=tuple(sorted(set(wanted.reminder_minutes), reverse=True)),
        window=_check_window(wanted.window),
        limits=_check_limits("limit", wanted.limits),
        host_limits=_check_limits("host_limit", wanted.host_limits),
        questions=_check_questions(wanted.questions),
        weekly_hours=_check_week(wanted.weekly_hours),
    )


def check_host(wanted: HostWish) -> HostWish:
    """Raises Invalid for field hosts."""
    if not (1 <= wanted.weight <= 10 and 1 <= wanted.priority <= 10):
        raise Invalid("hosts", N_("Weight and priority are whole numbers from 1 to 10."))
    return wanted


def _between(field: str, value: float, least: int, most: int) -> None:
    if not least <= value <= most or value != int(value):
        raise Invalid(field, N_("Please give a whole number from %(least)d to %(most)d."), least=least, most=most)


def _check_window(wanted: Window) -> Window:
    _between("window_days", wanted.days, 0, LONGEST_WINDOW)
    if wanted.kind != WindowKind.RANGE:
        return Window(wanted.kind, wanted.days)
    if wanted.first is None or wanted.last is None:
        raise Invalid("window_from", N_("Please give the first and the last day."))
    if wanted.last < wanted.first:
        raise Invalid("window_until", N_("The last day is before the first."))
    return wanted


def _check_limits(name: str, wanted: Limits) -> Limits:
    for period, most in (("day", wanted.day), ("week", wanted.week), ("month", wanted.month)):
        if most is not None:
            _between(f"{name}_{period}", most, 1, 10_000)
    return wanted


def _check_questions(wanted: tuple[Question, ...]) -> tuple[Question, ...]:
    if len(wanted) > MOST_QUESTIONS:
        raise Invalid("questions", N_("At most %(most)d questions, please."), most=MOST_QUESTIONS)
    ids = [question.id for question in wanted if question.id]
    if len(set(ids)) < len(ids):  # answers are found by them
        raise Invalid("questions", N_("Two questions have the same id."))
    checked = []
    for question in wanted:
        label = texts.one_line("questions", question.label, longest=300, required=True)
        options = tuple(
            dict.fromkeys(
                texts.one_line("questions", option, longest=200, required=True) for option in question.options
            )
        )
        if question.kind == QuestionKind.CHOICE and not 1 <= len(options) <= MOST_OPTIONS:
            raise Invalid("questions", N_("A choice needs 1 to %(most)d answers to choose from."), most=MOST_OPTIONS)
        kept = options if question.kind == QuestionKind.CHOICE else ()
        checked.append(replace(question, label=label, options=kept))
    return tuple(checked)


def _check_week(wanted: tuple[tuple[Span, ...], ...] | None) -> tuple[tuple[Span, ...], ...] | None:
    if wanted is None:
        return None
    if len(wanted) != 7:
        raise Invalid("weekly_hours", N_("A week has seven days."))
    return tuple(check_spans("weekly_hours", day) for day in wanted)


def _check_url(text: str) -> str:
    url = texts.one_line("redirect_url", text, longest=2000)
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise Invalid("redirect_url", N_("Please give an address that begins with https://."))
    return url
