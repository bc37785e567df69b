"""What is due around appointments, found by looking at the rows."""

from datetime import timedelta

from treff.appointments import approvals


def sweep(_window: timedelta) -> int:
    """Decline requests that nobody answered in time. Returns how many."""
    return approvals.expire()
