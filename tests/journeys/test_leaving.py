"""Leaving: disconnecting here, removing the app at Zoom."""

import pytest

from tests.journeys.team import Team
from tests.product import eventually
from tests.visitor import Visitor
from treff.conferencing.models import Grant, Meeting


def _disconnect(team: Team, visitor: Visitor) -> None:
    answer = visitor.submit(team.address("disconnect", provider="zoom"), page=team.provider_page)
    assert answer.status == 302, answer.text[:500]


def _calls(team: Team) -> int:
    return sum(call["user_id"] == team.zoom_user["id"] for call in team.product.zoom("truth")["calls"])


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
def test_removing_the_app_at_zoom_forgets_the_account_in_every_workspace(connected_team: Team) -> None:
    team = connected_team
    kept = team.linked(team.book("Kept on removal")["id"])
    team.product.zoom("deauthorize", {"user_id": team.zoom_user["id"]})
    eventually(lambda: team.api.get("/connections") == [], "the connection is gone")
    _assert_forgotten(team, kept)


@pytest.mark.attack("A-079")
@pytest.mark.fault("F-081")
@pytest.mark.parametrize("signature", ["bad", "missing", "other_secret"])
def test_a_forged_removal_changes_nothing(connected_team: Team, signature: str) -> None:
    payload = {"client_id": "test-client", "user_id": connected_team.zoom_user["id"], "account_id": "x"}
    payload["deauthorization_time"] = "2030-01-01T00:00:00Z"
    order = {"event": "app_deauthorized", "payload": payload, "signature": signature}
    assert connected_team.product.zoom("webhook", order)["status"] == 401
    assert connected_team.api.get("/connections")[0]["state"] == "connected"


@pytest.mark.fault("F-080")
def test_a_removal_that_is_older_than_the_connection_changes_nothing(connected_team: Team) -> None:
    payload = {"client_id": "test-client", "user_id": connected_team.zoom_user["id"], "account_id": "x"}
    payload["deauthorization_time"] = "2020-01-01T00:00:00Z"
    order = {"event": "app_deauthorized", "payload": payload, "signature": "good"}
    assert connected_team.product.zoom("webhook", order)["status"] == 200
    assert connected_team.api.get("/connections")[0]["state"] == "connected"


@pytest.mark.fault("F-089")
def test_zoom_can_validate_our_address(team: Team) -> None:
    assert team.product.zoom("validate", {})["ok"] is True
