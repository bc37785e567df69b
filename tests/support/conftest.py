"""A rep whose appointment has a meeting with secrets, and a Zoom on paper."""

from tests.web.console.conftest import (
    ada,
    browser,
    connected,
    november,
    own_data_dir,
    place,
    rested_provider,
    rita,
    zoom,
)

__all__ = ["ada", "browser", "connected", "november", "own_data_dir", "place", "rested_provider", "rita", "zoom"]
