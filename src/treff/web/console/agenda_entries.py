"""What the calendar page shows: appointments, times without time, working hours; wall times in the reader's zone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext

from treff.appointments import queries as appointments
from treff.appointments.models import Appointment, CoHost
from treff.appointments.states import AGREED, BLOCKING, Status
from treff.availability import queries as availability
from treff.availability import rules
from treff.availability.models import BusyTime
from treff.availability.states import Source
from treff.booking_types.rules import LONGEST
from treff.conferencing.models import Meeting
from treff.conferencing.queries import meetings_of, standing_of
from treff.conferencing.states import Sync
from treff.kernel import clock
from treff.kernel.intervals import Interval
from treff.kernel.zones import wall_of
from treff.people.models import Lead
from treff.web.console.meetings import TONES, label_of
from treff.web.console.presenting import address
from treff.web.console.today import start_of
from treff.web.policy import Visit
from treff.workspaces.models import Member
from treff.workspaces.queries import members

EVERYBODY, ONESELF = "all", "me"
COLOURS = 6
_THERE_OR_COMING = (Sync.IN_STEP, Sync.PENDING, Sync.WAITING)


@dataclass(frozen=True, slots=True)
class People:
    """Whose calendar it is: `chosen` of the `active` members. `who`: the same as in the address."""

    active: Sequence[Member]
    chosen: Sequence[Member]
    who: Sequence[str]

    @property
    def several(self) -> bool:
        return len(self.chosen) > 1

    @property
    def everybody(self) -> bool:
        return EVERYBODY in self.who


@dataclass(frozen=True, slots=True)
class Entry:
    """For agenda.js. `start` and `end` are wall times, or days where it is `all_day`; `kind`: appointment, off, hours.

    `title`, `lead` and `host` are plain text. `minutes` and `version` are what a move starts from; the notes say what
    it brings about. `changing`: its meeting is on the way.
    """

    kind: str
    start: str
    end: str
    title: str = ""
    all_day: bool = False
    id: str = ""
    url: str = ""
    move_url: str = ""
    lead: str = ""
    host: str = ""
    colour: int = 0
    minutes: int = 0
    version: int = 0
    is_request: bool = False
    is_unconfirmed: bool = False
    label: str = ""
    tone: str = ""
    changing: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What is read for all appointments at once: names, and `page`, the list's address below which each has its own."""

    page: str
    lead: str
    hosts: str
    place: int


def people_of(visit: Visit, query: QueryDict) -> People:
    """`who` in the address: me, all, or public ids of members; who is not there is left out, nobody means oneself."""
    wanted = set(query.getlist("who"))
    active = list(members(visit.scope).select_related("user", "schedule"))
    if EVERYBODY in wanted:
        return People(active, active, [EVERYBODY])
    chosen = [each for each in active if each.public_id in wanted or (ONESELF in wanted and each.pk == visit.member.pk)]
    if not chosen:
        chosen = [each for each in active if each.pk == visit.member.pk]
    is_oneself = [each.pk for each in chosen] == [visit.member.pk]
    return People(active, chosen, [ONESELF] if is_oneself else [each.public_id for each in chosen])


def within_days(visit: Visit, first: date, until: date) -> Interval:
    """The days [first, until) of the reader."""
    return Interval(start_of(first, visit.time_zone), start_of(until, visit.time_zone))


def appointments_of(visit: Visit, people: People, span: Interval) -> list[Appointment]:
    """Booked or asked for, by start; without those whom they are about."""
    found = appointments.between(visit.scope, span.start_at - LONGEST, span.end_at).filter(status__in=BLOCKING)
    if not people.everybody:
        wanted = [each.pk for each in people.chosen]
        together = CoHost.objects.filter(appointment=OuterRef("pk"), member__in=wanted)
        found = found.filter(Q(host__in=wanted) | Exists(together))
    # Of thousands only what an entry shows: the rest would be most of the time that the page takes.
    lean = found.select_related(None).defer("answers", "before", "manage_token", "manage_digest", "cancel_reason")
    return [row for row in lean if row.end_at > span.start_at]


def busy_of(people: People, span: Interval) -> list[BusyTime]:
    """Time off, and what calendars say that are read."""
    ids = [each.pk for each in people.chosen]
    return list(availability.busy_during(ids, (span.start_at, span.end_at)).order_by("busy", "pk"))


