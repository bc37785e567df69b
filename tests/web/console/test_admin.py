"""The administrators' pages: the video account, booking types, settings, members; and the frame around all pages."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house
from treff.booking_types.actions import offer_provider
from treff.booking_types.models import BookingType
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db
VIDEO = "/w/nordlicht/admin/appointments/video-provider/"
TYPES = "/w/nordlicht/admin/appointments/booking-types/"
SETTINGS = "/w/nordlicht/admin/settings/"
TYPE = {"title": "First call", "slug": "first-call", "duration_minutes": "30", "provider": "zoom"}


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


# Booking types


def test_a_booking_type_is_made_changed_and_removed(browser: Client) -> None:
    assert "“First call” is saved." in browser.post(TYPES, TYPE, follow=True).content.decode()
    changed = {**TYPE, "title": "Second call", "slug": "second-call", "duration_minutes": "90"}
    assert browser.get(f"{TYPES}first-call/").context["form"]["title"].value() == "First call"
    browser.post(f"{TYPES}first-call/", changed)
    row = BookingType.objects.get()
    assert (row.slug, row.title, row.duration) == ("second-call", "Second call", timedelta(minutes=90))
    answer = browser.post(f"{TYPES}second-call/remove/", follow=True)
    assert "“Second call” is not offered any more." in answer.content.decode()
    assert answer.context["booking_types"] == []


def test_a_short_name_is_made_of_the_title(browser: Client) -> None:
    browser.post(TYPES, {**TYPE, "title": "Erstes Gespräch!", "slug": ""})
    assert BookingType.objects.get().slug == "erstes-gesprach"


@pytest.mark.attack("A-055")
@pytest.mark.parametrize(
    ("field", "typed", "status"),
    [
        ("title", "", 422),
        ("title", "x" * 101, 422),
        ("title", "a\u202eb", 422),
        ("slug", "../x", 422),
        ("slug", "Caps", 422),
        ("slug", "admin", 422),
        ("slug", "taken", 409),
        ("duration_minutes", "0", 422),
        ("duration_minutes", "-30", 422),
        ("duration_minutes", "30.5", 422),
        ("duration_minutes", "1441", 422),
        ("provider", "teams", 422),
        ("provider", "", 422),
    ],
)
def test_a_booking_type_that_breaks_a_rule_is_marked(field: str, typed: str, status: int, browser: Client) -> None:
    browser.post(TYPES, {**TYPE, "slug": "taken"})
    answer = browser.post(TYPES, {**TYPE, field: typed})
    assert answer.status_code == status
    assert list(answer.context["form"].errors) == [field]
    assert BookingType.objects.count() == 1


def test_a_provider_that_a_type_has_already_stays_choosable(browser: Client) -> None:
    browser.post(TYPES, TYPE)
    BookingType.objects.update(provider="teams")
    assert browser.post(f"{TYPES}first-call/", {**TYPE, "provider": "teams", "title": "New"}).status_code == 302
    assert BookingType.objects.get().title == "New"


@pytest.mark.promise("P03")
def test_a_type_whose_provider_is_switched_off_says_so_and_where_to_enable_it(browser: Client, ada: Member) -> None:
    browser.post(TYPES, TYPE)
    note = "Zoom is switched off for new appointments."
    assert note not in browser.get(f"{TYPES}first-call/").text
    offer_provider(house.scope(ada), "zoom", is_offered=False, own_accounts=False)
    assert note in browser.get(f"{TYPES}first-call/").text
    assert 'href="/w/nordlicht/admin/appointments/video-provider/">Enable it</a>' in browser.get(TYPES).text
    BookingType.objects.update(provider="none")
    assert note not in browser.get(f"{TYPES}first-call/").text


# Settings and members


def test_settings_are_changed(browser: Client, place: Workspace) -> None:
    form = browser.get(SETTINGS).context["form"]
    assert form["link_wait_seconds"].value() == 30
    posted = {"name": "Nordlicht AG", "time_zone": "Europe/Vienna", "locale": "de", "link_wait_seconds": "0"}
    assert "Saved." in browser.post(SETTINGS, posted, follow=True).content.decode()
    place.refresh_from_db()
    assert (place.name, place.time_zone, place.locale) == ("Nordlicht AG", "Europe/Vienna", "de")
    assert (place.confirmation_mails, place.link_wait) == (False, timedelta(0))
    browser.post(SETTINGS, {**posted, "confirmation_mails": "on"})
    place.refresh_from_db()
    assert place.confirmation_mails


@pytest.mark.attack("A-054", "A-040")
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\nb"),
        ("time_zone", "Europe/Berlin; DROP"),
        ("time_zone", "../../etc/localtime"),
        ("locale", "fr"),
        ("link_wait_seconds", "-1"),
        ("link_wait_seconds", "601"),
        ("link_wait_seconds", ""),
    ],
)
def test_a_setting_that_breaks_a_rule_is_marked_and_nothing_changes(
    field: str, typed: str, browser: Client, place: Workspace
) -> None:
    posted = {"name": "Other", "time_zone": "Europe/Vienna", "locale": "de", "link_wait_seconds": "5", "slug": "mine"}
    answer = browser.post(SETTINGS, {**posted, field: typed})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    place.refresh_from_db()
    assert (place.name, place.slug, place.time_zone) == ("Nordlicht Solar", "nordlicht", "Europe/Berlin")


def test_members_are_listed_with_their_roles(browser: Client, rita: Member) -> None:
    rows = browser.get("/w/nordlicht/admin/members/").context["members"]
    assert [(row.name, row.role_label, row.is_you) for row in rows] == [
        ("Ada Admin", "Administrator", True),
        ("Olivia Owner", "Owner", False),
        ("Rita Rep", "Sales rep", False),
    ]


# The frame


def test_who_is_in_one_workspace_lands_in_it_and_who_is_in_several_chooses(ada: Member, browser: Client) -> None:
    assert browser.get("/")["Location"] == "/w/nordlicht/"
    second = house.workspace("waerme", name="Nordlicht Wärme")
    house.member(second, email=ada.user.email)
    answer = browser.get("/")
    assert [(place.slug, place.role_label) for place in answer.context["workspaces"]] == [
        ("nordlicht", "Administrator"),
        ("waerme", "Sales rep"),
    ]
    assert "/w/waerme/" in browser.get("/w/nordlicht/").content.decode()


def test_who_is_in_no_workspace_is_told_what_to_do(ada: Member, browser: Client) -> None:
    Member.objects.filter(pk=ada.pk).update(is_active=False)
    assert "You are not in a workspace yet" in browser.get("/").content.decode()


@pytest.mark.promise("P33")
def test_the_menu_names_no_workspace_of_others(browser: Client) -> None:
    house.workspace("elsewhere", name="Secret Competitor")
    assert "Secret Competitor" not in browser.get("/w/nordlicht/").content.decode()


def test_the_language_of_the_person_is_used_until_the_browser_has_one(place: Workspace) -> None:
    german = house.client_of(house.member(place, locale="de"))
    german.get("/")
    assert german.get("/w/nordlicht/")["Content-Language"] == "de"
    chooser = house.client_of(house.member(place, locale="de"))
    chooser.cookies["django_language"] = "en"
    chooser.get("/")
    assert chooser.get("/w/nordlicht/")["Content-Language"] == "en"


def test_the_demo_says_what_it_is_and_who_may_sign_in(browser: Client, settings: Any) -> None:
    settings.TREFF_DEMO = json.dumps(
        {
            "banner": {"lines": ["Zoom is simulated."], "links": [{"url": "/help", "label": "Use a real account"}]},
            "accounts": [{"email": "rita@demo.example", "password": "let me in please", "label": "Rita, rep"}],
        }
    )
    text = browser.get("/w/nordlicht/").content.decode()
    for shown in ("Zoom is simulated.", "Use a real account", 'href="/help"'):
        assert shown in text
    assert "rita@demo.example" in Client().get("/accounts/login/").content.decode()


def test_without_the_demo_there_is_no_banner_and_no_account(browser: Client) -> None:
    assert "banner" not in browser.get("/w/nordlicht/").content.decode()
    assert "demo" not in Client().get("/accounts/login/").content.decode()
