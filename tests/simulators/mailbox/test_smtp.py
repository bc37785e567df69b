"""What an SMTP client meets."""

import smtplib
from concurrent.futures import ThreadPoolExecutor

import pytest

from simulators.mailbox.config import Config
from simulators.mailbox.server import serve_in_thread
from tests.simulators.mailbox.driver import ANNA, SENDER, Driver, write_mail

RAW = b"Subject: x\r\n\r\nhello\r\n"


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(mailbox: Driver) -> None:
    raw = b"Subject: bytes\r\nX-Odd:  two  blanks\r\n\r\n.dot first\r\n..two\r\nlast without end\r\n"
    mailbox.send(raw, ANNA, "Bob@Example.com", sender="bounces+1@nordlicht.example")
    (mail,) = mailbox.mails()
    assert mail["envelope_from"] == "bounces+1@nordlicht.example"
    assert mail["envelope_to"] == [ANNA, "Bob@Example.com"]
    assert mailbox.http.get(f"/_control/mails/{mail['id']}/raw").content == raw
    assert mail["raw_size"] == len(raw)


def test_a_bounce_has_an_empty_sender(mailbox: Driver) -> None:
    mailbox.send(RAW, sender="")
    assert mailbox.mails()[0]["envelope_from"] == ""


def test_addresses_beyond_ascii_need_smtputf8(mailbox: Driver) -> None:
    with mailbox.smtp() as client:
        client.command_encoding = "utf-8"
        assert client.docmd("MAIL", "FROM:<a@example.com>")[0] == 250
        assert client.docmd("RCPT", "TO:<jürgen@example.com>")[0] == 553
        client.rset()
        client.sendmail("a@example.com", ["jürgen@example.com"], RAW, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert mailbox.mails(to="jürgen@example.com")[0]["envelope_to"] == ["jürgen@example.com"]


def test_an_address_that_is_no_text_is_refused(mailbox: Driver) -> None:
    with mailbox.connection() as line, line.makefile("rwb", buffering=0) as wire:
        assert wire.readline().startswith(b"220 ")
        for command in (b"HELO x", b"MAIL FROM:<a@example.com>", b"RCPT TO:<\xff\xfe@example.com>"):
            wire.write(command + b"\r\n")
            answer = wire.readline()
        assert answer.startswith(b"553 ")


def test_a_mail_over_the_size_limit_is_refused_before_and_after_it_is_sent() -> None:
    with serve_in_thread(Config(size_limit=1000)) as handle:
        mailbox = Driver(handle.smtp_url, handle.url)
        with mailbox.smtp() as client:
            assert client.esmtp_features["size"] == "1000"
            assert client.docmd("MAIL", "FROM:<a@example.com> SIZE=1001")[0] == 552
            client.mail(SENDER)
            client.rcpt(ANNA)
            assert client.data(b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 100)[0] == 552
            client.sendmail(SENDER, [ANNA], RAW)
        assert len(mailbox.mails()) == 1
        mailbox.http.close()


def test_signing_in_is_offered_and_takes_anything(mailbox: Driver) -> None:
    with mailbox.smtp() as client:
        client.login("anyone", "anything")
        client.sendmail(SENDER, [ANNA], RAW)
    assert len(mailbox.mails()) == 1


def test_credentials_make_signing_in_compulsory() -> None:
    with serve_in_thread(Config(credentials=("treff", "s3cret"))) as handle:
        mailbox = Driver(handle.smtp_url, handle.url)
        with mailbox.smtp() as client:
            with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
                client.sendmail(SENDER, [ANNA], RAW)
            assert refusal.value.smtp_code == 530
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("treff", "wrong")
            client.login("treff", "s3cret")
            client.sendmail(SENDER, [ANNA], RAW)
        assert len(mailbox.mails()) == 1
        mailbox.http.close()


def test_many_clients_at_once_lose_nothing(mailbox: Driver) -> None:
    with ThreadPoolExecutor(16) as pool:
        sent = [pool.submit(mailbox.send, write_mail(f"number {number}")) for number in range(80)]
        for sending in sent:
            sending.result()
    assert sorted(mail["subject"] for mail in mailbox.mails()) == sorted(f"number {number}" for number in range(80))


def test_one_connection_can_carry_several_mails(mailbox: Driver) -> None:
    with mailbox.smtp() as client:
        for subject in (b"one", b"two"):
            client.sendmail(SENDER, [ANNA], b"Subject: " + subject + b"\r\n\r\nx\r\n")
        assert client.quit()[0] == 221
    assert [mail["subject"] for mail in mailbox.mails()] == ["one", "two"]
