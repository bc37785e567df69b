"""Entry points: an id in, the feed read. A job is only a wake-up."""

from datetime import timedelta

from treff.availability import feeds, queries
from treff.events.jobs import task

SWEEP_LIMIT = 200


@task("availability.read_feed", lane_of=queries.workspace_of)
def read_feed(feed_id: int) -> None:
    feeds.read(feed_id)


def sweep_feeds(_window: timedelta) -> int:
    """Wake every feed that is due. Returns how many."""
    return read_feed.defer_missing(queries.due(SWEEP_LIMIT))
