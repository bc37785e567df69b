"""What is due around appointments, found by looking at the rows."""

from datetime import timedelta

import structlog

from treff.appointments import approvals, clocks, confirming

log = structlog.get_logger()


def sweep(_window: timedelta) -> int:
    """Decline requests that nobody answered in time, let go what no client confirmed. Returns how many."""
    return approvals.expire() + confirming.lapse()


def compare_clocks() -> None:
    """After an update of the time zone rules, which a starting process may have brought."""
    shifted = clocks.compare()
    if shifted:
        log.warning("clocks_changed", appointments=shifted)
