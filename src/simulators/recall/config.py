"""What a simulator is started with. Everything here is fixed for the life of the process."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Config:
    """The one workspace this Recall knows, and where to listen.

    ``webhook_secret``: whsec_ and base64, as the dashboard shows it; the one endpoint of its dashboard is
    ``webhook_url``. ``meeting_hosts`` (``127.0.0.1:8100``) are taken for zoom.us, so that links of a simulated Zoom can
    be joined.
    """

    api_key: str = field(default="recall-simulator-api-key", repr=False)
    webhook_secret: str = field(default="whsec_cmVjYWxsLXNpbXVsYXRvci13ZWJob29rLXNlY3JldA==", repr=False)
    webhook_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 0
    meeting_hosts: tuple[str, ...] = ()
