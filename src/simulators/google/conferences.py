"""Meet conferences: asked for with an event, made after a while, found again by the id of the request."""

import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simulators.google.clock import format_precise
from simulators.google.users import User
from simulators.google.world import World

OUTCOMES = ("success", "failure")
# Google Meet's own name and the blog's field list:
# https://cloud.google.com/blog/products/application-development/hangouts-meet-now-available-in-google
SOLUTION = {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"}


@dataclass(frozen=True)
class Conference:
    """``ready_at`` None: it stays pending until it is settled."""

    id: str
    owner_id: str
    request_id: str
    outcome: str
    ready_at: str | None
    signature: str


def ask_for(world: World, user: User, request_id: str) -> Conference:
    """The conference of this request: a new one, or for an id that was used before the same one again.

    "If an ID provided is the same as for the previous request, the request is ignored"; seen from outside, another
    event gets the same room: https://github.com/fazer-ai/agents/pull/33
    """
    known = world.store.row("SELECT * FROM conferences WHERE owner_id = ? AND request_id = ?", user.id, request_id)
    if known:
        return Conference(**dict(known))
    seconds, outcome = _take_order(world)
    ready_at = None if seconds is None else format_precise(world.clock.now() + timedelta(seconds=seconds))
    made = Conference(_new_code(world), user.id, request_id, outcome, ready_at, f"AG{secrets.token_urlsafe(20)}")
    world.store.execute(
        "INSERT INTO conferences (id, owner_id, request_id, outcome, ready_at, signature) VALUES (?, ?, ?, ?, ?, ?)",
        made.id,
        made.owner_id,
        made.request_id,
        made.outcome,
        made.ready_at,
        made.signature,
    )
    return made


def find(world: World, code: str | None) -> Conference | None:
    row = world.store.row("SELECT * FROM conferences WHERE id = ?", code)
    return Conference(**dict(row)) if row else None


def status(world: World, conference: Conference) -> str:
    """pending, success or failure, at this moment."""
    pending = conference.ready_at is None or conference.ready_at > format_precise(world.clock.now())
    return "pending" if pending else conference.outcome


def order(world: World, wanted: dict[str, Any]) -> None:
    """How the next ``times`` conferences come about: after ``seconds`` (None: never by themselves), with ``outcome``.

    Raises ValueError with the reason when the order makes no sense.
    """
    unknown = set(wanted) - {"seconds", "outcome", "times"}
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    outcome, seconds, times = wanted.get("outcome", "success"), wanted.get("seconds", 0), wanted.get("times", 1)
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome is one of {', '.join(OUTCOMES)}")
    world.store.remember(
        "conference_order",
        {
            "seconds": None if seconds is None else float(seconds),
            "outcome": outcome,
            "times": None if times is None else int(times),
        },
    )


def settle(world: World, code: str, outcome: str | None) -> None:
    """A pending conference is ready now, or failed."""
    if outcome not in (None, *OUTCOMES):
        raise ValueError(f"outcome is one of {', '.join(OUTCOMES)}")
    world.store.execute(
        "UPDATE conferences SET ready_at = ?, outcome = COALESCE(?, outcome) WHERE id = ?",
        format_precise(world.clock.now()),
        outcome,
        code,
    )


def link(world: World, conference: Conference) -> str:
    return f"{world.meet_base}/{conference.id}"


def show(world: World, user: User, conference: Conference) -> dict[str, Any]:
    """``conferenceData`` as the API has it. Only a Workspace's conference can be dialled into."""
    now = status(world, conference)
    request = {
        "requestId": conference.request_id,
        "conferenceSolutionKey": {"type": "hangoutsMeet"},
        "status": {"statusCode": now},
    }
    if now != "success":
        return {"createRequest": request}
    address = link(world, conference)
    points: list[dict[str, Any]] = [
        {"entryPointType": "video", "uri": address, "label": address.partition("://")[2]},
    ]
    if user.hd:
        pin = str(10**8 + sum(ord(c) * 7919**i for i, c in enumerate(conference.id)) % (9 * 10**8))
        more = f"https://tel.meet/{conference.id}?pin={pin}0000"
        points.append({"entryPointType": "more", "uri": more, "pin": f"{pin}0000"})
        phone = {"uri": "tel:+49-30-300195061", "label": "+49 30 300195061", "pin": pin, "regionCode": "DE"}
        points.append({"entryPointType": "phone", **phone})
    solution = {**SOLUTION, "iconUri": f"{world.base_url}/static/icon.svg"}
    return {
        "createRequest": request,
        "entryPoints": points,
        "conferenceSolution": solution,
        "conferenceId": conference.id,
        "signature": conference.signature,
    }


def _take_order(world: World) -> tuple[float | None, str]:
    wanted = world.store.fact("conference_order")
    if not wanted:
        return 0.0, "success"
    if wanted["times"] is not None:
        wanted["times"] -= 1
        world.store.remember("conference_order", wanted if wanted["times"] > 0 else None)
    return wanted["seconds"], wanted["outcome"]


def _new_code(world: World) -> str:
    """``aaa-bbbb-ccc``"""
    while True:
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
        code = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
        if find(world, code) is None:
            return code
