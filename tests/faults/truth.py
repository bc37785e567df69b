"""What Zoom truly has of a team, against what our rows say of it: the invariants M1, M2, M3 and E1."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q

from tests.journeys.team import Team
from tests.product import eventually
from treff.appointments.models import Appointment
from treff.conferencing.ledger import LANDED
from treff.conferencing.models import Attempt, Grant, Meeting
from treff.conferencing.states import AttemptState
from treff.kernel import clock
from treff.mail.models import Recipient
from treff.mail.plan import FRESH

ON_THE_WAY = timedelta(seconds=20)  # what was sent so lately may really land later
PATIENCE = 40.0  # seconds; a worker has to start first
OPEN = (AttemptState.INTENT, AttemptState.AMBIGUOUS)
LISTED = (AttemptState.STRAY, AttemptState.LEFT_BEHIND)


def alive(team: Team) -> list[dict[str, Any]]:
    """Meetings of the team's Zoom user."""
    found = team.product.zoom("truth")["meetings"]
    return [meeting for meeting in found if meeting["alive"] and meeting["host_id"] == team.zoom_user["id"]]


def calls(team: Team, operation: str) -> list[dict[str, Any]]:
    """What Zoom read from the team's user, oldest first."""
    found = team.product.zoom("truth")["calls"]
    return [call for call in found if call["operation"] == operation and call["user_id"] == team.zoom_user["id"]]


def await_calls(team: Team, operation: str, number: int) -> None:
    eventually(lambda: len(calls(team, operation)) >= number, f"{number} calls of {operation}", PATIENCE)


def attempts(public_id: str) -> list[str]:
    """What became of each create, in their order."""
    made = Attempt.objects.filter(meeting__appointment__public_id=public_id).order_by("number")
    return list(made.values_list("state", flat=True))


def markers(public_id: str, state: AttemptState) -> list[str]:
    made = Attempt.objects.filter(meeting__appointment__public_id=public_id, state=state).order_by("number")
    return list(made.values_list("marker", flat=True))


def meeting_of(public_id: str) -> Meeting:
    return Meeting.objects.get(appointment__public_id=public_id)


def end_leases() -> None:
    """Some minutes later: what the dead had in hand is free."""
    now = clock.now()
    Meeting.objects.filter(lease_until__gt=now).update(lease_until=now)
    Recipient.objects.filter(lease_until__gt=now).update(lease_until=now)


def knows_all() -> Q:
    """Of recipients: those who have nothing to wait for, but perhaps the time of a reminder."""
    return Q(next_look_at=None) | Q(next_look_at__gt=clock.now() + FRESH, tries=0)


def end_pauses() -> None:
    """Some hours later: what waits for another try, or for an update that may land late, is due."""
    now = clock.now()
    Meeting.objects.filter(confirm_at__gt=now, confirm_at__lte=now + LANDED - ON_THE_WAY).update(confirm_at=now)
    Meeting.objects.filter(next_look_at__gt=now).update(next_look_at=now)
    Recipient.objects.filter(next_look_at__gt=now).exclude(knows_all()).update(next_look_at=now)
    Grant.objects.filter(paused_until__gt=now).update(paused_until=now)


def check(team: Team) -> None:
    """M1 and M2: at most one link each, and no meeting of ours at Zoom that we do not know or suspect."""
    ours = Meeting.objects.filter(appointment__workspace=team.workspace)
    made = Attempt.objects.filter(meeting__in=ours)
    links = list(ours.exclude(external_id="").values_list("external_id", flat=True))
    assert len(links) == len(set(links))
    known = {*links, *made.filter(state__in=LISTED).values_list("external_id", flat=True)}
    suspected = set(made.filter(state__in=OPEN).values_list("marker", flat=True))
    there = alive(team)
    assert {meeting["agenda"] for meeting in there if str(meeting["id"]) not in known} <= suspected
    dead = set(made.filter(state=AttemptState.DELETED).values_list("external_id", flat=True))
    assert not {str(meeting["id"]) for meeting in there} & dead
    assert set(links) <= {str(meeting["id"]) for meeting in there}


def await_in_step(team: Team, public_id: str) -> dict[str, Any]:
    """M3: what Zoom has is what the appointment says, and everybody knows; the appointment as the API shows it."""

    def look() -> bool:
        meeting = Meeting.objects.filter(appointment__public_id=public_id, state="in_step")
        return meeting.filter(observed_generation=F("appointment__generation")).exists()

    eventually(look, f"{public_id} is in step", PATIENCE)
    check(team)
    appointment, meeting = Appointment.objects.get(public_id=public_id), meeting_of(public_id)
    (truth,) = [found for found in alive(team) if str(found["id"]) == meeting.external_id]
    assert datetime.fromisoformat(truth["start_time"]) == appointment.start_at
    assert truth["duration"] * 60 == appointment.duration.total_seconds()
    assert truth["topic"] == appointment.title
    assert (appointment.meeting_id, appointment.join_url) == (str(truth["id"]), truth["join_url"])
    found: dict[str, Any] = team.api.get(f"/appointments/{public_id}")
    assert found["conference"]["join_url"] == truth["join_url"]
    return found


def await_nothing_left(team: Team, public_id: str) -> None:
    """No meeting is wanted, none is there, and the appointment shows none.

    One that was cancelled before anybody looked at it never had a row of the reconciler's.
    """
    ours = Meeting.objects.filter(appointment__public_id=public_id)
    eventually(lambda: not ours.exclude(state="unneeded").exists(), f"{public_id} is put away", PATIENCE)
    check(team)
    appointment = Appointment.objects.get(public_id=public_id)
    assert appointment.join_url == appointment.meeting_id == ""
    assert not ours.exclude(external_id="").exists()
    # Of a create with an unknown outcome one may be there; it is on the list (M2).
    ambiguous = Attempt.objects.filter(meeting__appointment=appointment, state=AttemptState.AMBIGUOUS)
    listed = set(ambiguous.values_list("marker", flat=True))
    there = [meeting for meeting in alive(team) if meeting["topic"] == appointment.title]
    assert [meeting for meeting in there if meeting["agenda"] not in listed] == []


def mails_of(team: Team, booked: dict[str, Any]) -> list[dict[str, Any]]:
    """What its lead was sent, each Message-ID once."""
    return list({mail["message_id"]: mail for mail in team.product.mails(booked["lead"]["email"])}.values())


def await_told(team: Team, booked: dict[str, Any]) -> None:
    """E1: the last mail has the link, and no mail any other."""
    link = team.api.get(f"/appointments/{booked['id']}")["conference"]["join_url"]
    assert link
    eventually(lambda: any(link in mail["text"] for mail in mails_of(team, booked)), "the mail with the link", PATIENCE)
    mails = mails_of(team, booked)
    assert link in mails[-1]["text"]
    others = [meeting["join_url"] for meeting in team.product.meetings(booked["title"]) if meeting["join_url"] != link]
    assert not [mail for mail in mails for other in others if other in mail["text"]]
    sequences = [mail["calendar"][0]["sequence"] for mail in mails]
    assert sequences == sorted(set(sequences))
