"""Free slots against a slow obvious implementation, and around every kind of clock change."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.availability import rules
from treff.availability.rules import USUAL, Hours, Shape, Span
from treff.booking_types.rules import Window, bounds
from treff.booking_types.states import WindowKind
from treff.kernel import zones
from treff.kernel.errors import Invalid

MINUTE, HOUR = 60, 3600
spans = st.tuples(st.integers(0, 400), st.integers(0, 60)).map(lambda pair: (pair[0], pair[0] + pair[1]))
several = st.lists(spans, max_size=8)
shapes = st.builds(
    Shape,
    length=st.integers(1, 40),
    step=st.integers(1, 30),
    offset=st.integers(0, 10),
    before=st.integers(0, 15),
    after=st.integers(0, 15),
)
limits = st.tuples(st.integers(0, 300), st.integers(0, 500))


def seconds_of(spans: list[Span]) -> set[int]:
    return {second for start, end in spans for second in range(start, end)}


@given(several, several)
@STEADY
def test_what_is_without_others_covers_every_second_of_its_own_and_none_of_theirs(
    mine: list[Span], theirs: list[Span]
) -> None:
    left = rules.without(rules.merge(mine), rules.merge(theirs))
    assert seconds_of(left) == seconds_of(mine) - seconds_of(theirs)
    assert left == rules.merge(left)


def obviously_free(windows: list[Span], busy: list[Span], shape: Shape, within: Span) -> list[int]:
    """Try every second of every window."""
    found = []
    for opens, closes in windows:
        for start in range(opens + shape.offset, closes + 1):
            on_grid = (start - opens - shape.offset) % shape.step == 0
            fits = start + shape.length <= closes
            wanted = range(start - shape.before, start + shape.length + shape.after)
            clashes = any(begins < wanted.stop and wanted.start < ends for begins, ends in busy)
            if on_grid and fits and not clashes and within[0] <= start < within[1]:
                found.append(start)
    return found


@given(several, several, shapes, limits)
@STEADY
def test_what_is_free_equals_what_trying_every_second_finds(
    opened: list[Span], busy: list[Span], shape: Shape, within: Span
) -> None:
    windows, taken = rules.merge(opened), rules.merge(busy)
    assert rules.free_starts(windows, taken, shape, within) == obviously_free(windows, taken, shape, within)


@given(several, several, shapes, limits)
@STEADY
def test_no_slot_touches_a_busy_time_nor_leaves_its_hours(
    opened: list[Span], busy: list[Span], shape: Shape, within: Span
) -> None:
    windows = rules.merge(opened)
    for start in rules.free_starts(windows, rules.merge(busy), shape, within):
        end = start + shape.length
        assert any(opens <= start and end <= closes for opens, closes in windows)
        assert all(end + shape.after <= a or b <= start - shape.before for a, b in busy if a < b)
        assert rules.is_free(windows, rules.merge(busy), shape, start)


@given(several, st.randoms(use_true_random=False))
@STEADY
def test_the_order_of_spans_changes_nothing(given_spans: list[Span], dice: random.Random) -> None:
    shuffled = list(given_spans)
    dice.shuffle(shuffled)
    merged = rules.merge(given_spans)
    assert rules.merge(shuffled) == merged
    assert {s for a, b in merged for s in range(a, b)} == {s for a, b in given_spans for s in range(a, b)}
    assert all(before[1] < after[0] for before, after in pairwise(merged))


@given(
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2028-12-01"), timezones=st.timezones())
)
@STEADY
def test_the_viewers_zone_changes_nothing(asked_from: datetime) -> None:
    """The hosts' windows are instants; a month asked for in any zone has the starts that lie in it."""
    hours = Hours("Europe/Berlin", USUAL)
    start = int(asked_from.timestamp())
    within, wide = (start, start + 10 * 86400), (start - 5 * 86400, start + 20 * 86400)
    shape = Shape(30 * MINUTE, 30 * MINUTE)
    narrow = rules.free_starts(rules.windows(hours, within), [], shape, within)
    assert narrow == [
        s for s in rules.free_starts(rules.windows(hours, wide), [], shape, wide) if within[0] <= s < within[1]
    ]


# ---- clock changes ----


def offered(zone_name: str, day: date, spans: tuple[Span, ...], minutes: int = 30) -> list[str]:
    """The starts of a day as `02:30+02:00`."""
    hours = Hours(zone_name, ((),) * 7, {day: spans})
    within = (rules.midnight(day, zone_name), rules.midnight(day + timedelta(days=2), zone_name))
    starts = rules.free_starts(rules.windows(hours, within), [], Shape(minutes * MINUTE, minutes * MINUTE), within)
    return [_shown(start, zone_name) for start in starts]


def _shown(start: int, zone_name: str) -> str:
    return datetime.fromtimestamp(start, ZoneInfo(zone_name)).isoformat(timespec="minutes")[11:]


