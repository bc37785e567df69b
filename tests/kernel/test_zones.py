import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.kernel import zones


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


# reliability F-135 and F-136: where clocks jump over the wall time, and where they show it twice. Lord Howe changes by
# half an hour, Santiago and Nuuk around midnight, Casablanca when Ramadan begins.
GAPS = [
    ("Europe/Berlin", wall("2027-03-28 02:30")),
    ("America/New_York", wall("2027-03-14 02:30")),
    ("Australia/Lord_Howe", wall("2026-10-04 02:15")),
    ("America/Santiago", wall("2026-09-06 00:15")),
    ("America/Nuuk", wall("2027-03-27 23:30")),
]
FOLDS = [
    ("Europe/Berlin", wall("2026-10-25 02:30"), 60),
    ("America/New_York", wall("2026-11-01 01:30"), 60),
    ("Africa/Casablanca", wall("2027-02-07 02:30"), 60),
    ("Australia/Lord_Howe", wall("2027-04-04 01:45"), 30),
]
places = st.sampled_from(sorted({name for name, *_ in (*GAPS, *FOLDS)}))
instants = st.datetimes(wall("2020-01-01"), wall("2037-01-01"), timezones=st.just(UTC))
# Half of all walls lie within a day of a change of clocks, where it matters.
near_changes = st.builds(
    lambda around, off: around[1] + off,
    st.sampled_from([*GAPS, *FOLDS]),
    st.timedeltas(-timedelta(hours=26), timedelta(hours=26)),
)
walls = st.one_of(near_changes, st.datetimes(wall("2020-01-01"), wall("2037-01-01")))


@pytest.mark.parametrize(("name", "wall_local"), GAPS)
def test_a_wall_time_that_clocks_jump_over_is_no_instant(name: str, wall_local: datetime) -> None:
    assert zones.instants_of(wall_local, name) == ()
    with pytest.raises(zones.GapTime, match="does not exist"):
        zones.instant_of(wall_local, name)


@pytest.mark.parametrize(("name", "wall_local", "minutes"), FOLDS)
def test_a_wall_time_that_comes_twice_is_two_instants(name: str, wall_local: datetime, minutes: int) -> None:
    earlier, later = zones.instants_of(wall_local, name)
    assert later - earlier == timedelta(minutes=minutes)
    assert zones.wall_of(earlier, name).utcoffset() != zones.wall_of(later, name).utcoffset()
    assert zones.instant_of(wall_local, name) == earlier


@given(instants, places)
@STEADY
def test_every_instant_is_among_those_of_what_the_clocks_there_show(instant: datetime, name: str) -> None:
    assert instant in zones.instants_of(zones.wall_of(instant, name).replace(tzinfo=None, fold=0), name)


@given(walls, places)
@STEADY
def test_every_instant_found_shows_that_wall_time_and_no_other_nearby_does(wall_local: datetime, name: str) -> None:
    found = zones.instants_of(wall_local, name)
    place = zoneinfo.ZoneInfo(name)
    # A slow model that knows no folds: every offset from -14 to +14 hours, in steps of what is left by the real ones.
    offsets = {(wall_local + timedelta(hours=h)).replace(tzinfo=place).utcoffset() for h in (-30, -2, 0, 2, 30)}
    candidates = {(wall_local - offset).replace(tzinfo=UTC) for offset in offsets if offset is not None}
    right = {c for c in candidates if c.astimezone(place).replace(tzinfo=None, fold=0) == wall_local}
    assert set(found) == right
    assert list(found) == sorted(found)
    assert all(instant.tzinfo is UTC for instant in found)


@given(walls, places)
@STEADY
def test_a_fold_given_by_the_caller_changes_nothing(wall_local: datetime, name: str) -> None:
    assert zones.instants_of(wall_local.replace(fold=1), name) == zones.instants_of(wall_local.replace(fold=0), name)


def test_a_wall_time_beyond_the_calendars_end_is_no_instant() -> None:
    assert zones.instants_of(wall("9999-12-31 23:59"), "America/New_York") == ()
    assert zones.instants_of(wall("0001-01-01 00:00"), "Asia/Tokyo") == ()


@pytest.mark.parametrize(
    "name",
    [
        *("", "europe/berlin", "Europe/Berlin ", "Europe/Berlin; DROP TABLE", "GMT+25", "x" * 10_000, "Etc/GMT+3"),
        *("../../etc/localtime", "/etc/localtime", "posix/Europe/Berlin", "right/Europe/Berlin", "Europe\x00", "EST"),
    ],
)
def test_a_name_that_is_no_zone_of_people_is_refused(name: str) -> None:
    with pytest.raises(zones.UnknownZone) as refused:
        zones.zone(name)
    assert len(str(refused.value)) <= 100


def test_people_can_choose_where_they_live_and_utc() -> None:
    assert {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"} <= set(zones.names())
    assert all(zones.zone(name).key == name for name in zones.names())


def test_a_wall_time_with_a_zone_and_an_instant_without_one_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone of its own"):
        zones.instants_of(datetime(2026, 12, 1, tzinfo=UTC), "Europe/Berlin")
    with pytest.raises(ValueError, match="needs a time zone"):
        zones.wall_of(wall("2026-12-01"), "Europe/Berlin")
