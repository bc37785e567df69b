"""The settings' document is true."""

from pathlib import Path

import pytest

from tests.shape.planting import plant
from tests.shape.settings import other_readers_of_the_environment, out_of_document
from tests.shape.sources import ROOT

DOCUMENT = """
    # Settings

    | setting | default | what it is |
    |---|---|---|
    | `TREFF_BASE_URL` | `http://127.0.0.1:8000` | where people find it, see `TREFF_OTHER` |
"""


def test_every_setting_is_documented_and_every_documented_setting_is_read() -> None:
    assert out_of_document(ROOT) == []


def test_only_the_settings_and_the_commands_read_the_environment() -> None:
    assert other_readers_of_the_environment(ROOT) == []


def test_a_document_that_says_what_is_read_is_true(tmp_path: Path) -> None:
    plant(tmp_path, {"docs/settings.md": DOCUMENT, "src/treff/settings.py": 'BASE_URL = text("TREFF_BASE_URL")\n'})
    assert out_of_document(tmp_path) == []


def test_a_setting_that_only_the_code_or_only_the_document_knows_is_seen(tmp_path: Path) -> None:
    settings = 'import os\n\nZOOM = os.environ["TREFF_ZOOM_CLIENT_ID"]\nNOTE = "set TREFF_OTHER to 1"\n'
    plant(tmp_path, {"docs/settings.md": DOCUMENT, "src/treff/settings.py": settings})
    assert out_of_document(tmp_path) == [
        "TREFF_ZOOM_CLIENT_ID is read and not in docs/settings.md",
        "TREFF_BASE_URL is in docs/settings.md and nobody reads it",
    ]


@pytest.mark.parametrize(
    "text",
    ["import os\n\nx = os.environ.get('HOME')\n", "from os import getenv\n", "import os as o\n\nx = o.getenv('X')\n"],
)
def test_a_look_into_the_environment_past_the_settings_is_seen(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"src/treff/mail/actions.py": text, "src/treff/environment.py": text})
    assert other_readers_of_the_environment(tmp_path) == [
        "src/treff/mail/actions.py reads the environment: make it a setting in src/treff/settings.py"
    ]


def test_naming_the_settings_module_for_django_is_no_look_into_the_environment(tmp_path: Path) -> None:
    text = 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "treff.settings")\n'
    plant(tmp_path, {"src/treff/web/wsgi.py": text})
    assert other_readers_of_the_environment(tmp_path) == []
