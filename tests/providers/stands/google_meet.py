"""Google Meet at the contract. Bodies: https://developers.google.com/workspace/calendar/api/guides/errors"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from simulators.google.config import Config
from simulators.google.server import serve_in_thread
from tests.google import client_of
from tests.providers.contract import Operation, Person, Said, Stand, Truth, Vocabulary
from tests.simulators.google.driver import APP, LENA, NORA, NORA_EMAIL, REDIRECT_URI, VERIFIER, Driver
from treff.kernel.secrets import Secret
from treff.providers.google_meet.adapter import ASKED_SCOPES, GoogleMeetProvider

_OPERATIONS = {"create": "insert", "update": "patch", "profile": "userinfo"}


def said(status: int, reason: str, message: str, domain: str = "global", **more: str) -> Said:
    error = {"domain": domain, "reason": reason, "message": message}
    return Said(status, {"error": {"errors": [error], "code": status, "message": message}}, more)


WORDS = Vocabulary(
    unauthorized=(said(401, "authError", "Invalid Credentials"), Said(401)),
    missing=(said(404, "notFound", "Not Found"), said(410, "deleted", "Resource has been deleted")),
    refused=(
        said(400, "timeRangeEmpty", "The specified time range is empty.", "calendar"),
        said(403, "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer.", "calendar"),
        said(403, "requiredAccessLevel", "You need to have writer access to this calendar.", "calendar"),
        said(412, "conditionNotMet", "Precondition Failed"),
        Said(404),
        Said(410, "<html>gone</html>"),
        Said(403),
        Said(413),
    ),
    too_many=(
        said(403, "userRateLimitExceeded", "User Rate Limit Exceeded", "usageLimits"),
        said(403, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits"),
        said(429, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits"),
        said(403, "quotaExceeded", "Calendar usage limits exceeded.", "usageLimits"),
        said(403, "dailyLimitExceeded", "Daily Limit Exceeded", "usageLimits"),
        Said(429),
    ),
    scopes_missing=(said(403, "insufficientPermissions", "Insufficient Permission"),),
    blocked_by_admin=(said(403, "domainPolicy", "The domain administrators have disabled this app."),),
    grant_refused=(
        Said(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
        Said(400, {"error": "invalid_grant", "error_description": "Account has been deleted"}),
        Said(400, {"error": "invalid_grant", "error_subtype": "invalid_rapt"}),
    ),
    grant_blocked=(Said(400, {"error": "admin_policy_enforced"}), Said(403, {"error": "org_internal"})),
    app_refused=(
        Said(401, {"error": "invalid_client"}),
        Said(400, {"error": "unauthorized_client"}),
        Said(401, {"error": "deleted_client"}),
    ),
    good_links=("https://meet.google.com/abc-mnop-xyz",),
    bad_links=(
        *("http://meet.google.com/abc-mnop-xyz", "https://evil.example/abc-mnop-xyz", "javascript:alert(1)"),
        *("https://meet.google.com.evil.example/abc-mnop-xyz", "https://evilmeet.google.com/abc-mnop-xyz"),
        *("https://meet.google.com@evil.example/abc-mnop-xyz", "https://a:b@meet.google.com/abc-mnop-xyz"),
        *("https://meet.google.com:8443/abc-mnop-xyz", "https://meet.google.com/", "//meet.google.com/abc-mnop-xyz"),
        *("https://meet.google.com/linkredirect?dest=https://evil.example", "https://[meet.google.com/abc"),
        *("https://meet.google.com/linkredirect/../x", "https://meet.google.com/abc-mnop-xyz?" + "x" * 2000),
    ),
)


class GoogleMeetStand:
    """contract.Stand and contract.Holding."""

    redirect_uri = REDIRECT_URI
    verifier = Secret(VERIFIER)
    words = WORDS
    people = (Person(NORA, NORA_EMAIL), Person(LENA, "lena.vogt@gmail.example"))

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.provider = GoogleMeetProvider(client_of(driver.url))

    def code(self, person: int = 0) -> Secret:
        return Secret(self.driver.code(self.people[person].external_user_id, scope=ASKED_SCOPES))

    def withhold_scopes(self, person: int = 0) -> None:
        kept = ["openid", "https://www.googleapis.com/auth/userinfo.email"]
        self.driver.control("users", id=self.people[person].external_user_id, scopes=kept)

    def leave(self, person: int = 0) -> None:
        self.driver.control("deauthorize", user_id=self.people[person].external_user_id)

    def elsewhere(self, *, url: str = "", client_secret: str = "") -> GoogleMeetProvider:
        changes = {"client_secret": client_secret} if client_secret else {}
        return GoogleMeetProvider(client_of(url or self.driver.url, **changes))

    def break_(self, operation: Operation, kind: str, **more: Any) -> None:
        self.driver.fault(_OPERATIONS.get(operation, operation), kind, **more)

    def spoil_link(self, link: str) -> None:
        points = [{"entryPointType": "video", "uri": link}]
        self.driver.fault("insert", "mutate", field="conferenceData.entryPoints", value=points)

    def meetings(self) -> list[Truth]:
        return [_truth(found) for found in self.driver.alive()]

    def remove_by_hand(self, token: Secret, external_id: str) -> None:
        self.driver.control("events/delete", id=external_id)

    def hold_links(self) -> None:
        self.driver.control("conferences", seconds=None)

    def settle_link(self, external_id: str, *, works: bool) -> bool:
        self.driver.control("conferences/settle", id=external_id, outcome="success" if works else "failure")
        return True


def _truth(found: dict[str, Any]) -> Truth:
    begins, ends = (datetime.fromisoformat(found[end]["dateTime"]).astimezone(UTC) for end in ("start", "end"))
    return Truth(
        external_id=found["id"],
        title=found["summary"],
        starts_at=begins,
        duration=ends - begins,
        note=found.get("description", ""),
        link=found["meet_link"] or "",
    )


@contextmanager
def opened() -> Iterator[Callable[[], Stand]]:
    """A running simulator; each call gives it as on its first start."""
    with serve_in_thread(Config(app=APP)) as handle:
        driver = Driver(handle.url)

        def fresh() -> Stand:
            driver.http.post("/_control/reset")
            return GoogleMeetStand(driver)

        yield fresh
        driver.http.delete("/_control/faults")
        driver.close()
