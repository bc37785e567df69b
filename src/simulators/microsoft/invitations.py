"""The mails Outlook sends to attendees. Nothing leaves: they are written down for the control side and the portal.

"When an event is sent, the server sends invitations to all the attendees",
https://learn.microsoft.com/en-us/graph/api/user-post-events
"""

from collections.abc import Iterable
from typing import Any

from simulators.microsoft.clock import format_precise
from simulators.microsoft.events import Event, join_url
from simulators.microsoft.users import User
from simulators.microsoft.world import World

# A change of any of these, or of the time, is told to everybody.
TOLD = ("subject", "html", "location", "isAllDay")


def invite(world: World, user: User, event: Event) -> None:
    _send(world, user, event, "invitation", (one["address"] for one in event.content["attendees"]))


def tell_change(world: World, user: User, before: Event, after: Event) -> None:
    """An update that touches the attendees alone is sent to those that changed, any other to all; who was taken off is
    sent a cancellation: https://learn.microsoft.com/en-us/graph/api/event-update"""
    old = {one["address"].lower(): one["address"] for one in before.content["attendees"]}
    new = {one["address"].lower(): one["address"] for one in after.content["attendees"]}
    _send(world, user, after, "cancellation", (old[key] for key in old if key not in new))
    _send(world, user, after, "invitation", (new[key] for key in new if key not in old))
    if _facts(before) != _facts(after):
        _send(world, user, after, "update", (new[key] for key in new if key in old))


def cancel(world: World, user: User, event: Event, comment: str | None = None) -> None:
    addresses = (one["address"] for one in event.content["attendees"])
    _send(world, user, event, "cancellation", addresses, comment)


def sent(world: World) -> list[dict[str, Any]]:
    """Every mail, oldest first."""
    return [dict(row) for row in world.store.rows("SELECT * FROM mails ORDER BY number")]


def _facts(event: Event) -> tuple[object, ...]:
    return (event.starts_at, event.ends_at, *(event.content.get(name) for name in TOLD))


def _send(
    world: World, user: User, event: Event, kind: str, addresses: Iterable[str], comment: str | None = None
) -> None:
    for address in addresses:
        world.store.execute(
            "INSERT INTO mails (kind, at, sender, recipient, subject, event_id, comment, starts_at, join_url)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            kind,
            format_precise(world.clock.now()),
            user.email,
            address,
            event.content["subject"],
            event.id,
            comment,
            event.starts_at,
            join_url(world, user, event),
        )
