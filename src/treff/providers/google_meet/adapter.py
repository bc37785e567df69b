"""Google's answers on one side, conferencing's ports and errors on the other; with refusals.py, which says what the
refusals mean, the only one that knows both languages.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from treff.conferencing.errors import (
    Ambiguous,
    Missing,
    Transient,
    Unreachable,
    Unusable,
)
from treff.conferencing.ports import Capabilities, Identity, MeetingSpec, RemoteMeeting, TokenSet
from treff.kernel.secrets import Secret
from treff.providers.google_meet import oauth, wire
from treff.providers.google_meet.client import GoogleClient
from treff.providers.google_meet.refusals import FORBIDDEN, refuse
from treff.providers.google_meet.wire import Event, Room
from treff.providers.http import Answer
from treff.providers.meanings import asked, of_token_refusal
from treff.providers.tokens import TokenRefusal

# What is asked for, and what it is called in the answer:
# https://developers.google.com/identity/openid-connect/openid-connect#scope-param
ASKED_SCOPES = "openid email https://www.googleapis.com/auth/calendar.events"
# Asked for only by who wants their busy times read; calendar.events alone does not open them:
# https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query (Authorization)
BUSY_SCOPE = "https://www.googleapis.com/auth/calendar.freebusy"
# Google refuses longer ones somewhere past three months and says nowhere where.
_BUSY_PIECE = timedelta(days=62)
_EMAIL_SCOPE = "https://www.googleapis.com/auth/userinfo.email"
# Google names no bound of a summary; this is ours.
_LONGEST_TITLE = 1000
# Each event id is taken once in a calendar, so a repeated create finds the first one's (409); no bound in a day is
# documented, only requests a minute: https://developers.google.com/workspace/calendar/api/guides/quota
_CAPABILITIES = Capabilities(creates_idempotently=True)
# "meetingCode": https://developers.google.com/workspace/meet/api/reference/rest/v2/spaces ; other words of Meet's
# addresses, /linkredirect among them, have no hyphen.
_LINK_PATH = re.compile(r"/[a-z0-9]+(?:-[a-z0-9]+){1,5}")


@dataclass(frozen=True, slots=True)
class GoogleMeetProvider:
    """conferencing.ports.MeetingProvider, LaterLinks and BusyTimes for Google Meet."""

    client: GoogleClient
    name: str = "google_meet"
    capabilities: Capabilities = _CAPABILITIES
    scopes: frozenset[str] = frozenset({"openid", _EMAIL_SCOPE, ASKED_SCOPES.split()[-1]})
    busy_scope: str = BUSY_SCOPE
    calendar_host: str = "calendar.google.com"

    @property
    def client_id(self) -> str:
        return self.client.client_id

    def authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        return self.client.authorization_url(ASKED_SCOPES, state, code_challenge, redirect_uri)

    def busy_authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        return self.client.authorization_url(f"{ASKED_SCOPES} {BUSY_SCOPE}", state, code_challenge, redirect_uri)

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> TokenSet:
        return _token_set(lambda: self.client.exchange_code(code, verifier, redirect_uri), None)

    def refresh(self, refresh_token: Secret) -> TokenSet:
        return _token_set(lambda: self.client.refresh(refresh_token), refresh_token)

    def revoke(self, token: Secret) -> None:
        """Of a token that is dead already Google says 400 invalid_token: that is what was wanted."""
        answer = _asked(lambda: self.client.revoke(token))
        if answer.status != 200 and wire.refusal(answer).error != "invalid_token":
            raise Transient(f"revoke answered {answer.status}")

    def identify(self, access_token: Secret) -> Identity:
        answer = _asked(lambda: self.client.read_profile(access_token))
        if answer.status != 200:
            refuse(answer, Transient(f"Google answered {answer.status}"))
        found = wire.profile(answer)
        if found is None:
            raise Transient("Google's profile has no id")
        return Identity(found.user_id, found.email, found.display_name or found.email)

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        """An event of an id that the key decides, so the calendar itself keeps a second one out."""
        spec = spec if spec.key else replace(spec, key=uuid4().hex)
        answer = asked(lambda: self.client.insert_event(access_token, _new_event(spec)), Ambiguous)
        if answer.status == 409 and wire.fault(answer).reason == "duplicate":
            return self._meeting(self._made_before(access_token, spec))
        if not 200 <= answer.status < 300:
            refuse(answer, Ambiguous(f"Google answered {answer.status} to a create"))
        made = wire.event(answer)
        if made is None or made.event_id != spec.key:
            raise Ambiguous(f"Google answered {answer.status} without the event")
        return self._meeting(made)

    def update(self, access_token: Secret, external_id: str, spec: MeetingSpec) -> None:
        """Start, end and title always go together; what is not named stays, the room and its link among it.

        https://developers.google.com/workspace/calendar/api/guides/performance#patch
        """
        self._patched(access_token, external_id, spec)

    def delete(self, access_token: Secret, external_id: str) -> None:
        # Deleting again does no harm.
        answer = asked(lambda: self.client.delete_event(access_token, external_id), Unreachable)
        if not _is_done(answer):
            refuse(answer, Unreachable(f"Google answered {answer.status} to a delete"))

    def read_link(self, access_token: Secret, external_id: str) -> str:
        return self._link_of(self._read(access_token, external_id))

    def read_busy(
        self, access_token: Secret, within: tuple[datetime, datetime], time_zone: str
    ) -> list[tuple[datetime, datetime]]:
        """Google itself says of whole days when they are, in the calendar's own zone."""
        del time_zone
        found, start = [], within[0]
        while start < within[1]:
            end = min(start + _BUSY_PIECE, within[1])
            found += self._busy_between(access_token, start, end)
            start = end
        return found

    def _busy_between(self, access_token: Secret, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        answer = _asked(partial(self.client.query_busy, access_token, _told(start), _told(end)))
        if answer.status != 200:
            refuse(answer, Transient(f"Google answered {answer.status}"))
        found = wire.busy_times(answer)
        if found is None:
            raise Transient("Google's answer holds no busy times")
        return found

    def _made_before(self, access_token: Secret, spec: MeetingSpec) -> Event:
        """What an earlier create with this key made, as the spec has it now. Raises Missing if it was deleted since.

        As long as it is not seen, nobody knows what the earlier one did: then it is Ambiguous.
        """
        try:
            found = self._read(access_token, spec.key)
            ends_at = spec.start_at + spec.duration
            as_wanted = (_whole(spec.start_at), _whole(ends_at), _title(spec))
            if (found.starts_at, found.ends_at, found.title) == as_wanted:
                return found
            return self._patched(access_token, spec.key, spec)
        except Transient as error:
            raise Ambiguous(str(error)) from error

    def _patched(self, access_token: Secret, external_id: str, spec: MeetingSpec) -> Event:
        answer = asked(lambda: self.client.patch_event(access_token, external_id, _times_and_title(spec)), Ambiguous)
        if answer.status == 403 and wire.fault(answer).reason == FORBIDDEN:
            # A deleted event can be restored, but not changed: https://github.com/googleapis/google-api-ruby-client/issues/1811
            self._read(access_token, external_id)
        if not 200 <= answer.status < 300:
            refuse(answer, Ambiguous(f"Google answered {answer.status} to an update"))
        found = wire.event(answer)
        if found is None or found.event_id != external_id:
            raise Ambiguous(f"Google answered {answer.status} without the event")
        return _living(found)

    def _read(self, access_token: Secret, external_id: str) -> Event:
        answer = _asked(lambda: self.client.read_event(access_token, external_id))
        if answer.status != 200:
            refuse(answer, Transient(f"Google answered {answer.status}"))
        found = wire.event(answer)
        if found is None or found.event_id != external_id:
            raise Transient("Google's answer holds no event")
        return _living(found)

    def _meeting(self, made: Event) -> RemoteMeeting:
        return RemoteMeeting(made.event_id, self._link_of(made))

    def _link_of(self, found: Event) -> str:
        """ "pending": the room is still being made; "failure", or none at all: there will be none.

        https://developers.google.com/workspace/calendar/api/v3/reference/events (conferenceData.createRequest.status)
        """
        if found.room is Room.PENDING:
            return ""
        if not self._is_join_link(found.link):
            raise Unusable("Google's answer has no join link that can be sent to anybody", found.event_id)
        return found.link

    def _is_join_link(self, url: str) -> bool:
        """https on meet.google.com and nowhere else, a meeting code. A stand-in's links live on its own host."""
        try:
            parts, stand_in = urlsplit(url), urlsplit(self.client.api_url)
            at_google = parts.scheme == "https" and parts.netloc == "meet.google.com"
        except ValueError:
            return False
        at_stand_in = stand_in.scheme == "http" and parts.netloc == stand_in.netloc and parts.scheme == "http"
        return (at_google or at_stand_in) and len(url) <= 2000 and _LINK_PATH.fullmatch(parts.path) is not None


def _asked(ask: Callable[[], Answer]) -> Answer:
    """For what changes nothing, or may be done twice."""
    return asked(ask, Unreachable)


def _token_set(ask: Callable[[], Answer], kept: Secret | None) -> TokenSet:
    """The tokens, or what their refusal means. A refresh token is not spent by its use, so it can be tried again.

    https://developers.google.com/identity/protocols/oauth2/web-server#offline
    """
    try:
        found = oauth.tokens(_asked(ask), kept)
    except TokenRefusal as refusal:
        raise of_token_refusal(refusal) from refusal
    return TokenSet(found.access_token, found.refresh_token, found.expires_in, found.scopes)


def _living(found: Event) -> Event:
    """A deleted event can still be read, with the status cancelled. Raises Missing."""
    if found.is_cancelled:
        raise Missing("the event was deleted")
    return found


def _new_event(spec: MeetingSpec) -> dict[str, Any]:
    """No guests: they get our mails. The room's request id is of this event alone, for one that was used before would
    bring the room of another appointment: https://developers.google.com/workspace/calendar/api/guides/create-events
    """
    wanted = {"requestId": spec.key, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
    return _times_and_title(spec) | {
        "id": spec.key,
        "description": spec.marker,
        "conferenceData": {"createRequest": wanted},
    }


def _times_and_title(spec: MeetingSpec) -> dict[str, Any]:
    """Times as UTC with Z and whole seconds, plus the host's zone for display."""
    zone = spec.time_zone
    return {
        "summary": _title(spec),
        "start": {"dateTime": _told(spec.start_at), "timeZone": zone},
        "end": {"dateTime": _told(spec.start_at + spec.duration), "timeZone": zone},
    }


def _title(spec: MeetingSpec) -> str:
    return spec.title[:_LONGEST_TITLE]


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _told(at: datetime) -> str:
    return _whole(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_done(answer: Answer) -> bool:
    """Google answers 204 to a delete; 200 with a page is a network's own (sign in, blocked)."""
    return answer.status == 204 or (answer.status == 200 and "html" not in answer.headers.get("content-type", ""))
