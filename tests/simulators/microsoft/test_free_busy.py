import pytest

from tests.simulators.microsoft.driver import JONAS, LENA, NORA, Driver, Tokens

DAY = {"startDateTime": "2031-06-02T00:00:00Z", "endDateTime": "2031-06-03T00:00:00Z"}


def busy(microsoft: Driver, start: str, end: str, user_id: str = NORA, **more: object) -> str:
    """An event made by hand in Outlook."""
    times = {"start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}}
    return str(microsoft.control("events", user_id=user_id, subject="Dentist", **times, **more)["id"])


def window(start: str = "2031-06-02T08:00:00", end: str = "2031-06-02T12:00:00") -> dict[str, object]:
    return {"startTime": {"dateTime": start, "timeZone": "UTC"}, "endTime": {"dateTime": end, "timeZone": "UTC"}}


def test_the_view_has_what_touches_the_range(microsoft: Driver, nora: Tokens) -> None:
    busy(microsoft, "2031-06-01T23:00:00", "2031-06-02T01:00:00", showAs="oof")
    busy(microsoft, "2031-06-02T10:00:00", "2031-06-02T11:00:00")
    busy(microsoft, "2031-06-03T00:00:00", "2031-06-03T01:00:00")
    view = microsoft.get(nora, "me/calendarView", **DAY).json()["value"]
    assert [(event["start"]["dateTime"][:13], event["showAs"]) for event in view] == [
        ("2031-06-01T23", "oof"),
        ("2031-06-02T10", "busy"),
    ]


def test_the_range_may_have_an_offset_and_the_answer_another_zone(microsoft: Driver, nora: Tokens) -> None:
    busy(microsoft, "2031-06-02T10:00:00", "2031-06-02T11:00:00")
    some = {"startDateTime": "2031-06-02T11:30:00+02:00", "endDateTime": "2031-06-02T12:30:00+02:00"}
    (event,) = microsoft.get(nora, "me/calendar/calendarView", 'outlook.timezone="Europe/Berlin"', **some).json()[
        "value"
    ]
    assert event["start"] == {"dateTime": "2031-06-02T12:00:00.0000000", "timeZone": "Europe/Berlin"}
    earlier = {"startDateTime": "2031-06-02T11:30:00", "endDateTime": "2031-06-02T12:30:00"}
    assert microsoft.get(nora, "me/calendarView", **earlier).json()["value"] == []


def test_the_view_comes_in_pages(microsoft: Driver, nora: Tokens) -> None:
    for minute in range(5):
        busy(microsoft, f"2031-06-02T10:0{minute}:00", "2031-06-02T11:00:00")
    first = microsoft.get(nora, "me/calendarView", **{**DAY, "$top": "3", "$select": "start,end,showAs"}).json()
    assert len(first["value"]) == 3
    rest = microsoft.http.get(first["@odata.nextLink"], headers=nora.headers).json()
    assert len(rest["value"]) == 2
    assert set(rest["value"][0]) == {"@odata.etag", "id", "start", "end", "showAs"}


@pytest.mark.parametrize("query", [{}, {"startDateTime": "2031-06-02T00:00:00Z"}, {**DAY, "endDateTime": "soon"}])
def test_a_view_without_a_range_is_refused(microsoft: Driver, nora: Tokens, query: dict[str, str]) -> None:
    assert microsoft.get(nora, "me/calendarView", **query).status_code == 400


def test_a_schedule_has_a_digit_for_each_slot(microsoft: Driver, nora: Tokens) -> None:
    busy(microsoft, "2031-06-02T08:30:00", "2031-06-02T09:00:00", showAs="tentative")
    busy(microsoft, "2031-06-02T10:00:00", "2031-06-02T11:30:00")
    asked = ["nora.brandt@nordlicht.example"]
    answer = microsoft.post(nora, "me/calendar/getSchedule", **window(), schedules=asked, availabilityViewInterval=60)
    (schedule,) = answer.json()["value"]
    assert schedule["availabilityView"] == "1022"
    assert [item["status"] for item in schedule["scheduleItems"]] == ["tentative", "busy"]
    assert schedule["scheduleItems"][1]["start"]["dateTime"] == "2031-06-02T10:00:00.0000000"
    assert schedule["workingHours"]["timeZone"] == {"name": "Europe/Berlin"}


def test_of_others_only_the_times_are_told_and_strangers_are_unknown(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("users", id=JONAS, mailbox=True)
    busy(microsoft, "2031-06-02T10:00:00", "2031-06-02T11:00:00", JONAS)
    asked = ["jonas.weber@nordlicht.example", "amelia.stone@stone-advisory.example"]
    colleague, stranger = microsoft.post(nora, "me/calendar/getSchedule", **window(), schedules=asked).json()["value"]
    assert set(colleague["scheduleItems"][0]) == {"status", "start", "end"}
    assert colleague["availabilityView"] == "00002200"
    assert stranger["error"]["responseCode"] == "ErrorMailRecipientNotFound"


def test_a_personal_account_has_a_view_and_no_schedule(microsoft: Driver) -> None:
    lena = microsoft.connect(LENA)
    busy(microsoft, "2031-06-02T10:00:00", "2031-06-02T11:00:00", LENA)
    assert len(microsoft.get(lena, "me/calendarView", **DAY).json()["value"]) == 1
    refused = microsoft.post(lena, "me/calendar/getSchedule", **window(), schedules=["lena.vogt@outlook.example"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ErrorAccessDenied")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**window(), "schedules": "nora"},
        {**window(), "schedules": [], "availabilityViewInterval": 4},
        {**window(end="2031-06-02T07:00:00"), "schedules": []},
        {**window(end="2031-09-02T07:00:00"), "schedules": []},
        {"startTime": {"dateTime": "2031-06-02T08:00:00", "timeZone": "Mars"}, "schedules": []},
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(microsoft: Driver, nora: Tokens, body: dict[str, object]) -> None:
    assert microsoft.post(nora, "me/calendar/getSchedule", **body).status_code == 400
