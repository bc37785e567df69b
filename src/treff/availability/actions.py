"""Every write about when members have time. Each is one transaction; what was offered before it is out of date."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import F

from treff.audit.actions import record
from treff.availability import feed_secrets, queries, rules
from treff.availability.errors import TooManyFeeds
from treff.availability.models import BusyFeed, BusyTime
from treff.availability.public_holidays import check_place
from treff.availability.rules import Span
from treff.availability.states import FeedPolicy, FeedTrouble, Source
from treff.kernel import clock, texts
from treff.kernel.errors import N_, Invalid
from treff.outbound.addresses import check_address, host_of
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope
from treff.workspaces.queries import members
from treff.workspaces.rules import check_time_zone
from treff.workspaces.states import Permission

FURTHEST_AHEAD = timedelta(days=731)
MOST_TIME_OFF = 200
MOST_FEEDS = 5
# A feed is asked by hand at most so often: it is no tool to find out what answers where.
BETWEEN_ASKING = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class TimeOff:
    """From a minute of the first day to a minute of the last, in the member's zone; whole days unless it says more."""

    first: date
    last: date
    from_minute: int = 0
    until_minute: int = rules.MINUTES_OF_DAY
    note: str = ""


def set_hours(scope: Scope, member_id: str, weekly: Sequence[Sequence[Sequence[int]]]) -> Member:
    """Monday to Sunday, in minutes of the day. Raises Invalid for field day-0 to day-6, NotAllowed, NotHere."""
    with _editing(scope, member_id, "availability.hours_set") as (member, detail):
        days = [rules.check_spans(f"day-{number}", spans) for number, spans in enumerate(weekly)]
        schedule = queries.schedule_of(member)
        schedule.weekly = _listed(days)
        schedule.save()
        detail["hours"] = schedule.weekly
    return member


def copy_hours(scope: Scope, member_id: str, to_member_ids: Sequence[str]) -> Sequence[Member]:
    """Give others the weekly hours of one, as wall times of their own zones.

    Raises Invalid for field members, NotAllowed, NotHere.
    """
    scope.require(Permission.EDIT_HOURS)
    if not to_member_ids:
        raise Invalid("members", N_("Please choose at least one person."))
    with transaction.atomic():
        weekly = queries.schedule_of(_member(scope, member_id)).weekly
        return [set_hours(scope, other, weekly) for other in sorted(to_member_ids)]


def set_override(scope: Scope, member_id: str, first: date, last: date, spans: Sequence[Sequence[int]]) -> Member:
    """Other hours from one day to another; no spans: closed. Raises Invalid for last and hours, NotAllowed, NotHere."""
    with _editing(scope, member_id, "availability.override_set") as (member, detail):
        today = rules.day_of(int(clock.now().timestamp()), member.time_zone)
        _check_days(first, last, today)
        schedule = queries.schedule_of(member)
        # Days that are over concern nobody any more.
        kept = {day: old for day, old in schedule.overrides.items() if day >= (today - timedelta(days=1)).isoformat()}
        checked = [list(span) for span in rules.check_spans("hours", spans)]
        schedule.overrides = kept | {day.isoformat(): checked for day in rules.days(first, last)}
        if len(schedule.overrides) > rules.MOST_OVERRIDES:
            raise Invalid("last", N_("At most %(most)d days can have other hours."), most=rules.MOST_OVERRIDES)
        schedule.save()
        detail |= {"first": first.isoformat(), "last": last.isoformat(), "hours": checked}
    return member


def remove_override(scope: Scope, member_id: str, first: date, last: date) -> Member:
    """The usual hours hold again from one day to another. Raises NotAllowed, NotHere."""
    with _editing(scope, member_id, "availability.override_removed") as (member, detail):
        schedule = queries.schedule_of(member)
        inside = (first.isoformat(), last.isoformat())
        schedule.overrides = {
            day: spans for day, spans in schedule.overrides.items() if not inside[0] <= day <= inside[1]
        }
        schedule.save()
        detail |= {"first": inside[0], "last": inside[1]}
    return member


def add_time_off(scope: Scope, member_id: str, wanted: TimeOff) -> BusyTime:
    """Raises Invalid for first, last, until and note, NotAllowed, NotHere."""
    with _editing(scope, member_id, "availability.time_off_added") as (member, detail):
        busy = _span(wanted, member.time_zone)
        if queries.time_off(scope, member, clock.now()).count() >= MOST_TIME_OFF:
            raise Invalid("first", N_("At most %(most)d times off, please."), most=MOST_TIME_OFF)
        row = BusyTime.objects.create(
            workspace_id=scope.workspace_id,
            member=member,
            source=Source.TIME_OFF,
            busy=busy,
            note=texts.one_line("note", wanted.note, longest=200),
        )
        detail |= {"from": busy[0].isoformat(), "until": busy[1].isoformat()}
    return row


def remove_time_off(scope: Scope, member_id: str, public_id: str) -> None:
    """Raises NotAllowed, NotHere."""
    with _editing(scope, member_id, "availability.time_off_removed") as (member, detail):
        row = BusyTime.objects.within(scope).filter(member=member, source=Source.TIME_OFF).named(public_id)
        detail |= {"from": row.busy.lower.isoformat(), "until": row.busy.upper.isoformat()}
        row.delete()


def set_holidays(scope: Scope, member_id: str, country: str, region: str) -> Member:
    """Both empty: public holidays are days like others. Raises Invalid for country and region, NotAllowed, NotHere."""
    with _editing(scope, member_id, "availability.holidays_set") as (member, detail):
        schedule = queries.schedule_of(member)
        schedule.holidays_country, schedule.holidays_region = check_place(country, region)
        schedule.save()
        detail |= {"country": country, "region": region}
    return member


