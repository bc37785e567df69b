"""Grants, tokens and connections: what grants.py, actions.py and leaving.py do to the rows that a pass reads."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.faults.simulation.tables import Row
from treff.conferencing.errors import GrantLost, Transient
from treff.conferencing.leaving import LONGEST_LEAVING
from treff.conferencing.models import LONG_AGO
from treff.conferencing.states import TO_BE_ENDED, AttemptState, GrantState
from treff.conferencing.world import AT_ONCE
from treff.kernel.secrets import KeyUnavailable, Secret, SecretError

if TYPE_CHECKING:
    from tests.faults.simulation.engine import Engine
    from tests.faults.simulation.machines import Process

ONCE = datetime.fromisoformat(LONG_AGO)
# One in so many times the token endpoint does not answer, our key is missing, the token must be refreshed.
NO_ANSWER, NO_KEY, OLD = 80, 250, 10


class MemoryTokens:
    """world.Tokens of one process. A token says whose it is, of which consent and which refresh."""

    def __init__(self, engine: "Engine", process: "Process") -> None:
        self._engine, self._process = engine, process

    def access_token(self, grant_id: int, refused_version: int = 0) -> tuple[Secret, int]:
        self._process.pause("access_token", grant_id, refused_version)
        accidents, grant = self._engine.accidents, self._grant(grant_id)
        if accidents.happens(NO_KEY):
            raise KeyUnavailable("this key is not in the key ring")
        if grant.version > refused_version and not accidents.happens(OLD):
            return _token(grant), grant.version
        if accidents.happens(NO_ANSWER):
            raise Transient("the token endpoint does not answer")
        if not self._engine.zoom.accepts(_token(grant)):
            lost = GrantLost("invalid_grant")
            self.mark_lost(grant_id, grant.version, lost)
            raise lost
        self._engine.tables.put("grant", grant, version=grant.version + 1)
        grant = self._grant(grant_id)
        return _token(grant), grant.version

    def mark_lost(self, grant_id: int, version: int, lost: GrantLost) -> bool:
        self._process.pause("mark_lost", grant_id, version)
        grant = self._engine.tables.rows["grant"].get(grant_id)
        if grant is None or grant.version != version:
            return False
        self._engine.tables.put("grant", grant, state=lost.state)
        return True

    def pause(self, grant_id: int, until_at: datetime) -> None:
        self._process.pause("pause", grant_id, until_at)
        grant = self._engine.tables.rows["grant"].get(grant_id)
        if grant is not None and grant.paused_until < until_at:
            self._engine.tables.put("grant", grant, paused_until=until_at)

    def report(self, error: SecretError) -> None:
        self._process.pause("report", error)

    def _grant(self, grant_id: int) -> Any:
        grant = self._engine.tables.rows["grant"].get(grant_id)
        if grant is None:
            raise GrantLost("the grant is gone")
        if grant.state != GrantState.CONNECTED:
            raise GrantLost("the grant is not usable", GrantState(grant.state))
        return grant


def _token(grant: Any) -> Secret:
    return Secret(f"{grant.account}:{grant.authorization}:{grant.version}")


class Accounts:
    """What people and the provider do to connections; each method is one transaction, and then the wake-ups."""

    def __init__(self, engine: "Engine") -> None:
        self._engine, self.tables = engine, engine.tables

    def connection(self, member_id: int | None) -> Any:
        return next((row for row in self.tables.all("connection") if row.member_id == member_id), None)

    def grant(self, user: str) -> Any:
        return next((row for row in self.tables.all("grant") if row.account == user), None)

    def connect(self, user: str, member_id: int | None) -> None:
        """actions.complete_connecting: again, for the first time, or in place of another account."""
        tables, engine = self.tables, self._engine
        known, authorization = self.grant(user), engine.zoom.authorize(user)
        fresh = {
            "authorization": authorization,
            "authorized_at": engine.now,
            "state": GrantState.CONNECTED,
            "paused_until": ONCE,
        }
        if known is None:
            known = Row(pk=tables.new_pk(), account=user, version=1, **fresh)
            tables.put("grant", known)
        else:
            tables.put("grant", known, version=known.version + 1, **fresh)
        connection = self.connection(member_id)
        if connection is None:
            made = {"provider": "zoom", "member_id": member_id, "leaving_until": None, "grant": None}
            tables.put("connection", Row(pk=tables.new_pk(), grant_pk=known.pk, **made))
        else:
            tables.put("connection", connection, grant_pk=known.pk, leaving_until=None)
        for meeting in tables.all("meeting"):
            if meeting.account == user and meeting.kept:
                tables.put("meeting", meeting, kept=False)
        self._drop_unused()
        self._wake_all()

    def disconnect(self, connection: Any, *, keep: bool) -> None:
        """leaving.disconnect: links are kept and the account goes at once, or upcoming meetings are removed first."""
        grant = self.tables.rows["grant"][connection.grant_pk]
        works = grant.state == GrantState.CONNECTED
        if not keep and works and self.removals_left(connection):
            until = self._engine.now + LONGEST_LEAVING
            self.tables.put("connection", connection, leaving_until=until)
            self._wake_all()
            return
        self._detach(connection, keep=keep or not works)

    def finish_leaving(self) -> None:
        """leaving.finish, for all."""
        for connection in self.tables.all("connection"):
            until = connection.leaving_until
            if until is not None and (until <= self._engine.now or not self.removals_left(connection)):
                self._detach(connection, keep=False)

    def remove_app(self, user: str) -> None:
        """The user removes the app at Zoom. Zoom's word of it comes soon, or never."""
        self._engine.zoom.remove_app(user)
        forget = partial(self._deauthorize, user, self._engine.now)
        if self._engine.accidents.random.random() < 0.8:
            self._engine.later(self._engine.accidents.seconds(0, 120), lambda: self._engine.when_free(forget))

    def _deauthorize(self, user: str, at: datetime) -> None:
        """leaving.deauthorize: an event that is older than the consent we hold changes nothing."""
        grant = self.grant(user)
        if grant is None or at < grant.authorized_at:
            return
        self._engine.note("zoom", "tells of the app's removal", user)
        for connection in self.tables.all("connection"):
            if connection.grant_pk == grant.pk:
                self._detach(connection, keep=True)

    def removals_left(self, connection: Any) -> int:
        """queries.removals_left."""
        tables = self.tables
        account = tables.rows["grant"][connection.grant_pk].account
        count = 0
        for meeting in tables.all("meeting"):
            appointment = tables.rows["appointment"][meeting.appointment_id]
            ahead = meeting.account == account and meeting.external_id and appointment.start_at > self._engine.now
            count += bool(
                ahead
                or any(
                    attempt.account == account and attempt.state in (*TO_BE_ENDED, AttemptState.INTENT)
                    for attempt in self._engine.attempts(meeting)
                )
            )
        return count

    def _detach(self, connection: Any, *, keep: bool) -> None:
        tables = self.tables
        account = tables.rows["grant"][connection.grant_pk].account
        tables.commit({("connection", connection.pk): None})
        for meeting in tables.all("meeting"):
            if keep and meeting.account == account and meeting.external_id:
                tables.put("meeting", meeting, kept=True)
        self._drop_unused()
        self._wake_all()

    def _drop_unused(self) -> None:
        used = {connection.grant_pk for connection in self.tables.all("connection")}
        for grant in self.tables.all("grant"):
            if grant.pk not in used:
                self.tables.commit({("grant", grant.pk): None})

    def _wake_all(self) -> None:
        """wakeups.account_changed."""
        for appointment in self.tables.all("appointment"):
            meeting = self._engine.meeting_of(appointment.pk)
            strays = meeting is not None and any(
                attempt.state in TO_BE_ENDED for attempt in self._engine.attempts(meeting)
            )
            if strays or (appointment.start_at > self._engine.now and appointment.provider == "zoom"):
                if meeting is not None:
                    self.tables.put("meeting", meeting, next_look_at=AT_ONCE)
                self._engine.wake(appointment.pk)
