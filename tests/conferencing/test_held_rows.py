"""Somebody holds a row for longer than a pass waits for it."""

import pytest
from django.db import OperationalError

from tests.conferencing.stage import Stage, later
from tests.held import held
from treff.conferencing import queries, reconcile

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 10  # seconds


@pytest.mark.fault("F-106")
def test_a_meeting_that_was_made_meanwhile_is_linked_some_seconds_later_and_not_when_a_lease_ends(stage: Stage) -> None:
    booked = stage.book()
    with held(booked), pytest.raises(OperationalError):
        reconcile.look(booked.pk)
    assert (stage.calls("create"), stage.fresh(booked).join_url) == (1, "")
    with later(seconds=SOON):
        assert queries.due(10) == [booked.pk]
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
    assert stage.calls("create") == 1


@pytest.mark.fault("F-106")
def test_a_change_that_zoom_has_taken_meanwhile_is_noted_some_seconds_later(stage: Stage) -> None:
    booked = stage.book()
    reconcile.look(booked.pk)
    link = stage.fresh(booked).join_url
    moved = stage.move(booked)
    with held(moved), pytest.raises(OperationalError):
        reconcile.look(moved.pk)
    assert stage.calls("update") == 1
    with later(seconds=SOON):
        assert queries.due(10) == [moved.pk]
        reconcile.look(moved.pk)
        stage.check_in_step(moved)
    assert stage.fresh(moved).join_url == link
