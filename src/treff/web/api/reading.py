"""Reading requests strictly: what is unclear or unknown is refused, never guessed.

Applied to every operation after its key is checked and before its values are, by Api (api.py).
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from ninja.operation import Operation
from ninja.parser import Parser

from treff.kernel.errors import N_, Invalid
from treff.web.api.auth import ApiRequest
from treff.web.api.problems import BodyTooLarge, MalformedJson, Unreadable, WrongContentType
from treff.workspaces.states import Permission

LARGEST_BODY = 1024 * 1024
DEEPEST = 20
# JSON numbers beyond this are exact in no other language: https://www.rfc-editor.org/rfc/rfc8259#section-6
_LARGEST_WHOLE = 2**53


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one operation takes."""

    permission: Permission
    query: frozenset[str]
    takes_body: bool

    @classmethod
    def of(cls, operation: Operation) -> "Expectation":
        """Raises AttributeError for a handler that says nothing about who may call it: such an API does not start."""
        names = (model.__ninja_flatten_map__ for model in operation.models if model.__ninja_param_source__ == "query")
        return cls(
            permission=operation.view_func.permission,  # type: ignore[attr-defined]
            query=frozenset(name for mapping in names for name in mapping),
            takes_body=any(model.__ninja_param_source__ == "body" for model in operation.models),
        )


def expecting(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate an operation's `run`, so that its requests carry what it takes."""
    expectation = Expectation.of(cast(Any, run).__self__)

    @wraps(run)
    def expectant(request: HttpRequest, **path: object) -> HttpResponse:
        request.expectation = expectation  # type: ignore[attr-defined]
        return run(request, **path)

    return expectant


def check(request: ApiRequest) -> None:
    """1. May the key do this? 2. Is the query one we know? 3. Is the body JSON that means one thing only?

    Leaves the parsed body on the request. Raises NotAllowed, Invalid, BodyTooLarge, WrongContentType, MalformedJson.
    """
    expectation = cast(Expectation, request.expectation)  # type: ignore[attr-defined]
    request.auth.require(expectation.permission)
    _check_query(request, expectation.query)
    request.parsed = None
    body = _read(request)
    if not body:
        return
    if not expectation.takes_body:
        raise Invalid("body", N_("A request of this kind has no body."))
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if (request.content_type or "").lower() != "application/json" or charset not in ("utf-8", "utf8"):
        raise WrongContentType
    request.parsed = parse(body)


class StrictParser(Parser):
    """Hands ninja what check() has read."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return cast(dict[str, Any], cast(ApiRequest, request).parsed)


def parse(body: bytes) -> object:
    """The value of a JSON text. Raises Invalid for what JSON leaves open (duplicate keys, NaN), MalformedJson."""
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except UnicodeDecodeError:
        raise Unreadable from None
    except json.JSONDecodeError as error:
        raise MalformedJson(error.lineno, error.colno) from None
    except RecursionError:
        raise _too_deep() from None
    for field, text in _texts(value):
        if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
            raise Invalid(field or "body", N_("Control characters are not allowed here."))
    return value


def _check_query(request: HttpRequest, known: frozenset[str]) -> None:
    for name, values in request.GET.lists():
        if name not in known:
            raise Invalid(name[:100], N_("There is no such parameter here."))
        if len(values) > 1:
            raise Invalid(name, N_("This is given more than once."))
        if any("\0" in value for value in values):
            raise Invalid(name, N_("Control characters are not allowed here."))


def _read(request: HttpRequest) -> bytes:
    """The body, if it is not too large. Django's own limit is that of the pages' forms, so it is not asked."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isascii() or not announced.isdigit():
        raise Unreadable
    if int(announced) > LARGEST_BODY:
        raise BodyTooLarge
    body = request.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        raise BodyTooLarge
    request._body = body  # where Django looks for what has been read
    return body


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise Invalid(name[:100], N_("This is given more than once."))
        found[name] = value
    return found


def _refuse_constant(name: str) -> object:
    raise Invalid("body", N_("NaN and Infinity are no numbers of JSON."))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Invalid("body", N_("This number is too large."))
    return number


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _LARGEST_WHOLE:
        raise Invalid("body", N_("This number is too large."))
    return int(text)


def _too_deep() -> Invalid:
    return Invalid("body", N_("This is nested too deeply."))


def _texts(value: object) -> Iterator[tuple[str, str]]:
    """Every text with its place, names of fields included. Raises Invalid where it goes too deep."""
    waiting: list[tuple[str, int, object]] = [("", 1, value)]
    while waiting:
        place, depth, item = waiting.pop()
        if depth > DEEPEST:
            raise _too_deep()
        children: list[tuple[str, object]] = []
        if isinstance(item, str):
            yield place, item
        elif isinstance(item, dict):
            for name in item:
                yield place, name
            children = list(item.items())
        elif isinstance(item, list):
            children = [(str(number), child) for number, child in enumerate(item)]
        waiting += [(f"{place}.{name}".lstrip("."), depth + 1, child) for name, child in children]
