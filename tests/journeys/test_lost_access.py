"""Zoom takes our access to an account away, and somebody gives it back."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests import house
from tests.canaries import CLIENT_SECRET
from tests.journeys.team import Team
from tests.product import CLIENT_ID, eventually
from tests.visitor import Visitor
from treff.conferencing import grant_secrets
from treff.conferencing.models import Grant
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.notices.models import Notice
from treff.notices.states import NoticeKind


def grant_of(team: Team) -> Grant:
    return Grant.objects.get(connections__workspace=team.workspace)


def take_away(team: Team) -> None:
    """Zoom ends the grant, and says so only when it is asked for new tokens, which is due."""
    token = grant_secrets.open_refresh_token(grant_of(team)).reveal()
    auth = (CLIENT_ID, CLIENT_SECRET)
    answer = httpx2.post(f"{team.product.zoom_url}/oauth/revoke", data={"token": token}, auth=auth)
    assert answer.json() == {"status": "success"}
    Grant.objects.filter(connections__workspace=team.workspace).update(expires_at=clock.now())


def alarms(team: Team) -> list[str]:
    """Who was told that the account needs connecting, once for each time."""
    told = Notice.objects.filter(workspace_id=team.workspace.pk, kind=NoticeKind.BROKEN, user__isnull=False)
    return sorted(told.values_list("user__email", flat=True))


def mails(team: Team, booked: dict[str, Any]) -> list[dict[str, Any]]:
    return team.product.mails(booked["lead"]["email"])


@pytest.mark.fault("F-057")
def test_an_account_that_zoom_refuses_costs_no_booking_and_what_waited_is_made_up_for(connected_team: Team) -> None:
    team = connected_team
    team.workspace.link_wait = timedelta(seconds=1)
    team.workspace.save()
    kept = team.linked(team.book("Kept link")["id"])
    version = grant_of(team).version
    take_away(team)
    waiting = [team.book(f"Without link {number}") for number in (1, 2)]
    for booked in waiting:
        (mail,) = eventually(lambda booked=booked: mails(team, booked), "a mail without link")  # type: ignore[misc]
        assert "follows" in mail["text"]
        assert team.api.get(f"/appointments/{booked['id']}")["conference"]["state"] == "blocked"
    assert (grant_of(team).state, grant_of(team).version) == (GrantState.NEEDS_RECONNECT, version)
    people = sorted([team.admin.user.email, house.owner(team.workspace).user.email])
    for address in people:
        (alarm,) = eventually(
            lambda address=address: [m for m in team.product.mails(address) if "reconnect" in m["text"].lower()],  # type: ignore[misc]
            "the alarm",
        )
        assert team.product.url + team.provider_page in alarm["text"]
    team.connect_zoom(Visitor(team.product).sign_in(team.admin))
    for booked in waiting:
        link = team.linked(booked["id"])["conference"]["join_url"]
        eventually(lambda booked=booked: len(mails(team, booked)) == 2, "the mail with the link")  # type: ignore[misc]
        first, second = mails(team, booked)
        assert link not in first["text"]
        assert link in second["text"]
        assert [meeting["join_url"] for meeting in team.product.meetings(booked["title"])] == [link]
    assert team.api.get(f"/appointments/{kept['id']}")["conference"] == kept["conference"]
    assert [meeting["alive"] for meeting in team.product.meetings("Kept link")] == [True]
    assert alarms(team) == people
