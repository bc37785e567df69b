"""What every provider must hold, over its real simulator: here is what the cases need of a vendor.

A case (test_contract_meetings.py, test_contract_tokens.py) gets a `Stand`: one vendor's simulator with our adapter in
front of it. Another provider joins with `stands/NAME.py` and a line in stands/__init__.py. A case that it cannot meet
is not left out but says what must hold instead, by its capabilities.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from treff.conferencing.ports import MeetingProvider, MeetingSpec, TokenSet
from treff.kernel.secrets import Secret

# What can be broken; each stand knows what its simulator calls it. `token` means both grants, `refresh` the second.
Operation = Literal["create", "update", "delete", "profile", "token", "refresh"]
START = datetime(2031, 6, 2, 8, 0, 0, 250_000, tzinfo=UTC)
SPEC = MeetingSpec("Beratung – Familie Öz", START, timedelta(minutes=45), "Europe/Berlin", "Ref 7K2M-1", "0" * 31 + "1")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account at the vendor."""

    external_user_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Truth:
    """A living meeting as the vendor knows it; `link` is the guests'. Instants in UTC, `note` holds our marker."""

    external_id: str
    title: str
    starts_at: datetime
    duration: timedelta
    note: str
    link: str


@dataclass(frozen=True, slots=True)
class Said:
    """An answer in the vendor's own words. `body` "" is none."""

    status: int
    body: object = ""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How the vendor says what several say. Every list holds one or more answers to a create, update or delete."""

    unauthorized: Sequence[Said]
    missing: Sequence[Said]
    refused: Sequence[Said]
    too_many: Sequence[Said]
    scopes_missing: Sequence[Said]
    blocked_by_admin: Sequence[Said]
    # Of the token endpoint.
    grant_refused: Sequence[Said]
    grant_blocked: Sequence[Said]
    app_refused: Sequence[Said]
    # Links for guests as the vendor has them, and what must never be mailed.
    good_links: Sequence[str]
    bad_links: Sequence[str]


class Stand(Protocol):
    """One vendor's simulator, as on its first start, and our adapter that speaks to it."""

    provider: MeetingProvider
    redirect_uri: str
    verifier: Secret
    people: tuple[Person, Person]
    words: Vocabulary

    def code(self, person: int = 0) -> Secret:
        """An authorization code: this person agreed to all that the adapter asks for, with the verifier's challenge."""
        ...

    def withhold_scopes(self, person: int = 0) -> None:
        """From now on this person's consent leaves out what meetings need."""
        ...

    def leave(self, person: int = 0) -> None:
        """The person ends the app's access at the vendor."""
        ...

    def elsewhere(self, *, url: str = "", client_secret: str = "") -> MeetingProvider:
        """The adapter with another address of the vendor, or with another secret."""
        ...

    def break_(self, operation: Operation, kind: str, **more: Any) -> None:
        """Order one fault: status, status_after, reset, act_then_reset, down, html, truncate, empty, bad_json."""
        ...

    def spoil_link(self, link: str) -> None:
        """The next create is answered with this join link."""
        ...

    def meetings(self) -> list[Truth]:
        """Those that live, in the order in which they were made."""
        ...

    def remove_by_hand(self, token: Secret, external_id: str) -> None:
        """As if its owner, whose token it is, had removed it in the vendor's own pages."""
        ...


class Holding(Protocol):
    """A stand whose vendor makes links later (ports.LaterLinks)."""

    def hold_links(self) -> None:
        """The next meeting comes without a link, and stays so until it is settled."""
        ...

    def settle_link(self, external_id: str, *, works: bool) -> bool:
        """The link is made now, or failed. False where this vendor has no such failure."""
        ...


Opened = Callable[[], AbstractContextManager[Callable[[], Stand]]]


def answer(stand: Stand, operation: Operation, said: Said) -> None:
    """The vendor says this to the next such request, and does not act."""
    stand.break_(operation, "status", status=said.status, body=said.body, headers=dict(said.headers or {}))


def connect(stand: Stand, person: int = 0) -> TokenSet:
    return stand.provider.exchange_code(stand.code(person), stand.verifier, stand.redirect_uri)
