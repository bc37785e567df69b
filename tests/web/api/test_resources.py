"""Leads, booking types, members and connections by the API."""

from datetime import datetime
from typing import Any

import pytest

from tests import house
from tests.web.api.caller import Caller, body_of, fields_of
from tests.web.api.conftest import Place
from treff.appointments.merging import merge
from treff.booking_types.models import BookingType
from treff.conferencing.models import Connection, Grant
from treff.kernel import clock
from treff.people import merging
from treff.people.models import Lead

JANA = {"name": "Jana Berg", "email": "jana@berg.example"}
TALK = {"slug": "first-talk", "title": "First talk", "duration_minutes": 30}


def created(caller: Caller, path: str, wanted: dict[str, object]) -> Any:
    response = caller.post(path, wanted)
    assert response.status_code == 201, response.content
    return body_of(response)


def test_a_lead_gets_the_workspaces_language_and_zone_unless_it_has_its_own(nordlicht: Place) -> None:
    body = created(nordlicht.caller, "/leads", {**JANA, "phone": "+49 40 1234", "company": None})
    row = Lead.objects.get(public_id=body["id"])
    assert body == {
        "id": row.public_id,
        **JANA,
        "phone": "+49 40 1234",
        "company": None,
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "status": "new",
        "owner": None,
        "source": "api",
        "created_at": row.created_at.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
    }
    own = created(nordlicht.caller, "/leads", {**JANA, "time_zone": "America/New_York", "locale": "de"})
    assert (own["time_zone"], own["locale"]) == ("America/New_York", "de")
    assert body_of(nordlicht.caller.get(f"/leads/{own['id']}")) == own


