"""What the availability page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django import forms
from django.utils.translation import gettext

from treff.appointments.explaining import explain, misfits
from treff.availability import queries
from treff.availability.models import BusyFeed, BusyTime, Schedule
from treff.availability.queries import OverrideRange
from treff.availability.states import FeedPolicy, FeedTrouble
from treff.booking_types.models import BookingType
from treff.booking_types.queries import booking_types
from treff.booking_types.states import HostMode
from treff.conferencing import free_busy
from treff.conferencing.models import Connection
from treff.conferencing.queries import meetings_of
from treff.kernel import clock, zones
from treff.kernel.stored import known
from treff.web import labels
from treff.web.console.forms import DateField
from treff.web.console.hours_forms import (
    CopyForm,
    FeedForm,
    HolidaysForm,
    OverrideForm,
    PolicyForm,
    TimeOffForm,
    TimeZoneForm,
    WeeklyForm,
    WhyForm,
)
from treff.web.console.presenting import address, appointment_rows
from treff.web.policy import Visit
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose hours are shown; `member_id` is empty on the member's own page."""

    visit: Visit
    member: Member
    member_id: str

    @property
    def nav(self) -> str:
        return "admin" if self.member_id else "availability"

    def address(self, name: str, **ids: str) -> str:
        """Of the page or part `name`, for the same member."""
        if self.member_id:
            return address(self.visit, f"{name}_of", member_id=self.member_id, **ids)
        return address(self.visit, name, **ids)


class RangeForm(forms.Form):
    first = DateField()
    last = DateField()


@dataclass(frozen=True, slots=True)
class FeedRow:
    host: str
    label: str
    tone: str
    words: str
    policy: str
    read_at: datetime | None
    is_late: bool
    read_url: str
    remove_url: str
    email: str = ""
    allow_url: str = ""
    video_url: str = ""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of one's own whose calendar could be read, and is not."""

    provider: str
    label: str
    email: str
    host: str
    asks_first: bool
    url: str


