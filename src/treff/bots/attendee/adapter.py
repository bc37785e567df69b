"""The only file that knows both languages: Attendee's answers on one side, notetaking's ports and errors on the other.

Where no other page stands at the line: https://github.com/attendee-labs/attendee/blob/main/bots/bots_api_utils.py
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from treff.bots.attendee import inbound, wire
from treff.bots.attendee.client import AttendeeClient
from treff.bots.json_api import KEY, refusal
from treff.bots.meanings import asked, in_phase, instant, living_or_last, of_status, ordered
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notetaking.errors import (
    Ambiguous,
    BotError,
    Duplicate,
    Forged,
    NotOurs,
    NotOver,
    Over,
    Refused,
    Throttled,
    Transient,
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
from treff.notetaking.states import OVER, Cause, Phase, Writing
from treff.outbound.http import Answer

# "Give the bots 5 minutes to spin up": from then on staged.
# https://github.com/attendee-labs/attendee/blob/main/bots/management/commands/run_scheduler.py
_CAPABILITIES = Capabilities(finds_by_key=True, frozen_before=timedelta(minutes=5))
_MOST_PAGES = 10
_IN_STATE = re.compile(r"\bin state (\w+)")
_MOMENT = timedelta(seconds=60)

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
        answer = ordered(partial(self.client.create, _body(spec)), _refusal)
        found = wire.bot(answer)
        if found is None:
            raise Ambiguous(f"Attendee answered {answer.status} without a bot")
        if found.key != spec.key:
            raise Ambiguous("Attendee answered with the bot of another job")
        return RemoteBot(BotRef(found.bot_id, found.key), _state(found))

    def find_by_key(self, key: str) -> RemoteBot | None:
        found: list[RemoteBot] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            page = wire.bots(asked(partial(self.client.list_by_key, key, cursor), _refusal))
            if page is None:
                raise Transient("Attendee's list of bots makes no sense")
            found += [RemoteBot(BotRef(bot.bot_id, key), _state(bot)) for bot in page[0] if bot.key == key]
            cursor = page[1]
            if not cursor:
                break
        return living_or_last(found)

    def move(self, ref: BotRef, join_at: datetime, meeting_url: str) -> None:
        body = {"join_at": instant(join_at), "meeting_url": meeting_url}
        asked(lambda: self.client.update(ref.external_id, body), _refusal)

    def delete(self, ref: BotRef) -> None:
        asked(lambda: self.client.delete(ref.external_id), _refusal)

    def leave(self, ref: BotRef) -> None:
        try:
            asked(lambda: self.client.leave(ref.external_id), _refusal)
        except Over:
            return

    def read_state(self, ref: BotRef) -> BotState:
        found = wire.bot(asked(lambda: self.client.read(ref.external_id), _refusal))
        if found is None:
            raise Transient("Attendee's answer has no bot")
        if (found.bot_id, found.key) != (ref.external_id, ref.key):
            raise NotOurs(f"{found.bot_id} is not the bot of this job")
        return _state(found)

    def read_transcript(self, ref: BotRef) -> Transcript:
        """The state first: what was complete then is all there afterwards."""
        writing = self.read_state(ref).writing
        said = wire.transcript(asked(lambda: self.client.transcript(ref.external_id), _refusal))
        if said is None:
            raise Transient("Attendee's transcript makes no sense")
        return Transcript(tuple(_utterance(one) for one in said), writing)

    def delete_data(self, ref: BotRef) -> None:
        try:
            asked(lambda: self.client.delete_data(ref.external_id), _refusal)
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
        "join_at": instant(spec.join_at),
        "bot_name": "".join(char for char in spec.bot_name if ord(char) <= 0xFFFF).strip(),
        "deduplication_key": spec.key,
        "metadata": {**spec.metadata, KEY: spec.key},
        "recording_settings": {"format": "none"},
        **({"webhooks": [hook]} if spec.webhook_url else {}),
    }


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


def _refusal(answer: Answer, if_unclear: BotError) -> BotError:
    said = refusal(answer)
    text = f"Attendee {answer.status}: {said}"
    if (meaning := of_status(answer, text, if_unclear)) is not None:
        return meaning
    if said.startswith("Deduplication key already in use"):
        return Duplicate(text)
    if said.startswith(("An error occurred while", "Version conflict")):  # rolled back there
        return Transient(text)
    if "maximum number of concurrent bots" in said:
        return Throttled(text, clock.now() + _MOMENT)
    state = _IN_STATE.search(said)
    passed = in_phase(_PHASES.get(state[1], Phase.UNKNOWN), text) if state else None
    return passed or Refused(text)
