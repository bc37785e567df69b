"""The JSON side: what a test can ask for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.simulators.mailbox.driver import ANNA, Driver, write_invitation, write_mail


def test_a_mail_is_told_with_everything_in_it(mailbox: Driver) -> None:
    mail = mailbox.receive(write_mail("Grüße aus Köln", "Guten Tag\n", "<p>Guten <b>Tag</b></p>"))
    assert mail["from"] == "Nordlicht Solar GmbH <no-reply@nordlicht.example>"
    assert mail["to"] == ["Anna Lindqvist <anna@example.com>"]
    assert mail["subject"] == "Grüße aus Köln"
    assert mail["message_id"] == "<one@nordlicht.example>"
    assert mail["date"] == "Fri, 20 Nov 2026 10:15:00 +0100"
    assert mail["text"].strip() == "Guten Tag"
    assert mail["html"].strip() == "<p>Guten <b>Tag</b></p>"
    assert dict(mail["headers"])["MIME-Version"] == "1.0"
    assert mail["calendar"] == mail["attachments"] == mail["defects"] == []
    assert abs(datetime.fromisoformat(mail["received_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_invitation_sent_twice_in_one_mail_is_one_event(mailbox: Driver) -> None:
    (event,) = mailbox.receive(write_invitation())["calendar"]
    assert event["method"] == "REQUEST"
    assert event["uid"] == "appt_1@nordlicht.example"
    assert event["sequence"] == 3
    assert event["summary"] == "Solar, first talk"
    assert event["start"] == "2026-12-01T09:00:00+01:00"
    assert event["end"] == "2026-12-01T09:45:00+01:00"
    assert event["start_utc"] == "2026-12-01T08:00:00Z"
    assert event["time_zone"] == "Europe/Berlin"
    assert event["location"] == "https://zoom.example/j/912"
    assert event["url"] == "https://treff.example/manage/abc"
    assert event["status"] == "CONFIRMED"
    assert event["organizer"]["name"] == "Nordlicht; Solar"
    assert [person["email"] for person in event["attendees"]] == ["anna@example.com", "jonas@nordlicht.example"]
    assert [person["partstat"] for person in event["attendees"]] == ["NEEDS-ACTION", "ACCEPTED"]


def test_mails_are_asked_for_by_recipient_in_any_case(mailbox: Driver) -> None:
    mailbox.send(write_mail("both"), ANNA, "bob@example.com")
    mailbox.send(write_mail("bob's"), "Bob@Example.COM")
    assert [mail["subject"] for mail in mailbox.mails(to="BOB@example.com")] == ["both", "bob's"]
    assert [mail["subject"] for mail in mailbox.mails(to=ANNA)] == ["both"]
    assert mailbox.mails(to="nobody@example.com") == []


def test_since_answers_only_what_came_later(mailbox: Driver) -> None:
    first = mailbox.receive(write_mail("first"))
    mailbox.send(write_mail("second"))
    assert [mail["subject"] for mail in mailbox.mails(since=first["id"])] == ["second"]


def test_since_stays_true_after_deleting(mailbox: Driver) -> None:
    last = mailbox.receive(write_mail("old"))["id"]
    assert mailbox.http.delete("/_control/mails").json() == {"deleted": 1}
    mailbox.send(write_mail("new"))
    assert [mail["subject"] for mail in mailbox.mails(since=last)] == ["new"]


def test_one_recipients_mails_can_be_deleted_alone(mailbox: Driver) -> None:
    mailbox.send(write_mail("hers"))
    mailbox.send(write_mail("his"), "bob@example.com")
    assert mailbox.http.delete("/_control/mails", params={"to": "Anna@example.com"}).json() == {"deleted": 1}
    assert [mail["subject"] for mail in mailbox.mails()] == ["his"]


def test_waiting_ends_as_soon_as_a_mail_comes(mailbox: Driver) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(mailbox.mails, to=ANNA, wait=15)
        mailbox.send(write_mail("for someone else"), "bob@example.com")
        assert not waiting.done()
        mailbox.send(write_mail("at last"))
        assert [mail["subject"] for mail in waiting.result(10)] == ["at last"]


def test_waiting_in_vain_answers_nothing(mailbox: Driver) -> None:
    assert mailbox.mails(wait=0.2) == []


@pytest.mark.parametrize("query", ["since=abc", "since=-1", f"since={'9' * 30}", "wait=-1", "wait=nan", "wait=soon"])
def test_a_question_that_makes_no_sense_is_refused(mailbox: Driver, query: str) -> None:
    answer = mailbox.http.get(f"/_control/mails?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_mail_that_is_not_there_is_not_found(mailbox: Driver) -> None:
    assert mailbox.http.get("/_control/mails/999999/raw").status_code == 404


def test_the_raw_mail_is_saved_never_shown(mailbox: Driver) -> None:
    mail = mailbox.receive(write_mail())
    answer = mailbox.http.get(f"/_control/mails/{mail['id']}/raw")
    assert answer.headers["Content-Type"] == "message/rfc822"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_health_tells_where_it_listens(mailbox: Driver) -> None:
    mailbox.send(write_mail())
    health = mailbox.http.get("/_control/health").json()
    assert health == {"smtp_url": mailbox.smtp_url, "url": mailbox.url, "mails": 1}
