"""This week and the week before in numbers, on the day's page. A week starts on Monday, where the reader is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.utils.translation import gettext

from treff.appointments.numbers import Portion, Tally, count
from treff.kernel import clock
from treff.kernel.zones import wall_of, zone
from treff.web import labels
from treff.web.policy import Visit
from treff.workspaces.models import Member
from treff.workspaces.states import Permission

WEEK = timedelta(days=7)
THIS, BEFORE = "this", "before"
# Of the bars, in the units of their drawing.
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """A number with its bar, as long as it is large beside the largest of the table. `tone`: a class of the bar."""

    number: int
    width: int
    tone: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    of_what: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Numbers:
    """`is_own`: the reader's own appointments only. No tables where nothing was booked in either week."""

    is_own: bool
    columns: Sequence[str]
    tables: Sequence[Table]


def numbers_of(visit: Visit) -> Numbers:
    """Administrators see everybody's, others their own."""
    sees_all = visit.scope.may(Permission.EDIT_WORKSPACE)
    portions = count(visit.scope, _weeks(visit.time_zone), clock.now(), None if sees_all else visit.member.pk)
    if not portions:
        return Numbers(not sees_all, _columns(), [])
    this = [portion for portion in portions if portion.span == THIS]
    before = [portion for portion in portions if portion.span == BEFORE]
    weeks = [(gettext("This week"), _sum(this)), (gettext("The week before"), _sum(before))]
    tables = [_table(gettext("Both weeks"), gettext("Week"), weeks)]
    if sees_all:
        tables.append(_table(gettext("This week, by host"), gettext("Host"), _by_host(visit, this)))
    tables.append(_table(gettext("This week, by source"), gettext("Source"), _by_source(this)))
    return Numbers(not sees_all, _columns(), [table for table in tables if table.lines])


def _weeks(zone_name: str) -> dict[str, tuple[datetime, datetime]]:
    today = wall_of(clock.now(), zone_name).date()
    monday = today - timedelta(days=today.weekday())
    before, start, end = (
        # The first instant of the day, also where the clocks jump over midnight (PEP 495: fold 0 in a gap).
        datetime.combine(monday + shift, time.min, tzinfo=zone(zone_name)).astimezone(UTC)
        for shift in (-WEEK, timedelta(0), WEEK)
    )
    return {THIS: (start, end), BEFORE: (before, start)}


def _columns() -> Sequence[str]:
    return [gettext("Booked"), gettext("Held"), gettext("Cancelled"), gettext("No-show")]


def _table(caption: str, of_what: str, tallies: Sequence[tuple[str, Tally]]) -> Table:
    largest = max((tally.booked for _, tally in tallies), default=0)
    return Table(caption, of_what, [Line(label, _cells(tally, largest)) for label, tally in tallies])


def _cells(tally: Tally, largest: int) -> Sequence[Cell]:
    numbers = (tally.booked, tally.held, tally.cancelled, tally.no_show)
    tones = ("info", "ok", "bad", "warn")
    return [
        # Whatever is there is seen, however small beside the rest.
        Cell(number, max(2, WIDTH * number // largest) if number else 0, tone, label)
        for number, tone, label in zip(numbers, tones, _columns(), strict=True)
    ]


def _by_host(visit: Visit, portions: Sequence[Portion]) -> Sequence[tuple[str, Tally]]:
    """Former members too; the one with the most first."""
    hosts = {portion.host_id for portion in portions}
    members = Member.objects.within(visit.scope).filter(pk__in=hosts).select_related("user")
    tallies = [(str(host), _sum(p for p in portions if p.host_id == host.pk)) for host in members]
    return sorted(tallies, key=lambda pair: (-pair[1].booked, pair[0]))


def _by_source(portions: Sequence[Portion]) -> Sequence[tuple[str, Tally]]:
    sources = sorted({portion.source for portion in portions})
    tallies = [(labels.of_source(source), _sum(p for p in portions if p.source == source)) for source in sources]
    return sorted(tallies, key=lambda pair: (-pair[1].booked, pair[0]))


def _sum(portions: Iterable[Portion]) -> Tally:
    return sum((portion.tally for portion in portions), Tally())
