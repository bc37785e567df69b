"""Coming back with another account than the connected one: asked first, confirmed by typing, or declined."""

from collections.abc import Callable

import httpx2
import pytest

from tests import house
from tests.product import eventually
from tests.web.inbound.test_reconnecting import joined
from tests.web.inbound.visits import Browser, Place, new_zoom_user
from treff.appointments.models import Appointment
from treff.booking_types.actions import offer_provider
from treff.conferencing.models import Connection, Grant, Meeting, PendingConnection
from treff.kernel import clock
from treff.workspaces.states import Role


@pytest.fixture
def other(place: Place) -> str:
    """Another Zoom user."""
    return new_zoom_user(place.product, f"other-{place.workspace.slug}")


def address_of(user_id: str) -> str:
    return Grant.objects.get(external_user_id=user_id).email


def come_back_with(place: Place, browser: Browser, user_id: str, **fields: str) -> str:
    """The page that asks, after the consent of another user."""
    answer = browser.get(place.allow(place.begin(browser, **fields), user_id=user_id))
    assert answer.status_code == 302, answer.text[:1000]
    assert "/integrations/zoom/replace/pend_" in answer.headers["location"]
    return answer.headers["location"]


def users(place: Place) -> list[str]:
    return [grant.external_user_id for grant in place.grants()]


def calls_of(place: Place, user_id: str, operation: str) -> int:
    calls = place.product.zoom("truth")["calls"]
    return sum((call["user_id"], call["operation"]) == (user_id, operation) for call in calls)


@pytest.mark.attack("A-014")
@pytest.mark.promise("P09")
def test_another_user_is_asked_about_with_the_appointments_concerned_and_confirmed_by_typing(
    place: Place, browser: Browser, other: str
) -> None:
    place.connect(browser)
    house.workspace(f"elsewhere-{place.workspace.slug}")
    appointment = house.appointment(place.admin, title="Gets a new link")
    before = joined(appointment)
    old_link = Appointment.objects.get(pk=appointment.pk).join_url
    page_url = come_back_with(place, browser, other)
    page = browser.get(page_url)
    for shown in (address_of(place.zoom_user), place.zoom_user, address_of(other), other, "Gets a new link"):
        assert shown in page.text
    assert "Nothing has changed yet." in page.text
    assert users(place) == [place.zoom_user]

    answer = browser.submit(page_url, page_url, account=address_of(other))
    assert (answer.status_code, answer.headers["location"]) == (302, place.page)
    assert users(place) == [other]
    assert not Grant.objects.filter(external_user_id=place.zoom_user).exists()
    eventually(
        lambda: Meeting.objects.filter(appointment=appointment).exclude(external_id=before.external_id).exists(),
        "the new meeting",
    )
    after = joined(appointment)
    assert after.account != before.account
    assert Appointment.objects.get(pk=appointment.pk).join_url not in ("", old_link)
    assert place.zoom_user not in browser.get(place.page).text


