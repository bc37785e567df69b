"""Attendee's JSON, only the fields that we use. Nothing is trusted to be there or to have its documented type.

https://github.com/attendee-labs/attendee/blob/main/docs/openapi.yml
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from treff.bots.json_api import KEY, LONGEST_SPEAKER, LONGEST_TEXT, content, page, plain, text_of
from treff.outbound.http import Answer

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
    return _bot(content(answer))


def bots(answer: Answer) -> tuple[list[Bot], str] | None:
    """One page of a list, and the cursor of the next ("" where there is none); None: it makes no sense."""
    read = page(answer)
    if read is None:
        return None
    found = [_bot(entry) for entry in read[0]]
    try:
        cursor = parse_qs(urlsplit(read[1]).query).get("cursor", [""])[0]
    except ValueError:
        return None
    return [one for one in found if one], cursor


def transcript(answer: Answer) -> list[Said] | None:
    """None: it makes no sense, or broke off. `transcription` is a text in the README and an object in the answers."""
    entries = content(answer)
    if not isinstance(entries, list):
        return None
    found = []
    for entry in entries:
        at, took = (entry.get("timestamp_ms"), entry.get("duration_ms")) if isinstance(entry, dict) else (None, None)
        if type(at) is not int or not 0 <= at <= _LATEST_MS:
            return None
        inner = entry.get("transcription")
        text = text_of(inner, "transcript") if isinstance(inner, dict) else inner if isinstance(inner, str) else ""
        length = took if type(took) is int and 0 <= took <= 86_400_000 else 0
        speaker = plain(text_of(entry, "speaker_name"), LONGEST_SPEAKER)
        found.append(Said(speaker, at, length, plain(text, LONGEST_TEXT)))
    return found


def _bot(found: object) -> Bot | None:
    if not isinstance(found, dict) or not text_of(found, "id"):
        return None
    events = found.get("events")
    told = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    failed = [e for e in told if e.get("type") in ("could_not_join_meeting", "fatal_error")]
    return Bot(
        text_of(found, "id")[:200],
        text_of(found, "state"),
        text_of(found.get("metadata"), KEY),
        text_of(found, "transcription_state"),
        text_of(failed[-1], "sub_type") if failed else "",
    )
