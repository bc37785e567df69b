"""Admin, Video provider, How meetings are made."""

import pytest
from django.test import Client

from tests import house
from tests.web.console.paper_zoom import PaperZoom
from treff.conferencing import reconcile
from treff.conferencing.models import Grant, MeetingDefaults
from treff.conferencing.ports import MeetingOptions
from treff.conferencing.states import Plan, Recording
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
PROVIDER = "/w/nordlicht/admin/appointments/video-provider/"
PAGE = f"{PROVIDER}meetings/"
GUARDED = {"waiting_room": "on", "recording": "cloud"}


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


@pytest.mark.promise("P16")
def test_the_form_starts_with_what_holds_and_saving_it_changes_nothing(browser: Client) -> None:
    form = browser.get(PAGE).context["form"]
    assert [form[name].value() for name in ("join_before_host", "waiting_room", "recording")] == [True, False, "none"]
    answer = browser.post(PAGE, {"join_before_host": "on", "recording": "none"}, follow=True)
    assert "Nothing was changed." in answer.content.decode()
    assert not MeetingDefaults.objects.exists()


@pytest.mark.promise("P16")
def test_a_change_is_said_and_shown_and_new_meetings_have_it(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    answer = browser.post(PAGE, GUARDED, follow=True).content.decode()
    said = (
        "Guests can join before the host yes → no; Waiting room no → yes; Automatic recording None → In Zoom’s cloud."
    )
    assert f"Saved: {said}" in answer
    assert "Recorded in Zoom’s cloud" in answer
    row = house.appointment(rita)
    reconcile.look(row.pk)
    (made,) = connected.meetings.values()
    assert made.options == MeetingOptions(join_before_host=False, waiting_room=True, recording=Recording.CLOUD)


@pytest.mark.promise("P16")
def test_upcoming_meetings_follow_if_that_is_ticked(browser: Client, rita: Member, connected: PaperZoom) -> None:
    row = house.appointment(rita)
    reconcile.look(row.pk)
    answer = browser.post(PAGE, {**GUARDED, "also_upcoming": "on"}, follow=True).content.decode()
    assert "1 upcoming meeting follows." in answer
    reconcile.look(row.pk)
    (made,) = connected.meetings.values()
    assert made.options is not None
    assert made.options.waiting_room


def test_a_plan_without_recording_does_not_offer_it(browser: Client, connected: PaperZoom) -> None:
    Grant.objects.update(plan=Plan.BASIC)
    page = browser.get(PAGE)
    assert "has no recording in the cloud" in page.content.decode()
    assert browser.post(PAGE, GUARDED).status_code == 422
    assert not MeetingDefaults.objects.exists()
