"""How often what goes wrong, and the dice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from treff.conferencing.ledger import LEASE

# Longer than a request to a provider can take in all: treff/outbound/http.py.
PATIENCE = timedelta(seconds=90)
# So long after we gave up, Zoom may still act on what it received; what we wait before we confirm is longer.
LATEST = timedelta(seconds=100)

# What becomes of a request, of a thousand. The rest is answered properly.
HTTP: Sequence[tuple[int, str]] = (
    (25, "not_sent"),
    (25, "busy"),
    (20, "broken"),  # 5xx, and Zoom had not acted
    (30, "broken_acted"),
    (20, "silence"),  # no answer, and Zoom did not act
    (40, "silence_acted"),
    (40, "silence_late"),  # no answer, and Zoom acts when we have given up
    (20, "garbled"),  # acted, and the answer is no answer
    (10, "unusable"),  # made a meeting without a link that can be sent; the id is readable
    (15, "refused_token"),
    (5, "refused"),
)


# One in so many has the accident that this kind of request fears most.
OFTEN = {"update": (5, "silence_late"), "delete": (6, "silence_acted")}


@dataclass(slots=True)
class Accidents:
    """The dice of one execution. Once `over`, nothing goes wrong any more."""

    seed: int
    over: bool = False
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def happens(self, one_in: float) -> bool:
        """Once in so many times."""
        return not self.over and self.random.random() * one_in < 1

    def seconds(self, least: float, most: float) -> timedelta:
        return timedelta(seconds=round(self.random.uniform(least, most), 1))

    def stop(self) -> timedelta:
        """A stopped process sleeps through its lease, sometimes through several."""
        return LEASE + self.seconds(1, 400)

    def of_http(self, kind: str) -> str:
        """What becomes of one create, update or delete."""
        if self.over:
            return "answered"
        if kind in OFTEN and self.happens(OFTEN[kind][0]):
            return OFTEN[kind][1]
        drawn = self.random.randrange(1000)
        for share, name in HTTP:
            if drawn < share:
                return name
            drawn -= share
        return "answered"
