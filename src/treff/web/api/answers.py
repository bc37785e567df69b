"""Answers of POST: sent again with the same Idempotency-Key, it does nothing and answers the same."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponse
from pydantic import BaseModel

from treff.kernel.errors import N_, Invalid
from treff.web.api.auth import ApiRequest
from treff.web.idempotency import fingerprint_of, once

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Done:
    """What a POST brought about. `location` is the path of what it created."""

    body: BaseModel
    status: int = 201
    location: str = ""


def answer_once(request: ApiRequest, do: Callable[[], Done]) -> HttpResponse:
    """The answer of `do`, or of the earlier request with this key. Raises Invalid, and what `do` raises.

    The body is kept as text, so that the second answer is the first one byte by byte.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return _response(_stored(do()))
    if not _KEY.fullmatch(key):
        raise Invalid(HEADER, N_("An Idempotency-Key has 1 to 255 visible ASCII characters."))
    try:
        answer = once(
            request.auth.actor.id,
            "api:" + hashlib.sha256(key.encode()).hexdigest(),
            fingerprint_of(request.method, request.path, request.parsed),
            lambda: _stored(do()),
        )
    except Invalid as error:
        if error.field == "idempotency_key":
            raise Invalid(HEADER, N_("This key was used before for another request.")) from None
        raise
    response = _response(answer.value)
    if answer.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _stored(done: Done) -> dict[str, object]:
    return {"status": done.status, "body": done.body.model_dump_json(), "location": done.location}


def _response(stored: dict[str, object]) -> HttpResponse:
    response = HttpResponse(
        str(stored["body"]), status=int(str(stored["status"])), content_type="application/json; charset=utf-8"
    )
    if stored["location"]:
        response.headers["Location"] = str(stored["location"])
    return response
