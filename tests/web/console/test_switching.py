"""An appointment is met by another provider, chosen by hand."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P18")]


@pytest.fixture
def row(rita: Member, connected: PaperZoom) -> Appointment:
    return house.appointment(rita, provider="none", title="Roof visit")


@pytest.fixture
def browser(rita: Member) -> Client:
    return house.client_of(rita)


def page(row: Appointment, more: str = "") -> str:
    return f"/w/nordlicht/appointments/{row.public_id}/{more}"


def chosen(row: Appointment, provider: str) -> dict[str, str]:
    return {"provider": provider, "version": str(row.generation)}


def test_it_is_changed_from_the_appointments_page_and_back(browser: Client, row: Appointment) -> None:
    assert page(row, "provider/") in browser.get(page(row)).content.decode()
    answer = browser.post(page(row, "provider/"), chosen(row, "zoom"), follow=True)
    assert "Saved. Video meeting: Zoom." in answer.content.decode()
    row.refresh_from_db()
    assert row.provider == "zoom"
    answer = browser.post(page(row, "provider/"), chosen(row, "none"), follow=True)
    assert "Saved. Video meeting: No conferencing." in answer.content.decode()
    row.refresh_from_db()
    assert row.provider == "none"


def test_what_will_happen_is_said_and_what_cannot_be_chosen_says_why(browser: Client, row: Appointment) -> None:
    row = amend(house.scope(row.host), row.public_id, Amendment(provider="zoom"))
    text = browser.get(page(row, "provider/")).content.decode()
    assert "its link stops working" in text
    assert "Everyone invited gets an email with the new link" in text
    assert 'id="id_provider_zoom" value="zoom" required checked' in " ".join(text.split())


@pytest.mark.parametrize("provider", ["teams", "nonsense", ""])
def test_what_is_not_offered_is_refused_and_nothing_changes(browser: Client, row: Appointment, provider: str) -> None:
    answer = browser.post(page(row, "provider/"), chosen(row, provider))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["provider"]
    row.refresh_from_db()
    assert (row.provider, row.generation) == ("none", 1)


def test_who_was_slower_is_told_and_may_save_once_more(browser: Client, row: Appointment) -> None:
    amend(house.scope(row.host), row.public_id, Amendment(title="Changed meanwhile"))
    answer = browser.post(page(row, "provider/"), chosen(row, "zoom"))
    assert answer.status_code == 409
    assert answer.context["form"]["version"].value() == "2"
    assert browser.post(page(row, "provider/"), {"provider": "zoom", "version": "2"}).status_code == 302


def test_of_what_was_cancelled_or_has_begun_it_stays(browser: Client, row: Appointment) -> None:
    with clock.at(row.start_at + timedelta(minutes=1)):
        answer = browser.post(page(row, "provider/"), chosen(row, "zoom"), follow=True)
        assert "How you meet cannot change any more." in answer.content.decode()
        assert page(row, "provider/") not in answer.content.decode()
    cancel(house.scope(row.host), row.public_id)
    browser.post(page(row, "provider/"), chosen(row, "zoom"))
    row.refresh_from_db()
    assert row.provider == "none"
