"""Every fault that can be ordered, met by a real client."""

import smtplib
import time
from typing import Any

import pytest

from tests.simulators.mailbox.driver import ANNA, SENDER, Driver, write_mail

RAW = b"Subject: x\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("stage", "code", "error"),
    [
        ("mail", 451, smtplib.SMTPSenderRefused),
        ("mail", 550, smtplib.SMTPSenderRefused),
        ("rcpt", 450, smtplib.SMTPRecipientsRefused),
        ("rcpt", 550, smtplib.SMTPRecipientsRefused),
        ("data", 451, smtplib.SMTPDataError),
        ("data", 552, smtplib.SMTPDataError),
    ],
)
def test_a_reply_refuses_at_its_stage_and_stores_nothing(
    mailbox: Driver, stage: str, code: int, error: type[Exception]
) -> None:
    mailbox.order(stage=stage, code=code, message="4.7.1 Greylisted")
    with pytest.raises(error) as refusal:
        mailbox.send(RAW)
    assert str(code) in str(refusal.value)
    assert "Greylisted" in str(refusal.value)
    assert mailbox.mails() == []
    assert mailbox.hits() == [1]


@pytest.mark.parametrize("code", [421, 554])
def test_a_reply_instead_of_the_greeting_turns_clients_away(mailbox: Driver, code: int) -> None:
    mailbox.order(stage="connect", code=code)
    with mailbox.connection() as line, line.makefile("rb") as wire:
        assert wire.readline().startswith(str(code).encode())
        assert wire.readline() == b""


def test_after_421_the_connection_is_closed(mailbox: Driver) -> None:
    mailbox.order(stage="mail", code=421)
    with mailbox.connection() as line, line.makefile("rwb", buffering=0) as wire:
        wire.readline()
        wire.write(b"HELO x\r\n")
        wire.readline()
        wire.write(b"MAIL FROM:<a@example.com>\r\n")
        assert wire.readline() == b"421 4.3.2 Service not available, closing transmission channel\r\n"
        assert wire.readline() == b""


def test_a_fault_strikes_as_often_as_ordered(mailbox: Driver) -> None:
    mailbox.order(stage="data", code=451, times=2)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPDataError):
            mailbox.send(RAW)
    mailbox.send(RAW)
    assert len(mailbox.mails()) == 1
    (fault,) = mailbox.http.get("/_control/faults").json()
    assert (fault["times"], fault["hits"], fault["left"]) == (2, 2, 0)


def test_one_recipient_can_be_refused_alone(mailbox: Driver) -> None:
    mailbox.order(stage="rcpt", code=550, recipient="BOB@example.com")
    with mailbox.smtp() as client:
        refused = client.sendmail(SENDER, [ANNA, "bob@example.com"], RAW)
    assert refused == {"bob@example.com": (550, b"5.1.1 Mailbox unavailable")}
    assert mailbox.mails()[0]["envelope_to"] == [ANNA]


def test_a_message_fault_for_one_recipient_leaves_others_mails_alone(mailbox: Driver) -> None:
    mailbox.order(stage="data", code=554, recipient="bob@example.com")
    mailbox.send(RAW, ANNA)
    with pytest.raises(smtplib.SMTPDataError):
        mailbox.send(RAW, "bob@example.com")
    assert [mail["envelope_to"] for mail in mailbox.mails()] == [[ANNA]]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_reset_kills_the_connection_and_stores_nothing(mailbox: Driver, stage: str) -> None:
    mailbox.order(stage=stage, kind="reset")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        mailbox.send(RAW)
    assert mailbox.mails() == []


def test_a_reset_at_connecting_is_a_tcp_reset(mailbox: Driver) -> None:
    mailbox.order(stage="connect", kind="reset")
    with pytest.raises(ConnectionResetError), mailbox.connection() as line:  # may strike while connecting
        line.recv(1)


def test_accept_then_reset_stores_the_mail_and_never_says_so(mailbox: Driver) -> None:
    mailbox.order(kind="accept_then_reset", times=1)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        mailbox.send(write_mail("kept"))
    assert [mail["subject"] for mail in mailbox.mails()] == ["kept"]


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data"])
def test_a_hang_is_silent_until_the_client_gives_up(mailbox: Driver, stage: str) -> None:
    mailbox.order(stage=stage, kind="hang")
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send_impatiently(mailbox, 0.5)
    assert mailbox.hits() == [1]
    assert mailbox.mails() == []


