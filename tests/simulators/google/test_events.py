import re

import pytest

from tests.simulators.google.driver import (
    AMELIA,
    BEGINS,
    ENDS,
    EVENTS,
    JONAS,
    JONAS_EMAIL,
    LENA,
    NORA,
    NORA_EMAIL,
    Driver,
    Tokens,
    at,
    meet,
    reason,
)

TEAM = "c_4n0rdl1chtt34m@group.calendar.google.com"
HOLIDAYS = "de.german#holiday@group.v.calendar.google.com"
GUESTS = [{"email": "lead@kunde.example"}, {"email": JONAS_EMAIL}]


def test_an_inserted_event_carries_what_was_asked(google: Driver, nora: Tokens) -> None:
    answer = google.insert(nora, description="Roof", location="Hamburg", attendees=GUESTS)
    event = answer.json()
    assert answer.status_code == 200
    assert (event["summary"], event["description"], event["location"]) == ("Consultation", "Roof", "Hamburg")
    assert event["start"] == {"dateTime": BEGINS, "timeZone": "Europe/Berlin"}
    assert event["end"] == {"dateTime": ENDS, "timeZone": "Europe/Berlin"}
    assert (event["kind"], event["status"], event["sequence"]) == ("calendar#event", "confirmed", 0)
    assert event["organizer"] == {"email": NORA_EMAIL, "self": True}
    assert event["iCalUID"] == f"{event['id']}@google.com"
    assert [guest["responseStatus"] for guest in event["attendees"]] == ["needsAction"] * 2
    assert answer.headers["ETag"] == event["etag"]
    assert google.get(nora, event["id"]).json() == event


def test_times_are_shown_in_the_zone_of_the_calendar(google: Driver) -> None:
    amelia = google.connect(AMELIA)
    event = google.insert(amelia, **at("2031-06-02T08:00:00Z", "2031-06-02T08:45:00Z", "Asia/Tokyo")).json()
    assert event["start"] == {"dateTime": "2031-06-02T04:00:00-04:00", "timeZone": "Asia/Tokyo"}


def test_a_wall_time_is_read_in_its_own_zone(google: Driver, nora: Tokens) -> None:
    event = google.insert(nora, **at("2031-06-02T10:00:00", "2031-06-02T10:45:00", "America/New_York")).json()
    assert event["start"]["dateTime"] == "2031-06-02T16:00:00+02:00"


def test_a_generated_id_follows_the_rules_for_ids(google: Driver, nora: Tokens) -> None:
    ids = [google.insert(nora).json()["id"] for _ in range(5)]
    assert all(re.fullmatch(r"[a-v0-9]{26}", event_id) for event_id in ids)
    assert len(set(ids)) == 5


def test_an_id_of_ones_own_makes_a_repeated_insert_a_conflict(google: Driver, nora: Tokens) -> None:
    first = google.insert(nora, id="treff0123456789")
    second = google.insert(nora, id="treff0123456789", summary="Again")
    assert first.json()["id"] == "treff0123456789"
    assert reason(second) == (409, "duplicate", "The requested identifier already exists.")
    assert [event["summary"] for event in google.alive()] == ["Consultation"]


def test_the_id_of_a_deleted_event_is_taken_for_ever(google: Driver, nora: Tokens) -> None:
    google.insert(nora, id="treff0123456789")
    google.delete(nora, "treff0123456789")
    assert google.insert(nora, id="treff0123456789").status_code == 409


def test_an_id_is_unique_only_in_its_calendar(google: Driver, nora: Tokens) -> None:
    jonas = google.connect(JONAS)
    assert google.insert(nora, id="treff0123456789").status_code == 200
    assert google.insert(jonas, id="treff0123456789").status_code == 200
    assert google.insert(nora, TEAM, id="treff0123456789").status_code == 200


def test_a_patch_of_the_times_keeps_everything_else_and_the_link(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, attendees=GUESTS, **meet("one")).json()
    moved = at("2031-07-01T10:00:00+02:00", "2031-07-01T10:30:00+02:00")
    answer = google.patch(nora, made["id"], **moved)
    assert answer.status_code == 200
    event = answer.json()
    assert event["start"]["dateTime"] == "2031-07-01T10:00:00+02:00"
    for kept in ("id", "summary", "attendees", "hangoutLink", "conferenceData", "iCalUID", "created"):
        assert event[kept] == made[kept]
    assert (made["sequence"], event["sequence"]) == (0, 1)
    assert event["etag"] != made["etag"]


