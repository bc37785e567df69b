"""OpenAI's JSON, only the fields that we use. Nothing is trusted to be there or to have its documented type.

https://platform.openai.com/docs/api-reference/chat/object
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from treff.outbound.http import Answer

_LONGEST_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class Completion:
    """`ended`: why the model stopped; `read_tokens`: how many it was given, 0 where nobody says."""

    text: str = field(repr=False)
    ended: str
    is_refusal: bool
    read_tokens: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """`kinds`: its code and its type. The message may repeat what was asked."""

    message: str = field(repr=False)
    kinds: tuple[str, ...]
    param: str


def completion(answer: Answer) -> Completion | None:
    """None: it makes no sense, or broke off, which no object survives."""
    found = _parse(answer.body)
    choices = found.get("choices") if isinstance(found, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(found, dict) or not isinstance(choice, dict) or not isinstance(message, dict):
        return None
    usage = found.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else 0
    return Completion(
        _text(message, "content"),
        _text(choice, "finish_reason"),
        bool(message.get("refusal")),
        tokens if type(tokens) is int else 0,
    )


def refusal(answer: Answer) -> Refusal:
    """{"error": {message, type, code, param}} of OpenAI; others: {"error": text}, {message, type}, {"detail": text}."""
    found = _parse(answer.body)
    outer = found if isinstance(found, dict) else {}
    inner = outer.get("error")
    error = inner if isinstance(inner, dict) else outer
    message = _text(error, "message") or _text(outer, "error") or _text(outer, "detail")
    kinds = tuple(kind for name in ("code", "type") if (kind := _text(error, name)))
    return Refusal(message[:_LONGEST_MESSAGE], kinds, _text(error, "param"))


def outermost(text: str) -> dict[str, Any] | None:
    """The JSON object that a model says, with or without thoughts before it and words or a fence around it."""
    for spoken in (text, text.rpartition("</think>")[2]):
        found = _parse(spoken[spoken.find("{") : spoken.rfind("}") + 1])
        if isinstance(found, dict):
            return found
    return None


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
