"""Who may make whom what."""

import pytest

from treff.team.errors import LastOwner, OwnersOnly
from treff.team.rules import check_gives, check_owner_left, roles_given_by
from treff.workspaces.states import Role


@pytest.mark.parametrize(
    ("by", "given"),
    [
        (Role.OWNER, (Role.OWNER, Role.ADMIN, Role.REP)),
        (Role.ADMIN, (Role.ADMIN, Role.REP)),
        (Role.REP, ()),
        (None, ()),
    ],
)
def test_each_role_gives_and_takes_these(by: Role | None, given: tuple[Role, ...]) -> None:
    assert roles_given_by(by) == given
    check_gives(by, *given)
    for other in set(Role) - set(given):
        with pytest.raises(OwnersOnly):
            check_gives(by, other)


def test_who_may_give_a_role_but_not_take_the_present_one_changes_nothing() -> None:
    with pytest.raises(OwnersOnly):
        check_gives(Role.ADMIN, Role.OWNER, Role.REP)


def test_only_the_last_owner_has_to_stay_one() -> None:
    with pytest.raises(LastOwner):
        check_owner_left(Role.OWNER, others=0)
    check_owner_left(Role.OWNER, others=1)
    check_owner_left(Role.ADMIN, others=0)
