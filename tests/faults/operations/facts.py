"""What must hold, by the names of reliability.md 0.2: at once, and when all is at rest."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from tests.conferencing.events import jobs
from tests.faults.operations.place import Place
from tests.simulators.zoom.driver import Driver
from treff.appointments.models import Appointment, HostBusy
from treff.audit.models import AuditEntry
from treff.conferencing import journal, overview
from treff.conferencing.models import Attempt, Grant, Meeting
from treff.conferencing.states import AttemptState, GrantState
from treff.web.models import SubmittedOnce

OPEN = (AttemptState.INTENT, AttemptState.AMBIGUOUS)
LISTED = (AttemptState.STRAY, AttemptState.LEFT_BEHIND)
TABLES = (
    *("appointments_appointment", "appointments_attendee", "appointments_hostbusy", "audit_auditentry"),
    *("conferencing_attempt", "conferencing_connection", "conferencing_grant", "conferencing_usage"),
    *("notices_notice", "people_lead", "procrastinate_jobs", "web_submittedonce"),
)


def fingerprint() -> tuple[object, ...]:
    """Of all that is stored, with the leases of meetings at the end; the same as long as nothing has changed."""
    rows = [
        *map("SELECT t::text AS row FROM {} t".format, TABLES),
        "SELECT (to_jsonb(t) - 'epoch' - 'lease_until' - 'next_look_at')::text AS row FROM conferencing_meeting t",
        "SELECT (epoch, lease_until, next_look_at)::text AS row FROM conferencing_meeting",
    ]
    digest = "SELECT md5(string_agg(row, '' ORDER BY row)) FROM ({}) rows"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(map(digest.format, rows)))
        digests = cursor.fetchall()
    files = sorted((path.name, path.stat().st_mtime_ns) for path in settings.TREFF_DATA_DIR.rglob("*"))
    return (*files, *digests)


def is_same_but_for_leases(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    return before[:-1] == after[:-1]


def alive(zoom: Driver) -> dict[str, dict[str, Any]]:
    """What Zoom truly has: by user, by id."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for meeting in zoom.alive():
        found[meeting["host_id"]][str(meeting["id"])] = meeting
    return found


def attempts(place: Place, *states: AttemptState) -> list[Attempt]:
    found = Attempt.objects.filter(meeting__appointment__workspace=place.stage.owner.workspace)
    return list(found.filter(state__in=states or tuple(AttemptState)))


def links(place: Place) -> dict[int, str]:
    """By the meeting's row."""
    rows = Meeting.objects.filter(appointment__workspace=place.stage.owner.workspace).exclude(external_id="")
    return dict(rows.values_list("pk", "external_id"))


def unlinked(place: Place) -> set[str]:
    """Ids that must never be linked (again)."""
    return {attempt.external_id for attempt in attempts(place) if attempt.state != AttemptState.LINKED} - {""}


# ---- at once ----


def check_whole(appointment: Appointment | None, before: Appointment | None, key: str) -> None:
    """A change is there with all that belongs to it, or not at all: history, busy time, word to workers, answer."""
    answered = SubmittedOnce.objects.filter(key=key).count()
    if appointment is None:
        assert answered == 0, "an answer without a deed"
        return
    changes = appointment.generation - (before.generation if before else 0)
    assert answered <= changes, "an answer without a deed"
    told = AuditEntry.objects.filter(subject=appointment.public_id, deed__startswith="appointment.")
    assert told.count() == appointment.generation
    busy = [(row.busy.lower, row.busy.upper) for row in HostBusy.objects.filter(appointment=appointment)]
    assert busy == ([(appointment.start_at, appointment.end_at)] if appointment.status == "booked" else [])
    asked = [arguments for name, arguments in jobs() if name == "conferencing.look"]
    assert asked.count({"subject_id": appointment.pk}) >= changes, "a change without a wake-up"


def check_meetings(place: Place, there: Mapping[str, Any]) -> None:
    """M1 and M2: one link each, and no meeting at Zoom that we do not know or suspect; none that we know to be gone."""
    linked = attempts(place, AttemptState.LINKED)
    assert {attempt.meeting_id: attempt.external_id for attempt in linked} == links(place)
    assert len(linked) == len(set(links(place).values()))
    known = {attempt.external_id for attempt in [*linked, *attempts(place, *LISTED)]}
    suspected = {attempt.marker for attempt in attempts(place, *OPEN)}
    assert {meeting["agenda"] for external_id, meeting in there.items() if external_id not in known} <= suspected
    assert not {attempt.external_id for attempt in attempts(place, AttemptState.DELETED)} & set(there)


# ---- at rest ----


def check_rest(place: Place, there: Mapping[str, Any]) -> None:
    """M1, M2, M3: all is in step, and what may be left at Zoom (`there` it is) is on the administrator's list."""
    check_meetings(place, there)
    assert attempts(place, AttemptState.INTENT) == []
    assert list(journal.names("created")) == []
    listed = list(overview.clean_up(place.scope))
    known = {*links(place).values(), *(attempt.external_id for attempt in listed)}
    markers = {attempt.marker for attempt in listed}
    for external_id, meeting in there.items():
        assert external_id in known or meeting["agenda"] in markers, f"M2: {meeting} is listed nowhere"
    if place.connection is None:
        return  # whoever disconnected says what must be there
    for appointment in place.appointments():
        if appointment.is_wanted and appointment.provider == "zoom":
            check_in_step(appointment, there)
        else:
            check_nothing_left(appointment)


def check_in_step(appointment: Appointment, there: Mapping[str, Any]) -> None:
    """M3: what Zoom has is what the appointment says, and everybody knows."""
    meeting = Meeting.objects.get(appointment=appointment)
    assert (meeting.state, meeting.reason) == ("in_step", "")
    assert meeting.observed_generation == appointment.generation
    truth = there[meeting.external_id]
    assert datetime.fromisoformat(truth["start_time"]) == appointment.start_at
    assert timedelta(minutes=truth["duration"]) == appointment.duration
    assert truth["topic"] == appointment.title
    assert (appointment.meeting_id, appointment.join_url) == (str(truth["id"]), truth["join_url"])


def check_nothing_left(appointment: Appointment) -> None:
    """M3: no meeting is wanted, none is linked, none waits to be deleted."""
    meeting = Meeting.objects.get(appointment=appointment)
    assert (meeting.state, meeting.reason) == ("unneeded", "")
    assert meeting.observed_generation == appointment.generation
    assert meeting.external_id == appointment.join_url == appointment.meeting_id == ""
    assert not meeting.attempts.filter(state=AttemptState.STRAY).exists()


def check_tokens(zoom: Driver) -> None:
    """T1 and T2: no spent token was shown again, and grants live; unless Zoom's answer to a refresh was lost."""
    lost = lost_refreshes(zoom)
    assert zoom.truth()["refresh_reuse"] <= len(lost)
    assert not Grant.objects.exclude(state=GrantState.CONNECTED).exclude(external_user_id__in=lost).exists()


def lost_refreshes(zoom: Driver) -> list[str]:
    """To whom Zoom gave new tokens that nobody heard of."""
    calls = zoom.truth()["calls"]
    return [call["user_id"] for call in calls if (call["operation"], call["fault"]) == ("refresh", "act_then_reset")]


def grants(place: Place) -> QuerySet[Grant]:
    return Grant.objects.filter(external_user_id=place.zoom_user)
