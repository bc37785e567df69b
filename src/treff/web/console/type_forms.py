"""The forms of a booking type: itself and who receives. Their values become a Description."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from treff.booking_types.ports import Description, Details, Limits
from treff.booking_types.rules import Question, Window, check_duration
from treff.booking_types.states import HostMode, Provider, WindowKind
from treff.kernel.errors import Invalid
from treff.web import labels
from treff.web.console.choices import known_providers
from treff.web.console.forms import DateField, MinutesField
from treff.web.console.type_fields import NumberField, SpansField, spans_text
from treff.web.errors import sentence_of

_BETWEEN = re.compile(r"[\s,;]+")
_UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
_DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
PERIODS = ("day", "week", "month")
REMINDERS = (15, 60, 120, 1440, 2880, 10080)  # minutes


class TypeForm(forms.Form):
    """The booking type without its hosts and questions. Names of fields are those that verbs complain of."""

    use_required_attribute = False
    title = forms.CharField(label=_("Title"))
    slug = forms.CharField(
        label=_("Short name"),
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("For links and the API. Leave empty to make it from the title."),
    )
    provider = forms.ChoiceField(label=_("Video meeting"))
    duration_minutes = MinutesField(initial=30)
    more_minutes = forms.CharField(
        label=_("Other lengths"), required=False, max_length=100, help_text=_("In minutes, such as 15, 60.")
    )
    step_minutes = NumberField(
        _("A start every … minutes"), help_text=_("Leave empty to start one right after the other.")
    )
    offset_minutes = NumberField(
        _("First start after … minutes"), otherwise=0, help_text=_("Counted from the beginning of the hours.")
    )
    buffer_before_minutes = NumberField(_("Minutes free before"), otherwise=0)
    buffer_after_minutes = NumberField(_("Minutes free after"), otherwise=0)
    notice = NumberField(_("Notice"), otherwise=0, help_text=_("So long ahead it has to be booked at least."))
    notice_unit = forms.ChoiceField(
        label=_("Unit"),
        required=False,
        choices=(("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days"))),
    )
    window_kind = forms.ChoiceField(
        label=_("How far ahead"),
        required=False,
        choices=(
            (WindowKind.ROLLING_DAYS.value, _("so many days")),
            (WindowKind.BUSINESS_DAYS.value, _("so many days, Monday to Friday")),
            (WindowKind.RANGE.value, _("between two days")),
        ),
    )
    window_days = NumberField(_("Days"), otherwise=60)
    window_from = DateField(label=_("First day"), required=False)
    window_until = DateField(label=_("Last day"), required=False)
    limit_day = NumberField(_("In all a day"))
    limit_week = NumberField(_("In all a week"))
    limit_month = NumberField(_("In all a month"))
    host_limit_day = NumberField(_("For each host a day"))
    host_limit_week = NumberField(_("For each host a week"))
    host_limit_month = NumberField(_("For each host a month"))
    host_mode = forms.ChoiceField(
        label=_("Who receives"), required=False, choices=[(mode.value, mode.value) for mode in HostMode]
    )
    has_own_hours = forms.BooleanField(label=_("Own hours in place of the hosts’"), required=False)
    needs_approval = forms.BooleanField(
        label=_("Each booking waits for a yes"),
        required=False,
        help_text=_("The time is kept free for 48 hours at most. The host is told by email."),
    )
    confirm_address = forms.BooleanField(
        label=_("Clients confirm their email address before the appointment is booked"),
        required=False,
        help_text=_("They get one email with a link. The time is kept for 30 minutes; nobody else hears of it before."),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Stands above the free times."),
    )
    confirmation_text = forms.CharField(
        label=_("Text after booking"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    redirect_url = forms.CharField(
        label=_("Address to go on to after booking"),
        required=False,
        widget=forms.TextInput(attrs={"type": "url", "spellcheck": "false", "placeholder": "https://"}),
    )
    clients_may_move = forms.BooleanField(label=_("Clients may move their appointment"), required=False)
    clients_may_cancel = forms.BooleanField(label=_("Clients may cancel their appointment"), required=False)
    asks_for_notes = forms.BooleanField(
        label=_("Ask clients whether notes may be taken"),
        required=False,
        help_text=_("A recording bot comes to the video meeting only if everybody who was invited has said yes."),
    )
    reminder_minutes = forms.TypedMultipleChoiceField(
        label=_("By email to the client and everybody who was invited"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Who has booked or heard of a change shortly before gets none."),
    )
    is_secret = forms.BooleanField(
        label=_("Only for who has the link"),
        required=False,
        help_text=_("It is listed nowhere, and its address has a key that nobody guesses."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for number, name in enumerate(_DAYS):
            self.fields[f"hours_{number}"] = SpansField(
                label=name,
                required=False,
                max_length=200,
                widget=forms.TextInput(attrs={"placeholder": "09:00–12:00, 13:00–17:00", "inputmode": "text"}),
            )

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"hours_{number}"] for number in range(7)]

    @property
    def limits(self) -> list[forms.BoundField]:
        return [self[f"{whose}_{period}"] for whose in ("limit", "host_limit") for period in PERIODS]

    def offer(self, *further: str) -> "TypeForm":
        """The providers that can be chosen, and those that this booking type has already; returns the form."""
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        names = dict.fromkeys([*known_providers(), Provider.NONE.value, *further])
        field.choices = [(name, labels.of_provider(name)) for name in names]
        return self

    def remind(self, further: Sequence[int]) -> "TypeForm":
        """The times ahead that can be ticked, and those that the API set; returns the form."""
        field = self.fields["reminder_minutes"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [(minutes, labels.of_time_ahead(minutes)) for minutes in sorted({*REMINDERS, *further})]
        return self

    def clean_more_minutes(self) -> tuple[int, ...]:
        found = []
        for part in filter(None, _BETWEEN.split(self.cleaned_data["more_minutes"])):
            if not (part.isascii() and part.isdigit() and len(part) < 6):
                raise forms.ValidationError(gettext("Please give minutes with commas between, such as 15, 60."))
            try:
                check_duration(timedelta(minutes=int(part)))
            except Invalid as error:
                raise forms.ValidationError(sentence_of(error)) from None
            found.append(int(part))
        return tuple(found)

    def details(self, questions: Sequence[Question], *, is_paused: bool) -> Details:
        """Of a valid form."""
        given = self.cleaned_data
        unit = _UNITS[given["notice_unit"] or "minutes"]
        week = tuple(given[f"hours_{number}"] for number in range(7))
        return Details(
            description=given["description"],
            more_minutes=given["more_minutes"],
            step_minutes=given["step_minutes"],
            offset_minutes=given["offset_minutes"],
            buffer_before=timedelta(minutes=given["buffer_before_minutes"]),
            buffer_after=timedelta(minutes=given["buffer_after_minutes"]),
            notice=given["notice"] * unit,
            window=Window(
                WindowKind(given["window_kind"] or WindowKind.ROLLING_DAYS),
                given["window_days"],
                given["window_from"],
                given["window_until"],
            ),
            limits=Limits(*(given[f"limit_{period}"] for period in PERIODS)),
            host_limits=Limits(*(given[f"host_limit_{period}"] for period in PERIODS)),
            needs_approval=given["needs_approval"],
            confirm_address=given["confirm_address"],
            questions=tuple(questions),
            host_mode=HostMode(given["host_mode"] or HostMode.ROUND_ROBIN),
            weekly_hours=week if given["has_own_hours"] else None,
            confirmation_text=given["confirmation_text"],
            redirect_url=given["redirect_url"],
            is_paused=is_paused,
            is_secret=given["is_secret"],
            clients_may_move=given["clients_may_move"],
            clients_may_cancel=given["clients_may_cancel"],
            asks_for_notes=given["asks_for_notes"],
            reminder_minutes=tuple(given["reminder_minutes"]),
        )


class ReceiverForm(forms.Form):
    """Whether a member receives, and how."""

    use_required_attribute = False
    receives = forms.BooleanField(required=False)
    weight = NumberField(_("Weight"), otherwise=1)
    priority = NumberField(_("Priority"), otherwise=1)

    def clean_weight(self) -> int:
        return self._one_to_ten("weight")

    def clean_priority(self) -> int:
        return self._one_to_ten("priority")

    def _one_to_ten(self, name: str) -> int:
        number: int = self.cleaned_data[name]
        if not 1 <= number <= 10:
            raise forms.ValidationError(gettext("A whole number from 1 to 10, please."))
        return number


def initial_of(wanted: Description) -> dict[str, object]:
    """What the form of a booking type starts with."""
    details = wanted.details or Details()
    notice, unit = _in_units(details.notice)
    limits = (("limit", details.limits), ("host_limit", details.host_limits))
    return {
        "title": wanted.title,
        "slug": wanted.slug,
        "duration_minutes": wanted.duration // timedelta(minutes=1),
        "provider": wanted.provider,
        "more_minutes": ", ".join(map(str, details.more_minutes)),
        "buffer_before_minutes": details.buffer_before // timedelta(minutes=1),
        "buffer_after_minutes": details.buffer_after // timedelta(minutes=1),
        "notice": notice,
        "notice_unit": unit,
        "window_kind": details.window.kind.value,
        "window_days": details.window.days,
        "window_from": details.window.first,
        "window_until": details.window.last,
        "has_own_hours": details.weekly_hours is not None,
        **{f"hours_{number}": spans_text(day) for number, day in enumerate(details.weekly_hours or ())},
        **{f"{whose}_{period}": getattr(limit, period) for whose, limit in limits for period in PERIODS},
        **{
            name: getattr(details, name)
            for name in ("step_minutes", "offset_minutes", "host_mode", "needs_approval", "description")
        },
        **{
            name: getattr(details, name)
            for name in ("confirmation_text", "redirect_url", "is_secret", "asks_for_notes", "confirm_address")
        },
        **{name: getattr(details, name) for name in ("clients_may_move", "clients_may_cancel", "reminder_minutes")},
    }


def _in_units(notice: timedelta) -> tuple[int, str]:
    """In the largest unit that it is whole in."""
    for unit in ("days", "hours"):
        if notice and notice % _UNITS[unit] == timedelta(0):
            return notice // _UNITS[unit], unit
    return notice // _UNITS["minutes"], "minutes" if notice else "hours"
