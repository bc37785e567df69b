"""What Outlook does when an event is made, changed or taken out, by an app or by hand: the event itself, mails to the
attendees and change notifications, all or nothing."""

from typing import Any

from simulators.microsoft import events, invitations, notifications, validation
from simulators.microsoft.events import Event
from simulators.microsoft.users import User
from simulators.microsoft.world import World


def make(world: World, user: User, body: dict[str, Any]) -> Event:
    """A new event. Raises GraphRefusal."""
    given = validation.check_event(body, creating=True)
    with world.store.transaction():
        event = events.create(world, user, given)
        invitations.invite(world, user, event)
        notifications.enqueue(world, user, event, "created")
    return event


def change(world: World, user: User, event: Event, body: dict[str, Any]) -> Event:
    """The changed event. Raises GraphRefusal."""
    given = validation.check_event(body, creating=False)
    with world.store.transaction():
        changed = events.update(world, user, event, given)
        invitations.tell_change(world, user, event, changed)
        notifications.enqueue(world, user, changed, "updated")
    return changed


def take_out(world: World, user: User, event: Event, comment: str | None = None) -> None:
    """Delete or cancel it."""
    with world.store.transaction():
        events.delete(world, event)
        invitations.cancel(world, user, event, comment)
        notifications.enqueue(world, user, event, "deleted")
