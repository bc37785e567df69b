"""What crosses between the reconciler and a provider. Tokens are Secrets; instants are aware, in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from treff.conferencing.errors import ProviderNotSetUp
from treff.conferencing.states import Plan, Recording
from treff.kernel.secrets import Secret
from treff.kernel.stored import known


@dataclass(frozen=True, slots=True)
class MeetingOptions:
    """What a workspace decides for its meetings; what the account's own administrators locked goes before it (P02).

    `join_before_host` counts without a waiting room only.
    """

    join_before_host: bool = True
    waiting_room: bool = False
    recording: Recording = Recording.NONE

    @classmethod
    def of(cls, told: Mapping[str, object]) -> "MeetingOptions":
        """What `as_told` gave; of a newer version what is known here."""
        return cls(
            bool(told.get("join_before_host", True)),
            bool(told.get("waiting_room", False)),
            known(Recording, str(told.get("recording", "")), Recording.NONE),
        )

    def as_told(self) -> dict[str, object]:
        return {
            "join_before_host": self.join_before_host,
            "waiting_room": self.waiting_room,
            "recording": self.recording.value,
        }


@dataclass(frozen=True, slots=True)
class MeetingSpec:
    """A meeting as it should be. `marker` is for the host to tell twins apart; the attendee never sees it.

    `key` is of one create alone (32 hexadecimal digits): where a provider creates idempotently, the same key brings the
    same meeting however often it is sent.
    `options`: None where nobody has decided any, then the usual ones. `says_options`: an update has to say them; as
    long as they stay, it does not, so that what a host set for one meeting by hand stays too.
    """

    title: str
    start_at: datetime
    duration: timedelta
    time_zone: str
    marker: str = ""
    key: str = ""
    options: MeetingOptions | None = None
    says_options: bool = False

    @classmethod
    def of_told(cls, told: Mapping[str, object], marker: str, key: str) -> "MeetingSpec":
        """What was told then, to be sent again."""
        options = told.get("options")
        return cls(
            str(told["title"]),
            datetime.fromisoformat(str(told["start"])),
            timedelta(minutes=int(str(told["minutes"]))),
            str(told["time_zone"]),
            marker,
            key,
            options=MeetingOptions.of(options) if isinstance(options, Mapping) else None,
        )

    def as_told(self) -> dict[str, object]:
        """What the provider has been told, as JSON, to compare with later; marker and key stay as it was created."""
        return {
            "title": self.title,
            "start": self.start_at.isoformat(),
            "minutes": int(self.duration.total_seconds() // 60),
            "time_zone": self.time_zone,
            **({"options": self.options.as_told()} if self.options else {}),
        }


@dataclass(frozen=True, slots=True)
class RemoteMeeting:
    """A meeting that the provider made. `start_url` makes its bearer host: a secret, valid for a short while.

    `join_url` is empty as long as the provider is still making the link (LaterLinks).
    """

    external_id: str
    join_url: str
    passcode: Secret | None = None
    start_url: Secret | None = None
    start_url_valid_for: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class TokenSet:
    """An answer of the token endpoint. `expires_in` is counted from the moment of receipt."""

    access_token: Secret
    refresh_token: Secret
    expires_in: timedelta
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose account it is."""

    external_user_id: str
    email: str
    display_name: str
    plan: Plan = Plan.UNKNOWN


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`requests_per_day`: creates and updates that one account is allowed in a day (UTC); None: no such bound."""

    creates_idempotently: bool
    requests_per_day: int | None = None


class MeetingProvider(Protocol):
    """One vendor. Every method is one request with a total deadline and raises the errors of errors.py only."""

    @property
    def name(self) -> str: ...

    @property
    def client_id(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def scopes(self) -> frozenset[str]: ...

    def authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str: ...

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> TokenSet: ...

    def refresh(self, refresh_token: Secret) -> TokenSet: ...

    def revoke(self, token: Secret) -> None: ...

    def identify(self, access_token: Secret) -> Identity: ...

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        """Where it creates idempotently, a key that was sent before brings the meeting that it made then; Missing is
        raised if that has been deleted since.
        """
        ...

    def update(self, access_token: Secret, external_id: str, spec: MeetingSpec) -> None: ...

    def delete(self, access_token: Secret, external_id: str) -> None: ...


@runtime_checkable
class LaterLinks(Protocol):
    """A provider whose meetings may come without their link at first."""

    def read_link(self, access_token: Secret, external_id: str) -> str:
        """The join link, empty as long as it is being made. Raises Unusable if there will be none, Missing, others."""
        ...


@runtime_checkable
class BusyTimes(Protocol):
    """A provider whose accounts have a calendar, of which it can be read when its owner is busy, and no more than that.

    `busy_scope` is what the account has to have allowed for that; meetings do without it, unless it is theirs as well.
    """

    @property
    def busy_scope(self) -> str: ...

    @property
    def calendar_host(self) -> str:
        """Where people know the calendar from, such as calendar.google.com."""
        ...

    def busy_authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        """The consent page that asks for `busy_scope` besides what meetings need."""
        ...

    def read_busy(
        self, access_token: Secret, within: tuple[datetime, datetime], time_zone: str
    ) -> list[tuple[datetime, datetime]]:
        """Half-open, in UTC, in any order; they may overlap and stick out of `within`. Whole days are days in the zone.

        Raises the errors of errors.py; a GrantLost says of the free/busy alone that it was not allowed.
        """
        ...


_providers: dict[str, MeetingProvider] = {}


def connect(table: Mapping[str, MeetingProvider]) -> None:
    """Make `table` (provider name -> provider) the providers of this process. wiring.py calls it."""
    _providers.clear()
    _providers.update(table)


def provider_named(name: str) -> MeetingProvider:
    """Raises ProviderNotSetUp."""
    if name not in _providers:
        raise ProviderNotSetUp
    return _providers[name]


def provider_names() -> tuple[str, ...]:
    return tuple(_providers)
