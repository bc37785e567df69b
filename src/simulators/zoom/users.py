"""The people who have a Zoom account here, and what their account decides for their meetings."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

from simulators.zoom.store import Store

BASIC, LICENSED, UNASSIGNED = 1, 2, 4
PLANS = {BASIC: "Basic", LICENSED: "Licensed", UNASSIGNED: "Unassigned"}


@dataclass(frozen=True)
class User:
    """A Zoom user.

    ``defaults`` are the user's meeting settings where a request says nothing, ``locked`` what an administrator fixed
    and no request can change. ``scopes`` are granted to the app instead of its own when set. ``secured`` is Zoom's
    "require that all meetings are secured with one security option", ``require_passcode`` the user's passcode setting.
    """

    id: str
    email: str
    first_name: str
    last_name: str
    account_id: str = "nRdL1cht-AcQ7nT0simZm"
    type: int = LICENSED
    timezone: str = "Europe/Berlin"
    status: str = "active"
    pmi: int = 0
    language: str = "en-US"
    created_at: str = "2024-03-01T08:00:00Z"
    scopes: tuple[str, ...] | None = None
    defaults: dict[str, Any] = field(default_factory=dict)
    locked: dict[str, Any] = field(default_factory=dict)
    secured: bool = True
    require_passcode: bool = True

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def plan(self) -> str:
        return PLANS[self.type]


SEEDED = (
    User("nB7rQ2wXTkuZ0raBrandtA", "nora.brandt@nordlicht.example", "Nora", "Brandt", pmi=4_715_550_101),
    User(
        "jW3bRk5YQ8mZ0nasWeberBQ",
        "jonas.weber@nordlicht.example",
        "Jonas",
        "Weber",
        type=BASIC,
        pmi=4_715_550_102,
    ),
    # Her account's setting "use personal meeting ID" is on: whoever forgets use_pmi=false sends every lead to one room.
    User(
        "aS9tNe1LRvqXmel1aStoneC",
        "amelia.stone@stone-advisory.example",
        "Amelia",
        "Stone",
        account_id="stN4dv1s0ry-AcQsimZm",
        timezone="America/New_York",
        pmi=4_715_550_103,
        defaults={"use_pmi": True},
    ),
    User(
        "lV6gTu4MSzrYlenaVogt0DQ",
        "lena.vogt@nordlicht-waerme.example",
        "Lena",
        "Vogt",
        account_id="nRdL1chtWaerme-AcQsim",
        language="de-DE",
        pmi=4_715_550_104,
    ),
)


def seed(store: Store) -> None:
    """Put the known users into an empty store; one that has users is left as it is."""
    if store.row("SELECT 1 FROM users") is None:
        for user in SEEDED:
            save(store, user)


def save(store: Store, user: User) -> None:
    store.execute(
        "INSERT INTO users SELECT ?, COALESCE(MAX(position), 0) + 1, ? FROM users WHERE true"
        " ON CONFLICT (id) DO UPDATE SET profile = excluded.profile",
        user.id,
        json.dumps(asdict(user)),
    )


def find(store: Store, user_id: str | None) -> User | None:
    row = store.row("SELECT profile FROM users WHERE id = ?", user_id)
    return _load(row["profile"]) if row else None


def everyone(store: Store) -> list[User]:
    """In the order they were added."""
    return [_load(row["profile"]) for row in store.rows("SELECT profile FROM users ORDER BY position")]


def from_json(store: Store, body: dict[str, Any]) -> User:
    """A user as the control side describes it: a known id or e-mail keeps what is not named.

    Raises ValueError with the reason when a field is unknown, missing or of the wrong kind.
    """
    unknown = set(body) - {f.name for f in fields(User)}
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    known = find(store, body.get("id")) or next((u for u in everyone(store) if u.email == body.get("email")), None)
    if known is None and "email" not in body:
        raise ValueError("a new user needs an email")
    email = str(body.get("email") or (known.email if known else ""))
    fresh = hashlib.sha256(email.encode()).hexdigest()
    name, _, rest = email.partition("@")[0].partition(".")
    base = known or User(fresh[:22], email, name.title(), rest.title(), pmi=4_000_000_000 + int(fresh[:7], 16) % 10**9)
    changes = dict(body)
    if changes.get("scopes") is not None:
        changes["scopes"] = tuple(changes["scopes"])
    user = replace(base, **changes)
    if user.type not in PLANS:
        raise ValueError(f"type is one of {sorted(PLANS)}")
    ZoneInfo(user.timezone)
    return user


def _load(profile: str) -> User:
    content = json.loads(profile)
    if content["scopes"] is not None:
        content["scopes"] = tuple(content["scopes"])
    return User(**content)
