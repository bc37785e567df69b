"""Every read about reports, and what is gathered for one."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import reduce
from importlib.metadata import version
from operator import or_
from platform import python_version

import django
from django.db import connection as database
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from treff.appointments import queries as appointments
from treff.appointments.models import Appointment
from treff.audit.queries import of_subject
from treff.booking_types.states import Provider
from treff.conferencing import queries as conferencing
from treff.conferencing.models import Attempt, Meeting
from treff.kernel.stored import is_known
from treff.mail.ports import ReportLetter
from treff.people import queries as people
from treff.support.models import IssueReport
from treff.support.ports import Fact, Seen
from treff.support.rules import LABELS, LONGEST_FACT, id_begins, page_of, without_secrets
from treff.support.states import FactKind
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member, ScopedQuerySet
from treff.workspaces.ports import Scope

MOST_EVENTS = 12


# ---- what is there ----


def reports(scope: Scope) -> ScopedQuerySet[IssueReport]:
    """Those of the member who asks."""
    if scope.member_id is None:
        return IssueReport.objects.none()
    found = IssueReport.objects.within(scope).filter(member_id=scope.member_id)
    return found.select_related("member__user").order_by("-id")


def report(scope: Scope, public_id: str) -> IssueReport:
    """One's own. Raises NotHere."""
    return reports(scope).named(public_id)


def latest(limit: int, workspace_slug: str = "") -> Sequence[IssueReport]:
    """For the operator's commands, newest first."""
    found: QuerySet[IssueReport] = IssueReport.objects.select_related("workspace", "member__user").order_by("-id")
    return list((found.filter(workspace__slug=workspace_slug) if workspace_slug else found)[:limit])


def with_number(number: str) -> IssueReport:
    """For the operator's commands. Raises NotHere."""
    found = IssueReport.objects.select_related("workspace", "member__user")
    row = found.filter(public_id__startswith=id_begins(number)).first()
    if row is None:
        raise NotHere
    return row


def about(workspace_id: int, ids: Collection[str]) -> QuerySet[IssueReport]:
    """Reports to which one of these leads or appointments (public ids) was attached, or the page of one."""
    attached = IssueReport.objects.annotate(attached=Cast("facts", TextField()))
    names_one = reduce(or_, (Q(attached__contains=each) for each in ids), Q(pk=None))
    return attached.filter(names_one, workspace_id=workspace_id).order_by("id")


def facts_of(row: IssueReport) -> list[Fact]:
    """Of a kind that only a newer version attaches this one says nothing."""
    return [Fact(FactKind(kind), text) for kind, text in row.facts if is_known(FactKind, kind)]


def found_about(workspace_id: int, ids: Collection[str]) -> list[dict[str, object]]:
    """For who asks what is stored of them (privacy.ports.connect)."""
    return [{"reported_at": row.created_at.isoformat(), "text": row.text} for row in about(workspace_id, ids)]


def letter_of(public_id: str) -> ReportLetter | None:
    """What the operator is mailed (mail.ports.connect)."""
    row = IssueReport.objects.select_related("workspace", "member__user").filter(public_id=public_id).first()
    if row is None:
        return None
    facts = [(LABELS[fact.kind], fact.text) for fact in facts_of(row)]
    return ReportLetter(row.number, row.workspace.name, row.member.user.email, row.text, facts)


# ---- what is gathered ----


def gather(scope: Scope, seen: Seen) -> list[Fact]:
    """All that a report from there attaches. Raises NotHere for an appointment or a lead of nobody's or others'."""
    member = Member.objects.within(scope).select_related("user", "workspace").get(public_id=scope.actor.id)
    if seen.lead_id:
        people.lead(scope, seen.lead_id)
    appointment = appointments.appointment(scope, seen.appointment_id) if seen.appointment_id else None
    meeting = conferencing.meeting_of(appointment) if appointment else None
    gathered = [
        (FactKind.TIME, _instant(seen.at)),
        (FactKind.WORKSPACE, f"{member.workspace.name} ({scope.workspace_slug}, {member.workspace.public_id})"),
        (FactKind.REPORTER, f"{member.user} <{member.user.email}> ({member.role}, {member.public_id})"),
        (FactKind.PAGE, page_of(seen.page)),
        (FactKind.APPOINTMENT, seen.appointment_id),
        (FactKind.LEAD, seen.lead_id),
        (FactKind.MEETING, _meeting(appointment, meeting) if appointment else ""),
        (FactKind.ACCOUNT, _account(scope, appointment) if appointment else ""),
        (FactKind.EVENTS, "\n".join(_events(scope, appointment, meeting)) if appointment else ""),
        (FactKind.BROWSER, " ".join(filter(None, (_line(seen.browser), seen.locale)))),
        (FactKind.VERSIONS, _versions()),
    ]
    return [Fact(kind, text) for kind, text in gathered if text]


def _meeting(appointment: Appointment, meeting: Meeting | None) -> str:
    """How it stands, as the reconciler knows it."""
    standing = conferencing.standing_of(appointment, meeting)
    said = [
        f"{appointment.provider} {standing.state.value} {standing.reason.value}".strip(),
        f"{appointment.status}, change {appointment.generation}",
    ]
    if meeting is not None:
        said += [
            f"provider told of {meeting.observed_generation}",
            f"in step at {_instant(meeting.synced_at)}",
            f"next look {_instant(meeting.next_look_at)}",
            f"failed {meeting.tries} times in a row" if meeting.tries else "",
            _line(meeting.detail),
        ]
    return "; ".join(filter(None, said))


def _account(scope: Scope, appointment: Appointment) -> str:
    """Whether there is one and how it is; nothing of whose it is."""
    if appointment.provider == Provider.NONE:
        return ""
    found = conferencing.connection(scope, appointment.provider, appointment.host.public_id)
    whose = "the host's own" if found else "the workspace's"
    found = found or conferencing.connection(scope, appointment.provider)
    if found is None:
        return "none connected"
    grant = found.grant
    lost = f", {grant.cause} since {_instant(grant.lost_at)}" if grant.lost_at else ""
    return f"{whose}: {grant.state}{lost}, last check {grant.check_result or 'none'} {_instant(grant.checked_at)}"


def _events(scope: Scope, appointment: Appointment, meeting: Meeting | None) -> Iterator[str]:
    """The last deeds with the appointment and creates of its meeting, newest first; who did it by kind only."""
    lines = [
        (entry.at, f"{entry.deed} by {entry.actor_kind}")
        for entry in of_subject(scope.workspace_id, appointment.public_id, MOST_EVENTS)
    ]
    if meeting is not None:
        lines += [(attempt.created_at, _create(attempt)) for attempt in meeting.attempts.order_by("-id")[:MOST_EVENTS]]
    for at, what in sorted(lines, reverse=True)[:MOST_EVENTS]:
        yield f"{_instant(at)} {what}"


def _create(attempt: Attempt) -> str:
    ended = f" at {_instant(attempt.finished_at)}" if attempt.finished_at else ""
    detail = f": {_line(attempt.detail)}" if attempt.detail else ""
    return f"create {attempt.number} {attempt.state}{ended}{detail}"


def _versions() -> str:
    server = f"PostgreSQL {database.pg_version // 10000}"  # type: ignore[attr-defined]
    return f"Treff {version('treff')}, Django {django.get_version()}, Python {python_version()}, {server}"


def _line(text: str) -> str:
    """What comes from a browser or a provider: one line, cut, without what looks like a secret."""
    printable = "".join(char if char.isprintable() else " " for char in text[:2000])
    return without_secrets(" ".join(printable.split()))[:LONGEST_FACT]


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else "never"
