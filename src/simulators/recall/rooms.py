"""Meetings as their people make them: who may enter, what is said. One room for each meeting link."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from simulators.recall.clock import read

PERMISSIONS = ("granted", "denied", "asked")
MILLISECONDS_A_WORD = 350
PAUSE_MS = 1000
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """Something that is said, so long after the bot began to record."""

    speaker: str
    text: str
    after_ms: int
    duration_ms: int

    @property
    def ends_ms(self) -> int:
        return self.after_ms + self.duration_ms


@dataclass
class Room:
    """``authorization``: Zoom's rule for meetings outside the app's own account, where the bot needs a token on behalf
    of a user (https://docs.recall.ai/docs/zoom-obf). ``recording_permission`` asked: nobody has answered yet.
    ``transcription_fails``: nothing said is ever written down.
    """

    url: str
    exists: bool = True
    started: bool = True
    waiting_room: bool = False
    authorization: bool = False
    recording_permission: str = "granted"
    ends_at: str | None = None
    transcription_fails: bool = False
    transcription_lag_seconds: float = 0
    script: list[Line] = field(default_factory=list)
    most_bots_at_once: int = 0
    changed_at: datetime = NEVER

    def change(self, order: dict[str, Any], at: datetime) -> None:
        """What is not named stays. Raises ValueError with the reason when the order makes no sense."""
        unknown = set(order) - _SETTABLE
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        if order.get("recording_permission", "granted") not in PERMISSIONS:
            raise ValueError(f"recording_permission is one of {', '.join(PERMISSIONS)}")
        if order.get("ends_at") is not None:
            read(order["ends_at"])
        for name, value in order.items():
            setattr(self, name, value)
        self.changed_at = at

    def say(self, said: dict[str, Any]) -> None:
        """One more line; without a time it follows on what was said before."""
        unknown = set(said) - {"speaker", "text", "after_seconds", "duration_ms"}
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        text = str(said["text"])
        after = said.get("after_seconds")
        after_ms = self.falls_silent_ms + PAUSE_MS if after is None else round(float(after) * 1000)
        duration_ms = int(said.get("duration_ms") or MILLISECONDS_A_WORD * max(1, len(text.split())))
        self.script.append(Line(str(said["speaker"]), text, after_ms, duration_ms))

    @property
    def falls_silent_ms(self) -> int:
        return max((line.ends_ms for line in self.script), default=0)


_SETTABLE = {f.name for f in fields(Room)} - {"url", "script", "most_bots_at_once", "changed_at"}
