"""What the examples of the design page are filled with. None of it is anybody's."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
DAYS = [("mon", "Monday"), ("tue", "Tuesday")]


class SampleForm(forms.Form):
    """One field of each kind; posted empty, it says what is wrong."""

    name = forms.CharField(label="Name", help_text="As the lead reads it.")
    phone = forms.CharField(label="Phone", required=False)
    language = forms.ChoiceField(label="Language", choices=[("de", "German"), ("en", "English")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    remind = forms.BooleanField(label="Send a reminder", required=False)
    days = forms.MultipleChoiceField(label="Days", required=False, choices=DAYS, widget=forms.CheckboxSelectMultiple)


def sample() -> dict[str, Any]:
    """The context of every example."""
    wrong = SampleForm({"language": "de"}, prefix="wrong")
    wrong.add_error(None, "The host already has an appointment at this time.")
    return {
        "at": AT,
        "until": AT + timedelta(minutes=45),
        "zone": ZONE,
        "form": SampleForm(),
        "wrong": wrong,
        "rows": [_row("in_step", "ok", "In step with Zoom"), _row("waiting", "warn", "Waiting for Zoom")],
        "choices": [
            SimpleNamespace(value="zoom", label="Zoom", hint="The lead gets a link by email.", available=True),
            SimpleNamespace(value="none", label="No conferencing", hint="In person or by phone.", available=True),
            SimpleNamespace(value="teams", label="Teams", hint="An administrator can connect it.", available=False),
        ],
        "spans": SimpleNamespace(
            value=[("09:00", "12:00"), ("13:00", "17:00")], html_name="monday", auto_id="id_monday", errors=[]
        ),
        "messages": [
            Message(constants.SUCCESS, "The appointment is booked."),
            Message(constants.INFO, "That lead was merged into this one."),
            Message(constants.WARNING, "The link is still on its way."),
            Message(constants.ERROR, "That time has just been taken."),
        ],
        "workspace": SimpleNamespace(name="Nordlicht Solar", slug="nordlicht-solar"),
        "workspaces": [
            SimpleNamespace(name="Nordlicht Solar", slug="nordlicht-solar"),
            SimpleNamespace(name="Nordlicht Wärme", slug="nordlicht-waerme"),
        ],
        "member": SimpleNamespace(name="Petra Lindner", role_label="Owner", is_admin=True),
        "nav": "leads",
    }


def _row(state: str, tone: str, label: str) -> SimpleNamespace:
    conference = SimpleNamespace(state=state, label=label, tone=tone, join_url="", message="")
    return SimpleNamespace(
        title=f"First call ({label})",
        start_at=AT,
        end_at=AT + timedelta(minutes=45),
        zone=ZONE,
        lead_name="Lena Lead",
        host_name="Rita Rep",
        status="booked",
        status_label="Booked",
        url="#component-appointment_list",
        conference=conference,
    )
