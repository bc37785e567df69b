"""What is Google's alone; what holds for every provider is in tests/providers/test_contract_….py."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.contract import SPEC, START
from tests.providers.stands.google_meet import said
from tests.simulators.google.driver import AMELIA, Driver
from treff.conferencing import errors
from treff.conferencing.states import LostCause
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.providers.google_meet import oauth
from treff.providers.google_meet.adapter import ASKED_SCOPES, GoogleMeetProvider
from treff.providers.http import Answer
from treff.providers.tokens import TokenRefusal

GRANTED_LATER = "https://www.googleapis.com/auth/calendar.freebusy"
NOW = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)


@pytest.fixture
def token(google: Driver) -> Secret:
    return Secret(google.connect(scope=ASKED_SCOPES).access)


def test_exactly_our_scopes_are_asked_for_offline_and_with_a_consent_that_is_shown(
    google_meet: GoogleMeetProvider,
) -> None:
    url = google_meet.authorization_url(Secret("s"), "c", "http://127.0.0.1:8000/x")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["scope"] == "openid email https://www.googleapis.com/auth/calendar.events"
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
    assert asked["include_granted_scopes"] == "true", "what was allowed before stays allowed"
    assert GRANTED_LATER not in google_meet.scopes
    url = google_meet.busy_authorization_url(Secret("s"), "c", "http://127.0.0.1:8000/x")
    assert parse_qs(urlsplit(url).query)["scope"] == [f"{ASKED_SCOPES} {GRANTED_LATER}"]
    assert google_meet.scopes == {
        *("openid", "https://www.googleapis.com/auth/userinfo.email"),
        "https://www.googleapis.com/auth/calendar.events",
    }


def test_the_event_has_no_guests_and_google_mails_nobody(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    made = google_meet.create(token, SPEC)
    google_meet.update(token, made.external_id, replace(SPEC, title="Neu"))
    google_meet.delete(token, made.external_id)
    (event,) = google.truth()["events"]
    assert (event["attendees"], event["description"]) == ([], "Ref 7K2M-1")
    assert google.truth()["mails"] == []
    assert all("sendUpdates=none" in call["query"] for call in google.truth()["calls"] if call["event_id"])


def test_event_and_room_are_of_this_create_alone(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    made = google_meet.create(token, SPEC)
    assert made.external_id == SPEC.key
    assert google.truth()["conferences"][0]["request_id"] == SPEC.key
    assert google_meet.create(token, replace(SPEC, key="")).join_url != made.join_url


def test_a_create_sent_again_brings_the_first_event_as_it_is_wanted_now(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    google.fault("insert", "act_then_reset")
    with pytest.raises(errors.Ambiguous):
        google_meet.create(token, SPEC)
    made = google_meet.create(token, replace(SPEC, start_at=START + timedelta(hours=2), title="Später"))
    (event,) = google.alive()
    assert (made.external_id, made.join_url) == (SPEC.key, event["meet_link"])
    assert (event["summary"], event["start"]["dateTime"]) == ("Später", "2031-06-02T10:00:00Z")


def test_a_second_sending_that_cannot_see_the_first_event_leaves_it_open(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    google_meet.create(token, SPEC)
    for kind in ("reset", "status", "html", "down"):
        google.fault("get", kind)
        with pytest.raises(errors.Ambiguous):
            google_meet.create(token, SPEC)
    google.control("events/delete", id=SPEC.key)
    with pytest.raises(errors.Missing):
        google_meet.create(token, SPEC)


def test_a_room_that_failed_at_once_makes_the_event_unusable(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    google.control("conferences", outcome="failure")
    with pytest.raises(errors.Unusable) as raised:
        google_meet.create(token, SPEC)
    assert raised.value.external_id == SPEC.key


def test_an_account_without_meet_is_refused(google: Driver, google_meet: GoogleMeetProvider) -> None:
    with pytest.raises(errors.Refused, match="conference"):
        google_meet.create(Secret(google.connect(AMELIA, scope=ASKED_SCOPES).access), SPEC)
    assert google.alive() == []


def test_an_event_that_lost_its_room_by_hand_has_no_link(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    made = google_meet.create(token, SPEC)
    user_id = google.truth()["events"][0]["owner_id"]
    google.control("events", user_id=user_id, event={"id": made.external_id, "conferenceData": None})
    with pytest.raises(errors.Unusable):
        google_meet.read_link(token, made.external_id)


def test_an_event_moved_by_hand_is_put_right_by_the_next_update_and_keeps_the_hosts_notes(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    made = google_meet.create(token, SPEC)
    user_id = google.truth()["events"][0]["owner_id"]
    by_hand = {"id": made.external_id, "summary": "x", "location": "Raum 3", "transparency": "transparent"}
    google.control("events", user_id=user_id, event=by_hand)
    google_meet.update(token, made.external_id, SPEC)
    (event,) = google.alive()
    assert (event["summary"], event["location"], event["meet_link"]) == (SPEC.title, "Raum 3", made.join_url)


def test_a_deleted_event_that_google_forgot_is_missing(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    made = google_meet.create(token, SPEC)
    google.control("events/delete", id=made.external_id, purge=True)
    for deed in (
        lambda: google_meet.update(token, made.external_id, SPEC),
        lambda: google_meet.delete(token, made.external_id),
        lambda: google_meet.read_link(token, made.external_id),
    ):
        with pytest.raises(errors.Missing):
            deed()


def test_an_update_answered_with_a_cancelled_event_found_none(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    made = google_meet.create(token, SPEC)
    google.fault("patch", "mutate", field="status", value="cancelled")
    with pytest.raises(errors.Missing):
        google_meet.update(token, made.external_id, SPEC)


@pytest.mark.parametrize(
    ("reason", "headers", "until_at"),
    [
        ("quotaExceeded", {}, NOW + timedelta(hours=1)),
        ("quotaExceeded", {"Retry-After": "600"}, NOW + timedelta(minutes=10)),
        ("dailyLimitExceeded", {}, datetime(2026, 11, 25, 8, 1, tzinfo=UTC)),
        ("dailyLimitExceeded", {"Retry-After": "Tue, 24 Nov 2026 19:30:00 GMT"}, NOW + timedelta(hours=1)),
        ("dailyLimitExceeded", {"Retry-After": "soon"}, datetime(2026, 11, 25, 8, 1, tzinfo=UTC)),
        ("quotaExceeded", {"Retry-After": "9" * 300}, NOW + timedelta(days=1)),
    ],
)
def test_a_limit_that_lasts_is_waited_out(
    google: Driver,
    google_meet: GoogleMeetProvider,
    token: Secret,
    reason: str,
    headers: dict[str, str],
    until_at: datetime,
) -> None:
    told = said(403, reason, "Limit Exceeded", "usageLimits", **headers)
    google.fault("insert", "status", status=told.status, body=told.body, headers=told.headers)
    with clock.at(NOW), pytest.raises(errors.Throttled) as raised:
        google_meet.create(token, SPEC)
    assert raised.value.until_at == until_at


def test_an_api_that_is_not_switched_on_is_the_operators_to_mend(
    google: Driver, google_meet: GoogleMeetProvider, token: Secret
) -> None:
    told = said(403, "accessNotConfigured", "Google Calendar API has not been used in project 5", "usageLimits")
    google.fault("insert", "status", status=403, body=told.body)
    with pytest.raises(errors.Misconfigured):
        google_meet.create(token, SPEC)


def test_an_account_that_is_gone_is_told_from_a_grant_that_ended(
    google: Driver, google_meet: GoogleMeetProvider
) -> None:
    tokens = google.connect(AMELIA, scope=ASKED_SCOPES)
    google.control("users", id=AMELIA, status="deleted")
    with pytest.raises(errors.GrantLost) as raised:
        google_meet.refresh(Secret(tokens.refresh))
    assert raised.value.cause == LostCause.USER_GONE


def test_the_refresh_token_stays_the_same_unless_google_sends_another() -> None:
    body = b'{"access_token": "a", "expires_in": "soon", "scope": "x y"}'
    found = oauth.tokens(Answer(200, {}, body), Secret("kept"))
    assert (found.refresh_token, found.expires_in, found.scopes) == (Secret("kept"), oauth.USUAL_LIFE, {"x", "y"})
    other = oauth.tokens(Answer(200, {}, b'{"access_token": "a", "refresh_token": "new"}'), Secret("kept"))
    assert other.refresh_token == Secret("new")
    with pytest.raises(TokenRefusal):
        oauth.tokens(Answer(200, {}, body))
