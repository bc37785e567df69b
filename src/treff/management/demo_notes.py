"""A meeting of the demo's last week that notes were taken of."""

import json
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.notetaking import consenting, plan, queries, reconcile
from treff.notetaking.writing import write_notes

# Who says what, and after how many seconds.
TALK = (
    (6, "{lead}", "Guten Tag! Danke, dass Sie sich Zeit nehmen."),
    (12, "{host}", "Sehr gern. Lassen Sie uns mit dem Dach beginnen. Wie groß ist es?"),
    (21, "{lead}", "Etwa sechzig Quadratmeter, nach Süden, ohne Schatten."),
    (30, "{host}", "Dann passen zehn Kilowatt gut. Brauchen Sie einen Speicher?"),
    (39, "{lead}", "Vorerst nicht. Einverstanden, zehn Kilowatt ohne Speicher."),
    (48, "{host}", "Ich schicke Ihnen bis Freitag ein Angebot mit zwei Varianten."),
    (57, "{lead}", "Ich sende Ihnen die Stromrechnung des letzten Jahres."),
)


def take(appointment: Appointment, bots_url: str) -> None:
    """The client says yes, a bot joins at the start and hears them out, and the model writes: all at its own time."""
    appointment = Appointment.objects.select_related("lead", "host__user").get(pk=appointment.pk)
    agreed_at = appointment.start_at - timedelta(hours=19)
    _control(bots_url, "clock", {"now": agreed_at.isoformat()})
    with clock.at(agreed_at):
        consenting.answer(consenting.token_for(appointment, appointment.lead.email), agrees=True)
    _arrange_talk(bots_url, appointment)
    _work(bots_url, appointment.start_at - plan.AHEAD)
    for seconds in range(0, 90, 10):
        _work(bots_url, appointment.start_at + timedelta(seconds=seconds))
    _control(bots_url, "act", {"act": "end_meeting", "meeting_url": appointment.join_url})
    for seconds in range(90, 180, 15):
        _work(bots_url, appointment.start_at + timedelta(seconds=seconds))
    _control(bots_url, "clock", {"offset_seconds": 0})


def _work(bots_url: str, at: datetime) -> None:
    """What a worker would do then."""
    _control(bots_url, "clock", {"now": at.isoformat()})
    with clock.at(at):
        for recording_id in queries.due(timedelta(minutes=15), 10):
            reconcile.look(recording_id)
        for notes_id in queries.notes_due(10):
            write_notes(notes_id)


def _arrange_talk(bots_url: str, appointment: Appointment) -> None:
    """What will be said in its meeting, once a bot is there."""
    lead, host, meeting_url = appointment.lead.name, str(appointment.host), appointment.join_url
    names = {"lead": lead, "host": host}
    said = [
        {"speaker": who.format(**names), "text": text, "after_seconds": after, "duration_ms": 5000}
        for after, who, text in TALK
    ]
    _control(bots_url, "utterances", {"meeting_url": meeting_url, "utterances": said})
    _control(bots_url, "meetings", {"meeting_url": meeting_url, "participants": [lead, host]})


def _control(bots_url: str, what: str, order: Mapping[str, object]) -> None:
    request = urllib.request.Request(  # noqa: S310  our own simulator
        f"{bots_url}/_control/{what}", json.dumps(order).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        return
