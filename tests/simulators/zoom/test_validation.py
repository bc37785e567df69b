from typing import Any

import pytest

from tests.simulators.zoom.driver import Driver, Tokens


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topic", "x" * 201),
        ("topic", 7),
        ("agenda", "x" * 2001),
        ("duration", 0),
        ("duration", 1441),
        ("duration", "45"),
        ("duration", True),
        ("duration", 30.5),
        ("type", 4),
        ("start_time", "NaN"),
        ("start_time", 1700000000),
        ("timezone", "Berlin"),
        ("timezone", "../etc/passwd"),
        ("password", "longer-than-10"),
        ("default_password", "yes"),
        ("tracking_fields", {}),
        ("settings", []),
    ],
)
def test_a_bad_field_is_named_in_the_errors(zoom: Driver, nora: Tokens, field: str, value: Any) -> None:
    refused = zoom.create(nora, **{field: value})
    assert refused.status_code == 400
    content = refused.json()
    assert (content["code"], content["message"]) == (300, "Validation Failed.")
    assert [error["field"] for error in content["errors"]] == [field]
    assert zoom.alive() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("waiting_room", "true"), ("auto_recording", "yes"), ("jbh_time", 7), ("approval_type", True), ("use_pmi", 0)],
)
def test_a_bad_setting_is_named_with_its_path(zoom: Driver, nora: Tokens, name: str, value: Any) -> None:
    refused = zoom.create(nora, settings={name: value})
    assert refused.json()["errors"] == [{"field": f"settings.{name}", "message": "Invalid field."}]


def test_every_bad_field_is_named_at_once(zoom: Driver, nora: Tokens) -> None:
    refused = zoom.create(nora, duration=0, topic="x" * 201, settings={"audio": "loud"})
    assert {error["field"] for error in refused.json()["errors"]} == {"duration", "topic", "settings.audio"}


def test_the_limits_themselves_are_allowed(zoom: Driver, nora: Tokens) -> None:
    for fields in (
        {"topic": "x" * 200, "agenda": "y" * 2000, "duration": 1440},
        {"duration": 1},
        {"password": "a" * 10},
    ):
        assert zoom.create(nora, **fields).status_code == 201


def test_an_update_is_checked_alike_and_allows_fewer_passcode_characters(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora, password="with!#")
    assert made.status_code == 201
    refused = zoom.update(nora, made.json()["id"], password="with!#", duration=0)
    assert {error["field"] for error in refused.json()["errors"]} == {"password", "duration"}
    assert zoom.alive()[0]["updated"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(zoom: Driver, nora: Tokens, body: bytes) -> None:
    refused = zoom.http.post("/v2/users/me/meetings", headers=nora.headers, content=body)
    assert refused.status_code == 400
    assert refused.json() == {"code": 300, "message": "Request Body should be a valid JSON object."}


def test_unknown_fields_and_settings_are_ignored(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora, no_such_field=1, settings={"no_such_setting": 1})
    assert made.status_code == 201
    assert "no_such_setting" not in made.json()["settings"]
