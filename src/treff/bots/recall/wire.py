"""Recall's JSON, only the fields that we use. Nothing is trusted to be there or to have its documented type.

https://docs.recall.ai/reference/bot_retrieve , https://docs.recall.ai/docs/download-urls
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from treff.bots.json_api import KEY, LONGEST_SPEAKER, LONGEST_TEXT, content, page, plain, text_of
from treff.kernel import clock
from treff.outbound.http import Answer

_LONGEST_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Change:
    """A status that a bot came into, and why."""

    code: str
    sub_code: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording's transcript: `status` processing, done, failed or deleted, "" where there is none."""

    status: str
    began_at: datetime | None
    download_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bot:
    bot_id: str
    key: str
    join_at: datetime | None
    changes: tuple[Change, ...]
    recordings: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Said:
    speaker: str
    start_at: datetime
    end_at: datetime
    text: str = field(repr=False)


def bot(answer: Answer) -> Bot | None:
    return _bot(content(answer))


def bots(answer: Answer) -> tuple[list[Bot], bool] | None:
    """One page of a list, and whether another one follows; None: it makes no sense."""
    read = page(answer)
    if read is None:
        return None
    found = [_bot(entry) for entry in read[0]]
    return [one for one in found if one], bool(read[1])


def code(answer: Answer) -> str:
    """The name of a refusal. https://docs.recall.ai/reference/errors"""
    return text_of(content(answer), "code")


def transcript(answer: Answer, began_at: datetime | None) -> list[Said] | None:
    """None: it makes no sense, or broke off. `began_at`: from when times count that are told in seconds only."""
    entries = content(answer)
    if not isinstance(entries, list):
        return None
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("words"), list):
            return None
        words = _objects(entry, "words")
        text = plain(" ".join(filter(None, (text_of(word, "text").strip() for word in words))), LONGEST_TEXT)
        if not text:
            continue
        start_at = _moment(words[0].get("start_timestamp"), began_at)
        if start_at is None:
            return None
        ended_at = _moment(words[-1].get("end_timestamp"), began_at) or start_at
        speaker = plain(text_of(entry.get("participant"), "name"), LONGEST_SPEAKER)
        found.append(Said(speaker, start_at, max(start_at, ended_at), text))
    return found


def _bot(found: object) -> Bot | None:
    if not isinstance(found, dict) or not text_of(found, "id"):
        return None
    changes = [
        Change(text_of(one, "code"), text_of(one, "sub_code"), _instant(one.get("created_at")))
        for one in _objects(found, "status_changes")
    ]
    return Bot(
        text_of(found, "id")[:200],
        text_of(found.get("metadata"), KEY),
        _instant(found.get("join_at")),
        tuple(changes),
        tuple(_recorded(one) for one in _objects(found, "recordings")),
    )


def _recorded(found: dict[str, Any]) -> Recorded:
    shortcuts = found.get("media_shortcuts")
    transcript = shortcuts.get("transcript") if isinstance(shortcuts, dict) else None
    made = transcript if isinstance(transcript, dict) else {}
    is_deleted = text_of(found.get("status"), "code") == "deleted"
    status = "deleted" if is_deleted else text_of(made.get("status"), "code")
    return Recorded(status, _instant(found.get("started_at")), text_of(made.get("data"), "download_url"))


def _objects(found: object, name: str) -> list[dict[str, Any]]:
    entries = found.get(name) if isinstance(found, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _moment(found: object, began_at: datetime | None) -> datetime | None:
    """{"absolute": "2025-07-17T00:00:09.73Z", "relative": 9.73}, of which older recordings have the seconds only."""
    if not isinstance(found, dict):
        return None
    absolute, relative = _instant(found.get("absolute")), found.get("relative")
    if absolute is not None or began_at is None:
        return absolute
    if isinstance(relative, int | float) and 0 <= relative <= _LONGEST_SECONDS:
        return began_at + timedelta(seconds=relative)
    return None


def _instant(found: object) -> datetime | None:
    try:
        return clock.parse(found) if isinstance(found, str) else None
    except (ValueError, OverflowError):
        return None
