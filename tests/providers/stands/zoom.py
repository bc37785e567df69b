"""Zoom at the contract. Codes and texts: https://developers.zoom.us/docs/api/errors/"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from simulators.zoom.config import Config
from simulators.zoom.server import serve_in_thread
from tests.providers.contract import Operation, Person, Said, Stand, Truth, Vocabulary
from tests.simulators.zoom.driver import APP, NORA, REDIRECT_URI, VERIFIER, Driver, Tokens
from tests.zoom import client_of
from treff.kernel.secrets import Secret
from treff.providers.zoom.adapter import ZoomProvider

LENA = "lV6gTu4MSzrYlenaVogt0DQ"
_OPERATIONS = {"profile": "me"}


def _said(status: int, code: int, message: str) -> Said:
    return Said(status, {"code": code, "message": message})


WORDS = Vocabulary(
    unauthorized=(_said(401, 124, "Invalid access token."), _said(400, 124, "Access token is expired."), Said(401)),
    missing=(_said(404, 3001, "Meeting does not exist: 1."),),
    refused=(
        _said(400, 300, "Validation Failed."),
        _said(400, 3000, "You cannot schedule a meeting for x"),
        _said(403, 3003, "not permitted access to the targeted resource"),
        Said(404),
        Said(413),
    ),
    too_many=(
        _said(429, 429, "You have reached the maximum per-second rate limit for this API. Try again later."),
        _said(429, 429, "You have exceeded the daily rate limit (100) of Meeting Create/Update"),
        Said(429),
    ),
    scopes_missing=(_said(400, 4711, "Invalid access token, does not contain scopes:[meeting:write:meeting]."),),
    blocked_by_admin=(),
    grant_refused=(Said(400, {"error": "invalid_grant", "reason": "Invalid Token!"}), Said(400, {"errorCode": 4741})),
    grant_blocked=(Said(400, {"errorCode": 4738}),),
    app_refused=(Said(401, {"error": "invalid_client"}), Said(400, {"errorCode": 4702, "error": "invalid_grant"})),
    good_links=("https://us05web.zoom.us/j/81234567890?pwd=abc.1", "https://nordlicht.zoom.us/j/81234567890"),
    bad_links=(
        *("", "http://zoom.us/j/1", "https://evil.example/j/1", "https://zoom.us.evil.example/j/1"),
        *("https://evilzoom.us/j/1", "https://zoom.us@evil.example/j/1", "https://a:b@zoom.us/j/1"),
        *("javascript:alert(1)", "https://us05web.zoom.us/s/81234567890?zak=x", "//zoom.us/j/1"),
        *("https://[zoom.us/j/1", "https://zoom.us/j/1" + "x" * 2000),
    ),
)


class ZoomStand:
    """contract.Stand."""

    redirect_uri = REDIRECT_URI
    verifier = Secret(VERIFIER)
    words = WORDS
    people = (Person(NORA, "nora.brandt@nordlicht.example"), Person(LENA, "lena.vogt@nordlicht-waerme.example"))

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.provider = ZoomProvider(client_of(driver.url))

    def code(self, person: int = 0) -> Secret:
        return Secret(self.driver.code(self.people[person].external_user_id))

    def withhold_scopes(self, person: int = 0) -> None:
        self.driver.control("users", id=self.people[person].external_user_id, scopes=["user:read:user"])

    def leave(self, person: int = 0) -> None:
        self.driver.control("deauthorize", user_id=self.people[person].external_user_id)

    def elsewhere(self, *, url: str = "", client_secret: str = "") -> ZoomProvider:
        changes = {"client_secret": client_secret} if client_secret else {}
        return ZoomProvider(client_of(url or self.driver.url, **changes))

    def break_(self, operation: Operation, kind: str, **more: Any) -> None:
        self.driver.fault(_OPERATIONS.get(operation, operation), kind, **more)

    def spoil_link(self, link: str) -> None:
        self.driver.fault("create", "mutate", field="join_url", value=link)

    def meetings(self) -> list[Truth]:
        return [
            Truth(
                external_id=str(found["id"]),
                title=found["topic"],
                starts_at=datetime.fromisoformat(found["start_time"]),
                duration=timedelta(minutes=found["duration"]),
                note=found["agenda"],
                link=found["join_url"],
            )
            for found in self.driver.alive()
        ]

    def remove_by_hand(self, token: Secret, external_id: str) -> None:
        self.driver.delete(Tokens(token.reveal(), ""), int(external_id))


@contextmanager
def opened() -> Iterator[Callable[[], Stand]]:
    """A running simulator; each call gives it as on its first start."""
    with serve_in_thread(Config(app=APP)) as handle:
        driver = Driver(handle.url)

        def fresh() -> Stand:
            driver.http.post("/_control/reset")
            return ZoomStand(driver)

        yield fresh
        driver.http.delete("/_control/faults")
        driver.close()
