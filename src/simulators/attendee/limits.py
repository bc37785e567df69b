"""Attendee's limit on POST requests of one project, and its refusal, which is that of Django REST framework.

https://github.com/attendee-labs/attendee/blob/main/bots/throttling.py ;
https://www.django-rest-framework.org/api-guide/throttling/
"""

import math
import time

from simulators.attendee.world import Refusal, World

PERIOD_SECONDS = 60.0


def count_post(world: World) -> None:
    """Count one POST. Raises Refusal (429) where the limit is reached; such a request is not counted.

    In real minutes, not the simulator's: the limit is about how fast a client sends.
    """
    limit = world.posts_per_minute
    if limit is None:
        return
    now = time.monotonic()
    while world.recent_posts and world.recent_posts[0] <= now - PERIOD_SECONDS:
        world.recent_posts.popleft()
    if len(world.recent_posts) >= limit:
        oldest = world.recent_posts[0] if world.recent_posts else now
        wait = max(1, math.ceil(oldest + PERIOD_SECONDS - now))
        message = f"Request was throttled. Expected available in {wait} second{'s' if wait != 1 else ''}."
        raise Refusal(429, {"detail": message}, {"Retry-After": str(wait)})
    world.recent_posts.append(now)
