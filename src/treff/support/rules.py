"""Decisions: what is left out of a report, and how it is called."""

import re
from collections.abc import Mapping

from treff.kernel.errors import N_
from treff.support.states import FactKind

LABELS: Mapping[FactKind, str] = {
    FactKind.TIME: N_("Exact time"),
    FactKind.WORKSPACE: N_("Workspace"),
    FactKind.REPORTER: N_("Reported by"),
    FactKind.PAGE: N_("Page"),
    FactKind.APPOINTMENT: N_("Appointment"),
    FactKind.LEAD: N_("Lead"),
    FactKind.MEETING: N_("Meeting"),
    FactKind.ACCOUNT: N_("Video account"),
    FactKind.EVENTS: N_("Last events"),
    FactKind.BROWSER: N_("Browser"),
    FactKind.VERSIONS: N_("Versions"),
}

LONGEST_TEXT, LONGEST_FACT = 4000, 300
MOST_IN_AN_HOUR = 5
NUMBER_LENGTH = 8

# What makes a link more than an address: join and start links carry a passcode or a token behind the question mark.
_QUERY = re.compile(r"(https?://[^\s?#<>\"]*)[?#][^\s<>\"]*", re.IGNORECASE)
# Whoever knows these addresses of ours is let in.
_SECRET_ADDRESS = re.compile(r"(/calendars/|/book/manage/|/book/confirm/|/book/reminders/|/reset/key/)[A-Za-z0-9:_.-]+")
_NAMED = re.compile(r"\b((?:zak|pwd|tk|\w*token|secret|client_secret|code_verifier)\s*[=:]\s*)\S+", re.IGNORECASE)
_SPOKEN = re.compile(
    r"\b((?:pass[ -]?(?:code|word|wort)|kenn(?:code|wort))\s*(?:[:=]\s*|(?:is|ist|lautet)?\s+(?=\S*\d)))\S+",
    re.IGNORECASE,
)
# Tokens and keys are long runs of characters with digits in them; a public id has at most 31.
_TOKEN = re.compile(r"(?:\beyJ[\w-]+(?:\.[\w-]+)*|\btreff_[\w-]{16,}|(?<![\w.+/=-])(?=\S*\d)[A-Za-z0-9_.+/=-]{40,})")


def without_secrets(text: str) -> str:
    """The text with … in place of what looks like a secret: better once too often."""
    for pattern in (_QUERY, _SECRET_ADDRESS, _NAMED, _SPOKEN):
        text = pattern.sub(r"\1…", text)
    return _TOKEN.sub(_unless_address, text)


def _unless_address(found: re.Match[str]) -> str:
    """A path of a page is long, too; each part of it is looked at alone."""
    text = found.group()
    if "/" not in text or text.startswith("eyJ"):
        return "…"
    return "/".join("…" if len(part) >= 40 and any(map(str.isdigit, part)) else part for part in text.split("/"))


def page_of(path: str) -> str:
    """The path of one of our pages, or nothing: no host, no query, no secret."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return ""
    return without_secrets(re.split(r"[?#]", path, maxsplit=1)[0])[:LONGEST_FACT]


def number_of(public_id: str) -> str:
    """What people say for it: `7K2M-9QXC`."""
    digits = public_id.rpartition("_")[2][:NUMBER_LENGTH].upper()
    return f"{digits[:4]}-{digits[4:]}"


def id_begins(number: str) -> str:
    """How the public id of the report with this number begins; for what is no number, like none."""
    digits = number.strip().lower().removeprefix("rep_").replace("-", "")
    return f"rep_{digits}" if len(digits) >= NUMBER_LENGTH and digits.isalnum() else "-"
