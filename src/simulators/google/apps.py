"""What a consent gives the app and what taking its access away does."""

from simulators.google import tokens, users
from simulators.google.config import ALIASES, APP_SCOPES, SIGN_IN_SCOPES
from simulators.google.users import User
from simulators.google.world import World


def read_scopes(text: str) -> tuple[str, ...]:
    """The scopes of a request, short names written out, each once."""
    return tuple(dict.fromkeys(ALIASES.get(scope, scope) for scope in text.split()))


def untickable(asked: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes with a box to tick. A single one has none, and neither has signing in:
    https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions
    """
    boxes = tuple(scope for scope in asked if scope not in SIGN_IN_SCOPES)
    return boxes if len(boxes) > 1 else ()


def allow(
    world: World, user: User, request: tokens.CodeRequest, granted: tuple[str, ...], asked: tuple[str, ...]
) -> str:
    """The user's consent, kept for the next time; gives the authorization code.

    What was granted earlier and not asked for now stays granted; a Workspace's session begins anew.
    """
    kept = tuple(scope for scope in tokens.consented(world, user.id) if scope not in asked)
    with world.store.transaction():
        tokens.grant_consent(world, user.id, (*kept, *granted))
        if user.status == "reauth":
            users.save(world.store, users.from_json(world.store, {"id": user.id, "status": "active"}))
        return tokens.issue_code(world, user.id, request, granted)


def ticked(user: User, asked: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """What this person grants where nobody looks at a consent page: all, or what is set for this user."""
    wanted = APP_SCOPES if asked is None else asked
    return wanted if user.scopes is None else tuple(scope for scope in user.scopes if scope in wanted)


def remove(world: World, user_id: str) -> bool:
    """The user removes the app under "Third-party apps": everything dies, and nobody tells the app.

    https://support.google.com/accounts/answer/3466521#remove-access
    """
    return tokens.end_access(world, user_id, "removed")
