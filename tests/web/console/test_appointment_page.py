"""One appointment: its meeting as it stands, its times, its history; and what is never shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house
from tests.web.console.conftest import connect, connect_own
from tests.web.console.november import APPOINTMENTS, EVIL, LEADS, NOW, TODAY, page
from tests.web.console.paper_zoom import ACCESS_TOKEN, PASSCODE, REFRESH_TOKEN, START_URL, PaperZoom
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.booking_types.actions import offer_provider
from treff.conferencing import reconcile
from treff.conferencing.errors import GrantLost, Refused, Throttled, Transient
from treff.conferencing.grants import mark_lost
from treff.conferencing.leaving import disconnect
from treff.conferencing.models import Grant, Meeting
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


def meeting_in(browser: Client, appointment: Appointment) -> Any:
    return browser.get(f"{page(appointment)}meeting/").context["meeting"]


def test_the_link_appears_when_the_meeting_is_made(browser: Client, rita: Member, connected: PaperZoom) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.live, meeting.poll_seconds, meeting.join_url) == ("pending", True, 1, "")
    assert 'hx-trigger="every 1s"' in browser.get(page(appointment)).content.decode()
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.label, meeting.live) == ("in_step", "In step with Zoom", False)
    assert meeting.join_url.startswith("https://zoom.example/j/")
    assert meeting.synced_at == NOW
    text = browser.get(page(appointment)).content.decode()
    assert meeting.join_url in text
    assert meeting.meeting_id in text
    assert "hx-trigger" not in text


def test_no_page_shows_a_start_link_a_passcode_or_a_token(ada: Member, rita: Member, connected: PaperZoom) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    stored = Meeting.objects.get()
    grant = Grant.objects.get()
    assert stored.passcode
    assert stored.start_url
    secrets = [PASSCODE, START_URL, ACCESS_TOKEN, REFRESH_TOKEN, stored.passcode, stored.start_url, grant.access_token]
    browser = house.client_of(ada)
    video = "/w/nordlicht/admin/appointments/video-provider/"
    for url in (
        TODAY,
        LEADS,
        APPOINTMENTS,
        page(appointment),
        f"{page(appointment)}meeting/",
        video,
        f"{video}accounts/",
    ):
        text = browser.get(url).content.decode()
        assert not [secret for secret in secrets if secret in text], url


def test_a_change_on_its_way_is_shown_until_it_has_arrived(browser: Client, rita: Member, connected: PaperZoom) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    link = meeting_in(browser, appointment).join_url
    amend(house.scope(rita), appointment.public_id, Amendment(start_at=NOW + timedelta(days=2)))
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.live, meeting.join_url) == ("pending", True, link)
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.live, meeting.join_url) == ("in_step", False, link)


def test_trouble_says_what_and_when_it_is_tried_again(browser: Client, rita: Member, connected: PaperZoom) -> None:
    connected.trouble = Transient("503", retry_after=timedelta(minutes=5))
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.label, meeting.live) == ("waiting", "Waiting for Zoom", True)
    assert meeting.next_try_at == NOW + timedelta(minutes=5)
    assert "does not answer" in meeting.message
    connected.trouble = None
    answer = browser.post(f"{page(appointment)}meeting/look-again/", follow=True)
    assert "We are trying again now." in answer.content.decode()
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).state == "in_step"


def test_a_refusal_shows_the_providers_own_words_escaped(browser: Client, rita: Member, connected: PaperZoom) -> None:
    connected.trouble = Refused(f"300: {EVIL}")
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.label) == ("blocked", "Zoom meeting could not be created")
    assert meeting.detail == f"300: {EVIL}"
    assert "<script>alert" not in browser.get(page(appointment)).content.decode()


def test_a_full_account_waits_without_fault(browser: Client, rita: Member, connected: PaperZoom) -> None:
    connected.trouble = Throttled("429", NOW + timedelta(hours=3))
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).next_try_at == NOW + timedelta(hours=3)


def test_who_can_cure_a_missing_connection_gets_the_button(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    for_rep, for_admin = meeting_in(browser, appointment), meeting_in(house.client_of(ada), appointment)
    assert for_rep.state == for_admin.state == "blocked"
    assert (for_rep.label, for_rep.cure_url) == ("Zoom is not connected", "")
    assert for_rep.cure.startswith("An administrator can connect one.")
    assert (for_admin.cure, for_admin.cure_url) == (
        "Connect Zoom",
        "/w/nordlicht/admin/appointments/video-provider/",
    )
    connect(ada)
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).state == "in_step"


def test_an_appointment_that_was_booked_without_video_gets_a_meeting_by_a_button(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1), provider="none")
    add = f"{page(appointment)}meeting/add/"
    assert "This appointment has no video meeting." in browser.get(page(appointment)).text
    assert add not in browser.get(page(appointment)).text  # no account is connected
    connect(ada)
    assert "Add a Zoom meeting" in browser.get(page(appointment)).text
    assert add in browser.get(page(appointment)).text
    assert browser.post(add, {"provider": "zoom"})["Location"] == page(appointment)
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).join_url.startswith("https://zoom.example/j/")
    assert add not in browser.get(page(appointment)).text


@pytest.mark.parametrize("provider", ["", "carrier pigeon", "zoom"])
def test_a_provider_that_cannot_be_had_is_not_added(
    provider: str, browser: Client, ada: Member, rita: Member, connected: PaperZoom
) -> None:
    offer_provider(house.scope(ada), "zoom", is_offered=False, own_accounts=False)
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1), provider="none")
    answer = browser.post(f"{page(appointment)}meeting/add/", {"provider": provider}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    appointment.refresh_from_db()
    assert appointment.provider == "none"


def test_a_rep_whose_own_account_it_is_may_cure_it(rita: Member, ada: Member, zoom: PaperZoom) -> None:
    connect_own(zoom, rita)
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    grant = Grant.objects.get()
    mark_lost(grant.pk, grant.version, GrantLost(""))
    reconcile.look(appointment.pk)
    meeting = meeting_in(house.client_of(rita), appointment)
    assert (meeting.cure, meeting.cure_url) == ("Reconnect Zoom", "/w/nordlicht/admin/appointments/video-provider/")


def test_a_lost_account_is_to_be_connected_again(ada: Member, rita: Member, connected: PaperZoom) -> None:
    grant = Grant.objects.get()
    mark_lost(grant.pk, grant.version, GrantLost(""))
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    meeting = meeting_in(house.client_of(ada), appointment)
    assert (meeting.label, meeting.cure) == ("Zoom must be connected again", "Reconnect Zoom")


def test_after_disconnecting_the_link_stays_on_the_page(
    browser: Client, ada: Member, rita: Member, connected: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    link = meeting_in(browser, appointment).join_url
    disconnect(house.scope(ada), "zoom")
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).join_url == link
    assert link in browser.get(f"{LEADS}{appointment.lead.public_id}/").content.decode()


def test_a_cancelled_one_offers_no_link_and_none_without_video(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    cancel(house.scope(rita), appointment.public_id)
    assert meeting_in(browser, appointment).join_url == ""
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).state == "unneeded"
    bare = house.appointment(rita, start_at=NOW + timedelta(days=2), provider="none")
    assert (meeting_in(browser, bare).label, meeting_in(browser, bare).live) == ("No video meeting", False)


def test_when_it_is_over_the_link_is_kept_and_nobody_is_asked_to_join(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(hours=1), duration=timedelta(minutes=30))
    reconcile.look(appointment.pk)
    assert "join-meeting" in browser.get(page(appointment)).content.decode()
    with clock.at(NOW + timedelta(minutes=90)):
        text = browser.get(page(appointment)).content.decode()
        assert "join-meeting" not in text
        assert meeting_in(browser, appointment).join_url in text
        (row,) = browser.get(f"{LEADS}{appointment.lead.public_id}/").context["appointments"]["past"]
        assert (row.conference.join_url, row.conference.label) == ("", "")


def test_times_are_given_for_everybody_who_reads_them_otherwise(browser: Client, rita: Member) -> None:
    lead = house.lead(rita, name="Lena Lead", time_zone="America/New_York")
    appointment = house.appointment(rita, lead=lead, start_at=NOW + timedelta(days=1))
    assert [(t.label, t.zone) for t in browser.get(page(appointment)).context["times"]] == [
        ("For Lena Lead", "America/New_York")
    ]
    Member.objects.filter(pk=rita.pk).update(time_zone="Asia/Tokyo")
    assert [t.label for t in browser.get(page(appointment)).context["times"]] == ["For you", "For Lena Lead"]


def test_the_history_tells_every_change(browser: Client, place: Workspace, ada: Member, rita: Member) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1), title="One", provider="none")
    scope = house.scope(ada)
    changes = Amendment(title="Two", provider="zoom", host_id=ada.public_id, duration=timedelta(minutes=1))
    amend(scope, appointment.public_id, changes)
    amend(scope, appointment.public_id, Amendment(title="Three"))
    cancel(scope, appointment.public_id)
    history = browser.get(page(appointment)).context["history"]
    assert [(entry.who, entry.what) for entry in history] == [
        ("Ada Admin", "Cancelled"),
        ("Ada Admin", "Title changed from “Two” to “Three”"),
        (
            "Ada Admin",
            "Length changed from 45 to 1 minute · Title changed from “One” to “Two” · Video meeting changed from "
            "No conferencing to Zoom · Host changed from Rita Rep to Ada Admin",
        ),
        ("Rita Rep", "Booked for 24 Nov 2026, 09:00"),
    ]
