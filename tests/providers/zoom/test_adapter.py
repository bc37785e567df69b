"""Every answer of Zoom becomes a value or one of conferencing's errors, named by what happens next.

Codes and texts: https://developers.zoom.us/docs/api/errors/ and the tables of the four endpoints.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.ports import free_port
from tests.simulators.zoom.driver import NORA, REDIRECT_URI, VERIFIER, Driver
from tests.zoom import client_of
from treff.conferencing import errors
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.providers.zoom.adapter import ZoomProvider

START = datetime(2031, 6, 2, 8, 0, 0, 250_000, tzinfo=UTC)
SPEC = MeetingSpec("Beratung – Familie Öz", START, timedelta(minutes=45), "Europe/Berlin", "Ref 7K2M-1")
Deed = Callable[[], Any]


@pytest.fixture
def token(zoom: Driver) -> Secret:
    return Secret(zoom.connect().access)


@pytest.fixture
def deeds(provider: ZoomProvider, token: Secret) -> dict[str, Deed]:
    """The three effects; update and delete of a meeting that exists."""
    made = provider.create(token, SPEC).external_id
    return {
        "create": lambda: provider.create(token, SPEC),
        "update": lambda: provider.update(token, made, SPEC),
        "delete": lambda: provider.delete(token, made),
    }


def answer(zoom: Driver, operation: str, status: int, code: int | None, message: str) -> None:
    body = "" if code is None else {"code": code, "message": message}
    zoom.fault(operation, "status", status=status, body=body)


def test_a_meeting_is_made_as_we_promise(zoom: Driver, provider: ZoomProvider, token: Secret) -> None:
    made = provider.create(token, SPEC)
    (truth,) = zoom.alive()
    assert (str(truth["id"]), truth["join_url"]) == (made.external_id, made.join_url)
    assert (truth["topic"], truth["agenda"], truth["duration"]) == ("Beratung – Familie Öz", "Ref 7K2M-1", 45)
    assert (truth["start_time"], truth["timezone"], truth["type"]) == ("2031-06-02T08:00:00Z", "Europe/Berlin", 2)
    wanted = {"join_before_host": True, "waiting_room": False, "auto_recording": "none", "use_pmi": False}
    assert {name: truth["settings"][name] for name in wanted} == wanted
    assert made.passcode == Secret(truth["password"])
    assert made.start_url is not None
    assert "/s/" in made.start_url.reveal()
    assert truth["password"] not in repr(made)
    assert "zak" not in repr(made)


def test_a_start_elsewhere_is_told_in_utc_with_z(zoom: Driver, provider: ZoomProvider, token: Secret) -> None:
    local = datetime.fromisoformat("2031-12-01T09:00:00+01:00")
    provider.create(token, replace(SPEC, start_at=local))
    assert zoom.alive()[0]["start_time"] == "2031-12-01T08:00:00Z"


def test_a_long_title_is_cut_to_what_zoom_takes(zoom: Driver, provider: ZoomProvider, token: Secret) -> None:
    provider.create(token, replace(SPEC, title="ü" * 300))
    assert zoom.alive()[0]["topic"] == "ü" * 200


@pytest.mark.fault("F-069")
def test_an_update_moves_and_a_delete_removes_without_reading_a_body(
    zoom: Driver, provider: ZoomProvider, token: Secret
) -> None:
    made = provider.create(token, SPEC)
    provider.update(
        token, made.external_id, replace(SPEC, start_at=START + timedelta(days=1), duration=timedelta(hours=1))
    )
    (truth,) = zoom.alive()
    assert (truth["start_time"], truth["duration"], truth["join_url"]) == ("2031-06-03T08:00:00Z", 60, made.join_url)
    assert truth["agenda"] == "Ref 7K2M-1"
    provider.delete(token, made.external_id)
    assert zoom.alive() == []
    assert [call["status"] for call in zoom.truth()["calls"][-2:]] == [204, 204]


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ((400, 300, "Validation Failed."), errors.Refused),
        ((400, 3000, "You cannot schedule a meeting for x"), errors.Refused),
        ((400, 3161, "Your user account is not allowed meeting hosting and scheduling capabilities."), errors.Refused),
        ((400, 3003, "You are not the meeting host."), errors.Refused),
        ((400, 3008, "Meeting has started."), errors.Refused),
        ((403, 3001, "Meeting does not exist: 1."), errors.Refused),
        ((403, 3003, "not permitted access to the targeted resource"), errors.Refused),
        ((400, 3001, "Meeting does not exist: 1."), errors.Refused),
        ((404, 3001, "Meeting does not exist: 1."), errors.Missing),
        ((404, None, ""), errors.Refused),
        ((404, 1001, "User does not exist: x."), errors.GrantLost),
        ((400, 4711, "Invalid access token, does not contain scopes:[meeting:write:meeting]."), errors.GrantLost),
        ((400, 4700, "Invalid access token, does not contain scopes:[meeting:write:meeting]."), errors.GrantLost),
        ((401, 124, "Invalid access token."), errors.Unauthorized),
        ((400, 124, "Access token is expired."), errors.Unauthorized),
        ((401, None, ""), errors.Unauthorized),
        ((407, None, ""), errors.Unreachable),
        ((413, None, ""), errors.Refused),
        ((302, None, ""), errors.Misconfigured),
        (
            (429, 429, "You have reached the maximum per-second rate limit for this API. Try again later."),
            errors.Transient,
        ),
        ((429, 429, "You have exceeded the daily rate limit (100) of Meeting Create/Update"), errors.Throttled),
        ((429, 429, "Too many concurrent requests. A request for this user has already been made."), errors.Transient),
        ((429, None, ""), errors.Transient),
    ],
)
def test_a_documented_answer_becomes_the_error_of_what_happens_next(
    zoom: Driver, deeds: dict[str, Deed], operation: str, said: tuple[int, int | None, str], error: type[Exception]
) -> None:
    """`said`: status, code and message."""
    answer(zoom, operation, *said)
    with pytest.raises(errors.ProviderError) as raised:
        deeds[operation]()
    assert type(raised.value) is error


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("operation", "error"),
    [("create", errors.Ambiguous), ("update", errors.Ambiguous), ("delete", errors.Transient)],
)
def test_an_answer_that_leaves_it_open_is_ambiguous_but_for_a_delete_which_can_be_repeated(
    zoom: Driver, deeds: dict[str, Deed], operation: str, status: int, error: type[Exception]
) -> None:
    zoom.fault(operation, "status", status=status, body="", headers={"Retry-After": "60"} if status == 503 else {})
    with pytest.raises(errors.ProviderError) as raised:
        deeds[operation]()
    assert isinstance(raised.value, error)


@pytest.mark.parametrize("kind", ["reset", "act_then_reset", "down"])
@pytest.mark.parametrize(
    ("operation", "error"),
    [("create", errors.Ambiguous), ("update", errors.Ambiguous), ("delete", errors.Transient)],
)
def test_a_connection_that_breaks_leaves_it_open(
    zoom: Driver, deeds: dict[str, Deed], operation: str, kind: str, error: type[Exception]
) -> None:
    zoom.fault(operation, kind)
    with pytest.raises(errors.ProviderError) as raised:
        deeds[operation]()
    assert isinstance(raised.value, error)


def test_a_zoom_that_cannot_be_reached_has_not_acted(token: Secret) -> None:
    nowhere = ZoomProvider(client_of(f"http://127.0.0.1:{free_port()}"))
    nothing = Secret("code")
    for deed in (
        lambda: nowhere.create(token, SPEC),
        lambda: nowhere.update(token, "81234567890", SPEC),
        lambda: nowhere.delete(token, "81234567890"),
        lambda: nowhere.identify(token),
        lambda: nowhere.revoke(token),
        lambda: nowhere.refresh(token),
        lambda: nowhere.exchange_code(nothing, nothing, REDIRECT_URI),
    ):
        with pytest.raises(errors.Transient):
            deed()


@pytest.mark.fault("F-032")
@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_a_page_of_the_networks_own_is_no_success(zoom: Driver, deeds: dict[str, Deed], operation: str) -> None:
    zoom.fault(operation, "html", body='<html>{"id": 81234567890, "join_url": "x"}</html>')
    with pytest.raises((errors.Ambiguous, errors.Transient)) as raised:
        deeds[operation]()
    assert "html" not in str(raised.value)


@pytest.mark.fault("F-030")
@pytest.mark.parametrize("kind", ["bad_json", "truncate"])
def test_a_spoilt_answer_that_still_tells_the_id_makes_it_known(
    zoom: Driver, provider: ZoomProvider, token: Secret, kind: str
) -> None:
    zoom.fault("create", kind, bytes=100_000)
    if kind == "truncate":
        assert provider.create(token, SPEC).external_id == str(zoom.alive()[0]["id"])  # cut off behind its end
        return
    with pytest.raises(errors.Unusable) as raised:
        provider.create(token, SPEC)
    assert raised.value.external_id == str(zoom.alive()[0]["id"])


@pytest.mark.fault("F-030")
@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "1", "[" * 50_000, '{"id": 81234567890, "id": 81234567891,', "\x00"]
)
def test_an_answer_without_one_id_leaves_it_open(
    zoom: Driver, provider: ZoomProvider, token: Secret, body: str
) -> None:
    zoom.fault("create", "status_after", status=201, body=body)
    with pytest.raises(errors.Ambiguous):
        provider.create(token, SPEC)


@pytest.mark.fault("F-031")
def test_an_answer_cut_off_anywhere_is_the_meeting_its_id_or_open(
    zoom: Driver, provider: ZoomProvider, token: Secret
) -> None:
    zoom.control("limits", daily=10_000)
    outcomes = set()
    for size in (*range(0, 3000, 97), *range(1700, 2300, 31)):
        zoom.fault("create", "truncate", bytes=size)
        try:
            found = provider.create(token, SPEC).external_id
            outcomes.add("made")
        except errors.Unusable as unusable:
            found = unusable.external_id
            outcomes.add("id only")
        except errors.Ambiguous:
            outcomes.add("open")
            continue
        assert found == str(zoom.truth()["meetings"][-1]["id"])
    assert {"id only", "open"} <= outcomes


REMOVED = object()


@pytest.mark.fault("F-033")
@pytest.mark.parametrize("value", ["81234567890", 81234567890.0, 8.1e10, True, None, -5, 0, 2**63, [1], {}, REMOVED])
def test_an_id_that_is_no_whole_number_is_not_believed(
    zoom: Driver, provider: ZoomProvider, token: Secret, value: object
) -> None:
    zoom.fault("create", "mutate", field="id", **({} if value is REMOVED else {"value": value}))
    with pytest.raises(errors.Ambiguous):
        provider.create(token, SPEC)


@pytest.mark.fault("F-077")
@pytest.mark.parametrize("number", [2**31, 98_765_432_101, 2**53 + 1, 2**63 - 1])
def test_an_id_beyond_32_and_53_bits_is_kept_to_the_last_digit(
    zoom: Driver, provider: ZoomProvider, token: Secret, number: int
) -> None:
    zoom.fault("create", "mutate", field="id", value=number)
    assert provider.create(token, SPEC).external_id == str(number)


@pytest.mark.fault("F-033")
@pytest.mark.parametrize(
    "link",
    [
        *(REMOVED, None, 5, "", "http://zoom.us/j/1", "https://evil.example/j/1", "https://zoom.us.evil.example/j/1"),
        *(
            "https://evilzoom.us/j/1",
            "https://zoom.us@evil.example/j/1",
            "https://a:b@zoom.us/j/1",
            "javascript:alert(1)",
        ),
        *("https://us05web.zoom.us/s/81234567890?zak=x", "https://zoom.us/j/", "https://zoom.us/j/1/../../s/1"),
        *(
            "https://zoom.us/zoomconference?m=x",
            "//zoom.us/j/1",
            "https://[zoom.us/j/1",
            "https://zoom.us/j/1" + "x" * 2000,
        ),
    ],
)
def test_a_link_that_is_no_guests_link_of_zooms_is_not_sent_to_anybody_and_the_id_is_kept(
    zoom: Driver, provider: ZoomProvider, token: Secret, link: object
) -> None:
    zoom.fault("create", "mutate", field="join_url", **({} if link is REMOVED else {"value": link}))
    with pytest.raises(errors.Unusable) as raised:
        provider.create(token, SPEC)
    assert raised.value.external_id == str(zoom.alive()[0]["id"])


@pytest.mark.parametrize(
    "link",
    [
        "https://zoom.us/j/81234567890?pwd=abc.1",
        "https://us05web.zoom.us/j/81234567890",
        "https://nordlicht.zoom.us/j/81234567890",
        "https://agency.zoomgov.com/j/81234567890",
    ],
)
def test_zooms_links_are_taken_as_they_are(zoom: Driver, provider: ZoomProvider, token: Secret, link: str) -> None:
    zoom.fault("create", "mutate", field="join_url", value=link)
    assert provider.create(token, SPEC).join_url == link


NOW = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)
DAILY = "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests"


@pytest.mark.fault("F-040", "F-041", "F-042")
@pytest.mark.parametrize(
    ("said", "until_at"),
    [
        (None, datetime(2026, 11, 25, 0, 1, tzinfo=UTC)),
        ("2026-11-25T00:00:00Z", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-25T00:00:00", datetime(2026, 11, 25, tzinfo=UTC)),
        ("Wed, 25 Nov 2026 00:00:00 GMT", datetime(2026, 11, 25, tzinfo=UTC)),
        ("3600", NOW + timedelta(hours=1)),
        ("tomorrow", datetime(2026, 11, 25, 0, 1, tzinfo=UTC)),
        ("--5", datetime(2026, 11, 25, 0, 1, tzinfo=UTC)),
        ("²", datetime(2026, 11, 25, 0, 1, tzinfo=UTC)),
        ("9999-99-99T99:99:99Z", datetime(2026, 11, 25, 0, 1, tzinfo=UTC)),
        ("-60", NOW - timedelta(minutes=1)),
        ("9" * 400, NOW + timedelta(days=30)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_daily_limit_is_waited_out_until_the_time_that_is_said_or_the_next_day_begins(
    zoom: Driver, deeds: dict[str, Deed], said: str | None, until_at: datetime
) -> None:
    headers = {} if said is None or not said.isascii() else {"Retry-After": said}
    zoom.fault("create", "status", status=429, body={"code": 429, "message": DAILY}, headers=headers)
    with clock.at(NOW), pytest.raises(errors.Throttled) as raised:
        deeds["create"]()
    assert raised.value.until_at == until_at


def test_a_daily_limit_is_known_by_its_header_alone(zoom: Driver, deeds: dict[str, Deed]) -> None:
    zoom.fault("update", "status", status=429, body="", headers={"X-RateLimit-Type": "Daily-limit"})
    with pytest.raises(errors.Throttled):
        deeds["update"]()


def test_a_limit_per_second_is_waited_out_as_long_as_zoom_says(zoom: Driver, deeds: dict[str, Deed]) -> None:
    zoom.fault("create", "status", status=429, body={"code": 429, "message": "maximum per-second rate limit"})
    with pytest.raises(errors.Transient) as raised:
        deeds["create"]()
    assert raised.value.retry_after is None
    zoom.fault("create", "status", status=429, body="", headers={"Retry-After": "7"})
    with clock.at(NOW), pytest.raises(errors.Transient) as told:
        deeds["create"]()
    assert told.value.retry_after == timedelta(seconds=7)


def test_the_profile_says_whose_token_it_is(provider: ZoomProvider, token: Secret) -> None:
    identity = provider.identify(token)
    assert (identity.external_user_id, identity.display_name) == (NORA, "Nora Brandt")
    assert identity.email == "nora.brandt@nordlicht.example"


@pytest.mark.parametrize("kind", ["html", "empty", "reset", "status"])
def test_a_profile_that_cannot_be_read_may_be_asked_for_again(
    zoom: Driver, provider: ZoomProvider, token: Secret, kind: str
) -> None:
    zoom.fault("me", kind)
    with pytest.raises(errors.Transient):
        provider.identify(token)


def test_tokens_of_another_user_find_a_meeting_missing_and_it_stays(zoom: Driver, provider: ZoomProvider) -> None:
    made = provider.create(Secret(zoom.connect().access), SPEC)
    somebody_else = Secret(zoom.connect("lV6gTu4MSzrYlenaVogt0DQ").access)
    with pytest.raises(errors.Missing):
        provider.delete(somebody_else, made.external_id)
    assert len(zoom.alive()) == 1


def test_a_grant_that_lost_its_scopes_says_so(zoom: Driver, provider: ZoomProvider) -> None:
    zoom.control("users", id=NORA, scopes=["user:read:user"])
    with pytest.raises(errors.GrantLost) as raised:
        provider.create(Secret(zoom.connect().access), SPEC)
    assert raised.value.state == GrantState.SCOPE_MISSING


def test_the_consent_page_is_asked_for_with_state_and_a_hashed_challenge_and_no_scope(provider: ZoomProvider) -> None:
    url = provider.authorization_url(Secret("state-1"), "challenge-1", REDIRECT_URI)
    assert "state=state-1" in url
    assert "code_challenge=challenge-1&code_challenge_method=S256" in url
    assert "scope" not in url
    assert VERIFIER not in url
