"""The only file that knows both languages: Recall's answers on one side, notetaking's ports and errors on the other.

Where no other page stands at the line: https://docs.recall.ai/reference/errors
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from treff.bots.json_api import KEY, refusal
from treff.bots.meanings import asked, in_phase, instant, living_or_last, of_status, ordered, retry_after
from treff.bots.recall import inbound, wire
from treff.bots.recall.client import RecallClient
from treff.kernel.secrets import Secret
from treff.notetaking.errors import (
    Ambiguous,
    BotError,
    Forged,
    Misconfigured,
    Missing,
    NotOurs,
    NotOver,
    Refused,
    Staged,
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
from treff.notetaking.states import OUT, OVER, Cause, Phase, Writing
from treff.outbound.http import Answer

_CAPABILITIES = Capabilities(finds_by_key=True, frozen_before=timedelta(0), refuses_duplicates=False)
_MOST_PAGES = 10
_LONGEST_NAME = 100
# "Out of adhoc bots -- Please retry in 30 seconds."
_NO_BOT_FREE = 507
_REPLENISHED_AFTER = timedelta(seconds=30)
# A net below erasing it ourselves: without it Recall keeps what was heard for ever.
# https://docs.recall.ai/docs/storage-and-playback
_RETENTION = {"type": "timed", "hours": 7 * 24}
# Its own transcription, which finds out the language; captions of the meeting are in the language that is set there.
# https://docs.recall.ai/docs/ai-transcription
TRANSCRIPTION: Mapping[str, Any] = {"recallai_streaming": {"mode": "prioritize_accuracy", "language_code": "auto"}}

# https://docs.recall.ai/docs/bot-status-change-events ; further ones may come at any time and are passed over.
# Until it joins a bot can be called off (see `delete`), so none is ever staged.
_PHASES = {
    "ready": Phase.SCHEDULED,
    "joining_call": Phase.JOINING,
    "in_waiting_room": Phase.WAITING_ROOM,
    "in_call_not_recording": Phase.IN_MEETING,
    "recording_permission_allowed": Phase.IN_MEETING,
    "recording_permission_denied": Phase.IN_MEETING,
    "in_call_recording": Phase.IN_MEETING,
    "recording_done": Phase.LEFT,
    "call_ended": Phase.LEFT,
    "done": Phase.DONE,
    "analysis_done": Phase.DONE,
    "analysis_failed": Phase.DONE,
    "fatal": Phase.FAILED,
    "media_expired": Phase.ERASED,
}
# https://docs.recall.ai/docs/sub-codes ; of a bot that failed every other reason is a connection that did not come
# about or broke; of one that left before it recorded, no failure.
_CAUSES = {
    "bot_kicked_from_waiting_room": Cause.NOT_ADMITTED,
    "google_meet_bot_blocked": Cause.NOT_ADMITTED,
    "timeout_exceeded_waiting_room": Cause.WAITING_ROOM_TIMEOUT,
    "call_ended_by_platform_waiting_room_timeout": Cause.WAITING_ROOM_TIMEOUT,
    "meeting_not_started": Cause.NOT_STARTED,
    "zoom_obf_user_not_in_meeting": Cause.NEEDS_USER,
    **dict.fromkeys(
        ("meeting_not_found", "meeting_link_invalid", "meeting_link_expired", "meeting_ended"), Cause.NOT_FOUND
    ),
    **dict.fromkeys(
        (
            *("meeting_requires_sign_in", "zoom_sdk_app_not_published", "zoom_sdk_credentials_missing"),
            *("zoom_sdk_update_required", "zoom_invalid_signature", "zoom_invalid_join_token", "zoom_account_blocked"),
            *("zoom_email_blocked_by_admin", "zoom_sdk_key_blocked_by_host_admin"),
        ),
        Cause.APP_REFUSED,
    ),
    "timeout_exceeded_recording_permission_denied": Cause.RECORDING_DENIED,
    "timeout_exceeded_in_call_not_recording": Cause.RECORDING_DENIED,
}


@dataclass(frozen=True, slots=True)
class RecallBots:
    """notetaking.ports.BotProvider for Recall. `webhook_secrets`: several while one is being replaced.

    `transcription`: Recall's name of who writes down what is said, and its options.
    """

    client: RecallClient
    webhook_secrets: tuple[Secret, ...] = field(repr=False)
    transcription: Mapping[str, Any] = field(default_factory=lambda: TRANSCRIPTION)
    name: str = "recall"
    capabilities: Capabilities = _CAPABILITIES

    def __post_init__(self) -> None:
        for secret in self.webhook_secrets:
            inbound.key_of(secret)

    def create(self, spec: BotSpec) -> RemoteBot:
        answer = ordered(partial(self.client.create, self._body(spec)), _refusal)
        found = wire.bot(answer)
        if found is None:
            raise Ambiguous(f"Recall answered {answer.status} without a bot")
        if found.key != spec.key:
            raise Ambiguous("Recall answered with the bot of another job")
        return _remote(found)

    def find_by_key(self, key: str) -> RemoteBot | None:
        found: list[wire.Bot] = []
        for page in range(1, _MOST_PAGES + 1):
            part = wire.bots(asked(partial(self.client.list_by_key, key, page), _refusal))
            if part is None:
                raise Transient("Recall's list of bots makes no sense")
            found += [bot for bot in part[0] if bot.key == key]
            if not part[1]:
                break
        return living_or_last([_remote(bot) for bot in sorted(found, key=_seen_at)])

    def move(self, ref: BotRef, join_at: datetime, meeting_url: str) -> None:
        """To no time within ten minutes, and not within ten minutes of its own: then "delete the scheduled bot"."""
        body = {"join_at": instant(join_at), "meeting_url": meeting_url}
        try:
            asked(lambda: self.client.update(ref.external_id, body), _refusal)
        except _TooLate as error:
            self.delete(ref)
            raise Missing(f"deleted, as it could not be moved: {error}") from error

    def delete(self, ref: BotRef) -> None:
        """Within ten minutes of its time "you must call the Remove Bot From Call endpoint".

        https://docs.recall.ai/docs/scheduling-bots-best-practices (Deleting scheduled bots)
        """
        try:
            asked(lambda: self.client.delete(ref.external_id), _refusal)
        except _TooLate as error:
            phase = self.read_state(ref).phase
            if phase != Phase.SCHEDULED:
                raise (in_phase(phase, str(error)) or error) from error
            self.leave(ref)

    def leave(self, ref: BotRef) -> None:
        try:
            asked(lambda: self.client.leave(ref.external_id), _refusal)
        except _TooLate:  # "is shutting/has shut down/has errored"
            return
        except _TooEarly as error:
            phase = self.read_state(ref).phase
            if phase == Phase.SCHEDULED:
                raise Staged(str(error)) from error
            if phase not in OUT:
                raise Transient(f"{error}, although it is {phase}") from error

    def read_state(self, ref: BotRef) -> BotState:
        return _state(self._read(ref))

    def read_transcript(self, ref: BotRef) -> Transcript:
        """The state first: what was complete then is all there afterwards. The link to it is always a fresh one."""
        found = self._read(ref)
        said: list[wire.Said] = []
        for recorded in found.recordings:
            if recorded.status == "done":
                answer = asked(partial(self.client.download, recorded.download_url), _no_download)
                part = wire.transcript(answer, recorded.began_at)
                if part is None:
                    raise Transient("Recall's transcript makes no sense")
                said += part
        said.sort(key=lambda one: one.start_at)
        utterances = tuple(Utterance(one.speaker, one.start_at, one.end_at, one.text) for one in said)
        return Transcript(utterances, _state(found).writing)

    def delete_data(self, ref: BotRef) -> None:
        """Of a bot that is not over too much could still be heard after it."""
        phase = self.read_state(ref).phase
        if phase == Phase.ERASED:
            return
        if phase not in OVER:
            raise NotOver(f"the bot is {phase}")
        asked(lambda: self.client.delete_media(ref.external_id), _refusal)

    def read_webhook(self, raw: bytes, headers: Mapping[str, str]) -> BotNews | None:
        try:
            message_id = inbound.verify(raw, headers, self.webhook_secrets)
        except inbound.BadSignature as error:
            raise Forged from error
        news = inbound.read(raw, message_id)
        return BotNews(news.message_id, BotRef(news.bot_id, news.key)) if news else None

    def _read(self, ref: BotRef) -> wire.Bot:
        found = wire.bot(asked(lambda: self.client.read(ref.external_id), _refusal))
        if found is None:
            raise Transient("Recall's answer has no bot")
        if (found.bot_id, found.key) != (ref.external_id, ref.key):
            raise NotOurs(f"{found.bot_id} is not the bot of this job")
        return found

    def _body(self, spec: BotSpec) -> dict[str, object]:
        """Without video, which is on where nobody says so. https://docs.recall.ai/reference/bot_create"""
        return {
            "meeting_url": spec.meeting_url,
            "join_at": instant(spec.join_at),
            "bot_name": spec.bot_name.strip()[:_LONGEST_NAME],
            "metadata": {**spec.metadata, KEY: spec.key},
            "recording_config": {
                "transcript": {"provider": dict(self.transcription)},
                "video_mixed_mp4": None,
                "retention": _RETENTION,
            },
        }