def test_a_lead_is_changed_field_by_field(nordlicht: Place) -> None:
    body = created(nordlicht.caller, "/leads", {**JANA, "phone": "+49 40 1234", "company": "Berg GmbH"})
    path = f"/leads/{body['id']}"
    changed = nordlicht.caller.patch(path, {"name": "Jana Tal", "phone": None})
    assert changed.status_code == 200
    assert body_of(changed) == {**body, "name": "Jana Tal", "phone": None}
    assert body_of(nordlicht.caller.patch(path, {})) == body_of(changed)
    assert body_of(nordlicht.caller.get(path)) == body_of(changed)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": 7}, "name"),
        ({"name": "A\nB"}, "name"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.example, c@d.example"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"locale": "fr"}, "locale"),
        ({"time_zone": "GMT+25"}, "time_zone"),
        ({"time_zone": "../../etc/localtime"}, "time_zone"),
        ({"company": "\u202egnp"}, "company"),
        ({"status": "sold"}, "status"),
        ({"owner_id": "mem_0000"}, "owner_id"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named(nordlicht: Place, values: dict[str, object], field: str) -> None:
    known = created(nordlicht.caller, "/leads", JANA)
    response = nordlicht.caller.patch(f"/leads/{known['id']}", values)
    assert (response.status_code, fields_of(response)) == (422, [field])
    response = nordlicht.caller.post("/leads", {**JANA, **values})
    assert (response.status_code, fields_of(response)) == (422, [field])
    assert Lead.objects.count() == 1


def test_what_the_schema_lets_through_is_what_the_rules_take(nordlicht: Place) -> None:
    created(nordlicht.caller, "/leads", {**JANA, "name": "x" * 100, "company": "y" * 100, "phone": "1" * 40})
    created(nordlicht.caller, "/booking-types", {**TALK, "slug": "a" * 60, "title": "z" * 100})
    start = house.later(10).isoformat()
    title = {"lead": JANA, "start": start, "title": "t" * 200}
    assert created(nordlicht.caller, "/appointments", title)["title"] == "t" * 200


def test_several_mistakes_are_told_at_once(nordlicht: Place) -> None:
    response = nordlicht.caller.post("/leads", {"email": 5, "locale": "fr"})
    assert response.status_code == 422
    assert sorted(fields_of(response)) == ["email", "locale", "name"]
    assert all(mistake["message"] for mistake in body_of(response)["errors"])


def test_leads_are_found_by_words(nordlicht: Place) -> None:
    jana = created(nordlicht.caller, "/leads", {**JANA, "company": "Berg & Tal 100%"})
    otto = created(nordlicht.caller, "/leads", {"name": "Otto Tal", "email": "otto@tal.example"})

    def found(words: str) -> list[str]:
        response = nordlicht.caller.get("/leads", query_params={"q": words})
        return [item["id"] for item in body_of(response)["items"]]

    assert found("TAL") == [otto["id"], jana["id"]]
    assert found("berg tal") == [jana["id"]]
    assert found("100%") == [jana["id"]]
    assert found("%") == [jana["id"]]
    assert found("nobody") == []


def test_a_leads_status_and_owner_are_set_and_listed(nordlicht: Place) -> None:
    owner = nordlicht.owner
    body = created(nordlicht.caller, "/leads", {**JANA, "status": "contacted", "owner_id": owner.public_id})
    person = {"id": owner.public_id, "name": str(owner), "email": owner.user.email}
    assert (body["status"], body["owner"]) == ("contacted", person)
    created(nordlicht.caller, "/leads", {"name": "Otto Tal", "email": "otto@tal.example"})

    def found(**filters: str) -> list[str]:
        return [item["name"] for item in body_of(nordlicht.caller.get("/leads", query_params=filters))["items"]]

    assert found(status="contacted") == found(owner_id=owner.public_id) == [body["name"]]
    assert found(owner_id="none") == found(status="new") == ["Otto Tal"]
    assert found(source="client") == found(owner_id="mem_0000") == []
    assert nordlicht.caller.get("/leads", query_params={"status": "sold"}).status_code == 422
    path = f"/leads/{body['id']}"
    changed = body_of(nordlicht.caller.patch(path, {"status": "won", "owner_id": None}))
    assert (changed["status"], changed["owner"]) == ("won", None)
    assert nordlicht.caller.patch(path, {"status": None}).status_code == 422


@pytest.mark.attack("A-075")
@pytest.mark.parametrize("evil", ["' OR 1=1 --", "'; DROP TABLE people_lead; --", "%", "_", "\\", "1) UNION SELECT 1"])
def test_what_sql_would_understand_is_text_in_filters(nordlicht: Place, evil: str) -> None:
    created(nordlicht.caller, "/leads", JANA)
    for name in ("q", "owner_id"):
        response = nordlicht.caller.get("/leads", query_params={name: evil})
        assert body_of(response)["items"] == []
    for name in ("status", "source", "cursor"):
        assert nordlicht.caller.get("/leads", query_params={name: evil}).status_code == 422
    assert Lead.objects.count() == 1


def test_a_lead_who_was_merged_is_a_404_that_says_where_to(nordlicht: Place) -> None:
    kept, other = house.lead(nordlicht.owner), house.lead(nordlicht.owner)
    shown = merging.fingerprint_of(kept, other)
    merge(house.scope(nordlicht.owner), kept.public_id, other.public_id, [], shown)
    path = f"/leads/{other.public_id}"
    booking = {"lead_id": other.public_id, "start": house.later().isoformat()}
    for response in (
        nordlicht.caller.get(path),
        nordlicht.caller.patch(path, {"name": "X"}),
        nordlicht.caller.delete(path),
        nordlicht.caller.post("/appointments", booking),
    ):
        body = body_of(response)
        assert (response.status_code, body["code"], body["merged_into"]) == (404, "merged", kept.public_id)
    elsewhere = Caller(house.workspace("elsewhere"))
    assert body_of(elsewhere.get(path)) == body_of(elsewhere.get("/leads/lead_0000"))


def test_a_lead_with_an_appointment_ahead_is_not_deleted(nordlicht: Place) -> None:
    lead = house.lead(nordlicht.owner)
    appointment = house.appointment(nordlicht.owner, lead=lead)
    response = nordlicht.caller.delete(f"/leads/{lead.public_id}")
    assert (response.status_code, body_of(response)["code"]) == (409, "lead_has_appointments")
    nordlicht.caller.delete(f"/appointments/{appointment.public_id}")
    assert nordlicht.caller.delete(f"/leads/{lead.public_id}").status_code == 204
    assert nordlicht.caller.get(f"/leads/{lead.public_id}").status_code == 404


def test_a_booking_type_is_created_changed_and_removed(nordlicht: Place) -> None:
    body = created(nordlicht.caller, "/booking-types", TALK)
    assert {name: body[name] for name in (*TALK, "provider")} == {**TALK, "provider": "zoom"}
    path = "/booking-types/first-talk"
    changed = nordlicht.caller.patch(path, {"duration_minutes": 60, "slug": "long-talk", "provider": "none"})
    assert (changed.status_code, changed.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    expected = {**body, "slug": "long-talk", "duration_minutes": 60, "provider": "none"}
    expected["booking_url"] = "http://127.0.0.1:8000/book/nordlicht/long-talk/"
    assert body_of(changed) == expected
    assert nordlicht.caller.get(path).status_code == 404
    assert body_of(nordlicht.caller.get("/booking-types")) == {"items": [expected], "next_cursor": None}
    assert nordlicht.caller.delete("/booking-types/long-talk").status_code == 204
    assert body_of(nordlicht.caller.get("/booking-types"))["items"] == []
    created(nordlicht.caller, "/booking-types", {**TALK, "slug": "long-talk"})


def test_a_slug_is_there_once(nordlicht: Place, elsewhere: Place) -> None:
    created(nordlicht.caller, "/booking-types", TALK)
    created(elsewhere.caller, "/booking-types", TALK)
    response = nordlicht.caller.post("/booking-types", TALK)
    assert (response.status_code, body_of(response)["code"]) == (409, "conflict")
    created(nordlicht.caller, "/booking-types", {**TALK, "slug": "other"})
    assert nordlicht.caller.patch("/booking-types/other", {"slug": "first-talk"}).status_code == 409
    assert BookingType.objects.filter(workspace=nordlicht.workspace).count() == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"slug": "First Talk"}, "slug"),
        ({"slug": "api"}, "slug"),
        ({"title": ""}, "title"),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"provider": "skype"}, "provider"),
    ],
)
def test_what_a_booking_type_cannot_be_is_refused(nordlicht: Place, values: dict[str, object], field: str) -> None:
    response = nordlicht.caller.post("/booking-types", {**TALK, **values})
    assert (response.status_code, fields_of(response)) == (422, [field])
    created(nordlicht.caller, "/booking-types", TALK)
    response = nordlicht.caller.patch("/booking-types/first-talk", values)
    assert (response.status_code, fields_of(response)) == (422, [field])