def test_a_patch_replaces_lists_merges_objects_and_takes_out_what_is_null(google: Driver, nora: Tokens) -> None:
    private = {"private": {"treff": "appt_1", "more": "x"}}
    made = google.insert(nora, description="Roof", attendees=GUESTS, extendedProperties=private).json()
    changes = {"description": None, "attendees": GUESTS[:1], "extendedProperties": {"private": {"more": None}}}
    event = google.patch(nora, made["id"], start={"dateTime": "2031-06-02T09:00:00+02:00"}, **changes).json()
    assert "description" not in event
    assert [guest["email"] for guest in event["attendees"]] == ["lead@kunde.example"]
    assert event["extendedProperties"] == {"private": {"treff": "appt_1"}}
    assert event["start"] == {"dateTime": "2031-06-02T09:00:00+02:00", "timeZone": "Europe/Berlin"}


def test_a_guest_who_is_named_again_keeps_the_answer(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, attendees=[{**GUESTS[0], "responseStatus": "accepted"}]).json()
    event = google.patch(nora, made["id"], attendees=GUESTS).json()
    assert [guest["responseStatus"] for guest in event["attendees"]] == ["accepted", "needsAction"]


def test_a_deleted_event_answers_204_then_410_and_is_still_to_be_had(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, **meet("one")).json()
    first, second = google.delete(nora, made["id"]), google.delete(nora, made["id"])
    assert (first.status_code, first.content) == (204, b"")
    assert reason(second) == (410, "deleted", "Resource has been deleted")
    gone = google.get(nora, made["id"])
    assert (gone.status_code, gone.json()["status"], gone.json()["summary"]) == (200, "cancelled", "Consultation")
    assert [event["alive"] for event in google.truth()["events"]] == [False]


def test_an_event_that_never_was_is_not_found(google: Driver, nora: Tokens) -> None:
    for answer in (
        google.get(nora, "nosuch"),
        google.patch(nora, "nosuch", summary="x"),
        google.delete(nora, "nosuch"),
    ):
        assert reason(answer) == (404, "notFound", "Not Found")


def test_a_deleted_event_can_be_restored_but_not_changed(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, **meet("one")).json()
    google.delete(nora, made["id"])
    assert reason(google.patch(nora, made["id"], summary="x")) == (403, "forbidden", "Forbidden")
    restored = google.patch(nora, made["id"], status="confirmed").json()
    assert (restored["status"], restored["hangoutLink"]) == ("confirmed", made["hangoutLink"])
    assert len(google.alive()) == 1