class _TooLate(Refused):
    """The bot is past that: dispatched, or over."""


class _TooEarly(Refused):
    """The bot was not started yet."""


_REFUSALS: Mapping[str, type[BotError]] = {
    "update_bot_failed": _TooLate,
    "cannot_delete_bot": _TooLate,
    "cannot_command_completed_bot": _TooLate,
    "cannot_command_unstarted_bot": _TooEarly,
    # Of one payload, not of our account: a firewall in front of Recall found something in it.
    "request_blocked": Refused,
}


def _refusal(answer: Answer, if_unclear: BotError) -> BotError:
    text = f"Recall {answer.status}: {refusal(answer)}"
    if 400 <= answer.status < 500 and (named := _REFUSALS.get(wire.code(answer))):
        return named(text)
    if answer.status == _NO_BOT_FREE:
        return Transient(text, retry_after(answer) or _REPLENISHED_AFTER)
    by_status: dict[int, Callable[[str], BotError]] = {402: Misconfigured, 405: _TooLate, 409: Transient}
    if answer.status in by_status:  # no credit left; already dispatched; a conflict that passes
        return by_status[answer.status](text)
    return of_status(answer, text, if_unclear) or Refused(text)


def _no_download(answer: Answer, if_unclear: BotError) -> BotError:
    """Of whoever keeps the files: a link that has expired or was used up is replaced by the next try."""
    meaning = of_status(answer, f"the transcript's keeper {answer.status}", if_unclear)
    return meaning if isinstance(meaning, Throttled) else if_unclear


