"""What a simulator is started with. Everything here is fixed for the life of the process."""

from dataclasses import dataclass, field
from pathlib import Path

# The four scopes of a user-managed app that creates, moves and removes meetings, and what Zoom's consent page calls
# them. https://developers.zoom.us/docs/integrations/oauth-scopes-granular/
APP_SCOPES = {
    "user:read:user": "View your profile: name, e-mail address and account type",
    "meeting:write:meeting": "Create meetings for you",
    "meeting:update:meeting": "Change meetings you host",
    "meeting:delete:meeting": "Delete meetings you host",
}


@dataclass(frozen=True)
class App:
    """The one Marketplace app this Zoom knows."""

    client_id: str = "zoom-simulator-client"
    client_secret: str = field(default="zoom-simulator-client-secret", repr=False)
    webhook_secret: str = field(default="zoom-simulator-webhook-secret", repr=False)
    webhook_url: str | None = None
    redirect_uris: tuple[str, ...] = ()
    name: str = "Treff"


@dataclass(frozen=True)
class Config:
    """Where to listen, where to keep state (None: in memory), and which app is registered.

    ``join_base`` is the start of join links; None means the simulator's own address, where the link opens a page.
    """

    app: App = field(default_factory=App)
    host: str = "127.0.0.1"
    port: int = 0
    state_file: Path | None = None
    join_base: str | None = None
