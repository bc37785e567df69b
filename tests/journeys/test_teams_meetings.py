"""Meetings in Microsoft Teams made by real workers, while Graph answers late, twice or not at all."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.journeys.team import Team
from tests.product import eventually
from tests.visitor import Visitor


@pytest.fixture
def connected(team: Team) -> Iterator[Team]:
    """The team with an account of its own at Microsoft."""
    user = team.product.microsoft("users", {"email": f"host@{team.workspace.slug}.example"})
    visitor = Visitor(team.product).sign_in(team.admin)
    start = visitor.submit(team.address("connect", provider="teams"), page=team.provider_page, display="page")
    assert start.status == 302, start.text[:1000]
    asked = dict(parse_qsl(urlsplit(start.location).query))
    order = {key: asked[key] for key in ("redirect_uri", "code_challenge", "state", "scope")}
    visitor.get(team.product.microsoft("authorize", {**order, "user_id": user["id"]})["location"])
    (connection,) = team.api.get("/connections")
    assert (connection["provider"], connection["state"]) == ("teams", "connected")
    yield team
    team.product.microsoft("limits", {"link_seconds": None, "requests": None})


def events(team: Team, subject: str) -> list[dict[str, Any]]:
    return [event for event in team.product.microsoft("truth")["events"] if event["subject"] == subject]


@pytest.mark.fault("F-159")
@pytest.mark.parametrize("kind", ["act_then_reset", "bad_json", "reset", "status_after"])
def test_a_create_whose_answer_was_lost_is_sent_again_and_makes_one_event(connected: Team, kind: str) -> None:
    title = f"Lost {connected.number}"
    connected.product.microsoft("faults", {"operation": "create", "kind": kind, "status": 502})
    found = connected.linked(connected.book(title, provider="teams")["id"])
    (event,) = events(connected, title)
    assert found["conference"]["join_url"] == event["join_url"]


def test_a_link_that_comes_later_reaches_the_appointment_and_the_mail(connected: Team) -> None:
    title = f"Later {connected.number}"
    connected.product.microsoft("limits", {"link_seconds": 2})
    booked = connected.book(title, provider="teams")
    found = connected.linked(booked["id"])
    link = events(connected, title)[0]["join_url"]
    assert found["conference"]["join_url"] == link
    mail = eventually(lambda: connected.product.mails(booked["lead"]["email"]), "the confirmation")[-1]
    assert link in mail["text"]


@pytest.mark.fault("F-160")
def test_a_mailbox_that_is_throttled_is_left_alone_and_then_catches_up(connected: Team) -> None:
    title = f"Throttled {connected.number}"
    throttled = {"operation": "create", "kind": "status", "status": 429, "headers": {"Retry-After": "2"}}
    connected.product.microsoft("faults", throttled)
    connected.linked(connected.book(title, provider="teams")["id"])
    assert len(events(connected, title)) == 1


@pytest.mark.fault("F-160")
def test_a_password_that_was_changed_asks_for_connecting_again(connected: Team) -> None:
    host = connected.api.get("/connections")[0]["external_user_id"]
    connected.product.microsoft("revoke", {"user_id": host, "reason": "password"})
    connected.product.microsoft("clock", {"offset_seconds": 7200})  # no access token lives that long
    try:
        booked = connected.book(f"Locked out {connected.number}", provider="teams")

        def look() -> Any:
            return connected.api.get(f"/appointments/{booked['id']}")["conference"]["state"] == "blocked"

        eventually(look, "it is blocked")
        assert connected.api.get("/connections")[0]["state"] == "needs_reconnect"
    finally:
        connected.product.microsoft("clock", {"offset_seconds": 0})
