"""What becomes of meetings: made once, moved, removed, in a calendar or in none."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.simulators.microsoft.driver import JONAS, LENA, NORA, Driver
from tests.teams import SPEC, START
from treff.conferencing import errors
from treff.conferencing.ports import LaterLinks, MeetingProvider
from treff.kernel.secrets import Secret
from treff.providers.teams.adapter import TeamsProvider


def test_it_is_a_provider_whose_creates_can_be_repeated_and_whose_links_may_come_later(teams: TeamsProvider) -> None:
    provider: MeetingProvider = teams
    assert isinstance(teams, LaterLinks)
    assert (provider.name, provider.capabilities.creates_idempotently) == ("teams", True)


def test_an_event_with_a_meeting_is_made_as_we_promise_and_nobody_is_mailed(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    made = teams.create(token, SPEC)
    (truth,) = microsoft.alive()
    assert (truth["id"], truth["join_url"]) == (made.external_id, made.join_url)
    assert (truth["subject"], truth["transaction_id"]) == ("Beratung – Familie Öz", "0123456789abcdef" * 2)
    assert (truth["starts_at"][:19], truth["ends_at"][:19]) == ("2031-06-02T08:00:00", "2031-06-02T08:45:00")
    assert "Ref 7K2M-1" in truth["body"]
    assert truth["attendees"] == []
    assert microsoft.mails() == []
    assert made.passcode is made.start_url is None


def test_a_start_elsewhere_is_told_in_utc(microsoft: Driver, teams: TeamsProvider, token: Secret) -> None:
    teams.create(token, replace(SPEC, start_at=datetime.fromisoformat("2031-12-01T09:00:00+01:00")))
    assert microsoft.alive()[0]["starts_at"][:19] == "2031-12-01T08:00:00"


def test_a_long_title_is_cut_to_what_outlook_takes(microsoft: Driver, teams: TeamsProvider, token: Secret) -> None:
    teams.create(token, replace(SPEC, title="ü" * 300))
    assert microsoft.alive()[0]["subject"] == "ü" * 255


def test_a_create_without_a_key_is_not_sent(microsoft: Driver, teams: TeamsProvider, token: Secret) -> None:
    with pytest.raises(errors.Unexpected):
        teams.create(token, replace(SPEC, key=""))
    assert [call["operation"] for call in microsoft.truth()["calls"]] == ["token"]


def test_an_update_moves_and_keeps_the_meeting_and_what_the_host_wrote(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    made = teams.create(token, SPEC)
    later = replace(SPEC, title="Beratung", start_at=START + timedelta(days=1), duration=timedelta(hours=1))
    teams.update(token, made.external_id, later)
    (truth,) = microsoft.alive()
    assert (truth["starts_at"][:19], truth["ends_at"][:19]) == ("2031-06-03T08:00:00", "2031-06-03T09:00:00")
    assert (truth["subject"], truth["join_url"], truth["online"]) == ("Beratung", made.join_url, True)
    assert "Ref 7K2M-1" in truth["body"]
    assert microsoft.mails() == []


def test_a_delete_removes_and_a_second_one_finds_it_missing(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    made = teams.create(token, SPEC)
    teams.delete(token, made.external_id)
    assert microsoft.alive() == []
    with pytest.raises(errors.Missing):
        teams.delete(token, made.external_id)
    with pytest.raises(errors.Missing):
        teams.update(token, made.external_id, SPEC)
    with pytest.raises(errors.Missing):
        teams.read_link(token, made.external_id)


def test_an_event_that_the_host_puts_into_another_calendar_is_still_found(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    made = teams.create(token, SPEC)
    microsoft.control("events/move", user_id=NORA, id=made.external_id)
    teams.update(token, made.external_id, replace(SPEC, title="Umgezogen"))
    assert microsoft.alive()[0]["subject"] == "Umgezogen"
    teams.delete(token, made.external_id)
    assert microsoft.alive() == []


# ---- the same create again ----


@pytest.mark.fault("F-159")
@pytest.mark.parametrize("kind", ["act_then_reset", "empty", "bad_json", "truncate", "status_after"])
def test_a_create_whose_answer_was_lost_and_that_is_sent_again_gives_the_event_that_is_there(
    microsoft: Driver, teams: TeamsProvider, token: Secret, kind: str
) -> None:
    microsoft.fault("create", kind, bytes=40, status=502)
    with pytest.raises(errors.Ambiguous):
        teams.create(token, SPEC)
    (truth,) = microsoft.alive()
    made = teams.create(token, SPEC)
    assert (made.external_id, made.join_url) == (truth["id"], truth["join_url"])
    assert len(microsoft.alive()) == 1


@pytest.mark.fault("F-159")
def test_a_create_that_two_workers_send_at_once_makes_one_event(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    with ThreadPoolExecutor(2) as workers:
        made = list(workers.map(lambda _: teams.create(token, SPEC), range(2)))
    assert made[0] == made[1]
    assert len(microsoft.alive()) == 1


@pytest.mark.fault("F-159")
def test_a_meeting_without_an_event_is_made_once_however_often_and_by_how_many_it_is_asked_for(
    microsoft: Driver, teams: TeamsProvider, without_calendar: Secret
) -> None:
    microsoft.fault("create", "act_then_reset")
    with pytest.raises(errors.Ambiguous):
        teams.create(without_calendar, SPEC)
    with ThreadPoolExecutor(2) as workers:
        made = list(workers.map(lambda _: teams.create(without_calendar, SPEC), range(2)))
    (truth,) = microsoft.alive("meetings")
    assert {one.join_url for one in made} == {truth["join_url"]}
    assert {one.external_id for one in made} == {f"meeting:{truth['id']}"}


def test_an_event_that_the_host_changed_between_two_tries_is_looked_for_in_the_calendar(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    made = teams.create(token, SPEC)
    teams.create(token, replace(SPEC, key="a" * 32))
    again = teams.create(token, replace(SPEC, title="Another"))  # refused: the key is used with another content
    assert again == made
    assert len(microsoft.alive()) == 2


def test_an_event_that_a_refusal_of_its_key_names_is_read(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    made = teams.create(token, SPEC)
    event = microsoft.alive()[0]
    said = {"code": "ErrorDuplicateTransactionId", "message": "Used.", "@event.existingEventId": event["rest_id"]}
    microsoft.fault("create", "status", status=409, body={"error": said})
    assert teams.create(token, SPEC) == made
    microsoft.control("events/delete", user_id=NORA, id=event["id"])
    microsoft.fault("create", "status", status=409, body={"error": said})
    with pytest.raises(errors.Missing):
        teams.create(token, SPEC)


def test_an_event_that_was_deleted_between_two_tries_is_missing(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    made = teams.create(token, SPEC)
    microsoft.control("events/delete", user_id=NORA, id=made.external_id)
    with pytest.raises(errors.Missing):
        teams.create(token, SPEC)
    assert microsoft.alive() == []


# ---- who has no calendar, or one without Teams ----


def test_who_has_no_mailbox_gets_a_meeting_that_stands_in_no_calendar(
    microsoft: Driver, teams: TeamsProvider, without_calendar: Secret
) -> None:
    made = teams.create(without_calendar, SPEC)
    (truth,) = microsoft.alive("meetings")
    assert (made.external_id, made.join_url) == (f"meeting:{truth['id']}", truth["join_url"])
    assert (truth["subject"], truth["external_id"]) == (SPEC.title, SPEC.key)
    assert (truth["starts_at"][:19], truth["ends_at"][:19]) == ("2031-06-02T08:00:00", "2031-06-02T08:45:00")
    assert microsoft.alive() == []
    teams.update(without_calendar, made.external_id, replace(SPEC, start_at=START + timedelta(days=1)))
    (truth,) = microsoft.alive("meetings")
    assert (truth["starts_at"][:19], truth["ends_at"][:19]) == ("2031-06-03T08:00:00", "2031-06-03T08:45:00")
    assert teams.read_link(without_calendar, made.external_id) == made.join_url
    teams.delete(without_calendar, made.external_id)
    assert microsoft.alive("meetings") == []
    with pytest.raises(errors.Missing):
        teams.delete(without_calendar, made.external_id)
    with pytest.raises(errors.Missing):
        teams.update(without_calendar, made.external_id, SPEC)


def test_whose_calendar_allows_no_teams_gets_one_too_and_no_event_is_left_behind(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    microsoft.fault("calendar", "mutate", field="allowedOnlineMeetingProviders", value=["skypeForBusiness"])
    made = teams.create(token, SPEC)
    assert made.external_id.startswith("meeting:")
    assert microsoft.alive() == []


def test_who_has_neither_is_told_what_microsoft_says(microsoft: Driver, teams: TeamsProvider) -> None:
    with pytest.raises(errors.Refused, match="license information"):
        teams.create(Secret(microsoft.connect(JONAS).access), SPEC)
    with pytest.raises(errors.Refused, match="permission"):
        teams.create(Secret(microsoft.connect(LENA).access), SPEC)
    assert microsoft.alive() == microsoft.alive("meetings") == []


def test_who_granted_no_meetings_without_events_has_them_refused(microsoft: Driver, teams: TeamsProvider) -> None:
    microsoft.control("users", id=JONAS, teams=True)
    token = Secret(microsoft.connect(JONAS, scope="offline_access User.Read Calendars.ReadWrite").access)
    with pytest.raises(errors.Refused):
        teams.create(token, SPEC)


@pytest.mark.parametrize("kind", ["status", "reset", "html", "bad_json", "empty"])
def test_a_calendar_that_cannot_be_asked_leaves_everything_as_it_was(
    microsoft: Driver, teams: TeamsProvider, token: Secret, kind: str
) -> None:
    microsoft.fault("calendar", kind)
    with pytest.raises(errors.Transient):
        teams.create(token, SPEC)
    assert microsoft.alive() == microsoft.alive("meetings") == []
