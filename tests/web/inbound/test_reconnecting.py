"""Connecting again, and one Zoom user in two workspaces."""

from collections.abc import Callable

import pytest

from tests import house
from tests.product import eventually
from tests.web.inbound.visits import Browser, Place
from treff.appointments.models import Appointment
from treff.conferencing.models import Connection, Grant, Meeting
from treff.conferencing.states import GrantState


def joined(appointment: Appointment) -> Meeting:
    """The appointment's meeting as soon as Zoom has it."""
    found = eventually(
        lambda: Meeting.objects.filter(appointment=appointment).exclude(external_id="").first(), "the meeting"
    )
    assert found is not None
    return found


@pytest.mark.fault("F-063")
@pytest.mark.promise("P19")
def test_reconnecting_the_same_account_heals_the_same_row_and_makes_up_for_what_is_missing(
    place: Place, browser: Browser
) -> None:
    place.connect(browser)
    kept = joined(house.appointment(place.admin, title="Before"))
    (before,) = place.grants()
    connection = Connection.objects.get(workspace=place.workspace)
    Grant.objects.filter(pk=before.pk).update(state=GrantState.NEEDS_RECONNECT)
    missing = house.appointment(place.admin, title="Meanwhile")
    eventually(lambda: Meeting.objects.filter(appointment=missing, state="blocked").exists(), "it says that it waits")
    place.connect(browser)
    (after,) = place.grants()
    assert (after.pk, after.public_id, after.state) == (before.pk, before.public_id, GrantState.CONNECTED)
    assert after.version == before.version + 1
    assert after.access_token != before.access_token
    assert Connection.objects.get(workspace=place.workspace).public_id == connection.public_id
    assert joined(missing).external_id
    assert Meeting.objects.get(pk=kept.pk).external_id == kept.external_id
    assert len(place.product.meetings("Before")) == 1


def test_a_connection_attempt_that_fails_leaves_the_account_connected(place: Place, browser: Browser) -> None:
    place.connect(browser)
    path = place.allow(place.begin(browser))
    place.product.break_zoom("down", "token")
    answer = browser.get(path)
    assert answer.status_code == 400
    assert "could not be reached" in answer.text
    assert [grant.state for grant in place.grants()] == [GrantState.CONNECTED]


@pytest.mark.fault("F-088")
def test_disconnecting_one_workspace_leaves_the_other_with_the_same_account_alone(
    make_place: Callable[[], Place],
) -> None:
    first, second = make_place(), make_place()
    second.zoom_user = first.zoom_user
    here, there = first.browser(), second.browser()
    first.connect(here)
    second.connect(there)
    assert [grant.pk for grant in first.grants()] == [grant.pk for grant in second.grants()]
    first.disconnect(here)
    assert first.grants() == []
    assert [grant.state for grant in second.grants()] == [GrantState.CONNECTED]
    calls = [call for call in second.product.zoom("truth")["calls"] if call["user_id"] == first.zoom_user]
    assert "revoke" not in [call["operation"] for call in calls]
    assert joined(house.appointment(second.admin)).external_id
    second.disconnect(there)
    assert not Grant.objects.filter(external_user_id=first.zoom_user).exists()
    calls = [call for call in second.product.zoom("truth")["calls"] if call["user_id"] == first.zoom_user]
    assert [call["operation"] for call in calls].count("revoke") == 1
