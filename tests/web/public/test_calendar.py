"""The calendar of a booking type, as anybody sees it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house
from tests.web.public.conftest import NOW, PAGE, change, offer
from treff.availability.models import BusyTime
from treff.availability.states import Source
from treff.booking_types.actions import offer_provider
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Limits
from treff.booking_types.rules import Window
from treff.booking_types.states import HostMode, Provider, WindowKind
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db


def times(answer: Any) -> list[str]:
    return re.findall(r'name="start" value="([^"]+)"', answer.content.decode())


def test_the_free_times_of_the_first_free_day_stand_there(kind: BookingType) -> None:
    answer = Client().get(PAGE)
    text = answer.content.decode()
    assert answer.status_code == 200
    for said in (
        "Nordlicht Solar",
        "First call",
        "Anna Albers",
        "30 minutes",
        "Europe/Berlin",
        "Monday, 23 November 2026",
    ):
        assert said in text
    assert times(answer)[:2] == ["2026-11-23T08:30Z", "2026-11-23T09:00Z"]
    assert times(answer)[-1] == "2026-11-23T15:30Z"


def test_days_with_free_times_are_links_and_others_are_not(kind: BookingType) -> None:
    text = Client().get(f"{PAGE}?month=2026-12").content.decode()
    days = re.findall(r'id="day-(2026-12-\d\d)"', text)
    assert days[:6] == ["2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04", "2026-12-07", "2026-12-08"]
    assert "2026-12-05" not in text
    assert 'aria-label="Tuesday, 1 December 2026"' in text


def test_today_is_marked(kind: BookingType) -> None:
    text = Client().get(PAGE).content.decode()
    assert 'aria-label="Monday, 23 November 2026, today"' in text
    assert text.count('class="today"') == 1


def test_months_end_where_the_window_ends(kind: BookingType) -> None:
    """Sixty days from 23 November: until 22 January."""
    first, last = (Client().get(f"{PAGE}?month={month}").context["sheet"] for month in ("2026-11", "2027-01"))
    assert (first.back_url, first.forward_url) == ("", "?month=2026-12")
    assert (last.back_url, last.forward_url) == ("?month=2026-12", "")
    beyond = Client().get(f"{PAGE}?month=2028-05").context["sheet"]
    assert beyond.title.isoformat() == "2027-01-01"


@pytest.mark.parametrize(
    ("zone", "first"), [("America/New_York", "03:30"), ("Asia/Kolkata", "14:00"), ("Pacific/Auckland", "21:30")]
)
def test_times_are_those_of_the_reader(kind: BookingType, zone: str, first: str) -> None:
    answer = Client().get(f"{PAGE}?tz={zone}")
    assert re.findall(r"<button class=\"button slot\"[^>]*>([^<]+)<", answer.content.decode())[0] == first
    assert zone in answer.content.decode()


def test_a_day_of_the_reader_may_be_another_day_of_the_host(kind: BookingType) -> None:
    answer = Client().get(f"{PAGE}?tz=Pacific/Auckland&day=2026-11-25")
    found = times(answer)
    assert found[0] == "2026-11-24T11:00Z"  # midnight there
    assert all("2026-11-24T11" <= at < "2026-11-25T11" for at in found)


@pytest.mark.attack("A-054")
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin; DROP", "../../etc/localtime", "GMT+25", "europe/berlin", "x" * 9999, "%00"]
)
def test_what_is_no_time_zone_is_said_to_be_none(kind: BookingType, zone: str) -> None:
    answer = Client().get(PAGE, {"tz": zone})
    assert answer.status_code == 200
    assert "This is not a time zone" in answer.content.decode()
    assert answer.context["zone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    "query",
    [
        *("month=2026-13", "month=0000-01", "month=9999-12", "day=2026-02-30", "day=x", "day=0001-01-01", "%00=%00"),
        *("minutes=31", "minutes=-1", "minutes=1e9", "view=x", "lang=xx", "host=mem_x", "key=", "day=9999-12-31"),
    ],
)
def test_what_makes_no_sense_is_taken_for_nothing(kind: BookingType, query: str) -> None:
    assert Client().get(f"{PAGE}?{query}").status_code == 200


def test_a_fold_hour_is_told_apart(place: Workspace, anna: Member) -> None:
    weekly = ((),) * 6 + (((0, 6 * 60),),)
    offer(place, anna, weekly_hours=weekly)
    with clock.at(datetime(2026, 10, 24, 8, tzinfo=UTC)):
        text = Client().get(f"{PAGE}?day=2026-10-25").content.decode()
    assert re.findall(r"02:00 <small>(UTC\+\d)</small>", text) == ["UTC+2", "UTC+1"]
    assert "03:00</button>" in text


def test_the_week_stands_beside_the_month(kind: BookingType) -> None:
    answer = Client().get(f"{PAGE}?view=week")
    sheet = answer.context["sheet"]
    assert [column.day.isoformat() for column in sheet.columns][::6] == ["2026-11-23", "2026-11-29"]
    assert sheet.forward_url == "?day=2026-11-30&view=week"
    assert sheet.back_url == ""
    assert len(times(answer)) == 4 * 16 + 15


def test_a_length_can_be_chosen_where_there_are_several(kind: BookingType) -> None:
    assert 'name="minutes"' not in Client().get(PAGE).content.decode()
    change(kind, more_minutes=(60, 15))
    answer = Client().get(f"{PAGE}?minutes=60")
    assert times(answer)[-1] == "2026-11-23T15:00Z"
    assert '<option value="60" selected>60 minutes</option>' in answer.content.decode()


def test_a_host_can_be_chosen_where_that_is_offered(place: Workspace, anna: Member) -> None:
    ben = house.member(place, name="Ben Becker")
    kind = offer(place, anna, ben, host_mode=HostMode.CHOICE)
    house.appointment(
        anna, start_at=datetime(2026, 11, 24, 8, tzinfo=UTC), duration=timedelta(hours=8), provider="none"
    )
    anybody, only_anna = (Client().get(f"{PAGE}?day=2026-11-24{host}") for host in ("", f"&host={anna.public_id}"))
    assert len(times(anybody)) == 16
    assert times(only_anna) == []
    assert "No free times on this day." in only_anna.content.decode()
    assert "Anybody" in anybody.content.decode()
    change(kind, host_mode=HostMode.ROUND_ROBIN)
    assert "Anybody" not in Client().get(PAGE).content.decode()


@pytest.mark.attack("A-058")
def test_a_host_of_something_else_is_not_there(place: Workspace, anna: Member) -> None:
    ben, elsewhere = house.member(place, name="Ben Becker"), house.owner(house.workspace("elsewhere"))
    offer(place, anna, host_mode=HostMode.CHOICE)
    for member in (ben, elsewhere):
        assert Client().get(f"{PAGE}?host={member.public_id}").status_code == 404


def test_no_free_time_at_all_is_said_to_be_none(kind: BookingType) -> None:
    window = Window(WindowKind.RANGE, 60, date(2026, 11, 1), date(2027, 3, 31))
    change(kind, window=window, weekly_hours=((),) * 7)
    assert "No free times in the next 128 days." in Client().get(PAGE).content.decode()
    late = Client().get(f"{PAGE}?month=2027-02").content.decode()
    assert "No free times here or later." in late


def test_the_months_before_the_notice_is_over_are_not_shown(kind: BookingType) -> None:
    change(kind, notice=timedelta(days=45))
    assert Client().get(f"{PAGE}?month=2026-12").context["sheet"].title.isoformat() == "2027-01-01"


def test_an_empty_month_says_where_the_next_free_time_is(kind: BookingType) -> None:
    _block(kind, datetime(2026, 11, 23, tzinfo=UTC), datetime(2027, 1, 5, tzinfo=UTC))
    answer = Client().get(f"{PAGE}?month=2026-12")
    assert "No free times in this month." in answer.content.decode()
    assert answer.context["sheet"].next_free_url == "?day=2027-01-05"
    assert Client().get(PAGE).context["sheet"].next_free_url == "?day=2027-01-05"


def _block(kind: BookingType, start_at: datetime, end_at: datetime) -> None:
    member = kind.hosts.get().member
    BusyTime.objects.create(workspace=kind.workspace, member=member, source=Source.TIME_OFF, busy=(start_at, end_at))


@pytest.mark.parametrize("query", ["", "?month=2026-12", "?view=week", "?tz=Asia/Tokyo&day=2026-12-01"])
def test_the_page_takes_five_statements_and_sixty_kilobytes(place: Workspace, anna: Member, query: str) -> None:
    hosts = [anna, *(house.member(place, name=f"Host {number}") for number in range(9))]
    offer(place, *hosts, limits=Limits(day=50), provider=Provider.ZOOM, step_minutes=5, host_mode=HostMode.CHOICE)
    with CaptureQueriesContext(connection) as statements:
        answer = Client().get(f"{PAGE}{query}")
    assert len(statements) <= 5
    assert len(answer.content) <= 60_000
    assert answer.status_code == 200


def test_the_list_shows_what_is_public(place: Workspace, anna: Member) -> None:
    offer(place, anna)
    offer(place, anna, slug="paused", title="Paused call", is_paused=True)
    offer(place, anna, slug="secret", title="Secret call", is_secret=True)
    offer(place, slug="nobody", title="Nobody's call")
    text = Client().get("/book/nordlicht/").content.decode()
    assert PAGE in text
    for title in ("Paused call", "Secret call", "Nobody"):
        assert title not in text


def test_an_empty_list_says_so(place: Workspace) -> None:
    assert "nothing to book here" in Client().get("/book/nordlicht/").content.decode()


@pytest.mark.promise("P33")
@pytest.mark.attack("A-058")
def test_what_is_not_offered_answers_like_what_is_not_there(kind: BookingType, place: Workspace, anna: Member) -> None:
    house.workspace("elsewhere")
    offer(place, anna, slug="paused", is_paused=True)
    secret = offer(place, anna, slug="secret", is_secret=True)
    gone = offer(place, anna, slug="gone")
    BookingType.objects.filter(pk=gone.pk).update(is_active=False)
    nothing = Client().get("/book/nordlicht/no-such-type/")
    assert nothing.status_code == 404
    for path in (
        *(
            "/book/nordlicht/paused/",
            "/book/nordlicht/secret/",
            "/book/nordlicht/secret/?key=x",
            "/book/nordlicht/gone/",
        ),
        *(
            "/book/elsewhere/first-call/",
            "/book/nowhere/first-call/",
            "/book/nowhere/",
            "/book/manage/",
            "/book/nordlicht/logo/",
        ),
        *("/book/nordlicht/paused/details/?start=2026-11-24T08:00Z", "/book/manage/" + "x" * 22 + "/"),
    ):
        answer = Client().get(path)
        assert (answer.status_code, answer.content) == (404, nothing.content), path
    assert Client().get(f"/book/nordlicht/secret/?key={secret.secret_key}").status_code == 200


def test_a_secret_type_is_told_to_nobody(place: Workspace, anna: Member) -> None:
    secret = offer(place, anna, slug="secret", is_secret=True)
    answer = Client().get(f"/book/nordlicht/secret/?key={secret.secret_key}")
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert f'name="key" value="{secret.secret_key}"' in answer.content.decode()


def test_where_a_provider_is_switched_off_no_video_is_promised(place: Workspace, anna: Member) -> None:
    offer(place, anna, provider=Provider.ZOOM)
    assert "Video meeting with Zoom" in Client().get(PAGE).content.decode()
    offer_provider(house.scope(house.owner(place)), "zoom", is_offered=False, own_accounts=False)
    text = Client().get(PAGE).content.decode()
    assert "Zoom" not in text
    assert "In person or by phone." in text


def test_the_language_is_the_browsers_or_the_one_that_is_chosen(kind: BookingType) -> None:
    german = Client().get(PAGE, headers={"accept-language": "de"}).content.decode()
    assert '<html lang="de">' in german
    assert "Montag, 23. November 2026" in german
    chosen = Client().get(f"{PAGE}?lang=de", headers={"accept-language": "en"})
    assert '<html lang="de">' in chosen.content.decode()
    assert 'name="lang" value="de"' in chosen.content.decode()
    assert "?lang=en" in chosen.content.decode()


def test_who_asks_later_finds_what_was_taken_gone(kind: BookingType, anna: Member) -> None:
    house.appointment(anna, start_at=NOW + timedelta(hours=1), duration=timedelta(minutes=30), provider="none")
    assert times(Client().get(PAGE))[:2] == ["2026-11-23T08:30Z", "2026-11-23T09:30Z"]
