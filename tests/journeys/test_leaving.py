"""Leaving: disconnecting here, removing the app at Zoom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests import house
from tests.journeys.team import Team
from tests.product import CLIENT_ID, answers, eventually
from tests.visitor import Client, Visitor
from treff.conferencing.models import LONG_AGO, Grant, InboxEvent, Meeting
from treff.kernel import clock
from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.workspaces.actions import create_api_key
from treff.workspaces.states import Role


def _disconnect(team: Team, visitor: Visitor) -> None:
    answer = visitor.submit(team.address("disconnect", provider="zoom"), page=team.provider_page)
    assert answer.status == 302, answer.text[:500]


def _calls(team: Team, *operations: str) -> int:
    """With the team's tokens: all of them, or those of these operations."""
    calls = [call for call in team.product.zoom("truth")["calls"] if call["user_id"] == team.zoom_user["id"]]
    return sum(not operations or call["operation"] in operations for call in calls)


def _state(team: Team, appointment: dict[str, Any]) -> str:
    return str(team.api.get(f"/appointments/{appointment['id']}")["conference"]["state"])


def _neighbour(team: Team) -> Team:
    """Another workspace, connected with the same Zoom user."""
    workspace = house.workspace(f"{team.workspace.slug}-next-door", password=house.PASSWORD)
    admin, rep = house.admin(workspace, password=house.PASSWORD), house.member(workspace)
    api = Client(team.product, create_api_key(workspace, Role.ADMIN))
    neighbour = Team(team.product, workspace, admin, rep, api, team.zoom_user, team.number + 10_000)
    neighbour.connect_zoom(Visitor(team.product).sign_in(admin))
    return neighbour


def _removal(team: Team, signature: str, at: str = "2030-01-01T00:00:00Z") -> dict[str, Any]:
    """An order to the simulator: say that the team's user removed the app."""
    user = {"user_id": team.zoom_user["id"], "account_id": "x"}
    payload = {"client_id": CLIENT_ID, "deauthorization_time": at, **user}
    return {"event": "app_deauthorized", "payload": payload, "signature": signature}


def _attempts(team: Team, count: int) -> list[int]:
    """What Zoom was answered when it told of the team's user, as soon as there are so many answers."""

    def look() -> list[int] | None:
        told = [one for one in team.product.zoom("truth")["webhooks"] if one["event"] == "app_deauthorized"]
        (mine,) = [one for one in told if one["body"]["payload"]["user_id"] == team.zoom_user["id"]]
        statuses = [attempt["status"] for attempt in mine["attempts"]]
        return statuses if len(statuses) == count else None

    found = eventually(look, f"delivery number {count}")
    assert found is not None
    return found


