from typing import Any

import pytest

from tests.simulators.google.driver import AMELIA, JONAS, JONAS_EMAIL, NORA, NORA_EMAIL, Driver, Tokens, at, reason

TEAM = "c_4n0rdl1chtt34m@group.calendar.google.com"
MISSING = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}


def by_hand(google: Driver, begins: str, ends: str, user_id: str = NORA, **more: Any) -> Any:
    times = at(f"2031-06-02T{begins}:00+00:00", f"2031-06-02T{ends}:00+00:00")
    calendar = {"calendar": more.pop("calendar")} if "calendar" in more else {}
    return google.control("events", user_id=user_id, event={**times, **more}, **calendar)


def span(begins: str, ends: str) -> tuple[str, str]:
    return f"2031-06-02T{begins}:00Z", f"2031-06-02T{ends}:00Z"


def test_busy_times_are_named_without_what_fills_them(google: Driver, nora: Tokens) -> None:
    by_hand(google, "08:00", "09:00", summary="Dentist")
    answer = google.freebusy(nora)
    assert answer.json() == {
        "kind": "calendar#freeBusy",
        "timeMin": "2031-06-02T00:00:00.000Z",
        "timeMax": "2031-06-03T00:00:00.000Z",
        "calendars": {"primary": {"busy": [{"start": "2031-06-02T08:00:00Z", "end": "2031-06-02T09:00:00Z"}]}},
    }


def test_busy_times_that_touch_or_overlap_are_one(google: Driver, nora: Tokens) -> None:
    for begins, ends in (("08:00", "09:00"), ("09:00", "09:30"), ("09:15", "10:00"), ("12:00", "12:30")):
        by_hand(google, begins, ends)
    assert google.busy(nora) == [span("08:00", "10:00"), span("12:00", "12:30")]


def test_free_cancelled_and_declined_events_take_no_time(google: Driver, nora: Tokens) -> None:
    by_hand(google, "08:00", "09:00", transparency="transparent")
    google.control("events/delete", id=by_hand(google, "10:00", "11:00")["id"])
    by_hand(google, "12:00", "13:00", JONAS, attendees=[{"email": NORA_EMAIL, "responseStatus": "declined"}])
    assert google.busy(nora) == []


def test_an_invitation_takes_time_until_it_is_declined(google: Driver, nora: Tokens) -> None:
    by_hand(google, "12:00", "13:00", JONAS, attendees=[{"email": NORA_EMAIL}])
    assert google.busy(nora) == [span("12:00", "13:00")]


def test_an_all_day_event_takes_the_day_in_the_users_zone(google: Driver) -> None:
    amelia = google.connect(AMELIA)
    day = {"start": {"date": "2031-06-02"}, "end": {"date": "2031-06-03"}}
    google.control("events", user_id=AMELIA, event=day)
    assert google.busy(amelia) == [("2031-06-02T04:00:00Z", "2031-06-03T00:00:00Z")]


def test_the_answer_can_be_in_another_zone(google: Driver, nora: Tokens) -> None:
    by_hand(google, "08:00", "09:00")
    busy = google.freebusy(nora, timeZone="Asia/Tokyo").json()["calendars"]["primary"]["busy"]
    assert busy == [{"start": "2031-06-02T17:00:00+09:00", "end": "2031-06-02T18:00:00+09:00"}]


def test_several_calendars_and_colleagues_can_be_asked_for_strangers_not(google: Driver, nora: Tokens) -> None:
    by_hand(google, "08:00", "09:00", calendar=TEAM)
    by_hand(google, "10:00", "11:00", JONAS)
    stranger = "amelia.stone@stone-advisory.example"
    calendars = google.freebusy(nora, "primary", TEAM, JONAS_EMAIL, stranger, "nobody").json()["calendars"]
    assert calendars["primary"] == {"busy": []}
    assert [len(calendars[name]["busy"]) for name in (TEAM, JONAS_EMAIL)] == [1, 1]
    assert (calendars[stranger], calendars["nobody"]) == (MISSING, MISSING)


def test_more_than_fifty_calendars_are_too_many(google: Driver, nora: Tokens) -> None:
    calendars = google.freebusy(nora, *(f"c{n}" for n in range(51))).json()["calendars"]
    assert {error["reason"] for c in calendars.values() for error in c["errors"]} == {"tooManyCalendarsRequested"}


@pytest.mark.parametrize(
    ("window", "status", "why"),
    [
        ({"timeMin": None}, 400, "required"),
        ({"timeMax": "2031-06-01T00:00:00Z"}, 400, "timeRangeEmpty"),
        ({"timeMax": "2031-12-01T00:00:00Z"}, 400, "timeRangeTooLong"),
        ({"timeMin": "2031-06-02T00:00:00"}, 400, "badRequest"),
        ({"timeMin": "yesterday"}, 400, "badRequest"),
        ({"items": "primary"}, 400, "invalid"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(
    google: Driver, nora: Tokens, window: dict[str, Any], status: int, why: str
) -> None:
    assert reason(google.freebusy(nora, **window))[:2] == (status, why)
