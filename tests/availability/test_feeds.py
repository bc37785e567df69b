"""Feeds against an https server: what they say counts, and what holds when they say nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests import house
from tests.availability.calendar_text import NINE_TO_TEN, calendar, event
from tests.availability.conftest import NOW
from tests.outbound.site import HOST, Reply, Site
from treff.appointments import offers
from treff.availability import actions, feeds, queries, tasks
from treff.availability.models import BusyFeed, BusyTime
from treff.availability.states import FeedTrouble
from treff.booking_types.models import BookingType, TypeHost
from treff.kernel import clock
from treff.workspaces.models import Member

ADDRESS = f"https://{HOST}/basic.ics"
LATER = event("DTSTART:20261202T090000Z", "DTEND:20261202T100000Z", uid="2")


@contextmanager
def after(**passed: float) -> Iterator[None]:
    with clock.at(NOW + timedelta(**passed)):
        yield


def added(rita: Member, policy: str = "closed") -> BusyFeed:
    with after():
        return actions.add_feed(house.scope(rita), rita.public_id, ADDRESS, policy)


def read(feed: BusyFeed, site: Site, **passed: float) -> BusyFeed:
    with after(**passed):
        feeds.read(feed.pk, site.network())
    feed.refresh_from_db()
    return feed


def starts(feed: BusyFeed) -> list[str]:
    return [f"{row.busy.lower:%m-%d %H:%M}" for row in BusyTime.objects.filter(feed=feed).order_by("busy")]


def test_what_a_feed_says_is_busy_and_follows_it(rita: Member, site: Site) -> None:
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN), headers={"ETag": '"1"'})
    feed = read(added(rita), site)
    assert (starts(feed), feed.trouble, feed.read_at) == (["12-01 09:00"], "", NOW)
    row = BusyTime.objects.get(feed=feed)
    assert (row.member, row.note) == (rita, "")
    version = Member.objects.get(pk=rita.pk).calendar_version

    site.pages["/basic.ics"] = Reply(body=calendar(LATER))
    read(feed, site, minutes=15)
    assert starts(feed) == ["12-02 09:00"]
    assert Member.objects.get(pk=rita.pk).calendar_version == version + 1


def test_a_feed_that_has_not_changed_is_not_sent_again_and_once_a_day_it_is(rita: Member, site: Site) -> None:
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN), headers={"ETag": '"1"'})
    feed = read(added(rita), site)
    site.pages["/basic.ics"] = Reply(304)
    read(feed, site, minutes=15)
    assert site.asked[-1][1]["if-none-match"] == '"1"'
    assert (starts(feed), feed.read_at) == (["12-01 09:00"], NOW + timedelta(minutes=15))
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN))
    read(feed, site, hours=25)
    assert "if-none-match" not in site.asked[-1][1]


def test_a_feed_is_read_every_ten_minutes_or_so_and_by_one_at_a_time(rita: Member, site: Site) -> None:
    site.pages["/basic.ics"] = Reply(body=calendar())
    feed = read(added(rita), site)
    assert feed.due_at is not None
    assert timedelta(minutes=8) <= feed.due_at - NOW <= timedelta(minutes=12)
    read(feed, site, minutes=7)
    assert len(site.asked) == 1
    BusyFeed.objects.filter(pk=feed.pk).update(lease_until=NOW + timedelta(hours=1))
    read(feed, site, minutes=30)
    assert len(site.asked) == 1


TROUBLES = [
    (Reply(404), FeedTrouble.REFUSED),
    (Reply(500, body=b"root:x:0:0"), FeedTrouble.REFUSED),
    (Reply(302, {"Location": "https://127.0.0.1/"}), FeedTrouble.UNREACHABLE),
    (Reply(body=b"<html>Sign in</html>"), FeedTrouble.UNREADABLE),
    (Reply(body=b"BEGIN:VEVENT\r\n" * 20_001), FeedTrouble.TOO_LARGE),
]


@pytest.mark.attack("A-070")
@pytest.mark.parametrize(("reply", "trouble"), TROUBLES)
def test_on_trouble_the_last_good_copy_is_kept_and_the_pauses_grow(
    rita: Member, site: Site, reply: Reply, trouble: FeedTrouble
) -> None:
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN))
    feed = read(added(rita), site)
    site.pages["/basic.ics"] = reply
    pauses = []
    for hours in range(1, 5):
        BusyFeed.objects.filter(pk=feed.pk).update(due_at=NOW)
        read(feed, site, hours=hours)
        assert feed.due_at is not None
        pauses.append(feed.due_at - NOW - timedelta(hours=hours))
    assert (starts(feed), feed.trouble, feed.read_at, feed.tries) == (["12-01 09:00"], trouble, NOW, 4)
    assert pauses[0] <= timedelta(minutes=12) < timedelta(minutes=45) <= pauses[3] <= timedelta(minutes=72)
    site.pages["/basic.ics"] = Reply(body=calendar(LATER))
    read(feed, site, hours=9)
    assert (starts(feed), feed.trouble, feed.tries) == (["12-02 09:00"], "", 0)


@pytest.mark.attack("A-066")
def test_what_is_inside_tells_itself_apart_by_nothing(rita: Member, site: Site) -> None:
    """A name that leads inside, a name that does not exist, and a server that does not answer are the same trouble."""
    feed = added(rita)
    seen = set()
    for number, addresses in enumerate([["127.0.0.1"], ["10.0.0.1"], []], start=1):
        site.names[HOST] = [addresses]
        BusyFeed.objects.filter(pk=feed.pk).update(due_at=NOW)
        read(feed, site, hours=number)
        seen.add((feed.trouble, feed.read_at))
    assert seen == {("unreachable", None)}
    assert site.connected == []


@pytest.mark.attack("A-066")
def test_a_feed_is_read_again_by_hand_but_not_as_fast_as_one_clicks(rita: Member, site: Site) -> None:
    site.pages["/basic.ics"] = Reply(404)
    feed, scope = read(added(rita), site), house.scope(rita)
    with after(seconds=5):
        assert not actions.read_again(scope, rita.public_id, feed.public_id)
    with after(seconds=20):
        assert actions.read_again(scope, rita.public_id, feed.public_id)
    read(feed, site, seconds=21)
    assert len(site.asked) == 2


def test_another_time_zone_has_the_feed_read_in_full_for_the_days_there(rita: Member, site: Site) -> None:
    site.pages["/basic.ics"] = Reply(body=calendar(event("DTSTART;VALUE=DATE:20261201")), headers={"ETag": '"1"'})
    feed = read(added(rita), site)
    assert starts(feed) == ["11-30 23:00"]
    with after(minutes=1):
        actions.set_time_zone(house.scope(rita), rita.public_id, "America/New_York")
    read(feed, site, minutes=2)
    assert starts(feed) == ["12-01 05:00"]


def test_a_feed_whose_key_is_gone_says_so_and_asks_nobody(rita: Member, site: Site) -> None:
    feed = added(rita)
    BusyFeed.objects.filter(pk=feed.pk).update(address="1.AAAA.AAAA")
    read(feed, site)
    assert (feed.trouble, site.asked) == (FeedTrouble.LOCKED, [])


@pytest.mark.parametrize("meanwhile", ["removed", "taken over"])
def test_who_reads_a_feed_that_is_theirs_no_more_stores_nothing(rita: Member, site: Site, meanwhile: str) -> None:
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN))
    feed, scope = added(rita), house.scope(rita)

    def resolve(host: str, port: int) -> Sequence[str]:
        if meanwhile == "removed":
            actions.remove_feed(scope, rita.public_id, feed.public_id)
        else:
            BusyFeed.objects.filter(pk=feed.pk).update(lease_until=NOW + timedelta(hours=9))
        return site.resolve(host, port)

    with after():
        feeds.read(feed.pk, replace(site.network(), resolve=resolve))
    assert site.asked
    assert not BusyTime.objects.exists()


def test_a_removed_feed_takes_its_times_along(rita: Member, site: Site) -> None:
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN))
    feed = read(added(rita), site)
    assert starts(feed)
    actions.remove_feed(house.scope(rita), rita.public_id, feed.public_id)
    assert not BusyTime.objects.exists()


def test_what_is_due_is_woken_once(rita: Member) -> None:
    feed = added(rita)
    with after():
        assert queries.due(10) == [feed.pk]
        assert tasks.sweep_feeds(timedelta(0)) == 1
        assert tasks.sweep_feeds(timedelta(0)) == 0


# ---- what is offered ----


def kind_of(rita: Member) -> BookingType:
    kind = BookingType.objects.create(
        workspace=rita.workspace, slug="demo", title="Demo", duration=timedelta(hours=1), provider="none"
    )
    TypeHost.objects.create(booking_type=kind, member=rita)
    return kind


def free(kind: BookingType, day: int, **passed: float) -> list[str]:
    at = datetime(2026, 12, day, tzinfo=UTC)
    within = (int(at.timestamp()), int(at.timestamp()) + 86400)
    with after(**passed):
        found = offers.grounds(kind.workspace, kind, within, clock.now())
        return [f"{offers.instant(slot.start):%H:%M}" for slot in offers.slots(found, kind.duration)]


ALL_DAY = [f"{hour:02}:00" for hour in range(8, 16)]


@pytest.mark.fault("F-140")
def test_a_closed_feed_offers_nothing_after_a_day_without_a_good_reading(rita: Member, site: Site) -> None:
    kind = kind_of(rita)
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN))
    feed = read(added(rita), site)
    but_nine = [start for start in ALL_DAY if start != "09:00"]
    assert (free(kind, 1), free(kind, 2)) == (but_nine, ALL_DAY)
    site.pages["/basic.ics"] = Reply(500)
    read(feed, site, hours=23)
    assert free(kind, 1, hours=24) == but_nine
    assert free(kind, 1, hours=24, seconds=1) == free(kind, 2, hours=24, seconds=1) == []
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN))
    read(feed, site, hours=30)
    assert free(kind, 1, hours=30) == but_nine


@pytest.mark.fault("F-140")
def test_an_open_feed_goes_by_what_was_read_last(rita: Member, site: Site) -> None:
    kind = kind_of(rita)
    site.pages["/basic.ics"] = Reply(body=calendar(NINE_TO_TEN))
    feed = read(added(rita, "open"), site)
    site.pages["/basic.ics"] = Reply(500)
    read(feed, site, hours=23)
    assert free(kind, 1, hours=90) == [start for start in ALL_DAY if start != "09:00"]


@pytest.mark.fault("F-140")
def test_a_feed_that_was_never_read_closes_a_day_after_it_was_added(rita: Member) -> None:
    kind = kind_of(rita)
    added(rita)
    assert (free(kind, 1, hours=24), free(kind, 1, hours=24, seconds=1)) == (ALL_DAY, [])
