"""Coming from the Marketplace's install link: a code that we did not ask for, and what follows from it."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests import house
from tests.product import eventually
from tests.web.inbound.visits import CALLBACK, Browser, Place
from treff.booking_types.actions import offer_provider
from treff.conferencing.models import ConnectFlow, Connection
from treff.notices.models import Notice

CONTINUE, START = "/integrations/zoom/continue", "/integrations/zoom/start"


def installed(place: Place) -> str:
    """Zoom's redirect after Add: a code, no state."""
    order = {"user_id": place.zoom_user, "redirect_uri": place.product.url + CALLBACK}
    return f"{CALLBACK}?code={place.product.zoom('authorize', order)['code']}"


@pytest.mark.attack("A-003")
@pytest.mark.promise("P05")
def test_whoever_comes_from_the_marketplace_signs_in_chooses_and_connects(place: Place) -> None:
    stranger = Browser(place.product)
    answer = stranger.get(installed(place))
    answer = stranger.get(answer.headers["location"])
    assert answer.headers["location"] == f"/accounts/login/?next={quote(CONTINUE, safe='')}"
    stranger.http.close()

    browser = place.browser()
    page = browser.get(CONTINUE)
    assert place.workspace.name in page.text
    assert place.grants() == []
    answer = browser.submit(START, CONTINUE, workspace=place.workspace.slug)
    asked = dict(answer.next_request.url.params) if answer.next_request else {}
    assert asked["code_challenge_method"] == "S256"
    assert browser.get(place.allow(asked)).headers["location"] == place.page
    assert [grant.external_user_id for grant in place.grants()] == [place.zoom_user]


@pytest.mark.promise("P05")
def test_a_rep_who_comes_from_the_marketplace_is_told_whom_to_ask(place: Place) -> None:
    browser = place.browser(house.member(place.workspace))
    page = browser.get(CONTINUE)
    assert f"{place.workspace.name}: only owners and administrators can connect" in page.text
    assert "Ask Olivia Owner or Ada Admin." in page.text
    assert START not in page.text
    token = browser.token(place.page)
    order = {"workspace": place.workspace.slug, "csrfmiddlewaretoken": token}
    assert browser.http.post(START, data=order).status_code == 403
    assert not ConnectFlow.objects.filter(workspace=place.workspace).exists()


@pytest.mark.promise("P05")
def test_a_rep_who_may_have_an_own_account_is_offered_that_and_nothing_else(place: Place) -> None:
    offer_provider(house.scope(place.admin), "zoom", is_offered=True, own_accounts=True)
    rep = house.member(place.workspace)
    browser = place.browser(rep)
    page = browser.get(CONTINUE)
    assert f'value="{place.workspace.slug}:own"' in page.text
    assert f'value="{place.workspace.slug}"' not in page.text
    answer = browser.submit(START, CONTINUE, workspace=f"{place.workspace.slug}:own")
    asked = dict(answer.next_request.url.params) if answer.next_request else {}
    assert browser.get(place.allow(asked)).headers["location"] == place.page
    connection = Connection.objects.get(workspace=place.workspace)
    assert (connection.member, connection.grant.external_user_id) == (rep, place.zoom_user)


def test_the_choice_says_which_account_would_be_replaced(make_place: Callable[[], Place]) -> None:
    here, there = make_place(), make_place()
    here.connect(here.browser())
    house.member(there.workspace, email=here.admin.user.email)  # a rep there
    page = here.browser().get(CONTINUE)
    assert f"Replaces {here.grants()[0].email}" in page.text
    assert f'value="{there.workspace.slug}"' not in page.text
    assert f"{there.workspace.name}: only owners" in page.text


def test_who_is_in_no_workspace_is_told_what_to_do(place: Place) -> None:
    place.admin.is_active = False
    place.admin.save()
    page = place.browser().get(CONTINUE)
    assert "You are not in a workspace yet" in page.text
    assert place.workspace.name not in page.text


@pytest.mark.attack("A-007")
def test_who_was_signed_in_to_a_foreign_account_notices_before_and_after_connecting(
    make_place: Callable[[], Place],
) -> None:
    """The victim's browser was signed in as somebody of the attacker's choice: A-007."""
    attackers, victims = make_place(), make_place()
    stranger = Browser(victims.product)
    form = {"login": attackers.admin.user.email, "password": house.PASSWORD}
    assert stranger.http.post("/accounts/login/", data=form).status_code == 403  # not by a form of another site
    token = stranger.token("/accounts/login/")
    stranger.http.cookies.set("session", "chosen-by-the-attacker", domain="127.0.0.1")
    attackers.admin.user.set_password(house.PASSWORD)
    attackers.admin.user.save()
    answer = stranger.http.post("/accounts/login/", data={**form, "csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    sessions = [cookie.value for cookie in stranger.http.cookies.jar if cookie.name == "session"]
    assert sessions != ["chosen-by-the-attacker"]

    page = stranger.get(CONTINUE)
    assert attackers.admin.user.email in page.text
    assert attackers.workspace.name in page.text
    assert "Not you?" in page.text

    attackers.zoom_user = victims.zoom_user
    assert stranger.get(attackers.allow(attackers.begin(stranger, display="popup"))).status_code == 302
    page = stranger.get(f"/integrations/zoom/connected/{attackers.workspace.slug}")
    (grant,) = attackers.grants()
    for shown in (attackers.workspace.name, grant.email, "Not you? Disconnect"):
        assert shown in page.text
    owner = house.owner(attackers.workspace).user
    eventually(lambda: attackers.product.mails(owner.email), "the Owner hears of it by mail")
    assert Notice.objects.filter(user=owner, kind="connected").count() == 1
    stranger.http.close()
