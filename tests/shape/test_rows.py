"""Promises, faults and attacks: markers name existing rows, and the list of what is not proven only shrinks."""

from pathlib import Path

import pytest

from tests.shape import rows, unproven
from tests.shape.planting import commit, plant
from tests.shape.sources import ROOT

PROOF = """
    import pytest

    @pytest.mark.promise("P07")
    def test_scopes(): ...

    class TestFaults:
        pytestmark = pytest.mark.fault("F-001", "F-161")

    CASES = [pytest.param(1, marks=pytest.mark.attack("A-107"))]
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A scratch checkout with tests that prove four rows, and its list."""
    plant(tmp_path, {"tests/test_x.py": PROOF})
    assert unproven.main(["--write"], tmp_path) == 0
    return tmp_path


def test_every_marker_names_an_existing_row() -> None:
    assert rows.misnamed(ROOT) == []


def test_the_list_names_exactly_the_rows_that_no_test_proves() -> None:
    assert rows.out_of_list(ROOT) == []


def test_every_fault_of_a_meetings_life_is_proven_or_stands_with_its_reason() -> None:
    assert rows.unreasoned(ROOT) == []


def test_no_row_came_back_to_the_list() -> None:
    assert rows.regrown(ROOT) == []


def test_there_are_40_promises_161_faults_and_107_attacks() -> None:
    assert [(len(r), r[0], r[-1]) for r in rows.ROWS.values()] == [
        (40, "P01", "P40"),
        (161, "F-001", "F-161"),
        (107, "A-001", "A-107"),
    ]


def test_markers_on_functions_classes_and_parameters_prove_their_rows(house: Path) -> None:
    assert rows.proven(house) == {"P07", "F-001", "F-161", "A-107"}
    assert len(rows.listed(house)) == 40 + 161 + 107 - 4
    assert rows.out_of_list(house) == []


@pytest.mark.parametrize("decorator", ["skip", "skip(reason='later')", "skipif(True, reason='x')", "xfail"])
def test_a_test_that_does_not_count_proves_nothing(tmp_path: Path, decorator: str) -> None:
    text = f"""
        @pytest.mark.{decorator}
        @pytest.mark.promise("P01")
        def test_a(): ...

        @pytest.mark.{decorator}
        class TestB:
            @pytest.mark.promise("P02")
            def test_b(self): ...
    """
    plant(tmp_path, {"tests/test_x.py": text})
    assert rows.proven(tmp_path) == set()


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ('promise("P41")', "promise: there is no P41"),
        ('fault("F-1")', "fault: there is no F-1"),
        ('attack("F-001")', "attack: there is no F-001"),
        ("promise(ROW)", "promise: name the rows as plain texts"),
        ("promise()", "promise: name the rows as plain texts"),
    ],
)
def test_a_marker_that_names_no_row_is_seen(tmp_path: Path, marker: str, sentence: str) -> None:
    plant(tmp_path, {"tests/test_x.py": f"@pytest.mark.{marker}\ndef test_x(): ...\n"})
    assert rows.misnamed(tmp_path) == [f"tests/test_x.py:1 {sentence}"]


def test_a_proven_row_must_leave_the_list(house: Path) -> None:
    plant(house, {"tests/test_y.py": '@pytest.mark.promise("P08")\ndef test_y(): ...\n'})
    assert rows.out_of_list(house) == ["P08 is proven by a test: run python -m tests.shape.unproven --write"]
    assert unproven.main(["--write"], house) == 0
    assert rows.out_of_list(house) == []


def test_a_row_that_loses_its_test_is_seen_and_never_written_to_the_list(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (house / rows.LIST).read_text(encoding="utf-8")
    plant(house, {"tests/test_x.py": PROOF.replace('"P07"', '"P06"')})
    assert "P07 was proven and is not any more: no test names it" in rows.out_of_list(house)
    assert unproven.main(["--write"], house) == 1
    assert "P07" in capsys.readouterr().err
    assert (house / rows.LIST).read_text(encoding="utf-8") == before


def test_a_fault_of_a_meetings_life_stands_on_the_list_with_its_reason_and_keeps_it(house: Path) -> None:
    before = (house / rows.LIST).read_text(encoding="utf-8")
    assert "F-002" in rows.unreasoned(house)
    commit(house)
    reasoned = before.replace("F-002\n", "F-002  nobody can be killed twice\n")
    (house / rows.LIST).write_text(reasoned, encoding="utf-8")
    commit(house)
    assert "F-002" not in rows.unreasoned(house)
    assert rows.regrown(house) == []
    assert unproven.main(["--write"], house) == 0
    assert (house / rows.LIST).read_text(encoding="utf-8") == reasoned


def test_a_row_written_back_to_the_list_by_hand_is_seen(house: Path) -> None:
    grown = (house / rows.LIST).read_text(encoding="utf-8")
    commit(house)
    (house / rows.LIST).write_text(grown.replace("P08\n", ""), encoding="utf-8")
    commit(house)
    assert rows.regrown(house) == []
    (house / rows.LIST).write_text(grown, encoding="utf-8")
    assert rows.regrown(house) == [f"P08 was struck off {rows.LIST} and stands on it again"]
