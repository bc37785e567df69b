"""What people do: they book, and later move, cancel, switch the provider off and on again; all that they were told."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.faults.soak.teams import Team

# What becomes of an appointment, and of how many in a hundred.
STORIES: Sequence[tuple[int, tuple[str, ...]]] = (
    (45, ()),
    (18, ("move",)),
    (7, ("move", "move")),
    (10, ("cancel",)),
    (5, ("move", "cancel")),
    (8, ("switch off",)),
    (7, ("switch off", "switch on")),
)
PAUSE = 0.1  # seconds, before what was not answered is asked again
# Of a hundred so many are changed only when the page says that they are in step; the others at any time.
PATIENT = 70
LOOK_EVERY = 0.5  # seconds


@dataclass
class Booked:
    """An appointment as its people know it: what they were told, and nothing that they only asked for."""

    team: Team
    email: str
    title: str
    start_at: datetime
    left: deque[str]
    patient: bool
    booked_at: float = 0.0
    public_id: str = ""
    status: str = "booked"
    provider: str = "zoom"
    told: Counter[str] = field(default_factory=Counter)


def stories(teams: Sequence[Team], many: int, seed: int) -> list[Booked]:
    """`many` appointments, dealt to the teams; all starts of a team are on days of their own."""
    chance, today = Random(seed), datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    weights, ends = zip(*STORIES, strict=True)
    found = []
    for number in range(many):
        day = today + timedelta(days=2 + number // len(teams))
        (end,) = chance.choices(ends, weights)
        email, patient = f"lead{number}@customer.example", chance.randrange(100) < PATIENT
        found.append(Booked(teams[number % len(teams)], email, f"Soak {number}", day, deque(end), patient))
    return found


class Caller(threading.Thread):
    """Takes stories off the pile until none is left, and asks with the same key until it is answered.

    After `patience` seconds an appointment that is not in step is changed all the same.
    """

    def __init__(self, pile: Iterator[Booked], turn: threading.Lock, seed: int, patience: float) -> None:
        super().__init__(daemon=True)
        self._pile, self._turn, self._chance, self._patience = pile, turn, Random(seed), patience
        self.retries = 0
        self.failed: list[str] = []

    def run(self) -> None:
        """Between two bookings something is done about an earlier one, if it is time; then about all that are left."""
        open_stories: list[Booked] = []
        while True:
            with self._turn:
                story = next(self._pile, None)
            if story is not None:
                self._book(story)
                open_stories.append(story)
            if open_stories and not self._go_on(open_stories) and story is None:
                time.sleep(LOOK_EVERY)
            if story is None and not open_stories:
                return

    def _go_on(self, open_stories: list[Booked]) -> bool:
        """Whether something was done."""
        story = self._chance.choice(open_stories)
        if story.left and not self._is_time_for(story):
            return False
        if story.left:
            self._do(story, story.left.popleft())
        if not story.left:
            open_stories.remove(story)
        return True

    def _is_time_for(self, story: Booked) -> bool:
        if not story.patient or time.monotonic() - story.booked_at > self._patience:
            return True
        shown = self._insist(story, "GET", f"/appointments/{story.public_id}", None)
        return shown["conference"]["state"] in ("in_step", "unneeded")

    def _book(self, story: Booked) -> None:
        lead = {"name": "Lena Lead", "email": story.email}
        order = {"lead": lead, "start": story.start_at.isoformat(), "title": story.title, "provider": "zoom"}
        made = self._insist(story, "POST", "/appointments", {**order, "duration_minutes": 45})
        story.public_id, story.booked_at = made["id"], time.monotonic()
        story.told["book"] += 1

    def _do(self, story: Booked, deed: str) -> None:
        path = f"/appointments/{story.public_id}"
        if deed == "move":
            start_at = story.start_at + timedelta(hours=3)
            self._insist(story, "PATCH", path, {"start": start_at.isoformat()})
            story.start_at = start_at
        elif deed == "cancel":
            self._insist(story, "POST", f"{path}/cancel", None)
            story.status = "cancelled"
        else:
            provider = "zoom" if deed == "switch on" else "none"
            self._insist(story, "PATCH", path, {"provider": provider})
            story.provider = provider
        story.told[deed] += 1

    def _insist(self, story: Booked, method: str, path: str, order: object) -> Any:
        key = f"{story.title}-{sum(story.told.values())}".replace(" ", "-")
        while True:
            try:
                answer = story.team.api.ask(method, path, order, Idempotency_Key=key)
            except OSError:
                answer = None
            if answer is not None and answer.status in (200, 201):
                return answer.json
            if answer is not None and answer.status != 503:
                self.failed.append(f"{method} {path}: {answer.status} {answer.text[:200]}")
                raise RuntimeError(self.failed[-1])
            self.retries += 1
            time.sleep(PAUSE)
