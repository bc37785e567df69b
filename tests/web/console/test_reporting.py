"""Report a problem: the form shows what it attaches, the very same is kept, and a number comes back."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import EVIL, TODAY, page
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.actions import cancel
from treff.conferencing import reconcile
from treff.kernel import clock
from treff.support.models import IssueReport
from treff.support.rules import MOST_IN_AN_HOUR
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P39"), pytest.mark.usefixtures("november")]
REPORTS = "/w/nordlicht/reports/"
NEW = f"{REPORTS}new/"


def link_on(browser: Client, url: str) -> str:
    """Where the foot of a page leads."""
    found = re.search(r'id="report-problem" href="([^"]+)"', browser.get(url).content.decode())
    assert found is not None
    return unescape(found.group(1))


def attached(text: str) -> list[str]:
    listed = text.partition('id="attached"')[2].partition("</dl>")[0]
    return [unescape(line) for line in re.findall(r"<div>([^<]*)</div>", listed)]


def sealed(text: str) -> str:
    return re.findall(r'name="sealed" value="([^"]+)"', text)[0]


def test_every_page_leads_to_the_form_with_what_it_is_about(browser: Client, rita: Member) -> None:
    appointment = house.appointment(rita)
    assert link_on(browser, TODAY) == f"{NEW}?page=%2Fw%2Fnordlicht%2F"
    assert link_on(browser, page(appointment)).endswith(f"&appointment={appointment.public_id}")
    lead = f"/w/nordlicht/leads/{appointment.lead.public_id}/"
    assert link_on(browser, lead).endswith(f"&lead={appointment.lead.public_id}")
    assert link_on(browser, f"{page(appointment)}cancel/").endswith(f"&appointment={appointment.public_id}")


def test_what_is_shown_is_what_is_kept_also_if_more_happens_meanwhile(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    appointment = house.appointment(rita)
    reconcile.look(appointment.pk)
    url = link_on(browser, page(appointment))
    text = browser.get(url).content.decode()
    shown = attached(text)
    assert appointment.public_id in shown
    assert "2026-11-23T08:00:00Z" in shown
    with clock.at(clock.now() + timedelta(minutes=5)):
        cancel(house.scope(rita), appointment.public_id)
        answer = browser.post(url, {"text": "The link is missing.", "sealed": sealed(text)}, follow=True)
    row = IssueReport.objects.get()
    assert [line for _kind, lines in row.facts for line in lines.splitlines()] == shown
    assert attached(answer.content.decode()) == shown
    assert f"Thank you. Your report has the number {row.number}." in answer.content.decode()
    assert answer.redirect_chain == [(f"{REPORTS}{row.public_id}/", 302)]
    assert row.noticed_at.isoformat() == "2026-11-23T08:00:00+00:00"


def test_ones_own_reports_are_listed_with_their_numbers(browser: Client, ada: Member) -> None:
    assert "No reports" in browser.get(REPORTS).content.decode()
    for words in ("First trouble", "Second trouble"):
        browser.post(NEW, {"text": words, "sealed": sealed(browser.get(NEW).content.decode())})
    text = browser.get(REPORTS).content.decode()
    assert text.index("Second trouble") < text.index("First trouble")
    assert all(row.number in text for row in IssueReport.objects.all())
    assert "First trouble" not in house.client_of(ada).get(REPORTS).content.decode()


def test_without_words_nothing_is_sent_and_the_same_is_attached(browser: Client) -> None:
    text = browser.get(NEW).content.decode()
    answer = browser.post(NEW, {"text": " ", "sealed": sealed(text)})
    assert answer.status_code == 422
    assert "Please say in a few words what happened." in answer.content.decode()
    assert attached(answer.content.decode()) == attached(text)
    assert not IssueReport.objects.exists()


@pytest.mark.parametrize("forged", ["", "nonsense", "a:b:c"])
def test_what_we_did_not_seal_is_gathered_anew_and_no_word_is_lost(forged: str, browser: Client) -> None:
    answer = browser.post(NEW, {"text": "My words", "sealed": forged})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "My words" in text
    assert "What is attached was gathered anew: please check." in text
    assert not IssueReport.objects.exists()
    assert browser.post(NEW, {"text": "My words", "sealed": sealed(text)}).status_code == 302


def test_what_was_sealed_for_somebody_else_is_not_taken(browser: Client, ada: Member) -> None:
    theirs = sealed(house.client_of(ada).get(NEW).content.decode())
    assert browser.post(NEW, {"text": "My words", "sealed": theirs}).status_code == 422
    assert not IssueReport.objects.exists()


def test_sent_twice_it_is_one_report(browser: Client) -> None:
    once = {"text": "My words", "sealed": sealed(browser.get(NEW).content.decode())}
    assert browser.post(NEW, once)["Location"] == browser.post(NEW, once)["Location"]
    assert IssueReport.objects.count() == 1


def test_too_many_are_refused_and_the_words_stay(browser: Client) -> None:
    for _ in range(MOST_IN_AN_HOUR):
        browser.post(NEW, {"text": "Again", "sealed": sealed(browser.get(NEW).content.decode())})
    answer = browser.post(NEW, {"text": "Once more", "sealed": sealed(browser.get(NEW).content.decode())})
    assert answer.status_code == 409
    assert "Please wait a while" in answer.content.decode()
    assert "Once more" in answer.content.decode()
    assert IssueReport.objects.count() == MOST_IN_AN_HOUR


@pytest.mark.attack("A-040")
def test_what_is_typed_and_where_it_came_from_stay_text(browser: Client) -> None:
    text = browser.get(NEW, {"page": f"/w/{EVIL}"}, headers={"user-agent": EVIL}).content.decode()
    answer = browser.post(NEW, {"text": EVIL, "sealed": sealed(text)}, follow=True)
    for shown in (text, answer.content.decode(), browser.get(REPORTS).content.decode()):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "{{7*7}}" in shown


@pytest.mark.parametrize(
    "page_given", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_back_leads_to_a_page_of_ours(page_given: str, browser: Client) -> None:
    assert browser.get(NEW, {"page": page_given}).context["back_url"] == TODAY
    assert browser.get(NEW, {"page": "/w/nordlicht/leads/?q=x"}).context["back_url"] == "/w/nordlicht/leads/"


@pytest.mark.promise("P33")
def test_of_others_appointments_there_is_nothing_to_report(browser: Client, place: object) -> None:
    foreign = house.appointment(house.owner(house.workspace("elsewhere")))
    assert browser.get(NEW, {"appointment": foreign.public_id}).status_code == 404
    assert browser.get(NEW, {"lead": foreign.lead.public_id}).status_code == 404
