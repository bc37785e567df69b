"""Zoom's rate limits: 100 creates and updates per host and UTC day, requests per second of one account, and one write
of a user at a time.

https://developers.zoom.us/docs/api/rate-limits/ ; the wording and headers of the daily one as observed in
https://devforum.zoom.us/t/18928 (no Retry-After, no X-RateLimit-Type; the figures are those of the account).
"""

import time
from collections import deque

from simulators.zoom.users import User
from simulators.zoom.world import Refusal, World

ACCOUNT_DAILY = 6000
COUNTED = frozenset({"create", "update"})
WRITES = COUNTED | {"delete"}


def count_request(world: World, user: User, operation: str) -> None:
    """Count one request of this user. Raises Refusal (429) where a limit is reached; such a request is not counted."""
    _check_second(world, user)
    if operation in COUNTED:
        _check_day(world, user)


def take_lock(world: World, user_id: str | None, operation: str) -> float:
    """Where it is ordered that a write takes Zoom some seconds: how many. Raises Refusal (429) while one is at work.

    The message of the lock is from Zoom's own list of errors, https://github.com/zoom/skills (rate limits).
    """
    seconds = world.seconds_of_a_write
    if not seconds or user_id is None or operation not in WRITES:
        return 0.0
    now = time.monotonic()
    if world.at_work.get(user_id, 0.0) > now:
        message = "Too many concurrent requests. A request to disassociate this user has already been made."
        raise Refusal(429, {"code": 429, "message": message})
    world.at_work[user_id] = now + seconds
    return seconds


def account_headers(world: World, user: User) -> dict[str, str]:
    """The account's quota, which every API answer carries."""
    used = world.store.fact(f"account_calls {user.account_id} {_today(world)}", 0)
    return {
        "X-RateLimit-Category": "Light",
        "X-RateLimit-Limit": str(ACCOUNT_DAILY),
        "X-RateLimit-Remaining": str(max(0, ACCOUNT_DAILY - used)),
    }


def used_today(world: World, user_id: str) -> int:
    row = world.store.row("SELECT used FROM quota WHERE host_id = ? AND day = ?", user_id, _today(world))
    return int(row["used"]) if row else 0


def _check_day(world: World, user: User) -> None:
    limit = world.daily_limit
    if used_today(world, user.id) >= limit:
        message = (
            f"You have exceeded the daily rate limit ({limit}) of Meeting Create/Update API requests permitted for this"
            " particular user. You may resume these requests at GMT 00:00:00."
        )
        raise Refusal(429, {"code": 429, "message": message}, account_headers(world, user))
    world.store.execute(
        "INSERT INTO quota VALUES (?, ?, 1) ON CONFLICT (host_id, day) DO UPDATE SET used = used + 1",
        user.id,
        _today(world),
    )


def _check_second(world: World, user: User) -> None:
    world.store.count(f"account_calls {user.account_id} {_today(world)}")
    limit = world.qps_limit
    if limit is None:
        return
    # Real seconds, not the simulator's: the limit is about how fast a client sends.
    now = time.monotonic()
    recent = world.recent.setdefault(user.account_id, deque())
    while recent and recent[0] <= now - 1:
        recent.popleft()
    if len(recent) >= limit:
        message = "You have reached the maximum per-second rate limit for this API. Try again later."
        headers = {
            "X-RateLimit-Category": "Light",
            "X-RateLimit-Type": "QPS",
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": "0",
        }
        raise Refusal(429, {"code": 429, "message": message}, headers)
    recent.append(now)


def _today(world: World) -> str:
    return world.clock.now().date().isoformat()