GAPS = [
    ("Europe/Berlin", "2027-03-28", "02:30"),
    ("America/New_York", "2027-03-14", "02:30"),
    ("Australia/Lord_Howe", "2026-10-04", "02:15"),
    ("America/Santiago", "2026-09-06", "00:15"),
    ("America/Nuuk", "2027-03-27", "23:30"),
    ("Africa/Casablanca", "2027-03-14", "02:30"),
]


@pytest.mark.fault("F-135")
@pytest.mark.parametrize(("zone_name", "day", "wall"), GAPS)
def test_a_time_that_clocks_jump_over_is_never_offered(zone_name: str, day: str, wall: str) -> None:
    assert zones.instants_of(datetime.fromisoformat(f"{day}T{wall}"), zone_name) == ()
    found = offered(zone_name, date.fromisoformat(day), ((0, 1440),), minutes=15)
    assert found
    assert not [shown for shown in found if shown.startswith(wall)]
    assert len(found) < 96


@pytest.mark.fault("F-135")
def test_hours_that_begin_in_a_gap_begin_at_its_end() -> None:
    assert offered("Europe/Berlin", date(2027, 3, 28), ((150, 300),)) == [
        *("03:00+02:00", "03:30+02:00", "04:00+02:00", "04:30+02:00"),
    ]
    assert offered("Europe/Berlin", date(2027, 3, 28), ((125, 175),)) == []
    assert offered("America/Santiago", date(2026, 9, 6), ((0, 120),)) == ["01:00-03:00", "01:30-03:00"]


FOLDS = [
    ("Europe/Berlin", "2026-10-25", "02:30", ("02:30+02:00", "02:30+01:00")),
    ("America/New_York", "2026-11-01", "01:30", ("01:30-04:00", "01:30-05:00")),
    ("Africa/Casablanca", "2027-02-07", "02:30", ("02:30+01:00", "02:30+00:00")),
    ("Australia/Lord_Howe", "2027-04-04", "01:45", ("01:45+11:00", "01:45+10:30")),
]


@pytest.mark.fault("F-136")
@pytest.mark.parametrize(("zone_name", "day", "wall", "both"), FOLDS)
def test_an_hour_that_clocks_show_twice_is_offered_twice_and_tells_them_apart(
    zone_name: str, day: str, wall: str, both: tuple[str, str]
) -> None:
    found = offered(zone_name, date.fromisoformat(day), ((0, 1440),), minutes=15)
    assert tuple(shown for shown in found if shown.startswith(wall)) == both
    assert len(set(found)) == len(found)
    first, second = zones.instants_of(datetime.fromisoformat(f"{day}T{wall}"), zone_name)
    assert first < second


@pytest.mark.fault("F-136")
def test_hours_in_a_fold_are_as_long_as_they_are() -> None:
    assert offered("Europe/Berlin", date(2026, 10, 25), ((120, 180),)) == [
        *("02:00+02:00", "02:30+02:00", "02:00+01:00", "02:30+01:00"),
    ]
    # One that begins or ends inside of it begins with the first such time and ends with the second.
    assert offered("Europe/Berlin", date(2026, 10, 25), ((60, 150),)) == [
        *("01:00+02:00", "01:30+02:00", "02:00+02:00", "02:30+02:00", "02:00+01:00"),
    ]
    assert offered("Europe/Berlin", date(2026, 10, 25), ((150, 180),)) == [
        *("02:30+02:00", "02:00+01:00", "02:30+01:00"),
    ]


@pytest.mark.parametrize(
    ("zone_name", "day", "first", "last", "number"),
    [
        ("Asia/Kolkata", "2026-12-01", "09:00+05:30", "16:30+05:30", 16),
        ("America/Vancouver", "2026-12-01", "09:00-08:00", "16:30-08:00", 16),
        ("Australia/Lord_Howe", "2026-12-01", "09:00+11:00", "16:30+11:00", 16),
        ("Pacific/Kiritimati", "2026-12-01", "09:00+14:00", "16:30+14:00", 16),
    ],
)
def test_a_plain_day_is_plain_wherever_it_is(zone_name: str, day: str, first: str, last: str, number: int) -> None:
    found = offered(zone_name, date.fromisoformat(day), ((540, 1020),))
    assert (found[0], found[-1], len(found)) == (first, last, number)


def test_a_late_afternoon_in_vancouver_is_the_next_day_of_the_world_and_still_its_own() -> None:
    hours = Hours("America/Vancouver", USUAL)
    friday = date(2026, 12, 4)
    half_past_four = zones.instant_of(datetime.fromisoformat("2026-12-04T16:30"), "America/Vancouver")
    assert half_past_four.astimezone(UTC).date() == date(2026, 12, 5)
    start = int(half_past_four.timestamp())
    assert rules.is_free(rules.windows(hours, (start, start + 1)), [], Shape(1800, 1800), start)
    assert rules.day_of(start, "America/Vancouver") == friday


