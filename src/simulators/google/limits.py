"""Google's quotas: requests a minute of one user and of the project, and invitations to people outside.

"Calculated per minute using a sliding window"; who sends too much gets 403 or 429:
https://developers.google.com/workspace/calendar/api/guides/quota
"""

from collections import deque
from datetime import datetime, timedelta

from simulators.google import errors
from simulators.google.users import User
from simulators.google.world import Refusal, World

WINDOW = timedelta(minutes=1)
# The defaults of a project made today, from that page.
PER_USER, PER_PROJECT = 600, 10_000
NAMES = ("user", "project", "status", "invitations")


def count_request(world: World, user: User) -> None:
    """Count one request of this user. Raises Refusal where a limit is reached; such a request is not counted."""
    now = world.clock.now()
    whole, own = _recent(world, "", now), _recent(world, user.id, now)
    if len(own) >= limit(world, "user"):
        raise _exceeded(world, "userRateLimitExceeded", "User Rate Limit Exceeded")
    if len(whole) >= limit(world, "project"):
        raise _exceeded(world, "rateLimitExceeded", "Rate Limit Exceeded")
    whole.append(now)
    own.append(now)


def check_invitations(world: World, user: User, more: int) -> None:
    """Raises Refusal (403 quotaExceeded) where the user would invite too many outsiders today.

    The number is Google's secret (https://knowledge.workspace.google.com/admin/calendar/avoid-calendar-use-limits says
    when to expect it), so there is none unless ordered.
    """
    most = world.store.fact("limit_invitations")
    day = world.clock.now().date().isoformat()
    sent = world.store.fact(f"invitations {user.id} {day}", 0)
    if most is not None and more and sent + more > most:
        raise errors.refuse(403, "quotaExceeded", "Calendar usage limits exceeded.", domain="usageLimits")
    if more:
        world.store.remember(f"invitations {user.id} {day}", sent + more)


def limit(world: World, name: str) -> int:
    """A limit as ordered, or Google's. ``status`` is what too many requests are answered with, 403 or 429."""
    default = {"user": PER_USER, "project": PER_PROJECT, "status": 403}[name]
    return int(world.store.fact(f"limit_{name}", default))


def set_limits(world: World, order: dict[str, int | None]) -> dict[str, int | None]:
    """Null: the default again. Raises ValueError on a name or status that is none."""
    for name, value in order.items():
        if name not in NAMES:
            raise ValueError(f"unknown limit: {name}")
        if name == "status" and value not in (None, 403, 429):
            raise ValueError("status is 403 or 429")
        if value is None:
            world.store.execute("DELETE FROM facts WHERE name = ?", f"limit_{name}")
        else:
            world.store.remember(f"limit_{name}", int(value))
    shown: dict[str, int | None] = {name: limit(world, name) for name in ("user", "project", "status")}
    return {**shown, "invitations": world.store.fact("limit_invitations")}


def used_this_minute(world: World, user: User) -> int:
    return len(_recent(world, user.id, world.clock.now()))


def _recent(world: World, whose: str, now: datetime) -> deque[datetime]:
    recent = world.recent.setdefault(whose, deque())
    while recent and not now - WINDOW < recent[0] <= now:
        recent.popleft()  # too old, or the clock was set back
    return recent


def _exceeded(world: World, reason: str, message: str) -> Refusal:
    status = limit(world, "status")
    if status == 429:
        # The guide's 429 names no user.
        reason, message = "rateLimitExceeded", "Rate Limit Exceeded"
    return errors.refuse(status, reason, message, domain="usageLimits")
