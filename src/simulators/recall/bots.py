"""Bots: what was asked for, what happened to them, and how they look in answers. Knows nothing of HTTP."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulators.recall import meeting_links
from simulators.recall.clock import show

IN_CALL = ("in_call_not_recording", "recording_permission_allowed", "recording_permission_denied", "in_call_recording")
OVER = ("done", "fatal", "media_expired")
OUT = ("call_ended", *OVER)


@dataclass(frozen=True)
class Change:
    code: str
    sub_code: str | None
    at: datetime


@dataclass(frozen=True)
class Heard:
    """One utterance of a transcript."""

    speaker: str
    text: str
    began_at: datetime
    ended_at: datetime


@dataclass
class Bot:
    """``transcript``: processing, done or failed; None where none was asked for, or before it records.

    ``leaving_at``: when it was told to leave.
    """

    request: dict[str, Any]
    join_at: datetime
    created_at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    changes: list[Change] = field(default_factory=list)
    deleted: bool = False
    leaving_at: datetime | None = None
    recording_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    began_at: datetime | None = None
    ended_at: datetime | None = None
    transcript: str | None = None
    heard: list[Heard] = field(default_factory=list)
    erased: bool = False

    @property
    def meeting_url(self) -> str:
        return str(self.request["meeting_url"])

    @property
    def metadata(self) -> dict[str, str]:
        metadata: dict[str, str] = self.request.get("metadata") or {}
        return metadata

    @property
    def wants_transcript(self) -> bool:
        """https://docs.recall.ai/docs/bot-transcription"""
        return bool((self.request.get("recording_config") or {}).get("transcript"))

    @property
    def code(self) -> str:
        """Its status; "" before a machine was started for it."""
        return self.changes[-1].code if self.changes else ""

    @property
    def since(self) -> datetime:
        """When it came into its status."""
        return self.changes[-1].at if self.changes else self.created_at

    def patience(self, name: str, default: int) -> timedelta:
        """One of its automatic_leave settings. https://docs.recall.ai/docs/automatic-leaving-behavior"""
        return timedelta(seconds=float((self.request.get("automatic_leave") or {}).get(name, default)))


def display(bot: Bot, meeting_hosts: tuple[str, ...], download_url: str) -> dict[str, Any]:
    """The bot as in Recall's answers: the link taken apart, the time only until it joins.

    https://docs.recall.ai/reference/bot_retrieve , https://docs.recall.ai/docs/meeting-urls
    """
    return {
        "id": bot.id,
        "meeting_url": meeting_links.parse(bot.meeting_url, meeting_hosts),
        "bot_name": bot.request.get("bot_name") or "Meeting Notetaker",
        "join_at": show(bot.join_at) if bot.code in ("", "ready") else None,
        "recording_config": bot.request.get("recording_config"),
        "status_changes": [
            {"code": one.code, "message": None, "created_at": show(one.at), "sub_code": one.sub_code}
            for one in bot.changes
        ],
        "recordings": [_recording(bot, download_url)] if bot.began_at and not bot.erased else [],
        "metadata": bot.metadata,
    }


def _recording(bot: Bot, download_url: str) -> dict[str, Any]:
    is_over = bot.code in OVER
    transcript = {
        "id": bot.recording_id,
        "status": {"code": bot.transcript, "sub_code": None},
        "data": {"download_url": download_url} if bot.transcript == "done" else None,
    }
    return {
        "id": bot.recording_id,
        "started_at": show(bot.began_at) if bot.began_at else None,
        "completed_at": show(bot.ended_at) if bot.ended_at and is_over else None,
        "status": {"code": "done" if is_over else "processing", "sub_code": None},
        "media_shortcuts": {"video_mixed": None, "transcript": transcript if bot.transcript else None},
    }
