"""Somebody books with a lead while somebody else erases them: one of the two is too late."""

import pytest
from django.db import connection

from tests import house
from tests.canaries import rows
from tests.crowd import at_once
from treff.appointments.errors import LeadHasAppointments
from treff.privacy.actions import erase_lead
from treff.privacy.states import Ground
from treff.workspaces.errors import NotHere

TRIES = 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.attack("A-102")
def test_nobody_who_is_erased_has_an_appointment_to_come() -> None:
    owner = house.owner(house.workspace())
    for number in range(TRIES):
        person = house.lead(owner, name=f"Canary {number}", email=f"canary{number}@customer.example")
        deeds = [
            lambda person=person: house.appointment(owner, lead=person),
            lambda person=person: erase_lead(house.scope(owner), person.public_id, person.email, Ground.OWN),
        ]
        booked, erased = at_once(deeds)
        person.refresh_from_db()
        if erased is None:
            assert isinstance(booked, NotHere)
            assert person.appointments.count() == 0
            with connection.cursor() as cursor:
                assert not [row for _table, row in rows(cursor) if f"canary {number}" in row.lower()]
        else:
            assert isinstance(erased, LeadHasAppointments)
            assert (person.erased_at, person.appointments.count()) == (None, 1)
