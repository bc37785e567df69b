"""treff doctor: every setting and every outside part, with its state."""

import os
import smtplib
import ssl
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError, OperationalError

from treff.conferencing.health import Health, health_of
from treff.conferencing.models import Connection
from treff.conferencing.queries import insecure_providers
from treff.conferencing.states import CheckResult, GrantState
from treff.management import doctor_vendors as vendors
from treff.management import keys
from treff.management.database import forgotten_transactions
from treff.management.doctor_vendors import Finding
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

_HELD = (
    "one is under way since %(begun)s: no mail and no meeting goes out. Read treff recover report, then run treff "
    "recover resume"
)
_OLDER = (
    "the database is older than TREFF_DATA_DIR knows it: it was restored, or a replica took over that was behind. Run "
    "treff recover begin, or start a worker, which does it"
)


def examine() -> list[dict[str, str]]:
    """Look at everything; never raises for what it finds."""
    findings = [
        *_settings(),
        _database(),
        *_transactions(),
        *_recovery(),
        *_keys(),
        _mail(),
        *vendors.providers(),
        *vendors.bots(),
        vendors.language_model(),
        *vendors.proxy(),
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
