"""A vendor that creates idempotently and whose links may come later, as Google Meet and Teams do.

A key that was sent before brings the meeting that it made then, and nothing once that is deleted: the vendor remembers.
"""

from dataclasses import dataclass, field
from datetime import datetime

from tests.faults.simulation.zoom import MemoryZoom, ZoomTruth, user_of
from treff.conferencing.errors import Missing, Unusable
from treff.conferencing.ports import Capabilities, MeetingSpec, RemoteMeeting
from treff.kernel.secrets import Secret

# One link in so many is being made at first, and of these one in so many will never be.
LATER, NEVER = 4, 8


@dataclass(slots=True)
class MeetTruth(ZoomTruth):
    """`links`: when each is there, None if never."""

    repeats: bool = True
    keys: dict[str, str] = field(default_factory=dict)
    links: dict[str, datetime | None] = field(default_factory=dict)

    def create(self, user: str, spec: MeetingSpec) -> RemoteMeeting:
        if spec.key in self.keys:
            meeting_id = self.keys[spec.key]
            self._mine(user, meeting_id)
            return RemoteMeeting(meeting_id, url_of(meeting_id))
        made = ZoomTruth.create(self, user, spec)
        self.keys[spec.key] = made.external_id
        return RemoteMeeting(made.external_id, made.join_url)

    def read(self, user: str, meeting_id: str) -> RemoteMeeting:
        self._mine(user, meeting_id)
        return RemoteMeeting(meeting_id, url_of(meeting_id))


class MemoryMeet(MemoryZoom):
    capabilities = Capabilities(creates_idempotently=True)

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        remote = super().create(access_token, spec)
        return RemoteMeeting(remote.external_id, self._link(remote.external_id))

    def read_link(self, access_token: Secret, external_id: str) -> str:
        user, truth = user_of(access_token), self._engine.zoom
        assert isinstance(truth, MeetTruth)
        if self._request("read", access_token, external_id, lambda: truth.read(user, external_id)) is None:
            raise Missing("404")
        return self._link(external_id)

    def _link(self, meeting_id: str) -> str:
        """Empty as long as it is being made. Raises Unusable."""
        engine, truth = self._engine, self._engine.zoom
        assert isinstance(truth, MeetTruth)
        if meeting_id not in truth.links:
            truth.links[meeting_id] = engine.now
            if engine.accidents.happens(LATER):
                truth.links[meeting_id] = engine.now + engine.accidents.seconds(1, 300)
            if engine.accidents.happens(LATER * NEVER):
                truth.links[meeting_id] = None
        there_at = truth.links[meeting_id]
        if there_at is None:
            raise Unusable("the conference could not be made", meeting_id)
        return url_of(meeting_id) if there_at <= engine.now else ""


def url_of(meeting_id: str) -> str:
    return f"https://meet.example/{meeting_id}"
