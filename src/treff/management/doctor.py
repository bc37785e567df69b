"""treff doctor: every setting and every outside part, with its state."""

import os
import smtplib
import ssl
from base64 import b64encode
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError, OperationalError

from treff.booking_types.states import Provider
from treff.conferencing.health import Health, health_of
from treff.conferencing.models import Connection
from treff.conferencing.queries import insecure_providers
from treff.conferencing.states import CheckResult, GrantState
from treff.kernel.secrets import Secret
from treff.management import keys
from treff.management.database import forgotten_transactions
from treff.recovery import queries, witness
from treff.recovery.states import Verdict

SHOWN = (
    "TREFF_ENV",
    "TREFF_DATA_DIR",
    "TREFF_BASE_URL",
    "TREFF_TRUSTED_PROXIES",
    "TREFF_EMAIL_FROM",
    "TREFF_ZOOM_OAUTH_URL",
    "TREFF_GOOGLE_ACCOUNTS_URL",
    "TREFF_MICROSOFT_LOGIN_URL",
    "TREFF_MICROSOFT_TENANT",
)
HIDDEN = (
    "TREFF_DATABASE_URL",
    "TREFF_SECRET_KEY",
    "TREFF_ENCRYPTION_KEYS",
    "TREFF_EMAIL_URL",
    "TREFF_ZOOM_CLIENT_ID",
    "TREFF_ZOOM_CLIENT_SECRET",
    "TREFF_ZOOM_WEBHOOK_SECRET",
)
# Of what may be left out; that is no cause for a note.
OPTIONAL = (
    "TREFF_GOOGLE_CLIENT_ID",
    "TREFF_GOOGLE_CLIENT_SECRET",
    "TREFF_MICROSOFT_CLIENT_ID",
    "TREFF_MICROSOFT_CLIENT_SECRET",
    "TREFF_ATTENDEE_API_KEY",
    "TREFF_ATTENDEE_WEBHOOK_SECRET",
    "TREFF_RECALL_API_KEY",
    "TREFF_RECALL_WEBHOOK_SECRET",
    "TREFF_LLM_URL",
    "TREFF_LLM_API_KEY",
    "TREFF_LLM_MODEL",
)

# What keys.status() may list, in words and with the cure.
_CURES = {
    "missing": "the key %(kid)r is needed and not in TREFF_ENCRYPTION_KEYS: put it back there and restart; what it "
    "wraps is untouched and works again then. If it is lost for good: treff keys give-up %(kid)s",
    "distrusted": "the key %(kid)r in TREFF_ENCRYPTION_KEYS is not the one that had this name before: put the right "
    "one there, or give the new one a name of its own, and restart; nothing was changed",
}
_RETIRED = (
    "the primary key %(kid)r is retired and wraps nothing new: make the newer key the first of TREFF_ENCRYPTION_KEYS "
    "and restart, or, if you want this one back, run treff keys rotate"
)

