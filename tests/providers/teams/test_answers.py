"""Every answer of Graph becomes a value or one of conferencing's errors, named by what happens next.

Codes: https://learn.microsoft.com/en-us/graph/errors and the pages of the calls.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.ports import free_port
from tests.simulators.microsoft.driver import AMELIA, JONAS, NORA, REDIRECT_URI, Driver
from tests.teams import SPEC, teams_of
from treff.conferencing import errors
from treff.conferencing.states import GrantState, LostCause
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.providers.teams.adapter import TeamsProvider

Deed = Callable[[], Any]


def answer(microsoft: Driver, operation: str, status: int, code: str, message: str = "Not this time.") -> None:
    body: Any = {"error": {"code": code, "message": message}} if code else ""
    microsoft.fault(operation, "status", status=status, body=body)


@pytest.mark.parametrize("operation", ["create", "update", "delete", "get"])
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ((400, "ErrorPropertyValidationFailure"), errors.Refused),
        ((400, "RequestBodyRead"), errors.Refused),
        ((400, ""), errors.Refused),
        ((401, "InvalidAuthenticationToken"), errors.Unauthorized),
        ((401, ""), errors.Unauthorized),
        ((403, "ErrorAccessDenied"), errors.GrantLost),
        ((403, "Forbidden"), errors.Refused),
        ((403, ""), errors.Refused),
        ((404, "ErrorItemNotFound"), errors.Missing),
        ((404, "ResourceNotFound"), errors.Refused),
        ((404, "MailboxNotEnabledForRESTAPI"), errors.Refused),
        ((404, ""), errors.Refused),
        ((407, ""), errors.Unreachable),
        ((409, "ErrorIrresolvableConflict"), errors.Transient),
        ((410, "Gone"), errors.Missing),
        ((412, "ErrorIrresolvableConflict"), errors.Transient),
        ((413, ""), errors.Refused),
        ((423, "ErrorItemLocked"), errors.Transient),
        ((429, "ApplicationThrottled"), errors.Transient),
        ((429, ""), errors.Transient),
        ((302, ""), errors.Misconfigured),
    ],
)
def test_a_documented_answer_becomes_the_error_of_what_happens_next(
    microsoft: Driver, deeds: dict[str, Deed], operation: str, said: tuple[int, str], error: type[Exception]
) -> None:
    """`said`: status and code."""
    answer(microsoft, operation, *said)
    with pytest.raises(errors.ProviderError) as raised:
        deeds[operation]()
    assert type(raised.value) is error


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 509])
@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("create", errors.Ambiguous),
        ("update", errors.Ambiguous),
        ("delete", errors.Transient),
        ("get", errors.Transient),
    ],
)
def test_an_answer_that_leaves_it_open_is_ambiguous_but_for_what_can_be_repeated(
    microsoft: Driver, deeds: dict[str, Deed], operation: str, status: int, error: type[Exception]
) -> None:
    microsoft.fault(operation, "status", status=status, headers={"Retry-After": "60"} if status == 503 else {})
    with pytest.raises(errors.ProviderError) as raised:
        deeds[operation]()
    assert isinstance(raised.value, error)


@pytest.mark.parametrize("kind", ["reset", "act_then_reset", "down", "html"])
@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("create", errors.Ambiguous),
        ("update", errors.Ambiguous),
        ("delete", errors.Transient),
        ("get", errors.Transient),
    ],
)
def test_a_connection_that_breaks_or_a_networks_own_page_leaves_it_open(
    microsoft: Driver, deeds: dict[str, Deed], operation: str, kind: str, error: type[Exception]
) -> None:
    microsoft.fault(operation, kind)
    with pytest.raises(errors.ProviderError) as raised:
        deeds[operation]()
    assert isinstance(raised.value, error)
    assert "html" not in str(raised.value)


def test_a_microsoft_that_cannot_be_reached_has_not_acted(token: Secret) -> None:
    nowhere = teams_of(f"http://127.0.0.1:{free_port()}")
    nothing = Secret("code")
    for deed in (
        lambda: nowhere.create(token, SPEC),
        lambda: nowhere.update(token, "AAkALgAA", SPEC),
        lambda: nowhere.update(token, "meeting:MSox", SPEC),
        lambda: nowhere.delete(token, "AAkALgAA"),
        lambda: nowhere.read_link(token, "AAkALgAA"),
        lambda: nowhere.identify(token),
        lambda: nowhere.refresh(token),
        lambda: nowhere.exchange_code(nothing, nothing, REDIRECT_URI),
    ):
        with pytest.raises(errors.Unreachable):
            deed()


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "1", "[" * 50_000, '{"id": 5}', '{"id": ""}', '{"id": "a\\u0000"}', "\x00"]
)
def test_an_answer_without_an_id_leaves_it_open(
    microsoft: Driver, teams: TeamsProvider, token: Secret, body: str
) -> None:
    microsoft.fault("create", "status_after", status=201, body=body)
    with pytest.raises(errors.Ambiguous):
        teams.create(token, SPEC)
    assert teams.create(token, SPEC).external_id == microsoft.alive()[0]["id"]


def test_a_meeting_without_an_id_leaves_it_open(
    microsoft: Driver, teams: TeamsProvider, without_calendar: Secret
) -> None:
    microsoft.fault("create", "mutate", field="id")
    with pytest.raises(errors.Ambiguous):
        teams.create(without_calendar, SPEC)


NOW = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)


@pytest.mark.fault("F-160")
@pytest.mark.parametrize("operation", ["create", "update", "delete", "get", "calendar"])
@pytest.mark.parametrize(
    ("said", "seconds"),
    [("10", 10), ("0", 0), ("Tue, 24 Nov 2026 18:31:00 GMT", 60), ("9" * 400, 30 * 86_400)],
)
def test_throttling_keeps_the_account_quiet_as_long_as_microsoft_says(
    microsoft: Driver, deeds: dict[str, Deed], operation: str, said: str, seconds: int
) -> None:
    microsoft.fault(operation, "status", status=429, headers={"Retry-After": said})
    with clock.at(NOW), pytest.raises(errors.Throttled) as raised:
        deeds["create" if operation == "calendar" else operation]()
    assert raised.value.until_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("said", ["tomorrow", "-5", "²", ""])
def test_throttling_without_a_time_that_makes_sense_is_waited_out_as_an_outage(
    microsoft: Driver, deeds: dict[str, Deed], said: str
) -> None:
    headers = {"Retry-After": said} if said.isascii() else {}
    microsoft.fault("update", "status", status=429, headers=headers)
    with pytest.raises(errors.Transient) as raised:
        deeds["update"]()
    assert raised.value.retry_after is None


@pytest.mark.fault("F-160")
def test_a_service_that_is_unavailable_for_a_while_is_asked_again_after_it(
    microsoft: Driver, deeds: dict[str, Deed]
) -> None:
    microsoft.fault("delete", "status", status=503, headers={"Retry-After": "120"})
    with pytest.raises(errors.Transient) as raised:
        deeds["delete"]()
    assert raised.value.retry_after == timedelta(minutes=2)


@pytest.mark.fault("F-160")
def test_the_limit_of_a_mailbox_is_waited_out(microsoft: Driver, teams: TeamsProvider, token: Secret) -> None:
    microsoft.control("limits", requests=2, retry_after=10)
    teams.create(token, SPEC)
    with clock.at(NOW), pytest.raises(errors.Throttled) as raised:
        teams.create(token, replace(SPEC, key="f" * 32))
    assert raised.value.until_at == NOW + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("message", "state", "cause"),
    [
        ("Access is denied. Check credentials and try again.", GrantState.SCOPE_MISSING, LostCause.SCOPES),
        ("Access to OData is disabled.", GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN),
    ],
)
def test_a_permission_that_is_missing_is_told_from_one_that_the_organisation_withholds(
    microsoft: Driver, deeds: dict[str, Deed], message: str, state: GrantState, cause: LostCause
) -> None:
    answer(microsoft, "update", 403, "ErrorAccessDenied", message)
    with pytest.raises(errors.GrantLost) as raised:
        deeds["update"]()
    assert (raised.value.state, raised.value.cause) == (state, cause)


def test_a_grant_without_the_calendar_says_what_it_lacks(microsoft: Driver, teams: TeamsProvider) -> None:
    token = Secret(microsoft.connect(scope="offline_access User.Read").access)
    with pytest.raises(errors.GrantLost) as raised:
        teams.create(token, SPEC)
    assert raised.value.missing == {"Calendars.ReadWrite"}


def test_the_profile_says_whose_token_it_is(microsoft: Driver, teams: TeamsProvider) -> None:
    identity = teams.identify(Secret(microsoft.connect().access))
    assert (identity.external_user_id, identity.display_name) == (NORA, "Nora Brandt")
    assert identity.email == "nora.brandt@nordlicht.example"
    without_mailbox = teams.identify(Secret(microsoft.connect(JONAS).access))
    assert without_mailbox.email == "jonas.weber@nordlicht.example"
    assert teams.identify(Secret(microsoft.connect(AMELIA).access)).external_user_id == AMELIA


def test_a_profile_that_may_not_be_read_says_what_is_missing(microsoft: Driver, teams: TeamsProvider) -> None:
    with pytest.raises(errors.GrantLost) as raised:
        teams.identify(Secret(microsoft.connect(scope="offline_access Calendars.ReadWrite").access))
    assert raised.value.missing == {"User.Read"}


@pytest.mark.parametrize("kind", ["html", "empty", "reset", "status"])
def test_a_profile_that_cannot_be_read_may_be_asked_for_again(
    microsoft: Driver, teams: TeamsProvider, token: Secret, kind: str
) -> None:
    microsoft.fault("me", kind)
    with pytest.raises(errors.Transient):
        teams.identify(token)


def test_tokens_of_another_user_find_an_event_missing_and_it_stays(microsoft: Driver, teams: TeamsProvider) -> None:
    made = teams.create(Secret(microsoft.connect().access), SPEC)
    with pytest.raises(errors.Missing):
        teams.delete(Secret(microsoft.connect(AMELIA).access), made.external_id)
    assert len(microsoft.alive()) == 1
