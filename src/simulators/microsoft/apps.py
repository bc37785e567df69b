"""Who let the app in: the person, or an administrator for the whole tenant."""

from simulators.microsoft import tokens, users
from simulators.microsoft.clock import format_precise
from simulators.microsoft.config import SCOPES
from simulators.microsoft.refusals import SignInRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import World


def consented(world: World, user: User) -> tuple[str, ...]:
    """The scopes the person or the administrator agreed to, in the order of SCOPES."""
    row = world.store.row("SELECT scopes FROM consents WHERE user_id = ?", user.id)
    found = {*(row["scopes"].split() if row else ()), *consented_by_tenant(world, user.tenant_id)}
    return tuple(scope for scope in SCOPES if scope in found)


def consented_by_tenant(world: World, tenant_id: str) -> tuple[str, ...]:
    """What an administrator agreed to for everybody."""
    row = world.store.row("SELECT scopes FROM tenant_consents WHERE tenant_id = ?", tenant_id)
    return tuple(row["scopes"].split()) if row else ()


def granted(user: User, asked: tuple[str, ...]) -> tuple[str, ...]:
    """What a consent to these gives: those asked for, or those set for this user by control."""
    return asked if user.scopes is None else user.scopes


def needs_consent(world: World, user: User, asked: tuple[str, ...]) -> bool:
    return not set(granted(user, asked)) <= set(consented(world, user))


def needs_admin(world: World, user: User, asked: tuple[str, ...]) -> bool:
    """Whether this person may not agree alone.

    https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/user-admin-consent-overview
    """
    tenant = users.tenant_of(world.store, user)
    return needs_consent(world, user, asked) and not tenant.user_consent and not user.admin


def allow(world: World, user: User, scopes: tuple[str, ...], for_tenant: bool = False) -> None:
    """Keep a consent; what was agreed to before stays."""
    table, column, key = "consents", "user_id", user.id
    if for_tenant:
        table, column, key = "tenant_consents", "tenant_id", user.tenant_id
    row = world.store.row(f"SELECT scopes FROM {table} WHERE {column} = ?", key)  # noqa: S608  names of two tables
    kept = dict.fromkeys([*(row["scopes"].split() if row else []), *scopes])
    at = format_precise(world.clock.now())
    world.store.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", key, " ".join(kept), at)  # noqa: S608


def issue_code(world: World, user: User, request: tokens.CodeRequest) -> str:
    """The code for somebody who has agreed."""
    return tokens.issue_code(world, user.id, request, granted(user, request.scopes))


def remove(world: World, user: User, for_tenant: bool = False) -> bool:
    """Take the consent back. Nothing tells the app; access tokens live on, the next refresh is refused."""
    table, column, key = "consents", "user_id", user.id
    if for_tenant:
        table, column, key = "tenant_consents", "tenant_id", user.tenant_id
    return world.store.execute(f"DELETE FROM {table} WHERE {column} = ?", key).rowcount > 0  # noqa: S608


def check_refresh(world: World, user: User, asked: tuple[str, ...]) -> None:
    """Raises SignInRefusal where the account is closed or the consent gone.

    https://blogs.aaddevsup.xyz/2020/04/troubleshooting-consent-in-azure-ad/
    """
    if not user.enabled:
        raise SignInRefusal("invalid_grant", 50057, "The user account is disabled.")
    if needs_consent(world, user, asked):
        app = world.config.app
        text = (
            f"The user or administrator has not consented to use the application with ID '{app.client_id}' named"
            f" '{app.name}'. Send an interactive authorization request for this user and resource."
        )
        raise SignInRefusal("invalid_grant", 65001, text, suberror="consent_required")
