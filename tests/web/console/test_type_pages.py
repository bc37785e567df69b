"""The list of booking types, what is done to one with a click, and what its page shows of the next free times."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house, offering
from tests.offering import NOW
from tests.web.console.test_types import FULL, NEW, TYPE, TYPES, browser, friday, typed
from treff.booking_types import queries
from treff.booking_types.actions import offer_provider
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Limits
from treff.booking_types.rules import Window
from treff.booking_types.states import WindowKind
from treff.workspaces.models import Member

__all__ = ("browser", "friday")  # fixtures
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("friday")]


# The list and its buttons


def test_without_any_the_list_says_what_they_are_for(browser: Client) -> None:
    text = browser.get(TYPES).text
    assert "No booking types yet" in text
    assert f'href="{NEW}"' in text


def test_the_list_shows_each_with_its_page_and_how_it_stands(browser: Client, ada: Member, rita: Member) -> None:
    offering.kind(ada, rita, title="Call", slug="call", more_minutes=(60, 15))
    offering.kind(ada, title="Visit", slug="visit", is_secret=True, is_paused=True, needs_approval=True)
    call, visit = browser.get(TYPES).context["booking_types"]
    assert (call.lengths, call.hosts, call.is_paused) == ("15, 30, 60", "Rita Rep", False)
    assert call.public_url == "http://127.0.0.1:8000/book/nordlicht/call/"
    key = BookingType.objects.get(slug="visit").secret_key
    assert visit.public_url == f"http://127.0.0.1:8000/book/nordlicht/visit/?key={key}"
    text = browser.get(TYPES).text
    for badge in ("Active", "Paused", "Secret", "With approval"):
        assert f">{badge}</span>" in text


def test_one_that_is_paused_is_not_offered_until_it_is_resumed(browser: Client, ada: Member) -> None:
    offering.kind(ada, ada)
    for posted, said, paused in (("0", "is paused", True), ("1", "can be booked again", False)):
        answer = browser.post(f"{TYPES}call/pause/", {"enabled": posted}, follow=True)
        assert said in answer.text
        assert BookingType.objects.get().is_paused is paused
    browser.post(f"{TYPES}call/pause/", {"enabled": "0"})
    browser.post(f"{TYPES}call/", {**typed(browser, f"{TYPES}call/"), "title": "New"})
    assert BookingType.objects.get().is_paused, "editing does not resume it"


def test_a_copy_is_paused_and_all_else_is_the_same(browser: Client, ada: Member, rita: Member) -> None:
    browser.post(NEW, {**FULL, f"host-{rita.public_id}-receives": "on"})
    browser.post(f"{TYPES}first-call/duplicate/")
    browser.post(f"{TYPES}first-call/duplicate/")
    first, *copies = BookingType.objects.order_by("id")
    assert [(row.title, row.slug, row.is_paused) for row in copies] == [
        ("First call (copy)", "first-call-copy", True),
        ("First call (copy)", "first-call-copy-2", True),
    ]
    assert queries.description_of(copies[0]).hosts == queries.description_of(first).hosts
    assert copies[0].secret_key not in ("", first.secret_key)


def test_removing_asks_once_more_and_frees_the_short_name(browser: Client) -> None:
    browser.post(NEW, TYPE)
    assert "Remove this booking type?" in browser.get(f"{TYPES}first-call/remove/").text
    assert browser.get(TYPES).context["booking_types"] != []
    answer = browser.post(f"{TYPES}first-call/remove/", follow=True)
    assert "“First call” is not offered any more." in answer.text
    assert answer.context["booking_types"] == []
    assert browser.post(NEW, TYPE).status_code == 302


def test_a_new_secret_link_replaces_the_old_one(browser: Client) -> None:
    browser.post(NEW, FULL)
    before = BookingType.objects.get().secret_key
    answer = browser.post(f"{TYPES}first-call/secret/", follow=True)
    after = BookingType.objects.get().secret_key
    assert after != before
    assert f"?key={after}" in answer.text
    assert before not in answer.text


def test_a_provider_that_a_type_has_already_stays_choosable(browser: Client) -> None:
    browser.post(NEW, TYPE)
    BookingType.objects.update(provider="teams")
    assert browser.post(f"{TYPES}first-call/", {**TYPE, "provider": "teams", "title": "New"}).status_code == 302
    assert BookingType.objects.get().title == "New"


@pytest.mark.promise("P03")
def test_a_type_whose_provider_is_switched_off_says_so_and_where_to_enable_it(browser: Client, ada: Member) -> None:
    browser.post(NEW, TYPE)
    note = "Zoom is switched off for new appointments."
    assert note not in browser.get(f"{TYPES}first-call/").text
    offer_provider(house.scope(ada), "zoom", is_offered=False, own_accounts=False)
    assert note in browser.get(f"{TYPES}first-call/").text
    assert 'href="/w/nordlicht/admin/appointments/video-provider/">Enable it</a>' in browser.get(NEW).text
    BookingType.objects.update(provider="none")
    assert note not in browser.get(f"{TYPES}first-call/").text


# The next free times


def why(browser: Client) -> dict[str, str]:
    return {host.name: host.why for host in browser.get(f"{TYPES}call/").context["preview"].hosts}


def test_the_page_shows_the_next_free_times_of_each_host(browser: Client, ada: Member, rita: Member) -> None:
    offering.kind(ada, ada, rita, notice=timedelta(hours=2))
    preview = browser.get(f"{TYPES}call/").context["preview"]
    assert [(host.name, len(host.starts), host.why) for host in preview.hosts] == [
        ("Ada Admin", 10, ""),
        ("Rita Rep", 10, ""),
    ]
    assert preview.hosts[0].starts[0] == NOW + timedelta(hours=2)


def test_who_offers_nothing_is_named_with_the_reason(browser: Client, ada: Member, rita: Member) -> None:
    row = offering.kind(ada, ada, rita, host_mode="fixed")
    assert why(browser) == {"Ada Admin": "", "Rita Rep": "Only the first host receives."}
    BookingType.objects.filter(pk=row.pk).update(host_mode="round_robin", weekly_hours=[[]] * 7)
    assert set(why(browser).values()) == {"Has no hours in the coming 60 days."}
    BookingType.objects.filter(pk=row.pk).update(weekly_hours=[[[540, 550]]] * 7)
    assert set(why(browser).values()) == {"The hours have no room for this length in the time that can be booked."}
    BookingType.objects.filter(pk=row.pk).update(weekly_hours=None, window_days=0, notice=timedelta(days=3))
    assert set(why(browser).values()) == {
        "The time that can be booked is empty: look at the notice and at how far ahead."
    }
    BookingType.objects.filter(pk=row.pk).update(notice=timedelta(0))
    house.appointment(rita, start_at=NOW + timedelta(minutes=1), duration=timedelta(hours=9), provider="none")
    assert why(browser)["Rita Rep"] == "Is busy all the time: appointments, time off or a calendar."
    assert why(browser)["Ada Admin"] == ""
    BookingType.objects.filter(pk=row.pk).update(host_mode="together")
    assert why(browser)["Ada Admin"] == "Is free, but never when all the others are."


def test_a_full_limit_is_the_reason_too(browser: Client, ada: Member) -> None:
    row = offering.kind(ada, ada, limits=Limits(month=1), window=Window(WindowKind.ROLLING_DAYS, 10))
    offering.take(row)
    assert why(browser) == {"Ada Admin": "As many as the limits allow are booked."}


def test_a_type_without_hosts_and_one_that_is_paused_say_so(browser: Client, ada: Member) -> None:
    offering.kind(ada, is_paused=True)
    text = browser.get(f"{TYPES}call/").text
    assert "Nobody receives it yet." in text
    assert "Paused: clients cannot book it." in text
