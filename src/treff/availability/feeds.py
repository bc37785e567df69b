"""Reading feeds: what a calendar says becomes the member's busy times, all at once; on trouble the last copy stays."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from treff.availability import calendars, feed_secrets, ports
from treff.availability.errors import AccountGone, AccountUnread, CalendarTooLarge, CalendarUnreadable
from treff.availability.models import BusyFeed, BusyTime
from treff.availability.rules import Span
from treff.availability.states import FeedTrouble, Source
from treff.kernel import clock
from treff.kernel.secrets import SecretError, Tampered
from treff.outbound import fetching
from treff.workspaces import vault
from treff.workspaces.models import Member

log = structlog.get_logger()
EVERY = timedelta(minutes=10)
ACCOUNT_EVERY = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
# Longer than fetching and reading can take together.
LEASE = timedelta(minutes=5)
# So far ahead can be booked at most (appointments.rules.FURTHEST_AHEAD), with room until the next full reading.
AHEAD = timedelta(days=731 + 7)
# An unchanged feed is read in full so often all the same: what recurs in it goes on behind what was expanded.
FULLY_EVERY = timedelta(days=1)
_TROUBLE = {
    fetching.Unreachable: FeedTrouble.UNREACHABLE,
    fetching.Refused: FeedTrouble.REFUSED,
    fetching.TooLarge: FeedTrouble.TOO_LARGE,
    CalendarTooLarge: FeedTrouble.TOO_LARGE,
    CalendarUnreadable: FeedTrouble.UNREADABLE,
}


def read(feed_id: int, network: fetching.Network = fetching.INTERNET) -> None:
    """Read the feed, if it is due and nobody else is reading it."""
    feed = _taken(feed_id)
    if feed is None:
        return
    try:
        spans, etag = _asked(feed, network)
    except AccountGone:
        forget_account(feed.member_id, feed.account)
    except AccountUnread as error:
        log.info("feed_not_read", feed=feed.public_id, trouble=error.trouble.value)
        _failed(feed, error.trouble)
    except SecretError as error:
        if isinstance(error, Tampered):
            vault.report_tampering(error.table, error.row_id)
        _failed(feed, FeedTrouble.LOCKED)
    except tuple(_TROUBLE) as error:
        log.info("feed_not_read", feed=feed.public_id, trouble=type(error).__name__)
        _failed(feed, _TROUBLE[type(error)])
    else:
        _done(feed, spans, etag)


def _asked(feed: BusyFeed, network: fetching.Network) -> tuple[Sequence[Span] | None, str]:
    """When it is busy, None if that has not changed, and the etag to ask by next time."""
    if feed.account:
        return ports.read_account(feed.member_id, feed.account), ""
    fetched = fetching.fetch(feed_secrets.address_of(feed).reveal(), _known_etag(feed), network)
    if fetched.body is None:
        return None, fetched.etag
    return calendars.busy_times(fetched.body, feed.member.time_zone, _window(clock.now())), fetched.etag


def forget_account(member_id: int, account: str) -> None:
    """The account is not connected any more: the switch goes, and the busy times with it."""
    with transaction.atomic():
        deleted, _by_model = BusyFeed.objects.filter(member_id=member_id, account=account).exclude(account="").delete()
        if deleted:
            Member.objects.filter(pk=member_id).update(calendar_version=F("calendar_version") + 1)


def _taken(feed_id: int) -> BusyFeed | None:
    now = clock.now()
    due = BusyFeed.objects.filter(pk=feed_id, due_at__lte=now, lease_until__lte=now, member__is_active=True)
    if not due.update(lease_until=now + LEASE, tried_at=now):
        return None
    return BusyFeed.objects.select_related("workspace", "member").filter(pk=feed_id).first()


def _known_etag(feed: BusyFeed) -> str:
    """Of a copy that is good and not too old."""
    is_recent = feed.copied_at is not None and feed.copied_at > clock.now() - FULLY_EVERY
    return feed.etag if is_recent else ""


def _window(now: datetime) -> Span:
    return int((now - timedelta(days=1)).timestamp()), int((now + AHEAD).timestamp())


def _done(feed: BusyFeed, spans: Sequence[Span] | None, etag: str) -> None:
    """`spans` is None when nothing has changed. Another zone since we began: what was read by the old one is no use."""
    now = clock.now()
    with transaction.atomic():
        member = Member.objects.select_for_update(no_key=True).get(pk=feed.member_id)
        if member.time_zone != feed.member.time_zone:
            _settle(feed, due_at=now, etag="", copied_at=None)
            return
        values: dict[str, object] = {
            "read_at": now,
            "tries": 0,
            "trouble": FeedTrouble.NONE,
            "due_at": _next(_every(feed)),
        }
        was_late = feed.trouble != FeedTrouble.NONE
        if spans is not None:
            values |= {"etag": etag[:200], "copied_at": now}
            if not BusyFeed.objects.filter(pk=feed.pk, lease_until=feed.lease_until).exists():
                return  # removed, or somebody else's by now
            was_late = _replace(feed, spans) or was_late
        if was_late:
            Member.objects.filter(pk=member.pk).update(calendar_version=F("calendar_version") + 1)
        _settle(feed, **values)


def _replace(feed: BusyFeed, spans: Sequence[Span]) -> bool:
    """Whether it made a difference."""
    wanted = {(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)) for start, end in spans}
    stored = {(row.busy.lower, row.busy.upper): row.pk for row in BusyTime.objects.filter(feed=feed)}
    gone = [stored[span] for span in stored.keys() - wanted]
    new = wanted - stored.keys()
    BusyTime.objects.filter(pk__in=gone).delete()
    BusyTime.objects.bulk_create(
        [
            BusyTime(workspace_id=feed.workspace_id, member_id=feed.member_id, source=Source.FEED, feed=feed, busy=span)
            for span in sorted(new)
        ],
        batch_size=1000,
    )
    return bool(gone or new)


def _failed(feed: BusyFeed, trouble: FeedTrouble) -> None:
    pause = min(_every(feed) * 2**feed.tries, LONGEST_PAUSE) if feed.tries < 8 else LONGEST_PAUSE
    _settle(feed, trouble=trouble, tries=feed.tries + 1, due_at=_next(pause))


def _settle(feed: BusyFeed, **values: object) -> None:
    """If the lease is still ours. Who asked meanwhile for another look gets it."""
    now = clock.now()
    mine = BusyFeed.objects.filter(pk=feed.pk, lease_until=feed.lease_until)
    if mine.exclude(due_at=feed.due_at).exists():
        values["due_at"] = now
    mine.update(lease_until=now, **values)


def _every(feed: BusyFeed) -> timedelta:
    return ACCOUNT_EVERY if feed.account else EVERY


def _next(pause: timedelta) -> datetime:
    """With a fifth more or less, so that feeds of one server are not asked all at once."""
    return clock.now() + pause * random.uniform(0.8, 1.2)  # noqa: S311  no secret