def send_impatiently(mailbox: Driver, patience: float) -> None:
    client = smtplib.SMTP(timeout=patience)
    try:
        client.connect(*mailbox.smtp_address)
        client.sendmail(SENDER, [ANNA], RAW)
    finally:
        client.close()


def test_a_hang_with_seconds_ends_in_a_reset(mailbox: Driver) -> None:
    mailbox.order(stage="mail", kind="hang", seconds=0.2)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        mailbox.send(RAW)


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data"])
def test_a_delay_only_takes_time(mailbox: Driver, stage: str) -> None:
    mailbox.order(stage=stage, kind="delay", seconds=0.3)
    begun = time.monotonic()
    mailbox.send(RAW)
    assert time.monotonic() - begun >= 0.3
    assert len(mailbox.mails()) == 1


def test_a_slow_banner_comes_in_pieces_and_then_all_is_well(mailbox: Driver) -> None:
    mailbox.order(kind="slow_banner", seconds=0.4)
    begun = time.monotonic()
    with mailbox.connection() as line:
        first = line.recv(1000)
        assert len(first) < len("220 mailbox.localhost ESMTP simulated mailbox\r\n")
    mailbox.send(RAW)
    assert time.monotonic() - begun >= 0.4
    assert len(mailbox.mails()) == 1


def test_the_oldest_fault_that_applies_strikes_first(mailbox: Driver) -> None:
    mailbox.order(stage="data", code=451, times=1)
    mailbox.order(stage="data", code=550, times=1)
    for code in (451, 550):
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            mailbox.send(RAW)
        assert refusal.value.smtp_code == code
    mailbox.send(RAW)


def test_a_deleted_fault_strikes_no_more(mailbox: Driver) -> None:
    fault = mailbox.order(stage="data", code=451)
    mailbox.order(stage="rcpt", code=450)
    assert mailbox.http.delete(f"/_control/faults/{fault['id']}").json() == {"deleted": 1}
    assert mailbox.http.delete(f"/_control/faults/{fault['id']}").status_code == 404
    assert [fault["stage"] for fault in mailbox.http.get("/_control/faults").json()] == ["rcpt"]
    assert mailbox.http.delete("/_control/faults").json() == {"deleted": 1}
    mailbox.send(RAW)
    assert len(mailbox.mails()) == 1


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"stage": "quit", "code": 451}, "stage is one of"),
        ({"code": 451}, "stage is one of"),
        ({"stage": "data", "kind": "explode"}, "kind is one of"),
        ({"stage": "data"}, "needs its code"),
        ({"stage": "data", "code": 250}, "400 to 599"),
        ({"stage": "data", "code": True}, "400 to 599"),
        ({"stage": "data", "code": 451, "message": "two\r\n250 lines"}, "printable"),
        ({"stage": "data", "code": 451, "message": "x" * 500}, "at most"),
        ({"stage": "data", "code": 451, "times": 0}, "times"),
        ({"stage": "data", "kind": "delay"}, "needs seconds"),
        ({"stage": "data", "kind": "delay", "seconds": -1}, "seconds"),
        ({"stage": "data", "kind": "delay", "seconds": "1"}, "seconds"),
        ({"stage": "mail", "kind": "slow_banner", "seconds": 1}, "stage connect only"),
        ({"stage": "rcpt", "kind": "accept_then_reset"}, "stage data only"),
        ({"stage": "mail", "code": 451, "recipient": ANNA}, "not known yet"),
        ({"stage": "rcpt", "code": 451, "recipient": 7}, "recipient"),
        ({"stage": "rcpt", "code": 451, "color": "red"}, "color"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_its_reason(
    mailbox: Driver, wish: dict[str, Any], reason: str
) -> None:
    answer = mailbox.http.post("/_control/faults", json=wish)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert mailbox.http.get("/_control/faults").json() == []


def test_only_json_orders_faults(mailbox: Driver) -> None:
    form = mailbox.http.post("/_control/faults", content=b'{"stage": "data", "code": 451}')
    assert form.status_code == 415
    headers = {"Content-Type": "application/json"}
    assert mailbox.http.post("/_control/faults", content=b"{", headers=headers).status_code == 400
    assert mailbox.http.post("/_control/faults", content=b"[]", headers=headers).status_code == 400


def test_the_page_says_which_faults_are_on_order(mailbox: Driver) -> None:
    mailbox.order(stage="rcpt", code=450, recipient="<i>@example.com", times=2)
    page = mailbox.page("/")
    assert "RCPT: reply 450 4.2.1 Mailbox busy, try again later" in page
    assert "&lt;i&gt;@example.com" in page
    assert "2 times more" in page
