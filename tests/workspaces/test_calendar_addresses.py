"""Calendar addresses: who may have one, that each is another, and that of many who want one at once the last has it."""

import pytest

from tests import crowd, house
from treff.kernel.secrets import Secret
from treff.workspaces.actions import create_calendar_address, revoke_calendar_address
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import CalendarAddress, Member
from treff.workspaces.ports import Scope
from treff.workspaces.queries import calendar_address_at, calendar_addresses
from treff.workspaces.states import Reach, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(db: None) -> Member:
    return house.member(house.workspace())


def works(token: Secret) -> bool:
    try:
        calendar_address_at(token)
    except NotHere:
        return False
    return True


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032")
def test_a_rep_has_no_address_for_everybody(rita: Member) -> None:
    for deed in (create_calendar_address, revoke_calendar_address):
        with pytest.raises(NotAllowed):
            deed(house.scope(rita), Reach.WORKSPACE)
    assert not CalendarAddress.objects.exists()


def test_a_key_of_the_api_is_nobody_whose_calendar_it_could_be(rita: Member) -> None:
    token = create_calendar_address(house.scope(rita), Reach.OWN)
    key = Scope(rita.workspace_id, rita.workspace.slug, Role.ADMIN, house.scope(rita).actor)
    assert not calendar_addresses(key).exists()
    for deed in (create_calendar_address, revoke_calendar_address):
        with pytest.raises(NotAllowed):
            deed(key, Reach.OWN)
    assert works(token)


@pytest.mark.attack("A-043")
def test_every_address_is_another_one_and_only_the_last_works(rita: Member) -> None:
    made = [create_calendar_address(house.scope(rita), Reach.OWN) for _ in range(5)]
    assert len({token.reveal() for token in made}) == 5
    assert all(len(token.reveal()) * 6 >= 128 for token in made)
    assert [works(token) for token in made] == [False] * 4 + [True]


def test_the_digest_is_no_address(rita: Member) -> None:
    create_calendar_address(house.scope(rita), Reach.OWN)
    assert not works(Secret(CalendarAddress.objects.get().digest))


def test_what_only_a_newer_version_shows_is_not_shown(rita: Member) -> None:
    token = create_calendar_address(house.scope(rita), Reach.OWN)
    CalendarAddress.objects.update(reach="team")
    assert not works(token)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_a_new_address_at_once_one_has_it(rita: Member) -> None:
    scope = house.scope(rita)
    made = crowd.at_once([lambda: create_calendar_address(scope, Reach.OWN)] * 6)
    assert all(isinstance(token, Secret) for token in made)
    assert sum(works(token) for token in made if isinstance(token, Secret)) == 1
