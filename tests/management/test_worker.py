"""How the worker's own sessions are set up."""

import psycopg
import pytest
from procrastinate.contrib.django import connector_params
from pytest_django.fixtures import Settings

from treff.management.worker import _forgetful


@pytest.mark.django_db
def test_the_queue_may_forget_what_it_handed_out_and_waits_for_no_lock_longer_than_the_rest(settings: Settings) -> None:
    database = {**connector_params(), "options": settings.WORKER_SESSION}
    with psycopg.connect(**_forgetful(database)) as session:
        shown = [session.execute(f"SHOW {name}").fetchone() for name in ("synchronous_commit", "lock_timeout")]
    assert shown == [("off",), ("10s",)]
