"""Microsoft Teams at the contract. Bodies: https://learn.microsoft.com/en-us/graph/errors and, for tokens,
https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from simulators.microsoft.config import Config
from simulators.microsoft.server import serve_in_thread
from tests.providers.contract import Operation, Person, Said, Stand, Truth, Vocabulary
from tests.simulators.microsoft.driver import AMELIA, APP, NORA, REDIRECT_URI, VERIFIER, Driver
from tests.teams import teams_of
from treff.kernel.secrets import Secret
from treff.providers.teams.adapter import TeamsProvider
from treff.providers.teams.client import ASKED

_OPERATIONS = {"profile": "me"}
# How long a link is held; access tokens live longer.
_HELD_SECONDS = 60


def _said(status: int, code: str, message: str = "Not this time.") -> Said:
    return Said(status, {"error": {"code": code, "message": message}})


def _refusal(error: str, number: int, status: int = 400) -> Said:
    described = f"AADSTS{number}: Not this time.\r\nTrace ID: 1"
    return Said(status, {"error": error, "error_description": described, "error_codes": [number]})


WORDS = Vocabulary(
    unauthorized=(_said(401, "InvalidAuthenticationToken"), Said(401)),
    missing=(_said(404, "ErrorItemNotFound", "The specified object was not found in the store."), _said(410, "Gone")),
    refused=(
        _said(400, "ErrorPropertyValidationFailure", "At least one property failed validation."),
        _said(403, "Forbidden"),
        _said(404, "MailboxNotEnabledForRESTAPI"),
        Said(404),
        Said(410, "<html>gone</html>"),
        Said(403),
        Said(413),
    ),
    too_many=(
        _said(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        _said(429, "TooManyRequests"),
        Said(429),
    ),
    scopes_missing=(_said(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."),),
    blocked_by_admin=(_said(403, "ErrorAccessDenied", "Access to OData is disabled."),),
    grant_refused=(
        _refusal("invalid_grant", 50173),
        _refusal("invalid_grant", 700082),
        _refusal("interaction_required", 50076),
        _refusal("invalid_grant", 50057),
    ),
    grant_blocked=(_refusal("invalid_grant", 65001), _refusal("invalid_grant", 53003)),
    app_refused=(
        _refusal("invalid_client", 7000215, 401),
        _refusal("invalid_client", 7000222, 401),
        _refusal("unauthorized_client", 700016),
    ),
    good_links=(
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NTg0@thread.v2/0?context=%7b%22Tid%22%3a%221%22%7d",
        "https://teams.microsoft.com/meet/29812345678?p=abcDEF",
        "https://gov.teams.microsoft.us/l/meetup-join/19%3ameeting_1/0",
    ),
    bad_links=(
        *("http://teams.microsoft.com/meet/1", "https://evil.example/meet/1", "javascript:alert(1)"),
        *("https://teams.microsoft.com.evil.example/meet/1", "https://evilteams.microsoft.us/meet/1"),
        *("https://teams.microsoft.com@evil.example/meet/1", "https://a:b@teams.microsoft.com/meet/1"),
        *("https://teams.microsoft.com:8443/meet/1", "https://teams.microsoft.com/", "//teams.microsoft.com/meet/1"),
        *("https://teams.microsoft.com/l/channel/19", "https://[teams.microsoft.com/meet/1"),
        "https://teams.microsoft.com/meet/1" + "x" * 2000,
    ),
)


class TeamsStand:
    """contract.Stand and contract.Holding."""

    redirect_uri = REDIRECT_URI
    verifier = Secret(VERIFIER)
    words = WORDS
    people = (Person(NORA, "nora.brandt@nordlicht.example"), Person(AMELIA, "amelia.stone@stone-advisory.example"))

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.provider = teams_of(driver.url)
        self._passed = 0

    def code(self, person: int = 0) -> Secret:
        return Secret(self.driver.code(self.people[person].external_user_id, scope=" ".join(ASKED)))

    def withhold_scopes(self, person: int = 0) -> None:
        kept = ["offline_access", "User.Read"]
        self.driver.control("users", id=self.people[person].external_user_id, scopes=kept)

    def leave(self, person: int = 0) -> None:
        self.driver.control("deauthorize", user_id=self.people[person].external_user_id)

    def elsewhere(self, *, url: str = "", client_secret: str = "") -> TeamsProvider:
        changes = {"client_secret": client_secret} if client_secret else {}
        return teams_of(url or self.driver.url, **changes)

    def break_(self, operation: Operation, kind: str, **more: Any) -> None:
        self.driver.fault(_OPERATIONS.get(operation, operation), kind, **more)

    def spoil_link(self, link: str) -> None:
        self.driver.fault("create", "mutate", field="onlineMeeting.joinUrl", value=link)

    def meetings(self) -> list[Truth]:
        return [_truth(found) for found in self.driver.alive()]

    def remove_by_hand(self, token: Secret, external_id: str) -> None:
        self.driver.control("events/delete", user_id=NORA, id=external_id)

    def hold_links(self) -> None:
        self.driver.control("limits", link_seconds=_HELD_SECONDS)

    def settle_link(self, external_id: str, *, works: bool) -> bool:
        """Graph has no word for a link that failed: it stays away."""
        if works:
            self._passed += _HELD_SECONDS + 1
            self.driver.control("clock", offset_seconds=self._passed)
        return works


def _truth(found: dict[str, Any]) -> Truth:
    begins, ends = (datetime.fromisoformat(found[name]) for name in ("starts_at", "ends_at"))
    return Truth(found["id"], found["subject"], begins, ends - begins, found["body"], found["join_url"] or "")


@contextmanager
def opened() -> Iterator[Callable[[], Stand]]:
    """A running simulator; each call gives it as on its first start."""
    with serve_in_thread(Config(app=APP)) as handle:
        driver = Driver(handle.url)

        def fresh() -> Stand:
            driver.http.post("/_control/reset")
            return TeamsStand(driver)

        yield fresh
        driver.http.delete("/_control/faults")
        driver.close()
