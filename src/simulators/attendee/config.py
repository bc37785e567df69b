"""What a simulator is started with. Everything here is fixed for the life of the process."""

from dataclasses import dataclass, field
from pathlib import Path

# https://docs.attendee.dev/guides/webhooks : those that are about a bot and that this stand-in fires.
TRIGGERS = ("bot.state_change", "transcript.update", "chat_messages.update", "participant_events.join_leave")


@dataclass(frozen=True)
class Project:
    """The one project this Attendee knows. ``webhook_secret`` is base64, as its dashboard shows it."""

    api_key: str = field(default="attendee-simulator-api-key", repr=False)
    webhook_secret: str = field(default="YXR0ZW5kZWUtc2ltdWxhdG9yLXdlYmhvb2stc2VjcmV0", repr=False)
    webhook_url: str | None = None
    triggers: tuple[str, ...] = TRIGGERS
    name: str = "Treff"


@dataclass(frozen=True)
class Config:
    """Where to listen, where to keep state (None: in memory), and which project there is.

    ``meeting_hosts`` (``127.0.0.1:8100``) are taken for zoom.us, so that links of a simulated Zoom can be joined.
    """

    project: Project = field(default_factory=Project)
    host: str = "127.0.0.1"
    port: int = 0
    state_file: Path | None = None
    meeting_hosts: tuple[str, ...] = ()
