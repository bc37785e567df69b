"""The user's added apps: what adding and removing the one app does."""

from simulators.zoom import tokens, users, webhooks
from simulators.zoom.world import World


def granted_scopes(world: World, user_id: str, asked: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The scopes a consent gives: the app's, or those set for this user by control, narrowed to those asked for."""
    user = users.find(world.store, user_id)
    scopes = user.scopes if user and user.scopes is not None else world.app_scopes
    return scopes if asked is None else tuple(scope for scope in scopes if scope in asked)


def allow(world: World, user_id: str, request: tokens.CodeRequest) -> str:
    """The user's consent, kept for the next time; gives the authorization code."""
    scopes = granted_scopes(world, user_id, request.scopes)
    with world.store.transaction():
        tokens.grant_consent(world, user_id, scopes)
        return tokens.issue_code(world, user_id, request, scopes)


def remove(world: World, user_id: str) -> bool:
    """Remove the app for the user: consent and tokens die, app_deauthorized goes out. False if it was not added.

    https://developers.zoom.us/docs/api/marketplace/events/#tag/app_deauthorized/postapp_deauthorized
    """
    user = users.find(world.store, user_id)
    if user is None or not tokens.consented(world, user_id):
        return False
    with world.store.transaction():
        world.store.execute("DELETE FROM consents WHERE user_id = ?", user_id)
        world.store.execute("UPDATE codes SET used = 1 WHERE user_id = ?", user_id)
        tokens.kill_tokens(world, user_id, "removed")
        webhooks.enqueue_deauthorization(world, user)
    return True
