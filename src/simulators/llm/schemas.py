"""Fills a JSON schema with notes, and checks that a schema is one OpenAI would take.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from typing import Any

from simulators.llm.transcript import Notes, Sentence
from simulators.llm.world import Refusal

SUMMARY = ("summary", "abstract", "overview", "zusammenfassung")
DECISIONS = ("decision", "beschluss", "beschlüsse", "entscheidung")
NEXT_STEPS = ("next_step", "nextstep", "action", "task", "todo", "follow", "aufgabe", "schritt")
QUOTE = ("quote", "evidence", "source", "excerpt", "zitat")
PERSON = ("owner", "who", "assignee", "responsible", "speaker", "person")
WHEN = ("due", "deadline", "when", "until", "date")


def check(schema: Any, name: str, strict: bool) -> None:
    """Raises Refusal (400) for a strict schema with an open object or an optional property.

    The wording as in https://github.com/dottxt-ai/outlines/issues/844
    """
    if not isinstance(schema, dict):
        raise Refusal(400, "Missing required parameter: 'response_format.json_schema.schema'.", param="response_format")
    if strict:
        _check_strict(schema, name, ())


def fill(schema: dict[str, Any], notes: Notes, root: dict[str, Any] | None = None) -> Any:
    """The notes in the form of the schema: properties are told apart by their names."""
    root = schema if root is None else root
    schema = _resolve(schema, root)
    if schema.get("type", "object") != "object":
        return _fill_plain(schema, notes.summary)
    return {name: _fill_named(name, part, notes, root) for name, part in schema.get("properties", {}).items()}


def _fill_named(name: str, schema: dict[str, Any], notes: Notes, root: dict[str, Any]) -> Any:
    schema, lowered = _resolve(schema, root), name.lower()
    if any(word in lowered for word in SUMMARY) and schema.get("type") == "string":
        return _fill_plain(schema, notes.summary)
    if schema.get("type") == "array":
        wanted: tuple[Sentence, ...] = ()
        if any(word in lowered for word in DECISIONS):
            wanted = notes.decisions
        elif any(word in lowered for word in NEXT_STEPS):
            wanted = notes.next_steps
        elif any(word in lowered for word in SUMMARY):
            wanted = notes.sentences[:3]
        limit = schema.get("maxItems", len(wanted))
        return [_fill_item(schema.get("items", {}), sentence, root) for sentence in wanted[:limit]]
    if schema.get("type") == "object":
        return fill(schema, notes, root)
    return _fill_plain(schema, "")


def _fill_item(schema: dict[str, Any], sentence: Sentence, root: dict[str, Any]) -> Any:
    """One sentence: as a text, or as an object whose properties say what they want of it."""
    schema = _resolve(schema, root)
    if schema.get("type") != "object":
        return _fill_plain(schema, sentence.text)
    filled = {}
    for name, part in schema.get("properties", {}).items():
        optional, part, lowered = _may_be_null(part), _resolve(part, root), name.lower()
        value: str | None = sentence.text
        if any(word in lowered for word in QUOTE):
            value = sentence.text
        elif any(word in lowered for word in PERSON):
            value = sentence.speaker
        elif any(word in lowered for word in WHEN):
            value = sentence.due
        elif part.get("type") == "string":
            value = sentence.text.rstrip(".!…")
        filled[name] = None if value is None and optional else _fill_nested(part, value or "", sentence, root)
    return filled


def _fill_nested(schema: dict[str, Any], text: str, sentence: Sentence, root: dict[str, Any]) -> Any:
    if schema.get("type") == "object":
        return _fill_item(schema, sentence, root)
    if schema.get("type") == "array":
        return [_fill_item(schema.get("items", {}), sentence, root)]
    return _fill_plain(schema, text)


def _fill_plain(schema: dict[str, Any], text: str) -> Any:
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "string":
        return text[: schema["maxLength"]] if "maxLength" in schema else text
    return {"integer": 0, "number": 0, "boolean": False, "null": None, "array": [], "object": {}}[kind]


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """References followed, and of alternatives the first that is not null."""
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#").strip("/").split("/"):
            target = target[step] if step else target
        return _resolve(target, root)
    if "anyOf" in schema:
        return _resolve(next(part for part in schema["anyOf"] if part.get("type") != "null"), root)
    if isinstance(schema.get("type"), list):
        return {**schema, "type": next(kind for kind in schema["type"] if kind != "null")}
    return schema


def _may_be_null(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type")
    alternatives = [part.get("type") for part in schema.get("anyOf", [])]
    return (isinstance(kinds, list) and "null" in kinds) or "null" in alternatives


def _check_strict(schema: Any, name: str, context: tuple[str, ...]) -> None:
    if not isinstance(schema, dict):
        return
    if "properties" in schema or schema.get("type") == "object":
        wrong = None
        if schema.get("additionalProperties") is not False:
            wrong = "'additionalProperties' is required to be supplied and to be false."
        elif set(schema.get("properties", {})) != set(schema.get("required", [])):
            wrong = "'required' is required to be supplied and to be an array including every key in properties."
        if wrong:
            shown = "()" if not context else repr(context)
            message = f"Invalid schema for response_format '{name}': In context={shown}, {wrong}"
            raise Refusal(400, message, param="response_format")
    for key in ("properties", "$defs"):
        for inner, part in schema.get(key, {}).items():
            _check_strict(part, name, (*context, key, inner))
    _check_strict(schema.get("items"), name, (*context, "items"))
    for number, part in enumerate(schema.get("anyOf", [])):
        _check_strict(part, name, (*context, "anyOf", str(number)))