def _remote(bot: wire.Bot) -> RemoteBot:
    return RemoteBot(BotRef(bot.bot_id, bot.key), _state(bot))


def _seen_at(bot: wire.Bot) -> datetime:
    """When something happened to it last, or will: bots of one key are told apart by that."""
    moments = [change.at for change in bot.changes if change.at]
    return max([*moments, *([bot.join_at] if bot.join_at else [])], default=datetime.min.replace(tzinfo=UTC))


def _state(bot: wire.Bot) -> BotState:
    known = [change for change in bot.changes if change.code in _PHASES]
    if not known:
        return BotState(Phase.UNKNOWN if bot.changes else Phase.SCHEDULED)
    last, has_recorded = known[-1], any(change.code == "in_call_recording" for change in known)
    phase, cause = _PHASES[last.code], Cause.NONE
    if phase == Phase.FAILED:
        cause = _CAUSES.get(last.sub_code, Cause.COULD_NOT_CONNECT)
    elif phase == Phase.DONE and not has_recorded:
        reasons = [_CAUSES[change.sub_code] for change in known if change.sub_code in _CAUSES]
        phase, cause = (Phase.FAILED, reasons[-1]) if reasons else (phase, cause)
    elif phase == Phase.DONE and {recorded.status for recorded in bot.recordings} == {"deleted"}:
        phase = Phase.ERASED
    elif last.code == "recording_permission_denied":
        cause = Cause.RECORDING_DENIED
    return BotState(phase, cause, last.code == "in_call_recording", _writing(bot, phase))


def _writing(bot: wire.Bot, phase: Phase) -> Writing:
    statuses = {recorded.status for recorded in bot.recordings}
    ended = {"done", "deleted", "failed", *([""] if phase in OVER else [])}  # what was not begun by then never will be
    if not statuses:
        return Writing.NOT_BEGUN
    if statuses <= {"done", "deleted"}:
        return Writing.COMPLETE
    return Writing.FAILED if statuses <= ended else Writing.GOING_ON
