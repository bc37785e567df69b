"""Connecting, disconnecting, and Zoom's word that the user removed the app."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing.stage import Stage
from tests.simulators.zoom.driver import APP, LENA, NORA, REDIRECT_URI
from treff.audit.models import AuditEntry
from treff.conferencing import actions, consent, errors, leaving, ports, queries, reconcile
from treff.conferencing.models import ConnectFlow, Connection, Grant
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.kernel.secrets import KeyRing, Secret
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db


REFUSAL = {"kind": "status", "status": 400}


def deauthorize(user_id: str = NORA, client_id: str = APP.client_id, seconds: float = 1) -> int:
    account = queries.account_key("zoom", client_id, user_id)
    return leaving.deauthorize("zoom", account, clock.now() + timedelta(seconds=seconds))


def forgotten() -> None:
    """Tokens and identity are gone."""
    assert not Connection.objects.exists()
    assert not Grant.objects.exists()


def begun(bare: Stage) -> tuple[consent.Browser, Secret]:
    browser = consent.Browser(bare.owner.user, "session-1")
    url = consent.start_connecting(house.scope(bare.owner), "zoom", browser, REDIRECT_URI)
    return browser, Secret(url.split("state=")[1].split("&")[0])


def test_a_connection_knows_whose_account_it_is_and_reads_the_profile_once(stage: Stage) -> None:
    connection = queries.connection(house.scope(stage.owner), "zoom")
    assert connection is not None
    grant = connection.grant
    assert (grant.external_user_id, grant.display_name) == (NORA, "Nora Brandt")
    assert (grant.email, grant.state) == ("nora.brandt@nordlicht.example", GrantState.CONNECTED)
    assert set(grant.scopes.split()) == ports.provider_named("zoom").scopes
    stage.linked()
    assert stage.calls("me") == 1
    assert AuditEntry.objects.filter(deed="connection.connected").count() == 1


def test_a_rep_neither_connects_nor_disconnects(stage: Stage) -> None:
    rep = house.member(stage.owner.workspace)
    with pytest.raises(NotAllowed):
        stage.connect(by=rep)
    with pytest.raises(NotAllowed):
        leaving.disconnect(house.scope(rep), "zoom")
    assert Connection.objects.count() == 1


def test_a_flow_is_taken_once_in_time_by_who_began_it_in_the_same_browser(bare: Stage) -> None:
    browser, state = begun(bare)
    colleague = house.admin(bare.owner.workspace)
    for other in (consent.Browser(bare.owner.user, "session-2"), consent.Browser(colleague.user, "session-1")):
        with pytest.raises(errors.StateMismatch):
            consent.take_flow("zoom", state, other)
    with clock.at(clock.now() + timedelta(minutes=10)), pytest.raises(errors.StateMismatch):
        consent.take_flow("zoom", state, browser)
    with pytest.raises(errors.StateMismatch):
        consent.take_flow("teams", state, browser)
    returned = consent.take_flow("zoom", state, browser)
    assert returned.scope.workspace_id == bare.owner.workspace_id
    with pytest.raises(errors.StateMismatch):
        consent.take_flow("zoom", state, browser)


def test_who_may_not_connect_any_more_does_not_finish(bare: Stage) -> None:
    browser, state = begun(bare)
    Member.objects.filter(pk=bare.owner.pk).update(role="rep")
    with pytest.raises(NotAllowed):
        consent.take_flow("zoom", state, browser)
    browser, state = begun_as(bare)
    Member.objects.filter(pk=bare.owner.pk).update(is_active=False)
    with pytest.raises(NotHere):
        consent.take_flow("zoom", state, browser)


def begun_as(bare: Stage) -> tuple[consent.Browser, Secret]:
    Member.objects.filter(pk=bare.owner.pk).update(role="owner")
    return begun(bare)


def test_neither_state_nor_verifier_stands_in_the_database_in_clear(bare: Stage) -> None:
    _, state = begun(bare)
    flow = ConnectFlow.objects.get()
    assert state.reveal() not in repr(vars(flow))
    assert "session-1" not in repr(vars(flow))


def test_fewer_scopes_than_needed_are_no_connection(bare: Stage) -> None:
    bare.zoom.control("users", id=NORA, scopes=["user:read:user", "meeting:write:meeting"])
    with pytest.raises(errors.ScopesMissing, match="meeting:delete:meeting, meeting:update:meeting"):
        bare.connect()
    forgotten()
    assert bare.calls("me") == 0


@pytest.mark.parametrize(
    ("operation", "fault", "error"),
    [
        ("token", {"kind": "reset"}, errors.ProviderUnreachable),
        ("token", {"kind": "status", "status": 500}, errors.ProviderUnreachable),
        ("token", {"kind": "html"}, errors.ProviderUnreachable),
        (
            "token",
            {"kind": "status", "status": 400, "body": {"error": "invalid_request"}},
            errors.ProviderRefusedConnection,
        ),
        (
            "token",
            {"kind": "status", "status": 400, "body": {"error": "invalid_client"}},
            errors.ProviderNotSetUpCorrectly,
        ),
        (
            "token",
            {"kind": "status", "status": 400, "body": {"errorCode": 4738, "error": "invalid_request"}},
            errors.NeedsApproval,
        ),
        ("me", {"kind": "status", "status": 500}, errors.ProviderUnreachable),
        ("me", {"kind": "status", "status": 429}, errors.ProviderUnreachable),
        ("me", {"kind": "html"}, errors.ProviderUnreachable),
        ("me", {"kind": "status", "status": 401}, errors.ProviderRefusedConnection),
    ],
    ids=str,
)
def test_a_connection_that_fails_says_why_stores_nothing_and_can_be_tried_again(
    bare: Stage, operation: str, fault: dict[str, object], error: type[Exception]
) -> None:
    bare.zoom.control("faults", operation=operation, **fault)
    with pytest.raises(error):
        bare.connect()
    forgotten()
    bare.connect()


def test_another_account_replaces_the_old_one(stage: Stage) -> None:
    stage.connect(LENA)
    assert Connection.objects.get().grant.external_user_id == LENA
    assert Grant.objects.count() == 1


def test_disconnecting_forgets_tokens_and_identity_and_keeps_the_links(stage: Stage) -> None:
    booked = stage.linked()
    leaving.disconnect(house.scope(stage.owner), "zoom")
    forgotten()
    meeting = stage.meeting(booked)
    assert (meeting.passcode, meeting.start_url, meeting.start_url_until) == ("", "", None)
    assert (stage.fresh(booked).join_url, stage.fresh(booked).meeting_id) == (booked.join_url, booked.meeting_id)
    assert len(stage.zoom.alive()) == 1
    assert [grant["live"] for grant in stage.zoom.truth()["grants"]] == [False]
    calls = len(stage.zoom.truth()["calls"])
    stage.move(booked)
    fresh = stage.book()
    for appointment in (booked, fresh):
        reconcile.look(appointment.pk)
        assert stage.stands(appointment) == ("blocked", "not_connected")
    assert len(stage.zoom.truth()["calls"]) == calls
    with pytest.raises(errors.NothingToDisconnect):
        leaving.disconnect(house.scope(stage.owner), "zoom")


@pytest.mark.parametrize("trouble", ["reset", "status", "html", "removed", "not set up", "no key"])
def test_disconnecting_works_whatever_zoom_does(stage: Stage, settings: Settings, trouble: str) -> None:
    keys = settings.TREFF_KEYS
    if trouble == "removed":
        stage.zoom.control("deauthorize", user_id=NORA)
    elif trouble == "not set up":
        ports.connect({})
    elif trouble == "no key":
        settings.TREFF_KEYS = KeyRing({"other": bytes(range(32))})
    else:
        stage.zoom.fault("revoke", trouble)
    leaving.disconnect(house.scope(stage.owner), "zoom")
    forgotten()
    settings.TREFF_KEYS = keys


@pytest.mark.fault("F-078")
def test_a_deauthorization_that_comes_four_times_acts_once(stage: Stage) -> None:
    booked = stage.linked()
    at = clock.now() + timedelta(seconds=1)
    assert [leaving.deauthorize("zoom", queries.account_key("zoom", APP.client_id, NORA), at) for _ in range(4)] == [
        1,
        0,
        0,
        0,
    ]
    forgotten()
    assert AuditEntry.objects.filter(deed="connection.deauthorized").count() == 1
    assert stage.meeting(booked).passcode == stage.meeting(booked).start_url == ""
    assert stage.fresh(booked).join_url == booked.join_url


@pytest.mark.fault("F-080")
def test_a_deauthorization_that_is_older_than_the_authorization_changes_nothing(stage: Stage) -> None:
    removed_at = clock.now()
    stage.connect()
    assert leaving.deauthorize("zoom", queries.account_key("zoom", APP.client_id, NORA), removed_at) == 0
    reconcile.look((booked := stage.book()).pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-082")
def test_a_deauthorization_of_an_unknown_user_or_another_app_changes_nothing(stage: Stage) -> None:
    assert deauthorize("somebody-else") == 0
    assert deauthorize(client_id="another-app") == 0
    elsewhere = queries.account_key("teams", APP.client_id, NORA)
    assert leaving.deauthorize("teams", elsewhere, clock.now() + timedelta(seconds=1)) == 0
    assert Grant.objects.count() == Connection.objects.count() == 1


@pytest.mark.fault("F-087")
def test_a_user_of_three_workspaces_who_removes_the_app_is_gone_from_all_and_each_is_told(stage: Stage) -> None:
    places = [stage.owner, *(house.owner(house.workspace(slug)) for slug in ("waerme", "wind"))]
    for owner in places[1:]:
        stage.connect(by=owner)
    assert (Grant.objects.count(), Connection.objects.count()) == (1, 3)
    assert deauthorize() == 3
    forgotten()
    told = AuditEntry.objects.filter(deed="connection.deauthorized")
    assert {entry.workspace_id for entry in told} == {owner.workspace_id for owner in places}
    for entry in told:
        others = [owner.workspace for owner in places if owner.workspace_id != entry.workspace_id]
        assert not any(place.slug in str(vars(entry)) or place.public_id in str(vars(entry)) for place in others)


@pytest.mark.fault("F-088")
def test_a_workspace_that_disconnects_does_not_cost_another_its_access(stage: Stage) -> None:
    other = house.owner(house.workspace("waerme"))
    stage.connect(by=other)
    leaving.disconnect(house.scope(stage.owner), "zoom")
    assert (stage.calls("revoke"), Connection.objects.get().workspace_id) == (0, other.workspace_id)
    booked = stage.book(other)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    leaving.disconnect(house.scope(other), "zoom")
    assert stage.calls("revoke") == 1
    forgotten()


@pytest.mark.fault("F-059")
def test_the_same_account_connected_by_a_second_workspace_serves_both(stage: Stage) -> None:
    """Its authorization kills the first tokens at Zoom (4741): one grant, newest tokens, for both."""
    booked = stage.book()
    other = house.owner(house.workspace("waerme"))
    stage.connect(by=other)
    for appointment in (booked, stage.book(other)):
        reconcile.look(appointment.pk)
        stage.check_in_step(appointment)
    assert stage.zoom.truth()["refresh_reuse"] == 0


@pytest.mark.fault("F-091")
def test_without_zooms_word_the_next_call_finds_out_and_no_booking_is_lost(stage: Stage) -> None:
    kept = stage.linked()
    stage.zoom.control("deauthorize", user_id=NORA)
    booked = stage.book()
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "needs_reconnect")
    assert stage.fresh(kept).join_url == kept.join_url
    stage.connect()
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-091")
def test_without_zooms_word_the_next_call_deletes_the_dead_tokens(stage: Stage) -> None:
    stage.zoom.control("deauthorize", user_id=NORA)
    reconcile.look(stage.book().pk)
    assert [grant for grant in Grant.objects.all() if grant.access_token or grant.refresh_token] == []


def test_who_checked_the_account_and_lets_us_look_again_gets_the_link(stage: Stage) -> None:
    stage.zoom.fault("create", "status", status=500, times=3)
    booked = stage.book()
    for _ in range(4):
        reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "unsure_too_often")
    actions.ask_to_look_again(booked)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


def test_who_lets_us_look_again_after_a_refusal_gets_the_link(stage: Stage) -> None:
    stage.zoom.fault("create", "status", status=400, body={"code": 300, "message": "Validation Failed."})
    booked = stage.book()
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "refused")
    actions.ask_to_look_again(booked)
    assert booked.pk in queries.due(10)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault("F-083")
def test_an_answer_that_comes_after_the_app_was_removed_is_kept_without_secrets_and_nothing_more_is_said_to_zoom(
    stage: Stage,
) -> None:
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        deauthorize()
        calls = len(stage.zoom.truth()["calls"])
    stage.check()
    forgotten()
    meeting = stage.meeting(booked)
    assert (meeting.passcode, meeting.start_url) == ("", "")
    assert stage.fresh(booked).join_url == stage.zoom.alive()[0]["join_url"]
    reconcile.look(booked.pk)
    assert len(stage.zoom.truth()["calls"]) == calls


@pytest.mark.django_db(transaction=True)
def test_disconnecting_while_zoom_works_leaves_nothing_unknown(stage: Stage) -> None:
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        leaving.disconnect(house.scope(stage.owner), "zoom")
    stage.check()
    forgotten()
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "not_connected")
    assert (stage.attempts(booked), stage.zoom.alive()) == (["not_acted"], [])  # our revoking was faster
