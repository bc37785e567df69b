"""The calendar: day, week and month of oneself, several or all members; appointments are moved and booked in it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import prefetch_related_objects
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from treff.appointments import actions, queries
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing.queries import meetings_of
from treff.kernel import clock
from treff.kernel.errors import N_, Conflict, Invalid
from treff.kernel.zones import GapTime, instant_of, wall_of
from treff.people import queries as people_queries
from treff.people.models import Lead
from treff.web.console.agenda_entries import (
    Entry,
    People,
    appointments_of,
    busy_of,
    entries,
    people_of,
    within_days,
)
from treff.web.console.agenda_words import Off, off_of, options_of
from treff.web.console.forms import RescheduleForm, instant_in
from treff.web.console.lead_list import words_of
from treff.web.console.meetings import overlap_of
from treff.web.console.paging import Order, page_of
from treff.web.console.presenting import AppointmentRow, address, appointment_rows
from treff.web.console.today import day_label
from treff.web.console.undoing import offer_of, sentence_about
from treff.web.errors import sentence_of, status_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

NEWEST_FIRST = Order(("id",), descending=True)

# Of a month with everybody agenda.js asks for one week after the other: none of the answers takes long.
WEEK = MOST_DAYS = 7
# In the list that stands in for the calendar.
MOST_LISTED = 100
VIEWS = ("week", "day", "month")


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day of the list that stands in for the calendar where there are no scripts."""

    label: str
    rows: Sequence[AppointmentRow]
    off: Sequence[Off]


@require_safe
@within_workspace(Permission.SEE)
def agenda(visit: Visit) -> HttpResponse:
    """`date`, `view` and `who` in the address; what is none of these is passed over."""
    query = visit.request.GET
    people = people_of(visit, query)
    today = wall_of(clock.now(), visit.time_zone).date()
    day = _day(query.get("date", "")) or today
    monday = day - timedelta(days=day.weekday())
    view = query.get("view", "")
    days, is_cut = _days(visit, people, monday)
    context = {
        "nav": "appointments",
        "zone": visit.time_zone,
        "people": people,
        "choice": _choice(visit, people),
        "days": days,
        "most_listed": MOST_LISTED if is_cut else 0,
        "waiting": queries.waiting(visit.scope, clock.now()).count(),
        "last_week": _query(people, monday - timedelta(days=WEEK)),
        "this_week": _query(people, today),
        "next_week": _query(people, monday + timedelta(days=WEEK)),
        "options": options_of(visit, people, day, view if view in VIEWS else VIEWS[0]),
        "view": view if view in VIEWS else VIEWS[0],
        "day": day,
    }
    return render(visit.request, "console/agenda.html", context)