def test_hours_reach_over_midnight_and_touching_or_overlapping_ones_become_one() -> None:
    hours = Hours("Europe/Berlin", (((22 * 60, 26 * 60),), ((60, 180), (180, 240)), *((),) * 5))
    monday = date(2026, 11, 30)
    assert monday.weekday() == 0
    opens = rules.midnight(monday, "Europe/Berlin")
    assert rules.windows(hours, (opens, opens + 3 * 86400)) == [(opens + 22 * HOUR, opens + 28 * HOUR)]
    # Asked for Tuesday alone, what began on Monday is there.
    tuesday = (opens + 24 * HOUR, opens + 25 * HOUR)
    assert rules.windows(hours, tuesday) == [(opens + 22 * HOUR, opens + 28 * HOUR)]


@pytest.mark.parametrize("end", [1439, 1440])
def test_a_day_that_ends_at_23_59_or_24_00_ends_at_midnight_and_runs_into_the_next(end: int) -> None:
    hours = Hours("Europe/Berlin", (((0, end),),) * 7)
    opens = rules.midnight(date(2026, 11, 30), "Europe/Berlin")
    (window,) = rules.windows(hours, (opens, opens + 86400))
    assert window[0] <= opens < opens + 86400 <= window[1]


def test_an_override_holds_on_a_holiday_and_a_holiday_closes_weekly_hours() -> None:
    day = date(2026, 12, 25)
    closed = Hours("Europe/Berlin", USUAL, {}, frozenset({day}))
    assert closed.on(day) == ()
    assert Hours("Europe/Berlin", USUAL, {day: ((600, 660),)}, frozenset({day})).on(day) == ((600, 660),)


# ---- how far ahead ----

FRIDAY_EVENING = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)  # Saturday already in Berlin


def until(kind: WindowKind, days: int, zone_name: str) -> date:
    """The last day on which can be booked."""
    return rules.day_of(bounds(Window(kind, days), timedelta(0), FRIDAY_EVENING, zone_name)[1] - 1, zone_name)


@pytest.mark.parametrize(
    ("kind", "days", "zone_name", "last"),
    [
        (WindowKind.ROLLING_DAYS, 0, "Europe/Berlin", date(2026, 11, 28)),
        (WindowKind.ROLLING_DAYS, 0, "America/New_York", date(2026, 11, 27)),
        (WindowKind.ROLLING_DAYS, 60, "Europe/Berlin", date(2027, 1, 27)),
        (WindowKind.BUSINESS_DAYS, 1, "Europe/Berlin", date(2026, 11, 30)),
        (WindowKind.BUSINESS_DAYS, 1, "America/New_York", date(2026, 11, 30)),
        (WindowKind.BUSINESS_DAYS, 5, "America/New_York", date(2026, 12, 4)),
        (WindowKind.BUSINESS_DAYS, 6, "America/New_York", date(2026, 12, 7)),
    ],
)
def test_days_ahead_are_the_hosts_days_and_business_days_skip_weekends(
    kind: WindowKind, days: int, zone_name: str, last: date
) -> None:
    assert until(kind, days, zone_name) == last


def test_a_notice_is_kept_to_the_second_and_a_range_is_its_days() -> None:
    first, _behind = bounds(Window(WindowKind.ROLLING_DAYS, 5), timedelta(hours=4), FRIDAY_EVENING, "Europe/Berlin")
    assert first == int(FRIDAY_EVENING.timestamp()) + 4 * HOUR
    window = Window(WindowKind.RANGE, 0, date(2026, 12, 1), date(2026, 12, 3))
    assert bounds(window, timedelta(0), FRIDAY_EVENING, "Europe/Berlin") == (
        rules.midnight(date(2026, 12, 1), "Europe/Berlin"),
        rules.midnight(date(2026, 12, 4), "Europe/Berlin"),
    )


# ---- what people type ----


def test_spans_are_sorted_and_one_that_ends_before_it_begins_reaches_over_midnight() -> None:
    assert rules.check_spans("day-0", [(22 * 60, 2 * 60), (540, 720)]) == ((540, 720), (1320, 1560))
    assert rules.check_spans("day-0", [(0, 0)]) == ((0, 1440),)


@pytest.mark.parametrize("spans", [[(540, 720), (700, 800)], [(-1, 5)], [(1440, 1500)], [(0, 2881)], [(1, 2)] * 11])
def test_spans_that_make_no_sense_are_refused_with_their_field(spans: list[Span]) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_spans("day-3", spans)
    assert refused.value.field == "day-3"


@pytest.mark.parametrize("text", ["", "9", "24:01", "12:60", "1:2", "١٢:٠٠", "09:30:00", "-1:00", "123:00"])
def test_what_is_no_time_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        rules.minute_of("from", text)
    assert (rules.minute_of("from", "9:30"), rules.minute_of("until", "24:00")) == (570, 1440)
