"""The mails Google sends to an event's guests. None leaves the house: they are kept to be looked at.

Who gets them is ``sendUpdates``: https://developers.google.com/workspace/calendar/api/v3/reference/events/insert
"""

from typing import Any

from simulators.google import limits, users
from simulators.google.clock import format_precise
from simulators.google.events import Event
from simulators.google.users import User
from simulators.google.world import World

SUBJECTS = {
    "invitation": "Invitation: {}",
    "update": "Updated invitation: {}",
    "cancellation": "Canceled event: {}",
}


def send(world: World, user: User, before: Event | None, after: Event, send_updates: str) -> None:
    """Tell the guests what became of the event. Raises Refusal where the user invites too many.

    1. A new event, or a restored one: an invitation to everybody.
    2. A deleted one: a cancellation to everybody.
    3. A changed one: an invitation to who is new, a cancellation to who is out, an update to the others.
    """
    old = _guests(before, user) if before is not None and before.alive else []
    new = _guests(after, user) if after.alive else []
    told = [("invitation" if address not in old else "update", address) for address in new]
    told += [("cancellation", address) for address in old if address not in new]
    outsiders = [address for _, address in told if users.by_email(world.store, address) is None]
    chosen = {"all": [address for _, address in told], "externalOnly": outsiders, "none": []}[send_updates]
    wanted = [(kind, address) for kind, address in told if address in chosen]
    invited = [address for kind, address in wanted if kind == "invitation" and address in outsiders]
    limits.check_invitations(world, user, len(invited))
    for kind, address in wanted:
        _keep(world, user, after, kind, address)


def list_mails(world: World) -> list[dict[str, Any]]:
    """Every mail so far, oldest first."""
    return [dict(row) for row in world.store.rows("SELECT * FROM mails ORDER BY number")]


def _guests(event: Event, user: User) -> list[str]:
    addresses = [str(attendee["email"]).lower() for attendee in event.attendees]
    return [address for address in dict.fromkeys(addresses) if address != user.email]


def _keep(world: World, user: User, event: Event, kind: str, address: str) -> None:
    world.store.execute(
        "INSERT INTO mails (at, user_id, event_id, kind, recipient, subject) VALUES (?, ?, ?, ?, ?, ?)",
        format_precise(world.clock.now()),
        user.id,
        event.id,
        kind,
        address,
        SUBJECTS[kind].format(event.content.get("summary", "(No title)")),
    )
