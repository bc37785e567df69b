"""Join links: those that come later, and those that must not be sent to anybody."""

import pytest

from tests.simulators.microsoft.driver import Driver
from tests.teams import SPEC
from treff.conferencing import errors
from treff.kernel.secrets import Secret
from treff.providers.teams.adapter import TeamsProvider


def test_a_link_that_is_not_there_yet_is_read_later(microsoft: Driver, teams: TeamsProvider, token: Secret) -> None:
    microsoft.control("limits", link_seconds=60)
    made = teams.create(token, SPEC)
    assert made.join_url == ""
    assert teams.read_link(token, made.external_id) == ""
    microsoft.control("clock", offset_seconds=61)
    link = teams.read_link(token, made.external_id)
    assert link == microsoft.alive()[0]["join_url"]
    assert link.startswith(microsoft.url)


REMOVED = object()


@pytest.mark.parametrize("value", [REMOVED, None, 5, ""])
def test_an_event_that_tells_no_link_is_kept_until_it_does(
    microsoft: Driver, teams: TeamsProvider, token: Secret, value: object
) -> None:
    microsoft.fault("create", "mutate", field="onlineMeeting.joinUrl", **({} if value is REMOVED else {"value": value}))
    made = teams.create(token, SPEC)
    assert (made.external_id, made.join_url) == (microsoft.alive()[0]["id"], "")
    assert teams.read_link(token, made.external_id) == microsoft.alive()[0]["join_url"]


BAD_LINKS = [
    "http://teams.microsoft.com/l/meetup-join/1",
    "https://evil.example/l/meetup-join/1",
    "https://teams.microsoft.com.evil.example/l/meetup-join/1",
    "https://evilteams.microsoft.us/l/meetup-join/1",
    "https://teams.microsoft.us/l/meetup-join/1",
    "https://teams.microsoft.com@evil.example/l/meetup-join/1",
    "https://a:b@teams.microsoft.com/l/meetup-join/1",
    "https://teams.microsoft.com:8443/l/meetup-join/1",
    "javascript:alert(1)",
    "https://teams.microsoft.com/l/meetup-join/",
    "https://teams.microsoft.com/l/channel/19",
    "https://teams.microsoft.com/",
    "//teams.microsoft.com/meet/1",
    "https://[teams.microsoft.com/meet/1",
    "https://teams.microsoft.com/meet/1" + "x" * 2000,
]


@pytest.mark.parametrize("link", BAD_LINKS)
def test_a_link_that_is_no_guests_link_of_teams_is_not_sent_to_anybody_and_the_id_is_kept(
    microsoft: Driver, teams: TeamsProvider, token: Secret, link: str
) -> None:
    microsoft.fault("create", "mutate", field="onlineMeeting.joinUrl", value=link)
    with pytest.raises(errors.Unusable) as raised:
        teams.create(token, SPEC)
    assert raised.value.external_id == microsoft.alive()[0]["id"]
    microsoft.fault("get", "mutate", field="onlineMeeting.joinUrl", value=link)
    with pytest.raises(errors.Unusable):
        teams.read_link(token, raised.value.external_id)


@pytest.mark.parametrize(
    "link",
    [
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NTg0@thread.v2/0?context=%7b%22Tid%22%3a%221%22%7d",
        "https://teams.microsoft.com/meet/29812345678?p=abcDEF",
        "https://teams.live.com/meet/9312345678",
        "https://gov.teams.microsoft.us/l/meetup-join/19%3ameeting_1/0",
        "https://dod.teams.microsoft.us/l/meetup-join/19%3ameeting_1/0",
    ],
)
def test_links_of_teams_are_taken_as_they_are(
    microsoft: Driver, teams: TeamsProvider, token: Secret, link: str
) -> None:
    microsoft.fault("create", "mutate", field="onlineMeeting.joinUrl", value=link)
    assert teams.create(token, SPEC).join_url == link


def test_an_event_that_came_without_a_meeting_cannot_be_used(
    microsoft: Driver, teams: TeamsProvider, token: Secret
) -> None:
    microsoft.fault("create", "mutate", field="isOnlineMeeting", value=False)
    with pytest.raises(errors.Unusable) as raised:
        teams.create(token, SPEC)
    made = raised.value.external_id
    assert made == microsoft.alive()[0]["id"]
    microsoft.fault("get", "mutate", field="isOnlineMeeting", value=False)
    with pytest.raises(errors.Unusable):
        teams.read_link(token, made)
    teams.delete(token, made)
    assert microsoft.alive() == []
