"""What a booking type offers, by the API: the right slots, and not computed again in vain."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from tests import clients, house
from tests.web.api.caller import body_of, fields_of
from tests.web.api.conftest import Place
from treff.booking_types.models import BookingType
from treff.kernel import clock
from treff.workspaces.models import Member

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TUESDAY = datetime(2026, 12, 1, tzinfo=UTC)
OFFICE = (((540, 1020),),) * 5 + ((),) * 2
BERLIN = {"from": "2026-12-01", "to": "2026-12-01", "time_zone": "Europe/Berlin"}


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def talk(nordlicht: Place) -> BookingType:
    return clients.kind([nordlicht.owner], slug="talk", weekly_hours=OFFICE)


def asked(place: Place, headers: dict[str, str] | None = None, slug: str = "talk", **query: str) -> HttpResponse:
    return place.caller.get(f"/booking-types/{slug}/slots", query_params=query, headers=headers or {})


def slots(place: Place, **query: str) -> Any:
    response = asked(place, **query)
    assert response.status_code == 200, response.content
    return body_of(response)["slots"]


def starts(place: Place, **query: str) -> list[str]:
    return [slot["start"] for slot in slots(place, **query)]


def test_a_slot_has_start_end_and_hosts(nordlicht: Place, talk: BookingType) -> None:
    found = slots(nordlicht, **BERLIN)
    assert len(found) == 8
    assert found[0] == {
        "start": "2026-12-01T09:00:00+01:00",
        "end": "2026-12-01T10:00:00+01:00",
        "hosts": [nordlicht.owner.public_id],
    }
    assert found[-1]["end"] == "2026-12-01T17:00:00+01:00"


def test_days_are_those_of_the_zone_that_is_asked_for_and_both_inside(nordlicht: Place, talk: BookingType) -> None:
    tokyo = starts(nordlicht, **{"from": "2026-12-01", "to": "2026-12-01", "time_zone": "Asia/Tokyo"})
    assert tokyo == [f"2026-12-01T{hour:02}:00:00+09:00" for hour in (0, *range(17, 24))]
    own = starts(nordlicht, **{"from": "2026-12-01", "to": "2026-12-02"})
    assert (own[0], own[-1], len(own)) == ("2026-12-01T09:00:00+01:00", "2026-12-02T16:00:00+01:00", 16)


def test_offsets_follow_the_clocks_of_the_zone(nordlicht: Place, talk: BookingType) -> None:
    with clock.at(datetime(2027, 3, 20, tzinfo=UTC)):
        found = starts(nordlicht, **{"from": "2027-03-26", "to": "2027-03-29", "time_zone": "Europe/Berlin"})
    assert (found[0], found[-1]) == ("2027-03-26T09:00:00+01:00", "2027-03-29T16:00:00+02:00")


def test_without_days_it_is_a_month_from_today_on(nordlicht: Place, talk: BookingType) -> None:
    found = starts(nordlicht)
    assert found[0] == "2026-11-26T14:00:00+01:00"
    assert found[-1][:10] == "2026-12-25"


def test_another_length_and_another_host_are_asked_for(nordlicht: Place) -> None:
    other = house.member(nordlicht.workspace)
    clients.kind([nordlicht.owner, other], slug="talk", weekly_hours=OFFICE, more_minutes=(120,))
    house.appointment(other, start_at=TUESDAY + timedelta(hours=8), provider="none")
    found = slots(nordlicht, **BERLIN)
    assert [len(slot["hosts"]) for slot in found] == [1, *[2] * 7]
    assert len(starts(nordlicht, **BERLIN, host_id=other.public_id)) == 7
    long = slots(nordlicht, **BERLIN, duration_minutes="120")
    assert [slot["start"][11:16] for slot in long] == ["09:00", "11:00", "13:00", "15:00"]
    assert long[0]["end"] == "2026-12-01T11:00:00+01:00"


def test_a_paused_type_offers_nothing(nordlicht: Place) -> None:
    clients.kind([nordlicht.owner], slug="talk", is_paused=True)
    assert slots(nordlicht, **BERLIN) == []


@pytest.mark.attack("A-058")
def test_who_does_not_receive_is_as_good_as_nobody(nordlicht: Place, elsewhere: Place, talk: BookingType) -> None:
    colleague = house.member(nordlicht.workspace)
    gone = house.member(nordlicht.workspace)
    clients.kind([nordlicht.owner, gone], slug="with-gone")
    Member.objects.filter(pk=gone.pk).update(is_active=False)
    answers = [asked(nordlicht, host_id=one.public_id) for one in (colleague, elsewhere.owner)]
    answers += [asked(nordlicht, host_id="mem_unknown"), asked(nordlicht, slug="with-gone", host_id=gone.public_id)]
    answers += [asked(nordlicht, slug="unknown"), asked(elsewhere, slug="talk")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.attack("A-055", "A-056", "A-086")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-12-02", "to": "2026-12-01"}, "to"),
        ({"from": "2026-12-01", "to": "2027-02-01"}, "to"),
        ({"from": "2026-12-01", "to": "9998-12-31"}, "to"),
        ({"from": "9999-12-31"}, "from"),
        ({"from": "10000-01-01"}, "from"),
        ({"from": "0001-01-01"}, "from"),
        ({"from": "2027-02-29"}, "from"),
        ({"from": "2026-12-01T00:00:00Z"}, "from"),
        ({"to": "1796112000"}, "to"),
        ({"to": ""}, "to"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"duration_minutes": "45"}, "duration_minutes"),
        ({"duration_minutes": "-30"}, "duration_minutes"),
        ({"duration_minutes": "30.5"}, "duration_minutes"),
        ({"limit": "1000000"}, "limit"),
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_refused(
    nordlicht: Place, talk: BookingType, query: dict[str, str], field: str
) -> None:
    response = asked(nordlicht, **query)
    assert (response.status_code, fields_of(response)) == (422, [field])


def test_sixty_two_days_are_not_too_many(nordlicht: Place, talk: BookingType) -> None:
    assert asked(nordlicht, **{"from": "2026-12-01", "to": "2027-01-31"}).status_code == 200


def test_days_far_away_are_answered_with_nothing(nordlicht: Place, talk: BookingType) -> None:
    for first in ("1901-01-01", "9998-06-01"):
        assert slots(nordlicht, **{"from": first}) == []


# ---- what has not changed ----


def test_what_has_not_changed_is_not_told_again(nordlicht: Place, talk: BookingType) -> None:
    first = asked(nordlicht, **BERLIN)
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = asked(nordlicht, {"If-None-Match": f'"other", {etag}'}, **BERLIN)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert asked(nordlicht, {"If-None-Match": '"other"'}, **BERLIN).content == first.content


def test_whatever_changes_what_is_offered_changes_the_etag(nordlicht: Place, talk: BookingType) -> None:
    def etag(**query: str) -> str:
        return asked(nordlicht, **{**BERLIN, **query}).headers["ETag"]

    seen = [etag()]
    assert etag() == seen[0]
    seen += [etag(time_zone="Asia/Tokyo"), etag(to="2026-12-02"), etag(host_id=nordlicht.owner.public_id)]
    booked = clients.take(talk, TUESDAY + timedelta(hours=8))
    seen.append(etag())
    nordlicht.caller.post(f"/appointments/{booked.public_id}/cancel")
    seen.append(etag())
    nordlicht.caller.patch("/booking-types/talk", {"notice_minutes": 60})
    seen.append(etag())
    nordlicht.caller.patch("/booking-types/talk", {"hosts": [house.member(nordlicht.workspace).public_id]})
    seen.append(etag())
    with clock.at(NOW + timedelta(minutes=1)):
        seen.append(etag())
    assert len(set(seen)) == len(seen)
