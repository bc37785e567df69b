"""A lead who did not come, noted and taken back by the API."""

from datetime import datetime, timedelta

import pytest

from tests import house
from tests.web.api.caller import Caller, body_of
from tests.web.api.conftest import Place
from treff.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(nordlicht: Place) -> tuple[str, datetime]:
    made = house.appointment(nordlicht.owner, provider="none")
    return f"/appointments/{made.public_id}", made.start_at


def test_it_is_noted_once_read_and_taken_back(booked: tuple[str, datetime], rep: Caller) -> None:
    path, start_at = booked
    assert body_of(rep.get(path))["no_show_at"] is None
    noted_at = start_at + timedelta(minutes=10)
    with clock.at(noted_at):
        first = body_of(rep.post(f"{path}/no-show"))
        assert datetime.fromisoformat(first["no_show_at"]) == noted_at
    with clock.at(start_at + timedelta(minutes=20)):
        again = rep.post(f"{path}/no-show")
        assert (again.status_code, body_of(again)) == (200, first)
        for _ in range(2):
            back = rep.delete(f"{path}/no-show")
            assert (back.status_code, body_of(back)["no_show_at"]) == (200, None)
    assert body_of(rep.get(path))["generation"] == 1


def test_before_the_start_and_of_one_that_is_off_it_is_refused(booked: tuple[str, datetime], rep: Caller) -> None:
    path, start_at = booked
    early = rep.post(f"{path}/no-show")
    assert (early.status_code, body_of(early)["code"]) == (409, "not_begun")
    rep.post(f"{path}/cancel")
    with clock.at(start_at):
        off = rep.post(f"{path}/no-show")
    assert (off.status_code, body_of(off)["code"]) == (409, "not_taking_place")
