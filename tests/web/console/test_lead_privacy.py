"""What a lead may ask for, on an administrator's page: a file with everything, and erasure."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import Client

from tests import house
from treff.appointments.actions import amend
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.mail.actions import send_again, tell
from treff.people.actions import add_note
from treff.people.importing import bring
from treff.people.models import Lead
from treff.privacy.queries import code_of
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P32")]
EMAIL = "anna@customer.example"


@pytest.fixture
def anna(rita: Member) -> Lead:
    found = house.lead(rita, name="Anna <Berg>", email=EMAIL, locale="de")
    add_note(house.scope(rita), found.public_id, "Called.")
    return found


@pytest.fixture
def met(rita: Member, anna: Lead) -> Appointment:
    """Mailed about, twice, and renamed."""
    booked = house.appointment(rita, lead=anna, provider="none")
    tell(booked.pk)
    amend(house.scope(rita), booked.public_id, Amendment(title="Roof of Anna"))
    with clock.at(clock.now() + timedelta(minutes=2)):
        send_again(house.scope(rita), booked.public_id, booked.recipients.get().pk)
        tell(booked.pk)
    return booked


@pytest.fixture
def admin(ada: Member) -> Client:
    return house.client_of(ada)


def url(anna: Lead, page: str = "") -> str:
    return f"/w/nordlicht/leads/{anna.public_id}/privacy/{page}"


def confirmed(**values: str) -> dict[str, str]:
    return {"confirmation": EMAIL, "ground": "confirmed", **values}


def test_the_leads_page_leads_administrators_there_and_nobody_else(anna: Lead, admin: Client, browser: Client) -> None:
    page = f"/w/nordlicht/leads/{anna.public_id}/"
    assert url(anna) in admin.get(page).content.decode()
    assert url(anna) not in browser.get(page).content.decode()


@pytest.mark.attack("A-102")
def test_the_administrator_is_told_to_ask_at_the_leads_own_address_with_a_code(anna: Lead, admin: Client) -> None:
    shown = admin.get(url(anna)).content.decode()
    code = code_of(anna)
    assert code in shown
    href = shown.split('href="mailto:')[1].split('"')[0].replace("&amp;", "&")
    asked = parse_qs(urlsplit(f"mailto:{href}").query)
    assert unquote(href).startswith(f"{EMAIL}?")
    assert asked["subject"] == ["Ihre Daten bei Nordlicht Solar"]
    assert code in asked["body"][0]


def test_the_file_is_nothing_that_a_browser_keeps_or_shows(anna: Lead, met: Appointment, admin: Client) -> None:
    answer = admin.post(url(anna, "export/"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer["Content-Disposition"].startswith(f'attachment; filename="{anna.public_id}-')
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    found = json.loads(answer.content)
    assert found["lead"]["name"] == "Anna <Berg>"
    assert [mail["to"] for mail in found["appointments"][0]["mails"]] == [EMAIL, EMAIL]
    assert admin.get(url(anna, "export/")).status_code == 405
    noted = AuditEntry.objects.get(deed="lead.exported")
    assert (noted.actor_name, noted.subject) == ("Ada Admin", anna.public_id)
    assert "Downloaded everything" in admin.get(f"/w/nordlicht/leads/{anna.public_id}/").content.decode()


def test_before_anything_is_erased_it_is_listed_with_what_stays(
    anna: Lead, met: Appointment, admin: Client, ada: Member
) -> None:
    imported = bring(house.scope(ada), "leads.csv", f"Name;E-Mail\nAnna;{EMAIL.upper()}\n".encode())
    shown = " ".join(admin.get(url(anna, "erase/")).content.decode().split())
    for words in ("1 note", "1 appointment", "2 emails", "What stays", "A file of leads", "Anna &lt;Berg&gt;"):
        assert words in shown
    assert "transcript" not in shown
    assert "at its video provider" not in shown
    imported.delete()
    assert "A file of leads" not in admin.get(url(anna, "erase/")).content.decode()
    assert Lead.objects.get(pk=anna.pk).erased_at is None


@pytest.mark.parametrize("posted", [{}, {"confirmation": EMAIL}, confirmed(confirmation="yes"), confirmed(ground="x")])
def test_without_the_name_and_a_reason_nothing_is_erased(anna: Lead, admin: Client, posted: dict[str, str]) -> None:
    assert admin.post(url(anna, "erase/"), posted).status_code == 422
    assert Lead.objects.get(pk=anna.pk).name == "Anna <Berg>"


def test_who_is_awaited_is_not_erased_and_the_page_says_why(anna: Lead, met: Appointment, admin: Client) -> None:
    answer = admin.post(url(anna, "erase/"), confirmed())
    assert answer.status_code == 409
    assert "upcoming appointments. Please cancel them first" in answer.content.decode()


def test_erased_is_gone_from_every_page_and_the_appointment_still_tells_its_story(
    anna: Lead, met: Appointment, admin: Client
) -> None:
    with clock.at(met.end_at):
        answer = admin.post(url(anna, "erase/"), confirmed(), follow=True)
        assert "The lead is erased." in answer.content.decode()
        for page in (f"/w/nordlicht/leads/{anna.public_id}/", url(anna), url(anna, "erase/")):
            assert admin.get(page).status_code == 404
        appointment = admin.get(f"/w/nordlicht/appointments/{met.public_id}/").content.decode()
        for words in ("Erased lead", "Title changed", "Mail sent again"):
            assert words in appointment
        for page in ("leads/", "appointments/?tab=past", "", "search/?q=anna", "admin/mails/log/"):
            shown = admin.get(f"/w/nordlicht/{page}").content.decode()
            assert "Berg" not in shown
            assert EMAIL not in shown
        assert "Anna" not in appointment
        assert EMAIL not in appointment
        assert admin.post(url(anna, "erase/"), confirmed()).status_code == 302
    noted = AuditEntry.objects.get(deed="lead.erased")
    assert (noted.actor_name, noted.detail["ground"], noted.detail["mails"]) == ("Ada Admin", "confirmed", 2)


def test_who_was_only_deleted_can_be_exported_and_erased_still(anna: Lead, admin: Client) -> None:
    Lead.objects.filter(pk=anna.pk).update(deleted_at=clock.now())
    assert "deleted" in admin.get(url(anna)).content.decode()
    assert admin.post(url(anna, "export/")).status_code == 200
    assert admin.post(url(anna, "erase/"), confirmed()).status_code == 302
    assert Lead.objects.get(pk=anna.pk).email.endswith("@erased.invalid")
