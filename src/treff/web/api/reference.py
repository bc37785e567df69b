"""The two pages that anybody may read: the OpenAPI document, and the same for people."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from treff.web.api import schemas
from treff.web.api.answers import HEADER
from treff.web.api.problems import CONTENT_TYPE
from treff.web.policy import public

REF = "#/components/schemas/{model}"
_METHODS = ("get", "post", "patch", "delete")

CODES: Mapping[str, str] = {
    "unreadable": "400. The request cannot be read.",
    "malformed_json": "400. The body is not JSON; detail says where.",
    "unauthenticated": "401. No key, or one that is unknown or revoked.",
    "forbidden": "403. The key's role does not allow this. The refusal is in the audit log.",
    "not_found": "404. No such object in this workspace, or no such address.",
    "merged": "404. The lead was merged into another one; detail names it, merged_into is its id.",
    "method_not_allowed": "405. Allow names the methods that are.",
    "conflict": "409. The name is taken.",
    "slot_taken": "409. The host has another appointment at that time, or it is not offered any more.",
    "changed_meanwhile": "409. Another generation is there than the one that was sent.",
    "already_cancelled": "409. A cancelled appointment cannot be changed.",
    "already_over": "409. It has begun, so its time cannot change.",
    "too_late": "409. The ten seconds in which a page offers to take it back are over. Nothing here answers with it.",
    "not_begun": "409. It has not begun, so nobody can have missed it.",
    "not_taking_place": "409. It was called off, or is a request still.",
    "not_waiting": "409. The request was answered already, or has lapsed.",
    "nothing_to_agree_to": "409. No notes are taken of it. Nothing here answers with it.",
    "meeting_is_over": "409. Consent cannot be given any more. Nothing here answers with it.",
    "not_written": "409. The notes are other ones than were seen. Nothing here answers with it.",
    "not_confirmed": "409. The client has not confirmed it yet; until then it cannot be changed.",
    "not_by_clients": "409. The booking type does not let clients do this by themselves.",
    "lead_has_appointments": "409. Appointments of this lead lie ahead.",
    "body_too_large": "413. More than 1 MB.",
    "unsupported_media_type": "415. Not application/json in UTF-8.",
    "invalid": "422. A value breaks a rule; errors names the field.",
    "internal_error": "500. Our fault; safe to try again with an Idempotency-Key.",
    "unavailable": "503. The database does not answer; try again shortly.",
}


def complete(document: Any) -> Any:
    """Add what ninja does not know: problems, the Idempotency-Key, the server's address."""
    document["servers"] = [{"url": settings.TREFF_BASE_URL}]
    parts = document["components"]["schemas"]
    problem = schemas.Problem.model_json_schema(ref_template=REF)
    parts |= problem.pop("$defs", {}) | {"Problem": problem}
    refusal = {CONTENT_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    for method, operation in _operations(document):
        for parameter in operation["parameters"]:
            parameter["schema"] = schemas.without_null(parameter["schema"])
        operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
        operation["responses"]["default"] = {"description": "Refused.", "content": refusal}
        if method == "post":
            _describe_repeating(operation)
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in document["paths"].values():
        for method in _METHODS:
            if method in methods:
                yield method, methods[method]


def _describe_repeating(operation: dict[str, Any]) -> None:
    operation["parameters"].append(
        {
            "in": "header",
            "name": HEADER,
            "required": False,
            "description": "Names this request: sent again with the same key within a day, it is answered again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
        }
    )
    headers = {"Idempotent-Replayed": {"description": "true on a repeated answer.", "schema": {"type": "string"}}}
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            answer["headers"] = headers
        if status == str(HTTPStatus.CREATED.value):
            answer["headers"] = headers | {"Location": {"description": "Its path.", "schema": {"type": "string"}}}


@cache
def _published(api: NinjaAPI) -> Any:
    """Made once: the routes do not change, and anybody may ask."""
    return api.get_openapi_schema()


def openapi(api: NinjaAPI) -> Callable[..., HttpResponse]:
    """The OpenAPI 3.1 document."""

    @public
    @require_safe
    def document(_request: HttpRequest) -> HttpResponse:
        return JsonResponse(_published(api))

    return document


@dataclass(frozen=True, slots=True)
class Row:
    """One operation on the page for people."""

    method: str
    path: str
    summary: str
    description: str
    fields: tuple[str, ...]
    answers: tuple[str, ...]


def page(api: NinjaAPI) -> Callable[..., HttpResponse]:
    """A plain page: no script, no CDN, so the content security policy has no exception for it."""

    @public
    @require_safe
    def reference(request: HttpRequest) -> HttpResponse:
        document = _published(api)
        groups: dict[str, list[Row]] = {}
        for address, methods in document["paths"].items():
            for method, operation in methods.items():
                groups.setdefault(operation["tags"][0], []).append(_row(document, method, address, operation))
        shown = {"info": document["info"], "description": _plain(document["info"]["description"])}
        return render(request, "api/reference.html", {"groups": groups, "codes": CODES, **shown})

    return reference


def _row(document: Mapping[str, Any], method: str, address: str, operation: Mapping[str, Any]) -> Row:
    names = [f"?{parameter['name']}" for parameter in operation["parameters"] if parameter["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    references = [body, *body.get("anyOf", ())]
    for reference in references:
        shape = document["components"]["schemas"].get(reference.get("$ref", "").rpartition("/")[2], {})
        required = shape.get("required", ())
        names += [name if name in required else f"{name}?" for name in shape.get("properties", ())]
    answers = tuple(status for status in operation["responses"] if status != "default")
    return Row(
        method.upper(), address, operation["summary"], _plain(operation.get("description", "")), tuple(names), answers
    )


def _plain(text: str) -> str:
    """A description of the document, which is Markdown there."""
    return text.replace("`", "")
