"""Roles and what a role may do."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    REP = "rep"


class Reach(StrEnum):
    """What is shown at a calendar address: its member's own appointments, or all of the workspace."""

    OWN = "own"
    WORKSPACE = "workspace"


class Permission(StrEnum):
    """What can be allowed. Names are verbs and things, as in the audit log."""

    SEE = "see"
    EDIT_LEADS = "edit_leads"
    BOOK = "book"
    BOOK_OFFERED = "book_offered"
    CANCEL_MANY = "cancel_many"
    EDIT_OWN_HOURS = "edit_own_hours"
    EDIT_HOURS = "edit_hours"
    CONNECT_PROVIDERS = "connect_providers"
    EDIT_BOOKING_TYPES = "edit_booking_types"
    EDIT_WORKSPACE = "edit_workspace"
    EDIT_MEMBERS = "edit_members"
    SUBSCRIBE_TO_ALL = "subscribe_to_all"
    REMOVE_NOTES = "remove_notes"
    IMPORT_LEADS = "import_leads"
    EXPORT_LEADS = "export_leads"
    ERASE_LEADS = "erase_leads"
    READ_TRANSCRIPTS = "read_transcripts"


_REP = frozenset(
    {Permission.SEE, Permission.EDIT_LEADS, Permission.BOOK, Permission.BOOK_OFFERED, Permission.EDIT_OWN_HOURS}
)

# None is nobody of ours: a client on a public page, who takes what is offered.
GRANTED: Mapping[Role | None, frozenset[Permission]] = {
    None: frozenset({Permission.BOOK_OFFERED}),
    Role.REP: _REP,
    Role.ADMIN: frozenset(Permission),
    Role.OWNER: frozenset(Permission),
}

# What it takes to have a calendar address, and that it goes on being answered.
NEEDED_FOR: Mapping[Reach, Permission] = {Reach.OWN: Permission.SEE, Reach.WORKSPACE: Permission.SUBSCRIBE_TO_ALL}
