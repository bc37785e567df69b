"""The way back from Zoom's consent page, for those who began it here and for everybody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests import house
from tests.web.inbound.visits import CALLBACK, Browser, Place, count_token_calls, new_zoom_user
from treff.audit.models import AuditEntry
from treff.conferencing.models import ConnectFlow, Connection
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.workspaces.states import Role

STATE_SENTENCE = "has expired or was not started in this browser"


def assert_refused(place: Place, browser: Browser, path: str, sentence: str = STATE_SENTENCE) -> str:
    """A page that says why; Zoom is asked for no token, and nothing is connected that was not before."""
    calls, before = count_token_calls(place.product), [(g.pk, g.version) for g in place.grants()]
    answer = browser.get(path)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert count_token_calls(place.product) == calls
    assert [(g.pk, g.version) for g in place.grants()] == before
    return answer.text


@pytest.mark.attack("A-016")
def test_connecting_ends_at_an_address_without_code_or_state(place: Place, browser: Browser) -> None:
    asked = place.begin(browser)
    answer = browser.get(place.allow(asked))
    assert (answer.status_code, answer.headers["location"]) == (302, place.page)
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["referrer-policy"] == "same-origin"
    page = browser.get(place.page)
    assert place.zoom_user in page.text
    assert asked["state"] not in page.text
    for secrets in place.product.zoom("secrets").values():
        assert [secret for secret in secrets if secret in page.text + answer.text] == []
    assert [grant.external_user_id for grant in place.grants()] == [place.zoom_user]
    entry = AuditEntry.objects.get(workspace_id=place.workspace.pk, deed="connection.connected")
    assert entry.actor_id == place.admin.public_id


def test_each_walk_has_its_own_state_and_its_own_challenge(place: Place, browser: Browser) -> None:
    first, second = place.begin(browser), place.begin(browser)
    assert first["code_challenge_method"] == "S256"
    assert len(first["state"]) >= 32
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


@pytest.mark.attack("A-003")
@pytest.mark.parametrize("query", ["code={code}", "code={code}&state=", "code={code}&error=access_denied"])
def test_a_code_without_our_state_is_never_redeemed(place: Place, browser: Browser, query: str) -> None:
    calls = count_token_calls(place.product)
    redirect_uri = place.product.url + CALLBACK
    order = {"user_id": place.zoom_user, "redirect_uri": redirect_uri}
    code = place.product.zoom("authorize", order)["code"]
    answer = browser.get(f"{CALLBACK}?{query.format(code=code)}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/integrations/zoom/continue")
    assert browser.get("/integrations/zoom/continue").status_code == 200
    assert count_token_calls(place.product) == calls
    assert place.grants() == []


@pytest.mark.attack("A-004")
def test_a_state_from_somebody_elses_browser_connects_nothing(place: Place, browser: Browser) -> None:
    path = place.allow(place.begin(browser))
    victim = place.browser(house.admin(place.workspace))
    assert_refused(place, victim, path)
    assert "oauth_state_mismatch" in place.product.logs()


@pytest.mark.attack("A-004")
@pytest.mark.attack("A-005")
def test_a_state_holds_only_in_the_browser_that_began(place: Place, browser: Browser) -> None:
    path = place.allow(place.begin(browser))
    assert_refused(place, place.browser(), path)
    assert browser.get(path).status_code == 302  # which does not spoil it for the one that did


@pytest.mark.attack("A-005")
def test_a_state_is_dead_after_signing_out(place: Place, browser: Browser) -> None:
    path = place.allow(place.begin(browser))
    browser.submit("/accounts/logout/", "/accounts/logout/")
    calls = count_token_calls(place.product)
    assert browser.get(path).headers["location"] == "/accounts/login/"
    cookie = house.client_of(place.admin).cookies["session"].value
    browser.http.cookies.set("session", cookie, domain="127.0.0.1")
    assert_refused(place, browser, path)
    assert count_token_calls(place.product) == calls


@pytest.mark.attack("A-005")
def test_a_state_works_only_once(place: Place, browser: Browser) -> None:
    asked = place.begin(browser)
    assert browser.get(place.allow(asked)).status_code == 302
    assert_refused(place, browser, place.allow(asked))
    assert len(place.grants()) == 1


@pytest.mark.attack("A-005")
def test_a_state_holds_ten_minutes(place: Place, browser: Browser) -> None:
    asked = place.begin(browser)
    flow = ConnectFlow.objects.get(workspace=place.workspace)
    assert timedelta(minutes=9) < flow.expires_at - clock.now() <= timedelta(minutes=10)
    ConnectFlow.objects.filter(pk=flow.pk).update(expires_at=clock.now())
    assert_refused(place, browser, place.allow(asked))


@pytest.mark.attack("A-005")
@pytest.mark.parametrize("state", ["made-up", "x" * 5000, "%00", "%F0%9F%92%A3", "a&state=b"])
def test_a_state_that_we_never_gave_is_refused(place: Place, browser: Browser, state: str) -> None:
    assert_refused(place, browser, f"{CALLBACK}?code=abc&state={state}")


@pytest.mark.attack("A-008")
def test_a_walk_to_another_provider_does_not_end_at_zooms_address(place: Place, browser: Browser) -> None:
    asked = place.begin(browser)
    ConnectFlow.objects.filter(workspace=place.workspace).update(provider="teams")
    assert_refused(place, browser, place.allow(asked))
    assert ConnectFlow.objects.filter(workspace=place.workspace, provider="teams").exists()  # it is still theirs
    assert not Connection.objects.filter(workspace=place.workspace).exists()


@pytest.mark.attack("A-006")
def test_a_code_of_another_walk_is_refused_by_its_challenge_and_the_connection_stays(
    place: Place, browser: Browser
) -> None:
    place.connect(browser)
    (before,) = place.grants()
    attackers = (
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbGJSstw-cM0"  # https://datatracker.ietf.org/doc/html/rfc7636#appendix-B
    )
    thief = new_zoom_user(place.product, f"thief-{place.workspace.slug}")
    answer = browser.get(place.allow(place.begin(browser), user_id=thief, code_challenge=attackers))
    assert answer.status_code == 400
    assert "The provider refused the connection" in answer.text
    (after,) = place.grants()
    assert (after.external_user_id, after.version, after.state) == (place.zoom_user, before.version, "connected")


@pytest.mark.attack("A-006")
def test_a_code_that_was_redeemed_is_not_redeemed_again(place: Place, browser: Browser) -> None:
    asked = place.begin(browser)
    path = place.allow(asked)
    assert browser.get(path).status_code == 302
    second = place.begin(browser)
    answer = browser.get(path.replace(asked["state"], second["state"]))
    assert answer.status_code == 400
    assert [grant.state for grant in place.grants()] == [GrantState.CONNECTED]


@pytest.mark.promise("P09")
def test_declining_says_so_and_offers_to_try_again(place: Place, browser: Browser) -> None:
    asked = place.begin(browser, display="popup")
    text = assert_refused(
        place, browser, f"{CALLBACK}?error=access_denied&state={asked['state']}", "was declined in the consent window"
    )
    assert "Try again" in text
    assert f'action="{place.connect_url}"' in text
    assert 'name="display" value="popup"' in text
    assert browser.get(place.allow(place.begin(browser))).headers["location"] == place.page


@pytest.mark.promise("P09")
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("access_denied", "was declined in the consent window"),
        ("server_error", "could not be reached"),
        ("temporarily_unavailable", "could not be reached"),
        ("invalid_scope", "refused the connection"),
        ("anything else", "refused the connection"),
    ],
)
def test_every_refusal_says_why_and_offers_the_same_button(
    place: Place, browser: Browser, error: str, sentence: str
) -> None:
    asked = place.begin(browser)
    text = assert_refused(place, browser, f"{CALLBACK}?error={quote(error)}&state={asked['state']}", sentence)
    assert f'<form method="post" action="{place.connect_url}">' in text
    assert "Nothing was changed." in text


@pytest.mark.promise("P09")
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "down"}, "could not be reached"),
        ({"kind": "status", "status": 500}, "could not be reached"),
        (
            {"kind": "status", "status": 400, "body": {"reason": "4702", "error": "invalid_client"}},
            "does not accept this",
        ),
        ({"kind": "status", "status": 400, "body": {"reason": "4738", "error": "invalid_request"}}, "must approve"),
        ({"kind": "status", "status": 400, "body": {"reason": "4734", "error": "invalid_request"}}, "refused the"),
    ],
)
def test_every_answer_of_the_token_endpoint_has_its_own_sentence(
    place: Place, browser: Browser, fault: dict[str, Any], sentence: str
) -> None:
    path = place.allow(place.begin(browser, display="popup"))
    place.product.break_zoom(operation="token", **fault)
    answer = browser.get(path)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert f'action="{place.connect_url}"' in answer.text
    assert 'name="display" value="popup"' in answer.text
    assert place.grants() == []
    place.product.mend_zoom()
    assert browser.get(place.allow(place.begin(browser))).headers["location"] == place.page


def test_an_attempt_that_we_do_not_know_can_be_begun_anew(place: Place, browser: Browser) -> None:
    text = browser.get(f"{CALLBACK}?code=abc&state=made-up").text
    assert '<form method="get" action="/integrations/zoom/continue">' in text
    assert "Try again" in text


@pytest.mark.attack("A-011")
@pytest.mark.parametrize("field", ["error", "error_description", "code", "error_uri", "state"])
def test_nothing_that_the_address_says_is_repeated(place: Place, browser: Browser, field: str) -> None:
    evil = "<script>canary7</script>"
    asked = place.begin(browser)
    said = {"error": "access_denied", "error_description": "x", "state": asked["state"], field: evil}
    answer = browser.http.get(CALLBACK, params=said)
    assert answer.status_code == 400
    assert "canary7" not in answer.text


@pytest.mark.attack("A-016")
@pytest.mark.parametrize("end", ["refused", "forbidden"])
def test_a_page_that_says_why_it_failed_repeats_neither_code_nor_state(
    place: Place, browser: Browser, end: str
) -> None:
    asked = place.begin(browser)
    path = place.allow(asked, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbGJSstw-cM0")
    if end == "forbidden":
        place.admin.role = Role.REP
        place.admin.save()
    answer = browser.get(path)
    assert answer.status_code == {"refused": 400, "forbidden": 403}[end]
    code = path.partition("code=")[2].partition("&")[0]
    assert len(code) > 10
    assert code not in answer.text
    assert asked["state"] not in answer.text


@pytest.mark.attack("A-011")
def test_a_long_address_breaks_nothing(place: Place, browser: Browser) -> None:
    asked = place.begin(browser)
    path = f"{CALLBACK}?error=access_denied&state={asked['state']}&error_description={'A' * 50_000}"
    answer = browser.get(path)
    assert answer.status_code in (400, 414, 431)
    assert "AAAA" not in answer.text


@pytest.mark.attack("A-012")
@pytest.mark.parametrize("loss", ["role", "membership"])
def test_whoever_may_no_longer_connect_when_coming_back_connects_nothing(
    place: Place, browser: Browser, loss: str
) -> None:
    path = place.allow(place.begin(browser))
    if loss == "role":
        place.admin.role = Role.REP
    else:
        place.admin.is_active = False
    place.admin.save()
    calls = count_token_calls(place.product)
    assert browser.get(path).status_code == (403 if loss == "role" else 404)
    assert count_token_calls(place.product) == calls
    assert place.grants() == []


@pytest.mark.attack("A-012")
def test_a_rep_cannot_even_begin(place: Place) -> None:
    browser = place.browser(house.member(place.workspace))
    token = browser.token(place.page)
    answer = browser.http.post(place.connect_url, data={"csrfmiddlewaretoken": token})
    assert answer.status_code == 403
    assert AuditEntry.objects.filter(workspace_id=place.workspace.pk, deed="access.refused").exists()
    assert not ConnectFlow.objects.filter(workspace=place.workspace).exists()


@pytest.mark.attack("A-013")
def test_a_walk_ends_in_the_workspace_where_it_began(make_place: Callable[[], Place]) -> None:
    mine, other = make_place(), make_place()
    browser = mine.browser()
    path = mine.allow(mine.begin(browser))
    answer = browser.get(f"{path}&workspace={other.workspace.slug}&workspace_id={other.workspace.pk}")
    assert answer.headers["location"] == mine.page
    assert len(mine.grants()) == 1
    assert other.grants() == []


@pytest.mark.attack("A-013")
@pytest.mark.parametrize("chosen", ["theirs", "", "../admin", "no-such-place"])
def test_a_walk_for_a_foreign_workspace_does_not_begin(make_place: Callable[[], Place], chosen: str) -> None:
    mine, other = make_place(), make_place()
    browser = mine.browser()
    slug = other.workspace.slug if chosen == "theirs" else chosen
    answer = browser.submit("/integrations/zoom/start", "/integrations/zoom/continue", workspace=slug)
    assert answer.status_code == 404
    assert not ConnectFlow.objects.filter(workspace=other.workspace).exists()
    assert browser.get(f"/integrations/zoom/connected/{other.workspace.slug}").status_code == 404


@pytest.mark.attack("A-015")
@pytest.mark.promise("P07")
def test_with_fewer_permissions_nothing_is_stored_and_the_missing_one_is_named(place: Place, browser: Browser) -> None:
    granted = ["user:read:user", "meeting:write:meeting", "meeting:delete:meeting"]
    poor = new_zoom_user(place.product, f"poor-{place.workspace.slug}", scopes=granted)
    answer = browser.get(place.allow(place.begin(browser), user_id=poor))
    assert answer.status_code == 400
    assert "Missing: meeting:update:meeting." in answer.text
    assert place.grants() == []
    assert not Connection.objects.filter(workspace=place.workspace).exists()


@pytest.mark.attack("A-015")
def test_more_permissions_than_needed_connect_and_are_reported(place: Place, browser: Browser) -> None:
    needed = ["user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"]
    rich = new_zoom_user(place.product, f"rich-{place.workspace.slug}", scopes=[*needed, "recording:read"])
    assert browser.get(place.allow(place.begin(browser), user_id=rich)).status_code == 302
    assert "More than needed was granted: recording:read" in browser.get(place.page).text


@pytest.mark.attack("A-017")
def test_no_page_around_connecting_can_be_framed(place: Place, browser: Browser) -> None:
    pages = [
        browser.get(place.page),
        browser.get("/integrations/zoom/continue"),
        browser.get(f"{CALLBACK}?code=x&state=unknown"),
        browser.get(place.allow(place.begin(browser, display="popup"))),
        browser.get(f"/integrations/zoom/connected/{place.workspace.slug}"),
    ]
    assert [page.status_code for page in pages] == [200, 200, 400, 302, 200]
    for page in pages:
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.attack("A-001")
def test_connecting_begins_only_by_a_form_of_ours(place: Place, browser: Browser) -> None:
    token = browser.token(place.page)
    assert browser.get(place.connect_url).status_code == 405
    assert browser.get("/integrations/zoom/start").status_code == 405
    for path in (place.connect_url, "/integrations/zoom/start"):
        order = {"workspace": place.workspace.slug}
        assert browser.http.post(path, data=order).status_code == 403
        assert browser.http.post(path, data={**order, "csrfmiddlewaretoken": "x" * 64}).status_code == 403
        evil = {"Origin": "https://evil.example"}
        data = {**order, "csrfmiddlewaretoken": token}
        assert browser.http.post(path, data=data, headers=evil).status_code == 403
    assert not ConnectFlow.objects.filter(workspace=place.workspace).exists()
