"""A data directory and its database: what one remembers of the other."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from treff.recovery import actions, witness
from treff.recovery.models import Installation, Witness
from treff.recovery.states import Cause, Verdict

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.TREFF_DATA_DIR = tmp_path / "here"
    return tmp_path / "here"


def go_back(beats: int) -> None:
    """The database forgets the last so many."""
    row = Witness.objects.get()
    row.beat -= beats
    row.save()


def test_looks_go_on_for_ever_while_nothing_is_lost() -> None:
    assert [witness.look() for _ in range(4)] == [Verdict.NEW, *[Verdict.SAME] * 3]
    assert witness.compare() == Verdict.SAME
    assert Witness.objects.get().beat == 3


def test_a_database_that_lost_one_beat_is_found_out_and_stays_found_out() -> None:
    for _ in range(4):
        witness.look()
    go_back(1)
    assert [witness.compare(), witness.look(), witness.look(), witness.compare()] == [Verdict.OLDER] * 4


def test_what_a_worker_did_not_write_down_before_it_died_is_no_loss(data_dir: Path) -> None:
    witness.look()
    before = (data_dir / "witness.json").read_text()
    witness.look()
    (data_dir / "witness.json").write_text(before)
    assert witness.look() == Verdict.SAME


def test_two_workers_of_one_directory_do_not_find_each_other_out(data_dir: Path) -> None:
    """The slower one writes an earlier beat over a later one."""
    witness.look()
    files = []
    for _ in range(3):
        assert witness.look() == Verdict.SAME
        files.append((data_dir / "witness.json").read_text())
    (data_dir / "witness.json").write_text(files[0])
    assert witness.look() == Verdict.SAME


def test_a_recovery_settles_it_for_every_directory(settings: Settings, data_dir: Path) -> None:
    for place in ("here", "there"):
        settings.TREFF_DATA_DIR = data_dir.with_name(place)
        for _ in range(4):
            witness.look()
    Witness.objects.update(beat=1)
    assert witness.look() == Verdict.OLDER
    actions.begin(Cause.NOTICED)
    assert [witness.look(), witness.look()] == [Verdict.NEW, Verdict.SAME]
    actions.resume()
    assert witness.look() == Verdict.SAME
    settings.TREFF_DATA_DIR = data_dir
    assert [witness.look(), witness.look()] == [Verdict.NEW, Verdict.SAME]
    assert Witness.objects.count() == 2


def test_another_database_is_met_anew(data_dir: Path) -> None:
    for _ in range(4):
        witness.look()
    Witness.objects.all().delete()
    Installation.objects.all().delete()
    assert [witness.look(), witness.look()] == [Verdict.NEW, Verdict.SAME]


@pytest.mark.parametrize("left", ["", "{", '{"installation": "a"}', "[1]", "null"])
def test_a_memory_that_was_cut_off_is_none(data_dir: Path, left: str) -> None:
    witness.look()
    (data_dir / "witness.json").write_text(left)
    assert [witness.look(), witness.look()] == [Verdict.NEW, Verdict.SAME]


def test_a_full_disk_stops_nobody(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.TREFF_DATA_DIR = tmp_path / "file"
    with pytest.raises(NotADirectoryError):
        (tmp_path / "file" / "witness.json").touch()
    assert witness.look() == Verdict.NEW
