"""The size budget holds, and its check sees what is over it."""

from pathlib import Path

from tests.shape import exceptions
from tests.shape.planting import plant
from tests.shape.size import oversized
from tests.shape.sources import ROOT


def test_nothing_is_over_the_size_budget_but_what_is_listed_with_a_reason() -> None:
    assert oversized(ROOT, exceptions.SIZE) == []


def test_every_exception_has_a_reason() -> None:
    tables = (exceptions.SIZE, exceptions.LOCAL_IMPORTS, exceptions.NOT_ONLY_EXPANDING)
    assert [key for table in tables for key, reason in table.items() if len(reason.split()) < 3] == []


def test_a_module_of_401_lines_is_over_the_budget_and_one_of_400_is_not(tmp_path: Path) -> None:
    plant(tmp_path, {"src/treff/long.py": "x = 1\n" * 401, "src/treff/full.py": "x = 1\n" * 400})
    assert oversized(tmp_path, {}) == ["src/treff/long.py has 401 lines; at most 400"]


def test_a_function_of_51_lines_is_over_the_budget_and_one_of_50_is_not(tmp_path: Path) -> None:
    text = "def long():\n" + "    x = 1\n" * 50 + "\n\nasync def full():\n" + "    x = 1\n" * 49
    plant(tmp_path, {"src/simulators/zoom/state.py": text})
    assert oversized(tmp_path, {}) == ["src/simulators/zoom/state.py:1 long has 51 lines; at most 50"]


def test_parameters_of_every_kind_count_except_self(tmp_path: Path) -> None:
    text = """
        class Book:
            def many(self, a, b, /, c, *args, d, e, **more): ...
            def enough(self, a, b, /, c, *, d, e, **more): ...
    """
    plant(tmp_path, {"tests/test_x.py": text})
    assert oversized(tmp_path, {}) == ["tests/test_x.py:2 many takes 7 parameters; at most 6"]


def test_an_exception_silences_one_place_and_fails_when_it_is_not_needed_any_more(tmp_path: Path) -> None:
    plant(tmp_path, {"src/treff/long.py": "x = 1\n" * 401})
    allowed = {"src/treff/long.py": "generated from Zoom's list", "src/treff/gone.py:f": "was long once"}
    assert oversized(tmp_path, allowed) == [
        "src/treff/gone.py:f is within the budget: take it out of tests/shape/exceptions.py"
    ]


def test_migrations_are_left_out_for_django_writes_them(tmp_path: Path) -> None:
    plant(tmp_path, {"src/treff/people/migrations/0001_initial.py": "x = 1\n" * 500})
    assert oversized(tmp_path, {}) == []
