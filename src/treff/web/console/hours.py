"""When a member receives: hours, other hours, time off, holidays, calendars, and why a day has nothing free.

A member edits their own, administrators everybody's: the same pages under two addresses.
"""

from collections.abc import Callable, Mapping

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.availability import actions
from treff.availability.actions import TimeOff
from treff.availability.errors import AccountGone
from treff.availability.queries import feeds
from treff.availability.rules import MINUTES_OF_DAY
from treff.conferencing import free_busy
from treff.kernel.errors import TreffError
from treff.web.connecting import begin
from treff.web.console import hours_page
from treff.web.console.forms import complain
from treff.web.console.hours_forms import (
    CopyForm,
    FeedForm,
    HolidaysForm,
    OverrideForm,
    PolicyForm,
    TimeOffForm,
    TimeZoneForm,
    WeeklyForm,
)
from treff.web.console.hours_page import Subject
from treff.web.console.saying import changes, said
from treff.web.policy import Visit, within_workspace
from treff.workspaces.errors import NotHere
from treff.workspaces.queries import members
from treff.workspaces.states import Permission

# Saves what a valid form says, and returns what a person reads then besides what has changed. Raises TreffError.
Save = Callable[[Visit, str, forms.Form], str]


def _save_hours(visit: Visit, member_id: str, form: forms.Form) -> str:
    assert isinstance(form, WeeklyForm)
    actions.set_hours(visit.scope, member_id, form.weekly())
    copied = form.copies()
    if not copied:
        return ""
    days = ", ".join(str(WEEKDAYS[target]) for _source, target in copied)
    return gettext("Those of %(day)s hold on these days as well: %(days)s.") % {
        "day": WEEKDAYS[copied[0][0]],
        "days": days,
    }


def _save_time_zone(visit: Visit, member_id: str, form: forms.Form) -> str:
    member = actions.set_time_zone(visit.scope, member_id, form.cleaned_data["time_zone"])
    return gettext("Hours are meant in %(zone)s now. Appointments and times off stay when they are.") % {
        "zone": member.time_zone.replace("_", " ")
    }


def _save_override(visit: Visit, member_id: str, form: forms.Form) -> str:
    assert isinstance(form, OverrideForm)
    first, last = form.days()
    actions.set_override(visit.scope, member_id, first, last, form.spans())
    return gettext("The hours of these days are saved.")


def _save_time_off(visit: Visit, member_id: str, form: forms.Form) -> str:
    assert isinstance(form, TimeOffForm)
    given = form.cleaned_data
    wanted = TimeOff(
        given["first"],
        given["last"] or given["first"],
        form.minute("start", 0),
        form.minute("until", MINUTES_OF_DAY),
        given["note"],
    )
    actions.add_time_off(visit.scope, member_id, wanted)
    return gettext("The time off is saved.")


def _save_holidays(visit: Visit, member_id: str, form: forms.Form) -> str:
    given = form.cleaned_data
    actions.set_holidays(visit.scope, member_id, given["country"], given["region"])
    return ""


def _save_feed(visit: Visit, member_id: str, form: forms.Form) -> str:
    given = form.cleaned_data
    feed = actions.add_feed(visit.scope, member_id, given["address"], given["policy"])
    return gettext("The calendar of %(host)s is being read. Its busy times count in a moment.") % {"host": feed.host}


def _save_copy(visit: Visit, member_id: str, form: forms.Form) -> str:
    changed = actions.copy_hours(visit.scope, member_id, form.cleaned_data["members"])
    names = ", ".join(str(member) for member in changed)
    return gettext("These weekly hours hold for %(names)s as well.") % {"names": names}


_SAVES: Mapping[str, tuple[type[forms.Form], Save]] = {
    "hours": (WeeklyForm, _save_hours),
    "time-zone": (TimeZoneForm, _save_time_zone),
    "override": (OverrideForm, _save_override),
    "time-off": (TimeOffForm, _save_time_off),
    "holidays": (HolidaysForm, _save_holidays),
    "feed": (FeedForm, _save_feed),
    "copy": (CopyForm, _save_copy),
}
PARTS = tuple(_SAVES)


@require_safe
@within_workspace(Permission.EDIT_OWN_HOURS)
def availability(visit: Visit) -> HttpResponse:
    return _show(visit, _subject(visit), {}, 200)


@require_safe
@within_workspace(Permission.EDIT_HOURS)
def availability_of(visit: Visit, member_id: str) -> HttpResponse:
    return _show(visit, _subject(visit, member_id), {}, 200)


@require_POST
@within_workspace(Permission.EDIT_OWN_HOURS)
def availability_change(visit: Visit, part: str) -> HttpResponse:
    return _change(visit, _subject(visit), part)


@require_POST
@within_workspace(Permission.EDIT_HOURS)
def availability_change_of(visit: Visit, part: str, member_id: str) -> HttpResponse:
    return _change(visit, _subject(visit, member_id), part)


@require_POST
@within_workspace(Permission.EDIT_OWN_HOURS)
def availability_remove(visit: Visit, part: str) -> HttpResponse:
    return _remove(visit, _subject(visit), part)


