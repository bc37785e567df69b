"""Finds in a message what people said, and in that what was decided and who will do what. The same each time."""

import json
import re
from dataclasses import dataclass
from typing import Any

LINE = re.compile(
    r"^\s*(?:[\[(]?\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?[\])]?\s*[-–]?\s*)?([^\s:][^:\n]{0,60}?)\s*:\s+(\S.*)$"
)
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
DECIDED = re.compile(
    r"\b(?:we (?:agree|decided|have decided|will go with)|agreed|decision|let us go with|let's go with"
    r"|wir (?:einigen|entscheiden|nehmen|machen es)|entschieden|beschlossen|vereinbart|abgemacht|einverstanden)\b",
    re.IGNORECASE,
)
PROMISED = re.compile(
    r"\b(?:i will|i'll|we will|we'll|you will|please send|next step|to do"
    r"|ich (?:werde|schicke|sende|kümmere|melde|frage|rufe)|wir (?:werden|schicken|melden)|nächster schritt"
    r"|bitte (?:schicken|senden))\b",
    re.IGNORECASE,
)
DUE = re.compile(
    r"\b(?:(?:by|until|on|bis|am|bis zum)\s+)?(?:(?:next|nächsten?|nächste)\s+)?(?:monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday|week|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|woche|tomorrow|morgen"
    r"|\d{4}-\d\d-\d\d|\d{1,2}\.\s?\d{1,2}\.(?:\d{4})?)\b",
    re.IGNORECASE,
)
COMMAND = re.compile(
    r"\b(?:ignore (?:all |your |the )*(?:previous|earlier|prior)|disregard|system prompt|you are now|new instructions"
    r"|ignoriere|vergiss (?:alle|deine)|send (?:all|the) )",
    re.IGNORECASE,
)
SPEAKER_NAMES = ("speaker_name", "speaker", "name")
TEXT_NAMES = ("text", "transcript", "sentence", "transcription")
SUMMARY_SENTENCES = 3
GERMAN = re.compile(r"\b(?:ich|wir|sie|uns|ihnen|und|nicht|wie|dann|etwa|danke|sehr|mit|nach)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """``text`` stands word for word in the message."""

    speaker: str
    text: str

    @property
    def due(self) -> str | None:
        """When, if it says so."""
        found = DUE.search(self.text)
        return found[0].strip() if found else None


@dataclass(frozen=True)
class Notes:
    """What there is to say about a conversation."""

    summary: str
    decisions: tuple[Sentence, ...]
    next_steps: tuple[Sentence, ...]
    sentences: tuple[Sentence, ...]


def take_notes(message: str) -> Notes:
    """A sentence is a promise or else a decision or neither; the summary begins with who spoke."""
    sentences = tuple(find_sentences(message))
    next_steps = tuple(s for s in sentences if PROMISED.search(s.text))
    decisions = tuple(s for s in sentences if DECIDED.search(s.text) and s not in next_steps)
    speakers = list(dict.fromkeys(s.speaker for s in sentences if s.speaker))
    if not sentences:
        return Notes("Nothing was said.", (), (), ())
    said = " ".join(sentence.text for sentence in sentences[:SUMMARY_SENTENCES])
    return Notes(f"{_who_spoke(speakers, sentences)} {said}", decisions, next_steps, sentences)


def _who_spoke(speakers: list[str], sentences: tuple[Sentence, ...]) -> str:
    """In German where most of them did."""
    is_german = 2 * sum(bool(GERMAN.search(sentence.text)) for sentence in sentences) > len(sentences)
    both, nobody, spoke = (" und ", "Jemand", "im Gespräch.") if is_german else (" and ", "Somebody", "spoke.")
    named = [", ".join(speakers[:-1]), speakers[-1]] if len(speakers) > 1 else speakers or [nobody]
    return f"{both.join(named)} {spoke}"


def find_commands(message: str) -> list[Sentence]:
    """Sentences that speak to a model instead of to people."""
    return [sentence for sentence in find_sentences(message) if COMMAND.search(sentence.text)]


def find_sentences(message: str) -> list[Sentence]:
    """From lines like ``[00:01:05] Name: text``, or from a JSON list of utterances somewhere in the message."""
    spoken = _from_json(message) or [(m[1], m[2]) for line in message.splitlines() if (m := LINE.match(line))]
    return [
        Sentence(speaker.strip(), part.strip())
        for speaker, text in spoken
        for part in SENTENCE_END.split(text)
        if part.strip()
    ]


def _from_json(message: str) -> list[tuple[str, str]]:
    begin = message.find("[{")
    if begin < 0:
        return []
    try:
        content, _ = json.JSONDecoder().raw_decode(message[begin:])
    except ValueError:
        return []
    found = [(_first(item, SPEAKER_NAMES), _first(item, TEXT_NAMES)) for item in content if isinstance(item, dict)]
    return [(speaker, text) for speaker, text in found if text]


def _first(item: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = item.get(name)
        if isinstance(value, dict):
            value = value.get("transcript")
        if isinstance(value, str) and value:
            return value
    return ""
