"""The only file that knows both languages: Zoom's answers on one side, conferencing's ports and errors on the other."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

from treff.conferencing.errors import (
    Ambiguous,
    GrantLost,
    Misconfigured,
    Missing,
    ProviderError,
    Refused,
    Throttled,
    Transient,
    Unauthorized,
    Unreachable,
    Unusable,
)
from treff.conferencing.ports import Capabilities, Identity, MeetingOptions, MeetingSpec, RemoteMeeting, TokenSet
from treff.conferencing.states import GrantState, LostCause, Plan
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.providers.http import Answer, NotSent, Unanswered
from treff.providers.meanings import asked, of_token_refusal
from treff.providers.tokens import TokenRefusal
from treff.providers.zoom import oauth, wire
from treff.providers.zoom.client import ZoomClient

# "The start_url expires in two hours": https://developers.zoom.us/docs/api/meetings/ (create a meeting)
START_URL_LIFE = timedelta(hours=2)
# Bounds of topic and agenda, same page.
_LONGEST_TOPIC = 200
# use_pmi follows the user's setting unless said, and a shared room would let the next lead walk in. It is all that is
# asked for where the account's policy refuses more.
_LEAST_SETTINGS = {"use_pmi": False}
# "up to 100 requests within a 24 hour window": https://developers.zoom.us/docs/api/meetings/ (create and update)
_CAPABILITIES = Capabilities(creates_idempotently=False, requests_per_day=100)
_LINK_PATH = re.compile(r"/j/[0-9]+")
_SCOPE = re.compile(r"(?<![:\w])[a-z_]+:[a-z_]+:[a-z_]+(?![:\w])")
# 1 Basic, 2 Licensed, 4 Unassigned without Meetings Basic: https://developers.zoom.us/docs/api/users/ (type)
_PLANS = {1: Plan.BASIC, 2: Plan.LICENSED, 4: Plan.NO_MEETINGS}


@dataclass(frozen=True, slots=True)
class ZoomProvider:
    """conferencing.ports.MeetingProvider for Zoom."""

    client: ZoomClient
    name: str = "zoom"
    capabilities: Capabilities = _CAPABILITIES
    scopes: frozenset[str] = frozenset(
        {"user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"}
    )

    @property
    def client_id(self) -> str:
        return self.client.client_id

    def authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        return self.client.authorization_url(state, code_challenge, redirect_uri)

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> TokenSet:
        return _token_set(lambda: self.client.exchange_code(code, verifier, redirect_uri))

    def refresh(self, refresh_token: Secret) -> TokenSet:
        return _token_set(lambda: self.client.refresh(refresh_token))

    def revoke(self, token: Secret) -> None:
        try:
            answer = self.client.revoke(token)
        except (NotSent, Unanswered) as error:
            raise Transient(str(error)) from error
        if answer.status != 200:
            raise Transient(f"revoke answered {answer.status}")

    def identify(self, access_token: Secret) -> Identity:
        try:
            answer = self.client.read_profile(access_token)
        except (NotSent, Unanswered) as error:
            raise Transient(str(error)) from error
        if answer.status != 200:
            _refuse(answer, Transient(f"Zoom answered {answer.status}"))
        found = wire.profile(answer)
        if found is None:
            raise Transient("Zoom's profile has no id")
        return Identity(found.user_id, found.email, found.display_name, _PLANS.get(found.type, Plan.UNKNOWN))

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        settings = _settings(spec.options or MeetingOptions()) | _LEAST_SETTINGS
        body = _body(spec) | {"type": 2, "agenda": spec.marker, "settings": settings}
        answer = self._sent_create(access_token, body)
        if _is_about_settings(answer):  # the account's policy; not acted, so it can be asked again, with the least
            answer = self._sent_create(access_token, body | {"settings": _LEAST_SETTINGS})
        if not 200 <= answer.status < 300:
            _refuse(answer, Ambiguous(f"Zoom answered {answer.status} to a create"))
        return self._created(answer)

    def _sent_create(self, access_token: Secret, body: dict[str, Any]) -> Answer:
        return asked(lambda: self.client.create_meeting(access_token, body), Ambiguous)

    def update(self, access_token: Secret, external_id: str, spec: MeetingSpec) -> None:
        body = _body(spec)
        if spec.options is not None and spec.says_options:
            answer = self._sent_update(access_token, external_id, body | {"settings": _settings(spec.options)})
            if _is_about_settings(answer):  # as with a create: the time matters more
                answer = self._sent_update(access_token, external_id, body)
        else:
            answer = self._sent_update(access_token, external_id, body)
        if not _is_done(answer):
            _refuse(answer, Ambiguous(f"Zoom answered {answer.status} to an update"))

    def _sent_update(self, access_token: Secret, external_id: str, body: dict[str, Any]) -> Answer:
        return asked(lambda: self.client.update_meeting(access_token, external_id, body), Ambiguous)

    def delete(self, access_token: Secret, external_id: str) -> None:
        answer = asked(
            lambda: self.client.delete_meeting(access_token, external_id), Unreachable
        )  # deleting again does no harm
        if not _is_done(answer):
            _refuse(answer, Unreachable(f"Zoom answered {answer.status} to a delete"))

    def _created(self, answer: Answer) -> RemoteMeeting:
        found = wire.created_meeting(answer)
        if found is None:
            raise Ambiguous(f"Zoom answered {answer.status} without a meeting id")
        external_id = str(found.meeting_id)
        if not self._is_join_link(found.join_url):
            raise Unusable("Zoom's answer has no join link that can be sent to anybody", external_id)
        return RemoteMeeting(
            external_id=external_id,
            join_url=found.join_url,
            passcode=Secret(found.passcode) if found.passcode else None,
            start_url=Secret(found.start_url) if found.start_url else None,
            start_url_valid_for=START_URL_LIFE,
        )

    def _is_join_link(self, url: str) -> bool:
        """https on zoom.us or below it, path /j/… (never /s/…, the host's). A stand-in's links live on its own host."""
        try:
            parts, stand_in = urlsplit(url), urlsplit(self.client.api_url)
        except ValueError:
            return False
        at_zoom = parts.scheme == "https" and (parts.hostname or "").endswith((".zoom.us", ".zoomgov.com"))
        at_zoom = at_zoom or (parts.scheme == "https" and parts.hostname == "zoom.us")
        at_stand_in = stand_in.scheme == "http" and parts.netloc == stand_in.netloc and parts.scheme == "http"
        fits = parts.username is None and len(url) <= 2000 and _LINK_PATH.fullmatch(parts.path) is not None
        return (at_zoom or at_stand_in) and fits


def _token_set(ask: Callable[[], Answer]) -> TokenSet:
    """The tokens, or what their refusal means. An answer that never came leaves open whether the old token is spent."""
    try:
        found = oauth.tokens(asked(ask, Ambiguous))
    except TokenRefusal as refusal:
        raise of_token_refusal(refusal) from refusal
    return TokenSet(found.access_token, found.refresh_token, found.expires_in, found.scopes)


def _body(spec: MeetingSpec) -> dict[str, Any]:
    """Times as UTC with Z and whole seconds, plus the host's zone for display: other mixtures shift the meeting.

    https://developers.zoom.us/docs/api/meetings/ (start_time). Start, length and zone always go together.
    """
    return {
        "topic": spec.title[:_LONGEST_TOPIC],
        "start_time": spec.start_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration": int(spec.duration.total_seconds() // 60),
        "timezone": spec.time_zone,
    }


def _settings(options: MeetingOptions) -> dict[str, Any]:
    """A waiting room disables join_before_host, so both are never asked for; what the account locked wins silently.

    https://developers.zoom.us/docs/api/meetings/ (settings)
    """
    return {
        "join_before_host": options.join_before_host and not options.waiting_room,
        "waiting_room": options.waiting_room,
        "auto_recording": options.recording.value,
    }


def _is_done(answer: Answer) -> bool:
    """Zoom answers 204 to an update and a delete; 200 with a page is a network's own (sign in, blocked)."""
    return answer.status == 204 or (answer.status == 200 and "html" not in answer.headers.get("content-type", ""))


def _is_about_settings(answer: Answer) -> bool:
    """300 is "Validation Failed.", and errors[] names the fields: https://developers.zoom.us/docs/api/errors/"""
    said = wire.fault(answer)
    return answer.status == 400 and said.code == 300 and any(name.startswith("settings") for name in said.fields)


def _refuse(answer: Answer, if_unclear: ProviderError) -> NoReturn:
    """Raise what an answer that is no success means; `if_unclear` for one that leaves open whether Zoom acted.

    Codes: https://developers.zoom.us/docs/api/errors/ and the tables of the four endpoints.
    """
    said = wire.fault(answer)
    text = f"Zoom {answer.status} {said.code or ''}: {said.message}".strip()
    if answer.status < 300 or answer.status == 408 or answer.status >= 500:
        if (
            answer.status == 503
            and (wait := _retry_after(answer)) is not None
            and not isinstance(if_unclear, Ambiguous)
        ):
            raise Transient(text, wait - clock.now())
        raise if_unclear
    if answer.status == 429:
        _throttle(answer, said.message)
    if "does not contain scopes" in said.message:  # 4711, in older texts 4700
        raise GrantLost(text, GrantState.SCOPE_MISSING, LostCause.SCOPES, frozenset(_SCOPE.findall(said.message)))
    if answer.status == 401 or said.code == 124:
        raise Unauthorized(text)
    if answer.status == 404 and said.code == 3001:
        raise Missing(text)
    if answer.status == 404 and said.code == 1001:  # the user is gone from the account
        raise GrantLost(text, cause=LostCause.USER_GONE)
    if answer.status == 407:
        raise Unreachable("a proxy asks for credentials (407)")
    if answer.status < 400:  # redirects are not followed: a token must not travel
        raise Misconfigured(f"Zoom redirected ({answer.status})")
    if 400 <= answer.status < 500:
        named = f" ({', '.join(filter(None, said.fields))})" if any(said.fields) else ""
        raise Refused((said.message or f"Zoom answered {answer.status}") + named)
    raise if_unclear


def _throttle(answer: Answer, message: str) -> NoReturn:
    """429 has three shapes; not one header can be relied on: https://devforum.zoom.us/t/18928"""
    until_at = _retry_after(answer)
    per_day = "daily" in message.lower() or answer.headers.get("x-ratelimit-type", "").lower() == "daily-limit"
    if per_day:
        raise Throttled(message, until_at or _next_utc_midnight())
    if until_at is not None:
        raise Transient(message, until_at - clock.now())
    raise Transient(message)


def _retry_after(answer: Answer) -> datetime | None:
    """Seconds, an HTTP date or (Zoom's daily limits) an ISO instant."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        if text.lstrip("-").isdigit():
            return clock.now() + timedelta(seconds=max(-86_400, min(int(text[:9]), 30 * 86_400)))
        if text[:4].isdigit():
            found = datetime.fromisoformat(text)
        elif text:
            found = parsedate_to_datetime(text)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _next_utc_midnight() -> datetime:
    """When Zoom counts anew (00:00 UTC), and a minute for its clock."""
    tomorrow = clock.now() + timedelta(days=1)
    return tomorrow.replace(hour=0, minute=1, second=0, microsecond=0)