def test_a_status_cancelled_deletes(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    assert google.patch(nora, made["id"], status="cancelled").json()["status"] == "cancelled"
    assert google.delete(nora, made["id"]).status_code == 410


def test_a_stale_etag_is_a_failed_precondition(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    google.control("events", user_id=NORA, event={"id": made["id"], "summary": "Renamed by hand"})
    stale = {**nora.headers, "If-Match": made["etag"]}
    refused = google.http.patch(f"{EVENTS}/{made['id']}", headers=stale, json={"summary": "x"})
    assert reason(refused) == (412, "conditionNotMet", "Precondition Failed")
    assert google.http.delete(f"{EVENTS}/{made['id']}", headers=stale).status_code == 412
    fresh = {**nora.headers, "If-Match": google.get(nora, made["id"]).json()["etag"]}
    assert google.http.patch(f"{EVENTS}/{made['id']}", headers=fresh, json={"summary": "x"}).status_code == 200


def test_an_event_deleted_long_ago_is_forgotten(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    google.control("events/delete", id=made["id"], purge=True)
    assert google.get(nora, made["id"]).status_code == 404
    assert google.delete(nora, made["id"]).status_code == 404


def test_other_peoples_calendars_look_missing(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    jonas = google.connect(JONAS)
    assert google.get(jonas, made["id"]).status_code == 404
    assert google.get(jonas, made["id"], NORA_EMAIL).status_code == 404
    assert google.insert(jonas, NORA_EMAIL).status_code == 404


def test_the_primary_calendar_has_the_address_as_its_id(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    assert google.get(nora, made["id"], NORA_EMAIL).json() == made


def test_a_calendar_that_may_only_be_read_takes_no_events(google: Driver, nora: Tokens) -> None:
    refused = google.insert(nora, HOLIDAYS)
    assert reason(refused) == (403, "requiredAccessLevel", "You need to have writer access to this calendar.")


def test_the_calendar_list_names_roles_and_what_conferences_are_allowed(google: Driver) -> None:
    nora = google.connect(scope="https://www.googleapis.com/auth/calendar.calendarlist.readonly")
    listed = google.http.get("/calendar/v3/users/me/calendarList", headers=nora.headers).json()
    assert listed["kind"] == "calendar#calendarList"
    assert [(item["id"], item["accessRole"]) for item in listed["items"]] == [
        (NORA_EMAIL, "owner"),
        (TEAM, "owner"),
        (HOLIDAYS, "reader"),
    ]
    assert [item.get("primary", False) for item in listed["items"]] == [True, False, False]
    amelia = google.connect(AMELIA, scope="https://www.googleapis.com/auth/calendar.readonly")
    (own,) = google.http.get("/calendar/v3/users/me/calendarList", headers=amelia.headers).json()["items"]
    assert own["conferenceProperties"] == {"allowedConferenceSolutionTypes": []}


@pytest.mark.parametrize(
    ("send_updates", "told"),
    [("none", []), ("externalOnly", ["lead@kunde.example"]), ("all", ["lead@kunde.example", JONAS_EMAIL])],
)
def test_send_updates_says_who_gets_mail_of_insert_patch_and_delete(
    google: Driver, nora: Tokens, send_updates: str, told: list[str]
) -> None:
    body = {"summary": "Consultation", "attendees": GUESTS, **at(BEGINS, ENDS)}
    made = google.send("POST", EVENTS, nora, body, sendUpdates=send_updates).json()
    google.send("PATCH", f"{EVENTS}/{made['id']}", nora, {"location": "Kiel"}, sendUpdates=send_updates)
    google.delete(nora, made["id"], sendUpdates=send_updates)
    mails = [(mail["kind"], mail["recipient"]) for mail in google.truth()["mails"]]
    kinds = ("invitation", "update", "cancellation")
    assert mails == [(kind, address) for kind in kinds for address in told]


def test_without_send_updates_nobody_gets_mail(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, attendees=GUESTS).json()
    google.delete(nora, made["id"])
    assert google.truth()["mails"] == []


def test_who_joins_is_invited_and_who_leaves_is_told(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, attendees=GUESTS, summary="Solar").json()
    changed = {"attendees": [GUESTS[0], {"email": "new@kunde.example"}]}
    google.send("PATCH", f"{EVENTS}/{made['id']}", nora, changed, sendUpdates="all")
    mails = {mail["recipient"]: mail["subject"] for mail in google.truth()["mails"]}
    assert mails == {
        "lead@kunde.example": "Updated invitation: Solar",
        "new@kunde.example": "Invitation: Solar",
        JONAS_EMAIL: "Canceled event: Solar",
    }


def test_the_organizer_among_the_guests_has_accepted_and_gets_no_mail(google: Driver, nora: Tokens) -> None:
    guests = [{"email": NORA_EMAIL, "responseStatus": "accepted"}, *GUESTS]
    body = {"attendees": guests, **at(BEGINS, ENDS)}
    made = google.send("POST", EVENTS, nora, body, sendUpdates="all").json()
    assert made["attendees"][0] == {
        "email": NORA_EMAIL,
        "organizer": True,
        "self": True,
        "responseStatus": "accepted",
    }
    assert NORA_EMAIL not in {mail["recipient"] for mail in google.truth()["mails"]}


def test_a_dead_token_is_an_auth_error(google: Driver, nora: Tokens) -> None:
    google.control("deauthorize", user_id=NORA)
    refused = google.insert(nora)
    assert reason(refused) == (401, "authError", "Invalid Credentials")
    assert refused.json()["error"]["errors"][0]["location"] == "Authorization"
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert google.http.get(f"{EVENTS}/x").status_code == 401


@pytest.mark.parametrize(
    ("scope", "insert", "freebusy", "calendars"),
    [
        ("calendar", 200, 200, 200),
        ("calendar.events", 200, 403, 403),
        ("calendar.events.owned", 200, 403, 403),
        ("calendar.freebusy", 403, 200, 403),
        ("calendar.readonly", 403, 200, 200),
    ],
)
def test_each_method_needs_one_of_its_scopes(
    google: Driver, scope: str, insert: int, freebusy: int, calendars: int
) -> None:
    lena = google.connect(LENA, scope=f"https://www.googleapis.com/auth/{scope}")
    listed = google.http.get("/calendar/v3/users/me/calendarList", headers=lena.headers)
    answers = (google.insert(lena), google.freebusy(lena), listed)
    assert [answer.status_code for answer in answers] == [insert, freebusy, calendars]


def test_a_missing_scope_is_named_by_method_and_reason(google: Driver) -> None:
    google.control("users", id=NORA, scopes=["openid"])
    refused = google.insert(google.connect()).json()["error"]
    assert (refused["code"], refused["status"]) == (403, "PERMISSION_DENIED")
    assert refused["errors"][0]["reason"] == "insufficientPermissions"
    assert refused["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert refused["details"][0]["metadata"]["method"] == "calendar.v3.Events.Insert"


def test_other_endpoints_are_refused_and_show_in_the_log(google: Driver, nora: Tokens) -> None:
    answer = google.http.get(EVENTS, headers=nora.headers)
    assert answer.status_code in (404, 405)
    assert google.truth()["calls"][-1]["operation"] == "other"
