"""The day at a glance."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext, ngettext, pgettext
from django.views.decorators.http import require_safe

from treff.appointments import queries as appointments
from treff.appointments.models import Appointment
from treff.appointments.states import BLOCKING
from treff.conferencing import overview
from treff.conferencing.queries import connection, meetings_of, standing_of
from treff.conferencing.states import CURED_BY_CONNECTING, GrantState, Sync
from treff.kernel import clock
from treff.kernel.zones import wall_of, zone
from treff.mail.queries import unreached
from treff.web import labels
from treff.web.console.choices import known_providers
from treff.web.console.history import moment
from treff.web.console.meetings import label_of
from treff.web.console.numbers import numbers_of
from treff.web.console.presenting import AppointmentRow, address, appointment_rows
from treff.web.console.requests import waiting_list
from treff.web.console.setting_up import checklist_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

DAYS = 7
# Appointments; the list has the rest, page by page.
MOST_SHOWN = 100
MOST_ATTENTION = 5


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs somebody: for components/alert.html."""

    tone: str
    text: str
    detail: str
    url: str
    action: str


@require_safe
@within_workspace(Permission.SEE)
def today(visit: Visit) -> HttpResponse:
    first_day = wall_of(clock.now(), visit.time_zone).date()
    found = list(
        appointments.between(
            visit.scope,
            start_of(first_day, visit.time_zone),
            start_of(first_day + timedelta(days=DAYS), visit.time_zone),
        ).filter(status__in=BLOCKING)[: MOST_SHOWN + 1]
    )
    context = {
        "nav": "today",
        "day_label": day_label(first_day),
        "zone": visit.time_zone,
        "groups": list(_groups(visit, found[:MOST_SHOWN], first_day)),
        "most_shown": MOST_SHOWN if len(found) > MOST_SHOWN else 0,
        "setup": checklist_of(visit),
        "attention": _attention(visit),
        "waiting": waiting_list(visit),
        "numbers": numbers_of(visit),
        "sync_url": address(visit, "sync") if visit.scope.may(Permission.CONNECT_PROVIDERS) else "",
    }
    return render(visit.request, "console/today.html", context)


def start_of(day: date, zone_name: str) -> datetime:
    """The first instant of the day there, also where the clocks jump over midnight (PEP 495: fold 0 in a gap)."""
    return datetime.combine(day, time.min, tzinfo=zone(zone_name)).astimezone(UTC)


def day_label(day: date) -> str:
    return format_date(day, pgettext("date format: weekday and day in full", "l, j F"))


def _groups(
    visit: Visit, found: Sequence[Appointment], first_day: date
) -> Iterator[tuple[str, Sequence[AppointmentRow]]]:
    """The rows of each day that has any, in the order of the days."""
    rows = appointment_rows(visit, found, meetings_of(found))
    names = {first_day: gettext("Today"), first_day + timedelta(days=1): gettext("Tomorrow")}
    for number in range(DAYS):
        day = first_day + timedelta(days=number)
        of_day = [row for row in rows if wall_of(row.start_at, visit.time_zone).date() == day]
        if of_day:
            yield names.get(day) or day_label(day), of_day


def _attention(visit: Visit) -> list[Attention]:
    """First what concerns the connected account as a whole, then single meetings; at most MOST_ATTENTION of these."""
    troubled = list(
        appointments.upcoming(visit.scope, clock.now())
        .filter(meeting__state__in=(Sync.BLOCKED, Sync.WAITING))
        .select_related("meeting")
    )
    for_account = [row.provider for row in troubled if row.meeting.reason in CURED_BY_CONNECTING]
    single = [row for row in troubled if row.meeting.reason not in CURED_BY_CONNECTING]
    items = [*_account_trouble(visit, Counter(for_account)), *(_meeting_trouble(visit, row) for row in single)]
    shown, more = items[: MOST_ATTENTION + 1], len(items) - MOST_ATTENTION - 1
    if more > 0:
        text = ngettext("%(count)d more appointment waits.", "%(count)d more appointments wait.", more)
        url = address(visit, "sync" if visit.scope.may(Permission.CONNECT_PROVIDERS) else "appointments")
        shown.append(Attention("warn", text % {"count": more}, "", url, gettext("Show all")))
    return [*shown, *_unreached(visit), *_leftovers(visit)]


