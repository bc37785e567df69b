"""Which meeting links this stand-in takes, and what Recall's answers make of them.

https://docs.recall.ai/docs/meeting-urls
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

TEAMS_HOSTS = ("teams.microsoft.com", "teams.live.com")


def parse(url: str, meeting_hosts: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """None: no link of a meeting."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host, path = parts.netloc.lower(), parts.path.strip("/")
    if host in meeting_hosts or host == "zoom.us" or host.endswith(".zoom.us"):
        number = re.search(r"\d{9,11}", path)
        password = parse_qs(parts.query).get("pwd", [None])[0]
        return {"meeting_id": number[0], "meeting_password": password, "platform": "zoom"} if number else None
    if host == "meet.google.com":
        return {"meeting_id": path, "platform": "google_meet"} if path else None
    if host in TEAMS_HOSTS:
        return {"meeting_id": path.rpartition("/")[2], "platform": "microsoft_teams"} if path else None
    return None
