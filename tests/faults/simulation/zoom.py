"""Zoom, with the truth of what is there. It cannot be listed, and creating twice makes two.

Facts of the vendor that the model holds: codes and 3001 https://developers.zoom.us/docs/api/errors/ (3001 also for
a meeting of somebody else); authorizing again kills the earlier tokens https://developers.zoom.us/docs/integrations/oauth/
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from tests.faults.simulation.accidents import LATEST, PATIENCE
from treff.conferencing.errors import (
    Ambiguous,
    Missing,
    ProviderError,
    Refused,
    Throttled,
    Transient,
    Unauthorized,
    Unreachable,
    Unusable,
)
from treff.conferencing.ports import Capabilities, MeetingSpec, RemoteMeeting
from treff.kernel.secrets import Secret

if TYPE_CHECKING:
    from tests.faults.simulation.engine import Engine
    from tests.faults.simulation.machines import Process

CAPABILITIES = Capabilities(creates_idempotently=False, requests_per_day=100)


@dataclass(slots=True)
class ZoomMeeting:
    meeting_id: str
    user: str
    marker: str
    told: dict[str, object]
    is_alive: bool = True


@dataclass(slots=True)
class ZoomTruth:
    """What Zoom knows. `authorizations` counts the consents of each user; 0 after the app was removed.

    `repeats`: creating twice with one key makes one.
    """

    repeats: bool = False

    meetings: dict[str, ZoomMeeting] = field(default_factory=dict)
    of_appointment: dict[str, list[ZoomMeeting]] = field(default_factory=dict)
    authorizations: dict[str, int] = field(default_factory=dict)
    consents: int = 0
    requests: Counter[tuple[str, date]] = field(default_factory=Counter)

    def authorize(self, user: str) -> int:
        self.consents += 1
        self.authorizations[user] = self.consents
        return self.consents

    def remove_app(self, user: str) -> None:
        self.authorizations[user] = 0

    def accepts(self, token: Secret) -> bool:
        user, authorization, _version = token.reveal().split(":")
        return self.authorizations.get(user) == int(authorization)

    def create(self, user: str, spec: MeetingSpec) -> RemoteMeeting:
        meeting_id = str(81_000_000_000 + len(self.meetings))
        made = ZoomMeeting(meeting_id, user, spec.marker, spec.as_told())
        self.meetings[meeting_id] = made
        self.of_appointment.setdefault(code_of(spec.marker), []).append(made)
        return RemoteMeeting(
            meeting_id,
            f"https://zoom.us/j/{meeting_id}",
            Secret("123456"),
            Secret(f"https://zoom.us/s/{meeting_id}"),
            timedelta(hours=2),
        )

    def update(self, user: str, meeting_id: str, spec: MeetingSpec) -> None:
        self._mine(user, meeting_id).told = spec.as_told()

    def delete(self, user: str, meeting_id: str) -> None:
        self._mine(user, meeting_id).is_alive = False

    def live(self, code: str) -> list[ZoomMeeting]:
        return [meeting for meeting in self.of_appointment.get(code, ()) if meeting.is_alive]

    def _mine(self, user: str, meeting_id: str) -> ZoomMeeting:
        found = self.meetings.get(meeting_id)
        if found is None or not found.is_alive or found.user != user:
            raise Missing("Zoom 404 3001: Meeting does not exist")
        return found


def code_of(marker: str) -> str:
    """The appointment's part of `Ref AB12-3`."""
    return marker.removeprefix("Ref ").partition("-")[0]


class Request:
    """One request on its way; the server acts when it does, whoever still waits for the answer."""

    def __init__(self, engine: "Engine", user: str, act: Callable[[], RemoteMeeting | None]) -> None:
        self._engine, self._user, self._act = engine, user, act
        self.answer: RemoteMeeting | None = None
        self.error: Missing | None = None

    def arrive(self) -> None:
        try:
            self.answer = self._act()
        except Missing as error:
            self.error = error
        self._engine.note("zoom", "acts", self.answer or self.error or "")
        self._engine.invariants.look_at_zoom()

    def arrive_in(self, delay: timedelta) -> None:
        self._engine.later(delay, self.arrive)