@require_POST
@within_workspace(Permission.EDIT_HOURS)
def availability_remove_of(visit: Visit, part: str, member_id: str) -> HttpResponse:
    return _remove(visit, _subject(visit, member_id), part)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_OWN_HOURS)
def feed_remove(visit: Visit, feed_id: str) -> HttpResponse:
    return _remove_feed(visit, _subject(visit), feed_id)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_HOURS)
def feed_remove_of(visit: Visit, feed_id: str, member_id: str) -> HttpResponse:
    return _remove_feed(visit, _subject(visit, member_id), feed_id)


@require_POST
@within_workspace(Permission.EDIT_OWN_HOURS)
def feed_read(visit: Visit, feed_id: str) -> HttpResponse:
    return _read_feed(visit, _subject(visit), feed_id)


@require_POST
@within_workspace(Permission.EDIT_HOURS)
def feed_read_of(visit: Visit, feed_id: str, member_id: str) -> HttpResponse:
    return _read_feed(visit, _subject(visit, member_id), feed_id)


@require_POST
@within_workspace(Permission.EDIT_OWN_HOURS)
def account_calendar(visit: Visit, provider: str) -> HttpResponse:
    """Read when one's own account is busy: at once, or by way of the provider's consent page."""
    form = PolicyForm(visit.request.POST, auto_id="id_account_%s")
    if not form.is_valid():
        return _show(visit, _subject(visit), {"account": form}, 422)
    policy = form.cleaned_data["policy"]
    try:
        is_on = free_busy.switch_on(visit.scope, provider, policy)
    except AccountGone:
        raise NotHere from None
    if not is_on:
        return begin(visit.request, visit.scope, provider, own=True, busy_policy=policy)
    messages.success(visit.request, gettext("The calendar is being read. Its busy times count in a moment."))
    return redirect(_subject(visit).address("availability"))


def _subject(visit: Visit, member_id: str = "") -> Subject:
    """Raises NotHere."""
    found = members(visit.scope).select_related("schedule", "workspace").named(member_id or visit.member.public_id)
    return Subject(visit, found, member_id)


def _change(visit: Visit, subject: Subject, part: str) -> HttpResponse:
    kind, save = _SAVES[part]
    reshaped = WeeklyForm.reshaped(visit.request.POST) if kind is WeeklyForm else None
    if reshaped is not None:
        return _show(visit, subject, {part: reshaped}, 200)
    form = kind(visit.request.POST)
    if isinstance(form, CopyForm):
        form.offer(hours_page.colleagues(subject))
    status = 422
    if form.is_valid():
        before = hours_page.initial_of(subject, part)
        try:
            words = save(visit, subject.member.public_id, form)
        except TreffError as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, _told(_subject(visit, subject.member_id), part, before, words))
            return redirect(f"{subject.address('availability')}?saved={part}")
    return _show(visit, subject, {part: form}, status)


def _told(subject: Subject, part: str, before: forms.Form | None, words: str) -> str:
    """What the form changed, of one that shows what is; then the words of who saved it."""
    now = hours_page.initial_of(subject, part)
    if before is None or now is None:
        return words
    return " ".join(filter(None, (said(changes(now, before.initial, now.initial)), words)))


def _remove(visit: Visit, subject: Subject, part: str) -> HttpResponse:
    """A form without fields to fill in: what it names is there or is gone already."""
    given, member_id = visit.request.POST, subject.member.public_id
    if part == "override":
        form = hours_page.RangeForm(given)
        if form.is_valid():
            actions.remove_override(visit.scope, member_id, form.cleaned_data["first"], form.cleaned_data["last"])
            messages.success(visit.request, gettext("The usual hours hold on these days again."))
    else:
        actions.remove_time_off(visit.scope, member_id, given.get("id", ""))
        messages.success(visit.request, gettext("The time off is removed."))
    return redirect(subject.address("availability"))


def _remove_feed(visit: Visit, subject: Subject, feed_id: str) -> HttpResponse:
    feed = feeds(visit.scope, subject.member).named(feed_id)
    if visit.request.method == "POST":
        actions.remove_feed(visit.scope, subject.member.public_id, feed_id)
        messages.success(
            visit.request,
            gettext("The calendar of %(host)s is removed, and what it said with it.") % {"host": feed.host},
        )
        return redirect(subject.address("availability"))
    context = {"nav": subject.nav, "host": feed.host, "back_url": subject.address("availability")}
    return render(visit.request, "console/availability_feed_remove.html", context)


def _read_feed(visit: Visit, subject: Subject, feed_id: str) -> HttpResponse:
    if actions.read_again(visit.scope, subject.member.public_id, feed_id):
        messages.success(visit.request, gettext("The calendar is being read."))
    else:
        messages.info(visit.request, gettext("The calendar was asked just now. Please wait a moment."))
    return redirect(subject.address("availability"))


def _show(visit: Visit, subject: Subject, bound: Mapping[str, forms.Form], status: int) -> HttpResponse:
    context = hours_page.context_of(visit, subject, bound)
    return render(visit.request, "console/availability.html", context, status=status)
