"""What must hold when all is settled, by the names of reliability.md 0.2, and what there was of everything."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests import house
from tests.faults.soak.load import Booked
from tests.faults.soak.teams import Team
from tests.product import Product
from treff.appointments.models import Appointment
from treff.conferencing import overview
from treff.conferencing.models import Attempt, Meeting, Usage
from treff.conferencing.states import AttemptState

MOST_REQUESTS_A_DAY = 100


@dataclass
class Found:
    """What is there: our rows, Zoom's truth, the mailbox."""

    truth: Mapping[str, Any]
    appointments: Mapping[str, Appointment]
    meetings: Mapping[int, Meeting]
    attempts: Sequence[Attempt]
    mails: Mapping[str, Sequence[Mapping[str, Any]]]
    alive: dict[str, dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.alive = {str(meeting["id"]): meeting for meeting in self.truth["meetings"] if meeting["alive"]}


def find(product: Product, stories: Sequence[Booked]) -> Found:
    rows = Appointment.objects.filter(public_id__in=[story.public_id for story in stories])
    return Found(
        truth=product.zoom("truth"),
        appointments={row.public_id: row for row in rows},
        meetings={meeting.appointment_id: meeting for meeting in Meeting.objects.filter(appointment__in=rows)},
        attempts=list(Attempt.objects.filter(meeting__appointment__in=rows)),
        mails={story.email: product.mails(story.email) for story in stories},
    )


def violations(found: Found, stories: Sequence[Booked], teams: Sequence[Team]) -> list[str]:
    said = [*_of_meetings(found, teams), *_of_requests(found)]
    for story in stories:
        said += [f"{story.title}: {what}" for what in _of_story(found, story)]
    return said


def _of_meetings(found: Found, teams: Sequence[Team]) -> Iterator[str]:
    """M1, M2, M5."""
    links = Counter(meeting.external_id for meeting in found.meetings.values() if meeting.external_id)
    yield from (
        f"M1: {external_id} is the link of {many} appointments" for external_id, many in links.items() if many > 1
    )
    for attempt in found.attempts:
        if attempt.state in (AttemptState.INTENT, AttemptState.STRAY):
            yield f"M2: {attempt.marker} is {attempt.state} for ever"
        if attempt.state != AttemptState.LINKED and attempt.external_id in links:
            yield f"M5: {attempt.external_id} is {attempt.state}, and linked"
        if attempt.state == AttemptState.DELETED and attempt.external_id in found.alive:
            yield f"M2: {attempt.external_id} is deleted, and alive"
    listed = [attempt for team in teams for attempt in overview.clean_up(house.scope(team.owner))]
    ids, markers = {attempt.external_id for attempt in listed}, {attempt.marker for attempt in listed}
    for external_id, meeting in found.alive.items():
        if external_id not in links and external_id not in ids and meeting["agenda"] not in markers:
            yield f"M2: {external_id} ({meeting['agenda']}) is alive, not linked, and on no list"


def _of_requests(found: Found) -> Iterator[str]:
    """M7, T1."""
    sent: Counter[tuple[str, str]] = Counter()
    for call in found.truth["calls"]:
        if call["operation"] in ("create", "update"):
            sent[call["user_id"], call["at"][:10]] += 1
    for (user, day), many in sent.items():
        if many > MOST_REQUESTS_A_DAY:
            yield f"M7: {many} creates and updates of {user} on {day}"
    if Usage.objects.filter(requests__gt=MOST_REQUESTS_A_DAY).exists():
        yield "M7: more requests are counted than a day has"
    if found.truth["refresh_reuse"]:
        yield f"T1: a spent token was shown {found.truth['refresh_reuse']} times"


def _of_story(found: Found, story: Booked) -> Iterator[str]:
    """B1, M1, M3, E1, E4."""
    row = found.appointments.get(story.public_id)
    if row is None:
        yield "B1: it was confirmed, and is not there"
        return
    if (row.status, row.provider, row.start_at) != (story.status, story.provider, story.start_at):
        yield f"B1: {row.status} {row.provider} {row.start_at}, confirmed was {story}"
    meeting = found.meetings.get(row.pk)
    linked = found.alive.get(meeting.external_id) if meeting is not None else None
    if row.is_wanted and row.provider == "zoom":
        yield from _of_link(row, meeting, linked)
    elif row.join_url or (meeting is not None and (meeting.external_id or meeting.state != "unneeded")):
        yield "M3: no meeting is wanted, and one is linked"
    yield from _of_mails(row, found.mails[story.email])


def _of_link(row: Appointment, meeting: Meeting | None, linked: Mapping[str, Any] | None) -> Iterator[str]:
    if meeting is None or linked is None:
        yield f"M3: the linked meeting is not there: {meeting and (meeting.state, meeting.reason)}"
        return
    if (meeting.state, meeting.observed_generation) != ("in_step", row.generation):
        yield f"M3: {meeting.state} {meeting.reason}"
    there = (datetime.fromisoformat(linked["start_time"]), timedelta(minutes=linked["duration"]), linked["topic"])
    if there != (row.start_at, row.duration, row.title):
        yield f"M3: Zoom has {there}"
    if (row.meeting_id, row.join_url) != (str(linked["id"]), linked["join_url"]):
        yield f"E1: it shows {row.join_url}, Zoom has {linked['join_url']}"


def _of_mails(row: Appointment, mails: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The last one says what is so; none says less than an earlier one."""
    sequences = [mail["calendar"][0]["sequence"] for mail in mails]
    if sequences != sorted(sequences):
        yield f"E4: {sequences}"
    by_id = defaultdict(set)
    for mail, sequence in zip(mails, sequences, strict=True):
        by_id[sequence].add(mail["message_id"])
    if any(len(ids) > 1 for ids in by_id.values()):
        yield "E3: two mails of one sequence that are not the same one"
    if row.status != "booked":
        if mails and mails[-1]["calendar"][0]["method"] != "CANCEL":
            yield "E1: cancelled, and the last mail does not say so"
        return
    if not mails:
        yield "E1: nobody was told"
        return
    last = mails[-1]
    if datetime.fromisoformat(last["calendar"][0]["start"]) != row.start_at:
        yield f"E1: the last mail says {last['calendar'][0]['start']}"
    if row.join_url and row.join_url not in last["text"]:
        yield "E1: the last mail does not have the link"
    if not row.join_url and "/j/" in last["text"]:
        yield "E1: the last mail has a link, and there is none"


def counts(found: Found, stories: Sequence[Booked]) -> dict[str, int | str]:
    """For the table."""
    calls = found.truth["calls"]
    faults = Counter(call["fault"] for call in calls if call["fault"])
    states = Counter(attempt.state for attempt in found.attempts)
    told: Counter[str] = sum((story.told for story in stories), Counter())
    links = {meeting.external_id for meeting in found.meetings.values()}
    mails = [mail for sent in found.mails.values() for mail in sent]
    return {
        "appointments": len(stories),
        "verbs confirmed": sum(told.values()),
        **{f"  {deed}": many for deed, many in told.most_common()},
        "requests to Zoom": len(calls),
        **{f"  {kind}": many for kind, many in Counter(call["operation"] for call in calls).most_common()},
        "of these faulty": f"{sum(faults.values()):,} ({sum(faults.values()) / len(calls):.0%})",
        **{f"  {kind}": many for kind, many in faults.most_common()},
        "meetings that Zoom made": len(found.truth["meetings"]),
        "  linked": len([attempt for attempt in found.attempts if attempt.state == AttemptState.LINKED]),
        "strays deleted": states[AttemptState.DELETED],
        "creates of unknown outcome, listed": states[AttemptState.AMBIGUOUS],
        "  of these really there": sum(external_id not in links for external_id in found.alive),
        "mails": len(mails),
        "  of these sent twice": len(mails) - len({mail["message_id"] for mail in mails}),
    }
