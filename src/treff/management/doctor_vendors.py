"""What the doctor finds about those we speak to outside: providers, recording bots, a language model, a proxy."""

import os
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from treff.booking_types.states import Provider
from treff.kernel.secrets import Secret

_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_NO_REPEATING = (
    "answers; make sure that it never sends a request a second time on its own: a meeting that is created twice stays "
    "in Zoom (one that only tunnels cannot)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is ok, note or bad; bad makes the command fail."""

    name: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Vendor:
    """A provider's settings: TREFF_<prefix>_CLIENT_ID and the like, and where its API is."""

    name: str
    prefix: str

    def has(self, what: str) -> bool:
        value = getattr(settings, f"TREFF_{self.prefix}_{what}")
        return bool(value.reveal() if isinstance(value, Secret) else value)

    @property
    def api_url(self) -> str:
        return str(getattr(settings, f"TREFF_{self.prefix}_API_URL"))


_VENDORS = (
    _Vendor(Provider.ZOOM, "ZOOM"),
    _Vendor(Provider.GOOGLE_MEET, "GOOGLE"),
    _Vendor(Provider.TEAMS, "MICROSOFT"),
)


def providers() -> list[Finding]:
    found = [_provider(vendor) for vendor in _VENDORS]
    if all(finding.state == "note" for finding in found):
        return [Finding(one.name, "note", f"{one.detail}; appointments have no video meeting") for one in found]
    # One of several is enough; the others are no cause for a note.
    return [Finding(one.name, "ok" if one.state == "note" else one.state, one.detail) for one in found]


def _provider(vendor: _Vendor) -> Finding:
    missing = [name for name in ("CLIENT_ID", "CLIENT_SECRET") if not vendor.has(name)]
    if len(missing) == 2:
        return Finding(vendor.name, "note", "not set up")
    if missing:
        return Finding(vendor.name, "bad", f"TREFF_{vendor.prefix}_{missing[0]} is missing")
    if vendor.name == Provider.ZOOM and not settings.TREFF_ZOOM_WEBHOOK_SECRETS:
        return Finding(
            "zoom", "bad", "TREFF_ZOOM_WEBHOOK_SECRET is missing: a removed app would not be noticed at once"
        )
    return Finding(vendor.name, "ok", "set up")


# In the order of wiring: the first that has a key gets new orders.
_BOT_VENDORS = (_Vendor("attendee", "ATTENDEE"), _Vendor("recall", "RECALL"))


def bots() -> list[Finding]:
    """Of each vendor that anything is set of; none of them is fine."""
    known = [vendor for vendor in _BOT_VENDORS if vendor.has("API_KEY") or vendor.has("WEBHOOK_SECRETS")]
    first = next((vendor.name for vendor in known if vendor.has("API_KEY")), "")
    found = [Finding(f"bots of {vendor.name}", *_state_of_bots(vendor, first)) for vendor in known]
    return found or [Finding("bots", "ok", "not set up; no notes are taken of meetings")]


def _state_of_bots(vendor: _Vendor, first: str) -> tuple[str, str]:
    """`first`: of whom new bots are ordered."""
    if not vendor.has("API_KEY"):
        return "bad", f"TREFF_{vendor.prefix}_API_KEY is missing: no bot can be ordered"
    if not vendor.has("WEBHOOK_SECRETS"):
        return "bad", f"TREFF_{vendor.prefix}_WEBHOOK_SECRET is missing: news of its bots would not be heard"
    return "ok", "set up" if vendor.name == first else f"set up; new bots are ordered of {first}"


def language_model() -> Finding:
    """A key may be missing: models at home often want none."""
    url, model, key = settings.TREFF_LLM_URL, settings.TREFF_LLM_MODEL, settings.TREFF_LLM_API_KEY.reveal()
    if url and not model:
        return Finding("language_model", "bad", "TREFF_LLM_MODEL is missing: the endpoint would not know whom to ask")
    if not url and (model or key):
        return Finding("language_model", "bad", "TREFF_LLM_URL is missing: there is nobody to ask")
    if not url:
        return Finding("language_model", "ok", "not set up; transcripts stay without notes")
    return Finding("language_model", "ok", f"set up: {model}")


def proxy() -> list[Finding]:
    """Whether it lets us through to the providers that are set up, and what no proxy may do."""
    ours, ignored = settings.TREFF_PROXY_URL.reveal(), [name for name in _PROXY_VARIABLES if os.environ.get(name)]
    if not ours:
        words = "is set in the environment and not followed; TREFF_PROXY_URL would be"
        return [Finding("proxy", "note", f"{ignored[0]} {words}") if ignored else Finding("proxy", "ok", "none")]
    gate = urlsplit(ours)
    where = f"{gate.hostname}:{gate.port or 80}"
    there = [vendor.api_url for vendor in _VENDORS if vendor.has("CLIENT_ID")] or [settings.TREFF_ZOOM_API_URL]
    there += [getattr(settings, f"TREFF_{vendor.prefix}_URL") for vendor in _BOT_VENDORS if vendor.has("API_KEY")]
    there += [settings.TREFF_LLM_URL] if settings.TREFF_LLM_URL else []
    troubles = [trouble for trouble in (_trouble_through(gate, url) for url in there) if trouble]
    if troubles:
        return [Finding("proxy", "bad", f"{where} {trouble}") for trouble in troubles]
    return [Finding("proxy", "note", f"{where} {_NO_REPEATING}")]


def _trouble_through(gate: SplitResult, url: str) -> str:
    """What keeps us from a vendor, a refused tunnel too; empty if nothing does."""
    vendor = urlsplit(url)
    line = HTTPConnection(gate.hostname or "", gate.port or 80, timeout=5)
    if vendor.scheme == "https":
        login = f"{unquote(gate.username or '')}:{unquote(gate.password or '')}".encode()
        headers = {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"} if gate.username else {}
        line.set_tunnel(vendor.hostname or "", vendor.port or 443, headers)
    try:
        with closing(line):
            line.connect()
    except OSError as error:
        return str(error)
    return ""
