"""Files of leads: what is checked is what is imported, and can be taken back."""

import time
from collections import Counter
from datetime import timedelta

import pytest

from tests import house
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.people import columns, importing, queries, tables
from treff.people.actions import add_note, edit_lead
from treff.people.errors import AlreadyImported, LeadsChanged, NothingToUndo
from treff.people.models import Lead, LeadImport
from treff.people.tasks import sweep_imports
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope

pytestmark = pytest.mark.django_db

FILE = b"""Vorname;Nachname;E-Mail-Adresse;Telefon;Firma;Sprache;Status;Betreut von
Jana;Berg;jana@berg.example;+49 40 1234;Berg GmbH;Deutsch;Kontaktiert;ada admin
Otto;;OTTO@Tal.example;;;english;;
;;nobody@tal.example;;;;;
Nele;Neu;not an address;call me;;fr;sold;Karl
Jana;Zwei;JANA@berg.example;;;;;
"""


@pytest.fixture
def scope(ada: Member) -> Scope:
    return house.scope(ada)


def checked(scope: Scope, raw: bytes, *, updates: bool = False) -> LeadImport:
    draft = importing.bring(scope, "leads.csv", raw)
    return importing.check(scope, draft.public_id, draft.mapping, updates=updates)


def confirmed(scope: Scope, raw: bytes, *, updates: bool = False) -> LeadImport:
    draft = checked(scope, raw, updates=updates)
    return importing.confirm(scope, draft.public_id, importing.plan_key(draft))


def problems(draft: LeadImport) -> list[tuple[int, str, str]]:
    assert draft.plan is not None
    return [
        (step["line"], field, sentence % params if params else sentence)
        for step in draft.plan
        for field, sentence, params in step["problems"]
    ]


def test_each_line_that_breaks_a_rule_is_told_with_its_number_field_and_rule(scope: Scope) -> None:
    draft = checked(scope, FILE)
    assert draft.mapping == ["first_name", "last_name", "email", "phone", "company", "locale", "status", "owner"]
    assert [step["do"] for step in draft.plan or ()] == ["create", "create", "bad", "bad", "bad"]
    assert problems(draft) == [
        (4, "name", "Please fill this in."),
        (5, "email", "This is not one e-mail address such as anna@example.com."),
        (5, "phone", "A phone number has digits, spaces and + ( ) / . - only."),
        (5, "locale", "Choose one of the languages de and en."),
        (5, "status", "Choose one of new, contacted, qualified, won, lost."),
        (5, "owner", "Choose a member of the workspace."),
        (6, "email", "Line 2 has this address already."),
    ]
    assert not Lead.objects.exists(), "a check imports nothing"


def test_what_was_checked_is_imported_as_it_was_shown(scope: Scope, ada: Member) -> None:
    done = confirmed(scope, FILE)
    jana, otto = Lead.objects.order_by("id")
    assert (jana.name, jana.email, jana.phone, jana.company) == (
        "Jana Berg",
        "jana@berg.example",
        "+49 40 1234",
        "Berg GmbH",
    )
    assert (jana.locale, jana.status, jana.owner, jana.source) == ("de", "contacted", ada, "import")
    assert (otto.name, otto.email, otto.locale, otto.time_zone) == ("Otto", "OTTO@tal.example", "en", "Europe/Berlin")
    assert done.outcome == {"created": [jana.public_id, otto.public_id], "updated": {}, "skipped": 0}
    assert (done.rows, len(done.plan or ())) == ([], 3)
    (entry,) = AuditEntry.objects.filter(deed="leads.imported")
    assert entry.detail == {"created": 2, "updated": 0, "skipped": 0, "refused": 3}
    assert AuditEntry.objects.filter(deed="lead.created", subject=jana.public_id).count() == 1


def test_leads_that_exist_stay_as_they_are_unless_said_otherwise(scope: Scope, ada: Member) -> None:
    known = house.lead(ada, name="Jana Alt", email="jana@BERG.example", phone="1234", company="Alt GmbH")
    raw = b"name,email,phone,company\nJana Neu,Jana@berg.example,,Neu GmbH\n"
    draft = checked(scope, raw)
    assert [(step["do"], step["lead"]) for step in draft.plan or ()] == [("skip", known.public_id)]
    done = confirmed(scope, raw, updates=True)
    known.refresh_from_db()
    assert (known.name, known.phone, known.company, known.email) == (
        "Jana Neu",
        "1234",
        "Neu GmbH",
        "jana@berg.example",
    )
    assert done.outcome is not None
    assert list(done.outcome["updated"]) == [known.public_id]
    assert AuditEntry.objects.get(deed="lead.edited").detail["fields"] == ["company", "name"]
    again = checked(scope, raw, updates=True)
    assert [step["do"] for step in again.plan or ()] == ["skip"], "nothing is new"


def test_nothing_is_imported_when_leads_have_changed_since_the_check(scope: Scope, ada: Member) -> None:
    draft = checked(scope, FILE)
    key = importing.plan_key(draft)
    house.lead(ada, email="otto@tal.example")
    with pytest.raises(LeadsChanged):
        importing.confirm(scope, draft.public_id, key)
    assert Lead.objects.count() == 1
    draft = importing.check(scope, draft.public_id, draft.mapping, updates=False)
    assert Counter(step["do"] for step in draft.plan or ()) == {"create": 1, "skip": 1, "bad": 3}
    with pytest.raises(LeadsChanged):  # what the page of before had shown
        importing.confirm(scope, draft.public_id, key)
    importing.confirm(scope, draft.public_id, importing.plan_key(draft))
    assert Lead.objects.count() == 2


