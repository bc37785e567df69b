"""When a host is told that an appointment is about to begin without a link. Pure: values in, a value out."""

from datetime import datetime, timedelta

# Before a start without a link its host is told so long ahead, once for each.
AHEAD = (timedelta(minutes=60), timedelta(minutes=15))
# A link that was asked for so lately is on its way, and nobody is to be troubled.
PATIENCE = timedelta(seconds=30)


def nudge_due(start_at: datetime, changed_at: datetime, now: datetime) -> timedelta | None:
    """The nearest of AHEAD that the start has come within; None when there is nothing to say.

    1. Not after the start, and not so soon after a change that its link may be on the way.
    2. Who books a quarter of an hour ahead is told once, not twice: only the nearest counts.

    That it was told already is for the caller to know.
    """
    left = start_at - now
    if left <= timedelta(0) or now - changed_at < PATIENCE:
        return None
    return min((ahead for ahead in AHEAD if left <= ahead), default=None)
