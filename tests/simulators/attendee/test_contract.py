"""The simulator's requests and answers against Attendee's own OpenAPI description, where that is at hand."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from simulators.attendee import bots, config, states, validation, vendor
from tests.simulators.attendee import description
from tests.simulators.attendee.driver import BEGIN, LINK, Driver

FILE = Path(__file__).parents[4] / "shared" / "providers" / "attendee-openapi.yml"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="Attendee's OpenAPI description is not beside this checkout")

# Declared as texts, but the code gives null where nothing was asked for (its serializer's fields are nullable columns).
NULL_WITHOUT_A_WISH = {"join_at", "deduplication_key", "metadata"}
# The generator of the file took a method without a type for a text; the code gives a number.
WRONGLY_A_TEXT = "timestamp_ms"


@pytest.fixture(scope="module")
def declared() -> Any:
    return description.read(FILE)


def closed(declared: Any, schema: Any) -> Any:
    """The schema with its references resolved, null where it may be null, and no room for undeclared fields."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return closed(declared, declared["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    schema = {name: part for name, part in schema.items() if name not in ("description", "example", "default")}
    for part in schema.pop("allOf", []):
        schema |= closed(declared, part)
    if not schema.get("required"):
        schema.pop("required", None)
    if "properties" in schema:
        schema["properties"] = {name: closed(declared, part) for name, part in schema["properties"].items()}
        schema["additionalProperties"] = False
    if "items" in schema:
        schema["items"] = closed(declared, schema["items"])
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def complaints(declared: Any, name: str, content: Any) -> list[str]:
    schema = closed(declared, {"$ref": f"#/components/schemas/{name}"})
    validator = Draft4Validator(schema, format_checker=FormatChecker())
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(content)]


def request_fields(declared: Any, name: str) -> Any:
    return declared["components"]["schemas"][name]["properties"]


def test_the_file_is_read_whole(declared: Any) -> None:
    assert len(declared["paths"]) == 22
    assert len(declared["components"]["schemas"]) == 33
    assert declared["info"]["title"] == "Attendee API"
    message = request_fields(declared, "BotChatMessageRequestRequest")["to"]["description"]
    assert message.splitlines()[-1] == "* `everyone_but_host` - everyone_but_host"


def test_the_check_sees_what_is_undeclared_or_of_the_wrong_type(declared: Any, attendee: Driver) -> None:
    good = attendee.create(join_at=BEGIN, deduplication_key="k", metadata={"a": "b"}).json()
    assert complaints(declared, "Bot", good) == []
    assert len(complaints(declared, "Bot", {**good, "state": "asleep", "colour": "red", "id": 7})) == 3


def test_a_bot_is_as_declared_in_every_state(declared: Any, attendee: Driver) -> None:
    attendee.control("pace", joining=60, recording=60)
    bot = attendee.scheduled(deduplication_key="k", metadata={"a": "b"})
    seen = []
    for seconds in (0, 3300, 301, 60, 60, 600):
        attendee.after(seconds)
        if seconds == 600:
            attendee.act("end_meeting")
            attendee.after(30)
        shown = attendee.get(bot)
        assert complaints(declared, "Bot", shown) == []
        seen.append(shown["state"])
    assert seen == ["scheduled", "staged", "joining", "joined_not_recording", "joined_recording", "ended"]
    assert complaints(declared, "Bot", attendee.call("POST", f"/{bot}/delete_data").json()) == []


def test_only_wishes_that_were_not_made_are_null_against_the_file(declared: Any, attendee: Driver) -> None:
    shown = attendee.create().json()
    assert {name for name, value in shown.items() if value is None} == NULL_WITHOUT_A_WISH
    assert len(complaints(declared, "Bot", shown)) == len(NULL_WITHOUT_A_WISH)