_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_NO_REPEATING = (
    "answers; make sure that it never sends a request a second time on its own: a meeting that is created twice stays "
    "in Zoom (one that only tunnels cannot)"
)
_HELD = (
    "one is under way since %(begun)s: no mail and no meeting goes out. Read treff recover report, then run treff "
    "recover resume"
)
_OLDER = (
    "the database is older than TREFF_DATA_DIR knows it: it was restored, or a replica took over that was behind. Run "
    "treff recover begin, or start a worker, which does it"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is ok, note or bad; bad makes the command fail."""

    name: str
    state: str
    detail: str


def examine() -> list[dict[str, str]]:
    """Look at everything; never raises for what it finds."""
    findings = [
        *_settings(),
        _database(),
        *_transactions(),
        *_recovery(),
        *_keys(),
        _mail(),
        *_providers(),
        *_bots(),
        _language_model(),
        *_proxy(),
        *_insecure(),
        *_accounts(),
    ]
    return [asdict(finding) for finding in findings]


def _settings() -> list[Finding]:
    shown = [Finding(name, "ok", str(getattr(settings, name))) for name in SHOWN]
    hidden = [
        Finding(name, "ok" if os.environ.get(name) else "note", "set" if os.environ.get(name) else "not set")
        for name in HIDDEN
    ]
    optional = [Finding(name, "ok", "set" if os.environ.get(name) else "not set") for name in OPTIONAL]
    return [*shown, _support(), *_operator(), *hidden, *optional]


def _support() -> Finding:
    if not settings.TREFF_SUPPORT_EMAIL:
        return Finding("TREFF_SUPPORT_EMAIL", "note", "not set: what the operator must know is only logged")
    return Finding("TREFF_SUPPORT_EMAIL", "ok", settings.TREFF_SUPPORT_EMAIL)


def _operator() -> list[Finding]:
    """What the privacy page says of who runs this server."""
    name = settings.TREFF_OPERATOR_NAME
    nameless = "not set: the privacy page does not say who runs this server"
    return [
        Finding("TREFF_OPERATOR_NAME", "ok" if name else "note", name or nameless),
        Finding("TREFF_OPERATOR_ADDRESS", "ok", settings.TREFF_OPERATOR_ADDRESS or "not set"),
        Finding("TREFF_PRIVACY_URL", "ok", settings.TREFF_PRIVACY_URL or "not set"),
    ]


def _database() -> Finding:
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (OperationalError, ImproperlyConfigured) as error:
        return Finding("database", "bad", str(error).splitlines()[0])
    if missing:
        return Finding("database", "bad", f"{len(missing)} migrations are missing: run treff migrate")
    return Finding("database", "ok", f"PostgreSQL {connection.pg_version // 10000}")  # type: ignore[attr-defined]


def _recovery() -> list[Finding]:
    """Whether the database is older than the world, and what is held because of that."""
    try:
        current = queries.current()
        verdict = witness.compare()
    except DatabaseError:  # it does not answer, or has no tables yet: said above
        return []
    if current is not None:
        return [Finding("recovery", "bad", _HELD % {"begun": _minute(current.begun_at)})]
    if verdict == Verdict.OLDER:
        return [Finding("recovery", "bad", _OLDER)]
    return [Finding("recovery", "ok", "none is under way")]


def _transactions() -> list[Finding]:
    try:
        found = forgotten_transactions()
    except DatabaseError:  # it does not answer: said above
        return []
    words = "of %(program)s (pid %(pid)s) has been open for %(seconds)s s: whoever runs it should end it"
    return [Finding("transaction", "bad", words % one) for one in found]


def _keys() -> list[Finding]:
    try:
        found: dict[str, Any] = keys.status()
    except DatabaseError:  # it does not answer, or has no tables yet: said above
        return []
    bad = [Finding("keys", "bad", words % {"kid": kid}) for what, words in _CURES.items() for kid in found[what]]
    if found["primary"] in found["retired"]:
        bad.append(Finding("keys", "bad", _RETIRED % {"kid": found["primary"]}))
    return bad or [Finding("keys", "ok", f"primary {found['primary']}, wrapping {found['keys']}")]


def _mail() -> Finding:
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    try:
        with kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=5) as server:
            if settings.EMAIL_USE_TLS:
                server.starttls(context=ssl.create_default_context())
            if settings.EMAIL_HOST_USER:
                server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Finding("mail", "bad", f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} {type(error).__name__}")
    return Finding("mail", "ok", f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} answers")


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


def _providers() -> list[Finding]:
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


def _bots() -> list[Finding]:
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


def _language_model() -> Finding:
    """A key may be missing: models at home often want none."""
    url, model, key = settings.TREFF_LLM_URL, settings.TREFF_LLM_MODEL, settings.TREFF_LLM_API_KEY.reveal()
    if url and not model:
        return Finding("language_model", "bad", "TREFF_LLM_MODEL is missing: the endpoint would not know whom to ask")
    if not url and (model or key):
        return Finding("language_model", "bad", "TREFF_LLM_URL is missing: there is nobody to ask")
    if not url:
        return Finding("language_model", "ok", "not set up; transcripts stay without notes")
    return Finding("language_model", "ok", f"set up: {model}")


def _proxy() -> list[Finding]:
    """Whether it lets us through to the providers that are set up, and what no proxy may do."""
    ours, ignored = settings.TREFF_PROXY_URL.reveal(), [name for name in _PROXY_VARIABLES if os.environ.get(name)]
    if not ours:
        words = "is set in the environment and not followed; TREFF_PROXY_URL would be"
        return [Finding("proxy", "note", f"{ignored[0]} {words}") if ignored else Finding("proxy", "ok", "none")]
    proxy = urlsplit(ours)
    where = f"{proxy.hostname}:{proxy.port or 80}"
    there = [vendor.api_url for vendor in _VENDORS if vendor.has("CLIENT_ID")] or [settings.TREFF_ZOOM_API_URL]
    there += [getattr(settings, f"TREFF_{vendor.prefix}_URL") for vendor in _BOT_VENDORS if vendor.has("API_KEY")]
    there += [settings.TREFF_LLM_URL] if settings.TREFF_LLM_URL else []
    troubles = [trouble for trouble in (_trouble_through(proxy, url) for url in there) if trouble]
    if troubles:
        return [Finding("proxy", "bad", f"{where} {trouble}") for trouble in troubles]
    return [Finding("proxy", "note", f"{where} {_NO_REPEATING}")]


def _trouble_through(proxy: SplitResult, url: str) -> str:
    """What keeps us from a vendor, a refused tunnel too; empty if nothing does."""
    vendor = urlsplit(url)
    line = HTTPConnection(proxy.hostname or "", proxy.port or 80, timeout=5)
    if vendor.scheme == "https":
        login = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}".encode()
        headers = {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"} if proxy.username else {}
        line.set_tunnel(vendor.hostname or "", vendor.port or 443, headers)
    try:
        with closing(line):
            line.connect()
    except OSError as error:
        return str(error)
    return ""


def _insecure() -> list[Finding]:
    """Providers that workers refuse to speak to."""
    try:
        found = insecure_providers()
    except DatabaseError:  # it does not answer, or has no tables yet: said above
        return []
    words = "its certificate is not accepted, so nothing is sent there; %s meetings wait (the log has the cause)"
    return [Finding(f"tls to {provider}", "bad", words % waiting) for provider, waiting in found.items()]


def _accounts() -> list[Finding]:
    """Each connected account as its workspace's page shows it; no name, no address."""
    try:
        found = Connection.objects.select_related("grant", "workspace", "member").order_by("workspace__slug", "pk")
        return [_account(connection, health_of(connection)) for connection in found]
    except DatabaseError:  # it does not answer, or has no tables yet: said above
        return []


def _account(connection: Connection, health: Health) -> Finding:
    whose = f"{connection.workspace.slug}/{connection.member.public_id}" if connection.member else None
    name = f"{connection.provider} of {whose or connection.workspace.slug}"
    facts = [
        f"{health.state.value if health.state else 'unknown'} {health.cause.value}".strip(),
        health.plan.value,
        f"missing {' '.join(health.missing)}" if health.missing else "",
        f"more than needed: {' '.join(health.surplus)}" if health.surplus else "",
        f"last check {health.check_result.value}" if health.check_result else "",
        f"last success {_minute(health.last_success_at)}",
        f"next refresh {_minute(health.next_refresh_at)}" if health.next_refresh_at else "",
        f"paused until {_minute(health.paused_until)}" if health.paused_until else "",
        f"{health.requests_left} of {health.requests_per_day} requests left" if health.requests_per_day else "",
        f"{health.waiting} waiting, {health.blocked} blocked, {health.left_behind} left behind",
        f"being left until {_minute(health.leaving_until)}" if health.leaving_until else "",
    ]
    return Finding(name, _judge(health), "; ".join(filter(None, facts)))


def _judge(health: Health) -> str:
    """Bad is what the operator has to mend; an account is its workspace's business."""
    if health.check_result in (CheckResult.APP_REFUSED, CheckResult.APP_DISABLED, CheckResult.KEY_UNAVAILABLE):
        return "bad"
    return "ok" if health.state == GrantState.CONNECTED and not health.missing else "note"


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
