"""No meeting is made for an appointment that its client has not confirmed, and one at once when they do."""

import pytest

from tests import house, offering
from tests.conferencing.stage import Stage
from treff.appointments import actions, confirming
from treff.appointments.addresses import confirm_token
from treff.appointments.models import Appointment
from treff.conferencing import overview, queries, reconcile
from treff.conferencing.states import Sync

pytestmark = [pytest.mark.django_db, pytest.mark.attack("A-048")]


def ask(stage: Stage) -> Appointment:
    kind = offering.kind(stage.owner, stage.owner, provider="zoom", confirm_address=True)
    return offering.take(kind, offering.next_free(kind)).appointment


def test_zoom_hears_of_it_when_its_client_has_confirmed_and_not_before(stage: Stage) -> None:
    row = ask(stage)
    reconcile.look(row.pk)
    assert stage.calls("create") == 0
    assert queries.standing_of(row, queries.meeting_of(row)).state == Sync.UNNEEDED
    assert overview.counts(house.scope(stage.owner)) == overview.Counts(0, 0, 0, 0)
    confirming.confirm(confirm_token(row).reveal())
    reconcile.look(row.pk)
    stage.check_in_step(row)
    assert stage.calls("create") == 1


def test_what_is_called_off_before_leaves_zoom_alone(stage: Stage) -> None:
    row = ask(stage)
    actions.cancel(house.scope(stage.owner), row.public_id)
    reconcile.look(row.pk)
    assert stage.calls("create", "update", "delete") == 0
