"""Who may be the same person."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import house
from treff.people import queries
from treff.people.actions import hide_lead
from treff.people.states import Sameness
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db


def test_whoever_shares_an_address_a_number_or_a_name_may_be_the_same(ada: Member) -> None:
    lead = house.lead(ada, name="Jana Berg", email="jana@berg.example", phone="040 / 555-1234")
    same = house.lead(ada, name="JANA BERG", email="Jana@Berg.example", phone="+49 (40) 5551234")
    number = house.lead(ada, name="J. Berg", phone="0049 40 5551234")
    name = house.lead(ada, name="jana berg", phone="1234")
    house.lead(ada, name="Jana", phone="5551234 9")
    house.lead(house.owner(house.workspace("elsewhere")), name="Jana Berg", email="jana@berg.example")
    hide_lead(house.scope(ada), house.lead(ada, name="Jana Berg").public_id)
    found = queries.twins_of(house.scope(ada), lead)
    assert [(twin.lead, set(twin.shared)) for twin in found] == [
        (same, {Sameness.EMAIL, Sameness.NAME, Sameness.PHONE}),
        (number, {Sameness.PHONE}),
        (name, {Sameness.NAME}),
    ]


def test_a_lead_without_a_number_is_like_nobody_else_without_one(ada: Member) -> None:
    lead = house.lead(ada, name="A", phone="")
    house.lead(ada, name="B", phone="")
    house.lead(ada, name="C", phone="123")
    assert queries.twins_of(house.scope(ada), lead) == []
    assert queries.twins(house.scope(ada)) == []


def test_all_of_a_workspace_are_grouped_once_whatever_they_share(ada: Member) -> None:
    pair = [house.lead(ada, name="Jana", email="jana@berg.example") for _ in range(2)]
    trio = [house.lead(ada, name=f"Otto {number}", phone="+49 40 5551234") for number in range(3)]
    house.lead(ada, name="Nele")
    stranger = house.owner(house.workspace("elsewhere"))
    for _ in range(2):
        house.lead(stranger, name="Theirs")
    with CaptureQueriesContext(connection) as captured:
        assert queries.twins(house.scope(ada)) == [pair, trio]
    assert len(captured) == 6
