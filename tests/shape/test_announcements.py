"""Whatever is announced has listeners that are tasks, and nobody listens to what is never said."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.shape.announcements import unwired
from tests.shape.planting import plant
from tests.shape.sources import ROOT

HOUSE = {
    "src/treff/appointments/actions.py": """
        from treff.events.actions import announce

        def reschedule(pk):
            announce("appointment.changed", pk)
    """,
    "src/treff/conferencing/tasks.py": """
        @app.task(name="conferencing.look_again")
        def look_again(subject_id): ...

        def not_one(subject_id): ...
    """,
    "src/treff/mail/tasks.py": "@task\ndef tell(subject_id): ...\n",
    "src/treff/wiring.py": """
        from treff.conferencing import tasks as conferencing
        from treff.mail.tasks import tell

        LISTENERS: dict[str, tuple[Task, ...]] = {"appointment.changed": (conferencing.look_again, tell)}
    """,
}


def planted(root: Path, changed: Mapping[str, tuple[str, str]]) -> list[str]:
    """Plant the house with `path -> (old, new)` replaced, and check it."""
    files = dict(HOUSE)
    for path, (old, new) in changed.items():
        assert old in files[path]
        files[path] = files[path].replace(old, new)
    return unwired(plant(root, files))


def test_every_announced_event_is_wired_to_tasks_and_every_wired_event_is_announced() -> None:
    assert unwired(ROOT) == []


def test_a_wired_house_is_in_order(tmp_path: Path) -> None:
    assert planted(tmp_path, {}) == []


@pytest.mark.parametrize("call", ["actions.announce", "events.actions.announce"])
def test_an_announcement_is_seen_however_it_is_imported(tmp_path: Path, call: str) -> None:
    imported = "from treff.events import actions\n" if call.startswith("actions") else "from treff import events\n"
    text = f'{imported}\n{call}("appointment.moved", 1)\n'
    plant(tmp_path, {**HOUSE, "src/treff/people/actions.py": text})
    assert unwired(tmp_path) == [
        "src/treff/people/actions.py:3 announces appointment.moved, which src/treff/wiring.py does not name"
    ]


def test_an_event_that_nobody_announces_is_seen(tmp_path: Path) -> None:
    found = planted(tmp_path, {"src/treff/wiring.py": ('{"app', '{"lead.changed": (), "app')})
    assert found == ["src/treff/wiring.py names lead.changed, which nobody announces"]


def test_an_event_whose_name_is_computed_is_seen(tmp_path: Path) -> None:
    found = planted(tmp_path, {"src/treff/appointments/actions.py": ('"appointment.changed"', "NAME")})
    assert "src/treff/appointments/actions.py:4 announces an event whose name is no plain text" in found


@pytest.mark.parametrize("listener", ["conferencing.not_one", "conferencing.gone", "lambda subject_id: None"])
def test_a_listener_that_is_no_task_is_seen(tmp_path: Path, listener: str) -> None:
    found = planted(tmp_path, {"src/treff/wiring.py": ("conferencing.look_again", listener)})
    assert len(found) == 1
    assert "is no task of a tasks.py" in found[0]


def test_a_house_that_announces_without_wiring_is_seen(tmp_path: Path) -> None:
    plant(tmp_path, {path: text for path, text in HOUSE.items() if not path.endswith("wiring.py")})
    assert len(unwired(tmp_path)) == 1
