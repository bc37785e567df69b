"""The only file that knows both languages: an endpoint's answers on one side, notetaking's errors on the other.

Where no other page stands at the line: https://platform.openai.com/docs/guides/error-codes/api-errors
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from treff.llm import wire
from treff.llm.client import ChatClient
from treff.notetaking.errors import (
    ModelMisconfigured,
    ModelNonsense,
    ModelRefused,
    ModelTooLong,
    ModelTransient,
)
from treff.outbound.http import Answer, NotSent, Unanswered

# What helps and is not taken everywhere. OpenAI's reasoning models refuse a temperature, older models and other servers
# a schema: https://github.com/QwenLM/qwen-code/issues/921, https://github.com/web-infra-dev/midscene/issues/259
_OPTIONAL = ("temperature", "response_format")
# OpenAI: https://github.com/Aider-AI/aider/issues/1880 (a limit per minute that one request alone exceeds)
# llama.cpp, vLLM and others name the context in their own words and without OpenAI's code.
_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|prompt is too long|input is too long|request too large|too many tokens", re.I
)
_REFUSED = re.compile(r"content[ _](?:filter|policy|management)|moderation|flagged|safety", re.I)
_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "credit_balance_exhausted")
# Ollama drops what its context does not hold and says nothing but how many tokens it kept, down to half of them:
# https://github.com/ollama/ollama/issues/17427. A token has about four characters, in German fewer:
# https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them
_MOST_CHARACTERS_A_TOKEN = 6
_ECHO = 20  # so many characters in a row are no coincidence


@dataclass(frozen=True, slots=True)
class OpenAiCompatible:
    """notetaking.ports.LanguageModel for one model behind any endpoint that speaks as OpenAI's chat completions do."""

    client: ChatClient
    name: str

    def complete(self, instructions: str, data: str, schema: Mapping[str, object]) -> Mapping[str, Any]:
        body = self._body(instructions, data, schema)
        answer = self._send(body)
        while option := _not_taken(answer, body):
            del body[option]
            answer = self._send(body)
        if not 200 <= answer.status < 300:
            self._refuse(answer, data)
        found = wire.completion(answer)
        if found is None:  # also an error after all: https://openrouter.ai/docs/api/reference/errors-and-debugging
            raise ModelTransient(f"the model's endpoint answered {answer.status} without a completion")
        return _understand(found, len(instructions) + len(data))

    def _body(self, instructions: str, data: str, schema: Mapping[str, object]) -> dict[str, Any]:
        """The schema stands in the instructions as well, for servers that overlook `response_format`. No tools.

        https://platform.openai.com/docs/guides/structured-outputs
        """
        form = f"Answer with one JSON object of this JSON schema and nothing else:\n{json.dumps(schema)}"
        return {
            "model": self.name,
            "messages": [
                {"role": "system", "content": f"{instructions}\n\n{form}"},
                {"role": "user", "content": data},
            ],
            "temperature": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            },
        }

    def _send(self, body: Mapping[str, Any]) -> Answer:
        """Asking again costs at most the price of an answer, so it does not matter whether this one was heard."""
        try:
            return self.client.complete(body)
        except (NotSent, Unanswered) as error:
            raise ModelTransient(str(error)) from error

    def _refuse(self, answer: Answer, data: str) -> NoReturn:
        """Raise what an answer that is no success means."""
        refusal = wire.refusal(answer)
        known = " ".join((*refusal.kinds, refusal.message))
        text = f"the model's endpoint answered {answer.status}: {self._tellable(known, data)}"
        if answer.status == 413 or (answer.status >= 400 and _TOO_LONG.search(known)):
            raise ModelTooLong(text)
        if answer.status == 402 or any(kind in _NO_CREDIT for kind in refusal.kinds):
            raise ModelMisconfigured(text)
        if answer.status in (407, 408, 425, 429) or answer.status >= 500:
            raise ModelTransient(text, _wait(answer))
        if _REFUSED.search(known):
            raise ModelRefused(text)
        if answer.status in (401, 403, 404, 405) or answer.status < 400:  # redirects are not followed: nor is the key
            raise ModelMisconfigured(text)
        raise ModelRefused(text)

    def _tellable(self, said: str, data: str) -> str:
        """What an operator may read: servers repeat the key or the text that they do not like."""
        if any(said[at : at + _ECHO] in data for at in range(len(said) - _ECHO + 1)):
            return "(repeats what was said)"
        key = self.client.api_key.reveal()
        return said.replace(key, "***") if key else said


def _not_taken(answer: Answer, body: Mapping[str, Any]) -> str:
    """What of the request this endpoint does not take and the notes can do without; "": nothing of the kind."""
    if answer.status not in (400, 422):
        return ""
    refusal = wire.refusal(answer)
    named = f"{refusal.param} {refusal.message}"
    return next((option for option in _OPTIONAL if option in body and option in named), "")


def _understand(found: wire.Completion, characters: int) -> Mapping[str, Any]:
    """https://platform.openai.com/docs/api-reference/chat/object (finish_reason, refusal)"""
    if found.is_refusal or found.ended == "content_filter":
        raise ModelRefused("the model refuses to answer")
    if found.ended == "length":
        raise ModelTooLong("the answer was cut off")
    if 0 < found.read_tokens * _MOST_CHARACTERS_A_TOKEN < characters:
        raise ModelTooLong(f"the model was given {found.read_tokens} tokens of {characters} characters")
    content = wire.outermost(found.text)
    if content is None:
        raise ModelNonsense("the answer is no JSON object")
    return content


def _wait(answer: Answer) -> timedelta | None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3, of which these servers use the seconds."""
    wait = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(wait[:6]), 86_400)) if wait.isascii() and wait.isdigit() else None
