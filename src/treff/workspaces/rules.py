"""Decisions about names, zones and languages."""

import re

from treff.kernel.errors import N_, Invalid
from treff.kernel.zones import UnknownZone, zone

LOCALES = ("de", "en")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Slugs that would read like a page of ours, or like us.
_RESERVED = frozenset({"admin", "api", "accounts", "book", "help", "manage", "static", "treff", "integrations", "w"})


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
