"""The house's own rules hold, and their checks see what breaks them."""

from pathlib import Path

import pytest

from tests.shape import exceptions, manners
from tests.shape.planting import plant
from tests.shape.sources import ROOT


def test_no_function_imports_but_where_a_reason_is_listed() -> None:
    assert manners.local_imports(ROOT, exceptions.LOCAL_IMPORTS) == []


def test_every_module_has_a_name_that_says_what_belongs_there() -> None:
    assert manners.modules_without_a_place(ROOT) == []


def test_nobody_uses_django_signals() -> None:
    assert manners.signals(ROOT) == []


def test_no_instant_is_made_without_a_zone() -> None:
    assert manners.naive_datetimes(ROOT) == []


def test_nobody_leaves_the_house_by_the_standard_library() -> None:
    assert manners.back_doors_to_the_network(ROOT) == []


def test_an_import_inside_a_function_is_seen_and_can_be_allowed_by_name(tmp_path: Path) -> None:
    text = """
        import os

        def late():
            import json
            from treff.people import queries
    """
    plant(tmp_path, {"src/treff/cli.py": text})
    allowed = {"src/treff/cli.py:json": "slow to import", "src/treff/cli.py:gone": "was needed once"}
    assert manners.local_imports(tmp_path, allowed) == [
        "src/treff/cli.py:5 imports treff.people.queries inside a function",
        "src/treff/cli.py:gone is gone: take it out of tests/shape/exceptions.py",
    ]


@pytest.mark.parametrize("name", ["utils.py", "common/models.py", "people/helpers.py"])
def test_a_name_that_says_nothing_is_seen(tmp_path: Path, name: str) -> None:
    plant(tmp_path, {f"src/treff/{name}": "x = 1\n", "src/treff/people/queries.py": "x = 1\n"})
    assert len(manners.modules_without_a_place(tmp_path)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "from django.dispatch import receiver",
        "from django.db.models.signals import post_save",
        "from django.db.models import signals",
        "from allauth.account.signals import user_logged_in",
        "import django.dispatch",
    ],
)
def test_a_signal_is_seen(tmp_path: Path, line: str) -> None:
    plant(tmp_path, {"src/treff/people/actions.py": line + "\n"})
    assert len(manners.signals(tmp_path)) == 1


def test_the_signals_of_the_operating_system_are_no_django_signals(tmp_path: Path) -> None:
    plant(tmp_path, {"src/treff/cli.py": "import signal\nfrom signal import SIGTERM\n"})
    assert manners.signals(tmp_path) == []


@pytest.mark.parametrize(
    "call",
    [
        "datetime.now()",
        "datetime.now(None)",
        "datetime.now(tz=None)",
        "datetime.utcnow()",
        "datetime(2026, 12, 1, 9)",
        "datetime.fromtimestamp(0)",
        "datetime.today()",
        "date.today()",
    ],
)
def test_a_constructor_without_a_zone_is_seen(tmp_path: Path, call: str) -> None:
    plant(tmp_path, {"src/treff/people/rules.py": f"from datetime import date, datetime\n\nx = {call}\n"})
    assert len(manners.naive_datetimes(tmp_path)) == 1


@pytest.mark.parametrize(
    "call",
    [
        "dt.datetime.now(dt.UTC)",
        "dt.datetime.now(tz=dt.UTC)",
        "dt.datetime(2026, 12, 1, tzinfo=dt.UTC)",
        "dt.datetime.fromtimestamp(0, dt.UTC)",
        "dt.date(2026, 12, 1)",
    ],
)
def test_a_constructor_with_a_zone_is_left_alone(tmp_path: Path, call: str) -> None:
    plant(tmp_path, {"src/treff/people/rules.py": f"import datetime as dt\n\nx = {call}\n"})
    assert manners.naive_datetimes(tmp_path) == []


@pytest.mark.parametrize(
    "line", ["from urllib.request import urlopen", "import http.client", "from http import client"]
)
def test_http_by_the_standard_library_is_seen_where_nobody_may_speak_it(tmp_path: Path, line: str) -> None:
    plant(tmp_path, {"src/treff/web/console/views.py": line + "\n", "src/treff/hooks/actions.py": line + "\n"})
    assert len(manners.back_doors_to_the_network(tmp_path)) == 1


def test_addresses_and_status_codes_are_no_network(tmp_path: Path) -> None:
    plant(tmp_path, {"src/treff/web/x.py": "from http import HTTPStatus\nfrom urllib.parse import urlsplit\n"})
    assert manners.back_doors_to_the_network(tmp_path) == []
