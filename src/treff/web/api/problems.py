"""Every refusal of the API as a problem (RFC 9457), its sentences in the language that is active."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from pydantic_core import PydanticCustomError

from treff.audit.actions import record
from treff.kernel.errors import N_, Forbidden, Invalid, TreffError, Unavailable
from treff.people.errors import MergedAway
from treff.web.errors import TRY_AGAIN_AFTER, is_outage, sentence_of, status_of
from treff.workspaces.errors import NotHere

log = structlog.get_logger()

CONTENT_TYPE = "application/problem+json"
OURS = "treff"
"""The type of validation errors whose message is a sentence (msgid) of ours."""

TITLES: Mapping[int, str] = {
    400: N_("Not readable"),
    401: N_("No valid API key"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("Method not allowed"),
    409: N_("Conflict"),
    413: N_("Too large"),
    415: N_("Unsupported content type"),
    422: N_("Not valid"),
    500: N_("Something broke on our side"),
    503: N_("Not available"),
}

# Type of pydantic's error -> our sentence. https://docs.pydantic.dev/latest/errors/validation_errors/
_SENTENCES: Mapping[str, str] = {
    "missing": N_("Please fill this in."),
    "extra_forbidden": N_("There is no such field here."),
    "string_type": N_("This must be text."),
    "int_type": N_("This must be a whole number."),
    "int_parsing": N_("This must be a whole number."),
    "int_parsing_size": N_("This must be a whole number."),
    "int_from_float": N_("This must be a whole number."),
    "list_type": N_("This must be a list."),
    "model_type": N_("This must be a JSON object."),
    "model_attributes_type": N_("This must be a JSON object."),
    "greater_than_equal": N_("This must be at least %(ge)s."),
    "less_than_equal": N_("This must be at most %(le)s."),
    "string_too_long": N_("At most %(max_length)d characters, please."),
    "too_long": N_("At most %(max_length)d entries, please."),
    "literal_error": N_("Choose one of %(expected)s."),
}


class Refusal(TreffError):
    """What only HTTP knows about: `status` says it."""

    status = 400


class Unauthenticated(Refusal):
    code, status = "unauthenticated", 401

    def __init__(self) -> None:
        super().__init__(N_("Send a valid API key as Authorization: Bearer <key>."))


class Unreadable(Refusal):
    code, status = "unreadable", 400

    def __init__(self) -> None:
        super().__init__(N_("The request cannot be read."))


class MalformedJson(Refusal):
    code, status = "malformed_json", 400

    def __init__(self, line: int, column: int) -> None:
        super().__init__(N_("This is not JSON: line %(line)d, column %(column)d."), line=line, column=column)


class MethodNotAllowed(Refusal):
    code, status = "method_not_allowed", 405

    def __init__(self, allowed: str) -> None:
        super().__init__(N_("This address takes %(allowed)s only."), allowed=allowed)


class BodyTooLarge(Refusal):
    code, status = "body_too_large", 413

    def __init__(self) -> None:
        super().__init__(N_("The body of a request has at most 1 MB."))


class WrongContentType(Refusal):
    code, status = "unsupported_media_type", 415

    def __init__(self) -> None:
        super().__init__(N_("Send JSON in UTF-8 as Content-Type: application/json."))


class Broken(Refusal):
    code, status = "internal_error", 500

    def __init__(self) -> None:
        super().__init__(N_("This is not your fault. It has been recorded; please try again in a moment."))


class Down(Unavailable):
    def __init__(self) -> None:
        super().__init__(N_("The database does not answer at the moment. Please try again shortly."))


def complaint(sentence: str) -> PydanticCustomError:
    """A validation error of ours; `sentence` is a msgid without places to fill in."""
    return PydanticCustomError(OURS, sentence)


def type_of(code: str) -> str:
    """The address that explains a problem."""
    return f"{settings.TREFF_BASE_URL}/api/v1/docs#{code}"


def problem(error: TreffError, errors: Sequence[Mapping[str, str]] = ()) -> HttpResponse:
    """The answer for an error. `errors` names the fields; a single Invalid names its own."""
    status = error.status if isinstance(error, Refusal) else status_of(error)
    detail = sentence_of(error)
    if isinstance(error, Invalid) and not errors:
        errors = [{"field": error.field, "message": detail}]
    body: dict[str, object] = {
        "type": type_of(error.code),
        "title": gettext(TITLES.get(status, TITLES[500])),
        "status": status,
        "detail": detail,
        "code": error.code,
    }
    if isinstance(error, MergedAway):
        body["merged_into"] = error.into
    if errors:
        body["errors"] = list(errors)
    response = JsonResponse(body, status=status, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def handle_with_problems(api: NinjaAPI) -> None:
    """Let `api` answer every exception with a problem."""
    handlers: Mapping[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        TreffError: lambda _request, error: problem(error),
        Forbidden: _refuse,
        ValidationError: _validation_problem,
        AuthenticationError: lambda _request, _error: problem(Unauthenticated()),
        Http404: lambda _request, _error: problem(NotHere()),
        RequestDataTooBig: lambda _request, _error: problem(BodyTooLarge()),
        SuspiciousOperation: lambda _request, _error: problem(Unreadable()),
        UnreadablePostError: lambda _request, _error: problem(Unreadable()),
        OperationalError: _database_problem,
        InterfaceError: _database_problem,
        InternalError: _internal_problem,
        Exception: _unexpected_problem,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _refuse(request: HttpRequest, error: Forbidden) -> HttpResponse:
    """Like on the pages, a refusal is noted in the audit log."""
    scope = getattr(request, "auth", None)
    if scope is not None:
        record(scope.workspace_id, scope.actor, "access.refused", scope.actor.id, {"path": request.path[:200]})
    return problem(error)


def _validation_problem(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What pydantic found. An id in the path that can be none is an object that is not there."""
    if any(found["loc"][0] == "path" for found in error.errors):
        return problem(NotHere())
    errors = [{"field": _field_of(found), "message": _message_of(found)} for found in error.errors]
    if len(errors) == 1:
        return problem(Invalid(errors[0]["field"], "%(message)s", message=errors[0]["message"]))
    return problem(Invalid("", N_("Some values are not valid; each is named in errors.")), errors)


def _field_of(found: Mapping[str, Any]) -> str:
    """`lead.email` of ("body", "data", "lead", "email"); `body` if it is all of it."""
    source, *places = found["loc"]
    return ".".join(str(place) for place in (places[1:] if source == "body" else places)) or "body"


def _message_of(found: Mapping[str, Any]) -> str:
    if found["type"] == OURS:
        return gettext(str(found["msg"]))
    sentence = gettext(_SENTENCES.get(found["type"], N_("This value is not valid.")))
    return sentence % found.get("ctx", {}) if "%(" in sentence else sentence


def _database_problem(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("api_database_down", path=request.path[:200], error=type(error).__name__)
    answer = problem(Down())
    answer.headers["Retry-After"] = TRY_AGAIN_AFTER
    return answer


def _internal_problem(request: HttpRequest, error: Exception) -> HttpResponse:
    return _database_problem(request, error) if is_outage(error) else _unexpected_problem(request, error)


def _unexpected_problem(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("api_request_broke", path=request.path[:200], method=request.method, exc_info=error)
    return problem(Broken())