def _day(text: str) -> date | None:
    """Of our time, so that what is reckoned from it is a day too."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _query(people: People, day: date) -> str:
    return "?" + urlencode([*(("who", each) for each in people.who), ("date", day.isoformat())])


def _choice(visit: Visit, people: People) -> str:
    if people.everybody:
        return gettext("Everybody")
    if people.several:
        return ngettext("%(count)d person", "%(count)d people", len(people.chosen)) % {"count": len(people.chosen)}
    return gettext("Only me") if people.chosen[0].pk == visit.member.pk else str(people.chosen[0])


def _days(visit: Visit, people: People, monday: date) -> tuple[list[DayRow], bool]:
    """Whether there are more than it shows, too."""
    span = within_days(visit, monday, monday + timedelta(days=WEEK))
    found, busy = appointments_of(visit, people, span), busy_of(people, span)
    listed = found[:MOST_LISTED]
    prefetch_related_objects(listed, "lead", "host__user")
    rows = appointment_rows(visit, listed, meetings_of(listed))
    days = []
    for day in (monday + timedelta(days=number) for number in range(WEEK)):
        of_day = [row for row in rows if wall_of(row.start_at, visit.time_zone).date() == day]
        days.append(DayRow(day_label(day), of_day, off_of(visit, people, busy, day)))
    return days, len(found) > len(listed)


@require_safe
@within_workspace(Permission.SEE)
def agenda_entries(visit: Visit) -> HttpResponse:
    """The entries of the days [from, until), for agenda.js."""
    query = visit.request.GET
    first, until = _day(query.get("from", "")), _day(query.get("until", ""))
    if first is None or until is None or not 0 < (until - first).days <= MOST_DAYS:
        error = Invalid("until", N_("Please ask for one to %(most)d days."), most=MOST_DAYS)
        return JsonResponse({"said": sentence_of(error)}, status=status_of(error))
    found = entries(visit, people_of(visit, query), within_days(visit, first, until))
    names = [each.name for each in fields(Entry)]
    return JsonResponse({"entries": [{name: getattr(each, name) for name in names} for each in found]})


@require_POST
@within_workspace(Permission.BOOK)
def agenda_move(visit: Visit, appointment_id: str) -> HttpResponse:
    """Move it, or change its length, as it was dragged; date and time are wall times in the reader's zone."""
    row = queries.appointment(visit.scope, appointment_id)
    form = RescheduleForm(visit.request.POST)
    if not form.is_valid():
        # Of several errors the first; what was dragged is shown where it was before.
        return JsonResponse({"said": next(iter(form.errors.values()))[0]}, status=422)
    try:
        moved = actions.amend(visit.scope, appointment_id, _amendment(visit, form, row), undoable=True)
    except (Invalid, Conflict) as error:
        return JsonResponse({"said": sentence_of(error)}, status=status_of(error))
    undo = offer_of(visit, moved)
    said = {"said": sentence_about(visit, moved), "warning": overlap_of(visit, moved)}
    return JsonResponse({**said, "undo": asdict(undo) if undo else None})


def _amendment(visit: Visit, form: RescheduleForm, row: Appointment) -> Amendment:
    """A start that reads as before is the one that it is: of an hour that clocks show twice, too. Raises Invalid."""
    given = form.cleaned_data
    start_local = wall_of(row.start_at, visit.time_zone)
    same = (given["date"], given["time"]) == (start_local.date(), start_local.time())
    return Amendment(
        start_at=row.start_at if same else instant_in(form, visit.time_zone),
        duration=timedelta(minutes=given["duration_minutes"]),
        generation=given["version"],
    )


@dataclass(frozen=True, slots=True)
class LeadToBook:
    name: str
    email: str
    company: str
    url: str


@require_safe
@within_workspace(Permission.BOOK)
def agenda_book(visit: Visit) -> HttpResponse:
    """Whom to book with at the time that was clicked."""
    query = visit.request.GET
    words = words_of(query)
    chosen = {name: query[name] for name in ("date", "time", "host") if query.get(name)}
    page = page_of(people_queries.search(visit.scope, words), Lead.objects.within(visit.scope), NEWEST_FIRST, query)
    context = {
        "nav": "appointments",
        "q": words,
        "chosen": chosen,
        "when": _when(chosen),
        "zone": visit.time_zone,
        "leads": [
            LeadToBook(
                each.name,
                each.email,
                each.company,
                f"{address(visit, 'book', lead_id=each.public_id)}?{urlencode(_for_form(visit, chosen))}",
            )
            for each in page.rows
        ],
        "new_url": f"{address(visit, 'lead_new')}?{urlencode({'then': 'book', **_for_form(visit, chosen)})}",
        "prev_url": page.prev_url,
        "next_url": page.next_url,
    }
    return render(visit.request, "console/agenda_book.html", context)


def _for_form(visit: Visit, chosen: dict[str, str]) -> dict[str, str]:
    """As the form of booking reads it: the start as an instant. Of a time that is none, or jumped over, nothing."""
    host = {"host": chosen["host"]} if "host" in chosen else {}
    try:
        wall_local = datetime.fromisoformat(f"{chosen.get('date', '')}T{chosen.get('time', '')}")
        return {"start": f"{instant_of(wall_local, visit.time_zone):%Y-%m-%dT%H:%M:%SZ}", **host}
    except (ValueError, GapTime):
        return host


def _when(chosen: dict[str, str]) -> str:
    """Empty where it is no day."""
    day = _day(chosen.get("date", ""))
    return f"{day_label(day)}, {chosen.get('time', '')}" if day else ""