def test_a_file_is_imported_once(scope: Scope) -> None:
    draft = checked(scope, FILE)
    key = importing.plan_key(draft)
    importing.confirm(scope, draft.public_id, key)
    with pytest.raises(AlreadyImported):
        importing.confirm(scope, draft.public_id, key)
    assert Lead.objects.count() == 2


@pytest.mark.parametrize(
    "mapping",
    [
        [],
        ["name"],
        ["name", "name", "email"],
        ["name", "email", "workspace_id"],
        ["", "email", ""],
        ["name", "", "phone"],
        ["name", "email", "email"],
    ],
)
def test_a_mapping_without_names_or_addresses_is_refused(mapping: list[str], scope: Scope) -> None:
    draft = importing.bring(scope, "x.csv", b"a,b,c\n1,2,3\n")
    with pytest.raises(Invalid) as refused:
        importing.check(scope, draft.public_id, mapping, updates=False)
    assert refused.value.field == "mapping"


def test_cells_beyond_the_headings_are_no_secret(scope: Scope) -> None:
    draft = checked(scope, b"name,email\nA,a@x.example,surplus\n")
    assert problems(draft) == [(2, "", "This line has more cells than the headings.")]


@pytest.mark.attack("A-034")
def test_a_file_is_seen_and_confirmed_by_who_brought_it_alone(scope: Scope, place: object, rita: Member) -> None:
    draft = checked(scope, FILE)
    key = importing.plan_key(draft)
    colleague = house.scope(house.owner(rita.workspace))
    stranger = house.scope(house.owner(house.workspace("elsewhere")))
    for other in (colleague, stranger):
        assert not queries.imports(other).exists()
        with pytest.raises(NotHere):
            importing.confirm(other, draft.public_id, key)
        with pytest.raises(NotHere):
            importing.discard(other, draft.public_id)
    for deed in (lambda: importing.bring(house.scope(rita), "x.csv", FILE), lambda: checked(house.scope(rita), FILE)):
        with pytest.raises(NotAllowed):
            deed()


@pytest.mark.attack("A-034")
def test_the_leads_and_members_of_another_workspace_are_no_leads_and_members_here(scope: Scope) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    theirs = house.lead(stranger, email="jana@berg.example")
    raw = f"name,email,owner\nJana,jana@berg.example,\nOtto,otto@x.example,{stranger.user.email}\n".encode()
    draft = checked(scope, raw, updates=True)
    assert [step["do"] for step in draft.plan or ()] == ["create", "bad"]
    importing.confirm(scope, draft.public_id, importing.plan_key(draft))
    theirs.refresh_from_db()
    assert theirs.name == "Lena Lead"


def test_an_import_is_taken_back_but_for_what_somebody_touched(scope: Scope, ada: Member) -> None:
    known = house.lead(ada, name="Alt", email="known@x.example", phone="1234")
    changed = house.lead(ada, name="Alt", email="changed@x.example")
    names = ("fresh", "noted", "moved", "booked", "known", "changed")
    raw = "name,email\n" + "".join(f"{name.title()},{name}@x.example\n" for name in names)
    done = confirmed(scope, raw.encode(), updates=True)
    made = {lead.name: lead for lead in Lead.objects.filter(source="import")}
    add_note(scope, made["Noted"].public_id, "Called")
    edit_lead(scope, made["Moved"].public_id, {"status": "contacted"})
    edit_lead(scope, changed.public_id, {"name": "By hand"})
    undone = importing.undo(scope, done.public_id, kept=[made["Booked"].public_id])
    assert undone.outcome is not None
    assert (undone.outcome["removed"], undone.outcome["restored"]) == ([made["Fresh"].public_id], [known.public_id])
    assert {lead.name for lead in queries.leads(scope)} == {"Noted", "Moved", "Booked", "Alt", "By hand"}
    with pytest.raises(NothingToUndo):
        importing.undo(scope, done.public_id, kept=[])


def test_files_are_forgotten_after_a_day_and_when_another_one_is_brought(scope: Scope) -> None:
    importing.bring(scope, "one.csv", FILE)
    second = importing.bring(scope, "two.csv", FILE)
    assert list(queries.imports(scope)) == [second]
    with clock.at(clock.now() + timedelta(hours=25)):
        assert not queries.imports(scope).exists()
        assert sweep_imports(timedelta(0)) == 1
    assert not LeadImport.objects.exists()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("Full Name", "E-Mail", "Mobile"), ["name", "email", "phone"]),
        (("Ansprechpartner", "Mail", "Unternehmen", "Notizen"), ["name", "email", "company", ""]),
        (("Email", "E-mail", "Straße"), ["email", "", ""]),
        (("first_name", "LAST NAME", "Zeitzone", "zuständig"), ["first_name", "last_name", "time_zone", "owner"]),
    ],
)
def test_columns_are_guessed_from_their_headings(header: tuple[str, ...], expected: list[str]) -> None:
    assert columns.guess(header) == expected


def test_the_largest_file_is_checked_and_imported_in_seconds(scope: Scope) -> None:
    rows = "".join(f"Lead {n},lead{n}@x.example,+49 40 {n},Company {n}\n" for n in range(tables.MOST_ROWS))
    raw = f"name,email,phone,company\n{rows}".encode()
    began = time.perf_counter()
    draft = checked(scope, raw)
    importing.confirm(scope, draft.public_id, importing.plan_key(draft))
    assert time.perf_counter() - began < 15
    assert Lead.objects.count() == tables.MOST_ROWS
