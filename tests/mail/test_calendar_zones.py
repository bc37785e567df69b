"""A VTIMEZONE says of every instant around the appointment what clocks show; another reader agrees."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.kernel.zones import names, wall_of
from treff.mail.calendar_zones import AROUND, vtimezone

ZONES = st.sampled_from(names())
INSTANTS = st.integers(0, 3 * 365 * 86400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def shown_by(component: Any, instant: datetime) -> datetime:
    """What a reader makes of it: the observance whose onset was the last before the instant (RFC 5545, 3.6.5)."""
    onsets = [(part["dtstart"].dt - part["tzoffsetfrom"].td, part["tzoffsetto"].td) for part in component.subcomponents]
    naive = instant.astimezone(UTC).replace(tzinfo=None)
    _onset, offset = max((onset, offset) for onset, offset in onsets if onset <= naive)
    return naive + offset


@given(ZONES, INSTANTS, st.integers(-380, 380), st.integers(0, 86399))
@STEADY
def test_it_shows_what_clocks_show(zone_name: str, at: datetime, days: int, seconds: int) -> None:
    instant = (at + timedelta(days=days, seconds=seconds)).replace(microsecond=0)
    assert abs(instant - at) < AROUND
    assert shown_by(vtimezone(zone_name, at), instant) == wall_of(instant, zone_name).replace(tzinfo=None, fold=0)


@pytest.mark.parametrize(
    ("zone_name", "change_at"),
    [
        ("Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
        ("Africa/Casablanca", datetime(2027, 2, 7, 2, tzinfo=UTC)),
    ],
)
def test_a_change_is_told_to_the_second(zone_name: str, change_at: datetime) -> None:
    component = vtimezone(zone_name, change_at)
    for instant in (change_at - timedelta(seconds=1), change_at):
        assert shown_by(component, instant) == wall_of(instant, zone_name).replace(tzinfo=None, fold=0)
    onsets = [part["dtstart"].dt - part["tzoffsetfrom"].td for part in component.subcomponents]
    assert change_at.replace(tzinfo=None) in onsets


def test_a_zone_without_changes_is_one_observance() -> None:
    component = vtimezone("Asia/Kolkata", datetime(2026, 12, 1, tzinfo=UTC))
    (only,) = component.subcomponents
    assert only["tzoffsetto"].td == timedelta(hours=5, minutes=30)
