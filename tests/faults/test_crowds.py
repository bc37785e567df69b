"""Many at once where a provider takes one after the other."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests import house
from tests.faults import truth
from tests.journeys.team import Team
from tests.product import Product, eventually
from treff.appointments.actions import cancel
from treff.conferencing.models import Meeting

MANY, EACH = 40, 0.1


@pytest.fixture
def two_workers(product: Product) -> Iterator[None]:
    product.start_worker("second worker")
    yield
    product.zoom("limits", {"write_seconds": None})


@pytest.mark.fault("F-044")
def test_many_deletes_of_one_user_all_arrive_one_after_the_other(connected_team: Team, two_workers: None) -> None:
    booked = [connected_team.book(f"Crowd {number}") for number in range(MANY)]
    ours = Meeting.objects.filter(appointment__workspace=connected_team.workspace)
    eventually(lambda: ours.filter(state="in_step").count() == MANY, "all are there", 90)
    connected_team.product.zoom("limits", {"write_seconds": EACH})
    scope = house.scope(house.owner(connected_team.workspace))
    for one in booked:
        cancel(scope, one["id"])
    eventually(lambda: truth.alive(connected_team) == [], "all are gone", 20 * MANY * EACH)
    eventually(lambda: ours.filter(state="unneeded").count() == MANY, "all are settled")
    answered = Counter(call["status"] for call in truth.calls(connected_team, "delete"))
    assert answered[204] == MANY
    # One that Zoom takes long for may meet the next; without turns two of three are refused.
    assert answered[429] <= MANY // 4
    assert set(ours.values_list("attempts__state", flat=True)) == {"deleted"}
