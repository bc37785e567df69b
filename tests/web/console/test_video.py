"""The video provider's page: the account and how it is, the switches, accounts of members, who hosts what."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests import house
from tests.web.console.conftest import connect, connect_own
from tests.web.console.november import NOW
from tests.web.console.paper_zoom import PaperZoom
from treff.audit.models import AuditEntry
from treff.booking_types.actions import offer_provider
from treff.booking_types.models import ProviderSwitch
from treff.conferencing import ports, reconcile
from treff.conferencing.consent import Browser, take_flow
from treff.conferencing.errors import GrantLost, Refused, StateMismatch
from treff.conferencing.grants import check, mark_lost, pause
from treff.conferencing.models import Attempt, ConnectFlow, Connection, Grant, Usage
from treff.conferencing.ports import Identity
from treff.conferencing.states import AttemptState, CheckResult, GrantState, LostCause, Plan
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
VIDEO = "/w/nordlicht/admin/appointments/video-provider/"
ACCOUNTS = f"{VIDEO}accounts/"


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


def card_in(client: Client) -> Any:
    return client.get(ACCOUNTS).context["parts"][0].card


def fact(client: Client, label: str) -> Any:
    return next((fact for fact in card_in(client).facts if fact.label == label), None)


# Connecting


def test_connecting_leads_to_the_consent_page_of_a_flow_of_this_browser(
    browser: Client, ada: Member, zoom: PaperZoom, settings: Any
) -> None:
    answer = browser.post(f"{VIDEO}zoom/connect/", {"display": "popup"})
    assert answer.status_code == 302
    there = urlsplit(answer["Location"])
    assert there.netloc == "zoom.example"
    query = parse_qs(there.query)
    assert query["redirect"] == [f"{settings.TREFF_BASE_URL}/integrations/zoom/callback"]
    session_key = browser.session.session_key
    assert session_key is not None
    state = Secret(query["state"][0])
    with pytest.raises(StateMismatch):
        take_flow("zoom", state, Browser(ada.user, "another session"))
    returned = take_flow("zoom", state, Browser(ada.user, session_key))
    assert (returned.scope.workspace_slug, returned.in_popup, returned.own) == ("nordlicht", True, False)


def test_the_popup_keeps_its_tie_to_the_page_that_opened_it(browser: Client, zoom: PaperZoom) -> None:
    header = "Cross-Origin-Opener-Policy"
    assert browser.get(VIDEO)[header] == "same-origin-allow-popups"
    assert browser.post(f"{VIDEO}zoom/connect/")[header] == "unsafe-none"


def test_without_a_set_up_provider_there_is_nothing_to_connect(browser: Client) -> None:
    assert "zoom" not in ports.provider_names()
    answer = browser.get(VIDEO)
    assert {part.card.state for part in answer.context["parts"]} == {"not_configured"}
    assert "data-connect" not in answer.content.decode()
    assert 'role="switch"' not in answer.content.decode()
    answer = browser.post(f"{VIDEO}zoom/connect/")
    assert answer.status_code == 503
    assert "not set up on this server" in answer.content.decode()
    assert browser.post(f"{VIDEO}carrier-pigeon/connect/").status_code == 404
    assert not ConnectFlow.objects.exists()


def test_without_a_key_to_seal_with_nothing_is_begun_and_the_page_says_why(
    browser: Client, zoom: PaperZoom, place: Workspace
) -> None:
    Workspace.objects.filter(pk=place.pk).update(data_key="1.kek-canary." + place.data_key.split(".", 2)[2])
    answer = browser.post(f"{VIDEO}zoom/connect/", {"display": "popup"})
    assert answer.status_code == 503
    text = answer.content.decode()
    assert "cannot use its encryption keys" in text
    assert "kek-canary" not in text
    assert 'name="display" value="popup"' in text
    assert not ConnectFlow.objects.exists()


# The account and its doctor


def test_the_connected_account_is_shown_with_who_connected_it(browser: Client, connected: PaperZoom) -> None:
    text = browser.get(ACCOUNTS).content.decode()
    for shown in ("Connected", "Nordlicht Video", "video@nordlicht.example", "zoom-user-1", "by Ada Admin"):
        assert shown in text
    assert "Exactly the 4 that are needed" in text
    assert "Paid (Licensed)" in text
    assert "every 2s" not in text


def test_more_permissions_than_needed_are_said(browser: Client, ada: Member, zoom: PaperZoom) -> None:
    zoom.granted = zoom.scopes | {"recording:read"}
    connect(ada)
    assert fact(browser, "Permissions").text == "More than needed was granted: recording:read"


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (GrantLost(""), ("Reconnect needed", "no longer accepts our access", "Connect again")),
        (GrantLost("", cause=LostCause.REPLACED), ("Reconnect needed", "newer access elsewhere", "Connect again")),
        (GrantLost("", cause=LostCause.USER_GONE), ("Reconnect needed", "does not exist any more", "another account")),
        (
            GrantLost("", GrantState.SCOPE_MISSING, LostCause.SCOPES, frozenset({"meeting:update:meeting"})),
            ("Permission missing", "Missing: meeting:update:meeting.", "allow everything"),
        ),
        (
            GrantLost("", GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN),
            ("Blocked by the account&#x27;s administrators", "do not allow this app", "approve the app at Zoom"),
        ),
    ],
)
def test_an_account_that_cannot_be_used_says_why_since_when_and_what_to_do(
    lost: GrantLost, words: tuple[str, ...], browser: Client, rita: Member, connected: PaperZoom
) -> None:
    grant = Grant.objects.get()
    mark_lost(grant.pk, grant.version, lost)
    for reader in (browser, house.client_of(rita)):
        page = reader.get(VIDEO).content.decode()
        for shown in (*words, "Since 23 Nov 2026, 09:00."):
            assert shown in page
    assert "Reconnect Zoom" in browser.get(VIDEO).content.decode()
    assert "Reconnect Zoom" not in house.client_of(rita).get(VIDEO).content.decode()


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (CheckResult.UNREACHABLE, "could not be reached"),
        (CheckResult.APP_REFUSED, "does not accept this server&#x27;s registration"),
        (CheckResult.APP_DISABLED, "has disabled this server&#x27;s registration"),
        (CheckResult.KEY_UNAVAILABLE, "cannot open its stored access"),
    ],
)
def test_what_the_last_check_met_does_not_make_the_account_look_lost(
    result: CheckResult, sentence: str, browser: Client, connected: PaperZoom
) -> None:
    Grant.objects.update(check_result=result)
    text = browser.get(ACCOUNTS).content.decode()
    assert sentence in text
    assert "Reconnect" not in text


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [(Plan.BASIC, "ends its meetings after 40 minutes"), (Plan.NO_MEETINGS, "cannot host any"), (Plan.UNKNOWN, "")],
)
def test_a_plan_that_limits_meetings_connects_with_a_clear_note(
    plan: Plan, sentence: str, browser: Client, ada: Member, zoom: PaperZoom
) -> None:
    zoom.identity = Identity("zoom-user-1", "video@nordlicht.example", "Nordlicht Video", plan)
    connect(ada)
    card = card_in(browser)
    assert card.state == "connected"
    assert [trouble.tone for trouble in card.troubles] == (["warn"] if sentence else [])
    assert sentence in browser.get(ACCOUNTS).content.decode()


def test_an_account_that_is_paused_says_until_when(browser: Client, connected: PaperZoom) -> None:
    pause(Grant.objects.get().pk, clock.now() + timedelta(hours=2))
    (trouble,) = card_in(browser).troubles
    assert "takes no more requests for this account until 23 Nov 2026, 11:00" in trouble.text


def test_the_doctor_counts_what_is_left_today_and_what_waits(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    assert fact(browser, "Left today").text.startswith("at most 100 of 100")
    assert (fact(browser, "Appointments").text, fact(browser, "Appointments").url) == ("All in step", "")
    connected.trouble = Refused("300: no")
    first = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(first.pk)
    house.appointment(rita, start_at=NOW + timedelta(days=2))
    Usage.objects.update_or_create(account=Grant.objects.get().account, day=NOW.date(), defaults={"requests": 7})
    assert fact(browser, "Left today").text.startswith("at most 93 of 100")
    assert fact(browser, "Appointments").text == "1 needs attention · 1 is on its way"
    assert fact(browser, "Appointments").url == "/w/nordlicht/admin/appointments/sync/"
    assert fact(browser, "Left behind") is None
    Attempt.objects.filter(meeting__appointment=first).update(state=AttemptState.LEFT_BEHIND)
    assert fact(browser, "Left behind").text.startswith("1 meeting could not be deleted")
    assert fact(browser, "Last success").at == NOW
    assert NOW + timedelta(minutes=40) < fact(browser, "Access is renewed").at < NOW + timedelta(hours=1)


def test_check_now_asks_for_a_check_and_the_page_waits_for_its_end(browser: Client, connected: PaperZoom) -> None:
    grant = Grant.objects.get()
    with clock.at(NOW + timedelta(minutes=1)):
        assert browser.post(f"{VIDEO}zoom/check/").status_code == 302
        assert fact(browser, "Last check").text == "Being checked now …"
        assert 'hx-trigger="treff:connect from:body, every 2s"' in browser.get(VIDEO).content.decode()
        assert "was checked a moment ago" in browser.post(f"{VIDEO}zoom/check/", follow=True).content.decode()
    with clock.at(NOW + timedelta(minutes=1, seconds=2)):
        check(grant.pk)
        assert (fact(browser, "Last check").text, fact(browser, "Last check").at) == ("Works", clock.now())
        assert "every 2s" not in browser.get(VIDEO).content.decode()
    assert Grant.objects.get().version == grant.version + 1


# What a rep sees


@pytest.mark.promise("P01")
def test_a_rep_sees_the_state_and_no_buttons(rita: Member, ada: Member, connected: PaperZoom) -> None:
    text = house.client_of(rita).get(VIDEO).content.decode()
    assert "Connected" in text
    assert "Only owners and administrators can connect or disconnect this account: Olivia Owner or Ada Admin." in text
    for hidden in ("data-connect=", "/disconnect/", "/check/", "/admin/settings/", 'role="switch"', "zoom-user-1"):
        assert hidden not in text
    for hidden in ("Last check", "Left today", "Paid (Licensed)", "Exactly the 4"):
        assert hidden not in text


@pytest.mark.attack("A-012")
@pytest.mark.parametrize("deed", ["connect", "check", "offer", "own-accounts", "disconnect", "disconnect-now"])
def test_a_rep_who_forges_a_request_is_refused_and_that_is_noted(deed: str, rita: Member, connected: PaperZoom) -> None:
    before = [list(model.objects.values()) for model in (Grant, Connection, ProviderSwitch, ConnectFlow)]
    answer = house.client_of(rita).post(f"{VIDEO}zoom/{deed}/", {"enabled": "1", "workspace": "Nordlicht Solar"})
    assert answer.status_code == 403
    noted = AuditEntry.objects.order_by("-id")[0]
    assert (noted.deed, noted.actor_id) == ("access.refused", rita.public_id)
    assert [list(model.objects.values()) for model in (Grant, Connection, ProviderSwitch, ConnectFlow)] == before


# The switches


def switch(browser: Client, name: str, on: bool) -> None:
    assert browser.post(f"{VIDEO}zoom/{name}/", {"enabled": "1" if on else "0"}).status_code == 302


@pytest.mark.promise("P03")
def test_the_switch_says_whether_zoom_is_offered_and_turns_it_off_and_on(browser: Client, connected: PaperZoom) -> None:
    assert 'role="switch" aria-checked="true" name="enabled" value="0" id="offer-zoom"' in browser.get(VIDEO).text
    switch(browser, "offer", on=False)
    row = ProviderSwitch.objects.get()
    assert (row.is_offered, row.own_accounts) == (False, False)
    assert 'role="switch" aria-checked="false" name="enabled" value="1" id="offer-zoom"' in browser.get(VIDEO).text
    switch(browser, "own-accounts", on=True)
    row.refresh_from_db()
    assert (row.is_offered, row.own_accounts) == (False, True)  # one switch leaves the other alone
    switch(browser, "offer", on=True)
    row.refresh_from_db()
    assert (row.is_offered, row.own_accounts) == (True, True)


def test_who_lets_reps_connect_before_anything_is_decided_offers_zoom_too(browser: Client, zoom: PaperZoom) -> None:
    switch(browser, "own-accounts", on=True)
    assert (ProviderSwitch.objects.get().is_offered, ProviderSwitch.objects.get().own_accounts) == (True, True)


@pytest.mark.promise("P03")
def test_a_rep_reads_that_zoom_is_not_offered_and_who_can_change_that(
    rita: Member, ada: Member, connected: PaperZoom
) -> None:
    sentence = "Zoom is not offered for new appointments. Olivia Owner or Ada Admin can change that."
    assert sentence not in house.client_of(rita).get(VIDEO).text
    offer_provider(house.scope(ada), "zoom", is_offered=False, own_accounts=False)
    assert sentence in house.client_of(rita).get(VIDEO).text


# Accounts of members


def test_a_rep_may_connect_an_own_account_only_when_that_is_allowed(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    rep = house.client_of(rita)
    assert "Your own Zoom account" not in rep.get(VIDEO).text
    assert rep.post(f"{VIDEO}zoom/connect/", {"own": "1"}).status_code == 403
    switch(browser, "own-accounts", on=True)
    assert 'name="own" value="1"' in rep.get(VIDEO).text
    assert rep.post(f"{VIDEO}zoom/connect/", {"own": "1"})["Location"].startswith("https://zoom.example/")
    assert ConnectFlow.objects.get().own
    assert rep.post(f"{VIDEO}zoom/connect/").status_code == 403


def test_an_own_account_is_shown_to_its_member_with_all_that_is_known_of_it(rita: Member, connected: PaperZoom) -> None:
    connect_own(connected, rita)
    context = house.client_of(rita).get(VIDEO).context
    zoom = context["parts"][0]
    own, shared = zoom.own_card, zoom.card
    assert (own.state, own.display_name, own.external_user_id) == (
        "connected",
        "Rita Rep Video",
        f"zoom-user-{rita.pk}",
    )
    assert own.disconnect_url == f"{VIDEO}zoom/disconnect/{rita.public_id}/"
    assert own.facts
    assert (shared.facts, shared.disconnect_url) == ((), "")


def test_administrators_see_who_hosts_what(browser: Client, ada: Member, rita: Member, connected: PaperZoom) -> None:
    assert browser.get(VIDEO).context["parts"][0].hosts == []
    connect_own(connected, rita)
    shared, own = browser.get(VIDEO).context["parts"][0].hosts
    assert (shared.hosts, shared.account, shared.disconnect_url) == (
        "Ada Admin, Olivia Owner",
        "video@nordlicht.example",
        "",
    )
    assert (own.hosts, own.account, own.label) == ("Rita Rep", f"{rita.pk}@own.example", "Connected")
    assert own.disconnect_url in browser.get(VIDEO).text
    Connection.objects.filter(member=None).delete()
    shared, own = browser.get(VIDEO).context["parts"][0].hosts
    assert (shared.account, shared.label) == ("", "Not connected")


def test_a_rep_sees_nothing_of_the_accounts_of_others(place: Workspace, rita: Member, connected: PaperZoom) -> None:
    colleague = house.member(place, name="Carl Colleague")
    connect_own(connected, colleague)
    rep = house.client_of(rita)
    text = rep.get(VIDEO).text
    assert f"{colleague.pk}@own.example" not in text
    assert "Carl Colleague" not in text
    for deed in ("check", "disconnect", "disconnect-now"):
        answer = rep.post(f"{VIDEO}zoom/{deed}/{colleague.public_id}/", {"workspace": "Nordlicht Solar"})
        assert answer.status_code == 403
        assert "@own.example" not in answer.text
    assert Connection.objects.count() == 2


def test_an_own_account_is_checked_by_its_member_and_by_administrators(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    own = connect_own(connected, rita)
    for minutes, client in ((1, house.client_of(rita)), (2, browser)):
        with clock.at(NOW + timedelta(minutes=minutes)):
            assert client.post(f"{VIDEO}zoom/check/{rita.public_id}/").status_code == 302
            assert Grant.objects.get(pk=own.grant_id).check_asked_at == clock.now()
