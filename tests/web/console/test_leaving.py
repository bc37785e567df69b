"""Disconnecting by the page: what it says, what it asks, who may, and what becomes of the appointments."""

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from tests import house
from tests.web.console.conftest import connect_own
from tests.web.console.november import NOW
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.models import Appointment
from treff.audit.models import AuditEntry
from treff.conferencing import leaving, ports, reconcile
from treff.conferencing.errors import GrantLost, Transient
from treff.conferencing.grants import mark_lost
from treff.conferencing.models import Connection, Grant, Meeting
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
VIDEO = "/w/nordlicht/admin/appointments/video-provider/"
LEAVE, NOW_PLEASE = f"{VIDEO}zoom/disconnect/", f"{VIDEO}zoom/disconnect-now/"
SURE = {"workspace": "Nordlicht Solar"}


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


@pytest.fixture
def booked(rita: Member, connected: PaperZoom) -> Appointment:
    """With a meeting in the workspace's account."""
    made = house.appointment(rita, start_at=NOW + timedelta(days=1), title="Roof visit")
    reconcile.look(made.pk)
    return Appointment.objects.get(pk=made.pk)


def rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Grant, Connection, Meeting, Appointment)]


# What the page says


@pytest.mark.promise("P22")
def test_the_page_says_what_goes_what_stays_and_whom_it_concerns(
    browser: Client, rita: Member, booked: Appointment
) -> None:
    for day in range(2, 14):
        house.appointment(rita, start_at=NOW + timedelta(days=day), title=f"Visit {day}")
    before = rows()
    answer = browser.get(LEAVE)
    assert rows() == before
    for said in ("Deleted at once", "tokens", "user ID", "passcodes and start links", "meeting IDs and join links"):
        assert said in answer.text
    assert "video@nordlicht.example" in answer.text
    assert (answer.context["count"], answer.context["more"]) == (13, 3)
    assert [row.title for row in answer.context["rows"]][:2] == ["Roof visit", "Visit 2"]
    assert len(answer.context["rows"]) == 10
    assert answer.context["selected"] == "keep"
    assert [(choice.value, choice.available) for choice in answer.context["choices"]] == [
        ("keep", True),
        ("remove", True),
        ("switch", True),
    ]
    assert "Everyone invited hears of it by email." in answer.context["choices"][2].hint


def test_where_no_mails_are_sent_none_is_announced(browser: Client, booked: Appointment) -> None:
    Workspace.objects.update(confirmation_mails=False)
    assert "by email" not in browser.get(LEAVE).context["choices"][2].hint


def test_without_upcoming_appointments_nothing_is_asked_about_them(browser: Client, connected: PaperZoom) -> None:
    answer = browser.get(LEAVE)
    assert answer.context["count"] == 0
    assert 'name="upcoming"' not in answer.text


def test_an_account_that_does_not_work_cannot_have_its_meetings_removed(browser: Client, booked: Appointment) -> None:
    grant = Grant.objects.get()
    mark_lost(grant.pk, grant.version, GrantLost(""))
    choices = {choice.value: choice for choice in browser.get(LEAVE).context["choices"]}
    assert [name for name, choice in choices.items() if choice.available] == ["keep", "switch"]
    assert "no longer accepts" in choices["remove"].hint
    assert "Their meetings stay in Zoom." in choices["switch"].hint


# Being sure


@pytest.mark.attack("A-002")
@pytest.mark.parametrize("typed", [{}, {"workspace": ""}, {"workspace": "Nordlicht"}, {"workspace": "nordlicht"}])
@pytest.mark.parametrize("recent", [False, True])
def test_who_did_not_sign_in_lately_types_the_name_of_the_workspace(
    typed: dict[str, str], recent: bool, browser: Client, ada: Member, booked: Appointment
) -> None:
    sign_in_record(browser, ada, age=timedelta(minutes=59 if recent else 61))
    before = rows()
    answer = browser.post(LEAVE, {**typed, "upcoming": "remove"})
    if recent:
        assert answer.status_code == 302
        assert rows() != before
        return
    assert answer.status_code == 403
    assert answer.context["form"].errors == {"workspace": ["Please type the name of the workspace as it is shown."]}
    assert answer.context["selected"] == "remove"
    assert 'aria-invalid="true"' in answer.text
    assert rows() == before


