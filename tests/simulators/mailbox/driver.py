"""Talks to a running mailbox simulator as its users do: smtplib in, HTTP out."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from typing import Any

import httpx2

ANNA = "anna@example.com"
SENDER = "no-reply@nordlicht.example"
PATIENCE = 20.0  # seconds


class Driver:
    def __init__(self, smtp_url: str, url: str) -> None:
        self.smtp_url = smtp_url
        self.url = url
        host, _, port = smtp_url.removeprefix("smtp://").partition(":")
        self.smtp_address = (host, int(port))
        self.http = httpx2.Client(base_url=url, timeout=PATIENCE)

    @contextmanager
    def smtp(self, **options: Any) -> Iterator[smtplib.SMTP]:
        """A client that has said EHLO, and no goodbye at the end: faults may have ended the connection."""
        client = smtplib.SMTP(*self.smtp_address, timeout=PATIENCE, **options)
        try:
            client.ehlo()
            yield client
        finally:
            client.close()

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(self.smtp_address, timeout=PATIENCE) as line:
            yield line

    def send(self, raw: bytes | EmailMessage, *to: str, sender: str = SENDER) -> None:
        content = raw.as_bytes(policy=policy.SMTP) if isinstance(raw, EmailMessage) else raw
        with self.smtp() as client:
            client.sendmail(sender, list(to or [ANNA]), content)

    def mails(self, **query: object) -> list[dict[str, Any]]:
        answer = self.http.get("/_control/mails", params={key: str(value) for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        mails: list[dict[str, Any]] = answer.json()
        return mails

    def receive(self, raw: bytes | EmailMessage) -> dict[str, Any]:
        """Send to Anna and answer what came."""
        self.send(raw)
        return self.mails(to=ANNA)[-1]

    def order(self, **wish: object) -> dict[str, Any]:
        answer = self.http.post("/_control/faults", json=wish)
        assert answer.status_code == 201, answer.text
        fault: dict[str, Any] = answer.json()
        return fault

    def hits(self) -> list[int]:
        return [fault["hits"] for fault in self.http.get("/_control/faults").json()]

    def page(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


def write_mail(subject: str = "Hello", text: str = "Hello Anna\n", html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Nordlicht Solar GmbH <{SENDER}>"
    mail["To"] = f"Anna Lindqvist <{ANNA}>"
    mail["Subject"] = subject
    mail["Date"] = "Fri, 20 Nov 2026 10:15:00 +0100"
    mail["Message-ID"] = "<one@nordlicht.example>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def write_calendar(*lines: str, method: str = "REQUEST") -> bytes:
    """An .ics with one event of those lines."""
    around = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        *lines,
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{line}\r\n" for line in around).encode()


INVITATION = write_calendar(
    "UID:appt_1@nordlicht.example",
    "SEQUENCE:3",
    "STATUS:CONFIRMED",
    "DTSTART;TZID=Europe/Berlin:20261201T090000",
    "DTEND;TZID=Europe/Berlin:20261201T094500",
    "SUMMARY:Solar\\, first talk",
    "LOCATION:https://zoom.example/j/912",
    "URL:https://treff.example/manage/abc",
    'ORGANIZER;CN="Nordlicht; Solar":mailto:no-reply@nordlicht.example',
    "ATTENDEE;CN=Anna;PARTSTAT=NEEDS-ACTION:mailto:anna@example.com",
    "ATTENDEE;CN=Jonas;PARTSTAT=ACCEPTED:MAILTO:jonas@nordlicht.example",
)


def write_invitation(calendar: bytes = INVITATION, method: str = "REQUEST") -> EmailMessage:
    """As invitations are sent: the calendar as an alternative, and once more as an attachment."""
    mail = write_mail("Invitation", html="<p>Hello <b>Anna</b></p>")
    mail.add_alternative(calendar, maintype="text", subtype="calendar", params={"method": method}, cte="base64")
    mail.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")
    return mail
