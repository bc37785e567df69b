"""A recovery begins once, and ends by a person's word."""

import pytest

from tests import house
from tests.crowd import at_once
from treff.audit.models import AuditEntry
from treff.recovery import actions, queries
from treff.recovery.errors import NoRecovery
from treff.recovery.models import Recovery
from treff.recovery.states import Cause


@pytest.mark.django_db
def test_it_holds_from_its_beginning_to_its_end_and_knows_up_to_when_the_database_knew() -> None:
    house.appointment(house.owner(house.workspace()))
    newest = AuditEntry.objects.latest("pk")
    recovery, is_new = actions.begin(Cause.OPERATOR)
    assert (is_new, queries.is_held(), queries.current()) == (True, True, recovery)
    assert recovery.known_until_at == newest.at
    assert actions.resume() == recovery
    assert (queries.is_held(), queries.current(), queries.last()) == (False, None, recovery)
    deeds = list(AuditEntry.objects.filter(subject=recovery.public_id).order_by("pk").values_list("deed", flat=True))
    assert deeds == ["recovery.begun", "recovery.resumed"]


@pytest.mark.django_db
def test_while_one_is_under_way_there_is_no_second_and_without_one_there_is_nothing_to_end() -> None:
    with pytest.raises(NoRecovery):
        actions.resume()
    first, _is_new = actions.begin(Cause.NOTICED)
    assert actions.begin(Cause.OPERATOR) == (first, False)
    actions.resume()
    second, is_new = actions.begin(Cause.OPERATOR)
    assert (second != first, is_new) == (True, True)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_begin_at_once_one_does() -> None:
    begun = at_once([lambda: actions.begin(Cause.NOTICED)[1]] * 8)
    assert sorted(begun) == [*[False] * 7, True]
    assert Recovery.objects.count() == 1
