"""Knows both languages: Microsoft's answers on one side, the ports and errors of conferencing on the other.

Codes: https://learn.microsoft.com/en-us/graph/errors and, for Outlook, the pages named at each line.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog

from treff.conferencing.errors import (
    Ambiguous,
    Missing,
    Transient,
    Unexpected,
    Unreachable,
    Unusable,
)
from treff.conferencing.ports import Capabilities, Identity, MeetingSpec, RemoteMeeting, TokenSet
from treff.kernel.secrets import Secret
from treff.kernel.zones import zone
from treff.providers.http import Answer
from treff.providers.meanings import asked, of_token_refusal, retry_after
from treff.providers.teams import oauth, wire
from treff.providers.teams.client import MOST_BUSY, TeamsClient
from treff.providers.teams.refusals import (
    CALENDAR_SCOPE,
    MEETINGS_SCOPE,
    PROFILE_SCOPE,
    refuse,
)
from treff.providers.teams.wire import Entry, Event, Fault
from treff.providers.tokens import TokenRefusal

log = structlog.get_logger()

# What a subject can hold: https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxcmsg
_LONGEST_SUBJECT = 255
_CAPABILITIES = Capabilities(creates_idempotently=True)
# A calendar that needs more looks than this is left alone: several hundred entries a week.
_BUSY_PIECE, _MOST_BUSY_PAGES = timedelta(days=62), 30
_TEAMS = "teamsForBusiness"
# In front of the id of a meeting that stands in no calendar. No event's id has a colon.
_MEETING = "meeting:"
# Who has no mailbox in Exchange Online (no licence, or one on premises):
# https://learn.microsoft.com/en-us/graph/resolve-auth-errors , https://github.com/microsoft/MicrosoftCloud/issues/41
_NO_MAILBOX = ("MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI")
_LINK_PATH = re.compile(r"/(l/meetup-join|meet)/[^/].*")
_LINK_HOSTS = ("teams.microsoft.com", "teams.live.com")


@dataclass(frozen=True, slots=True)
class TeamsProvider:
    """conferencing.ports.MeetingProvider, LaterLinks and BusyTimes, for Microsoft Teams."""

    client: TeamsClient
    name: str = "teams"
    capabilities: Capabilities = _CAPABILITIES
    scopes: frozenset[str] = frozenset({PROFILE_SCOPE, CALENDAR_SCOPE, MEETINGS_SCOPE})
    # Who may write events may read them: https://learn.microsoft.com/en-us/graph/api/user-list-calendarview
    busy_scope: str = CALENDAR_SCOPE
    calendar_host: str = "outlook.office.com"

    @property
    def client_id(self) -> str:
        return self.client.client_id

    def authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        return self.client.authorization_url(state, code_challenge, redirect_uri)

    def busy_authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        return self.authorization_url(state, code_challenge, redirect_uri)

    def admin_consent_url(self, redirect_uri: str) -> str:
        """Where an administrator agrees for their whole organisation; nobody has to be signed in here for that."""
        return self.client.admin_consent_url(redirect_uri)

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> TokenSet:
        return _token_set(lambda: self.client.exchange_code(code, verifier, redirect_uri))

    def refresh(self, refresh_token: Secret) -> TokenSet:
        return _token_set(lambda: self.client.refresh(refresh_token), kept=refresh_token)

    def revoke(self, token: Secret) -> None:
        """Does nothing: there is no endpoint for it. Who wants more than that we forget the tokens takes the app out at
        https://myapps.microsoft.com (https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc).
        """
        del token
        log.info("revoke_impossible", provider=self.name)

    def identify(self, access_token: Secret) -> Identity:
        answer = _read(lambda: self.client.read_profile(access_token), PROFILE_SCOPE)
        found = wire.profile(answer)
        if found is None:
            raise Transient("Microsoft's profile has no id")
        return Identity(found.user_id, found.email, found.display_name)

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        """An event with a meeting; where the calendar cannot have one, a meeting without an event."""
        if not spec.key:
            raise Unexpected("a create without a key could not be repeated")
        if not self._has_teams_calendar(access_token):
            return self._create_meeting(access_token, spec)
        answer = _sent(lambda: self.client.create_event(access_token, _new_event(spec)))
        said = wire.fault(answer)
        if said.code == "ErrorDuplicateTransactionId":  # 400, some have seen 409
            return self._made_before(access_token, spec, said)
        if answer.status not in (200, 201):  # https://learn.microsoft.com/en-us/graph/api/user-post-events
            refuse(answer, Ambiguous(f"Microsoft answered {answer.status} to a create"))
        found = wire.event(answer)
        if found is None:
            raise Ambiguous(f"Microsoft answered {answer.status} without an event's id")
        return RemoteMeeting(found.event_id, self._link_of(found))

    def update(self, access_token: Secret, external_id: str, spec: MeetingSpec) -> None:
        """Subject, start and end. Never the body: the meeting's part in it would go, and the meeting with it, nor what
        makes it online: https://learn.microsoft.com/en-us/graph/api/event-update
        """
        kind, own_id = _split(external_id)
        if kind == _MEETING:
            answer = _sent(lambda: self.client.update_meeting(access_token, own_id, _meeting_body(spec)))
        else:
            answer = _sent(lambda: self.client.update_event(access_token, own_id, _event_body(spec)))
        if not _is_done(answer, 200):
            refuse(answer, Ambiguous(f"Microsoft answered {answer.status} to an update"))

    def delete(self, access_token: Secret, external_id: str) -> None:
        """https://learn.microsoft.com/en-us/graph/api/event-delete and …/onlinemeeting-delete: 204 both."""
        kind, own_id = _split(external_id)
        gone = self.client.delete_meeting if kind == _MEETING else self.client.delete_event
        answer = asked(lambda: gone(access_token, own_id), Unreachable)  # deleting again does no harm
        if not _is_done(answer, 204):
            refuse(answer, Unreachable(f"Microsoft answered {answer.status} to a delete"))

    def read_link(self, access_token: Secret, external_id: str) -> str:
        kind, own_id = _split(external_id)
        if kind == _MEETING:
            answer = _read(lambda: self.client.read_meeting(access_token, own_id))
            found = wire.meeting(answer)
            return self._checked(found.join_url, external_id) if found else ""
        event = wire.event(_read(lambda: self.client.read_event(access_token, own_id)))
        return self._link_of(event) if event else ""

    def read_busy(
        self, access_token: Secret, within: tuple[datetime, datetime], time_zone: str
    ) -> list[tuple[datetime, datetime]]:
        found, left, asked = [], [within], 0
        while left:
            start, end = left.pop()
            if end - start > _BUSY_PIECE:
                left += [(start + _BUSY_PIECE, end), (start, start + _BUSY_PIECE)]
                continue
            if asked == _MOST_BUSY_PAGES:
                raise Transient("the calendar has too many entries")
            asked += 1
            read = wire.entries(_read(partial(self.client.list_busy, access_token, start, end)))
            if read is None:
                raise Transient("Microsoft's answer holds no calendar")
            if len(read) < MOST_BUSY:
                found += [_span(entry, time_zone) for entry in read if entry.takes_time]
            else:  # there may be more, which two shorter looks show
                middle = start + (end - start) / 2
                left += [(middle, end), (start, middle)]
        return found

    def _has_teams_calendar(self, access_token: Secret) -> bool:
        """Asked before, because an event is made without a meeting, and without an error, where it has none.

        https://learn.microsoft.com/en-us/graph/outlook-calendar-online-meetings (allowedOnlineMeetingProviders)
        """
        answer = _looked(lambda: self.client.read_calendar(access_token))
        if answer.status == 404 and wire.fault(answer).code in _NO_MAILBOX:
            return False
        if not _is_done(answer, 200):
            refuse(answer, Unreachable(f"Microsoft answered {answer.status} for the calendar"))
        allowed = wire.allowed_providers(answer)
        if allowed is None:
            raise Unreachable("Microsoft's answer does not say what meetings the calendar can have")
        return _TEAMS in allowed

    def _create_meeting(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        """201 for a new one, 200 for the one that is there: …/graph/api/onlinemeeting-createorget"""
        body = _meeting_body(spec) | {"externalId": spec.key}
        answer = _sent(lambda: self.client.create_meeting(access_token, body))
        if answer.status not in (200, 201):
            refuse(answer, Ambiguous(f"Microsoft answered {answer.status} to a create"))
        found = wire.meeting(answer)
        if found is None:
            raise Ambiguous(f"Microsoft answered {answer.status} without a meeting's id")
        external_id = _MEETING + found.meeting_id
        return RemoteMeeting(external_id, self._checked(found.join_url, external_id))

    def _made_before(self, access_token: Secret, spec: MeetingSpec, said: Fault) -> RemoteMeeting:
        """What an earlier create with this key made, if it was changed since. Raises Missing if it is gone.

        The answer names it, or it is looked for where it was put; a meeting that the host has moved to another day in
        the moment between two tries is not found.
        """
        if said.existing_id:
            found = wire.event(_read(lambda: self.client.read_event(access_token, said.existing_id)))
        else:
            first, last = spec.start_at - timedelta(days=1), spec.start_at + spec.duration + timedelta(days=1)
            there = wire.events(_read(lambda: self.client.list_events(access_token, first, last)))
            if there is None:
                raise Ambiguous("Microsoft's list of events cannot be read")
            found = next((event for event in there if event.transaction_id == spec.key), None)
            if found is None:
                raise Missing("the event that this key made is not in the calendar any more")
        if found is None:
            raise Ambiguous("Microsoft's answer has no event's id")
        return RemoteMeeting(found.event_id, self._link_of(found))

    def _link_of(self, event: Event) -> str:
        """Empty as long as it is being made. Raises Unusable."""
        if event.is_online is False:
            raise Unusable("Outlook made an event without a Teams meeting", event.event_id)
        return self._checked(event.join_url, event.event_id)

    def _checked(self, url: str, external_id: str) -> str:
        if url and not self._is_join_link(url):
            raise Unusable("Microsoft's answer has no join link that can be sent to anybody", external_id)
        return url

    def _is_join_link(self, url: str) -> bool:
        """https at Teams, path /l/meetup-join/… or /meet/…, also of the US government's clouds. A stand-in's links live
        on its own host. https://learn.microsoft.com/en-us/graph/outlook-calendar-online-meetings
        """
        try:
            parts, stand_in = urlsplit(url), urlsplit(self.client.api_url)
        except ValueError:
            return False
        host = parts.hostname or ""
        at_teams = host in _LINK_HOSTS or host.endswith(".teams.microsoft.us")
        at_stand_in = stand_in.scheme == "http" and parts.scheme == "http" and parts.netloc == stand_in.netloc
        fits = parts.username is None and len(url) <= 2000 and _LINK_PATH.fullmatch(parts.path) is not None
        return ((at_teams and parts.scheme == "https" and parts.netloc == host) or at_stand_in) and fits


def _span(entry: Entry, time_zone: str) -> tuple[datetime, datetime]:
    """Days that Microsoft writes as midnights in UTC are days in the zone."""
    start, end = entry.start_at, entry.end_at
    if entry.all_day and start.time() == end.time() == time():
        place = zone(time_zone)
        start, end = (at.replace(tzinfo=place).astimezone(UTC) for at in (start, end))
    return start, end


def _split(external_id: str) -> tuple[str, str]:
    """Which kind it is, and the id as Microsoft knows it."""
    is_meeting = external_id.startswith(_MEETING)
    return (_MEETING, external_id.removeprefix(_MEETING)) if is_meeting else ("", external_id)


def _sent(ask: Callable[[], Answer]) -> Answer:
    """The answer to a create or an update."""
    return asked(ask, Ambiguous)


def _looked(ask: Callable[[], Answer]) -> Answer:
    """The answer to a request that changes nothing."""
    return asked(ask, Unreachable)


def _read(ask: Callable[[], Answer], scope: str = CALENDAR_SCOPE) -> Answer:
    """The 200 to one that changes nothing; `scope` is what it needs."""
    answer = _looked(ask)
    if not _is_done(answer, 200):
        refuse(answer, Unreachable(f"Microsoft answered {answer.status}"), scope)
    return answer


def _token_set(ask: Callable[[], Answer], kept: Secret | None = None) -> TokenSet:
    """The tokens, or what their refusal means. An answer that never came leaves open whether new ones were made."""
    answer = asked(ask, Ambiguous)
    try:
        found = oauth.tokens(answer, kept)
    except TokenRefusal as refusal:
        raise of_token_refusal(refusal, retry_after(answer)) from refusal
    return TokenSet(found.access_token, found.refresh_token, found.expires_in, found.scopes)


def _new_event(spec: MeetingSpec) -> dict[str, Any]:
    """Without attendees, whom Outlook would mail; we tell people ourselves. transactionId makes a repeated create give
    the event that is there: https://learn.microsoft.com/en-us/graph/api/resources/event
    """
    online = {"isOnlineMeeting": True, "onlineMeetingProvider": _TEAMS, "transactionId": spec.key}
    marker = {"body": {"contentType": "text", "content": spec.marker}} if spec.marker else {}
    return _event_body(spec) | online | marker


def _event_body(spec: MeetingSpec) -> dict[str, Any]:
    """Times without an offset, in UTC: https://learn.microsoft.com/en-us/graph/api/resources/datetimetimezone"""
    start, end = _times(spec)
    return {
        "subject": spec.title[:_LONGEST_SUBJECT],
        "start": {"dateTime": start, "timeZone": "UTC"},
        "end": {"dateTime": end, "timeZone": "UTC"},
    }


def _meeting_body(spec: MeetingSpec) -> dict[str, Any]:
    """Both times, always together: https://learn.microsoft.com/en-us/graph/api/onlinemeeting-update"""
    start, end = _times(spec)
    return {"subject": spec.title[:_LONGEST_SUBJECT], "startDateTime": f"{start}Z", "endDateTime": f"{end}Z"}


def _times(spec: MeetingSpec) -> tuple[str, str]:
    """Start and end in UTC, in whole seconds."""
    start_at = spec.start_at.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return start_at.isoformat(), (start_at + spec.duration).isoformat()


def _is_done(answer: Answer, status: int) -> bool:
    """200 with a page is a network's own (sign in, blocked)."""
    return answer.status == status and (status == 204 or "html" not in answer.headers.get("content-type", ""))
