"""The page behind an invitation's link."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house
from treff.kernel import clock
from treff.team import actions, queries
from treff.team.models import Invitation
from treff.workspaces.models import Member, User, Workspace
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db
EMAIL = "nina@new.example"
TYPED = {"name": "Nina Neu", "password": house.PASSWORD}


@pytest.fixture
def place() -> Workspace:
    return house.workspace(name="Nordlicht Solar")


@pytest.fixture
def row(place: Workspace) -> Invitation:
    return actions.invite(house.scope(house.owner(place)), EMAIL, Role.REP, "en")


def link(row: Invitation) -> str:
    return f"/invitation/{queries.token_of(row).reveal()}/"


def test_looking_changes_nothing_and_shows_whose_invitation_it_is(row: Invitation) -> None:
    for _ in range(2):
        page = Client().get(link(row))
        assert (page.status_code, page["X-Robots-Tag"]) == (200, "noindex, nofollow")
        for shown in ("Welcome to Nordlicht Solar", "Olivia Owner invites you.", EMAIL, "Sales rep"):
            assert shown in page.content.decode()
    row.refresh_from_db()
    assert row.accepted_at is None


def test_it_is_shown_in_the_invitations_language_unless_one_is_chosen(place: Workspace) -> None:
    row = actions.invite(house.scope(house.owner(place)), EMAIL, Role.REP, "de")
    assert "Willkommen bei Nordlicht Solar" in Client().get(link(row)).content.decode()
    browser = Client()
    browser.cookies["django_language"] = "en"
    assert "Welcome to Nordlicht Solar" in browser.get(link(row)).content.decode()


def test_who_accepts_signs_in_and_is_in(row: Invitation, place: Workspace) -> None:
    browser = Client()
    answer = browser.post(link(row), TYPED, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=%2Fw%2Fnordlicht%2F")
    assert "Welcome to Nordlicht Solar." in answer.content.decode()
    signed_in = browser.post("/accounts/login/", {"login": EMAIL, "password": house.PASSWORD, "next": "/w/nordlicht/"})
    assert signed_in["Location"] == "/w/nordlicht/"
    assert browser.get("/w/nordlicht/").status_code == 200
    over = Client().get(link(row))
    assert (over.status_code, "accepted already" in over.content.decode()) == (409, True)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"password": "short"}, "password"),
        ({"name": ""}, "name"),
        ({"password": ""}, "password"),
        ({"name": "a\nb"}, "name"),
    ],
)
def test_what_breaks_a_rule_is_marked_and_the_name_is_kept(row: Invitation, typed: dict[str, str], field: str) -> None:
    answer = Client().post(link(row), {**TYPED, **typed})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert house.PASSWORD not in answer.content.decode()
    assert not User.objects.filter(email=EMAIL).exists()


@pytest.mark.attack("A-027")
def test_who_has_an_account_signs_in_with_it_and_keeps_name_and_password(row: Invitation) -> None:
    known = house.member(house.workspace("elsewhere"), email=EMAIL, password=house.PASSWORD)
    browser = Client()
    page = browser.get(link(row)).content.decode()
    assert f"{EMAIL} has an account here already." in page
    assert 'type="password"' not in page
    assert browser.post(link(row), TYPED).status_code == 403
    assert not Member.objects.filter(user=known.user, workspace__slug="nordlicht").exists()

    browser = house.client_of(known)
    assert "You have an account here already." in browser.get(link(row)).content.decode()
    answer = browser.post(link(row), {"name": "Mallory", "password": "another passphrase"})
    assert (answer.status_code, answer["Location"]) == (302, "/w/nordlicht/")
    assert browser.get("/w/nordlicht/").status_code == 200
    known.user.refresh_from_db()
    assert known.user.check_password(house.PASSWORD)
    assert str(known.user) != "Mallory"


@pytest.mark.attack("A-026")
def test_who_is_signed_in_as_somebody_else_accepts_for_nobody(row: Invitation) -> None:
    browser = house.client_of(house.member(house.workspace("elsewhere"), email="other@elsewhere.example"))
    page = browser.get(link(row)).content.decode()
    assert f"This invitation is for {EMAIL}, and you are signed in as other@elsewhere.example." in page
    assert browser.post(link(row), TYPED).status_code == 403
    assert not User.objects.filter(email=EMAIL).exists()
    assert Client().post(link(row), TYPED).status_code == 302, "it is not used up"


@pytest.mark.attack("A-028")
def test_whoever_accepts_gets_the_role_of_the_invitation_whatever_is_posted(row: Invitation) -> None:
    Client().post(link(row), {**TYPED, "role": "owner", "workspace": "elsewhere", "email": "mallory@evil.example"})
    member = Member.objects.get(user__email=EMAIL)
    assert (member.role, member.workspace.slug) == (Role.REP, "nordlicht")
    assert not User.objects.filter(email="mallory@evil.example").exists()


def test_a_link_that_is_too_old_or_withdrawn_says_so(row: Invitation, place: Workspace) -> None:
    with clock.at(row.sent_at + timedelta(days=7)):
        old = Client().post(link(row), TYPED)
    assert (old.status_code, "seven days old" in old.content.decode()) == (409, True)
    actions.take_back(house.scope(house.owner(place)), row.public_id)
    gone = Client().get(link(row))
    assert (gone.status_code, "withdrawn" in gone.content.decode()) == (409, True)


@pytest.mark.attack("A-032")
def test_a_link_that_is_none_is_a_404_and_who_tries_many_is_stopped(row: Invitation) -> None:
    browser = Client()
    for number in range(100):
        assert browser.get(f"/invitation/{number:043d}/").status_code == 404
    assert browser.get(f"/invitation/{100:043d}/").status_code == 403
    assert browser.get(link(row)).status_code == 200


@pytest.mark.attack("A-002")
def test_a_form_of_another_site_accepts_nothing(row: Invitation) -> None:
    assert Client(enforce_csrf_checks=True).post(link(row), TYPED).status_code == 403
    row.refresh_from_db()
    assert row.accepted_at is None
