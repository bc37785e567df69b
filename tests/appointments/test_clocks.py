"""A country changes its clocks after an appointment was agreed, and the server gets the new rules."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import house
from treff.appointments import clocks, tasks
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.audit.queries import of_subject
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.notices.models import Notice
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
START = datetime(2026, 12, 8, 13, 0, tzinfo=UTC)  # two o'clock in Berlin


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with clock.at(datetime(2026, 11, 23, 8, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def rep() -> Member:
    return house.member(house.workspace())


@contextmanager
def berlin_goes_by_the_clocks_of(other: str, folder: Path) -> Iterator[None]:
    """As if a new version of the IANA database was installed and the process started with it."""
    there = next(Path(path, other) for path in zoneinfo.TZPATH if Path(path, other).exists())
    (folder / "Europe").mkdir()
    (folder / "Europe/Berlin").write_bytes(there.read_bytes())
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(folder), *before])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.fault("F-137")
def test_the_instant_stays_and_the_rep_hears_that_clocks_show_another_time(rep: Member, tmp_path: Path) -> None:
    appointment = house.appointment(rep, start_at=START)
    assert clocks.compare() == 0
    with berlin_goes_by_the_clocks_of("Europe/Istanbul", tmp_path):
        assert wall_of(START, "Europe/Berlin").hour == 16
        tasks.compare_clocks()
        assert clocks.compare() == 0  # told once
    row = Appointment.objects.get(pk=appointment.pk)
    assert (row.start_at, row.utc_offset) == (START, timedelta(hours=3))
    assert (row.generation, row.sequence) == (appointment.generation, appointment.sequence)
    notice = Notice.objects.get(kind="clocks")
    assert notice.user == rep.user
    assert notice.detail["was"] == (START - timedelta(hours=2)).isoformat()
    assert of_subject(row.workspace_id, row.public_id)[0].deed == "appointment.clocks_changed"


@pytest.mark.fault("F-137")
def test_nobody_is_told_of_what_is_off_over_elsewhere_or_agreed_after_the_change(rep: Member, tmp_path: Path) -> None:
    cancel(house.scope(rep), house.appointment(rep, start_at=START).public_id)
    abroad = house.member(rep.workspace, name="Rosa Rep")
    Member.objects.filter(pk=abroad.pk).update(time_zone="Asia/Kolkata")
    house.appointment(Member.objects.get(pk=abroad.pk), start_at=START)
    over = house.appointment(rep, start_at=START - timedelta(days=9))
    moved = house.appointment(rep, start_at=START + timedelta(days=1))
    with berlin_goes_by_the_clocks_of("Europe/Istanbul", tmp_path), clock.at(over.start_at + timedelta(hours=1)):
        amend(house.scope(rep), moved.public_id, Amendment(start_at=START + timedelta(days=2)))
        assert clocks.compare() == 0
    assert not Notice.objects.filter(kind="clocks").exists()


def test_one_that_was_made_before_offsets_were_kept_is_taken_as_it_is(rep: Member) -> None:
    appointment = house.appointment(rep, start_at=START)
    Appointment.objects.update(utc_offset=None)
    assert clocks.compare() == 0
    appointment.refresh_from_db()
    assert appointment.utc_offset == timedelta(hours=1)
