"""Decisions about names, zones and languages."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from treff.kernel.errors import N_, Invalid
from treff.kernel.zones import UnknownZone, zone

LOCALES = ("de", "en")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Slugs that would read like a page of ours, or like us.
_RESERVED = frozenset(
    {"admin", "api", "accounts", "book", "confirm", "help", "logo", "manage", "static", "treff", "integrations", "w"}
)
_COLOR = re.compile(r"#[0-9a-f]{6}")
# A host as browsers write it in an origin, with a port if it is not the usual one.
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})+(?::[1-9][0-9]{0,4})?")
MOST_ORIGINS = 20


def check_slug(slug: str) -> str:
    """Raises Invalid."""
    if len(slug) > 60 or not _SLUG.fullmatch(slug) or slug in _RESERVED:
        raise Invalid("slug", N_("A short name has small letters, digits and single hyphens, such as nordlicht-solar."))
    return slug


def check_time_zone(field: str, name: str) -> str:
    """Raises Invalid."""
    try:
        zone(name)
    except UnknownZone:
        raise Invalid(field, N_("This is not a time zone such as Europe/Berlin.")) from None
    return name


def check_locale(field: str, locale: str) -> str:
    """Raises Invalid."""
    if locale not in LOCALES:
        raise Invalid(field, N_("Choose one of the languages de and en."))
    return locale


def check_color(text: str) -> str:
    """`#rrggbb` in small letters, or nothing. Raises Invalid."""
    color = text.strip().lower()
    if color and not _COLOR.fullmatch(color):
        raise Invalid("color", N_("Please write the color like #0b6e66."))
    return color


def text_color_on(color: str) -> str:
    """White or black, whichever is read better on `color`: one of the two always has a contrast of 4.5 to 1 or more.

    https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """
    light = _luminance(color)
    return "#ffffff" if 1.05 / (light + 0.05) >= 4.5 else "#000000"


def _luminance(color: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def check_origins(typed: Sequence[str]) -> list[str]:
    """Each once, `https://host`; they stand in a header, so nothing else gets through. Raises Invalid."""
    if len(typed) > MOST_ORIGINS:
        raise Invalid("embed_origins", N_("At most %(most)d addresses, please."), most=MOST_ORIGINS)
    return list(dict.fromkeys(_origin(text) for text in typed))


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text.strip().lower())
        host = parts.netloc.encode("idna").decode()
    except ValueError:  # UnicodeError is one
        parts, host = urlsplit(""), ""
    if (
        parts.scheme != "https"
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or not _HOST.fullmatch(host)
    ):
        raise Invalid("embed_origins", N_("Please write each address like https://www.example.com, without a path."))
    return f"https://{host}"
