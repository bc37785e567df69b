"""What a mail and its invitation say, whatever people called things."""

import json
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from tests import house
from tests.mail.conftest import LEAD, LINK, Post, event_of
from tests.properties import STEADY
from treff.appointments.models import Appointment
from treff.appointments.queries import with_everything
from treff.kernel import texts
from treff.kernel.errors import Invalid
from treff.mail import queries
from treff.mail.invitations import invitation
from treff.mail.rendering import mail_domain

pytestmark = pytest.mark.django_db

HOSTILE = [
    'Solar; roof, "south" \\ north',
    "a\\nBEGIN:VALARM\\nEND:VALARM",
    "BEGIN:VALARM",
    "ATTACH:https://evil.example/x.exe",
    "X-ALT-DESC;FMTTYPE=text/html:<b>x</b>",
    "<script>alert(1)</script>",
    "{{ 7*7 }} {% now 'Y' %} %(title)s %s {0}",
    "Ünïcödé " + "ü" * 150,
    "👩‍👩‍👧‍👦" * 12,
    "=?utf-8?q?Bcc=3A_all?=",
    "Title \u200bwith zero width",
    "x" * 200,
    "a:b;c=d,e'f^g&h",
]


def sent(post: Post, title: str, name: str = "Lena Lead", locale: str = "en") -> tuple[Appointment, bytes]:
    booked = post.book(title=title, lead_values={"name": name, "locale": locale})
    post.link(booked)
    post.tell(booked)
    return booked, post.raw(post.mails()[-1]["id"])


@pytest.mark.attack("A-050")
@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_a_title_comes_back_from_the_invitation_as_it_was_typed_and_nothing_beside_it(post: Post, title: str) -> None:
    booked, raw = sent(post, title, name=title[:100].strip())
    event = event_of(raw)
    assert str(event["summary"]) == booked.title
    assert event["attendee"].params["CN"] == booked.lead.name.replace('"', "'")
    (alarm,) = event.subcomponents
    assert (str(alarm["action"]), str(alarm["description"]), set(alarm.keys())) == (
        *("DISPLAY", booked.title),
        {"ACTION", "TRIGGER", "DESCRIPTION"},
    )
    allowed = {"UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "STATUS"}
    assert set(event.keys()) == allowed | {"LOCATION", "URL", "CONFERENCE", "ORGANIZER", "ATTENDEE"}


@pytest.mark.attack("A-049")
@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_a_title_adds_no_header_and_no_recipient(post: Post, title: str) -> None:
    _, raw = sent(post, title, name=title[:100].strip())
    message = message_from_bytes(raw, policy=policy.default)
    assert sorted(message.keys()) == sorted(
        ["Content-Type", "MIME-Version", "Subject", "From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted"]
    )
    # A mail program reads =?…?= in any subject; in ours it is text all the same, and opens no header.
    shown = "Bcc: all" if title.startswith("=?") else title
    assert message["Subject"].strip() == f"Your appointment: {shown}"
    assert [address.addr_spec for address in message["To"].addresses] == [LEAD]
    (mail,) = post.mails()
    assert (mail["envelope_to"], mail["defects"]) == ([LEAD], [])


@pytest.mark.attack("A-049")
@pytest.mark.parametrize("text", ["Anna\r\nBcc: all@example.com", "Anna\nX: y", "Anna\0", "Anna\u2028B"])
def test_a_title_or_name_with_a_line_break_never_gets_as_far_as_a_mail(post: Post, text: str) -> None:
    with pytest.raises(Invalid):
        post.book(title=text)
    with pytest.raises(Invalid):
        house.lead(post.owner, name=text)


def test_markup_in_a_title_is_text_in_html_and_unchanged_in_plain_text(post: Post) -> None:
    title = "<img src=x onerror=alert(1)> & {{ x }}"
    sent(post, title)
    (mail,) = post.mails()
    assert "<img" not in mail["html"]
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; {{ x }}" in mail["html"]
    assert title in mail["text"]


def test_the_calendar_part_and_the_attachment_say_the_same_and_how(post: Post) -> None:
    _, raw = sent(post, "Consultation")
    message = message_from_bytes(raw, policy=policy.default)
    parts = {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}
    assert list(parts) == ["text/plain", "text/html", "text/calendar", "application/ics"]
    assert parts["text/calendar"]["Content-Type"].params["method"] == "REQUEST"
    calendars: list[Any] = [parts[kind].get_payload(decode=True) for kind in ("text/calendar", "application/ics")]
    assert calendars[0].replace(b"\r\n", b"\n") == calendars[1].replace(b"\r\n", b"\n")
    assert str(Calendar.from_ical(calendars[1])["method"]) == "REQUEST"


def test_no_passcode_start_link_or_internal_number_is_in_a_mail(post: Post) -> None:
    booked, _ = sent(post, "Consultation")
    said = json.dumps(post.mails())
    assert "/s/" not in said
    assert booked.lead.public_id not in said
    assert booked.workspace.public_id not in said


def test_a_mail_speaks_the_leads_language_and_shows_the_leads_time(post: Post) -> None:
    lead_values = {"locale": "de", "time_zone": "America/New_York", "name": "Jürgen Groß"}
    booked = post.book(start_at=house.later(20, hour=17), lead_values=lead_values)
    post.link(booked)
    post.tell(booked)
    (mail,) = post.mails()
    assert "Jürgen Groß" in mail["text"]
    assert "America/New York" in mail["text"]
    assert LINK in mail["text"]
    assert 'lang="de"' in mail["html"]
    assert post.invitations()[0]["dtstart"].dt == booked.start_at


def test_who_replies_reaches_the_host(post: Post) -> None:
    _, raw = sent(post, "Consultation")
    message = message_from_bytes(raw, policy=policy.default)
    assert [address.addr_spec for address in message["Reply-To"].addresses] == [post.owner.user.email]
    assert message["From"].addresses[0].display_name == "Nordlicht Solar GmbH"
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.attack("A-050")
@given(st.text(min_size=1, max_size=200))
@settings(STEADY, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_title_that_is_taken_survives_the_invitation_in_lines_of_75_octets(kept: Appointment, title: str) -> None:
    try:
        kept.title = texts.one_line("title", title, longest=200, required=True)
    except Invalid:
        return
    raw = invitation(kept, queries.facts_of(kept), 3, mail_domain())
    assert all(len(line) <= 75 and line.decode() for line in raw.split(b"\r\n") if line)
    event: Any = Calendar.from_ical(raw).walk("VEVENT")[0]
    assert (str(event["summary"]), int(event["sequence"])) == (kept.title, 3)


@pytest.fixture
def kept(post: Post) -> Appointment:
    found = with_everything(post.book().pk)
    assert found is not None
    return found
