"""A report is kept with what belongs to it, tells the operator by mail, and holds nothing secret."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from pytest_django.fixtures import Settings

from tests import house
from tests.crowd import at_once
from tests.web.console.november import NOW
from tests.web.console.paper_zoom import ACCESS_TOKEN, PASSCODE, REFRESH_TOKEN, START_URL, PaperZoom
from treff.appointments.actions import amend
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.audit.models import AuditEntry
from treff.conferencing import reconcile
from treff.conferencing.errors import Refused
from treff.conferencing.models import Meeting
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.kernel.ids import new_id
from treff.mail import notices
from treff.notices.models import Notice
from treff.support import queries
from treff.support.actions import report_problem
from treff.support.errors import TooManyReports
from treff.support.models import IssueReport
from treff.support.ports import Draft, Fact, Seen
from treff.support.rules import MOST_IN_AN_HOUR
from treff.support.states import FactKind
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope
from treff.workspaces.queries import client_scope

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P39"), pytest.mark.usefixtures("november")]
OPERATOR = "it@server.example"


def draft(text: str = "The link is missing.", facts: list[Fact] | None = None, public_id: str = "") -> Draft:
    return Draft(public_id or new_id("rep"), text, facts or [Fact(FactKind.PAGE, "/w/nordlicht/")], clock.now())


def gathered(member: Member, **seen: str) -> dict[FactKind, str]:
    return {fact.kind: fact.text for fact in queries.gather(house.scope(member), Seen(at=clock.now(), **seen))}


@pytest.fixture
def troubled(rita: Member, connected: PaperZoom) -> Appointment:
    """An appointment with a meeting, whose change Zoom refuses in words that hold a secret."""
    appointment = house.appointment(rita, title="Roof of Lena", start_at=NOW + timedelta(days=2))
    reconcile.look(appointment.pk)
    connected.trouble = Refused(f"no: https://zoom.example/s/1?zak=hidden token={ACCESS_TOKEN}")
    amend(house.scope(rita), appointment.public_id, Amendment(start_at=NOW + timedelta(days=3)))
    with clock.at(clock.now() + timedelta(seconds=30)):
        reconcile.look(appointment.pk)
    return appointment


# ---- what is attached ----


def test_where_and_when_are_attached(rita: Member) -> None:
    found = gathered(rita, page="/w/nordlicht/leads/?q=Lena", browser="Firefox\n140", locale="de")
    assert found[FactKind.TIME] == "2026-11-23T08:00:00Z"
    assert found[FactKind.WORKSPACE] == f"Nordlicht Solar (nordlicht, {rita.workspace.public_id})"
    assert found[FactKind.REPORTER] == f"Rita Rep <{rita.user.email}> (rep, {rita.public_id})"
    assert found[FactKind.PAGE] == "/w/nordlicht/leads/"
    assert found[FactKind.BROWSER] == "Firefox 140 de"
    assert found[FactKind.VERSIONS].startswith("Treff ")
    assert set(found).isdisjoint({FactKind.APPOINTMENT, FactKind.LEAD, FactKind.MEETING, FactKind.EVENTS})


def test_an_appointment_brings_its_meeting_and_what_happened_last(rita: Member, troubled: Appointment) -> None:
    found = gathered(rita, appointment_id=troubled.public_id)
    assert found[FactKind.APPOINTMENT] == troubled.public_id
    assert found[FactKind.MEETING].startswith(
        "zoom blocked refused; booked, change 2; provider told of 1; in step at 2026"
    )
    assert found[FactKind.ACCOUNT].startswith("the workspace's: connected")
    events = found[FactKind.EVENTS].splitlines()
    assert [event.partition(" ")[2].partition(" at ")[0] for event in events] == [
        "create 1 linked",
        "appointment.rescheduled by member",
        "appointment.booked by member",
    ]


@pytest.mark.promise("P27", "P28", "P29")
@pytest.mark.attack("A-095", "A-097")
def test_no_secret_and_nothing_of_the_lead_is_attached(rita: Member, troubled: Appointment) -> None:
    meeting = Meeting.objects.get(appointment=troubled)
    assert meeting.passcode
    assert meeting.start_url
    troubled.refresh_from_db()
    text = json.dumps(list(gathered(rita, appointment_id=troubled.public_id, lead_id=troubled.lead.public_id).values()))
    for secret in (PASSCODE, START_URL, ACCESS_TOKEN, REFRESH_TOKEN, "hidden", meeting.passcode, meeting.start_url):
        assert secret not in text
    lead = troubled.lead
    for private in (troubled.join_url, troubled.title, lead.name, lead.email, "video@nordlicht.example"):
        assert private not in text


def test_an_appointment_or_lead_of_others_is_not_there(rita: Member) -> None:
    elsewhere = house.owner(house.workspace("elsewhere"))
    foreign = house.appointment(elsewhere)
    for seen in ({"appointment_id": foreign.public_id}, {"lead_id": foreign.lead.public_id}, {"lead_id": "lead_0"}):
        with pytest.raises(NotHere):
            gathered(rita, **seen)


# ---- what is kept, and who is told ----


def test_a_report_is_kept_and_noted(rita: Member) -> None:
    row = report_problem(house.scope(rita), draft("It is\r\n  gone. "))
    assert (row.text, row.facts, row.member) == ("It is\n  gone.", [["page", "/w/nordlicht/"]], rita)
    noted = AuditEntry.objects.get(deed="problem.reported")
    assert (noted.subject, noted.actor_id, noted.detail) == (row.public_id, rita.public_id, {})
    assert queries.with_number(row.number) == row
    assert queries.latest(5) == [row]
    assert queries.latest(5, "elsewhere") == []


def test_the_operator_is_mailed_and_answers_the_member(rita: Member, settings: Settings) -> None:
    settings.TREFF_SUPPORT_EMAIL = OPERATOR
    events = "2026-11-23T08:00:00Z a\n2026-11-23T07:00:00Z b"
    row = report_problem(house.scope(rita), draft("First line.\nSecond <b>line</b>.", [Fact(FactKind.EVENTS, events)]))
    assert mail.outbox == []
    notices.send(Notice.objects.get().pk)
    (sent,) = mail.outbox
    assert (sent.to, sent.reply_to) == ([OPERATOR], [rita.user.email])
    assert sent.subject == f"Problem report {row.number} from Nordlicht Solar"
    for words in ("First line.", "Second <b>line</b>.", "Last events:", *events.splitlines()):
        assert words in str(sent.body)
    assert "Second &lt;b&gt;line&lt;/b&gt;." in str(sent.alternatives[0][0])  # type: ignore[attr-defined]


def test_without_an_address_of_the_operator_the_report_waits_and_its_words_are_not_logged(
    rita: Member, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TREFF_SUPPORT_EMAIL = ""
    row = report_problem(house.scope(rita), draft("My private words."))
    notices.send(Notice.objects.get().pk)
    assert mail.outbox == []
    assert "private words" not in caplog.text
    assert queries.with_number(row.number).text == "My private words."


def test_of_a_report_that_is_gone_nothing_is_mailed(rita: Member, settings: Settings) -> None:
    settings.TREFF_SUPPORT_EMAIL = OPERATOR
    report_problem(house.scope(rita), draft())
    IssueReport.objects.all().delete()
    notices.send(Notice.objects.get().pk)
    assert mail.outbox == []
    assert Notice.objects.get().state == "failed"


def test_a_notice_holds_no_word_of_the_report(rita: Member) -> None:
    row = report_problem(house.scope(rita), draft("My private words."))
    assert Notice.objects.get().detail == {"report": row.public_id}


def test_secrets_in_the_words_are_left_out(rita: Member) -> None:
    words = f"I used https://zoom.us/j/8?pwd=abc, and zak={PASSCODE}"
    row = report_problem(house.scope(rita), draft(words))
    assert "abc" not in row.text
    assert PASSCODE not in row.text


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 4001, "a\x00b", "a\u202eb"])
def test_words_that_break_a_rule_are_refused(text: str, rita: Member) -> None:
    with pytest.raises(Invalid) as refused:
        report_problem(house.scope(rita), draft(text))
    assert refused.value.field == "text"
    assert not IssueReport.objects.exists()


def test_a_draft_that_is_sent_twice_is_one_report(rita: Member) -> None:
    once = draft()
    assert report_problem(house.scope(rita), once) == report_problem(house.scope(rita), once)
    assert (IssueReport.objects.count(), Notice.objects.count()) == (1, 1)


def test_so_many_reports_an_hour_are_taken_from_each_member(rita: Member, ada: Member) -> None:
    for _ in range(MOST_IN_AN_HOUR):
        last = draft()
        report_problem(house.scope(rita), last)
    with pytest.raises(TooManyReports):
        report_problem(house.scope(rita), draft())
    assert report_problem(house.scope(rita), last).public_id == last.public_id
    report_problem(house.scope(ada), draft())
    with clock.at(clock.now() + timedelta(hours=1, seconds=1)):
        report_problem(house.scope(rita), draft())


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_for_reports_at_once(rita: Member) -> None:
    outcomes = at_once([lambda: report_problem(house.scope(rita), draft())] * (MOST_IN_AN_HOUR + 3))
    assert sum(isinstance(outcome, IssueReport) for outcome in outcomes) == MOST_IN_AN_HOUR
    assert sum(isinstance(outcome, TooManyReports) for outcome in outcomes) == 3


@pytest.mark.promise("P33")
def test_reports_are_ones_own(rita: Member, ada: Member) -> None:
    row = report_problem(house.scope(rita), draft())
    assert list(queries.reports(house.scope(rita))) == [row]
    for other in (house.scope(ada), house.scope(house.owner(house.workspace("elsewhere"))), _without_member(rita)):
        assert list(queries.reports(other)) == []
        with pytest.raises(NotHere):
            queries.report(other, row.public_id)


def _without_member(member: Member) -> Scope:
    return client_scope(member.workspace)


def test_who_is_no_member_reports_nothing(rita: Member) -> None:
    with pytest.raises(NotAllowed):
        report_problem(_without_member(rita), draft())


def test_what_a_newer_version_attached_is_passed_over(rita: Member) -> None:
    row = report_problem(house.scope(rita), draft())
    IssueReport.objects.filter(pk=row.pk).update(facts=[["weather", "rain"], ["page", "/w/nordlicht/"]])
    row.refresh_from_db()
    assert queries.facts_of(row) == [Fact(FactKind.PAGE, "/w/nordlicht/")]
