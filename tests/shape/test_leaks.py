"""Tracked files name no machine and no registry."""

from pathlib import Path

import pytest

from tests.shape.leaks import leaks
from tests.shape.planting import commit, plant
from tests.shape.sources import ROOT, tracked_files


def test_tracked_files_name_no_machine_and_no_registry() -> None:
    assert leaks(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "python = /ho" + "me/nora/.venv/bin/python",
        'sys.path.insert(0, "/wo' + 'rk/main/src")',
        "see /Us" + "ers/nora/notes",
        "pip install --index-u" + "rl x",
        '"resolved": "ht' + 'tps://example.org/htmx.tgz"',
        "https://files.pytho" + "nhosted.org/packages/x",
    ],
)
def test_a_machine_path_or_a_registry_is_seen(tmp_path: Path, line: str) -> None:
    plant(tmp_path, {"docs/notes.md": f"fine\n{line}\n", "Makefile": "all:\n"})
    commit(tmp_path)
    assert [sentence.split(" has ")[0] for sentence in leaks(tmp_path)] == ["docs/notes.md:2"]


@pytest.mark.parametrize(
    "line", ["/w/nordlicht/home/leads/", "https://nordlicht.example/home/a/b", "/var/lib/treff/x", "~/treff"]
)
def test_addresses_of_pages_are_no_machine_paths(tmp_path: Path, line: str) -> None:
    plant(tmp_path, {"docs/notes.md": f"{line}\n"})
    commit(tmp_path)
    assert leaks(tmp_path) == []


def test_a_new_file_counts_and_an_ignored_one_does_not(tmp_path: Path) -> None:
    line = "/ho" + "me/nora/x\n"
    plant(tmp_path, {".gitignore": "/var/\n"})
    commit(tmp_path)
    plant(tmp_path, {"new.txt": line, "var/log.txt": line})
    assert len(leaks(tmp_path)) == 1


def test_this_checkout_is_looked_at() -> None:
    assert ROOT / "pyproject.toml" in tracked_files(ROOT)
