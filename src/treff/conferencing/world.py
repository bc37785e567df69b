"""What a pass needs around it: rows, tokens, a journal, a provider, and chance.

In production these are rows.py and its neighbours. The simulation of tests/faults has its own, so that the very code of
the reconciler runs through thousands of accidents.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from treff.conferencing.breaker import Breaker
from treff.conferencing.errors import GrantLost
from treff.conferencing.ports import MeetingOptions, MeetingProvider
from treff.conferencing.states import AttemptState
from treff.kernel.secrets import Secret, SecretError

# Whoever wants a look while another pass holds the row writes this as `next_look_at`: the holder then does not settle.
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


class AppointmentRow(Protocol):
    """What is wanted. A pass reads it, and writes the link by `Rows.record_link` only."""

    pk: int
    public_id: str
    host_id: int
    title: str
    start_at: datetime
    duration: timedelta
    time_zone: str
    provider: str
    generation: int

    @property
    def is_wanted(self) -> bool: ...

    @property
    def rests_until(self) -> datetime | None:
        """Until then its last change may be taken back, and nothing follows from it."""
        ...


class MeetingRow(Protocol):
    """What is known: models.Meeting says what each column means."""

    pk: int
    appointment_id: int
    provider: str
    external_id: str
    account: str
    told: Mapping[str, object]
    kept: bool
    options: Mapping[str, object] | None
    confirm_at: datetime | None
    next_look_at: datetime | None
    synced_at: datetime | None
    asked_at: datetime
    epoch: int
    tries: int
    awaits_link: bool


class AttemptRow(Protocol):
    """One create, of the intent log."""

    pk: int
    meeting_id: int
    number: int
    provider: str
    account: str
    told: Mapping[str, object]
    marker: str
    key: str
    state: str
    external_id: str
    unusable: bool
    created_at: datetime


class GrantRow(Protocol):
    pk: int
    account: str
    paused_until: datetime


class ConnectionRow(Protocol):
    pk: int
    provider: str
    member_id: int | None
    leaving_until: datetime | None

    @property
    def grant(self) -> GrantRow: ...


class Rows(Protocol):
    """Each call is atomic by itself; within `atomic()` all or nothing happens, and locked rows stay held."""

    def atomic(self) -> AbstractContextManager[object]: ...

    def claim(self, meeting_id: int, now: datetime, lease_until: datetime) -> MeetingRow | None:
        """If nobody holds the row: hold it until then, epoch + 1, due from now on. The row, if it is ours."""
        ...

    def meeting(self, meeting_id: int, *, locked: bool = False) -> MeetingRow: ...

    def change(self, meeting_id: int, epoch: int | None, **columns: object) -> bool:
        """Write if the epoch is still this one (None: whatever it is). Whether it was."""
        ...

    def renew(self, meeting_id: int, epoch: int, connection_id: int, **columns: object) -> bool:
        """Write if the row is ours, the lease has not ended and the connection is there. Whether so."""
        ...

    def attempt(self, attempt_id: int) -> AttemptRow | None: ...

    def attempts(self, meeting_id: int) -> Sequence[AttemptRow]:
        """By number."""
        ...

    def add_attempt(self, meeting_id: int, **columns: object) -> AttemptRow: ...

    def change_attempt(self, attempt_id: int, states: Sequence[AttemptState], **columns: object) -> bool:
        """Write if it is in one of these states. Whether it was."""
        ...

    def appointment(self, appointment_id: int, *, locked: bool = False) -> AppointmentRow: ...

    def connections(self, appointment: AppointmentRow, accounts: Sequence[str]) -> Sequence[ConnectionRow]:
        """The workspace's and the host's own, and those with one of the accounts; own ones first."""
        ...

    def record_link(self, appointment_id: int, meeting_id: str, join_url: str) -> None:
        """Both empty takes the link off the appointment."""
        ...

    def count_request(self, account: str, by: int = 1) -> None:
        """One more create or update on its way to the account today (UTC); -1: it never got there."""
        ...

    def spending(self, connection: ConnectionRow, start_at: datetime) -> tuple[int, int]:
        """How many of these were counted for its account today, and how many appointments want it that start before
        that and come into step by themselves; as of one moment.
        """
        ...

    def seal(
        self, appointment: AppointmentRow, meeting_id: int, secrets: Mapping[str, Secret | None]
    ) -> dict[str, str]:
        """By column, empty where there is no secret. Raises kernel.secrets.SecretError."""
        ...

    def check_keys(self, appointment: AppointmentRow) -> None:
        """Raises kernel.secrets.SecretError if `seal` would."""
        ...


class Tokens(Protocol):
    """grants.py."""

    def access_token(self, grant_id: int, refused_version: int = 0) -> tuple[Secret, int]: ...

    def mark_lost(self, grant_id: int, version: int, lost: GrantLost) -> bool: ...

    def pause(self, grant_id: int, until_at: datetime) -> None: ...

    def report(self, error: SecretError) -> None: ...


class Journal(Protocol):
    """journal.py."""

    def write(self, kind: str, name: str, text: str) -> None: ...

    def read(self, kind: str, name: str) -> str | None: ...

    def remove(self, kind: str, name: str) -> None: ...

    def names(self, kind: str) -> Iterator[str]: ...


def no_turns(_grant_id: int) -> AbstractContextManager[None]:
    """Where nobody minds several deletes of an account at once."""
    return nullcontext()


def random_key() -> str:
    return secrets.token_hex(16)


def no_options(_appointment: AppointmentRow, _meeting: MeetingRow) -> MeetingOptions | None:
    """Where nobody has decided any."""
    return None


@dataclass(frozen=True, slots=True)
class World:
    """`chance` gives jitter in [0, 1); `provider_named` raises ProviderNotSetUp; a grant's `turn_of` may make wait.

    `new_key` gives what makes a
    create repeatable (MeetingSpec.key): of none that was sent before, whatever the database has forgotten.
    `options_of` are a meeting's.
    """

    rows: Rows
    tokens: Tokens
    journal: Journal
    provider_named: Callable[[str], MeetingProvider]
    chance: Callable[[], float]
    breaker: Breaker = field(default_factory=Breaker)
    turn_of: Callable[[int], AbstractContextManager[None]] = no_turns
    new_key: Callable[[], str] = random_key
    options_of: Callable[[AppointmentRow, MeetingRow], MeetingOptions | None] = no_options
