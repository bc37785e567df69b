"""The only file that knows both languages: Attendee's answers on one side, notetaking's ports and errors on the other.

Where no other page stands at the line: https://github.com/attendee-labs/attendee/blob/main/bots/bots_api_utils.py
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

from treff.bots.attendee import inbound, wire
from treff.bots.attendee.client import AttendeeClient
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notetaking.errors import (
    Ambiguous,
    BotError,
    Duplicate,
    Forged,
    Misconfigured,
    Missing,
    NotOurs,
    NotOver,
    Over,
    Refused,
    Staged,
    Throttled,
    Transient,
    Underway,
)
from treff.notetaking.ports import (
    BotNews,
    BotRef,
    BotSpec,
    BotState,
    Capabilities,
    RemoteBot,
    Transcript,
    Utterance,
)
from treff.notetaking.states import OUT, OVER, THERE, Cause, Phase, Writing
from treff.outbound.http import Answer, NotSent, Unanswered

# "Give the bots 5 minutes to spin up": from then on staged.
# https://github.com/attendee-labs/attendee/blob/main/bots/management/commands/run_scheduler.py
_CAPABILITIES = Capabilities(finds_by_key=True, frozen_before=timedelta(minutes=5))
_MOST_PAGES = 10
_IN_STATE = re.compile(r"\bin state (\w+)")
_MOMENT = timedelta(seconds=60)  # where a 429 does not say how long: its limit is per minute

# https://github.com/attendee-labs/attendee/blob/main/bots/models.py (BotStates)
_PHASES = {
    **dict.fromkeys(("ready", "scheduled"), Phase.SCHEDULED),
    "staged": Phase.STAGED,
    "joining": Phase.JOINING,
    "waiting_room": Phase.WAITING_ROOM,
    **dict.fromkeys(("joined_not_recording", "joined_recording", "joined_recording_paused"), Phase.IN_MEETING),
    "joined_recording_permission_denied": Phase.IN_MEETING,
    **dict.fromkeys(("joining_breakout_room", "leaving_breakout_room"), Phase.IN_MEETING),
    "leaving": Phase.LEAVING,
    "post_processing": Phase.LEFT,
    "ended": Phase.DONE,
    "fatal_error": Phase.FAILED,
    "data_deleted": Phase.ERASED,
}
# The same file (BotEventSubTypes); every other reason is a connection that did not come about or broke.
_CAUSES = {
    "request_to_join_denied": Cause.NOT_ADMITTED,
    "waiting_room_timeout_exceeded": Cause.WAITING_ROOM_TIMEOUT,
    "meeting_not_started_waiting_for_host": Cause.NOT_STARTED,
    "authorized_user_not_in_meeting_timeout_exceeded": Cause.NEEDS_USER,
    "zoom_app_cannot_join_anonymously": Cause.NEEDS_USER,
    "meeting_not_found": Cause.NOT_FOUND,
    "unpublished_zoom_app": Cause.APP_REFUSED,
    "zoom_authorization_failed": Cause.APP_REFUSED,
}
_WRITING = {
    "in_progress": Writing.GOING_ON,
    "complete": Writing.COMPLETE,
    "failed": Writing.FAILED,
}


@dataclass(frozen=True, slots=True)
class AttendeeBots:
    """notetaking.ports.BotProvider for Attendee. `webhook_secrets`: in base64, several while one is being replaced."""

    client: AttendeeClient
    webhook_secrets: tuple[Secret, ...] = field(repr=False)
    name: str = "attendee"
    capabilities: Capabilities = _CAPABILITIES

    def __post_init__(self) -> None:
        for secret in self.webhook_secrets:
            inbound.key_of(secret)

    def create(self, spec: BotSpec) -> RemoteBot:
        try:
            answer = self.client.create(_body(spec))
        except NotSent as error:
            raise Transient(str(error)) from error
        except Unanswered as error:
            raise Ambiguous(str(error)) from error
        if not 200 <= answer.status < 300:
            _refuse(answer, Ambiguous(f"Attendee answered {answer.status} to a create"))
        found = wire.bot(answer)
        if found is None:
            raise Ambiguous(f"Attendee answered {answer.status} without a bot")
        if found.key != spec.key:
            raise Ambiguous("Attendee answered with the bot of another job")
        return RemoteBot(BotRef(found.bot_id, found.key), _state(found))

    def find_by_key(self, key: str) -> RemoteBot | None:
        found: list[wire.Bot] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            page = wire.bots(_asked(partial(self.client.list_by_key, key, cursor)))
            if page is None:
                raise Transient("Attendee's list of bots makes no sense")
            found += [bot for bot in page[0] if bot.key == key]
            cursor = page[1]
            if not cursor:
                break
        living = [bot for bot in found if _state(bot).phase not in OVER]
        for bot in (living or found)[-1:]:
            return RemoteBot(BotRef(bot.bot_id, key), _state(bot))
        return None

    def move(self, ref: BotRef, join_at: datetime, meeting_url: str) -> None:
        body = {"join_at": _instant(join_at), "meeting_url": meeting_url}
        _asked(lambda: self.client.update(ref.external_id, body))

    def delete(self, ref: BotRef) -> None:
        _asked(lambda: self.client.delete(ref.external_id))

    def leave(self, ref: BotRef) -> None:
        try:
            _asked(lambda: self.client.leave(ref.external_id))
        except Over:
            return

    def read_state(self, ref: BotRef) -> BotState:
        found = wire.bot(_asked(lambda: self.client.read(ref.external_id)))
        if found is None:
            raise Transient("Attendee's answer has no bot")
        if (found.bot_id, found.key) != (ref.external_id, ref.key):
            raise NotOurs(f"{found.bot_id} is not the bot of this job")
        return _state(found)

    def read_transcript(self, ref: BotRef) -> Transcript:
        """The state first: what was complete then is all there afterwards."""
        writing = self.read_state(ref).writing
        said = wire.transcript(_asked(lambda: self.client.transcript(ref.external_id)))
        if said is None:
            raise Transient("Attendee's transcript makes no sense")
        return Transcript(tuple(_utterance(one) for one in said), writing)

    def delete_data(self, ref: BotRef) -> None:
        try:
            _asked(lambda: self.client.delete_data(ref.external_id))
        except Refused:  # it says neither whether the bot is still there, nor whether that was done before
            phase = self.read_state(ref).phase
            if phase == Phase.ERASED:
                return
            if phase not in OVER:
                raise NotOver(f"the bot is {phase}") from None
            raise

    def read_webhook(self, raw: bytes, headers: Mapping[str, str]) -> BotNews | None:
        try:
            content = inbound.verify(raw, headers.get(inbound.SIGNATURE, ""), self.webhook_secrets)
        except inbound.BadSignature as error:
            raise Forged from error
        news = inbound.read(content)
        return BotNews(news.idempotency_key, BotRef(news.bot_id, news.key)) if news else None


def _body(spec: BotSpec) -> dict[str, object]:
    """Without a recording: notes need the text alone. Attendee refuses names with characters beyond U+FFFF.

    https://github.com/attendee-labs/attendee/blob/main/bots/serializers.py (CreateBotSerializer)
    """
    hook = {"url": spec.webhook_url, "triggers": ["bot.state_change", "transcript.update"]}
    return {
        "meeting_url": spec.meeting_url,
        "join_at": _instant(spec.join_at),
        "bot_name": "".join(char for char in spec.bot_name if ord(char) <= 0xFFFF).strip(),
        "deduplication_key": spec.key,
        "metadata": {**spec.metadata, wire.KEY: spec.key},
        "recording_settings": {"format": "none"},
        **({"webhooks": [hook]} if spec.webhook_url else {}),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _state(bot: wire.Bot) -> BotState:
    phase = _PHASES.get(bot.state, Phase.UNKNOWN)
    cause = Cause.NONE
    if phase == Phase.FAILED:
        cause = _CAUSES.get(bot.reason, Cause.COULD_NOT_CONNECT)
    elif bot.state == "joined_recording_permission_denied":
        cause = Cause.RECORDING_DENIED
    writing = _WRITING.get(bot.transcription, Writing.NOT_BEGUN)
    return BotState(phase, cause, bot.state == "joined_recording", writing)


def _utterance(said: wire.Said) -> Utterance:
    start_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=said.at_ms)
    return Utterance(said.speaker, start_at, start_at + timedelta(milliseconds=said.duration_ms), said.text)


def _asked(ask: Callable[[], Answer]) -> Answer:
    """The answer to what does no harm when it is asked again, or what its refusal means."""
    try:
        answer = ask()
    except (NotSent, Unanswered) as error:
        raise Transient(str(error)) from error
    is_page = "html" in answer.headers.get("content-type", "")  # a network's own: sign in, blocked
    if not 200 <= answer.status < 300 or is_page:
        _refuse(answer, Transient(f"Attendee answered {answer.status}"))
    return answer


def _refuse(answer: Answer, if_unclear: BotError) -> NoReturn:
    """Raise what an answer that is no success means; `if_unclear` for one that leaves open whether Attendee acted."""
    said = wire.refusal(answer)
    text = f"Attendee {answer.status}: {said}"
    if answer.status < 300 or answer.status == 408 or answer.status >= 500:
        raise if_unclear
    if answer.status == 429:  # https://www.django-rest-framework.org/api-guide/throttling/
        wait = answer.headers.get("retry-after", "")
        seconds = timedelta(seconds=min(int(wait[:6]), 86_400)) if wait.isascii() and wait.isdigit() else _MOMENT
        raise Throttled(text, clock.now() + seconds)
    if answer.status in (401, 403) or answer.status < 400:  # redirects are not followed: the key must not travel
        raise Misconfigured(text)
    if answer.status == 407:
        raise Transient("a proxy asks for credentials (407)")
    if answer.status == 404:
        raise Missing(text)
    if said.startswith("Deduplication key already in use"):
        raise Duplicate(text)
    if said.startswith(("An error occurred while", "Version conflict")):  # rolled back there
        raise Transient(text)
    if "maximum number of concurrent bots" in said:
        raise Throttled(text, clock.now() + _MOMENT)
    if (state := _IN_STATE.search(said)) is not None:
        _refuse_in(_PHASES.get(state[1], Phase.UNKNOWN), text)
    raise Refused(text)


def _refuse_in(phase: Phase, text: str) -> None:
    if phase in (Phase.SCHEDULED, Phase.STAGED):
        raise Staged(text)
    if phase in THERE:
        raise Underway(text)
    if phase in OUT:
        raise Over(text)
