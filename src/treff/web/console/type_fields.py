"""Fields of a booking type: numbers that may be left out, times of a day."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms

from treff.availability.rules import Span, check_spans, clock_text, minute_of
from treff.kernel.errors import N_, Invalid
from treff.web.errors import sentence_of

_LARGEST = 1_000_000


class NumberField(forms.IntegerField):
    """A whole number; left empty it is `otherwise`. What it may be is checked by the verb."""

    def __init__(self, label: Any, *, otherwise: int | None = None, **options: Any) -> None:
        self._otherwise = otherwise
        widget = forms.NumberInput(attrs={"inputmode": "numeric"})
        super().__init__(label=label, required=False, min_value=-_LARGEST, max_value=_LARGEST, widget=widget, **options)
        widget.attrs.pop("min", None)
        widget.attrs.pop("max", None)

    def clean(self, value: Any) -> int | None:
        found: int | None = super().clean(value)
        return self._otherwise if found is None else found


class SpansField(forms.CharField):
    """Times of a day, as people write them: 09:00–12:00, 13:00–17:00."""

    def clean(self, value: Any) -> tuple[Span, ...]:
        text = super().clean(value)
        try:
            return check_spans("weekly_hours", [_span(part) for part in text.split(",") if part.strip()])
        except Invalid as error:
            raise forms.ValidationError(sentence_of(error)) from None


def _span(text: str) -> Span:
    """Raises Invalid."""
    start, dash, end = re.sub("[–—−]", "-", text).partition("-")
    if not dash:
        raise Invalid("weekly_hours", N_("Please write times like 09:00–12:00, 13:00–17:00."))
    return minute_of("weekly_hours", start), minute_of("weekly_hours", end)


def spans_text(spans: Sequence[Sequence[int]]) -> str:
    return ", ".join(f"{clock_text(start)}–{clock_text(end)}" for start, end in spans)
