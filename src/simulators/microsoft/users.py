"""Tenants and the people in them: what their organisation decided, and what they have a licence for."""

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

from simulators.microsoft.store import Store

# The tenant every personal account lives in: https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"


@dataclass(frozen=True)
class Tenant:
    """An organisation. Without ``user_consent`` only an administrator may let an app in."""

    id: str
    name: str
    domain: str
    user_consent: bool = True


@dataclass(frozen=True)
class User:
    """Somebody who can sign in.

    ``mailbox`` is an Exchange licence (without it there is no calendar), ``teams`` a Teams licence. ``admin`` may
    consent for the tenant. ``scopes`` are granted to the app instead of those it asks for when set.
    """

    id: str
    email: str
    first_name: str
    last_name: str
    tenant_id: str
    mailbox: bool = True
    teams: bool = True
    admin: bool = False
    enabled: bool = True
    timezone: str = "Europe/Berlin"
    language: str = "en-US"
    scopes: tuple[str, ...] | None = None

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def personal(self) -> bool:
        return self.tenant_id == PERSONAL

    @property
    def plan(self) -> str:
        """What kind of account it is, in words."""
        if self.personal:
            return "Personal account"
        if not self.mailbox:
            return "No calendar licence"
        return "Administrator" if self.admin else "Work account"

    @property
    def providers(self) -> list[str]:
        """allowedOnlineMeetingProviders of the calendar."""
        return ["teamsForBusiness"] if self.teams and not self.personal else []


NORDLICHT, STONE = "0b6c1f6e-6d0e-4c5e-9a51-7a4e0d1c0001", "4d2b7e90-51c3-4f0a-8f27-9c1d0a5e0002"
TENANTS = (
    Tenant(NORDLICHT, "Nordlicht Solar", "nordlicht.example"),
    # Its administrators let nobody consent alone.
    Tenant(STONE, "Stone Advisory", "stone-advisory.example", user_consent=False),
    Tenant(PERSONAL, "Microsoft account", "outlook.example"),
)
SEEDED = (
    User("5a1c9a52-07f0-4b6d-9a3e-2f6c1b0a0001", "nora.brandt@nordlicht.example", "Nora", "Brandt", NORDLICHT),
    User(
        "5a1c9a52-07f0-4b6d-9a3e-2f6c1b0a0002",
        "jonas.weber@nordlicht.example",
        "Jonas",
        "Weber",
        NORDLICHT,
        mailbox=False,
        teams=False,
    ),
    User(
        "7be20d31-8a44-4c19-b6f1-0d9a3c5e0003",
        "amelia.stone@stone-advisory.example",
        "Amelia",
        "Stone",
        STONE,
        timezone="America/New_York",
    ),
    User(
        "7be20d31-8a44-4c19-b6f1-0d9a3c5e0004",
        "ruth.calder@stone-advisory.example",
        "Ruth",
        "Calder",
        STONE,
        admin=True,
        timezone="America/New_York",
    ),
    # The ids of personal accounts have sixteen hexadecimal digits.
    User("b0a47c9d5e12f805", "lena.vogt@outlook.example", "Lena", "Vogt", PERSONAL, teams=False),
)


def seed(store: Store) -> None:
    """Put the known tenants and users into an empty store; one that has users is left as it is."""
    if store.row("SELECT 1 FROM users") is None:
        for tenant in TENANTS:
            save_tenant(store, tenant)
        for user in SEEDED:
            save(store, user)


def save(store: Store, user: User) -> None:
    _put(store, "users", user.id, asdict(user))


def save_tenant(store: Store, tenant: Tenant) -> None:
    _put(store, "tenants", tenant.id, asdict(tenant))


def find(store: Store, user_id: str | None) -> User | None:
    row = store.row("SELECT profile FROM users WHERE id = ?", user_id)
    return _load(row["profile"]) if row else None


def find_by_email(store: Store, email: str) -> User | None:
    return next((user for user in everyone(store) if user.email.lower() == email.lower()), None)


def everyone(store: Store) -> list[User]:
    """In the order they were added."""
    return [_load(row["profile"]) for row in store.rows("SELECT profile FROM users ORDER BY position")]


def find_tenant(store: Store, name: str | None) -> Tenant | None:
    """By id or by domain."""
    tenants = (Tenant(**json.loads(row["profile"])) for row in store.rows("SELECT profile FROM tenants"))
    return next((tenant for tenant in tenants if name in (tenant.id, tenant.domain)), None)


def tenant_of(store: Store, user: User) -> Tenant:
    tenant = find_tenant(store, user.tenant_id)
    assert tenant is not None  # from_json lets nobody into a tenant that is not there
    return tenant


def from_json(store: Store, body: dict[str, Any]) -> User:
    """A user as the control side describes it: a known id or e-mail keeps what is not named.

    Raises ValueError with the reason when a field is unknown, missing or of the wrong kind.
    """
    _check_names(body, User)
    known = find(store, body.get("id")) or find_by_email(store, str(body.get("email", "")))
    if known is None and "email" not in body:
        raise ValueError("a new user needs an email")
    email = str(body.get("email") or (known.email if known else ""))
    name, _, domain = email.partition("@")
    first, _, last = name.partition(".")
    tenant = find_tenant(store, body.get("tenant_id") or domain)
    fresh = str(uuid.UUID(hashlib.sha256(email.encode()).hexdigest()[:32]))
    base = known or User(fresh, email, first.title(), last.title(), tenant.id if tenant else NORDLICHT)
    changes = dict(body)
    if changes.get("scopes") is not None:
        changes["scopes"] = tuple(changes["scopes"])
    user = replace(base, **changes)
    if find_tenant(store, user.tenant_id) is None:
        raise ValueError(f"no such tenant: {user.tenant_id}")
    ZoneInfo(user.timezone)
    return user


def tenant_from_json(store: Store, body: dict[str, Any]) -> Tenant:
    """A tenant as the control side describes it; a known id or domain keeps what is not named."""
    _check_names(body, Tenant)
    known = find_tenant(store, body.get("id") or body.get("domain"))
    if known is not None:
        return replace(known, **body)
    domain = str(body["domain"])
    fresh = str(uuid.UUID(hashlib.sha256(domain.encode()).hexdigest()[:32]))
    return replace(Tenant(fresh, domain.partition(".")[0].title(), domain), **body)


def _check_names(body: dict[str, Any], kind: type[User] | type[Tenant]) -> None:
    unknown = set(body) - {f.name for f in fields(kind)}
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")


def _put(store: Store, table: str, key: str, profile: dict[str, Any]) -> None:
    store.execute(
        f"INSERT INTO {table} SELECT ?, COALESCE(MAX(position), 0) + 1, ? FROM {table} WHERE true"  # noqa: S608
        " ON CONFLICT (id) DO UPDATE SET profile = excluded.profile",
        key,
        json.dumps(profile),
    )


def _load(profile: str) -> User:
    content = json.loads(profile)
    if content["scopes"] is not None:
        content["scopes"] = tuple(content["scopes"])
    return User(**content)
