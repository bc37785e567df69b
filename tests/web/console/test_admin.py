"""The administrators' pages: settings, members; and the frame around all pages."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db
SETTINGS = "/w/nordlicht/admin/settings/"


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


# Settings and members


def test_settings_are_changed(browser: Client, place: Workspace) -> None:
    form = browser.get(SETTINGS).context["form"]
    assert form["link_wait_seconds"].value() == 30
    posted = {"name": "Nordlicht AG", "time_zone": "Europe/Vienna", "locale": "de", "link_wait_seconds": "0"}
    answer = browser.post(SETTINGS, posted, follow=True).content.decode()
    assert (
        "Saved: Name Nordlicht Solar → Nordlicht AG; Time zone Europe/Berlin → Europe/Vienna; "
        "Language English → German; Send confirmation emails yes → no; Wait for the link (seconds) 30 → 0." in answer
    )
    assert "Nothing was changed." in browser.post(SETTINGS, posted, follow=True).content.decode()
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
