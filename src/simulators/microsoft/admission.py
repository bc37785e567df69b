"""What stands before every Graph call: whose token, for what, and is there a mailbox.

Every call is checked in this order: token, scope, licence, limits, then its own matter.
"""

import re

from simulators.microsoft import limits, tokens, users, validation, zones
from simulators.microsoft.events import View
from simulators.microsoft.refusals import GraphRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import Call, World

READ = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
WRITE = frozenset({"Calendars.ReadWrite"})
# The permissions of each operation's page, https://learn.microsoft.com/en-us/graph/api/overview
CALENDAR_SCOPES = {
    **dict.fromkeys(("create", "update", "delete", "cancel"), WRITE),
    **dict.fromkeys(("get", "list", "view", "schedule", "calendar", "subscribe"), READ),
}


def admit(world: World, call: Call) -> User:
    """The caller, if the token is good and says what is needed. Raises GraphRefusal."""
    user_id, scopes = tokens.read_access(world, bearer(call))
    user = users.find(world.store, user_id)
    assert user is not None  # users are never taken out
    if call.resource == "user":
        if "User.Read" not in scopes:
            message = "Insufficient privileges to complete the operation."
            raise GraphRefusal(403, "Authorization_RequestDenied", message)
    elif call.resource == "onlineMeeting":
        _check_teams(user, scopes)
    else:
        if not CALENDAR_SCOPES[call.operation] & set(scopes):
            raise access_denied()
        if not user.mailbox:
            # https://github.com/microsoft/MicrosoftCloud/issues/41
            message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise GraphRefusal(404, "MailboxNotEnabledForRESTAPI", message)
    limits.count_request(world, user.id, call.operation)
    return user


def access_denied() -> GraphRefusal:
    """https://github.com/microsoftgraph/microsoftgraph-postman-collections/issues/48"""
    return GraphRefusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def identify(world: World, call: Call) -> str | None:
    """Whose token a call carries, as far as that can be told; for the call log."""
    row = world.store.row("SELECT user_id FROM tokens WHERE token = ?", bearer(call))
    return row["user_id"] if row else None


def bearer(call: Call) -> str:
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def read_view(call: Call) -> tuple[View, dict[str, str]]:
    """How the caller prefers events shown, and the header that confirms it. Raises GraphRefusal for an unknown zone.

    https://learn.microsoft.com/en-us/graph/outlook-immutable-id ,
    https://learn.microsoft.com/en-us/graph/api/event-get#request-headers
    """
    immutable = re.search(r'IdType\s*=\s*"?ImmutableId"?', call.prefer, re.IGNORECASE)
    wanted = re.search(r'outlook\.timezone\s*=\s*"([^"]*)"', call.prefer, re.IGNORECASE)
    if wanted and zones.find(wanted[1]) is None:
        raise validation.unknown_zone(wanted[1])
    applied = [*(['IdType="ImmutableId"'] if immutable else []), *([wanted[0]] if wanted else [])]
    select = tuple(name.strip() for name in call.query.get("$select", "").split(",") if name.strip())
    view = View(bool(immutable), wanted[1] if wanted else "UTC", select)
    return view, {"Preference-Applied": ", ".join(applied)} if applied else {}


def _check_teams(user: User, scopes: tuple[str, ...]) -> None:
    """Personal accounts: "Not supported", https://learn.microsoft.com/en-us/graph/api/application-post-onlinemeetings ;
    without a licence: https://github.com/OfficeDev/microsoft-teams-apps-requestateam/issues/355"""
    if user.personal or "OnlineMeetings.ReadWrite" not in scopes:
        raise GraphRefusal(403, "Forbidden", "The caller does not have permission to perform the action.")
    if not user.teams:
        message = (
            "Failed to get license information for the user. Ensure user has a valid Office365 license assigned to"
            " them."
        )
        raise GraphRefusal(403, "Forbidden", message)
