"""treff reconcile: every upcoming appointment's meeting, what would be done about it, and having it done."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC

from treff.conferencing import stocktaking
from treff.conferencing.ledger import LEASE
from treff.kernel import clock
from treff.recovery import queries
from treff.recovery.errors import HeldBack

Row = dict[str, str]
# A worker that died holds its rows for so long.
PATIENCE_SECONDS = LEASE.total_seconds() + 5


def stock() -> Iterator[Row]:
    """One row for each appointment, as they are found."""
    for item in stocktaking.take_stock():
        yield {
            "workspace": item.workspace,
            "appointment": item.appointment,
            "start": item.start_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "stands": item.stands.value,
            "would": item.kind,
        }


def summary(rows: Sequence[Row]) -> dict[str, int]:
    """How many of each kind."""
    return dict(Counter(row["would"] for row in rows))


def lines(counted: Mapping[str, int]) -> list[str]:
    """A summary, to be read."""
    return [f"  {kind}: {many}" for kind, many in sorted(counted.items())] or ["  none"]


def check_free() -> None:
    """Raises HeldBack: at the end of a recovery everything is looked at anyway."""
    if queries.is_held():
        raise HeldBack


def ask() -> tuple[int, int]:
    """Have everything looked at; what a worker has in hand, as soon as it lets go. How many, and how many not."""
    asked_at, deadline = clock.now(), time.monotonic() + PATIENCE_SECONDS
    asked = stocktaking.ask(asked_at)
    while (left := stocktaking.left_to_ask(asked_at)) and time.monotonic() < deadline:
        time.sleep(0.2)
        asked += stocktaking.ask(asked_at)
    return asked, left
