"""What holds for every calendar that is read: busy spans and nothing else, whoever the vendor is."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.google import google, google_meet, google_simulator
from tests.simulators.google.driver import NORA, Driver, at
from tests.simulators.microsoft.driver import NORA as NORA_AT_MICROSOFT
from tests.simulators.microsoft.driver import Driver as Microsoft
from tests.teams import microsoft, microsoft_simulator, teams
from treff.conferencing import errors
from treff.kernel.secrets import Secret
from treff.providers.google_meet.adapter import ASKED_SCOPES, BUSY_SCOPE, GoogleMeetProvider
from treff.providers.teams import client as teams_client
from treff.providers.teams.adapter import TeamsProvider

__all__ = ["google", "google_meet", "google_simulator", "microsoft", "microsoft_simulator", "teams"]
DAY = datetime(2031, 6, 2, tzinfo=UTC)
YEAR = (DAY, DAY + timedelta(days=365))
Spans = list[tuple[datetime, datetime]]


def span(day: int, hour: int, hours: int = 1) -> tuple[datetime, datetime]:
    start = DAY + timedelta(days=day, hours=hour)
    return start, start + timedelta(hours=hours)


def event(day: int, hour: int, **more: object) -> dict[str, object]:
    start, end = span(day, hour)
    return {"summary": "Dentist", **at(start.isoformat(), end.isoformat()), **more}


def entry(day: int, hour: int, **more: object) -> dict[str, object]:
    start, end = ({"dateTime": each.replace(tzinfo=None).isoformat(), "timeZone": "UTC"} for each in span(day, hour))
    return {"subject": "Dentist", "start": start, "end": end, **more}


def test_google_says_when_it_is_busy_for_as_long_as_is_asked(google: Driver, google_meet: GoogleMeetProvider) -> None:
    token = Secret(google.connect(scope=f"{ASKED_SCOPES} {BUSY_SCOPE}").access)
    for wanted in (event(0, 9), event(300, 9), event(1, 9, transparency="transparent")):
        google.control("events", user_id=NORA, event=wanted)
    assert google_meet.read_busy(token, YEAR, "Europe/Berlin") == [span(0, 9), span(300, 9)]


def test_google_does_not_say_it_to_whom_the_events_alone_are_open(
    google: Driver, google_meet: GoogleMeetProvider
) -> None:
    token = Secret(google.connect(scope=ASKED_SCOPES).access)
    with pytest.raises(errors.GrantLost):
        google_meet.read_busy(token, YEAR, "Europe/Berlin")


@pytest.mark.parametrize("kind", ["status", "hang_up", "html", "bad_json", "empty", "truncate", "mutate"])
def test_what_google_does_not_say_in_full_is_not_taken_for_free(
    google: Driver, google_meet: GoogleMeetProvider, kind: str
) -> None:
    token = Secret(google.connect(scope=f"{ASKED_SCOPES} {BUSY_SCOPE}").access)
    google.control("events", user_id=NORA, event=event(0, 9))
    more: dict[str, object] = {"field": "calendars"} if kind == "mutate" else {}
    if kind == "truncate":
        more = {"bytes": 60}
    google.fault("freebusy", "reset" if kind == "hang_up" else kind, **more)
    with pytest.raises(errors.Transient):
        google_meet.read_busy(token, YEAR, "Europe/Berlin")


def busy_at_microsoft(microsoft: Microsoft, teams: TeamsProvider) -> Spans:
    token = Secret(microsoft.connect().access)
    return sorted(teams.read_busy(token, YEAR, "Europe/Berlin"))


def test_microsoft_says_when_it_is_busy_and_nothing_of_what_is_free(microsoft: Microsoft, teams: TeamsProvider) -> None:
    for wanted in (entry(0, 9), entry(300, 9, showAs="tentative"), entry(1, 9, showAs="free")):
        microsoft.control("events", user_id=NORA_AT_MICROSOFT, **wanted)
    assert busy_at_microsoft(microsoft, teams) == [span(0, 9), span(300, 9)]
    asked = [call["query"] for call in microsoft.truth()["calls"] if call["operation"] == "view"]
    assert asked
    assert all("subject" not in str(query) for query in asked)


def test_whole_days_at_microsoft_are_the_members_days(microsoft: Microsoft, teams: TeamsProvider) -> None:
    day = {"dateTime": "2031-06-10T00:00:00", "timeZone": "UTC"}
    after = {"dateTime": "2031-06-11T00:00:00", "timeZone": "UTC"}
    microsoft.control("events", user_id=NORA_AT_MICROSOFT, subject="Off", start=day, end=after, isAllDay=True)
    start = datetime(2031, 6, 9, 22, tzinfo=UTC)
    assert busy_at_microsoft(microsoft, teams) == [(start, start + timedelta(days=1))]


def test_a_page_of_microsofts_that_is_full_is_read_in_halves(
    microsoft: Microsoft, teams: TeamsProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("treff.providers.teams.adapter", teams_client.__name__):
        monkeypatch.setattr(f"{name}.MOST_BUSY", 3)
    wanted = [span(day, 9) for day in range(0, 20, 4)]
    for start, _end in wanted:
        microsoft.control("events", user_id=NORA_AT_MICROSOFT, **entry((start - DAY).days, 9))
    assert sorted(set(busy_at_microsoft(microsoft, teams))) == wanted


def test_what_microsoft_does_not_say_in_full_is_not_taken_for_free(microsoft: Microsoft, teams: TeamsProvider) -> None:
    microsoft.control("events", user_id=NORA_AT_MICROSOFT, **entry(0, 9))
    for kind in ("status", "bad_json", "empty"):
        microsoft.control("faults", operation="view", kind=kind)
        with pytest.raises(errors.Transient):
            busy_at_microsoft(microsoft, teams)