def _unreached(visit: Visit) -> Iterator[Attention]:
    """Clients whom no mail reaches: somebody has to call them, or to correct the address."""
    for recipient in unreached(visit.scope, clock.now(), MOST_ATTENTION):
        appointment = recipient.appointment
        names = {"email": recipient.email, "title": appointment.title}
        yield Attention(
            tone="bad",
            text=gettext("No mail reaches %(email)s: %(title)s") % names,
            detail=f"{moment(appointment.start_at, visit.time_zone)} · "
            + gettext("The mail server says that there is no such address."),
            url=address(visit, "appointment", appointment_id=appointment.public_id),
            action=gettext("Open"),
        )


def _leftovers(visit: Visit) -> list[Attention]:
    """That there is something to clean up, for who can."""
    if not visit.scope.may(Permission.CONNECT_PROVIDERS):
        return []
    many = overview.clean_up(visit.scope).filter(overview.is_open()).count()
    if not many:
        return []
    sentence = ngettext(
        "%(count)d meeting may be left over in the video account.",
        "%(count)d meetings may be left over in the video account.",
        many,
    )
    return [
        Attention("info", sentence % {"count": many}, "", f"{address(visit, 'sync')}#clean-up", gettext("Clean up"))
    ]


def _account_trouble(visit: Visit, waiting: Counter[str]) -> list[Attention]:
    """Accounts that do not work: always for who can change it, for others if appointments wait for them."""
    can_cure = visit.scope.may(Permission.CONNECT_PROVIDERS)
    accounts = {provider: connection(visit.scope, provider) for provider in known_providers()}
    names = dict.fromkeys([*(name for name, found in accounts.items() if found is not None), *waiting])
    if not names and can_cure and len(accounts) > 1:
        text = gettext("No video account is connected.")
        return [Attention("info", text, "", address(visit, "video_provider"), gettext("Connect one"))]
    items = []
    for name in names or accounts:
        found = accounts.get(name) or connection(visit.scope, name)
        if (found is None or found.grant.state != GrantState.CONNECTED) and (can_cure or waiting[name]):
            items.append(_of_account(visit, name, found is None, waiting[name], can_cure=can_cure))
    return items


def _of_account(visit: Visit, provider: str, is_missing: bool, waiting: int, *, can_cure: bool) -> Attention:
    names, detail = {"provider": labels.of_provider(provider)}, ""
    missing, broken = gettext("%(provider)s is not connected."), gettext("%(provider)s must be connected again.")
    text = (missing if is_missing else broken) % names
    if waiting:
        sentence = ngettext(
            "%(count)d appointment waits for its link.", "%(count)d appointments wait for their links.", waiting
        )
        detail = sentence % {"count": waiting}
    if not can_cure:
        return Attention("warn", text, f"{detail} " + gettext("An administrator can connect an account."), "", "")
    connect, again = gettext("Connect %(provider)s"), gettext("Reconnect %(provider)s")
    action = (connect if is_missing else again) % names
    return Attention("bad" if waiting else "info", text, detail, address(visit, "video_provider"), action)


def _meeting_trouble(visit: Visit, appointment: Appointment) -> Attention:
    standing = standing_of(appointment, appointment.meeting)
    url = address(visit, "appointment", appointment_id=appointment.public_id)
    return Attention(
        tone="bad" if standing.state == Sync.BLOCKED else "warn",
        text=f"{label_of(standing, appointment, appointment.meeting)}: {appointment.title}",
        detail=f"{moment(appointment.start_at, visit.time_zone)} · {gettext(standing.explanation.message)}",
        url=url,
        action=gettext("Open"),
    )
