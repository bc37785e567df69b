"""Who may make whom what."""

from collections.abc import Mapping
from datetime import timedelta

from treff.team.errors import LastOwner, OwnersOnly
from treff.workspaces.states import Role

VALID_FOR = timedelta(days=7)
NOT_AGAIN_WITHIN = timedelta(minutes=1)
MOST_IN_A_DAY = 100  # mails with invitations from one workspace

_GIVES: Mapping[Role | None, frozenset[Role]] = {
    Role.OWNER: frozenset(Role),
    Role.ADMIN: frozenset({Role.ADMIN, Role.REP}),
    Role.REP: frozenset(),
    None: frozenset(),
}


def roles_given_by(role: Role | None) -> tuple[Role, ...]:
    """The roles that somebody with this one can give and take, the widest first."""
    return tuple(given for given in Role if given in _GIVES[role])


def check_gives(by: Role | None, *roles: Role) -> None:
    """Whether they can give and take all of these. Raises OwnersOnly."""
    if not set(roles) <= _GIVES[by]:
        raise OwnersOnly


def check_owner_left(role: Role, others: int) -> None:
    """Before somebody with this role gives it up: `others` are as many Owners besides. Raises LastOwner."""
    if role == Role.OWNER and others < 1:
        raise LastOwner