def set_time_zone(scope: Scope, member_id: str, name: str) -> Member:
    """Hours are meant in the new zone from now on; appointments and times off stay the instants that they are.

    Feeds are read anew: their all-day events are days there. Raises Invalid for time_zone, NotAllowed, NotHere.
    """
    with _editing(scope, member_id, "availability.time_zone_set") as (member, detail):
        detail |= {"before": member.time_zone, "after": check_time_zone("time_zone", name)}
        Member.objects.filter(pk=member.pk).update(time_zone=name)
        BusyFeed.objects.filter(member=member).update(due_at=clock.now(), etag="", copied_at=None)
        member.time_zone = name
    return member


def add_feed(scope: Scope, member_id: str, address: str, policy: str) -> BusyFeed:
    """A calendar whose busy times count. Raises Invalid for address and policy, NotAllowed, NotHere, TooManyFeeds,
    kernel.secrets.SecretError.
    """
    with _editing(scope, member_id, "availability.feed_added") as (member, detail):
        checked = check_address("address", address)
        check_policy(policy)
        if queries.feeds(scope, member).filter(account="").count() >= MOST_FEEDS:
            raise TooManyFeeds(MOST_FEEDS)
        feed = BusyFeed(workspace=member.workspace, member=member, host=host_of(checked), policy=policy)
        feed_secrets.seal(feed, checked)
        feed.save()
        detail |= {"host": feed.host, "policy": policy}
    return feed


def read_account(scope: Scope, account: str, host: str, policy: str) -> BusyFeed:
    """The calendar of an account that the actor has connected counts from now on; `host`: what is shown of it.

    One that counts already gets the policy and is read anew; two of one account there are not, for verbs about a member
    wait for each other. Raises Invalid for policy, NotAllowed, NotHere.
    """
    with _editing(scope, scope.actor.id, "availability.account_read") as (member, detail):
        check_policy(policy)
        wanted = {"host": host, "policy": policy, "due_at": clock.now(), "tries": 0, "trouble": FeedTrouble.NONE}
        feed, _is_new = BusyFeed.objects.within(scope).update_or_create(
            workspace_id=scope.workspace_id, member=member, account=account, defaults=wanted
        )
        detail |= {"host": host, "policy": policy}
    return feed


def check_policy(policy: str) -> None:
    """Raises Invalid."""
    if policy not in tuple(FeedPolicy):
        raise Invalid("policy", N_("Please choose one of the answers."))


def remove_feed(scope: Scope, member_id: str, public_id: str) -> None:
    """Its address and its busy times are deleted. Raises NotAllowed, NotHere."""
    with _editing(scope, member_id, "availability.feed_removed") as (member, detail):
        feed = queries.feeds(scope, member).named(public_id)
        detail["host"] = feed.host
        feed.delete()


def read_again(scope: Scope, member_id: str, public_id: str) -> bool:
    """Have the feed read now; False if it just was. Raises NotAllowed, NotHere."""
    with transaction.atomic():
        feed = queries.feeds(scope, _member(scope, member_id)).select_for_update(no_key=True).named(public_id)
        now = clock.now()
        if feed.tried_at is not None and feed.tried_at > now - BETWEEN_ASKING:
            return False
        feed.due_at = now
        feed.save(update_fields=["due_at"])
        record(scope.workspace_id, scope.actor, "availability.feed_asked", feed.public_id, {"host": feed.host})
    return True


@contextmanager
def _editing(scope: Scope, member_id: str, deed: str) -> Iterator[tuple[Member, dict[str, object]]]:
    """One verb at a time for a member: yields them and what the history shall tell."""
    with transaction.atomic():
        Member.objects.filter(pk=_member(scope, member_id).pk).update(calendar_version=F("calendar_version") + 1)
        member = members(scope).select_related("schedule", "workspace").named(member_id)
        detail: dict[str, object] = {}
        yield member, detail
        record(scope.workspace_id, scope.actor, deed, member.public_id, detail)


def _member(scope: Scope, member_id: str) -> Member:
    """Whose hours the actor may edit. Raises NotAllowed, NotHere."""
    member = members(scope).select_related("schedule").named(member_id)
    scope.require(Permission.EDIT_OWN_HOURS if member.pk == scope.member_id else Permission.EDIT_HOURS)
    return member


def _check_days(first: date, last: date, today: date) -> None:
    if first > last:
        raise Invalid("last", N_("The last day is before the first."))
    if last < today:
        raise Invalid("last", N_("This is over already."))
    if last > today + FURTHEST_AHEAD:
        raise Invalid("last", N_("Please choose days within the next two years."))


def _span(wanted: TimeOff, zone_name: str) -> tuple[datetime, datetime]:
    """In a gap its end; of a fold hour the whole. Raises Invalid."""
    now = clock.now()
    _check_days(wanted.first, wanted.last, rules.day_of(int(now.timestamp()), zone_name))
    start = rules.instant_of(wanted.first, wanted.from_minute, zone_name, fold=0)
    end = rules.instant_of(wanted.last, wanted.until_minute, zone_name, fold=1)
    if end <= start:
        raise Invalid("until", N_("The end is not after the start."))
    if end <= now.timestamp():
        raise Invalid("until", N_("This is over already."))
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)


def _listed(days: Sequence[Sequence[Span]]) -> list[list[list[int]]]:
    """As JSON has it."""
    return [[list(span) for span in spans] for spans in days]