@pytest.mark.attack("A-014")
@pytest.mark.parametrize("typed", ["", "somebody@else.example", "the old one"])
def test_what_is_typed_wrong_is_said_at_the_field_and_nothing_is_lost(
    place: Place, browser: Browser, other: str, typed: str
) -> None:
    place.connect(browser)
    page_url = come_back_with(place, browser, other)
    typed = address_of(place.zoom_user) if typed == "the old one" else typed
    answer = browser.submit(page_url, page_url, account=typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert users(place) == [place.zoom_user]
    good = f" {address_of(other).upper()} "
    assert browser.submit(page_url, page_url, account=good).headers["location"] == place.page
    assert users(place) == [other]


@pytest.mark.attack("A-014")
@pytest.mark.promise("P09")
def test_declining_keeps_the_account_and_forgets_the_other(place: Place, browser: Browser, other: str) -> None:
    place.connect(browser)
    (before,) = place.grants()
    page_url = come_back_with(place, browser, other)
    answer = browser.submit(f"{page_url}/decline", page_url)
    assert (answer.status_code, answer.headers["location"]) == (302, place.page)
    assert "Nothing was changed." in browser.get(place.page).text
    (after,) = place.grants()
    assert (after.pk, after.version, after.access_token) == (before.pk, before.version, before.access_token)
    assert not Grant.objects.filter(external_user_id=other).exists()
    assert not PendingConnection.objects.filter(workspace=place.workspace).exists()
    assert calls_of(place, other, "revoke") == 1
    assert calls_of(place, place.zoom_user, "revoke") == 0


def test_in_the_popup_both_ends_are_pages_that_close_themselves(place: Place, browser: Browser, other: str) -> None:
    place.connect(browser)
    page_url = come_back_with(place, browser, other, display="popup")
    assert browser.get(page_url).headers["cross-origin-opener-policy"] == "unsafe-none"
    answer = browser.submit(f"{page_url}/decline", page_url)
    assert answer.status_code == 200
    assert 'data-connect-result="done"' in answer.text
    assert "Nothing was changed" in answer.text
    page_url = come_back_with(place, browser, other, display="popup")
    answer = browser.submit(page_url, page_url, account=address_of(other))
    assert answer.headers["location"] == f"/integrations/zoom/connected/{place.workspace.slug}"
    assert address_of(other) in browser.get(answer.headers["location"]).text


def test_a_members_own_account_is_replaced_the_same_way(place: Place, other: str) -> None:
    offer_provider(house.scope(place.admin), "zoom", is_offered=True, own_accounts=True)
    rep = house.member(place.workspace)
    browser = place.browser(rep)
    answer = browser.get(place.allow(place.begin(browser, own="1", display="popup")))
    assert answer.headers["location"] == f"/integrations/zoom/connected/{place.workspace.slug}/own"
    assert f"/disconnect/{rep.public_id}/" in browser.get(answer.headers["location"]).text
    page_url = come_back_with(place, browser, other, own="1")
    assert browser.submit(page_url, page_url, account=address_of(other)).headers["location"] == place.page
    (connection,) = Connection.objects.filter(workspace=place.workspace)
    assert (connection.member, connection.grant.external_user_id) == (rep, other)


def assert_unknown(answer: httpx2.Response) -> None:
    assert answer.status_code == 400
    assert "has expired or was not started in this browser" in answer.text
    assert '<form method="get" action="/integrations/zoom/continue">' in answer.text


@pytest.mark.attack("A-014")
@pytest.mark.parametrize("who", ["the same in another browser", "another administrator", "too late", "made up"])
def test_only_who_came_back_in_that_browser_and_in_time_decides(
    place: Place, browser: Browser, other: str, who: str
) -> None:
    place.connect(browser)
    page_url = come_back_with(place, browser, other)
    address = address_of(other)
    if who == "the same in another browser":
        browser = place.browser()
    elif who == "another administrator":
        browser = place.browser(house.admin(place.workspace))
    elif who == "too late":
        PendingConnection.objects.filter(workspace=place.workspace).update(expires_at=clock.now())
    else:
        page_url = "/integrations/zoom/replace/pend_0000"
    answer = browser.get(page_url)
    assert_unknown(answer)
    assert address not in answer.text
    assert_unknown(browser.submit(page_url, place.page, account=address))
    assert_unknown(browser.submit(f"{page_url}/decline", place.page))
    assert users(place) == [place.zoom_user]
    assert PendingConnection.objects.filter(workspace=place.workspace).exists() or who == "too late"  # then it is swept


@pytest.mark.attack("A-012")
@pytest.mark.parametrize("loss", ["role", "membership"])
def test_whoever_may_no_longer_connect_confirms_nothing(place: Place, browser: Browser, other: str, loss: str) -> None:
    place.connect(browser)
    page_url = come_back_with(place, browser, other)
    token = browser.token(page_url)
    if loss == "role":
        place.admin.role = Role.REP
    else:
        place.admin.is_active = False
    place.admin.save()
    form = {"account": address_of(other), "csrfmiddlewaretoken": token}
    assert browser.get(page_url).status_code == (403 if loss == "role" else 404)
    assert browser.http.post(page_url, data=form).status_code == (403 if loss == "role" else 404)
    assert users(place) == [place.zoom_user]


@pytest.mark.attack("A-013")
def test_what_is_confirmed_is_the_workspace_where_it_began(make_place: Callable[[], Place]) -> None:
    mine, theirs = make_place(), make_place()
    browser = mine.browser()
    mine.connect(browser)
    theirs.connect(theirs.browser())
    other = new_zoom_user(mine.product, f"other-{mine.workspace.slug}")
    page_url = come_back_with(mine, browser, other)
    swapped = {"workspace": theirs.workspace.slug, "workspace_id": str(theirs.workspace.pk)}
    answer = browser.submit(page_url, page_url, account=address_of(other), **swapped)
    assert answer.headers["location"] == mine.page
    assert users(mine) == [other]
    assert users(theirs) == [theirs.zoom_user]


@pytest.mark.attack("A-001", "A-014")
def test_a_form_of_another_site_confirms_and_declines_nothing(place: Place, browser: Browser, other: str) -> None:
    place.connect(browser)
    page_url = come_back_with(place, browser, other)
    form = {"account": address_of(other)}
    for url in (page_url, f"{page_url}/decline"):
        assert browser.http.post(url, data=form).status_code == 403
        forged = {**form, "csrfmiddlewaretoken": browser.token(page_url)}
        assert browser.http.post(url, data=forged, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.get(f"{page_url}/decline").status_code == 405
    assert users(place) == [place.zoom_user]
    assert PendingConnection.objects.filter(workspace=place.workspace).exists()


@pytest.mark.attack("A-017")
def test_the_page_that_asks_cannot_be_framed(place: Place, browser: Browser, other: str) -> None:
    place.connect(browser)
    page_url = come_back_with(place, browser, other)
    for page in (browser.get(page_url), browser.submit(page_url, page_url, account="wrong")):
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
