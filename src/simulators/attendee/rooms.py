"""Meetings as their people make them: who is inside, who may enter, what is said. One room for each meeting link."""

import json
import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from simulators.attendee.clock import format_precise, parse_instant
from simulators.attendee.world import World

PERMISSIONS = ("granted", "denied", "asked")
MILLISECONDS_A_WORD = 350
PAUSE_MS = 1000
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """Somebody in a meeting. ``user_uuid`` is the account, where the platform tells it."""

    name: str
    uuid: str
    user_uuid: str | None = None
    is_host: bool = False


@dataclass(frozen=True)
class Line:
    """Something that is said, so long after the bot began to record."""

    key: str
    speaker: Person
    text: str
    after_ms: int
    duration_ms: int

    @property
    def ends_ms(self) -> int:
        return self.after_ms + self.duration_ms

    @property
    def words(self) -> list[dict[str, Any]]:
        """With times in seconds from the beginning of the utterance, as Deepgram gives them."""
        said = self.text.split()
        share = self.duration_ms / 1000 / max(1, len(said))
        return [{"word": w, "start": round(share * i, 3), "end": round(share * (i + 1), 3)} for i, w in enumerate(said)]


@dataclass(frozen=True)
class Room:
    """One meeting. A link that nobody described leads to a meeting that has begun and lets everybody in.

    ``authorization``: Zoom's rule for meetings outside the app's own account, where the bot needs a token on behalf of
    a user who must be inside (https://developers.zoom.us/blog/transition-to-obf-token-meetingsdk-apps/).
    ``recording_permission`` asked: nobody has answered yet. ``transcription_fails``: nothing said is ever written down.
    """

    url: str
    exists: bool = True
    started: bool = True
    waiting_room: bool = False
    authorization: bool = False
    authorized_user_present: bool = True
    recording_permission: str = "granted"
    ends_at: str | None = None
    participants: tuple[Person, ...] = ()
    emptied_at: str | None = None
    script: tuple[Line, ...] = ()
    transcription_fails: bool = False
    transcription_lag_seconds: float = 0
    most_bots_at_once: int = 0
    changed_at: str = field(default="", compare=False)


SETTABLE = {f.name for f in fields(Room)} - {"url", "emptied_at", "script", "most_bots_at_once", "changed_at"}


def find(world: World, url: str) -> Room:
    """The room of a link; a new one where nobody described it."""
    row = world.store.row("SELECT * FROM rooms WHERE url = ?", url)
    return _load(row) if row else Room(url, changed_at=format_precise(NEVER))


def every_one(world: World) -> list[Room]:
    return [_load(row) for row in world.store.rows("SELECT * FROM rooms ORDER BY rowid")]


def save(world: World, room: Room, at: datetime) -> Room:
    changed = replace(room, changed_at=format_precise(at))
    content = {name: value for name, value in asdict(changed).items() if name not in ("url", "changed_at")}
    world.store.execute(
        "INSERT OR REPLACE INTO rooms VALUES (?, ?, ?)", room.url, changed.changed_at, json.dumps(content)
    )
    return changed


def from_json(room: Room, order: dict[str, Any], at: datetime) -> Room:
    """The room with what an order changes. Raises ValueError with the reason when the order makes no sense."""
    unknown = set(order) - SETTABLE
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    changes = dict(order)
    if changes.get("recording_permission", "granted") not in PERMISSIONS:
        raise ValueError(f"recording_permission is one of {', '.join(PERMISSIONS)}")
    if changes.get("ends_at") is not None:
        changes["ends_at"] = format_precise(parse_instant(changes["ends_at"]))
    if "participants" in changes:
        people = tuple(read_person(room, person) for person in changes["participants"])
        emptied = bool(room.participants) and not people
        changes |= {"participants": people, "emptied_at": format_precise(at) if emptied else None}
    return replace(room, **changes)


def read_person(room: Room, order: dict[str, Any] | str) -> Person:
    """Somebody by name; who is known by that name already stays the same person."""
    given = {"name": order} if isinstance(order, str) else dict(order)
    spoke = [line.speaker for line in room.script]
    known = next((p for p in (*room.participants, *spoke) if p.name == given["name"]), None)
    return replace(known, **given) if known else Person(**{"uuid": str(secrets.randbelow(10**8) + 10**7), **given})


def say(room: Room, order: list[dict[str, Any]]) -> Room:
    """The room in which that is said too. A line with a ``key`` that is known replaces the earlier one (a correction);
    one without a time follows on what was said before."""
    script = {line.key: line for line in room.script}
    for said in order:
        room = replace(room, script=tuple(script.values()))
        line = _read_line(room, said)
        script[line.key] = line
    return replace(room, script=tuple(script.values()))


def _read_line(room: Room, said: dict[str, Any]) -> Line:
    unknown = set(said) - {"key", "speaker", "text", "after_seconds", "duration_ms"}
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    key = str(said.get("key") or f"line-{len(room.script) + 1}")
    earlier = next((line for line in room.script if line.key == key), None)
    text = str(said["text"])
    if earlier is not None:
        after_ms = earlier.after_ms
    elif said.get("after_seconds") is not None:
        after_ms = round(float(said["after_seconds"]) * 1000)
    else:
        after_ms = max((line.ends_ms for line in room.script), default=0) + PAUSE_MS
    duration_ms = int(said.get("duration_ms") or MILLISECONDS_A_WORD * max(1, len(text.split())))
    return Line(key, read_person(room, said["speaker"]), text, after_ms, duration_ms)


def _load(row: Any) -> Room:
    content = json.loads(row["content"])
    content["participants"] = tuple(Person(**person) for person in content["participants"])
    content["script"] = tuple(Line(**{**line, "speaker": Person(**line["speaker"])}) for line in content["script"])
    return Room(row["url"], changed_at=row["changed_at"], **content)
