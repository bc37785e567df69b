"""Which addresses Treff asks on somebody's behalf. Pure; whoever connects checks again what the name resolves to."""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from treff.kernel.errors import N_, Invalid

PORTS = frozenset({443, 8443})
LONGEST = 2000
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
# With a dot, and its last part not a number: what is one in disguise (0x7f.1, 0177.0.0.1, 2130706433) is no name.
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$)(?!0x[0-9a-f]*$){_LABEL}")
_NOT_PRINTABLE = re.compile(r"[\x00-\x20\x7f\\]")

# https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry; multicast and reserved too.
_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
# All that is in use. IPv4 in the clothes of IPv6 (::ffff:…, NAT64) lies outside; 6to4 and Teredo do not.
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


# Names that only a network of one's own resolves: RFC 6762 (3), RFC 8375, and ICANN's resolution of 2024-07-29.
_AT_HOME = (".local", ".home.arpa", ".internal")


def is_at_home(host: str) -> bool:
    """Whether this host, an IP address or a name, is within one's own network: there http may be spoken to it."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_AT_HOME))


def is_public(address: str) -> bool:
    """Whether this IP address belongs to the public internet. False for what is no IP address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in block for block in _NOT_PUBLIC_4)
    return found.scope_id is None and found in _GLOBAL_6 and not any(found in block for block in _NOT_PUBLIC_6)


def are_public(addresses: Iterable[str]) -> bool:
    """Every one of them, and at least one."""
    found = list(addresses)
    return bool(found) and all(map(is_public, found))


def check_address(field: str, text: str) -> str:
    """The address as it is asked: https (webcal becomes that), no user name, an allowed port, a public host.

    Raises Invalid. What a name resolves to is for whoever connects.
    """
    typed = text.strip()
    if len(typed) > LONGEST or _NOT_PRINTABLE.search(typed):
        raise Invalid(field, N_("This is not an address such as https://calendar.example.com/basic.ics."))
    try:
        parts = urlsplit(typed)
        port, host = parts.port, parts.hostname or ""
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        raise Invalid(field, N_("This is not an address such as https://calendar.example.com/basic.ics.")) from None
    if parts.scheme.lower() not in ("https", "webcal", "webcals"):
        raise Invalid(field, N_("The address must begin with https:// or webcal://."))
    if parts.username is not None or parts.password is not None:
        raise Invalid(field, N_("An address with a user name or a password in it is not read."))
    if port is not None and port not in PORTS:
        raise Invalid(field, N_("Only the ports 443 and 8443 are asked."))
    host = host.lower().removesuffix(".")
    if not (_NAME.fullmatch(host) or is_public(host)):
        raise Invalid(field, N_("This host cannot be reached from the internet."))
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port in (None, 443) else f"{shown}:{port}"
    return urlunsplit(("https", netloc, parts.path or "/", parts.query, ""))


def host_of(address: str) -> str:
    """All of a checked address that is shown."""
    return urlsplit(address).hostname or ""