def test_members_are_listed_by_name(nordlicht: Place, elsewhere: Place) -> None:
    ada = house.admin(nordlicht.workspace)
    assert body_of(nordlicht.caller.get("/members")) == [
        {
            "id": member.public_id,
            "name": member.user.name,
            "email": member.user.email,
            "role": member.role,
            "time_zone": "Europe/Berlin",
        }
        for member in (ada, nordlicht.owner)
    ]


def test_connections_tell_the_account_and_never_its_tokens(nordlicht: Place, elsewhere: Place) -> None:
    assert body_of(nordlicht.caller.get("/connections")) == []
    grant = Grant.objects.create(
        provider="zoom",
        client_id="client",
        external_user_id="u_1",
        account="digest",
        email="zoom@nordlicht.example",
        display_name="Nordlicht",
        data_key="sealed-data-key",
        access_token="sealed-access",
        refresh_token="sealed-refresh",
        expires_at=clock.now(),
        authorized_at=clock.now(),
    )
    connected_at = datetime.fromisoformat("2026-11-01T10:00:00+01:00")
    Connection.objects.create(workspace=nordlicht.workspace, provider="zoom", grant=grant, connected_at=connected_at)
    response = nordlicht.caller.get("/connections")
    assert body_of(response) == [
        {
            "provider": "zoom",
            "state": "connected",
            "email": "zoom@nordlicht.example",
            "display_name": "Nordlicht",
            "external_user_id": "u_1",
            "member_id": None,
            "connected_at": "2026-11-01T09:00:00+00:00",
        }
    ]
    assert body_of(elsewhere.caller.get("/connections")) == []