@dataclass(frozen=True, slots=True)
class OffRow:
    """`first_day` and `last_day` where it is whole days in the member's zone, else None."""

    id: str
    first_at: datetime
    last_at: datetime
    note: str
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of why: what a rule says, how many starts it took, what was left."""

    text: str
    taken: int
    left: int


def context_of(visit: Visit, subject: Subject, bound: Mapping[str, forms.Form]) -> dict[str, object]:
    """`bound`: the form that was sent and could not be saved, by its part."""
    member, now = subject.member, clock.now()
    schedule = queries.schedule_of(member)
    accounts = _accounts(visit, member)
    feeds = [_feed_row(subject, feed, accounts.get(feed.account), now) for feed in queries.feeds(visit.scope, member)]
    return {
        "nav": subject.nav,
        "subject": member,
        "is_own": member.pk == visit.member.pk,
        "by_admin": bool(subject.member_id),
        "zone": member.time_zone,
        "urls": _addresses(subject),
        "forms": {**_forms(subject, schedule), **{part.replace("-", "_"): form for part, form in bound.items()}},
        "overrides": _overrides(schedule, member, now),
        "off": [_off_row(row, member.time_zone) for row in queries.time_off(visit.scope, member, now)],
        "feeds": feeds,
        "accounts": _unread_accounts(visit, member, accounts),
        "closed_by": ", ".join(row.host for row in feeds if row.is_late and row.policy == FeedPolicy.CLOSED),
        "misfits": _misfits(visit, member, now) if "saved" in visit.request.GET else [],
        **_why(visit, member, now),
    }


def colleagues(subject: Subject) -> Sequence[Member]:
    """Who else can be given these hours by the reader."""
    if not subject.visit.scope.may(Permission.EDIT_HOURS):
        return ()
    return list(members(subject.visit.scope).exclude(pk=subject.member.pk))


def _addresses(subject: Subject) -> dict[str, str]:
    parts = ("hours", "time-zone", "override", "time-off", "holidays", "feed", "copy")
    found = {part.replace("-", "_"): subject.address("availability_change", part=part) for part in parts}
    removals = {f"remove_{part}": part.replace("_", "-") for part in ("override", "time_off")}
    found |= {name: subject.address("availability_remove", part=part) for name, part in removals.items()}
    return {**found, "page": subject.address("availability")}


def initial_of(subject: Subject, part: str) -> forms.Form | None:
    """The form as it shows what is; None of a part that shows nothing."""
    shown = _forms(subject, queries.schedule_of(subject.member))[part.replace("-", "_")]
    return shown if shown is not None and shown.initial else None


def _forms(subject: Subject, schedule: Schedule) -> dict[str, forms.Form | None]:
    others = colleagues(subject)
    return {
        "hours": WeeklyForm.of(schedule),
        "time_zone": TimeZoneForm(initial={"time_zone": subject.member.time_zone}),
        "override": OverrideForm(),
        "time_off": TimeOffForm(),
        "holidays": HolidaysForm(initial={"country": schedule.holidays_country, "region": schedule.holidays_region}),
        "feed": FeedForm(),
        "account": PolicyForm(auto_id="id_account_%s"),
        "copy": CopyForm().offer(others) if others else None,
    }


def _overrides(schedule: Schedule, member: Member, now: datetime) -> list[OverrideRange]:
    return queries.override_ranges(schedule, zones.wall_of(now, member.time_zone).date())


def _off_row(row: BusyTime, zone_name: str) -> OffRow:
    starts, ends = (zones.wall_of(at, zone_name) for at in (row.busy.lower, row.busy.upper))
    is_whole = starts.time() == ends.time() == time()
    days = (starts.date(), ends.date() - timedelta(days=1)) if is_whole else (None, None)
    return OffRow(row.public_id, row.busy.lower, row.busy.upper, row.note, *days)


def _accounts(visit: Visit, member: Member) -> dict[str, Connection]:
    """The reader's own that have a calendar, by account; nobody else's are shown or switched."""
    if member.pk != visit.member.pk:
        return {}
    return {each.grant.account: each for each in free_busy.calendars(visit.scope)}


def _unread_accounts(visit: Visit, member: Member, accounts: Mapping[str, Connection]) -> list[AccountRow]:
    read = set(queries.feeds(visit.scope, member).values_list("account", flat=True))
    return [
        AccountRow(
            each.provider,
            labels.of_provider(each.provider),
            each.grant.email,
            free_busy.host_of(each),
            not free_busy.has_allowed(each),
            address(visit, "account_calendar", provider=each.provider),
        )
        for account, each in accounts.items()
        if account not in read
    ]


def _feed_row(subject: Subject, feed: BusyFeed, account: Connection | None, now: datetime) -> FeedRow:
    trouble = known(FeedTrouble, feed.trouble, FeedTrouble.UNREADABLE)
    late = queries.is_late(feed, now)
    if feed.trouble:
        label, tone = gettext("Not read"), "bad" if late else "warn"
    elif feed.read_at is None:
        label, tone = gettext("Not read yet"), "neutral"
    else:
        label, tone = gettext("In step"), "ok"
    return FeedRow(
        feed.host,
        label,
        tone,
        _trouble_of_account(trouble) if feed.account else _trouble(trouble),
        feed.policy,
        feed.read_at,
        late,
        subject.address("feed_read", feed_id=feed.public_id),
        subject.address("feed_remove", feed_id=feed.public_id),
        account.grant.email if account else "",
        address(subject.visit, "account_calendar", provider=account.provider)
        if account and trouble == FeedTrouble.NOT_ALLOWED
        else "",
        address(subject.visit, "video_provider") if trouble == FeedTrouble.ACCOUNT_LOST else "",
    )


def _trouble_of_account(trouble: FeedTrouble) -> str:
    """The same of a connected account, which is asked through its provider."""
    return {
        FeedTrouble.NONE: "",
        FeedTrouble.UNREACHABLE: gettext("The calendar could not be reached. It is tried again by itself."),
        FeedTrouble.NOT_ALLOWED: gettext(
            "The account does not allow its busy times to be read any more. Its meetings are not concerned."
        ),
        FeedTrouble.ACCOUNT_LOST: gettext("The account has to be connected again; then its calendar is read, too."),
        FeedTrouble.LOCKED: gettext(
            "The stored access to the account cannot be decrypted. Please tell whoever runs this server."
        ),
    }.get(
        trouble,
        gettext("The provider did not give the busy times. It is tried again by itself; the server’s log says why."),
    )


def _trouble(trouble: FeedTrouble) -> str:
    """What is wrong and what helps; nothing of what was answered."""
    return {
        FeedTrouble.NONE: "",
        FeedTrouble.UNREACHABLE: gettext("The calendar could not be reached. It is tried again by itself."),
        FeedTrouble.REFUSED: gettext(
            "The server did not give the calendar. Perhaps its address is not valid any more: remove it here and add "
            "the new one."
        ),
        FeedTrouble.TOO_LARGE: gettext("The calendar is too large to be read: at most 5 MB and 20,000 entries."),
        FeedTrouble.UNREADABLE: gettext("What the address gives is no calendar (.ics)."),
        FeedTrouble.LOCKED: gettext(
            "The stored address cannot be decrypted. Please remove the calendar and add it again."
        ),
    }.get(trouble, "")


def _misfits(visit: Visit, member: Member, now: datetime) -> Sequence[object]:
    found = misfits(visit.scope, member, now)
    return appointment_rows(visit, found, meetings_of(found))


def _why(visit: Visit, member: Member, now: datetime) -> dict[str, object]:
    kinds = list(booking_types(visit.scope).filter(hosts__member=member).select_related("workspace"))
    today = zones.wall_of(now, member.time_zone).date()
    given = visit.request.GET if "day" in visit.request.GET else None
    form = WhyForm(given, initial={"day": today}).offer(kinds)
    if not form.is_valid():
        return {"why_form": form if kinds else None, "steps": None}
    kind = next(each for each in kinds if each.slug == form.cleaned_data["kind"])
    return {"why_form": form, "steps": _steps(kind, member, form.cleaned_data["day"], now), "together": _together(kind)}


def _steps(kind: BookingType, member: Member, day: date, now: datetime) -> list[StepRow]:
    return [
        StepRow(gettext(step.sentence) % step.params if step.params else gettext(step.sentence), step.taken, step.left)
        for step in explain(kind, member, day, now)
    ]


def _together(kind: BookingType) -> bool:
    return kind.host_mode == HostMode.TOGETHER