class MemoryZoom:
    """MeetingProvider of one process: raises what providers/zoom/adapter.py would."""

    name = "zoom"
    client_id = "client"
    capabilities = CAPABILITIES
    scopes: frozenset[str] = frozenset()

    def __init__(self, engine: "Engine", process: "Process") -> None:
        self._engine, self._process = engine, process

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        user, truth = user_of(access_token), self._engine.zoom
        remote = self._request("create", access_token, spec.marker, lambda: truth.create(user, spec))
        if remote is None:
            raise Ambiguous("Zoom answered 201 without a meeting id")
        self._process.received.append((spec.marker, remote.external_id))
        return remote

    def update(self, access_token: Secret, external_id: str, spec: MeetingSpec) -> None:
        user, truth = user_of(access_token), self._engine.zoom
        self._request("update", access_token, external_id, lambda: truth.update(user, external_id, spec))

    def delete(self, access_token: Secret, external_id: str) -> None:
        user, truth = user_of(access_token), self._engine.zoom
        self._request("delete", access_token, external_id, lambda: truth.delete(user, external_id))

    def hang_up(self) -> None:
        """The process is gone: nobody waits for an answer any more."""
        self._engine.invariants.answered(self._process)

    def _request(
        self, kind: str, token: Secret, about: str, act: Callable[[], RemoteMeeting | None]
    ) -> RemoteMeeting | None:
        # Nobody comes between the last statement and this: what may, does so before that statement.
        self._engine.note(self._process.name, f"zoom.{kind}", about, token.reveal())
        self._engine.invariants.sent(self._process, kind)
        try:
            return self._become(
                self._engine.accidents.of_http(kind), kind, token, Request(self._engine, user_of(token), act)
            )
        finally:
            self._engine.invariants.answered(self._process)

    def _become(self, fate: str, kind: str, token: Secret, request: Request) -> RemoteMeeting | None:
        accidents, process = self._engine.accidents, self._process
        if fate != "answered":
            self._engine.note(process.name, "meets", fate)
        if fate not in ("not_sent", "busy", "refused_token") and not self._engine.zoom.accepts(token):
            fate = "refused_token"
        if kind in ("create", "update") and fate not in ("not_sent", "busy", "refused_token"):
            self._engine.zoom.requests[user_of(token), self._engine.now.astimezone(UTC).date()] += 1
        match fate:
            case "not_sent":
                raise Unreachable("could not connect")
            case "busy" if accidents.random.random() < 0.5:
                raise Throttled("daily limit", self._engine.now + accidents.seconds(20, 400))
            case "busy":
                raise Transient("too many requests", accidents.seconds(1, 20))
            case "refused_token":
                raise Unauthorized("Zoom 401 124: invalid access token")
            case "refused":
                raise Refused("Zoom 400 300: this field is not allowed")
            case "broken" | "silence":
                process.sleep(PATIENCE if fate == "silence" else accidents.seconds(0, 20))
                raise unclear(kind, fate)
            case "silence_late":
                request.arrive_in(PATIENCE + accidents.seconds(1, LATEST.total_seconds()))
                process.sleep(PATIENCE)
                raise unclear(kind, fate)
        return self._acted(fate, kind, request)

    def _acted(self, fate: str, kind: str, request: Request) -> RemoteMeeting | None:
        """Zoom acts while we wait, at once or after a while; then what comes back."""
        accidents, process = self._engine.accidents, self._process
        if accidents.happens(3):
            delay = accidents.seconds(0, 60)
            request.arrive_in(delay)
            process.sleep(delay + accidents.seconds(0, 29))
        else:
            request.arrive()
            process.pause("zoom.answers")
        if fate == "silence_acted":
            process.sleep(PATIENCE)
        if fate in ("silence_acted", "broken_acted", "garbled"):
            raise unclear(kind, fate)
        if request.error is not None:
            raise request.error
        if fate == "unusable" and request.answer is not None:
            raise Unusable("no join link that can be sent to anybody", request.answer.external_id)
        return request.answer


def unclear(kind: str, fate: str) -> ProviderError:
    """Deleting or reading again does no harm; whether a create or an update acted, nobody knows."""
    return Ambiguous(fate) if kind in ("create", "update") else Unreachable(fate)


def user_of(token: Secret) -> str:
    return token.reveal().partition(":")[0]
