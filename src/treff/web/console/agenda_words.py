"""Words of the calendar page: its days, who is off, and what agenda.js says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import get_language, gettext

from treff.availability.models import BusyTime
from treff.availability.states import Source
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.web.console.agenda_entries import People, within_days
from treff.web.console.presenting import address
from treff.web.policy import Visit
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Off:
    """`name` where several are shown; `times` empty for the whole day."""

    name: str
    words: str
    times: str


def off_of(visit: Visit, people: People, busy: Sequence[BusyTime], day: date) -> list[Off]:
    span = within_days(visit, day, day + timedelta(days=1))
    names = {each.pk: str(each) for each in people.chosen} if people.several else {}
    found = []
    for row in busy:
        start_at, end_at = max(row.busy.lower, span.start_at), min(row.busy.upper, span.end_at)
        if start_at >= end_at:
            continue
        whole = (start_at, end_at) == (span.start_at, span.end_at)
        times = "–".join(f"{wall_of(at, visit.time_zone):%H:%M}" for at in (start_at, end_at))
        words = gettext("Time off") if row.source == Source.TIME_OFF else gettext("Busy in another calendar")
        found.append(Off(names.get(row.member_id, ""), words, "" if whole else times))
    return found


def options_of(visit: Visit, people: People, day: date, view: str) -> str:
    """What agenda.js starts with, JSON."""
    return json.dumps(
        {
            "day": day.isoformat(),
            "view": view,
            "who": list(people.who),
            "several": people.several,
            "host": "" if people.several else people.chosen[0].public_id,
            "language": get_language(),
            "zone": visit.time_zone,
            "now": wall_of(clock.now(), visit.time_zone).replace(tzinfo=None).isoformat(timespec="seconds"),
            "entries": address(visit, "agenda_entries"),
            "book": address(visit, "agenda_book") if visit.scope.may(Permission.BOOK) else "",
            "can_move": visit.scope.may(Permission.BOOK),
            "words": _words(),
        }
    )


def _words() -> dict[str, str]:
    """%(name)s in them is filled in by agenda.js."""
    return {
        "today": gettext("Today"),
        "day": gettext("Day"),
        "week": gettext("Week"),
        "month": gettext("Month"),
        "prev": gettext("Back"),
        "next": gettext("Forward"),
        "all_day": gettext("All day"),
        "more": gettext("%(count)s more"),
        "empty": gettext("Nothing planned"),
        "request": gettext("Waits for approval"),
        "unconfirmed": gettext("Not confirmed yet"),
        "from": gettext("From %(start)s, %(minutes)s minutes"),
        "to": gettext("To %(start)s, %(minutes)s minutes"),
        "failed": gettext(
            "The answer of the server did not arrive. Please reload the page to see how the appointment is now."
        ),
        "stale": gettext("The calendar could not be read. Please reload the page."),
        "close": gettext("Close"),
    }
