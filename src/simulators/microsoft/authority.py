"""The tenant in the path of the sign-in endpoints, and whom it lets in.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols#endpoints
"""

from simulators.microsoft import users
from simulators.microsoft.refusals import SignInRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import World

ANYBODY = ("common", "organizations", "consumers")


def check(world: World, name: str) -> None:
    """Raises SignInRefusal for a tenant that does not exist."""
    if name not in ANYBODY and users.find_tenant(world.store, name) is None:
        text = (
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the"
            " correct cloud. Check with your subscription administrator, this may happen if there are no active"
            " subscriptions for the tenant."
        )
        raise SignInRefusal("invalid_request", 90002, text)


def objection(world: World, name: str, user: User) -> str | None:
    """Why this person cannot sign in here, in words for the page; None if they can."""
    if name == "organizations" and user.personal:
        return "You can’t sign in here with a personal account. Use your work or school account instead."
    if name == "consumers" and not user.personal:
        return "You can’t sign in here with a work or school account. Use your personal account instead."
    tenant = users.find_tenant(world.store, name)
    if tenant is not None and tenant.id != user.tenant_id:
        return (
            f"AADSTS50020: User account '{user.email}' from another identity provider does not exist in tenant"
            f" '{tenant.name}' and cannot access the application '{world.config.app.client_id}'"
            f" ({world.config.app.name}) in that tenant."
        )
    return None


def unknown_app(client_id: str) -> SignInRefusal:
    text = (
        f"Application with identifier '{client_id}' was not found in the directory. This can happen if the application"
        " has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may"
        " have sent your authentication request to the wrong tenant."
    )
    return SignInRefusal("unauthorized_client", 700016, text)