def sign_in_record(browser: Client, member: Member, age: timedelta) -> None:
    """As allauth leaves it in the session when somebody signs in with a password; so long ago."""
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": NOW.timestamp() - age.total_seconds()}]
    session["account_authentication_methods_user"] = str(member.user_id)
    session.save()


@pytest.mark.attack("A-002")
def test_the_sign_in_of_somebody_else_in_the_same_browser_does_not_count(
    browser: Client, rita: Member, booked: Appointment
) -> None:
    sign_in_record(browser, rita, age=timedelta(minutes=1))
    assert browser.post(LEAVE).status_code == 403
    assert Connection.objects.exists()


def test_a_sign_in_by_the_page_is_remembered(ada: Member, connected: PaperZoom) -> None:
    ada.user.set_password(house.PASSWORD)
    ada.user.save()
    with clock.at(clock.now() + timedelta(seconds=time.time() - clock.now().timestamp())):
        client = Client()
        client.post("/accounts/login/", {"login": ada.user.email, "password": house.PASSWORD})
        assert "Type <strong>" not in client.get(LEAVE).text
        assert client.post(LEAVE).status_code == 302
    assert not Connection.objects.exists()


# Keeping, removing, switching


@pytest.mark.promise("P22", "P23")
@pytest.mark.parametrize("chosen", [{}, {"upcoming": ""}, {"upcoming": "keep"}])
def test_who_says_nothing_keeps_the_links(
    chosen: dict[str, str], browser: Client, booked: Appointment, connected: PaperZoom
) -> None:
    answer = browser.post(LEAVE, {**SURE, **chosen}, follow=True)
    assert "Zoom is disconnected. Access and identity are deleted." in answer.text
    assert not Grant.objects.exists()
    assert len(connected.revoked) == 1
    assert len(connected.meetings) == 1
    appointment, meeting = Appointment.objects.get(), Meeting.objects.get()
    assert (appointment.join_url, appointment.meeting_id) == (booked.join_url, booked.meeting_id)
    assert (meeting.passcode, meeting.start_url, meeting.kept) == ("", "", True)
    assert AuditEntry.objects.filter(deed="connection.disconnected").count() == 1
    assert "Zoom was not connected." in browser.post(LEAVE, SURE, follow=True).text


def test_the_name_is_taken_in_any_case_and_with_blanks_around(browser: Client, connected: PaperZoom) -> None:
    assert browser.post(LEAVE, {"workspace": " nordlicht SOLAR "}).status_code == 302
    assert not Connection.objects.exists()


@pytest.mark.parametrize("chosen", ["delete", "KEEP", "keep,remove"])
def test_a_choice_that_is_none_disconnects_nothing(chosen: str, browser: Client, booked: Appointment) -> None:
    before = rows()
    answer = browser.post(LEAVE, {**SURE, "upcoming": chosen})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["upcoming"])
    assert rows() == before


def test_meetings_are_removed_before_the_account_goes_and_the_page_shows_how_far_that_is(
    browser: Client, rita: Member, booked: Appointment, connected: PaperZoom
) -> None:
    answer = browser.post(LEAVE, {**SURE, "upcoming": "remove"}, follow=True)
    assert "is being disconnected: upcoming meetings are removed first" in answer.text
    assert "1 meeting is still to be removed." in answer.text
    assert "Disconnect now" in answer.text
    assert 'hx-trigger="treff:connect from:body, every 2s"' in answer.text
    rep = house.client_of(rita).get(VIDEO).text
    assert "Being disconnected" in rep
    assert "Disconnect now" not in rep
    reconcile.look(booked.pk)
    leaving.finish(Connection.objects.get().pk)
    assert connected.meetings == {}
    assert Appointment.objects.get().join_url == ""
    assert "Not connected" in browser.get(VIDEO).text
    assert not Grant.objects.exists()


def test_disconnect_now_does_not_wait(browser: Client, booked: Appointment, connected: PaperZoom) -> None:
    connected.trouble = Transient("down")
    browser.post(LEAVE, {**SURE, "upcoming": "remove"})
    assert Connection.objects.exists()
    assert "Zoom is disconnected." in browser.post(NOW_PLEASE, follow=True).text
    assert not Grant.objects.exists()


