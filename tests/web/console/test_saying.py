"""What was changed is said, field by field, whatever form it was."""

from collections.abc import Iterator
from datetime import date

import pytest
from django import forms
from django.utils import translation

from treff.web.console.saying import changes, said, saved, switched


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


class Everything(forms.Form):
    title = forms.CharField(label="Title", required=False)
    words = forms.CharField(label="Words", required=False, widget=forms.Textarea)
    number = forms.IntegerField(label="Notice", required=False)
    number_unit = forms.ChoiceField(choices=[("hours", "hours"), ("days", "days")])
    kind = forms.ChoiceField(label="Kind", choices=[("a", "One"), ("b", "Two")])
    several = forms.MultipleChoiceField(label="Several", required=False, choices=[("a", "One"), ("b", "Two")])
    flag = forms.BooleanField(label="Flag", required=False)
    day = forms.DateField(label="Day", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


BEFORE = {
    "title": "Old",
    "words": "a\nb",
    "number": 2,
    "number_unit": "hours",
    "kind": "a",
    "several": ["a"],
    "flag": False,
    "day": date(2026, 12, 1),
    "version": 1,
}


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ({"title": "New"}, "Title Old → New"),
        ({"title": ""}, "Title Old → –"),
        ({"title": "x" * 61}, f"Title Old → {'x' * 59}…"),
        ({"words": "a\nc"}, "Words changed"),
        ({"number": 4}, "Notice 2 hours → 4 hours"),
        ({"number": None}, "Notice 2 hours → –"),
        ({"number_unit": "days"}, "Notice 2 hours → 2 days"),
        ({"kind": "b"}, "Kind One → Two"),
        ({"several": ["a", "b"]}, "Several One → One, Two"),
        ({"flag": True}, "Flag no → yes"),
        ({"day": date(2026, 12, 24)}, "Day 1 Dec 2026 → 24 Dec 2026"),
    ],
)
def test_each_kind_of_field_has_its_words(now: dict[str, object], says: str) -> None:
    assert changes(Everything(), BEFORE, {**BEFORE, **now}) == [says]


def test_what_only_browsers_write_otherwise_is_no_change() -> None:
    assert changes(Everything(), BEFORE, {**BEFORE, "words": "a\r\nb\r\n", "version": 2}) == []


def test_all_changes_are_one_sentence_in_the_readers_language() -> None:
    typed = {**BEFORE, "title": "New", "flag": "on"}
    form = Everything(typed, initial=BEFORE)
    assert form.is_valid()
    assert saved(form) == "Saved: Title Old → New; Flag no → yes."
    with translation.override("de"):
        assert saved(form) == "Gespeichert: Title: Old → New; Flag: nein → ja."


def test_saving_what_is_there_says_that_nothing_was_changed() -> None:
    assert said([]) == switched("Offered", True, True) == "Nothing was changed."
    assert switched("Offered", False, True) == "Saved: Offered no → yes."
