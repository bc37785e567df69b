from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests import house
from treff.audit.models import AuditEntry
from treff.availability import actions, queries
from treff.availability.actions import TimeOff
from treff.availability.errors import TooManyFeeds
from treff.availability.models import BusyFeed, BusyTime, Schedule
from treff.availability.rules import USUAL
from treff.kernel.errors import Invalid
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope

pytestmark = pytest.mark.usefixtures("november")
WEEK: list[list[tuple[int, int]]] = [[(540, 720), (780, 1020)], [(1320, 120)], [], [], [], [], []]
TODAY = date(2026, 11, 23)

VERBS: dict[str, Callable[[Scope, str], object]] = {
    "availability.hours_set": lambda scope, who: actions.set_hours(scope, who, WEEK),
    "availability.override_set": lambda scope, who: actions.set_override(scope, who, TODAY, TODAY, []),
    "availability.override_removed": lambda scope, who: actions.remove_override(scope, who, TODAY, TODAY),
    "availability.time_off_added": lambda scope, who: actions.add_time_off(scope, who, TimeOff(TODAY, TODAY)),
    "availability.holidays_set": lambda scope, who: actions.set_holidays(scope, who, "DE", "BY"),
    "availability.time_zone_set": lambda scope, who: actions.set_time_zone(scope, who, "America/Vancouver"),
    "availability.feed_added": lambda scope, who: actions.add_feed(scope, who, "https://a.example.com/x", "closed"),
}


@pytest.mark.parametrize("deed", VERBS)
def test_each_verb_is_for_oneself_and_for_administrators_is_noted_and_makes_offers_old(
    deed: str, ada: Member, rita: Member
) -> None:
    version = rita.calendar_version
    for number, by in enumerate((rita, ada), start=1):
        VERBS[deed](house.scope(by), rita.public_id)
        rita.refresh_from_db()
        assert rita.calendar_version == version + number
        entry = AuditEntry.objects.filter(deed=deed).latest("id")
        assert (entry.actor_id, entry.subject) == (by.public_id, rita.public_id)
    before = AuditEntry.objects.count()
    with pytest.raises(NotAllowed):
        VERBS[deed](house.scope(rita), ada.public_id)
    stranger = house.owner(house.workspace("elsewhere"))
    with pytest.raises(NotHere):
        VERBS[deed](house.scope(stranger), rita.public_id)
    assert AuditEntry.objects.filter(deed=deed, subject__in=[rita.public_id, ada.public_id]).count() == 2
    assert AuditEntry.objects.count() > before


def test_hours_are_stored_as_they_are_meant(rita: Member) -> None:
    actions.set_hours(house.scope(rita), rita.public_id, WEEK)
    assert Schedule.objects.get(member=rita).weekly == [[[540, 720], [780, 1020]], [[1320, 1560]], [], [], [], [], []]


def test_hours_that_overlap_are_refused_beside_their_day_and_nothing_changes(rita: Member) -> None:
    with pytest.raises(Invalid) as refused:
        actions.set_hours(house.scope(rita), rita.public_id, [*WEEK[:6], [(600, 700), (650, 800)]])
    assert refused.value.field == "day-6"
    rita.refresh_from_db()
    assert (rita.calendar_version, Schedule.objects.count()) == (0, 0)


def test_hours_are_copied_to_colleagues_by_administrators_only(ada: Member, rita: Member) -> None:
    scope = house.scope(ada)
    actions.set_hours(scope, ada.public_id, WEEK)
    actions.copy_hours(scope, ada.public_id, [rita.public_id])
    assert Schedule.objects.get(member=rita).weekly == Schedule.objects.get(member=ada).weekly
    with pytest.raises(NotAllowed):
        actions.copy_hours(house.scope(rita), rita.public_id, [ada.public_id])
    with pytest.raises(Invalid):
        actions.copy_hours(scope, ada.public_id, [])
    stranger = house.owner(house.workspace("elsewhere"))
    with pytest.raises(NotHere):
        actions.copy_hours(scope, ada.public_id, [rita.public_id, stranger.public_id])


