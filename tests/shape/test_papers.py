"""Requirements, decisions and documents are true and complete."""

from pathlib import Path

import pytest

from tests.shape import papers
from tests.shape.planting import plant
from tests.shape.sources import ROOT

DECISION = "# {0}. A choice\n\n## Context\n\nx\n\n## Decision\n\nx\n\n## Consequences\n\nx\n"
HASHED = "{0}==1.0 \\\n    --hash=sha256:00\n    # via x\n"
PAPERS = {
    "pyproject.toml": '[project]\ndependencies = ["Alpha[web]>=1"]\n',
    "requirements/dev.in": "Beta_two\n",
    "requirements/build.in": "gamma\n",
    "requirements/run.txt": HASHED.format("alpha"),
    "requirements/dev.txt": HASHED.format("alpha") + HASHED.format("beta-two"),
    "requirements/build.txt": HASHED.format("gamma"),
    papers.LIBRARIES: "| library | why | licence |\n|---|---|---|\n| Alpha | good | MIT |\n",
    papers.TOOLS: "| tool | why | licence |\n|---|---|---|\n| Beta-two | good | MIT |\n| gamma | good | MIT |\n",
}


def test_everything_is_pinned_with_hashes_and_tested_as_it_runs() -> None:
    assert papers.loose_pins(ROOT) == []


def test_every_library_and_tool_has_its_reason_and_licence() -> None:
    assert papers.unreasoned_libraries(ROOT) == []


def test_every_decision_is_short_and_whole() -> None:
    assert papers.untidy_decisions(ROOT) == []
    assert (ROOT / papers.DECISIONS / "0001-postgresql-only.md").is_file()


@pytest.mark.skipif((ROOT / "README.md").stat().st_size == 0, reason="the README is not written yet")
def test_the_readme_names_the_commands_that_must_be_green() -> None:
    assert papers.unnamed_commands(ROOT) == []


def test_no_document_links_to_a_file_that_is_not_there() -> None:
    assert papers.dead_links(ROOT) == []


def test_tidy_papers_pass(tmp_path: Path) -> None:
    plant(tmp_path, PAPERS)
    assert papers.loose_pins(tmp_path) + papers.unreasoned_libraries(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    [
        ("requirements/run.txt", "", "alpha is a dependency and not pinned in run.txt"),
        ("requirements/dev.txt", HASHED.format("alpha"), "beta-two is in dev.in and not pinned in dev.txt"),
        ("requirements/build.txt", "", "gamma is in build.in and not pinned in build.txt"),
        (
            "requirements/run.txt",
            HASHED.format("alpha").replace("1.0", "2.0"),
            "alpha is 2.0 in run.txt and 1.0 in dev.txt",
        ),
        ("requirements/run.txt", "alpha==1.0\n", "alpha==1.0 has no hash in run.txt"),
    ],
)
def test_a_loose_pin_is_seen(tmp_path: Path, path: str, text: str, sentence: str) -> None:
    plant(tmp_path, {**PAPERS, path: text})
    assert sentence in papers.loose_pins(tmp_path)


def test_a_library_without_a_reason_and_a_reason_without_a_library_are_seen(tmp_path: Path) -> None:
    plant(tmp_path, {**PAPERS, papers.LIBRARIES: "| library | why | licence |\n| Omega | good | MIT |\n"})
    assert papers.unreasoned_libraries(tmp_path) == [
        f"alpha has no row in {papers.LIBRARIES}",
        f"{papers.LIBRARIES} has a row for omega, which nothing asks for",
    ]


def test_an_untidy_decision_is_seen(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "docs/decisions/0001-a.md": DECISION.format(1),
            "docs/decisions/0002-b.md": DECISION.format(2) + "x\n" * 40,
            "docs/decisions/0004-c.md": DECISION.format(4),
            "docs/decisions/0005-d.md": DECISION.format(4).replace("## Context", "## Why"),
        },
    )
    assert papers.untidy_decisions(tmp_path) == [
        "0002-b.md has 53 lines; at most 35",
        "0004-c.md should be decision 3, in its name and its title",
        "0005-d.md should be decision 4, in its name and its title",
        "0005-d.md needs context, decision and consequences, in this order",
    ]


def test_a_command_that_the_readme_does_not_name_is_seen(tmp_path: Path) -> None:
    plant(tmp_path, {".ci/run": "set -e\nmake check\nmake test\n", "README.md": "Run `make test`.\n"})
    assert papers.unnamed_commands(tmp_path) == ["README.md does not name `make check`"]


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    text = "[a](docs/settings.md#keys) [b](gone.md) [c](https://treff.example/x) [d](#here)\n"
    plant(tmp_path, {"README.md": text, "docs/settings.md": "x\n"})
    assert papers.dead_links(tmp_path) == ["README.md links to gone.md, which is not there"]
