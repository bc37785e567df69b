"""Booking: a lead is opened, an appointment booked, every input checked, nothing booked twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house
from tests.web.console.conftest import connect_own
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.models import Appointment
from treff.booking_types.actions import create_booking_type, offer_provider
from treff.booking_types.ports import Description
from treff.conferencing.leaving import disconnect
from treff.conferencing.models import Connection
from treff.kernel import clock
from treff.people.models import Lead
from treff.web.console.booking import suggest_start
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db
VIDEO = "/w/nordlicht/admin/appointments/video-provider/"
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def lead(rita: Member) -> Lead:
    return house.lead(rita, name="Lena Lead", email="lena@customer.example")


def url_of(lead: Lead) -> str:
    return f"/w/nordlicht/leads/{lead.public_id}/book/"


def filled(browser: Client, lead: Lead, **typed: str) -> dict[str, str]:
    """The form as the page gives it, with what is typed."""
    context = browser.get(url_of(lead)).context
    form = context["form"]
    values = {name: str(form[name].value() or "") for name in form.fields}
    day = {"date": "2026-12-01", "time": "09:00", "time_zone": "Europe/Berlin"}
    return {**values, "nonce": context["nonce"], **day, **typed}


@pytest.fixture(autouse=True)
def november() -> Any:
    with clock.at(NOW):
        yield


@pytest.mark.promise("P34")
def test_a_rep_opens_a_lead_books_with_zoom_and_sees_the_appointment(
    rita: Member, lead: Lead, connected: PaperZoom
) -> None:
    browser = house.client_of(rita)
    page = browser.get(f"/w/nordlicht/leads/{lead.public_id}/").content.decode()
    assert url_of(lead) in page
    answer = browser.post(
        url_of(lead),
        filled(browser, lead, title="Roof visit", duration_minutes="45", attendees="a@x.example, b@x.example\n"),
        follow=True,
    )
    booked = Appointment.objects.get()
    assert (booked.title, booked.start_at) == ("Roof visit", datetime(2026, 12, 1, 8, tzinfo=UTC))
    assert (booked.duration, booked.provider, booked.host) == (timedelta(minutes=45), "zoom", rita)
    assert sorted(booked.attendees.values_list("email", flat=True)) == ["a@x.example", "b@x.example"]
    assert answer.redirect_chain[-1][0] == f"/w/nordlicht/appointments/{booked.public_id}/"
    text = answer.content.decode()
    assert "Appointment booked." in text
    assert "Roof visit" in text
    assert "Being brought in line" in text


def test_the_form_starts_with_the_first_type_the_member_and_their_next_work_hour(
    ada: Member, rita: Member, lead: Lead, connected: PaperZoom
) -> None:
    create_booking_type(house.scope(ada), Description("advice", "Advice", timedelta(minutes=50), "none"))
    form = house.client_of(rita).get(url_of(lead)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    assert (values["booking_type"], values["duration_minutes"], values["provider"]) == ("advice", 50, "none")
    assert (values["host"], values["time_zone"]) == (rita.public_id, "Europe/Berlin")
    assert str(values["date"]) == "2026-11-23"  # NOW is a Saturday


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-11-20T09:05", "2026-11-20T11:00"),
        ("2026-11-20T05:00", "2026-11-20T09:00"),
        ("2026-11-20T15:59", "2026-11-20T17:00"),
        ("2026-11-20T16:00", "2026-11-23T09:00"),
        ("2026-11-19T22:30", "2026-11-20T09:00"),
        ("2026-11-19T23:30", "2026-11-20T09:00"),
        ("2026-11-22T12:00", "2026-11-23T09:00"),
    ],
)
def test_the_suggested_start_is_a_work_hour_ahead(now: str, start: str) -> None:
    found = suggest_start(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found.isoformat() == f"{start}:00"


def test_a_booking_type_gives_the_appointment_its_title(ada: Member, rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    create_booking_type(house.scope(ada), Description("advice", "Advice", timedelta(minutes=50), "none"))
    browser = house.client_of(rita)
    assert browser.post(url_of(lead), filled(browser, lead)).status_code == 302
    booked = Appointment.objects.get()
    assert (booked.title, booked.duration, booked.provider) == ("Advice – Lena Lead", timedelta(minutes=50), "none")
    assert booked.booking_type is not None


def test_the_time_is_meant_in_the_zone_that_is_chosen(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    browser = house.client_of(rita)
    browser.post(url_of(lead), filled(browser, lead, time_zone="America/New_York"))
    assert Appointment.objects.get().start_at == datetime(2026, 12, 1, 14, tzinfo=UTC)


def test_a_time_that_clocks_jump_over_is_refused_and_says_where(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    browser = house.client_of(rita)
    answer = browser.post(url_of(lead), filled(browser, lead, date="2027-03-28", time="02:30"))
    assert answer.status_code == 422
    assert "Europe/Berlin" in answer.context["form"].errors["time"][0]
    assert not Appointment.objects.exists()


def test_of_an_hour_that_comes_twice_the_earlier_one_is_meant(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    browser = house.client_of(rita)
    browser.post(url_of(lead), filled(browser, lead, date="2027-10-31", time="02:30"))
    assert Appointment.objects.get().start_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@pytest.mark.attack("A-054", "A-055", "A-056")
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *(
            ("time_zone", text)
            for text in ("", "Europe/Berlin; DROP", "../../etc/localtime", "GMT+25", "europe/berlin")
        ),
        *(("time_zone", text) for text in ("posix/Europe/Berlin", "x" * 10_000, "Europe/Berlin\x00")),
        *(
            ("duration_minutes", text)
            for text in ("", "-30", "0", "1441", "1000000000", "30.5", "1e3", "NaN", "½", "x")
        ),
        *(("date", text) for text in ("", "2026-02-30", "2027-02-29", "10000-01-01", "1764576000000", "01.12.2026")),
        *(("date", text) for text in ("0001-01-01", "1969-12-31", "2026-11-20", "2028-12-01", "9999-12-31")),
        *(("time", text) for text in ("", "24:00", "25:61", "9", "09:00+23:59", "09:00Z")),
        *(("host", text) for text in ("", "mem_00000", "1", "' OR 1=1")),
        *(("provider", text) for text in ("", "google_meet", "teams", "Zoom", "carrier pigeon")),
        *(("title", text) for text in ("x" * 201, "a\x00b", "a\nb", "a\u202eb", "e" + "\u0301" * 30)),
        *(("attendees", text) for text in ("nobody", "a@b", "a@b.example <x>", "x@y.example," * 600)),
        ("attendees", ",".join(f"a{number}@x.example" for number in range(21))),
        ("booking_type", "no-such-type"),
    ],
)
def test_an_input_that_breaks_a_rule_is_marked_and_nothing_is_booked(
    field: str, typed: str, ada: Member, rita: Member, lead: Lead, connected: PaperZoom
) -> None:
    create_booking_type(house.scope(ada), Description("advice", "Advice", timedelta(minutes=50), "none"))
    browser = house.client_of(rita)
    answer = browser.post(url_of(lead), filled(browser, lead, **{field: typed}))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert 'role="alert"' in answer.content.decode()
    assert not Appointment.objects.exists()


def test_what_was_typed_is_still_there(rita: Member, lead: Lead, connected: PaperZoom) -> None:
    browser = house.client_of(rita)
    typed = filled(browser, lead, title="Roof visit", duration_minutes="0", attendees="a@x.example")
    form = browser.post(url_of(lead), typed).context["form"]
    assert {name: form[name].value() for name in form.fields} == {name: typed[name] for name in form.fields}


@pytest.mark.attack("A-040")
def test_fields_that_are_not_on_the_form_set_nothing(
    place: Workspace, rita: Member, lead: Lead, zoom: PaperZoom
) -> None:
    elsewhere = house.workspace("elsewhere")
    browser = house.client_of(rita)
    extra = {
        "workspace_id": str(elsewhere.pk),
        "workspace": "elsewhere",
        "status": "cancelled",
        "meeting_id": "1",
        "join_url": "https://evil.example",
        "generation": "99",
        "created_at": "2020-01-01",
        "deleted_at": "2020-01-01",
        "role": "owner",
        "lead_id": "lead_other",
    }
    assert browser.post(url_of(lead), filled(browser, lead, **extra)).status_code == 302
    booked = Appointment.objects.get()
    assert (booked.workspace, booked.status, booked.lead) == (place, "booked", lead)
    assert (booked.meeting_id, booked.join_url, booked.generation, booked.deleted_at) == ("", "", 1, None)
    rita.refresh_from_db()
    assert rita.role == "rep"


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032")
def test_hosts_and_types_of_another_workspace_cannot_be_chosen(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    create_booking_type(house.scope(stranger), Description("secret", "Secret", timedelta(minutes=50), "none"))
    browser = house.client_of(rita)
    answer = browser.post(url_of(lead), filled(browser, lead, host=stranger.public_id))
    assert list(answer.context["form"].errors) == ["host"]
    assert "Secret" not in answer.content.decode()
    browser.post(url_of(lead), filled(browser, lead, booking_type="secret"))
    assert Appointment.objects.get().booking_type is None  # without types of their own the form has no such field


def test_one_form_sent_twice_books_once(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    browser = house.client_of(rita)
    typed = filled(browser, lead)
    first, second = browser.post(url_of(lead), typed), browser.post(url_of(lead), typed)
    assert Appointment.objects.count() == 1
    assert first["Location"] == second["Location"]


def test_a_form_that_was_saved_is_not_saved_again_with_other_values(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    browser = house.client_of(rita)
    typed = filled(browser, lead)
    browser.post(url_of(lead), typed)
    answer = browser.post(url_of(lead), {**typed, "time": "15:00"})
    assert answer.status_code == 422
    assert Appointment.objects.count() == 1
    again = {**typed, "time": "15:00", "nonce": answer.context["nonce"]}
    assert browser.post(url_of(lead), again).status_code == 302
    assert Appointment.objects.count() == 2


def test_a_form_that_was_refused_can_be_corrected_and_sent(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    browser = house.client_of(rita)
    refused = browser.post(url_of(lead), filled(browser, lead, duration_minutes="0"))
    assert refused.status_code == 422
    corrected = filled(browser, lead, nonce=refused.context["nonce"])
    assert browser.post(url_of(lead), corrected).status_code == 302


def test_a_taken_time_is_refused_with_what_was_typed(rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    browser = house.client_of(rita)
    browser.post(url_of(lead), filled(browser, lead))
    answer = browser.post(url_of(lead), filled(browser, lead, time="09:15", title="Second"))
    assert answer.status_code == 409
    assert "already has an appointment at this time" in answer.content.decode()
    assert answer.context["form"]["title"].value() == "Second"
    assert Appointment.objects.count() == 1


def test_without_an_account_zoom_is_shown_with_who_can_connect_it_and_cannot_be_chosen(
    ada: Member, rita: Member, lead: Lead, zoom: PaperZoom
) -> None:
    browser = house.client_of(rita)
    zoom_card, none_card = browser.get(url_of(lead)).context["providers"]
    assert (zoom_card.value, zoom_card.available, none_card.available) == ("zoom", False, True)
    assert zoom_card.hint == "No Zoom account is connected. Olivia Owner or Ada Admin can connect one."
    for_admin = house.client_of(ada).get(url_of(lead)).context["providers"][0]
    assert (for_admin.hint, for_admin.url, for_admin.action) == ("No Zoom account is connected.", VIDEO, "Connect one")
    answer = browser.post(url_of(lead), filled(browser, lead, provider="zoom"))
    assert list(answer.context["form"].errors) == ["provider"]
    assert browser.post(url_of(lead), filled(browser, lead, provider="none")).status_code == 302


def test_an_account_that_is_disconnected_while_the_form_is_open_is_noticed(
    ada: Member, rita: Member, lead: Lead, connected: PaperZoom
) -> None:
    browser = house.client_of(rita)
    typed = filled(browser, lead, provider="zoom")
    disconnect(house.scope(ada), "zoom")
    assert browser.post(url_of(lead), typed).status_code == 422
    assert not Appointment.objects.exists()


# Who serves whose appointments


@pytest.mark.promise("P03")
def test_a_provider_that_is_switched_off_is_shown_with_who_can_enable_it(
    ada: Member, rita: Member, lead: Lead, connected: PaperZoom
) -> None:
    house.admin(rita.workspace, name="Zoe Admin")
    house.admin(rita.workspace, name="Zacharias Fourth")
    offer_provider(house.scope(ada), "zoom", is_offered=False, own_accounts=False)
    browser = house.client_of(rita)
    (card, _none) = browser.get(url_of(lead)).context["providers"]
    assert (card.available, card.url) == (False, "")
    who = "Olivia Owner, Ada Admin or Zacharias Fourth can enable it."
    assert card.hint == f"Zoom is switched off for new appointments. {who}"
    (card, _none) = house.client_of(ada).get(url_of(lead)).context["providers"]
    assert (card.hint, card.url, card.action) == ("Zoom is switched off for new appointments.", VIDEO, "Enable it")
    assert f'<a href="{VIDEO}">Enable it</a>' in house.client_of(ada).get(url_of(lead)).text
    answer = browser.post(url_of(lead), filled(browser, lead, provider="zoom"))
    assert list(answer.context["form"].errors) == ["provider"]
    assert not Appointment.objects.exists()


def test_without_an_account_of_the_workspace_only_hosts_with_their_own_can_be_booked_with_zoom(
    ada: Member, rita: Member, lead: Lead, zoom: PaperZoom
) -> None:
    connect_own(zoom, ada)
    browser = house.client_of(rita)
    context = browser.get(url_of(lead)).context
    (card, _none) = context["providers"]
    assert (card.available, card.hint) == (True, "Only with Ada Admin: the workspace has no account.")
    assert context["form"]["provider"].value() == "none"  # the host is Rita
    answer = browser.post(url_of(lead), filled(browser, lead, provider="zoom"))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["provider"])
    assert "No account serves appointments of this host." in answer.text
    assert browser.post(url_of(lead), filled(browser, lead, provider="zoom", host=ada.public_id)).status_code == 302
    assert Appointment.objects.get().host == ada
    context = house.client_of(ada).get(url_of(lead)).context
    assert context["form"]["provider"].value() == "zoom"


def test_an_account_that_is_being_disconnected_serves_nobody(rita: Member, lead: Lead, connected: PaperZoom) -> None:
    Connection.objects.update(leaving_until=NOW + timedelta(minutes=5))
    (card, _none) = house.client_of(rita).get(url_of(lead)).context["providers"]
    assert not card.available


def test_two_at_once_in_one_account_are_warned_of_when_booked_moved_and_looked_at(
    ada: Member, rita: Member, lead: Lead, connected: PaperZoom
) -> None:
    at_nine = datetime(2026, 12, 1, 8, tzinfo=UTC)
    first = house.appointment(ada, start_at=at_nine, title="First")
    sentence = "At the same time as “First” (Ada Admin, 09:00), in the same Zoom account: only one of them can run."
    browser = house.client_of(rita)
    answer = browser.post(url_of(lead), filled(browser, lead, time="09:30", title="Second"), follow=True)
    second = Appointment.objects.get(title="Second")
    assert [str(message).startswith(sentence) for message in answer.context["messages"]] == [False, True]
    assert answer.context["meeting"].overlap == f"{sentence} Move one of them."
    page = f"/w/nordlicht/appointments/{second.public_id}/"
    typed = {"date": "2026-12-01", "time": "10:00", "duration_minutes": "30", "version": str(second.generation)}
    answer = browser.post(f"{page}reschedule/", typed, follow=True)
    assert answer.context["meeting"].overlap == ""
    assert list(answer.context["messages"]) == []
    typed = {**typed, "time": "09:15", "version": str(second.generation + 1)}
    answer = browser.post(f"{page}reschedule/", typed, follow=True)
    assert len(answer.context["messages"]) == 1
    assert sentence in answer.text
    offer_provider(house.scope(ada), "zoom", is_offered=True, own_accounts=True)
    assert "let Rita Rep connect an account of their own" in browser.get(page).context["meeting"].overlap
    connect_own(connected, rita)
    assert browser.get(page).context["meeting"].overlap == ""
    with clock.at(first.end_at + timedelta(hours=2)):
        assert browser.get(page).context["meeting"].overlap == ""


def test_two_at_once_without_video_disturb_nobody(ada: Member, rita: Member, lead: Lead, connected: PaperZoom) -> None:
    house.appointment(ada, start_at=datetime(2026, 12, 1, 8, tzinfo=UTC), title="First")
    browser = house.client_of(rita)
    answer = browser.post(url_of(lead), filled(browser, lead, provider="none"), follow=True)
    assert answer.context["meeting"].overlap == ""
    assert len(answer.context["messages"]) == 1
