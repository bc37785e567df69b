"""Attendee's JSON, only the fields that we use. Nothing is trusted to be there or to have its documented type.

https://github.com/attendee-labs/attendee/blob/main/docs/openapi.yml
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from treff.outbound.http import Answer

# Where in a bot's metadata our key comes back; the webhooks carry the metadata and not the deduplication key.
KEY = "treff_key"
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_LONGEST_SPEAKER, _LONGEST_TEXT = 200, 20_000
# Milliseconds since 1970 that a datetime can still hold, with a day added: the year 9000.
_LATEST_MS = 221_845_392_000_000


@dataclass(frozen=True, slots=True)
class Bot:
    """`reason`: the sub_type of what made it fail."""

    bot_id: str
    state: str
    key: str
    transcription: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    speaker: str
    at_ms: int
    duration_ms: int
    text: str = field(repr=False)


def bot(answer: Answer) -> Bot | None:
    return _bot(_json(answer))


def bots(answer: Answer) -> tuple[list[Bot], str] | None:
    """One page of a list, and the cursor of the next ("" where there is none); None: it makes no sense."""
    page = _json(answer)
    entries = page.get("results") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(entries, list):
        return None
    found = [_bot(entry) for entry in entries]
    try:
        cursor = parse_qs(urlsplit(_text(page, "next")).query).get("cursor", [""])[0]
    except ValueError:
        return None
    return [one for one in found if one], cursor


def transcript(answer: Answer) -> list[Said] | None:
    """None: it makes no sense, or broke off. `transcription` is a text in the README and an object in the answers."""
    entries = _json(answer)
    if not isinstance(entries, list):
        return None
    found = []
    for entry in entries:
        at, took = (entry.get("timestamp_ms"), entry.get("duration_ms")) if isinstance(entry, dict) else (None, None)
        if type(at) is not int or not 0 <= at <= _LATEST_MS:
            return None
        inner = entry.get("transcription")
        text = _text(inner, "transcript") if isinstance(inner, dict) else inner if isinstance(inner, str) else ""
        length = took if type(took) is int and 0 <= took <= 86_400_000 else 0
        speaker = plain(_text(entry, "speaker_name"))[:_LONGEST_SPEAKER]
        found.append(Said(speaker, at, length, plain(text)[:_LONGEST_TEXT]))
    return found


def plain(text: str) -> str:
    """Without what no database takes and no page shows; everything else is what was said, and stays."""
    return _CONTROLS.sub("", text)


def refusal(answer: Answer) -> str:
    """What Attendee has against it: {"error"}, {"detail"}, or {field: [sentence]}; "" where the body is no object."""
    found = _json(answer)
    if not isinstance(found, dict):
        return ""
    said = _text(found, "error") or _text(found, "detail")
    fields = [f"{name}: {_first(value)}" for name, value in list(found.items())[:5] if not said]
    return plain(said or "; ".join(fields))[:300]


def _first(value: object) -> str:
    return str(value[0]) if isinstance(value, Sequence) and not isinstance(value, str) and value else str(value)


def _bot(found: object) -> Bot | None:
    if not isinstance(found, dict) or not _text(found, "id"):
        return None
    metadata, events = found.get("metadata"), found.get("events")
    told = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    failed = [e for e in told if e.get("type") in ("could_not_join_meeting", "fatal_error")]
    return Bot(
        _text(found, "id")[:200],
        _text(found, "state"),
        _text(metadata, KEY) if isinstance(metadata, dict) else "",
        _text(found, "transcription_state"),
        _text(failed[-1], "sub_type") if failed else "",
    )


def _json(answer: Answer) -> Any:
    if not answer.complete:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
