"""The simulator's requests and answers against Zoom's own OpenAPI description, where that is at hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from simulators.zoom import validation
from simulators.zoom.config import APP_SCOPES
from tests.simulators.zoom.driver import JONAS, NORA, Driver, Tokens

FACTS = Path(__file__).parents[4] / "shared" / "zoom"
pytestmark = pytest.mark.skipif(
    not (FACTS / "openapi.json").exists(), reason="Zoom's OpenAPI description is not beside this checkout"
)

# Declared, but only for what no app with our scopes makes: occurrences, registration, rooms, integrations.
CREATE_ONLY_SOMETIMES = {"occurrences", "recurrence", "registration_url", "pmi", "template_id"}
USER_ONLY_SOMETIMES = {
    "custom_attributes",
    "division_ids",
    "employee_unique_id",
    "last_client_version",
    "license_info_list",
    "manager",
    "phone_numbers",
    "pic_url",
    "plan_united_type",
    "pronouns",
    "pronouns_option",
    "vanity_url",
    "zoom_one_type",
}


def load(name: str) -> Any:
    return json.loads((FACTS / name).read_text())


def operation(method: str, path: str) -> Any:
    return load("openapi.json")["paths"][path][method]


def closed(schema: Any) -> Any:
    """The schema with its parts merged and no room for undeclared fields."""
    if not isinstance(schema, dict):
        return schema
    schema = dict(schema)
    for part in schema.pop("allOf", []):
        merged = closed(part)
        schema["properties"] = {**schema.get("properties", {}), **merged.get("properties", {})}
        schema["required"] = [*schema.get("required", []), *merged.get("required", [])]
        schema["type"] = "object"
    if not schema.get("required"):
        schema.pop("required", None)
    if "properties" in schema:
        schema["properties"] = {name: closed(part) for name, part in schema["properties"].items()}
        schema["additionalProperties"] = False
    if "items" in schema:
        schema["items"] = closed(schema["items"])
    return schema


def complaints(schema: Any, content: Any) -> list[str]:
    validator = Draft4Validator(closed(schema), format_checker=FormatChecker())
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(content)]


def answer_schema(method: str, path: str, status: str) -> Any:
    return operation(method, path)["responses"][status]["content"]["application/json"]["schema"]


def test_the_check_sees_what_is_undeclared_or_of_the_wrong_type() -> None:
    schema = answer_schema("post", "/users/{userId}/meetings", "201")
    assert complaints(schema, {"id": 92674392836, "settings": {"waiting_room": True}}) == []
    assert len(complaints(schema, {"id": "1", "settings": {"waiting_room": "x"}, "passcode": "y"})) == 3


def test_a_created_meeting_is_as_declared_and_complete(zoom: Driver, nora: Tokens) -> None:
    schema = answer_schema("post", "/users/{userId}/meetings", "201")
    for body in ({}, {"settings": {"waiting_room": True, "approval_type": 0}}, {"settings": {"use_pmi": True}}):
        answer = zoom.create(nora, **body)
        assert answer.status_code == 201
        assert complaints(schema, answer.json()) == []
    assert set(schema["properties"]) - set(zoom.create(nora).json()) == CREATE_ONLY_SOMETIMES


def test_plain_settings_of_the_declared_answer_are_all_there(zoom: Driver, nora: Tokens) -> None:
    declared = answer_schema("post", "/users/{userId}/meetings", "201")["properties"]["settings"]["properties"]
    with_default = {name for name, schema in declared.items() if "default" in schema}
    settings = zoom.create(nora, settings={}).json()["settings"]
    assert with_default <= set(settings)
    assert {n: settings[n] for n in with_default} == {n: declared[n]["default"] for n in with_default}


def test_the_user_is_as_declared_and_complete(zoom: Driver) -> None:
    schema = answer_schema("get", "/users/{userId}", "200")
    for user_id in (NORA, JONAS):
        assert complaints(schema, zoom.me(zoom.connect(user_id)).json()) == []
    assert set(closed(schema)["properties"]) - set(zoom.me(zoom.connect()).json()) == USER_ONLY_SOMETIMES


def test_the_declared_example_requests_are_understood(zoom: Driver, nora: Tokens) -> None:
    examples = load("examples.json")
    create = {**examples["create_request"], "schedule_for": NORA}
    made = zoom.create(nora, **create)
    assert made.status_code == 201, made.text
    assert complaints(answer_schema("post", "/users/{userId}/meetings", "201"), made.json()) == []
    patch = {**examples["patch_request"], "schedule_for": NORA}
    assert zoom.update(nora, made.json()["id"], **patch).status_code == 204


def test_limits_and_enumerations_are_those_declared() -> None:
    declared = operation("post", "/users/{userId}/meetings")["requestBody"]["content"]["application/json"]["schema"]
    fields, settings = declared["properties"], declared["properties"]["settings"]["properties"]
    assert {n: fields[n].get("maxLength") for n in validation.TEXT_LIMITS} == validation.TEXT_LIMITS
    assert (fields["duration"]["minimum"], fields["duration"]["maximum"]) == (1, 1440)
    choices = {n: tuple(s["enum"]) for n, s in settings.items() if "enum" in s and n in validation.SETTING_CHOICES}
    assert choices == validation.SETTING_CHOICES
    flags = {n for n, s in settings.items() if s.get("type") == "boolean" and not s.get("deprecated")}
    unchecked = {"alternative_host_manage_meeting_summary", "alternative_host_manage_cloud_recording"}
    assert flags - unchecked == validation.SETTING_FLAGS


def test_every_declared_field_is_checked_for_its_type(zoom: Driver, nora: Tokens) -> None:
    declared = operation("post", "/users/{userId}/meetings")["requestBody"]["content"]["application/json"]["schema"]
    wrong = {"string": 7, "integer": "7", "boolean": "x", "array": {}, "object": []}
    for name, schema in declared["properties"].items():
        refused = zoom.create(nora, **{name: wrong[schema["type"]]})
        expected = 201 if name == "recurrence" else 400  # only looked at where the meeting recurs
        assert refused.status_code == expected, name


def test_refusals_use_only_declared_statuses_and_codes(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()["id"]
    zoom.control("users", id=JONAS, type=4)
    jonas = zoom.connect(JONAS)
    room = zoom.me(nora).json()["pmi"]
    one = {"occurrence_id": "1"}
    refusals = {
        ("post", "/users/{userId}/meetings"): [zoom.create(jonas), zoom.create(nora, schedule_for="x@y.example")],
        ("patch", "/meetings/{meetingId}"): [zoom.update(jonas, made), zoom.update(nora, 1)],
        ("delete", "/meetings/{meetingId}"): [
            zoom.delete(nora, 1),
            zoom.delete(nora, room),
            zoom.http.delete(f"/v2/meetings/{made}", params=one, headers=nora.headers),
        ],
        ("get", "/users/{userId}"): [zoom.http.get("/v2/users/other", headers=nora.headers)],
    }
    for (method, path), answers in refusals.items():
        declared = load("endpoints.json")["endpoints"][f"{method.upper()} {path}"]["responses"]
        for answer in answers:
            assert f"`{answer.json()['code']}`" in declared[str(answer.status_code)]["description"], answer.text


def test_bodyless_answers_are_declared_so(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()["id"]
    for method, answer in (("patch", zoom.update(nora, made, duration=20)), ("delete", zoom.delete(nora, made))):
        assert "content" not in operation(method, "/meetings/{meetingId}")["responses"][str(answer.status_code)]
        assert answer.content == b""


def test_each_operations_scope_is_among_those_declared() -> None:
    endpoints = load("endpoints.json")["endpoints"]
    paths = ("GET /users/{userId}", "POST /users/{userId}/meetings", "PATCH /meetings/{meetingId}")
    for scope, path in zip(APP_SCOPES, (*paths, "DELETE /meetings/{meetingId}"), strict=True):
        assert scope in endpoints[path]["x-extensions"]["x-granular-scopes"]


def test_the_deauthorization_has_the_declared_fields(zoom: Driver, nora: Tokens) -> None:
    zoom.control("deauthorize", user_id=NORA)
    event = load("marketplace-webhooks.json")["webhooks"]["app_deauthorized"]["post"]["requestBody"]
    declared = event["content"]["application/json"]["schema"]["properties"]["payload"]["properties"]
    (delivery,) = zoom.truth()["webhooks"]
    # The specification puts event_ts into the payload, real deliveries beside it.
    assert set(declared) - {"event_ts"} <= set(delivery["body"]["payload"])
    assert isinstance(delivery["body"]["event_ts"], int)
