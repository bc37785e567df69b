"""Leads in and out as CSV: the pages."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import house
from tests.web.console.november import EVIL, LEADS, NOW
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.people.actions import edit_lead
from treff.people.models import Lead, LeadImport
from treff.people.tables import MOST_BYTES
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
IMPORT, EXPORT = f"{LEADS}import/", f"{LEADS}export/"
RAW = "Name;E-Mail;Bemerkung\r\nJörg Süß;joerg@suess.example;x\r\n;leer@suess.example;y\r\n".encode("cp1252")


@pytest.fixture
def admin(ada: Member) -> Client:
    return house.client_of(ada)


def upload(browser: Client, raw: bytes = RAW, name: str = "kunden.csv") -> Any:
    return browser.post(IMPORT, {"file": SimpleUploadedFile(name, raw)}, follow=True)


def test_a_file_is_uploaded_checked_confirmed_and_taken_back(admin: Client, ada: Member) -> None:
    shown = upload(admin)
    address = shown.redirect_chain[-1][0]
    context = shown.context
    assert context["counts"] == {"create": 1, "update": 0, "skip": 0, "bad": 1}
    assert [(trouble.line, trouble.field, trouble.sentence) for trouble in context["troubles"]] == [
        (3, "Name", "Please fill this in.")
    ]
    assert [(column.heading, column.field) for column in context["columns"]] == [
        ("Name", "name"),
        ("E-Mail", "email"),
        ("Bemerkung", ""),
    ]
    assert not Lead.objects.exists()
    done = admin.post(f"{address}confirm/", {"plan": context["plan_key"]}, follow=True)
    assert done.context["counts"] == {"create": 1, "update": 0, "skip": 0, "bad": 1}
    assert Lead.objects.get().name == "Jörg Süß"
    assert "Imported from a file" in admin.get(f"{LEADS}{Lead.objects.get().public_id}/").content.decode()
    undone = admin.post(f"{address}undo/", follow=True).content.decode()
    assert "1 lead was removed again." in undone
    assert list(admin.get(LEADS).context["leads"]) == []
    assert "This import was undone already" in admin.post(f"{address}undo/", follow=True).content.decode()


def test_an_imported_lead_who_was_booked_with_is_kept_when_the_import_is_taken_back(admin: Client, ada: Member) -> None:
    shown = upload(admin)
    address = shown.redirect_chain[-1][0]
    admin.post(f"{address}confirm/", {"plan": shown.context["plan_key"]})
    house.appointment(ada, lead=Lead.objects.get())
    assert "1 lead stays" in admin.post(f"{address}undo/", follow=True).content.decode()
    assert len(admin.get(LEADS).context["leads"]) == 1


def test_columns_are_chosen_by_hand_and_a_choice_that_does_not_do_says_why(admin: Client) -> None:
    shown = upload(admin, b"Wer,Wohin,Was\nJana,jana@berg.example,Berg GmbH\n")
    address = shown.redirect_chain[-1][0]
    assert shown.context["plan_key"] == ""
    assert "Please say what the columns are." in shown.content.decode()
    refused = admin.post(address, {"column-0": "name", "column-1": "", "column-2": "company", "existing": "update"})
    assert refused.status_code == 422
    assert "Please choose the column that has the email addresses." in refused.content.decode()
    assert [column.field for column in refused.context["columns"]] == ["name", "", "company"]
    assert refused.context["draft"]["updates"] is True
    checked = admin.post(address, {"column-0": "name", "column-1": "email", "column-2": "company"}, follow=True)
    assert checked.context["to_import"] == 1
    forged = admin.post(address, {"column-0": "workspace_id", "column-1": "email", "column-2": "deleted_at"})
    assert forged.status_code == 422


def test_a_check_that_is_not_true_any_more_is_shown_anew_instead_of_imported(admin: Client, ada: Member) -> None:
    shown = upload(admin)
    address = shown.redirect_chain[-1][0]
    house.lead(ada, email="JOERG@suess.example")
    answer = admin.post(f"{address}confirm/", {"plan": shown.context["plan_key"]})
    assert answer.status_code == 409
    assert "Leads were changed since the file was checked." in answer.content.decode()
    assert answer.context["counts"] == {"create": 0, "update": 0, "skip": 1, "bad": 1}
    assert admin.post(f"{address}confirm/", {"plan": "forged"}).status_code == 409
    assert Lead.objects.count() == 1


def test_a_second_click_imports_nothing_twice(admin: Client) -> None:
    shown = upload(admin)
    address = shown.redirect_chain[-1][0]
    for _ in range(2):
        answer = admin.post(f"{address}confirm/", {"plan": shown.context["plan_key"]}, follow=True)
        assert answer.context["counts"]["create"] == 1
    assert Lead.objects.count() == 1


@pytest.mark.attack("A-071", "A-046")
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"PK\x03\x04" + b"\0" * 50, "save the table as CSV"),
        (b"", "empty"),
        (b"name,email\n", "at least one line below it"),
        (b"x" * (MOST_BYTES + 1), "at most 2 MB"),
        (b'name,email\n"x,y\n', "Line 2 cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(raw: bytes, said: str, admin: Client) -> None:
    answer = upload(admin, raw)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not LeadImport.objects.exists()


@pytest.mark.attack("A-046")
def test_what_a_file_says_is_shown_as_plain_text(admin: Client) -> None:
    raw = io.StringIO()
    csv.writer(raw).writerows([("name", "email", EVIL), ("Lena", EVIL, "x"), (EVIL[:90], "lena@x.example", EVIL)])
    page = upload(admin, raw.getvalue().encode()).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_file_can_be_forgotten_and_is_found_again_until_then(admin: Client) -> None:
    address = upload(admin).redirect_chain[-1][0]
    assert address.split("#")[0] in admin.get(IMPORT).content.decode()
    admin.post(f"{address}discard/")
    assert not LeadImport.objects.exists()
    assert admin.get(address).status_code == 404


# Out


def exported(browser: Client, query: str = "", language: str = "en") -> list[list[str]]:
    answer = browser.post(f"{EXPORT}?{query}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if language == "de" else ","))


def test_the_list_is_exported_as_it_is_filtered_and_sorted(admin: Client, ada: Member) -> None:
    with clock.at(NOW - timedelta(days=1)):
        for name, status in (("Zoe", "won"), ("Änne", "won"), ("Otto", "lost")):
            lead = house.lead(ada, name=name, email=f"{name[-1]}@x.example", phone="+49 40 1", company="Dach")
            edit_lead(house.scope(ada), lead.public_id, {"status": status, "owner": ada.public_id})
    house.appointment(ada, lead=Lead.objects.get(name="Zoe"), start_at=NOW + timedelta(days=1))
    rows = exported(admin, "status=won&sort=name")
    assert rows == [
        [
            *("Name", "Email", "Phone", "Company", "Language", "Time zone", "Status", "Looked after by"),
            *("Source", "Added", "Next appointment"),
        ],
        [
            *("Änne", "e@x.example", "'+49 40 1", "Dach", "en", "Europe/Berlin", "Won", ada.user.email),
            *("Added by the team", "2026-11-22T08:00+00:00", ""),
        ],
        [
            *("Zoe", "e@x.example", "'+49 40 1", "Dach", "en", "Europe/Berlin", "Won", ada.user.email),
            *("Added by the team", "2026-11-22T08:00+00:00", "2026-11-24T08:00+00:00"),
        ],
    ]
    assert exported(admin, "status=won", "de")[0][7] == "Betreut von"
    noted = AuditEntry.objects.filter(deed="leads.exported").order_by("id")[0]
    assert noted.detail == {"count": 2, "query": "status=won&sort=name"}


def test_no_cell_of_an_export_is_a_formula(admin: Client, ada: Member) -> None:
    house.lead(ada, name="=HYPERLINK(1)", company="@SUM(1)", phone="-1 234")
    (_, row) = exported(admin)
    assert row[:4] == ["'=HYPERLINK(1)", Lead.objects.get().email, "'-1 234", "'@SUM(1)"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_export_can_be_imported_again(language: str, admin: Client, ada: Member) -> None:
    house.lead(ada, name="=1+1", phone="+49 40 1", company="A; B, C", locale="de", time_zone="Europe/Vienna")
    lead = Lead.objects.get()
    edit_lead(house.scope(ada), lead.public_id, {"status": "qualified", "owner": ada.public_id})
    raw = admin.post(EXPORT, headers={"Accept-Language": language}).content
    shown = upload(admin, raw)
    address = shown.redirect_chain[-1][0].split("#")[0]
    fields = {column.name: column.field for column in shown.context["columns"]}
    assert list(fields.values())[:8] == ["name", "email", "phone", "company", "locale", "time_zone", "status", "owner"]
    checked = admin.post(address, {**fields, "existing": "update"}, follow=True).context
    assert checked["counts"] == {"create": 0, "update": 0, "skip": 1, "bad": 0}


@pytest.mark.attack("A-034")
def test_an_export_has_nothing_of_another_workspace_and_is_for_administrators(
    admin: Client, browser: Client, ada: Member
) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    house.lead(stranger, name="Theirs")
    house.lead(ada, name="Ours")
    assert [row[0] for row in exported(admin)] == ["Name", "Ours"]
    assert browser.post(EXPORT).status_code == 403
    assert "Export as CSV" not in browser.get(LEADS).content.decode()
    assert f'href="{IMPORT}"' not in browser.get(LEADS).content.decode()
    assert house.client_of(stranger).post(EXPORT).status_code == 404
    assert admin.get(EXPORT).status_code == 405