def test_lists_and_what_was_seen_and_heard_are_as_declared(declared: Any, attendee: Driver) -> None:
    attendee.meeting(participants=[{"name": "Nora Brandt", "is_host": True}, "Kim Park"])
    attendee.say({"speaker": "Kim Park", "text": "Good morning", "after_seconds": 0})
    wishes = {"deduplication_key": "k", "metadata": {"a": "b"}, "join_at": "2031-06-02T07:00:01Z"}
    bot = attendee.create(**wishes).json()["id"]
    attendee.after(20)
    attendee.control("chat", meeting_url=LINK, sender="Kim Park", text="Hello")
    for utterance in attendee.transcript(bot):
        assert complaints(declared, "TranscriptUtterance", utterance) == []
    lists = {
        "": "PaginatedBotList",
        f"/{bot}/participants": "PaginatedParticipantList",
        f"/{bot}/participant_events": "PaginatedParticipantEventList",
    }
    for path, name in lists.items():
        page = attendee.call("GET", path).json()
        assert page["results"]
        assert complaints(declared, name, page) == []
    chat = attendee.call("GET", f"/{bot}/chat_messages").json()
    (complaint,) = complaints(declared, "PaginatedChatMessageList", chat)
    assert complaint.startswith(f"['results', 0, '{WRONGLY_A_TEXT}']")
    attendee.act("end_meeting")
    attendee.after(30)
    assert complaints(declared, "Recording", attendee.call("GET", f"/{bot}/recording").json()) == []


def test_the_states_are_those_declared(declared: Any) -> None:
    assert set(states.EVERY_STATE) == set(declared["components"]["schemas"]["BotStateEnum"]["enum"])
    reached = {new_state for _, new_state in states.TRANSITIONS.values()}
    assert reached <= set(states.EVERY_STATE)


def test_the_fields_of_an_order_and_of_a_change_are_those_declared(declared: Any) -> None:
    assert set(request_fields(declared, "CreateBotRequest")) == validation.CREATE_FIELDS
    assert set(request_fields(declared, "PatchedPatchBotRequest")) == validation.PATCH_FIELDS
    assert set(declared["components"]["schemas"]["CreateBotRequest"]["required"]) == {"meeting_url", "bot_name"}


def test_how_long_a_bot_waits_is_as_declared(declared: Any) -> None:
    settings = request_fields(declared, "CreateBotRequest")["automatic_leave_settings"]["properties"]
    defaults = {name: schema["default"] for name, schema in settings.items() if name != "bot_keywords"}
    assert defaults == bots.AUTOMATIC_LEAVE


def test_the_triggers_that_fire_are_declared(declared: Any) -> None:
    hooks = request_fields(declared, "CreateBotRequest")["webhooks"]["items"]["properties"]["triggers"]
    assert set(config.TRIGGERS) <= set(hooks["items"]["enum"]) <= set(validation.EVERY_TRIGGER)


def test_every_endpoint_is_declared_and_so_is_the_status_of_its_answers(declared: Any, attendee: Driver) -> None:
    bot = attendee.inside()
    for method, path, operation in vendor.ROUTES:
        if operation == "other":
            continue
        responses = declared["paths"][path.replace("{target}", "{object_id}")][method.lower()]["responses"]
        place = path.removeprefix(vendor.BOTS).replace("{target}", bot)
        body = {"meeting_url": LINK, "bot_name": "B"}
        answers = [attendee.call(method, place, json=body)]
        if "{target}" in path:
            answers.append(attendee.call(method, place.replace(bot, "bot_unknown"), json=body))
        # Left out of the file: deleting a bot that is not scheduled, and a recording that is not there yet.
        undeclared = {"delete": "400", "recording": "404"}.get(operation)
        for answer in answers:
            status = str(answer.status_code)
            assert status in responses or status == undeclared, (operation, answer.text)


def test_the_declared_examples_are_understood(declared: Any, attendee: Driver) -> None:
    operation = declared["paths"]["/api/v1/bots"]["post"]["requestBody"]["content"]["application/json"]
    example = operation["examples"]["ValidMeetingURL"]["value"]
    assert attendee.call("POST", json=example).status_code == 201
    bot = attendee.scheduled()
    patches = declared["paths"]["/api/v1/bots/{object_id}"]["patch"]["requestBody"]["content"]["application/json"]
    named = patches["examples"]["UpdateNameAndImage"]["value"]
    assert attendee.call("PATCH", f"/{bot}", json=named).status_code == 200
    # Its example of a time lies in the past of the simulator's clock.
    moved = attendee.call("PATCH", f"/{bot}", json=patches["examples"]["UpdateJoinAt"]["value"])
    assert moved.json() == {"join_at": ["join_at cannot be in the past"]}