def _restart_web(team: Team, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Stop and start the web process; `meanwhile` happens while nothing that is sent to us arrives."""
    product = team.product
    product.stop("web")
    try:
        meanwhile()
    finally:
        product.start("web", "serve", "--port", product.url.rpartition(":")[2], "--processes", "1")
        eventually(lambda: answers(f"{product.url}/readyz"), "the web process")


def _assert_forgotten(team: Team, kept: dict[str, object]) -> None:
    """Tokens, identity, passcode and start link are gone; the meeting's id and link are on the appointment."""
    assert team.api.get("/connections") == []
    assert not Grant.objects.filter(external_user_id=team.zoom_user["id"]).exists()
    assert not Grant.objects.filter(email=team.zoom_user["email"]).exists()
    meeting = Meeting.objects.get(appointment__public_id=kept["id"])
    assert (meeting.passcode, meeting.start_url) == ("", "")
    assert team.api.get(f"/appointments/{kept['id']}")["conference"]["join_url"] == kept["conference"]["join_url"]  # type: ignore[index]
    assert team.product.meetings(str(kept["title"]))[0]["alive"] is True


@pytest.mark.promise("P22")
@pytest.mark.promise("P23")
@pytest.mark.promise("P24")
def test_disconnecting_forgets_the_account_and_keeps_meetings_and_links(connected_team: Team) -> None:
    team = connected_team
    kept = team.linked(team.book("Kept on disconnect")["id"])
    assert Meeting.objects.get(appointment__public_id=kept["id"]).start_url != ""
    visitor = Visitor(team.product).sign_in(team.admin)
    _disconnect(team, visitor)
    _assert_forgotten(team, kept)
    (revoked,) = [c for c in team.product.zoom("truth")["calls"][-3:] if c["operation"] == "revoke"]
    assert revoked["status"] == 200
    after = _calls(team)
    later = team.book("After disconnect")
    state = eventually(
        lambda: [
            conference
            for conference in [team.api.get(f"/appointments/{later['id']}")["conference"]]
            if conference["state"] == "blocked"
        ],
        "the new appointment says why it has no link",
    )[0]
    assert state["join_url"] is None
    assert "connected" in state["message"]
    team.api.patch(f"/appointments/{kept['id']}", duration_minutes=15)
    team.api.post(f"/appointments/{later['id']}/cancel")
    assert _calls(team) == after


@pytest.mark.promise("P22")
@pytest.mark.promise("P26")
@pytest.mark.fault("F-086")
def test_disconnecting_works_while_zoom_is_down(connected_team: Team) -> None:
    team = connected_team
    kept = team.linked(team.book("Kept while down")["id"])
    visitor = Visitor(team.product).sign_in(team.admin)
    visitor.get(team.provider_page)
    team.product.break_zoom("down")
    _disconnect(team, visitor)
    _assert_forgotten(team, kept)


@pytest.mark.promise("P25")
@pytest.mark.promise("P23")
@pytest.mark.fault("F-087")
def test_removing_the_app_at_zoom_forgets_the_account_in_every_workspace_within_seconds(connected_team: Team) -> None:
    here, there = connected_team, _neighbour(connected_team)
    kept = {team.number: team.linked(team.book(f"Kept by {team.workspace.slug}")["id"]) for team in (here, there)}
    here.product.zoom("deauthorize", {"user_id": here.zoom_user["id"]})
    for team in (here, there):
        eventually(lambda: team.api.get("/connections") == [], "the connection is gone", patience=10)  # noqa: B023
        _assert_forgotten(team, kept[team.number])
    calls = _calls(here)
    for team in (here, there):
        later = team.book(f"Booked by {team.workspace.slug} after the removal")
        team.api.patch(f"/appointments/{kept[team.number]['id']}", duration_minutes=15)
        eventually(lambda: _state(team, later) == "blocked", "the new one says why it has no link")  # noqa: B023
        team.api.post(f"/appointments/{later['id']}/cancel")
        eventually(lambda: _state(team, later) == "unneeded", "the cancelled one needs none")  # noqa: B023
        told = {team.admin.workspace_id: {house.owner(team.workspace).user_id, team.admin.user_id}}
        notices = Notice.objects.filter(kind=NoticeKind.DEAUTHORIZED, workspace=team.workspace)
        assert {notice.user_id for notice in notices} == told[team.workspace.pk]
        other = (there if team is here else here).workspace
        assert not any(other.slug in str(notice.detail) or other.name in str(notice.detail) for notice in notices)
    assert _calls(here) == calls


@pytest.mark.fault("F-090")
@pytest.mark.fault("F-080")
@pytest.mark.parametrize("came_back", [False, True])
def test_a_removal_that_we_could_not_keep_is_sent_again_by_zoom_and_obeyed_unless_the_user_came_back(
    connected_team: Team, came_back: bool
) -> None:
    """Zoom's clock goes five minutes forward around ours, so that both deliveries are signed within the window."""
    team = connected_team
    Grant.objects.filter(external_user_id=team.zoom_user["id"]).update(authorized_at=clock.now() - timedelta(hours=1))
    try:
        team.product.zoom("clock", {"offset_seconds": -150})
        with psycopg.connect(team.product.database_url) as other:
            other.execute("LOCK TABLE conferencing_inboxevent IN ACCESS EXCLUSIVE MODE")
            team.product.zoom("deauthorize", {"user_id": team.zoom_user["id"]})
            assert _attempts(team, 1) == [503]
        if came_back:
            team.connect_zoom(Visitor(team.product).sign_in(team.admin))
        team.product.zoom("clock", {"offset_seconds": 160})
        assert _attempts(team, 2) == [503, 200]
    finally:
        team.product.zoom("clock", {"offset_seconds": 0})
    eventually(lambda: not InboxEvent.objects.filter(handled_at=None).exists(), "the removal is handled")
    assert [found["state"] for found in team.api.get("/connections")] == (["connected"] if came_back else [])


@pytest.mark.fault("F-091")
def test_a_removal_that_nobody_signed_is_not_obeyed_and_believed_when_zoom_refuses_the_tokens(
    connected_team: Team,
) -> None:
    team, order = connected_team, _removal(connected_team, signature="bad")
    _restart_web(team)  # which has counted what other tests forged
    assert team.product.zoom("webhook", order)["status"] == 401
    eventually(lambda: _calls(team, "refresh") == 1, "the tokens are tried")
    assert team.api.get("/connections")[0]["state"] == "connected"
    Grant.objects.filter(external_user_id=team.zoom_user["id"]).update(check_asked_at=LONG_AGO)
    _restart_web(team, lambda: team.product.zoom("deauthorize", {"user_id": team.zoom_user["id"]}))
    assert team.product.zoom("webhook", order)["status"] == 401
    eventually(lambda: team.api.get("/connections")[0]["state"] == "needs_reconnect", "the refusal is noted")
    grant = Grant.objects.get(external_user_id=team.zoom_user["id"])
    assert (grant.access_token, grant.refresh_token) == ("", "")
    told = Notice.objects.filter(kind=NoticeKind.BROKEN, workspace=team.workspace)
    eventually(lambda: told.filter(user=team.admin.user).exists(), "who can mend it is told")


@pytest.mark.attack("A-079")
@pytest.mark.fault("F-081")
@pytest.mark.parametrize("signature", ["bad", "missing", "other_secret"])
def test_a_forged_removal_changes_nothing(connected_team: Team, signature: str) -> None:
    assert connected_team.product.zoom("webhook", _removal(connected_team, signature))["status"] == 401
    assert not InboxEvent.objects.filter(handled_at=None).exists()
    assert connected_team.api.get("/connections")[0]["state"] == "connected"


@pytest.mark.fault("F-080")
def test_a_removal_that_is_older_than_the_connection_changes_nothing(connected_team: Team) -> None:
    order = _removal(connected_team, "good", at="2020-01-01T00:00:00Z")
    assert connected_team.product.zoom("webhook", order)["status"] == 200
    eventually(lambda: not InboxEvent.objects.filter(handled_at=None).exists(), "the removal is handled")
    assert connected_team.api.get("/connections")[0]["state"] == "connected"


@pytest.mark.fault("F-089")
def test_zoom_can_validate_our_address(team: Team) -> None:
    assert team.product.zoom("validate", {})["ok"] is True
