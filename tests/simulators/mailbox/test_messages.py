"""Mails that are broken, on purpose or not: read as far as they go."""

import base64
import time

import pytest

from simulators.mailbox.messages import MOST_PARTS, decode_words, read_message, summarise
from tests.simulators.mailbox.driver import write_invitation, write_mail


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?= an =?iso-8859-1?b?S/ZsbQ==?=", "Grüße an Kölm"),
        ("=?utf-8?b?8J+Y?= =?utf-8?b?gA==?=", "😀"),  # one character cut in two
        ("a =?utf-8?q?b?= c =?utf-8?q?d?=\t =?utf-8?q?e?= f", "a b c de f"),
        ("=?klingon?q?qapla?=", "qapla"),
        ("=?utf-8?b?!!!?=", "!!!"),
        ("=?utf-8?q?=FF=FE?=", "\ufffd\ufffd"),
        ("=?utf-8?q?unclosed", "=?utf-8?q?unclosed"),
        ("=?utf-8*de?q?Tag?=", "Tag"),
        ("K\udcc3\udcb6ln", "Köln"),
        ("", ""),
    ],
)
def test_encoded_words_are_decoded_as_far_as_they_go(value: str, read: str) -> None:
    assert decode_words(value) == read


def test_a_line_break_smuggled_into_a_header_stays_one_visible_line() -> None:
    message = read_message(b"Subject: =?utf-8?q?Hello=0D=0ABcc:_thief=40example.com?=\r\nTo: a@example.com\r\n\r\nx")
    assert message.get("Subject") == "Hello␍␊Bcc: thief@example.com"
    assert message.get("Bcc") == ""


def test_a_comma_inside_an_encoded_name_makes_no_second_recipient() -> None:
    message = read_message(b"To: =?utf-8?q?Solar=2C_Nord?= <a@example.com>, b@example.com\r\n\r\nx")
    assert message.list_addresses("To") == ("Solar, Nord <a@example.com>", "b@example.com")


def test_a_folded_header_is_one_line() -> None:
    assert read_message(b"Subject: one\r\n two\r\n\tthree\r\n\r\nx").get("subject") == "one two\tthree".replace(
        "\t", "␉"
    )


def test_a_header_that_comes_twice_is_told_twice() -> None:
    message = read_message(b"Received: one\r\nReceived: two\r\n\r\nx")
    assert message.headers == (("Received", "one"), ("Received", "two"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"\x00\xff\xfe",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n',
        b"Content-Type: ;;;=;\r\nContent-Disposition: =\r\n\r\nx",
        b"Content-Type: text/plain; charset=\xff\r\n\r\nx",
        b"Content-Type: text/html; charset*=utf-8''%FF; name*0*=a\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"From: " + b"(" * 5000 + b"\r\n\r\nx",
        b"Date: Fri, 99 Foo 99999 99:99:99 +9999\r\n\r\nx",
        b"Content-Type: text/calendar\r\n\r\nBEGIN:NONSENSE",
    ],
)
def test_nothing_that_arrives_is_too_broken_to_read(raw: bytes) -> None:
    message = read_message(raw)
    assert summarise(message).as_json().keys() == {"subject", "sender", "preview", "methods", "attachments"}
    assert message.list_addresses("From") is not None


def test_a_broken_body_is_shown_and_its_defect_named() -> None:
    message = read_message(b"Subject: x\r\nContent-Type: multipart/mixed\r\n\r\nno boundary")
    assert message.defects
    assert message.get("Subject") == "x"


def test_nesting_without_end_costs_the_parts_not_the_headers() -> None:
    levels = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(2000))
    message = read_message(b"Subject: deep\r\n" + levels.encode())
    assert message.get("Subject") == "deep"
    assert message.parts == ()
    assert "could not be taken apart" in message.defects[0]


def test_more_parts_than_anyone_reads_are_cut() -> None:
    raw = b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"--x\r\n\r\na\r\n" * (MOST_PARTS + 50) + b"--x--"
    message = read_message(raw)
    assert len(message.parts) == MOST_PARTS
    assert any(str(MOST_PARTS) in defect for defect in message.defects)


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b"=?utf-8?q?a?=\r\n " * 50_000 + b"\r\n\r\nx",
        b"Content-Type: text/plain;" + b"a=b;" * 500_000 + b"\r\n\r\nx",
        b"From: " + b'"' * 1_000_000 + b"\r\n\r\nx",
        b"To: " + b"a@b.c," * 200_000 + b"\r\n\r\nx",
    ],
)
def test_headers_of_a_megabyte_are_read_in_seconds(raw: bytes) -> None:
    begun = time.monotonic()
    message = read_message(raw)
    message.list_addresses("From")
    message.list_addresses("To")
    assert time.monotonic() - begun < 20


def test_a_forwarded_mail_is_an_attachment_not_a_body() -> None:
    mail = write_mail("outer", "outer text\n")
    mail.add_attachment(write_mail("inner", "inner text\n"))
    message = read_message(mail.as_bytes())
    assert message.text.strip() == "outer text"
    (part,) = message.attachments
    assert part.content_type == "message/rfc822"
    assert b"inner text" in part.content


def test_a_text_attachment_is_no_body() -> None:
    mail = write_mail("x", html="<p>hello</p>")
    mail.add_attachment("<script>alert(1)</script>", subtype="html", filename="../../etc/evil.html")
    message = read_message(mail.as_bytes())
    assert message.html.strip() == "<p>hello</p>"
    assert [part.filename for part in message.attachments] == ["evil.html"]


def test_a_charset_nobody_knows_is_read_as_utf_8() -> None:
    body = base64.b64encode("Köln".encode())
    raw = b"Content-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body
    assert read_message(raw).text == "Köln"


def test_the_summary_has_what_the_lists_show() -> None:
    summary = summarise(read_message(write_invitation().as_bytes()))
    assert summary.sender == "Nordlicht Solar GmbH <no-reply@nordlicht.example>"
    assert summary.preview == "Hello Anna"
    assert summary.methods == ("REQUEST",)
    assert summary.attachments == 0


def test_a_mail_of_html_alone_is_summarised_by_its_words() -> None:
    raw = b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Hello</p><script>x</script><p>Anna &amp; Bob</p>"
    assert summarise(read_message(raw)).preview == "Hello Anna & Bob"