def entries(visit: Visit, people: People, span: Interval) -> list[Entry]:
    rows = appointments_of(visit, people, span)
    busy = busy_of(people, span)
    meetings = meetings_of(rows)
    places = {each.pk: place for place, each in enumerate(people.active)}
    names = {each.pk: str(each) for each in Member.objects.within(visit.scope).select_related("user")}
    together = CoHost.objects.filter(appointment__in=rows).order_by("pk").values_list("appointment_id", "member_id")
    hosts = {row.pk: [names[row.host_id]] for row in rows}
    for appointment_id, member_id in together:
        hosts[appointment_id].append(names[member_id])
    leads = dict(Lead.objects.filter(pk__in={row.lead_id for row in rows}).values_list("pk", "name"))
    page = address(visit, "appointments")
    return [
        *(
            _of_appointment(
                visit,
                row,
                meetings.get(row.pk),
                Shown(page, leads[row.lead_id], ", ".join(hosts[row.pk]), places.get(row.host_id, 0)),
            )
            for row in rows
        ),
        *(_of_busy(visit, people, row) for row in busy),
        *(_of_hours(visit, window) for window in _hours(people, busy, span)),
    ]


def _of_appointment(visit: Visit, row: Appointment, meeting: Meeting | None, shown: Shown) -> Entry:
    standing = standing_of(row, meeting)
    now = clock.now()
    start, end = _wall(visit, row.start_at), _wall(visit, row.end_at)
    can_move = row.start_at > now and row.status in AGREED
    said = standing.state != Sync.UNNEEDED and row.end_at > now
    return Entry(
        kind="appointment",
        id=row.public_id,
        # Where clocks are set back meanwhile they may show an end that is before the start.
        start=start.isoformat(),
        end=(end if end > start else start + row.duration).isoformat(),
        title=row.title,
        url=f"{shown.page}{row.public_id}/",
        move_url=f"{shown.page}{row.public_id}/move/" if can_move else "",
        lead=shown.lead,
        host=shown.hosts,
        colour=shown.place % COLOURS,
        minutes=int(row.duration.total_seconds() // 60),
        version=row.generation,
        is_request=row.status == Status.REQUESTED,
        is_unconfirmed=row.status == Status.UNCONFIRMED,
        label=label_of(standing, row, meeting) if said else "",
        tone=TONES[standing.state],
        changing=said and standing.under_way,
        notes=tuple(_notes(visit, row, bool(row.join_url) or standing.state in _THERE_OR_COMING)) if can_move else (),
    )


def _notes(visit: Visit, row: Appointment, has_meeting: bool) -> Iterator[str]:
    if has_meeting:
        yield gettext("The same meeting moves along; its link stays the same.")
    if visit.workspace.confirmation_mails:
        yield gettext("Everyone invited gets the new time by email.")


def _of_busy(visit: Visit, people: People, row: BusyTime) -> Entry:
    """Whose it is where several are shown; never what a calendar calls it."""
    words = gettext("Time off") if row.source == Source.TIME_OFF else gettext("Busy in another calendar")
    name = next((str(each) for each in people.chosen if each.pk == row.member_id), "")
    start, end = _wall(visit, row.busy.lower), _wall(visit, row.busy.upper)
    whole = start.time() == end.time() == time.min
    return Entry(
        kind="off",
        title=f"{name}: {words}" if people.several else words,
        start=start.date().isoformat() if whole else start.isoformat(),
        end=end.date().isoformat() if whole else end.isoformat(),
        all_day=whole,
    )


def _of_hours(visit: Visit, window: Interval) -> Entry:
    return Entry("hours", _wall(visit, window.start_at).isoformat(), _wall(visit, window.end_at).isoformat())


def _hours(people: People, busy: Sequence[BusyTime], span: Interval) -> list[Interval]:
    """When at least one of them receives and is not off."""
    found: list[rules.Span] = []
    for each in people.chosen:
        hours = availability.hours_of(each, availability.schedule_of(each))
        off = rules.merge(_seconds(row.busy.lower, row.busy.upper) for row in busy if row.member_id == each.pk)
        found += rules.without(rules.merge(rules.windows(hours, _seconds(span.start_at, span.end_at))), off)
    return [Interval(*(datetime.fromtimestamp(at, UTC) for at in each)) for each in rules.merge(found)]


def _seconds(start_at: datetime, end_at: datetime) -> rules.Span:
    return int(start_at.timestamp()), int(end_at.timestamp())


def _wall(visit: Visit, at: datetime) -> datetime:
    return wall_of(at, visit.time_zone).replace(tzinfo=None)
