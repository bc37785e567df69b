"""What is unclear, unknown, too large or not JSON is refused as a problem; nothing is guessed."""

import json
import re
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.utils import translation

from tests import house
from tests.web.api.caller import Caller, body_of, fields_of
from tests.web.api.conftest import Place
from tests.web.api.routes import fill_in, objects_of, routes
from treff.people.models import Lead
from treff.web.api import reference
from treff.web.api.problems import TITLES

JANA = {"name": "Jana Berg", "email": "jana@berg.example"}


def test_a_problem_has_the_parts_of_rfc_9457(nordlicht: Place) -> None:
    response = nordlicht.caller.post("/leads", {**JANA, "email": "nobody"})
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body_of(response) == {
        "type": "http://127.0.0.1:8000/api/v1/docs#invalid",
        "title": "Not valid",
        "status": 422,
        "detail": "This is not one e-mail address such as anna@example.com.",
        "code": "invalid",
        "errors": [{"field": "email", "message": "This is not one e-mail address such as anna@example.com."}],
    }


@pytest.mark.parametrize("path", ["/nothing", "/leads/", "/leads/x/y", "/", "/openapi.jso", "/appointments//cancel"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_address_that_is_none_is_a_problem(nordlicht: Place, method: str, path: str) -> None:
    response = nordlicht.caller.call(method, path)
    assert (response.status_code, body_of(response)["code"]) == (404, "not_found")


def test_a_method_that_an_address_does_not_take_is_a_problem(nordlicht: Place) -> None:
    objects = objects_of(nordlicht)
    taken: dict[str, set[str]] = {}
    for route in routes():
        taken.setdefault(route.path, set()).add(route.method)
    for path, methods in taken.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"} - methods:
            response = nordlicht.caller.call(method, fill_in(path, objects))
            assert response.status_code == 405, (method, path)
            assert response.headers["Allow"] == ", ".join(sorted(methods))
            if method != "HEAD":
                assert body_of(response)["code"] == "method_not_allowed"


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override"])
def test_a_method_is_not_overridden(nordlicht: Place, header: str) -> None:
    lead = house.lead(nordlicht.owner)
    response = nordlicht.caller.get(f"/leads/{lead.public_id}", headers={header: "DELETE"})
    assert response.status_code == 200
    assert nordlicht.caller.get(f"/leads/{lead.public_id}").status_code == 200


@pytest.mark.parametrize("text", ["{", "", "{'name': 1}", '{"name": "x",}', "name=Jana", "[1,]", "\ufeff{}"])
def test_what_is_not_json_is_told_with_its_place(nordlicht: Place, text: str) -> None:
    response = nordlicht.caller.post("/leads", text, raw=True)
    if text:
        assert (response.status_code, body_of(response)["code"]) == (400, "malformed_json")
        assert "line 1" in body_of(response)["detail"]
    else:
        assert (response.status_code, fields_of(response)) == (422, ["body"])


def test_bytes_that_are_not_utf_8_are_not_read(nordlicht: Place) -> None:
    response = nordlicht.caller.post("/leads", b'{"name": "\xff"}', raw=True)
    assert (response.status_code, body_of(response)["code"]) == (400, "unreadable")


@pytest.mark.attack("A-087")
@pytest.mark.parametrize("text", ["[]", '"text"', "7", "null", "true", '[{"name": "Jana"}]'])
def test_a_body_is_an_object(nordlicht: Place, text: str) -> None:
    response = nordlicht.caller.post("/leads", text, raw=True)
    assert (response.status_code, fields_of(response)) == (422, ["body"])


@pytest.mark.attack("A-087")
@pytest.mark.parametrize("field", ["name", "email", "phone", "time_zone", "locale"])
@pytest.mark.parametrize("value", [["Jana"], {"first": "Jana"}, 7, True, [[]]])
def test_a_list_or_an_object_is_no_text(nordlicht: Place, field: str, value: object) -> None:
    response = nordlicht.caller.post("/leads", {**JANA, field: value})
    assert (response.status_code, fields_of(response)) == (422, [field])


@pytest.mark.attack("A-087")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=1&limit=2", "limit"),
        ("q=a&q=a", "q"),
        ("limit[]=1", "limit[]"),
        ("a[]=1", "a[]"),
        ("page=2", "page"),
        ("workspace_id=1", "workspace_id"),
        ("q=%00", "q"),
        ("Limit=1", "Limit"),
    ],
)
def test_a_query_says_each_thing_once_and_nothing_unknown(nordlicht: Place, query: str, field: str) -> None:
    response = nordlicht.caller.get(f"/leads?{query}")
    assert (response.status_code, fields_of(response)) == (422, [field])


@pytest.mark.attack("A-087")
def test_values_come_in_the_body_or_in_the_query_and_are_not_mixed(nordlicht: Place) -> None:
    response = nordlicht.caller.post("/leads?name=Otto", JANA)
    assert (response.status_code, fields_of(response)) == (422, ["name"])
    for method, path in (("GET", "/leads"), ("DELETE", f"/leads/{house.lead(nordlicht.owner).public_id}")):
        response = nordlicht.caller.call(method, path, {"limit": 1})
        assert (response.status_code, fields_of(response)) == (422, ["body"])
    assert Lead.objects.count() == 1


