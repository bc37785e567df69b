"""Forms: widgets and typed values. What the values may be is checked by the verbs; `complain` puts their words here."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from treff.booking_types.models import BookingType
from treff.kernel import zones
from treff.kernel.errors import N_, Invalid, TreffError
from treff.web import labels
from treff.web.errors import sentence_of, status_of
from treff.workspaces.models import Member
from treff.workspaces.rules import LOCALES

# What a verb calls it -> the field of the form in which people typed it.
_FIELDS = {"start": "date", "host_id": "host"}
_LARGEST_VERSION = 2**31 - 1


def complain(form: forms.Form, error: TreffError) -> int:
    """Put the error's sentence on its field, or on the form; returns the HTTP status for the page."""
    field = _FIELDS.get(error.field, error.field) if isinstance(error, Invalid) else ""
    form.add_error(field if field in form.fields else None, sentence_of(error))
    return status_of(error)


def zone_choices() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in zones.names()]


def locale_choices() -> list[tuple[str, str]]:
    return [(code, labels.of_locale(code)) for code in LOCALES]


class DateField(forms.DateField):
    """A day in the browser's own picker, which wants ISO 8601 in every language."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **options)


class TimeField(forms.TimeField):
    """A time of day to the minute in the browser's own picker."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        super().__init__(widget=widget, input_formats=["%H:%M", "%H:%M:%S"], **options)


class MinutesField(forms.IntegerField):
    """A length in whole minutes."""

    def __init__(self, **options: Any) -> None:
        widget = forms.NumberInput(attrs={"inputmode": "numeric"})
        super().__init__(label=_("Length in minutes"), min_value=1, max_value=1440, widget=widget, **options)


class VersionField(forms.IntegerField):
    """The state of the appointment that the person saw."""

    def __init__(self) -> None:
        super().__init__(min_value=0, max_value=_LARGEST_VERSION, widget=forms.HiddenInput)


class ZoneField(forms.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(label=_("Time zone"), choices=zone_choices, **options)


class LocaleField(forms.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(label=_("Language"), choices=locale_choices, **options)


def instant_in(form: forms.Form, zone_name: str) -> datetime:
    """The instant (UTC) that the form's date and time mean in the zone; of a fold hour the earlier one.

    Raises Invalid for field time where clocks jump over it, for field start where it is beyond all calendars.
    """
    day: date = form.cleaned_data["date"]
    at: time = form.cleaned_data["time"]
    try:
        return zones.instant_of(datetime.combine(day, at), zone_name)
    except zones.GapTime:
        raise Invalid(
            "time",
            N_("This time does not exist on that day in %(zone)s: the clocks jump forward over it."),
            zone=zone_name.replace("_", " "),
        ) from None
    except OverflowError:
        raise Invalid("start", N_("Please choose a time within the next two years.")) from None


class LeadForm(forms.Form):
    name = forms.CharField(label=_("Name"), widget=forms.TextInput(attrs={"autocomplete": "off"}))
    company = forms.CharField(label=_("Company"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.CharField(
        label=_("Email"), widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off", "spellcheck": "false"})
    )
    phone = forms.CharField(
        label=_("Phone"), required=False, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    )
    locale = LocaleField(help_text=_("Emails to this person are written in this language."))
    time_zone = ZoneField(help_text=_("Emails to this person show times in this time zone."))
    owner = forms.ChoiceField(
        label=_("Looked after by"),
        required=False,
        help_text=_("Appointments that this person books come to this member first, if they are free."),
    )

    def offer(self, owners: Sequence[Member]) -> "LeadForm":
        """Who can look after the lead; returns the form."""
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", gettext("Nobody")), *((member.public_id, str(member)) for member in owners)]
        return self


class BookForm(forms.Form):
    """A new appointment. `offer` fills the choices that depend on the workspace."""

    booking_type = forms.ChoiceField(label=_("Booking type"), required=False)
    host = forms.ChoiceField(label=_("Host"))
    title = forms.CharField(
        label=_("Title"), required=False, help_text=_("Leave empty to use the appointment type and the name.")
    )
    date = DateField(label=_("Date"))
    time = TimeField(label=_("Time"))
    duration_minutes = MinutesField()
    time_zone = ZoneField(help_text=_("The date and time above are in this time zone."))
    provider = forms.ChoiceField(label=_("Video meeting"))
    attendees = forms.CharField(
        label=_("More attendees"),
        required=False,
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("Email addresses, separated by commas or line breaks. They get the same emails."),
    )

    def offer(self, types: Sequence[BookingType], hosts: Sequence[Member], providers: Sequence[str]) -> "BookForm":
        """What can be chosen; returns the form."""
        choices: dict[str, list[tuple[str, str]]] = {
            "booking_type": [("", gettext("None"))] + [(kind.slug, kind.title) for kind in types],
            "host": [(host.public_id, str(host)) for host in hosts],
            "provider": [(name, labels.of_provider(name)) for name in providers],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered
        self.fields["provider"].error_messages["invalid_choice"] = gettext(
            "This cannot be chosen at the moment. Please choose another one."
        )
        if not types:
            del self.fields["booking_type"]
        return self


class RescheduleForm(forms.Form):
    date = DateField(label=_("Date"))
    time = TimeField(label=_("Time"))
    duration_minutes = MinutesField()
    version = VersionField()


class HostForm(forms.Form):
    host = forms.ChoiceField(label=_("New host"))
    version = VersionField()

    def offer(self, choices: Sequence[tuple[str, str]]) -> "HostForm":
        """Public ids and what is said of them; returns the form."""
        field = self.fields["host"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        return self


class ProviderForm(forms.Form):
    provider = forms.ChoiceField(label=_("Video meeting"))
    version = VersionField()

    def offer(self, names: Sequence[str]) -> "ProviderForm":
        """What can be chosen; returns the form."""
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, labels.of_provider(name)) for name in names]
        field.error_messages["invalid_choice"] = gettext(
            "This cannot be chosen at the moment. Please choose another one."
        )
        return self


class DeclineForm(forms.Form):
    reason = forms.CharField(required=False)


class CancelForm(forms.Form):
    reason = forms.CharField(required=False)
    version = VersionField()


class DeleteForm(forms.Form):
    version = VersionField()


class SettingsForm(forms.Form):
    name = forms.CharField(label=_("Name"), help_text=_("Emails to your leads are sent in this name."))
    time_zone = ZoneField(help_text=_("For new members and new leads."))
    locale = LocaleField(help_text=_("For new leads."))
    confirmation_mails = forms.BooleanField(
        label=_("Send confirmation emails"),
        required=False,
        help_text=_("To the lead and everyone invited, with the join link and a calendar file; changes too."),
    )
    link_wait_seconds = forms.IntegerField(
        label=_("Wait for the link (seconds)"),
        min_value=0,
        max_value=600,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_(
            "How long a confirmation waits for the join link. After that it goes out and says that the link follows."
        ),
    )
