"""Outlook's limits for one app and mailbox: four requests at once, and ten thousand in ten minutes.

https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits ; the answer to a fifth at once as in
https://github.com/magodo/terraform-provider-outlook/issues/21 , with the Retry-After of
https://learn.microsoft.com/en-us/graph/throttling
"""

import contextlib
from collections import deque
from collections.abc import Iterator

from simulators.microsoft.refusals import GraphRefusal
from simulators.microsoft.world import World

WINDOW_SECONDS = 600
OUTLOOK = frozenset({"create", "get", "update", "delete", "cancel", "list", "view", "schedule", "calendar"})
WRITES = frozenset({"create", "update", "delete", "cancel"})


@contextlib.contextmanager
def take_place(world: World, user_id: str | None, operation: str) -> Iterator[None]:
    """One of the mailbox's places, for as long as the request is there. Raises GraphRefusal (429) if all are taken."""
    if user_id is None or operation not in OUTLOOK:
        yield
        return
    most = world.limit("concurrent")
    if most is not None and world.at_work[user_id] >= most:
        raise _throttled(world, "Application is over its MailboxConcurrency limit.")
    world.at_work[user_id] += 1
    try:
        yield
    finally:
        world.at_work[user_id] -= 1


def count_request(world: World, user_id: str, operation: str) -> None:
    """Count one request of this mailbox. Raises GraphRefusal (429) at the limit; that one is not counted."""
    most = world.limit("requests")
    if most is None or operation not in OUTLOOK:
        return
    now = world.clock.now().timestamp()
    recent = world.recent.setdefault(user_id, deque())
    while recent and recent[0] <= now - WINDOW_SECONDS:
        recent.popleft()
    if len(recent) >= most:
        # Its wording is published nowhere; the code is that of the other limit.
        raise _throttled(world, "Application is over its request limit for this mailbox.")
    recent.append(now)


def seconds_of(world: World, operation: str) -> float:
    """How long the operation is ordered to take."""
    return (world.limit("write_seconds") or 0.0) if operation in WRITES else 0.0


def _throttled(world: World, message: str) -> GraphRefusal:
    seconds = world.limit("retry_after")
    headers = {} if seconds is None else {"Retry-After": str(int(seconds))}
    return GraphRefusal(429, "ApplicationThrottled", message, headers)
