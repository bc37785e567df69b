"""What somebody wrote into the environment, read and checked for settings.py, which names the variables.

Each raises ImproperlyConfigured, with the name and the rule.
"""

import os
import re
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

from treff.kernel.errors import Invalid
from treff.kernel.secrets import Secret
from treff.kernel.texts import email_address
from treff.outbound.addresses import is_at_home


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def days(name: str) -> int | None:
    given = text(name)
    if given and not (given.isascii() and given.isdigit() and int(given) <= 3650):
        raise ImproperlyConfigured(f"{name} must be a whole number of days, from 0 to 3650.")
    return int(given) if given else None


def proxies(name: str) -> int:
    given = text(name, "0")
    if not (given.isascii() and given.isdigit() and int(given) <= 10):
        raise ImproperlyConfigured(f"{name} must be a whole number from 0 to 10.")
    return int(given)


def address(name: str, written: str, *schemes: str) -> SplitResult:
    """The parts of an address. What is wrong with it is not quoted: it may hold a password."""
    try:
        parts = urlsplit(written)
        complete = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise ImproperlyConfigured(f"{name} must be an address that begins with {' or '.join(schemes)}://.")
    return parts


def service_url(name: str, default: str) -> str:
    """https anywhere, plain http on loopback only: tokens travel there."""
    url = text(name, default).rstrip("/")
    parts = address(name, url, "https", "http")
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ImproperlyConfigured(f"{name} must be an https address (plain http is for loopback only).")
    return url


def model_url(name: str) -> str:
    """Or nothing. https anywhere, plain http within one's own network, as a model of one's own is often reached."""
    url = text(name).rstrip("/")
    if not url:
        return ""
    parts = address(name, url, "https", "http")
    if parts.scheme != "https" and not is_at_home(parts.hostname or ""):
        raise ImproperlyConfigured(f"{name} must be an https address (plain http is for your own network only).")
    return url


def secrets(name: str) -> list[Secret]:
    """Several, comma separated, while one is being replaced."""
    return [Secret(part.strip()) for part in text(name).split(",") if part.strip()]


def tenant(name: str) -> str:
    """Part of an address: a tenant's id or domain, or whose accounts are taken.

    https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols#endpoints
    """
    given = text(name, "organizations")
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", given):
        raise ImproperlyConfigured(f"{name} must be organizations, common, or the id or domain of a tenant.")
    return given


def recipient(name: str) -> str:
    """One e-mail address, or nothing."""
    try:
        return email_address(name, given) if (given := text(name)) else ""
    except Invalid:
        raise ImproperlyConfigured(f"{name} must be one e-mail address, such as it@example.com.") from None