@pytest.mark.attack("A-002")
def test_disconnect_now_is_no_way_around_the_page_that_asks(browser: Client, booked: Appointment) -> None:
    before = rows()
    assert browser.post(NOW_PLEASE)["Location"] == LEAVE
    assert browser.get(NOW_PLEASE).status_code == 405
    assert rows() == before


def test_appointments_are_switched_to_no_conferencing(
    browser: Client, booked: Appointment, connected: PaperZoom
) -> None:
    browser.post(LEAVE, {**SURE, "upcoming": "switch"})
    assert Appointment.objects.get().provider == "none"
    reconcile.look(booked.pk)
    leaving.finish(Connection.objects.get().pk)
    assert connected.meetings == {}
    assert not Connection.objects.exists()


@pytest.mark.promise("P26")
def test_disconnecting_works_where_the_provider_is_not_set_up_any_more(browser: Client, connected: PaperZoom) -> None:
    ports.connect({})
    assert browser.get(VIDEO).context["parts"][0].card.state == "connected"
    assert browser.get(LEAVE).status_code == 200
    assert "Zoom is disconnected." in browser.post(LEAVE, SURE, follow=True).text
    assert not Grant.objects.exists()


@pytest.mark.promise("P26")
def test_disconnecting_works_when_the_account_is_dead_at_zoom(browser: Client, booked: Appointment) -> None:
    grant = Grant.objects.get()
    mark_lost(grant.pk, grant.version, GrantLost(""))
    assert "Zoom is disconnected." in browser.post(LEAVE, {**SURE, "upcoming": "remove"}, follow=True).text
    assert not Grant.objects.exists()
    assert Appointment.objects.get().join_url == booked.join_url


# Own accounts


@pytest.mark.parametrize("by", ["member", "administrator"])
def test_an_own_account_is_disconnected_by_its_member_or_an_administrator(
    by: str, browser: Client, rita: Member, connected: PaperZoom
) -> None:
    connect_own(connected, rita)
    made = house.appointment(rita, start_at=NOW + timedelta(days=1), title="Hosted by Rita")
    client = house.client_of(rita) if by == "member" else browser
    page = client.get(f"{LEAVE}{rita.public_id}/")
    assert f"{rita.pk}@own.example" in page.text
    assert ("the own account of Rita Rep" in page.text) == (by == "administrator")
    assert [row.title for row in page.context["rows"]] == [made.title]
    assert client.post(f"{LEAVE}{rita.public_id}/").status_code == 403
    assert client.post(f"{LEAVE}{rita.public_id}/", SURE).status_code == 302
    assert [connection.member for connection in Connection.objects.all()] == [None]


@pytest.mark.attack("A-012")
def test_a_rep_disconnects_neither_the_workspaces_account_nor_a_colleagues(
    place: Workspace, rita: Member, connected: PaperZoom
) -> None:
    colleague = house.member(place, name="Carl Colleague")
    connect_own(connected, colleague)
    rep = house.client_of(rita)
    for url in (LEAVE, f"{LEAVE}{colleague.public_id}/"):
        for answer in (rep.get(url), rep.post(url, SURE)):
            assert answer.status_code == 403
            assert "own.example" not in answer.text
    assert Connection.objects.count() == 2


def test_the_own_account_of_somebody_who_has_left_can_still_be_disconnected(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    connect_own(connected, rita)
    Member.objects.filter(pk=rita.pk).update(is_active=False)
    assert browser.get(VIDEO).context["parts"][0].hosts[1].hosts == "Rita Rep"
    assert browser.post(f"{LEAVE}{rita.public_id}/", SURE).status_code == 302
    assert [connection.member for connection in Connection.objects.all()] == [None]


@pytest.mark.attack("A-017")
def test_the_page_that_asks_cannot_be_framed(browser: Client, booked: Appointment) -> None:
    for answer in (browser.get(LEAVE), browser.post(LEAVE)):
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.attack("A-002")
def test_a_stranger_is_asked_to_sign_in_and_disconnects_nothing(connected: PaperZoom) -> None:
    assert Client().post(LEAVE, SURE)["Location"].startswith("/accounts/login/")
    assert Connection.objects.exists()
