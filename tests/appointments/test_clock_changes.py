"""The hour that clocks show twice, from the offer to the booking."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from tests import house
from treff.appointments import offers
from treff.appointments.actions import book
from treff.appointments.errors import SlotTaken
from treff.appointments.ports import Booking
from treff.availability import actions
from treff.booking_types.models import BookingType, TypeHost
from treff.kernel import clock
from treff.workspaces.models import Member

DAY = date(2026, 10, 25)
WITHIN = tuple(datetime(2026, 10, day, 12, tzinfo=UTC) for day in (24, 25))
BOTH = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]


@pytest.fixture(autouse=True)
def october() -> Iterator[None]:
    with clock.at(datetime(2026, 10, 19, 8, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def rita(db: None) -> Member:
    return house.member(house.workspace("nordlicht"))


@pytest.mark.fault("F-136")
def test_half_past_two_is_offered_twice_and_each_can_be_booked_once(rita: Member) -> None:
    scope = house.scope(rita)
    actions.set_override(scope, rita.public_id, DAY, DAY, [(120, 180)])
    kind = BookingType.objects.create(
        workspace=rita.workspace, slug="night", title="Night", duration=timedelta(minutes=30), provider="none"
    )
    TypeHost.objects.create(booking_type=kind, member=rita)

    def offered() -> list[datetime]:
        within = (int(WITHIN[0].timestamp()), int(WITHIN[1].timestamp()))
        found = offers.grounds(rita.workspace, kind, within, clock.now())
        return [offers.instant(slot.start) for slot in offers.slots(found, kind.duration)]

    half_hour = timedelta(minutes=30)
    assert offered() == [BOTH[0] - half_hour, BOTH[0], BOTH[1] - half_hour, BOTH[1]]
    for start_at in BOTH:
        wanted = Booking(lead_id=house.lead(rita).public_id, start_at=start_at, booking_type=kind.slug)
        assert book(scope, wanted).start_at == start_at
        with pytest.raises(SlotTaken):
            book(scope, wanted)
        assert start_at not in offered()
    assert offered() == [BOTH[0] - half_hour, BOTH[1] - half_hour]
