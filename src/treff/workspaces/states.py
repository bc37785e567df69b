"""Roles and what a role may do."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    REP = "rep"


class Permission(StrEnum):
    """What can be allowed. Names are verbs and things, as in the audit log."""

    SEE = "see"
    EDIT_LEADS = "edit_leads"
    BOOK = "book"
    CONNECT_PROVIDERS = "connect_providers"
    EDIT_BOOKING_TYPES = "edit_booking_types"
    EDIT_WORKSPACE = "edit_workspace"
    EDIT_MEMBERS = "edit_members"


_REP = frozenset({Permission.SEE, Permission.EDIT_LEADS, Permission.BOOK})

GRANTED: Mapping[Role, frozenset[Permission]] = {
    Role.REP: _REP,
    Role.ADMIN: frozenset(Permission),
    Role.OWNER: frozenset(Permission),
}
