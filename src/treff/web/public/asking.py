"""What somebody asks a public page for: its address taken apart, and put together again. Nothing in it is authority."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from treff.kernel import zones
from treff.workspaces.rules import LOCALES

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_START = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; what is missing or makes no sense is None or empty, and the page takes what is usual.

    `zone` is the IANA name of the reader's zone, `bad_zone` what they typed if it is none. `host` is a public id.
    """

    month: date | None = None
    day: date | None = None
    zone: str = ""
    bad_zone: str = ""
    minutes: int | None = None
    host: str = ""
    view: str = ""
    key: str = ""
    lang: str = ""
    embed: bool = False

    def query(self, **changes: Any) -> str:
        """`?…` of an address that asks for the same with some changes; empty where there is nothing to say."""
        now = replace(self, **changes)
        said = {
            "month": f"{now.month:%Y-%m}" if now.month and not now.day else "",
            "day": now.day.isoformat() if now.day else "",
            **dict(now.lasting()),
            "view": now.view,
        }
        given = {name: value for name, value in said.items() if value}
        return f"?{urlencode(given)}" if given else ""

    def lasting(self) -> list[tuple[str, str]]:
        """What stays the same from page to page, as names and values of an address or of a form's hidden fields."""
        said = {
            "tz": self.zone,
            "minutes": str(self.minutes or ""),
            "host": self.host,
            "key": self.key,
            "lang": self.lang,
            "embed": "1" if self.embed else "",
        }
        return [(name, value) for name, value in said.items() if value]


def read(given: Mapping[str, str]) -> Wish:
    """Of the query of an address."""
    zone = given.get("tz", "").strip()
    known = zone in zones.names()
    minutes, lang = given.get("minutes", ""), given.get("lang", "")
    return Wish(
        month=_day(f"{given.get('month', '')}-01") if _MONTH.fullmatch(given.get("month", "")) else None,
        day=_day(given.get("day", "")),
        zone=zone if known else "",
        bad_zone="" if known else zone[:60],
        minutes=int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) <= 4 else None,
        host=given.get("host", "")[:40],
        view="week" if given.get("view") == "week" else "",
        key=given.get("key", "")[:64],
        lang=lang if lang in LOCALES else "",
        embed=given.get("embed") == "1",
    )


def start_of(text: str) -> datetime | None:
    """The instant of `2026-12-01T08:00Z`; None for anything else."""
    if not _START.fullmatch(text) or _day(text[:10]) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def start_text(seconds: int) -> str:
    """As start_of reads it."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M}Z" if not at.second else f"{at:%Y-%m-%dT%H:%M:%S}Z"


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    # Calendars of months around it must exist, too.
    return found if found and 1971 <= found.year <= 9000 else None