def test_overrides_hold_for_a_range_of_days_and_go_again(rita: Member) -> None:
    scope = house.scope(rita)
    actions.set_override(scope, rita.public_id, TODAY, TODAY + timedelta(days=4), [])
    actions.set_override(scope, rita.public_id, TODAY + timedelta(days=2), TODAY + timedelta(days=2), [(600, 660)])
    ranges = queries.override_ranges(Schedule.objects.get(member=rita), TODAY)
    assert [(each.first.day, each.last.day, each.times) for each in ranges] == [
        (23, 24, ""),
        (25, 25, "10:00–11:00"),
        (26, 27, ""),
    ]
    actions.remove_override(scope, rita.public_id, TODAY, TODAY + timedelta(days=3))
    assert list(Schedule.objects.get(member=rita).overrides) == ["2026-11-27"]


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (TODAY, TODAY - timedelta(days=1), "last"),
        (TODAY - timedelta(days=9), TODAY - timedelta(days=1), "last"),
        (TODAY, TODAY + timedelta(days=732), "last"),
        (TODAY, TODAY + timedelta(days=500), "last"),
    ],
)
def test_days_that_are_over_too_far_ahead_or_too_many_are_refused(
    rita: Member, first: date, last: date, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        actions.set_override(house.scope(rita), rita.public_id, first, last, [])
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        (TimeOff(date(2026, 12, 24), date(2026, 12, 26)), "2026-12-23T23:00", "2026-12-26T23:00"),
        (TimeOff(date(2026, 12, 1), date(2026, 12, 1), 540, 600), "2026-12-01T08:00", "2026-12-01T09:00"),
        # Begins in a gap: at its end. Ends in a fold: with the second.
        (TimeOff(date(2027, 3, 28), date(2027, 3, 28), 150, 240), "2027-03-28T01:00", "2027-03-28T02:00"),
        (TimeOff(date(2027, 10, 31), date(2027, 10, 31), 60, 150), "2027-10-30T23:00", "2027-10-31T01:30"),
    ],
)
def test_time_off_is_whole_days_or_from_a_time_to_another(rita: Member, wanted: TimeOff, start: str, end: str) -> None:
    row = actions.add_time_off(house.scope(rita), rita.public_id, wanted)
    row.refresh_from_db()
    at = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end)]
    assert [row.busy.lower, row.busy.upper] == at


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (TimeOff(TODAY, TODAY, 600, 600), "until"),
        (TimeOff(TODAY, TODAY, 0, 540), "until"),
        (TimeOff(TODAY + timedelta(days=1), TODAY), "last"),
        (TimeOff(TODAY, TODAY + timedelta(days=732)), "last"),
        (TimeOff(TODAY, TODAY, note="a\nb"), "note"),
    ],
)
def test_time_off_that_makes_no_sense_is_refused_beside_its_field(rita: Member, wanted: TimeOff, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.add_time_off(house.scope(rita), rita.public_id, wanted)
    assert refused.value.field == field
    assert not BusyTime.objects.exists()


def test_time_off_is_removed_by_its_id_and_only_the_members_own(ada: Member, rita: Member) -> None:
    row = actions.add_time_off(house.scope(rita), rita.public_id, TimeOff(TODAY, TODAY))
    with pytest.raises(NotHere):
        actions.remove_time_off(house.scope(ada), ada.public_id, row.public_id)
    actions.remove_time_off(house.scope(rita), rita.public_id, row.public_id)
    assert not BusyTime.objects.exists()


@pytest.mark.fault("F-138")
def test_another_time_zone_moves_hours_and_no_instant(rita: Member) -> None:
    appointment = house.appointment(rita, start_at=house.later(1), provider="none")
    off = actions.add_time_off(house.scope(rita), rita.public_id, TimeOff(TODAY, TODAY))
    start_at, busy = appointment.start_at, BusyTime.objects.get(pk=off.pk).busy
    hours = queries.hours_of(rita, queries.schedule_of(rita))
    moved = actions.set_time_zone(house.scope(rita), rita.public_id, "Asia/Kolkata")
    assert queries.hours_of(moved, queries.schedule_of(moved)).zone_name == "Asia/Kolkata" != hours.zone_name
    appointment.refresh_from_db()
    assert (appointment.start_at, appointment.time_zone) == (start_at, "Europe/Berlin")
    assert BusyTime.objects.get(pk=off.pk).busy == busy


@pytest.mark.parametrize(
    "name", ["", "europe/berlin", "GMT+25", "../../etc/localtime", "Europe/Berlin; DROP", "posix/UTC"]
)
def test_what_is_no_time_zone_is_refused(rita: Member, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.set_time_zone(house.scope(rita), rita.public_id, name)
    assert refused.value.field == "time_zone"


def test_public_holidays_of_the_region_are_closed_and_an_override_wins(rita: Member) -> None:
    scope, epiphany = house.scope(rita), date(2027, 1, 6)
    for region, spans in (("BY", ()), ("BE", USUAL[2])):
        actions.set_holidays(scope, rita.public_id, "DE", region)
        rita = Member.objects.get(pk=rita.pk)
        assert queries.hours_of(rita, queries.schedule_of(rita)).on(epiphany) == spans
    actions.set_holidays(scope, rita.public_id, "DE", "BY")
    actions.set_override(scope, rita.public_id, epiphany, epiphany, [(600, 660)])
    rita = Member.objects.get(pk=rita.pk)
    assert queries.hours_of(rita, queries.schedule_of(rita)).on(epiphany) == ((600, 660),)


@pytest.mark.parametrize(("country", "region", "field"), [("XX", "", "country"), ("DE", "CA", "region")])
def test_a_country_or_region_that_is_none_is_refused(rita: Member, country: str, region: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.set_holidays(house.scope(rita), rita.public_id, country, region)
    assert refused.value.field == field


def test_the_address_of_a_feed_is_nowhere_in_clear(rita: Member) -> None:
    feed = actions.add_feed(house.scope(rita), rita.public_id, "webcal://a.example.com/private-8f3/basic.ics", "open")
    feed.refresh_from_db()
    assert (feed.host, "private" in feed.address) == ("a.example.com", False)
    assert not AuditEntry.objects.filter(detail__icontains="private-8f3").exists()
    actions.remove_feed(house.scope(rita), rita.public_id, feed.public_id)
    assert not BusyFeed.objects.exists()


@pytest.mark.attack("A-064")
@pytest.mark.parametrize("address", ["http://a.example.com/", "https://127.0.0.1/", "https://a:b@a.example.com/"])
def test_an_address_that_must_not_be_asked_is_not_stored(rita: Member, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.add_feed(house.scope(rita), rita.public_id, address, "closed")
    assert refused.value.field == "address"
    assert not BusyFeed.objects.exists()


def test_a_member_has_at_most_five_feeds(rita: Member) -> None:
    for number in range(actions.MOST_FEEDS):
        actions.add_feed(house.scope(rita), rita.public_id, f"https://a.example.com/{number}", "closed")
    with pytest.raises(TooManyFeeds):
        actions.add_feed(house.scope(rita), rita.public_id, "https://a.example.com/6", "closed")
