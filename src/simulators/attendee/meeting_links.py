"""Which meeting links Attendee takes, and what it makes of them.

https://github.com/attendee-labs/attendee/blob/main/bots/meeting_url_utils.py
"""

import re
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

MEET_HOST = "meet.google.com"
TEAMS_HOSTS = ("teams.microsoft.com", "teams.live.com", "gov.teams.microsoft.us", "dod.teams.microsoft.us")
ZOOM_PATH = re.compile(r"[a-zA-Z0-9/_-]*")
# "Zoom passwords follow pattern: alphanumeric characters, optionally followed by .digits": what follows is cut off.
ZOOM_PWD = re.compile(r"[a-zA-Z0-9]+(?:\.\d+)?")
MEET_CODE = re.compile(r"/([a-zA-Z0-9-]+)")


def platform(url: str, meeting_hosts: tuple[str, ...] = ()) -> str | None:
    """zoom, google_meet or teams; None: no link of a meeting."""
    host = urlsplit(url).netloc.lower()
    if host in meeting_hosts or _is_zoom(host):
        return "zoom"
    if host == MEET_HOST:
        return "google_meet"
    return "teams" if host in TEAMS_HOSTS else None


def normalize(text: str, meeting_hosts: tuple[str, ...] = ()) -> str | None:
    """The link as Attendee keeps and shows it; None where it is no link of a meeting.

    Of a Zoom link only the path and the parameters pwd and tk are left. Links of ``meeting_hosts`` stay as they are.
    """
    url = text.strip().rstrip(">")
    for _ in range(3):
        found = _normalize(url if "://" in url else f"https://{url}", meeting_hosts)
        if found is not None:
            return found
        url = unquote(url)
    return None


def _normalize(url: str, meeting_hosts: tuple[str, ...]) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.lower()
    if host in meeting_hosts:
        return url if re.search(r"\d", parts.path) else None
    kind = platform(url)
    if kind == "zoom":
        return _normalize_zoom(host, parts.path, parts.query)
    if kind == "google_meet":
        code = MEET_CODE.match(parts.path)
        return f"https://{MEET_HOST}/{code[1]}" if code else None
    if kind == "teams":
        return url if "/l/meetup-join/" in url or re.search(r"/meet/[^?]+\?p=", url) else None
    return None


def _normalize_zoom(host: str, path: str, query: str) -> str | None:
    found = ZOOM_PATH.match(path)
    kept = re.sub(r"/+", "/", found[0] if found else "")
    if not re.search(r"\d", kept):
        return None
    given = parse_qs(query)
    parameters = []
    pwd = ZOOM_PWD.match(given.get("pwd", [""])[0])
    if pwd:
        parameters.append(f"pwd={pwd[0]}")
    if given.get("tk", [""])[0].strip():
        parameters.append(f"tk={given['tk'][0].strip()}")
    # zoom.com is written zoom.us.
    host = f"{host.removesuffix('zoom.com')}zoom.us" if host.endswith("zoom.com") else host
    return urlunsplit(("https", host, kept, "&".join(parameters), ""))


def _is_zoom(host: str) -> bool:
    return host in ("zoom.us", "zoom.com") or host.endswith((".zoom.us", ".zoom.com"))
