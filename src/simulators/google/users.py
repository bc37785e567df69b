"""The people who have a Google account here, and their calendars."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

from simulators.google.store import Store

STATUSES = ("active", "reauth", "deleted")
ROLES = ("owner", "writer", "reader", "freeBusyReader")


@dataclass(frozen=True)
class Calendar:
    """A calendar on somebody's list. ``role`` is what its reader may do with it."""

    id: str
    summary: str
    role: str = "owner"

    @property
    def writable(self) -> bool:
        return self.role in ("owner", "writer")


@dataclass(frozen=True)
class User:
    """A Google account. With ``hd``, the domain, it is a Workspace's, without a consumer's.

    ``scopes`` are what this person ticks when a consent is given without a browser (None: everything asked for).
    ``meet`` False: an administrator switched Meet off. ``blocked``: the Workspace lets the app in for nobody.
    ``status`` reauth: the Workspace's session control wants a fresh sign-in; deleted: the account is gone.
    """

    id: str
    email: str
    first_name: str
    last_name: str
    hd: str | None = None
    timezone: str = "Europe/Berlin"
    locale: str = "de"
    status: str = "active"
    meet: bool = True
    blocked: bool = False
    scopes: tuple[str, ...] | None = None
    calendars: tuple[Calendar, ...] = ()

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def plan(self) -> str:
        return "Workspace" if self.hd else "Personal"

    @property
    def every_calendar(self) -> tuple[Calendar, ...]:
        """The primary one, whose id is the address, and the others."""
        return (Calendar(self.email, self.email), *self.calendars)

    def calendar(self, calendar_id: str) -> Calendar | None:
        wanted = self.email if calendar_id == "primary" else calendar_id
        return next((calendar for calendar in self.every_calendar if calendar.id == wanted), None)


SEEDED = (
    User(
        "104729384756102938475",
        "nora.brandt@nordlicht.example",
        "Nora",
        "Brandt",
        hd="nordlicht.example",
        calendars=(
            Calendar("c_4n0rdl1chtt34m@group.calendar.google.com", "Team Nordlicht"),
            Calendar("de.german#holiday@group.v.calendar.google.com", "Feiertage in Deutschland", "reader"),
        ),
    ),
    User("107364528190374651820", "jonas.weber@nordlicht.example", "Jonas", "Weber", hd="nordlicht.example"),
    # Her administrator switched Meet off: whoever asks for a link is refused.
    User(
        "112938475610293847561",
        "amelia.stone@stone-advisory.example",
        "Amelia",
        "Stone",
        hd="stone-advisory.example",
        timezone="America/New_York",
        locale="en",
        meet=False,
    ),
    # A consumer account, as at gmail.com.
    User("115620394857261039485", "lena.vogt@gmail.example", "Lena", "Vogt"),
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


def by_email(store: Store, email: str | None) -> User | None:
    return next((user for user in everyone(store) if user.email == (email or "").lower()), None)


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
    known = find(store, body.get("id")) or by_email(store, body.get("email"))
    if known is None and "email" not in body:
        raise ValueError("a new user needs an email")
    email = str(body.get("email") or (known.email if known else ""))
    number = int(hashlib.sha256(email.encode()).hexdigest()[:15], 16)
    name, _, rest = email.partition("@")[0].partition(".")
    base = known or User(f"1{number % 10**20:020d}", email, name.title(), rest.title())
    changes = dict(body)
    if changes.get("scopes") is not None:
        changes["scopes"] = tuple(changes["scopes"])
    if "calendars" in changes:
        changes["calendars"] = tuple(Calendar(**calendar) for calendar in changes["calendars"])
    user = replace(base, **changes)
    if user.status not in STATUSES:
        raise ValueError(f"status is one of {', '.join(STATUSES)}")
    if not {calendar.role for calendar in user.calendars} <= set(ROLES):
        raise ValueError(f"role is one of {', '.join(ROLES)}")
    ZoneInfo(user.timezone)
    return user


def _load(profile: str) -> User:
    content = json.loads(profile)
    if content["scopes"] is not None:
        content["scopes"] = tuple(content["scopes"])
    content["calendars"] = tuple(Calendar(**calendar) for calendar in content["calendars"])
    return User(**content)
