"""Nobody without a key, nothing of another workspace, nothing beyond the role: for every route there is."""

from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse

from tests import house
from tests.web.api.caller import Caller, body_of, fields_of
from tests.web.api.conftest import Place
from tests.web.api.routes import BODIES, UNKNOWN, Route, fill_in, objects_of, routes, served_paths
from treff.audit.models import AuditEntry
from treff.conferencing.models import Connection, Grant, Meeting
from treff.kernel import clock
from treff.web.api.api import api
from treff.workspaces.models import ApiKey
from treff.workspaces.states import GRANTED, Permission, Role

EVERY_ROUTE = pytest.mark.parametrize("route", routes(), ids=lambda route: route.name)
WITH_OBJECT = pytest.mark.parametrize(
    "route", [route for route in routes() if "{" in route.path], ids=lambda route: route.name
)
# Written by the check of the key and by the refusal themselves.
NOT_COUNTED = {"audit_auditentry", "cache", "procrastinate_workers"}


def call(caller: Caller, route: Route, objects: dict[str, str]) -> HttpResponse:
    return caller.call(route.method, fill_in(route.path, objects), BODIES.get(route.name))


def rows() -> dict[str, Any]:
    """Every row of every table as text, but for when a key was last used."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table in NOT_COUNTED:
                continue
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT to_jsonb(t) - 'last_used_at' FROM {name} t ORDER BY 1")  # noqa: S608  our tables
            found[table] = cursor.fetchall()
    return found


def test_the_table_of_routes_is_what_is_served() -> None:
    assert {route.path for route in routes()} == served_paths()
    assert {f"{r.method} {r.path}" for r in routes() if r.method in ("POST", "PATCH")} == set(BODIES)


@EVERY_ROUTE
def test_every_route_has_a_policy_and_asks_for_a_key(route: Route) -> None:
    assert Permission(route.permission)
    (router,) = (r for r in api._get_bound_routers() if r.prefix == "/" + route.path.split("/")[1])
    for view in router.path_operations.values():
        assert all(
            [type(check).__name__ for check in operation.auth_callbacks] == ["ApiKey"] for operation in view.operations
        )


@pytest.mark.attack("A-032")
@EVERY_ROUTE
def test_without_a_key_nothing_is_told_or_done(nordlicht: Place, route: Route) -> None:
    objects = objects_of(nordlicht)
    before = rows()
    response = call(Caller(None), route, objects)
    assert (response.status_code, body_of(response)["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    unknown = call(Caller(None), route, dict(UNKNOWN))
    assert (unknown.content, unknown.status_code) == (response.content, 401)
    assert rows() == before


@pytest.mark.attack("A-032")
@pytest.mark.promise("P33")
@WITH_OBJECT
def test_another_workspaces_object_is_the_same_404_as_none(nordlicht: Place, elsewhere: Place, route: Route) -> None:
    theirs = objects_of(elsewhere)
    before = rows()
    foreign, unknown = (call(nordlicht.caller, route, objects) for objects in (theirs, dict(UNKNOWN)))
    assert foreign.status_code == unknown.status_code == 404
    assert body_of(foreign)["code"] == "not_found"
    assert foreign.content == unknown.content
    assert dict(foreign.headers) == dict(unknown.headers)
    assert rows() == before
    own = call(nordlicht.caller, route, objects_of(nordlicht))
    assert own.status_code in (200, 204), own.content


@pytest.mark.parametrize("made_up", ["%00", "..%2f", "x" * 61, "%F0%9F%98%80", "-1", "*", "lead_1%27%20or%201=1"])
@WITH_OBJECT
def test_what_can_be_no_id_is_nothing(nordlicht: Place, route: Route, made_up: str) -> None:
    response = call(nordlicht.caller, route, dict.fromkeys(UNKNOWN, made_up))
    assert (response.status_code, body_of(response)["code"]) == (404, "not_found")


@EVERY_ROUTE
def test_a_list_tells_nothing_of_another_workspace(nordlicht: Place, elsewhere: Place, route: Route) -> None:
    if "{" in route.path or route.method != "GET":
        return
    theirs = objects_of(elsewhere)
    names = [*theirs.values(), elsewhere.owner.public_id, "elsewhere"]
    response = nordlicht.caller.get(route.path)
    assert response.status_code == 200
    assert not [name for name in names if name in response.content.decode()]


def test_ids_in_a_body_are_looked_up_in_the_own_workspace_only(nordlicht: Place, elsewhere: Place) -> None:
    """Of A-033 what the API can do; that the database would refuse too is not settled here."""
    theirs = objects_of(elsewhere)
    own = objects_of(nordlicht)
    lead = {"name": "Nele Neu", "email": "nele@new.example"}
    start = house.later(602).isoformat()
    before = rows()
    for foreign, unknown in (
        ({"lead_id": theirs["lead_id"]}, {"lead_id": UNKNOWN["lead_id"]}),
        ({"lead": lead, "host_id": elsewhere.owner.public_id}, {"lead": lead, "host_id": "mem_unknown"}),
        ({"lead": lead, "booking_type": theirs["slug"]}, {"lead": lead, "booking_type": "unknown"}),
    ):
        answers = [nordlicht.caller.post("/appointments", {"start": start, **ids}) for ids in (foreign, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    path = f"/appointments/{own['appointment_id']}"
    assert nordlicht.caller.patch(path, {"host_id": elsewhere.owner.public_id}).status_code == 404
    found = nordlicht.caller.get("/appointments", query_params={"lead_id": theirs["lead_id"]})
    assert body_of(found)["items"] == []
    assert rows() == before


@pytest.mark.attack("A-032", "A-038")
@EVERY_ROUTE
def test_a_role_does_what_it_may_and_no_more(nordlicht: Place, rep: Caller, route: Route) -> None:
    allowed = Permission(route.permission) in GRANTED[Role.REP]
    objects = objects_of(nordlicht)
    before = rows()
    response = call(rep, route, objects)
    assert (response.status_code < 300) == allowed, response.content
    if not allowed:
        assert (response.status_code, body_of(response)["code"]) == (403, "forbidden")
        assert rows() == before
        entry = AuditEntry.objects.order_by("-id")[0]
        assert (entry.deed, entry.actor_kind) == ("access.refused", "api_key")
        assert call(nordlicht.caller, route, objects).status_code < 300


def test_a_reps_key_writes_no_booking_types(nordlicht: Place, rep: Caller) -> None:
    slug = objects_of(nordlicht)["slug"]
    assert rep.get(f"/booking-types/{slug}").status_code == 200
    assert rep.post("/booking-types", {"slug": 1}).status_code == 403, "refused before anything is read"
    assert rep.patch(f"/booking-types/{slug}", {"title": "Mine"}).status_code == 403
    assert rep.delete(f"/booking-types/{slug}").status_code == 403


@pytest.mark.attack("A-038")
def test_a_revoked_key_is_as_good_as_none(nordlicht: Place) -> None:
    assert nordlicht.caller.get("/leads").status_code == 200
    ApiKey.objects.update(revoked_at=clock.now())
    response = nordlicht.caller.get("/leads")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.attack("A-038")
def test_a_key_counts_in_the_authorization_header_only(nordlicht: Place) -> None:
    key = nordlicht.caller.key
    nobody = Caller(None)
    for name in ("key", "api_key", "access_token", "token", "Authorization"):
        assert nobody.get("/leads", query_params={name: key}).status_code == 401
        assert nobody.get("/leads", query_params={name: f"Bearer {key}"}).status_code == 401
    for header in ({"X-Api-Key": key}, {"Cookie": f"session={key}"}, {"Authorization": key}):
        assert nobody.get("/leads", headers=header).status_code == 401
    for wrong in (f"Basic {key}", f"Bearer {key}x", f"Bearer {key[:-1]}", "Bearer", "Bearer ", f"Bearer {key.upper()}"):
        assert nobody.get("/leads", headers={"Authorization": wrong}).status_code == 401
    assert nobody.get("/leads", headers={"Authorization": f"bearer {key}"}).status_code == 200


@pytest.mark.attack("A-038")
def test_a_key_is_kept_as_a_digest_and_its_use_is_noted(nordlicht: Place) -> None:
    assert nordlicht.caller.get("/leads").status_code == 200
    row = ApiKey.objects.get()
    assert row.last_used_at is not None
    assert nordlicht.caller.key not in str(rows())


def test_a_signed_in_browser_is_nobody_to_the_api(nordlicht: Place) -> None:
    assert house.client_of(nordlicht.owner).get("/api/v1/leads").status_code == 401


NOT_ONES_TO_SET = (
    *("workspace_id", "workspace", "id", "role", "status", "zoom_meeting_id", "meeting_id", "join_url", "conference"),
    *("sequence", "created_at", "deleted_at", "is_admin", "is_active", "lead_pk", "public_id", "__class__"),
)


@pytest.mark.attack("A-040")
@pytest.mark.parametrize("field", NOT_ONES_TO_SET)
def test_a_field_that_is_not_ones_to_set_is_refused(nordlicht: Place, field: str) -> None:
    objects = objects_of(nordlicht)
    before = rows()
    for name, wanted in BODIES.items():
        assert isinstance(wanted, dict)
        method, path = name.split()
        response = nordlicht.caller.call(method, fill_in(path, objects), {**wanted, field: 1})
        assert (response.status_code, fields_of(response)) == (422, [field]), name
    response = nordlicht.caller.post("/appointments", {"generation": 1, **_booking()})
    assert fields_of(response) == ["generation"]
    response = nordlicht.caller.post("/appointments", _booking(lead_fields={field: 1}))
    assert fields_of(response) == [f"lead.{field}"]
    assert rows() == before


def _booking(lead_fields: dict[str, object] | None = None) -> dict[str, object]:
    lead = {"name": "Nele Neu", "email": "nele@new.example"} | (lead_fields or {})
    return {"lead": lead, "start": house.later(603).isoformat()}


CANARIES = {
    name: f"canary-{name}-71c9" for name in ("access", "refresh", "key", "passcode", "start", "told", "account")
}


@pytest.mark.attack("A-041")
@pytest.mark.promise("P29")
def test_no_answer_has_a_secret_or_a_column_nobody_asked_for(nordlicht: Place) -> None:
    objects = objects_of(nordlicht)
    grant = Grant.objects.create(
        provider="zoom",
        client_id="client",
        external_user_id="u_1",
        account=CANARIES["account"],
        data_key=CANARIES["key"],
        access_token=CANARIES["access"],
        refresh_token=CANARIES["refresh"],
        expires_at=clock.now(),
        authorized_at=clock.now(),
    )
    Connection.objects.create(workspace=nordlicht.workspace, provider="zoom", grant=grant)
    row = nordlicht.workspace.appointments.get(public_id=objects["appointment_id"])
    Meeting.objects.create(
        appointment=row,
        provider="zoom",
        passcode=CANARIES["passcode"],
        start_url=CANARIES["start"],
        told={"title": CANARIES["told"]},
        account=CANARIES["account"],
    )
    secret = [*CANARIES.values(), nordlicht.caller.key, nordlicht.workspace.data_key, "password", "digest"]
    walked = sorted(routes(), key=lambda route: route.method == "DELETE")
    for route in walked:
        response = call(nordlicht.caller, route, objects)
        assert response.status_code < 300, (route.name, response.content)
        told = response.content.decode() + str(response.headers)
        assert not [word for word in secret if word in told], route.name
