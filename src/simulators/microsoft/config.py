"""What a simulator is started with. Everything here is fixed for the life of the process."""

from dataclasses import dataclass, field
from pathlib import Path

GRAPH = "https://graph.microsoft.com/"
# Delegated permissions a scheduling app may ask for, and what the consent page calls them.
# https://learn.microsoft.com/en-us/graph/permissions-reference
SCOPES = {
    "openid": "Sign you in",
    "profile": "View your basic profile",
    "email": "View your email address",
    "offline_access": "Maintain access to data you have given it access to",
    "User.Read": "Sign you in and read your profile",
    "Calendars.Read": "Read your calendars",
    "Calendars.ReadWrite": "Have full access to your calendars",
    "OnlineMeetings.ReadWrite": "Read and create your online meetings",
}
APP_SCOPES = (
    *("openid", "profile", "email", "offline_access"),
    *("User.Read", "Calendars.ReadWrite", "OnlineMeetings.ReadWrite"),
)
"""What a consent without a browser grants, and what ``.default`` stands for."""


@dataclass(frozen=True)
class App:
    """The one multi-tenant app registration this Microsoft knows."""

    client_id: str = "6f0d7c1e-3f5b-4b0a-9d55-51a1ec0de001"
    client_secret: str = field(default="microsoft-simulator-client-secret", repr=False)
    redirect_uris: tuple[str, ...] = ()
    name: str = "Treff"
    scopes: tuple[str, ...] = APP_SCOPES


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