def test_thousands_of_parameters_are_not_read(nordlicht: Place) -> None:
    query = "&".join(f"a{number}=1" for number in range(2000))
    response = nordlicht.caller.get(f"/leads?{query}")
    assert (response.status_code, body_of(response)["code"]) == (400, "unreadable")


@pytest.mark.attack("A-053")
@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"name": "Jana", "name": "Otto", "email": "a@b.example"}', "name"),
        ('{"name": "Jana", "email": "a@b.example", "company": NaN}', "body"),
        ('{"name": "Jana", "email": "a@b.example", "company": -Infinity}', "body"),
        ('{"name": "Jana", "email": "a@b.example", "company": 1e999}', "body"),
        ('{"name": "Jana", "email": "a@b.example", "company": ' + "9" * 5000 + "}", "body"),
        ('{"name": "Jana", "email": "a@b.example", "company": 90071992547409930}', "body"),
        ('{"company": ' + "[" * 21 + "]" * 21 + "}", "body"),
        ("[" * 10_000 + "]" * 10_000, "body"),
        ('{"a":' * 100_000, "body"),
        ('{"name": "\\u0000"}', "name"),
        ('{"name": "\\ud800"}', "name"),
        ('{"\\ud800": 1}', "body"),
        ('{"lead": {"name": "\\udfff"}}', "lead.name"),
    ],
    ids=lambda value: value[:40],
)
def test_what_json_leaves_open_is_refused(nordlicht: Place, text: str, field: str) -> None:
    response = nordlicht.caller.post("/leads", text, raw=True)
    assert response.status_code == 422, response.content
    assert fields_of(response) == [field]


@pytest.mark.attack("A-053")
def test_a_thousand_unknown_fields_are_a_thousand_mistakes(nordlicht: Place) -> None:
    response = nordlicht.caller.post("/leads", {**JANA, **{f"field_{number}": 1 for number in range(1000)}})
    assert (response.status_code, len(fields_of(response))) == (422, 1000)


@pytest.mark.attack("A-053")
def test_a_body_has_one_megabyte_at_most(nordlicht: Place) -> None:
    fits = json.dumps({**JANA, "name": "x" * (1024 * 1024 - 100)})
    assert fields_of(nordlicht.caller.post("/leads", fits, raw=True)) == ["name"]
    for size in (1024 * 1024, 10 * 1024 * 1024):
        response = nordlicht.caller.post("/leads", {**JANA, "name": "x" * size})
        assert (response.status_code, body_of(response)["code"]) == (413, "body_too_large")


@pytest.mark.attack("A-053")
def test_a_length_that_is_none_is_not_believed(nordlicht: Place) -> None:
    for length in ("-1", "1e3", "many", "99999999999999"):
        response = nordlicht.caller.post("/leads", JANA, CONTENT_LENGTH=length)
        assert response.status_code in (400, 413)
    assert not Lead.objects.exists()


@pytest.mark.attack("A-031")
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonx",
        "application/json; charset=latin-1",
        "application/xml",
    ],
)
def test_a_body_is_declared_as_json(nordlicht: Place, content_type: str) -> None:
    response = nordlicht.caller.post("/leads", JANA, content_type=content_type)
    assert (response.status_code, body_of(response)["code"]) == (415, "unsupported_media_type")
    assert not Lead.objects.exists()


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", "Application/JSON"])
def test_json_is_json_however_it_is_spelt(nordlicht: Place, content_type: str) -> None:
    assert nordlicht.caller.post("/leads", JANA, content_type=content_type).status_code == 201


def test_sentences_are_in_the_language_of_the_request(nordlicht: Place) -> None:
    """With whatever is translated by now: each sentence is what the catalogue has for it."""
    for locale in ("en", "de"):
        response = nordlicht.caller.get("/leads/lead_unknown", headers={"Accept-Language": f"{locale};q=0.9"})
        assert response.headers["Content-Language"] == locale
        with translation.override(locale):
            assert body_of(response)["title"] == translation.gettext(TITLES[404])


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (OperationalError("the connection to 10.0.0.7 is closed"), 503, "unavailable"),
        (ProgrammingError("relation people_lead does not exist"), 500, "internal_error"),
        (RuntimeError("secret of ours"), 500, "internal_error"),
    ],
)
def test_trouble_of_ours_is_a_problem_without_details(
    nordlicht: Place, trouble: Exception, status: int, code: str
) -> None:
    def broken(execute: Any, sql: str, *rest: Any) -> Any:
        if "people_lead" in sql:
            raise trouble
        return execute(sql, *rest)

    with connection.execute_wrapper(broken):
        response = nordlicht.caller.get("/leads")
    assert (response.status_code, body_of(response)["code"]) == (status, code)
    assert not re.search(r"people|relation|Traceback|10\.0|secret", response.content.decode())


def test_nothing_is_cached_and_nothing_is_executed(nordlicht: Place) -> None:
    for response in (nordlicht.caller.get("/leads"), Caller(None).get("/leads"), Caller(None).get("/docs")):
        assert response.headers["Cache-Control"] == "no-store, private"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_every_code_of_a_problem_is_explained(nordlicht: Place) -> None:
    page = Caller(None).get("/docs").content.decode()
    assert all(f'id="{code}"' in page for code in reference.CODES)
