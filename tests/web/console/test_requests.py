"""Requests in the console: who sees them where, yes and no by a click, and what is told of them afterwards."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house, offering
from tests.offering import NINE, NOW
from tests.web.console.november import APPOINTMENTS, EVIL, TODAY, page
from tests.web.console.test_escaping import elements_that_run
from treff.appointments import approvals, tasks
from treff.appointments.models import Appointment
from treff.appointments.self_service import LONGEST_REQUEST
from treff.appointments.states import Status
from treff.booking_types.rules import Question
from treff.booking_types.states import QuestionKind
from treff.kernel import clock
from treff.people.models import Lead
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("friday")]
LAPSES = NOW + LONGEST_REQUEST


@pytest.fixture
def friday() -> object:
    with clock.at(NOW):
        yield


@pytest.fixture
def request_of_rita(ada: Member, rita: Member) -> Appointment:
    return offering.request(ada, rita)


def status(row: Appointment) -> str:
    return Appointment.objects.get(pk=row.pk).status


def test_a_request_stands_on_the_hosts_day_until_it_is_answered(browser: Client, request_of_rita: Appointment) -> None:
    text = browser.get(TODAY).text
    assert "Waiting for your answer" in text
    assert f'action="{page(request_of_rita)}approve/"' in text
    assert f'href="{page(request_of_rita)}decline/"' in text
    browser.post(f"{page(request_of_rita)}approve/")
    assert "Waiting for your answer" not in browser.get(TODAY).text


def test_administrators_see_their_own_requests_first_and_then_all_others_reps_only_their_own(
    ada: Member, rita: Member, request_of_rita: Appointment
) -> None:
    kind = offering.kind(ada, ada, slug="own", needs_approval=True)
    own = offering.take(kind, NINE + timedelta(hours=2), email="b@customer.example").appointment
    seen = {of: house.client_of(of).get(TODAY).context["waiting"].rows for of in (ada, rita)}
    assert [row.url for row in seen[ada]] == [page(own), page(request_of_rita)]
    assert [row.url for row in seen[rita]] == [page(request_of_rita)]


def test_the_appointment_says_that_it_waits_until_when_and_what_was_answered(ada: Member, rita: Member) -> None:
    question = Question("q1", QuestionKind.LONG_TEXT, f"Roof? {EVIL}")
    tick = Question("q2", QuestionKind.CHECKBOX, "May we call?")
    kind = offering.kind(ada, rita, needs_approval=True, questions=(question, tick))
    q1, q2 = (given["id"] for given in kind.questions)
    row = offering.take(kind, answers={q1: EVIL, q2: "on"}).appointment
    answer = house.client_of(rita).get(page(row))
    details = answer.context["appointment"]
    assert (details.status_label, details.answer_until) == ("Waits for approval", LAPSES)
    assert [(given.question, given.text) for given in details.answers] == [
        (f"Roof? {EVIL}", EVIL),
        ("May we call?", "Yes"),
    ]
    assert "Lena Lead asks for this appointment" in answer.text
    assert "Booked on the booking page" in answer.text
    assert elements_that_run(answer.text) == []


def test_a_yes_by_a_click(browser: Client, request_of_rita: Appointment) -> None:
    answer = browser.post(f"{page(request_of_rita)}approve/", follow=True)
    assert "Approved. The appointment takes place." in answer.text
    assert status(request_of_rita) == Status.BOOKED
    assert [(entry.who, entry.what.partition(" for")[0]) for entry in answer.context["history"]] == [
        ("Rita Rep", "Approved"),
        ("Lena Lead", "Requested"),
    ]
    again = browser.post(f"{page(request_of_rita)}approve/", follow=True)
    assert "This request does not wait for an answer any more." in again.text


def test_a_no_asks_once_more_and_keeps_the_reason(browser: Client, request_of_rita: Appointment) -> None:
    url = f"{page(request_of_rita)}decline/"
    assert "Decline this request?" in browser.get(url).text
    assert status(request_of_rita) == Status.REQUESTED
    refused = browser.post(url, {"reason": "x" * 501})
    assert (refused.status_code, status(request_of_rita)) == (422, Status.REQUESTED)
    assert "x" * 501 in refused.text
    answer = browser.post(url, {"reason": EVIL}, follow=True)
    assert "Declined. The time is free again." in answer.text
    assert answer.context["history"][0].what == f"Declined: {EVIL}"
    assert elements_that_run(answer.text) == []
    assert browser.get(url)["Location"] == page(request_of_rita)


def test_one_that_lapsed_says_why(browser: Client, request_of_rita: Appointment) -> None:
    with clock.at(LAPSES):
        tasks.sweep(timedelta(0))
        answer = browser.get(page(request_of_rita))
        assert answer.context["history"][0].what == "Declined, because nobody answered in time"
        assert 'data-opens="cancel-dialog"' not in answer.text
        assert "This request was declined." in browser.get(f"{page(request_of_rita)}cancel/", follow=True).text


def test_lists_know_what_waits_and_what_was_declined(
    browser: Client, rita: Member, request_of_rita: Appointment
) -> None:
    def shown(tab: str) -> list[str]:
        return [row.status_label for row in browser.get(f"{APPOINTMENTS}?tab={tab}").context["rows"]]

    assert [shown(tab) for tab in ("upcoming", "waiting", "past")] == [["Waits for approval"]] * 2 + [[]]
    assert "Waiting for an answer (1)" in browser.get(APPOINTMENTS).text
    of_lead = f"/w/nordlicht/leads/{request_of_rita.lead.public_id}/"
    assert len(browser.get(of_lead).context["appointments"]["upcoming"]) == 1
    approvals.decline(house.scope(rita), request_of_rita.public_id)
    assert [shown(tab) for tab in ("upcoming", "waiting", "past")] == [[], [], ["Declined"]]
    assert 'class="gone"' in browser.get(f"{APPOINTMENTS}?tab=past").text
    assert len(browser.get(of_lead).context["appointments"]["past"]) == 1


def test_requests_speak_german(ada: Member, rita: Member, request_of_rita: Appointment) -> None:
    german = house.client_of(rita)
    german.cookies["django_language"] = "de"
    assert "Warten auf Ihre Antwort" in german.get(TODAY).text
    text = german.get(page(request_of_rita)).text
    for said in (
        "Wartet auf Zusage",
        "Lena Lead fragt diesen Termin an",
        "War als Einziger frei.",
        "Zusagen",
        "Ablehnen",
    ):
        assert said in text


# Why this host, and another one by hand


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("fixed", "Receives all appointments of this type."),
        ("round_robin", "Was next in turn."),
        ("together", "All hosts receive together."),
    ],
)
def test_the_page_says_why_this_host(ada: Member, rita: Member, mode: str, why: str) -> None:
    row = offering.take(offering.kind(ada, ada, rita, host_mode=mode)).appointment
    answer = house.client_of(ada).get(page(row))
    assert answer.context["appointment"].why == why
    assert why in answer.text
    together = ["Rita Rep"] if mode == "together" else []
    assert list(answer.context["appointment"].co_hosts) == together
    (listed,) = house.client_of(ada).get(APPOINTMENTS).context["rows"]
    assert listed.host_name == ("Ada Admin, Rita Rep" if together else "Ada Admin")


def test_a_lead_who_is_known_comes_to_who_looks_after_them_and_the_page_says_so(ada: Member, rita: Member) -> None:
    kind = offering.kind(ada, ada, rita)
    person = house.lead(ada, email="lena@customer.example", owner=rita.public_id)
    row = offering.take(kind).appointment
    assert (row.lead, row.host) == (person, rita)
    assert house.client_of(ada).get(page(row)).context["appointment"].why == "Looks after this lead."


def test_another_host_takes_over_and_no_rule_is_the_reason_any_more(ada: Member, rita: Member) -> None:
    row = offering.take(offering.kind(ada, rita)).appointment
    browser = house.client_of(rita)
    answer = browser.get(f"{page(row)}host/")
    assert [label for _id, label in answer.context["form"].fields["host"].choices] == ["Ada Admin", "Olivia Owner"]
    posted = {"host": ada.public_id, "version": str(row.generation)}
    changed = browser.post(f"{page(row)}host/", posted, follow=True)
    assert "Saved. Ada Admin is the host now." in changed.text
    assert (changed.context["appointment"].host.name, changed.context["appointment"].why) == ("Ada Admin", "")
    assert changed.context["history"][0].what == "Host changed from Rita Rep to Ada Admin"


def test_a_host_who_is_busy_then_is_refused_kindly_and_nothing_changes(ada: Member, rita: Member) -> None:
    row = offering.take(offering.kind(ada, rita)).appointment
    house.appointment(ada, start_at=NINE, provider="none")
    answer = house.client_of(rita).post(f"{page(row)}host/", {"host": ada.public_id, "version": "1"})
    assert answer.status_code == 409
    assert "The host already has an appointment at this time." in answer.text
    assert Appointment.objects.get(pk=row.pk).host == rita


def test_what_somebody_changed_meanwhile_is_not_overwritten_unseen(ada: Member, rita: Member) -> None:
    row = offering.take(offering.kind(ada, rita)).appointment
    browser = house.client_of(rita)
    answer = browser.post(f"{page(row)}host/", {"host": ada.public_id, "version": "7"})
    assert answer.status_code == 409
    assert answer.context["form"]["version"].value() == str(row.generation)
    assert Appointment.objects.get(pk=row.pk).host == rita


# Who looks after a lead


LEAD = {"name": "Lena Lead", "email": "lena@customer.example", "locale": "en", "time_zone": "Europe/Berlin"}


def test_a_lead_is_given_to_a_member_and_shows_it(browser: Client, rita: Member, ada: Member) -> None:
    browser.post("/w/nordlicht/leads/new/", {**LEAD, "owner": rita.public_id})
    person = Lead.objects.get()
    url = f"/w/nordlicht/leads/{person.public_id}/"
    assert person.owner == rita
    assert browser.get(url).context["lead"].owner_name == "Rita Rep"
    assert [row.owner_name for row in browser.get("/w/nordlicht/leads/").context["leads"]] == ["Rita Rep"]
    browser.post(f"{url}edit/", {**LEAD, "owner": ada.public_id})
    assert Lead.objects.get().owner == ada
    browser.post(f"{url}edit/", {**LEAD, "owner": ""})
    assert Lead.objects.get().owner is None


def test_somebody_of_another_workspace_looks_after_nobody_here(browser: Client) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    answer = browser.post("/w/nordlicht/leads/new/", {**LEAD, "owner": stranger.public_id})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["owner"])
    assert not Lead.objects.exists()


def test_who_left_stays_named_until_somebody_else_is(browser: Client, ada: Member) -> None:
    person = house.lead(ada, owner=ada.public_id)
    Member.objects.filter(pk=ada.pk).update(is_active=False)
    url = f"/w/nordlicht/leads/{person.public_id}/edit/"
    values = {**LEAD, "email": person.email, "owner": ada.public_id}
    assert browser.post(url, values).status_code == 302
    assert Lead.objects.get().owner == ada


def test_clients_do_not_say_who_looks_after_them(ada: Member, rita: Member) -> None:
    kind = offering.kind(ada, ada, rita)
    assert offering.take(kind).appointment.lead.owner is None
