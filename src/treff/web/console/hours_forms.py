"""Forms of the availability page. What their values may be is checked by the verbs."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from treff.availability import rules
from treff.availability.models import Schedule
from treff.availability.public_holidays import COUNTRIES, regions_of
from treff.availability.rules import Span
from treff.availability.states import FeedPolicy
from treff.booking_types.models import BookingType
from treff.kernel.errors import Invalid
from treff.web.console.forms import DateField, TimeField, ZoneField
from treff.web.errors import sentence_of
from treff.workspaces.models import Member

Pair = tuple[str, str]


class SpansInput(forms.Widget):
    """Rows of two times, named …-from and …-until; components/spans.html shows them."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Pair]:
        if not hasattr(data, "getlist"):
            return []
        return list(zip(data.getlist(f"{name}-from"), data.getlist(f"{name}-until"), strict=False))

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}-from" not in data


class SpansField(forms.Field):
    """Several from–until of one day, in its minutes. A row with nothing in it is none."""

    widget = SpansInput

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def clean(self, value: Sequence[Pair]) -> tuple[Span, ...]:
        try:
            spans = [
                (rules.minute_of("spans", start), rules.minute_of("spans", end))
                for start, end in value
                if start.strip() or end.strip()
            ]
            return rules.check_spans("spans", spans)
        except Invalid as error:
            raise forms.ValidationError(sentence_of(error)) from None


def pairs_of(spans: Sequence[Sequence[int]]) -> list[Pair]:
    """As SpansInput has them. A time input knows no 24:00: midnight at the end of a day is its 00:00."""
    return [(rules.clock_text(start), rules.clock_text(end).replace("24:00", "00:00")) for start, end in spans]


class PartForm(forms.Form):
    """One of several forms of a page: its ids begin with its part's name."""

    part = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{self.part}-%s", **options})


class WeeklyForm(PartForm):
    """Seven days. A button may ask for a row more or less (`reshaped`), or for the hours of one day on others."""

    part = "weekly"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for number in range(7):
            self.fields[f"day-{number}"] = SpansField(label=WEEKDAYS[number])

    @classmethod
    def of(cls, schedule: Schedule) -> "WeeklyForm":
        return cls(initial={f"day-{number}": pairs_of(spans) for number, spans in enumerate(schedule.weekly)})

    @classmethod
    def reshaped(cls, post: Any) -> "WeeklyForm | None":
        """As typed, with a row more or less; None if no button asked for that."""
        blank = cls(post)
        rows = {name: field.widget.value_from_datadict(post, {}, name) for name, field in blank.fields.items()}
        if post.get("add") in rows:
            rows[post["add"]].append(("", ""))
        elif post.get("remove", "").rpartition(":")[0] in rows:
            name, _colon, index = post["remove"].rpartition(":")
            if index.isascii() and index.isdigit():
                del rows[name][int(index) : int(index) + 1]
        else:
            return None
        return cls(initial=rows)

    def weekly(self) -> list[tuple[Span, ...]]:
        days = [self.cleaned_data[f"day-{number}"] for number in range(7)]
        for source, target in self.copies():
            days[target] = days[source]
        return days

    def copies(self) -> list[tuple[int, int]]:
        """From which day to which."""
        source = str(self.data.get("copy", ""))
        if source not in tuple("0123456"):
            return []
        asked = self.data.getlist(f"copy-{source}") if hasattr(self.data, "getlist") else []
        return [(int(source), int(target)) for target in asked if target in tuple("0123456")]


class TimeZoneForm(PartForm):
    part = "time-zone"
    time_zone = ZoneField()


class OverrideForm(PartForm):
    part = "override"
    first = DateField(label=_("First day"))
    last = DateField(label=_("Last day"), required=False)
    kind = forms.ChoiceField(label=_("On these days"), initial="closed")
    hours = SpansField(label=_("Hours"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [("closed", gettext("Nobody is received")), ("hours", gettext("Other hours"))]
        kind.widget = forms.RadioSelect(choices=kind.choices)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("kind") == "hours" and "hours" in given and not given["hours"]:
            self.add_error("hours", gettext("Please say from when to when."))
        return given

    def days(self) -> tuple[date, date]:
        return self.cleaned_data["first"], self.cleaned_data["last"] or self.cleaned_data["first"]

    def spans(self) -> Sequence[Span]:
        found: Sequence[Span] = self.cleaned_data["hours"] if self.cleaned_data["kind"] == "hours" else ()
        return found


class TimeOffForm(PartForm):
    part = "time-off"
    first = DateField(label=_("First day"))
    start = TimeField(label=_("from"), required=False)
    last = DateField(label=_("Last day"), required=False)
    until = TimeField(label=_("until"), required=False)
    note = forms.CharField(
        label=_("Note"), required=False, max_length=200, help_text=_("For your team; clients never see it.")
    )

    def minute(self, name: str, otherwise: int) -> int:
        at: time | None = self.cleaned_data[name]
        return otherwise if at is None else at.hour * 60 + at.minute


class HolidaysForm(PartForm):
    """The region can be chosen as soon as the country is saved."""

    part = "holidays"

    country = forms.ChoiceField(label=_("Country"), required=False)
    region = forms.ChoiceField(label=_("Region"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        countries = sorted((gettext(name), code) for code, name in COUNTRIES.items())
        self._choices("country", [("", gettext("No country"))])
        self._choices("country", [(code, name) for name, code in countries])
        chosen = self.data.get("country") if self.is_bound else self.initial.get("country")
        if self.is_bound and self.data.get("region") not in dict(regions_of(str(chosen or ""))):
            self.data = {"country": chosen, "region": ""}  # of the country that was chosen before
        self._choices("region", [("", gettext("The whole country"))])
        self._choices("region", list(regions_of(str(chosen or ""))))
        self.has_regions = bool(regions_of(str(chosen or "")))

    def _choices(self, name: str, more: Sequence[Pair]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        known = field.choices if isinstance(field.choices, list) else list(field.choices)  # type: ignore[arg-type]
        field.choices = [*known, *more]


class PolicyForm(PartForm):
    """Of the calendar of a connected account; there is nothing else to say about it."""

    part = "account"
    policy = forms.ChoiceField(label=_("If it cannot be read for more than 24 hours"), initial=FeedPolicy.CLOSED.value)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        policy = self.fields["policy"]
        assert isinstance(policy, forms.ChoiceField)
        policy.choices = [
            (FeedPolicy.CLOSED.value, gettext("Offer no times")),
            (FeedPolicy.OPEN.value, gettext("Go by what was read last")),
        ]


class FeedForm(PolicyForm):
    part = "feed"
    address = forms.CharField(
        label=_("Address of the calendar"),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "placeholder": "https://"}
        ),
        help_text=_("Who has this address can read the calendar: it is stored encrypted and never shown again."),
    )
    field_order = ("address", "policy")


class CopyForm(PartForm):
    """The weekly hours for colleagues."""

    part = "copy"

    members = forms.MultipleChoiceField(label=_("Colleagues"), widget=forms.CheckboxSelectMultiple)

    def offer(self, colleagues: Sequence[Member]) -> "CopyForm":
        field = self.fields["members"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(each.public_id, str(each)) for each in colleagues]
        return self


class WhyForm(PartForm):
    part = "why"
    kind = forms.ChoiceField(label=_("Booking type"))
    day = DateField(label=_("Day"))

    def offer(self, kinds: Sequence[BookingType]) -> "WhyForm":
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(kind.slug, kind.title) for kind in kinds]
        return self
