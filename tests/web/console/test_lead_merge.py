"""Duplicates: found, compared, merged; and where the address of the other one leads."""

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import EVIL, LEADS
from treff.people.actions import add_note, edit_lead
from treff.people.models import Lead
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


@pytest.fixture
def pair(november: None, rita: Member) -> tuple[Lead, Lead]:
    kept = house.lead(rita, name="Jana Berg", email="jana@berg.example")
    return kept, house.lead(rita, name="Jana Berg", email="jb@berg.example", phone="+49 40 1234", company="Berg")


def address(kept: Lead, other: Lead) -> str:
    return f"{LEADS}{kept.public_id}/merge/{other.public_id}/"


def test_duplicates_are_found_compared_and_merged(browser: Client, rita: Member, pair: tuple[Lead, Lead]) -> None:
    kept, other = pair
    row = house.appointment(rita, lead=other, title="Roof visit")
    add_note(house.scope(rita), other.public_id, "Prefers mornings")
    assert address(kept, other) in browser.get(f"{LEADS}duplicates/").content.decode()
    page = browser.get(f"{LEADS}{kept.public_id}/")
    assert [(twin.why, twin.merge_url) for twin in page.context["twins"]] == [("same name", address(kept, other))]
    shown = browser.get(address(kept, other)).context
    assert shown["other"]["has"] == "1 appointment, 1 note"
    assert {choice.field: choice.chosen for choice in shown["choices"] if choice.differs} == {
        "email": "kept",
        "phone": "other",
        "company": "other",
    }
    posted = {"shown": shown["shown"], "email": "other", "phone": "other", "company": "kept", "name": "nonsense"}
    answer = browser.post(address(kept, other), posted, follow=True)
    assert answer.redirect_chain[-1][0] == f"{LEADS}{kept.public_id}/"
    kept.refresh_from_db()
    assert (kept.name, kept.email, kept.phone, kept.company) == ("Jana Berg", "jb@berg.example", "+49 40 1234", "")
    told = [moment.note.text if moment.note else moment.what for moment in answer.context["timeline"].moments]
    assert "Merged with another lead · Contact data changed" in told
    assert "Prefers mornings" in told
    assert told.count("Added as a lead") == 2
    assert row.title in answer.content.decode()


def test_the_address_of_the_other_lead_leads_to_the_one_who_stays(browser: Client, pair: tuple[Lead, Lead]) -> None:
    kept, other = pair
    shown = browser.get(address(kept, other)).context["shown"]
    browser.post(address(kept, other), {"shown": shown})
    for part in ("", "edit/", "book/", "merge/"):
        answer = browser.get(f"{LEADS}{other.public_id}/{part}", follow=True)
        assert answer.redirect_chain == [(f"{LEADS}{kept.public_id}/", 302)]
        assert "That lead was merged into this one." in answer.content.decode()
    answer = browser.post(f"{LEADS}{other.public_id}/status/", {"status": "won"}, follow=True)
    assert "Nothing was saved: please do it here." in answer.content.decode()
    assert not Lead.objects.filter(status="won").exists()
    stranger = house.client_of(house.owner(house.workspace("elsewhere")))
    assert stranger.get(f"/w/elsewhere/leads/{other.public_id}/").status_code == 404


def test_a_change_in_between_is_shown_and_nothing_is_merged(
    browser: Client, rita: Member, pair: tuple[Lead, Lead]
) -> None:
    kept, other = pair
    shown = browser.get(address(kept, other)).context["shown"]
    edit_lead(house.scope(rita), other.public_id, {"phone": "+49 40 999"})
    answer = browser.post(address(kept, other), {"shown": shown, "phone": "other", "email": "other"})
    assert answer.status_code == 409
    assert "Somebody changed one of these leads in the meantime." in answer.content.decode()
    assert "+49 40 999" in answer.content.decode()
    chosen = {choice.field: choice.chosen for choice in answer.context["choices"] if choice.differs}
    assert chosen["email"] == "other", "what was chosen stays chosen"
    browser.post(address(kept, other), {"shown": answer.context["shown"], "phone": "other"})
    kept.refresh_from_db()
    assert kept.phone == "+49 40 999"


def test_anybody_can_be_searched_for_to_merge(browser: Client, rita: Member, pair: tuple[Lead, Lead]) -> None:
    kept, _ = pair
    wanted = house.lead(rita, name="Frau Berger", email="fb@x.example")
    found = browser.get(f"{LEADS}{kept.public_id}/merge/", {"q": "berger"}).context["found"]
    assert [candidate.merge_url for candidate in found] == [address(kept, wanted)]
    assert browser.get(address(kept, kept)).status_code == 404


@pytest.mark.attack("A-046")
def test_names_are_plain_text_side_by_side(browser: Client, rita: Member, pair: tuple[Lead, Lead]) -> None:
    kept, _ = pair
    evil = house.lead(rita, name=EVIL[:99], email="jana@berg.example")
    for url in (address(kept, evil), f"{LEADS}duplicates/", f"{LEADS}{kept.public_id}/merge/"):
        page = browser.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;" in page
