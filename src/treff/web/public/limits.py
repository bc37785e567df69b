"""How much one sender may do: counted in the cache that all processes share, by the hour, without names in it."""

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import cache, caches
from django.http import HttpRequest

from treff.kernel import clock
from treff.kernel.errors import N_, Forbidden, TooMany
from treff.workspaces.errors import NotHere

HOUR = 60 * 60
# Bookings that concern one e-mail address, from one client, at one workspace; how often one of them is moved; addresses
# with a wrong token from one client.
PER_ADDRESS, PER_CLIENT, PER_WORKSPACE, MOVES, WRONG_TOKENS = 10, 30, 300, 10, 100
# Calendars with free times shown to one client by one process: more than an office looks at, less than a profile takes.
LOOKS = 1_000

Limits = Mapping[str, int]
"""What is counted -> how often it may be within an hour."""


def of_booking(request: HttpRequest, workspace_id: int, addresses: Sequence[str]) -> Limits:
    """The lead's and the attendees' addresses count alike: mail goes to all of them."""
    counted = {f"address:{address.lower()}": PER_ADDRESS for address in addresses}
    return {**counted, f"client:{client_of(request)}": PER_CLIENT, f"workspace:{workspace_id}": PER_WORKSPACE}


def of_moving(appointment_id: int) -> Limits:
    """Everybody who was invited gets a mail each time."""
    return {f"moves:{appointment_id}": MOVES}


def count_look(request: HttpRequest) -> None:
    """Before anything is looked up, so that what does not exist costs the same. Raises TooMany."""
    key, store = _key(f"looks:{client_of(request)}"), caches["process"]
    store.add(key, 0, HOUR)
    try:
        seen = store.incr(key)
    except ValueError:  # it went between the two, for lack of room
        return
    if seen > LOOKS:
        raise TooMany(N_("Free times were looked at very often from here. Please try again in an hour."))


@contextmanager
def counting_wrong_tokens(request: HttpRequest) -> Iterator[None]:
    """Around finding what a secret address shows: NotHere is counted, and becomes Forbidden for who tries very many."""
    try:
        yield
    except NotHere:
        tried = {f"tokens:{client_of(request)}": WRONG_TOKENS}
        if are_reached(tried):
            raise Forbidden(N_("Too many wrong addresses were tried from here. Please try again in an hour.")) from None
        count(tried)
        raise


def are_reached(limits: Limits) -> bool:
    found = cache.get_many([_key(what) for what in limits])
    return any(found.get(_key(what), 0) >= most for what, most in limits.items())


def count(limits: Limits) -> None:
    """Two at the very same moment may count as one: a limit against floods needs no more."""
    for what in limits:
        cache.set(_key(what), cache.get(_key(what), 0) + 1, HOUR)


def client_of(request: HttpRequest) -> str:
    """Whose address it is: what our outermost proxy saw, or the peer where none of ours stands in front.

    Of IPv6 the first half: one client has all of the rest.
    """
    seen = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if 0 < settings.TREFF_TRUSTED_PROXIES <= len(hops):
        seen = hops[-settings.TREFF_TRUSTED_PROXIES] or seen
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return seen[:60]
    if address.version == 4:
        return seen
    return str(ipaddress.ip_network((address, 64), strict=False))


def _key(what: str) -> str:
    hour = int(clock.now().timestamp()) // HOUR
    return "public-" + hashlib.sha256(f"{hour}:{what}".encode()).hexdigest()
