"""The published document is valid, and what is answered is what it says."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.http import HttpResponse

from tests import house
from tests.web.api.caller import ROOT, Caller, body_of
from tests.web.api.conftest import Place
from tests.web.api.routes import BODIES, UNKNOWN, Route, fill_in, objects_of, routes
from treff.conferencing.models import Connection, Grant, Meeting
from treff.conferencing.states import Reason, Sync
from treff.kernel import clock
from treff.kernel.errors import TreffError
from treff.web.api import reference
from treff.web.api.problems import Refusal

EVERY_ROUTE = pytest.mark.parametrize("route", routes(), ids=lambda route: route.name)


@pytest.fixture
def document(db: None) -> Any:
    response = Caller(None).get("/openapi.json")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    return body_of(response)


def operation_of(document: Any, route: Route) -> Any:
    return document["paths"][ROOT + route.path][route.method.lower()]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in it."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from nodes(child)


def check_against(document: Any, schema: Any, value: Any) -> None:
    """Raises jsonschema.ValidationError. Unknown fields are mistakes too, so that none is told by accident."""
    closed = json.loads(json.dumps({"components": document["components"], "allOf": [schema]}))
    for shape in closed["components"]["schemas"].values():
        shape.setdefault("additionalProperties", False)
    validator = jsonschema.Draft202012Validator(closed, format_checker=jsonschema.FormatChecker())
    validator.validate(value)


def check_answer(document: Any, route: Route, response: HttpResponse) -> None:
    answers = operation_of(document, route)["responses"]
    answer = answers.get(str(response.status_code)) or answers["default"]
    content = answer.get("content")
    if content is None:
        assert response.content == b""
        return
    (content_type,) = content
    assert response.headers["Content-Type"].partition(";")[0] == content_type
    check_against(document, content[content_type]["schema"], body_of(response))
    for name in answer.get("headers", {}):
        assert name == "Idempotent-Replayed" or name in response.headers


def test_the_document_is_an_openapi_document(document: Any) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Treff"
    for shape in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(shape)
    for node in nodes(document):
        if isinstance(reference_to := node.get("$ref"), str):
            kind, name = re.fullmatch(r"#/components/(\w+)/(\w+)", reference_to).groups()  # type: ignore[union-attr]
            assert name in document["components"][kind]


@EVERY_ROUTE
def test_every_route_is_described(document: Any, route: Route) -> None:
    operation = operation_of(document, route)
    assert operation["summary"]
    assert operation["tags"]
    assert operation["security"] == [{"ApiKey": []}]
    assert document["components"]["securitySchemes"]["ApiKey"] == {"type": "http", "scheme": "bearer"}
    in_path = {part["name"] for part in operation["parameters"] if part["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", route.path))
    for part in operation["parameters"]:
        jsonschema.Draft202012Validator.check_schema(part["schema"])
        assert part["required"] == (part["in"] == "path")
        assert "anyOf" not in part["schema"]
        assert not isinstance(part.get("examples"), list)
    for answer in operation["responses"].values():
        assert answer["description"]
    headers = {part["name"] for part in operation["parameters"] if part["in"] == "header"}
    assert headers == ({"Idempotency-Key"} if route.method == "POST" else set())
    assert ("requestBody" in operation) == (route.method in ("POST", "PATCH"))


def test_nothing_else_is_described_and_ids_are_told_apart(document: Any) -> None:
    described = {
        (method.upper(), path.removeprefix(ROOT)) for path, item in document["paths"].items() for method in item
    }
    assert described == {(route.method, route.path) for route in routes()}
    names = [operation_of(document, route)["operationId"] for route in routes()]
    assert len(set(names)) == len(names)


def test_what_comes_in_is_closed_and_its_examples_are_right(document: Any) -> None:
    for route in routes():
        body = operation_of(document, route).get("requestBody")
        if body is None:
            continue
        schema = body["content"]["application/json"]["schema"]
        check_against(document, schema, BODIES[route.name])
        with pytest.raises(jsonschema.ValidationError):
            check_against(document, schema, {**BODIES[route.name], "unknown": 1})  # type: ignore[dict-item]
    shapes = document["components"]["schemas"].values()
    examples = [(shape, example) for shape in shapes for example in shape.get("examples", ())]
    assert len(examples) >= 6
    for shape, example in examples:
        check_against(document, shape, example)


@EVERY_ROUTE
def test_real_answers_are_as_published(nordlicht: Place, document: Any, route: Route) -> None:
    objects = objects_of(nordlicht)
    make_everything_of(nordlicht)
    body = BODIES.get(route.name)
    response = nordlicht.caller.call(route.method, fill_in(route.path, objects), body)
    assert response.status_code < 300
    assert str(response.status_code) in operation_of(document, route)["responses"]
    check_answer(document, route, response)
    check_answer(document, route, Caller(None).call(route.method, fill_in(route.path, objects), body))
    check_answer(document, route, nordlicht.caller.call(route.method, fill_in(route.path, UNKNOWN), {"unknown": [1]}))
    with_query = nordlicht.caller.call(route.method, fill_in(route.path, objects) + "?unknown=1", body)
    assert with_query.status_code in (404, 422)
    check_answer(document, route, with_query)


def make_everything_of(place: Place) -> None:
    """Connections in each state are one; meetings in every state."""
    grant = Grant.objects.create(
        provider="zoom",
        client_id="client",
        external_user_id="u_1",
        account="a",
        email="zoom@nordlicht.example",
        display_name="Nordlicht",
        data_key="x",
        access_token="x",
        refresh_token="x",
        expires_at=clock.now(),
        authorized_at=clock.now(),
    )
    Connection.objects.create(workspace=place.workspace, provider="zoom", grant=grant)
    for state, reason in ((Sync.IN_STEP, Reason.NONE), (Sync.WAITING, Reason.THROTTLED), (Sync.UNNEEDED, Reason.NONE)):
        Meeting.objects.create(
            appointment=house.appointment(place.owner, attendees=("a@b.example",)),
            provider="zoom",
            state=state,
            reason=reason,
            observed_generation=1,
            synced_at=clock.now(),
            next_look_at=clock.now(),
        )


def test_a_closed_schema_finds_what_is_told_too_much(nordlicht: Place, document: Any) -> None:
    body = body_of(nordlicht.caller.post("/leads", {"name": "Jana", "email": "jana@berg.example"}))
    schema = {"$ref": "#/components/schemas/Lead"}
    check_against(document, schema, body)
    for wrong in ({**body, "workspace_id": 1}, {**body, "name": None}, {k: v for k, v in body.items() if k != "id"}):
        with pytest.raises(jsonschema.ValidationError):
            check_against(document, schema, wrong)


def test_the_page_for_people_lists_every_operation_and_loads_nothing_from_elsewhere(db: None) -> None:
    response = Caller(None).get("/docs")
    page = response.content.decode()
    assert response.status_code == 200
    for route in routes():
        assert f"<code>{route.method} {ROOT}{route.path}</code>" in page
    assert "duration_minutes" in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []


CALLED = tuple(f"treff.{name}." for name in ("workspaces", "people", "booking_types", "appointments", "web.api"))


def test_every_code_that_the_api_can_answer_is_on_the_page() -> None:
    """Those of the packages whose verbs it calls, and its own."""

    def codes(kind: type[TreffError]) -> Iterator[str]:
        for below in kind.__subclasses__():
            if below.__module__.startswith(CALLED) and below is not Refusal:
                yield below.code
            yield from codes(below)

    assert {"slot_taken", "body_too_large", "not_found"} <= set(codes(TreffError)) <= set(reference.CODES)
