"""Booking types between what the verbs take and what the API says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from treff.availability.rules import Span, check_spans, clock_text, minute_of
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Details, HostWish, Limits
from treff.booking_types.queries import details_of
from treff.booking_types.rules import Question, Window
from treff.booking_types.states import HostMode, QuestionKind, WindowKind
from treff.kernel.errors import Invalid
from treff.web.api import booking_type_schemas as schemas

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MINUTES = {
    "buffer_before_minutes": "buffer_before",
    "buffer_after_minutes": "buffer_after",
    "notice_minutes": "notice",
}
# What forms call the parts that are objects here.
_PLACES = {"window_days": "window.days", "window_from": "window.first", "window_until": "window.last"} | {
    f"{name}_{period}": f"{name}s.{period}" for name in ("limit", "host_limit") for period in ("day", "week", "month")
}
_OWN = frozenset({"slug", "title", "duration_minutes", "provider", "hosts"})


def details_from(given: schemas.NewBookingType | schemas.BookingTypeChange, before: Details) -> Details:
    """What was there, with what was sent in its place. Raises Invalid."""
    changes: dict[str, Any] = {}
    for name in given.model_fields_set - _OWN:
        value = getattr(given, name)
        if name in _MINUTES:
            changes[_MINUTES[name]] = timedelta(minutes=value)
        else:
            changes[name] = _READ[name](value) if name in _READ else value
    return replace(before, **changes)


def hosts_from(given: Sequence[schemas.Host] | None) -> tuple[HostWish, ...] | None:
    if given is None:
        return None
    return tuple(HostWish(host.member_id, host.weight, host.priority) for host in given)


def named_as_here(error: Invalid) -> Invalid:
    """The same, with the name that its field has in the API."""
    return Invalid(_PLACES.get(error.field, error.field), error.sentence, **error.params)


def _week(given: schemas.WeeklyHours | None) -> tuple[tuple[Span, ...], ...] | None:
    if given is None:
        return None
    return tuple(_spans(day, getattr(given, day)) for day in DAYS)


def _spans(day: str, given: Sequence[schemas.Time]) -> tuple[Span, ...]:
    field = f"weekly_hours.{day}"
    return check_spans(field, [(minute_of(field, time.start), minute_of(field, time.end)) for time in given])


def _questions(given: Sequence[schemas.Question]) -> tuple[Question, ...]:
    return tuple(
        Question(one.id or "", QuestionKind(one.kind), one.label, required=one.required, options=tuple(one.options))
        for one in given
    )


def _limits(given: schemas.Limits) -> Limits:
    return Limits(given.day, given.week, given.month)


_READ: Mapping[str, Callable[[Any], object]] = {
    "weekly_hours": _week,
    "questions": _questions,
    "limits": _limits,
    "host_limits": _limits,
    "more_minutes": tuple,
    "reminder_minutes": tuple,
    "host_mode": HostMode,
    "window": lambda given: Window(WindowKind(given.kind), given.days, given.first, given.last),
}


def represent(row: BookingType) -> schemas.BookingType:
    """With its workspace and its hosts at hand, best loaded together."""
    details = details_of(row)
    window = details.window
    return schemas.BookingType(
        slug=row.slug,
        title=row.title,
        duration_minutes=_minutes(row.duration),
        provider=str(row.provider),
        hosts=[
            schemas.Host(member_id=host.member.public_id, weight=host.weight, priority=host.priority)
            for host in row.hosts.all()
        ],
        weekly_hours=_shown_week(details.weekly_hours),
        description=details.description,
        more_minutes=list(details.more_minutes),
        reminder_minutes=list(details.reminder_minutes),
        step_minutes=details.step_minutes,
        offset_minutes=details.offset_minutes,
        buffer_before_minutes=_minutes(details.buffer_before),
        buffer_after_minutes=_minutes(details.buffer_after),
        notice_minutes=_minutes(details.notice),
        window=schemas.Window(kind=window.kind.value, days=window.days, first=window.first, last=window.last),
        limits=_shown_limits(details.limits),
        host_limits=_shown_limits(details.host_limits),
        needs_approval=details.needs_approval,
        confirm_address=details.confirm_address,
        questions=[_shown_question(question) for question in details.questions],
        host_mode=details.host_mode.value,
        confirmation_text=details.confirmation_text,
        redirect_url=details.redirect_url,
        is_paused=details.is_paused,
        is_secret=details.is_secret,
        clients_may_move=details.clients_may_move,
        clients_may_cancel=details.clients_may_cancel,
        asks_for_notes=details.asks_for_notes,
        booking_url=booking_url(row),
    )


def booking_url(row: BookingType) -> str:
    key = f"?{urlencode({'key': row.secret_key})}" if row.secret_key else ""
    return f"{settings.TREFF_BASE_URL}/book/{row.workspace.slug}/{row.slug}/{key}"


def _shown_week(week: tuple[tuple[Span, ...], ...] | None) -> schemas.WeeklyHours | None:
    if week is None:
        return None
    shown = {
        day: [schemas.Time(start=clock_text(start), end=clock_text(end)) for start, end in spans]
        for day, spans in zip(DAYS, week, strict=True)
    }
    return schemas.WeeklyHours(**shown)


def _shown_question(question: Question) -> schemas.Question:
    return schemas.Question(
        id=question.id,
        kind=question.kind.value,
        label=question.label,
        required=question.required,
        options=list(question.options),
    )


def _shown_limits(limits: Limits) -> schemas.Limits:
    day, week, month = astuple(limits)
    return schemas.Limits(day=day, week=week, month=month)


def _minutes(duration: timedelta) -> int:
    return int(duration.total_seconds() // 60)
