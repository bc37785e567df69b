"""All workers start anew when every access token has expired."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests import house
from tests.product import Product, eventually
from tests.web.inbound.visits import new_place
from treff.appointments.models import Appointment
from treff.conferencing.models import Grant, Meeting
from treff.conferencing.states import Sync
from treff.kernel import clock

WORKERS = ("worker", "second worker")


@pytest.fixture
def two_hours_later(product: Product) -> Iterator[Product]:
    """What the test changed for others is put back."""
    yield product
    product.zoom("clock", {"offset_seconds": 0})


def in_step(appointments: list[Appointment]) -> bool:
    found = Meeting.objects.filter(appointment__in=appointments, state=Sync.IN_STEP).exclude(external_id="")
    return found.count() == len(appointments)


def refreshes(product: Product) -> Counter[str]:
    """How often each user's token was refreshed."""
    return Counter(call["user_id"] for call in product.zoom("truth")["calls"] if call["operation"] == "refresh")


@pytest.mark.fault("F-058")
def test_each_account_that_has_work_is_refreshed_once_and_an_idle_one_not_at_all(two_hours_later: Product) -> None:
    product = two_hours_later
    places = [new_place(product) for _ in range(6)]
    busy, idle = places[:4], places[4:]
    for place in places:
        place.connect(place.browser())
        place.close()
    product.stop(WORKERS[0])
    booked = [house.appointment(place.admin) for place in busy for _ in range(5)]
    before, reuse = refreshes(product), product.zoom("truth")["refresh_reuse"]
    Grant.objects.update(expires_at=clock.now())
    product.zoom("clock", {"offset_seconds": 7200})
    for name in WORKERS:
        product.start_worker(name)
    eventually(lambda: in_step(booked), "all links", patience=60)
    later = house.appointment(busy[0].admin)
    eventually(lambda: in_step([later]), "the link of one more")
    spent = refreshes(product) - before
    assert [spent[place.zoom_user] for place in places] == [1] * len(busy) + [0] * len(idle)
    assert product.zoom("truth")["refresh_reuse"] == reuse
    assert {grant.version for place in busy for grant in place.grants()} == {2}
    assert {grant.version for place in idle for grant in place.grants()} == {1}
