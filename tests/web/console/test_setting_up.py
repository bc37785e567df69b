"""The list of what a new workspace needs, on the start page of its administrators."""

from typing import Any

import pytest
from django.test import Client

from tests import house, offering
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.models import Appointment
from treff.appointments.states import Source
from treff.audit.models import AuditEntry
from treff.availability.actions import set_hours
from treff.kernel import clock
from treff.team.actions import invite
from treff.workspaces.actions import edit_brand
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import BrandWish
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db
TODAY = "/w/nordlicht/"
DISMISS = "/w/nordlicht/admin/set-up/dismiss/"


@pytest.fixture
def olivia(place: Workspace) -> Member:
    """Alone in a new workspace."""
    return house.owner(place)


@pytest.fixture
def browser(olivia: Member) -> Client:
    return house.client_of(olivia)


def done(browser: Client) -> list[bool] | None:
    """Of each item whether it is done; None without a list."""
    setup: Any = browser.get(TODAY).context["setup"]
    return [item.is_done for item in setup.items] if setup else None


def test_in_a_new_workspace_nothing_is_done_and_everything_leads_somewhere(browser: Client) -> None:
    assert done(browser) == [False] * 7
    setup = browser.get(TODAY).context["setup"]
    for item in setup.items:
        assert browser.get(item.url).status_code == 200, item.label


def test_each_item_notices_by_itself_that_it_is_done(browser: Client, olivia: Member, connected: PaperZoom) -> None:
    Member.objects.exclude(pk=olivia.pk).update(is_active=False)  # who connected it
    assert done(browser) == [True, True, False, False, False, False, False]
    scope = house.scope(olivia)
    set_hours(scope, olivia.public_id, [[[540, 600]], [], [], [], [], [], []])
    assert done(browser) == [True, True, True, False, False, False, False]
    offering.kind(olivia, olivia)
    assert done(browser) == [True, True, True, True, False, False, False]
    invite(scope, "nina@new.example", Role.REP, "en")
    assert done(browser) == [True, True, True, True, True, False, False]
    edit_brand(scope, BrandWish(color="#0b6e66"))
    assert done(browser) == [True, True, True, True, True, True, False]
    house.appointment(olivia)
    assert done(browser) is not None  # booked by the team: nobody has tried the page
    Appointment.objects.update(source=Source.CLIENT)
    assert done(browser) is None


def test_it_can_be_put_away_for_all(browser: Client, place: Workspace) -> None:
    ada = house.client_of(house.admin(place))
    assert done(ada) is not None
    for _ in range(2):
        assert browser.post(DISMISS).status_code == 302
    assert done(browser) is done(ada) is None
    assert AuditEntry.objects.filter(deed="workspace.setup_dismissed").count() == 1


def test_reps_do_not_see_it(place: Workspace, rita: Member) -> None:
    assert done(house.client_of(rita)) is None


def test_what_others_have_done_in_their_workspace_counts_there_only(browser: Client) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    offering.kind(stranger, stranger)
    Workspace.objects.filter(slug="elsewhere").update(setup_dismissed_at=clock.now())
    assert done(browser) == [False] * 7
