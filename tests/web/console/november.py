"""The console on a Monday in November: when it is, where the pages are, and what evil people type."""

from datetime import UTC, datetime
from typing import Any

from treff.appointments.models import Appointment
from treff.notetaking.models import Transcript

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday
TODAY, LEADS, APPOINTMENTS = "/w/nordlicht/", "/w/nordlicht/leads/", "/w/nordlicht/appointments/"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


def page(appointment: Appointment) -> str:
    return f"{APPOINTMENTS}{appointment.public_id}/"


def transcript_page(row: Transcript, more: str = "") -> str:
    """Or what is below it."""
    return f"{page(row.appointment)}transcript/{row.public_id}/{more}"


def text_of(answer: Any) -> str:
    return str(answer.content.decode())
