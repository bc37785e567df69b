"""The pages, as HTML over HTTP; test_browser.py looks at them in a browser."""

import re

import pytest

from simulators.mailbox.config import Config
from simulators.mailbox.pages import PAGE_SIZE
from simulators.mailbox.server import serve_in_thread
from tests.simulators.mailbox.driver import ANNA, Driver, write_calendar, write_invitation, write_mail


def test_the_first_page_lists_recipients_latest_first_with_counts_and_last_mail(mailbox: Driver) -> None:
    for subject, to in [("one", ANNA), ("two", "bob@example.com"), ("three", ANNA)]:
        mailbox.send(write_mail(subject), to)
    page = mailbox.page("/")
    assert "<title>Mailbox (simulated)</title>" in page
    assert re.findall(r'href="/(\w+@example.com)"', page) == [ANNA, "bob@example.com"]
    assert re.findall(r'title="(\d+ mails?)"', page) == ["2 mails", "1 mail"]
    assert "three" in page
    assert ">one<" not in page


def test_without_mail_the_page_says_where_to_send(mailbox: Driver) -> None:
    page = mailbox.page("/")
    assert "No mail yet" in page
    assert mailbox.smtp_url in page


def test_recipients_can_be_found(mailbox: Driver) -> None:
    mailbox.send(write_mail(), ANNA, "bob@example.org")
    page = mailbox.page("/?q=BOB")
    assert "bob@example.org" in page
    assert ANNA not in page
    assert "Nobody by that name" in mailbox.page("/?q=<script>")


def test_a_mailbox_lists_its_mails_newest_first(mailbox: Driver) -> None:
    for subject in ("one", "two", "three"):
        mailbox.send(write_mail(subject))
    mailbox.send(write_mail("not hers"), "bob@example.com")
    page = mailbox.page(f"/{ANNA}")
    assert re.findall(r">(one|two|three|not hers)<", page) == ["three", "two", "one"]
    assert page == mailbox.page("/Anna@EXAMPLE.com")


def test_a_long_mailbox_is_turned_over_page_by_page(mailbox: Driver) -> None:
    with mailbox.smtp() as client:
        for number in range(PAGE_SIZE + 2):
            client.sendmail("a@example.com", [ANNA], f"Subject: n{number}\r\n\r\nx\r\n".encode())
    newest = mailbox.page(f"/{ANNA}")
    assert len(re.findall(r">n\d+<", newest)) == PAGE_SIZE
    found = re.search(r'href="([^"]+)">Older mails', newest)
    assert found
    older = mailbox.page(found.group(1))
    assert re.findall(r">(n\d+)<", older) == ["n1", "n0"]
    assert "Newest mails" in older


@pytest.mark.parametrize("address", ["a/b@example.com", "100%@example.com", "q?#&@example.com", "_control@example.com"])
def test_every_address_has_its_page(mailbox: Driver, address: str) -> None:
    mailbox.send(write_mail("found"), address)
    link = re.search(r'class="row" href="([^"]+)"', mailbox.page("/"))
    assert link
    mails = mailbox.page(link.group(1))
    assert "found" in mails
    mail = re.search(r'class="row" href="([^"]+)"', mails)
    assert mail
    assert '<h1 id="subject" dir="auto">found</h1>' in mailbox.page(mail.group(1))


def test_a_mail_shows_its_head_its_event_and_its_files(mailbox: Driver) -> None:
    mail = write_invitation()
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Angebot für Anna.pdf")
    mailbox.send(mail)
    page = mailbox.page(f"/{ANNA}/{mailbox.mails()[0]['id']}")
    for shown in (
        "Anna Lindqvist &lt;anna<wbr>@example.com&gt;",
        "&lt;one@nordlicht.example&gt;",
        "Tuesday, 1 December 2026, 09:00–09:45 (UTC+01:00)",
        "Tuesday, 1 December 2026, 08:00–08:45",
        "Europe/Berlin",
        "METHOD:REQUEST",
        "appt_1@nordlicht.example",
        "Nordlicht; Solar",
        "(accepted)",
        '<a href="https://zoom.example/j/912" target="_blank" rel="noopener noreferrer">',
        "Angebot für Anna.pdf",
    ):
        assert shown in page


def test_an_ics_is_saved_under_its_name_as_it_came(mailbox: Driver) -> None:
    calendar = write_calendar("UID:9", "DTSTART:20261201T080000Z", "SUMMARY:ok")
    mailbox.send(write_invitation(calendar))
    base = f"/{ANNA}/{mailbox.mails()[0]['id']}"
    link = re.search(rf'href="({re.escape(base)}/parts/\d+)" download>Download .ics', mailbox.page(base))
    assert link
    answer = mailbox.http.get(link.group(1))
    assert answer.content == calendar
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''invite.ics"


def test_a_cancelled_event_says_so(mailbox: Driver) -> None:
    cancelled = write_calendar("UID:9", "DTSTART:20261201T080000Z", "STATUS:CANCELLED", method="CANCEL")
    mailbox.send(write_invitation(cancelled, "CANCEL"))
    assert '<span class="tag bad">Cancelled</span>' in mailbox.page(f"/{ANNA}")
    assert '<span class="tag bad">Cancelled</span>' in mailbox.page(f"/{ANNA}/{mailbox.mails()[0]['id']}")


def test_a_broken_calendar_is_named_and_the_mail_still_shown(mailbox: Driver) -> None:
    mailbox.send(write_invitation(b"BEGIN:NONSENSE"))
    page = mailbox.page(f"/{ANNA}/{mailbox.mails()[0]['id']}")
    assert "The calendar cannot be read" in page
    assert 'title="Mail as HTML"' in page


HOSTILE = "</title><script>alert(1)</script>\"'<img src=x onerror=alert(1)>"


def test_markup_in_every_field_is_only_text(mailbox: Driver) -> None:
    calendar = write_calendar(
        f"UID:{HOSTILE}",
        "DTSTART:20261201T080000Z",
        f"SUMMARY:{HOSTILE}",
        f"LOCATION:{HOSTILE}",
        f"URL:{HOSTILE}",
        f"DESCRIPTION:{HOSTILE}",
        f"STATUS:{HOSTILE}",
        f"ATTENDEE:mailto:{HOSTILE}",
        f"RRULE:{HOSTILE}",
        f"DTEND:{HOSTILE}",
        method=HOSTILE,
    )
    mail = write_invitation(calendar)
    for header in ("Subject", "From", "To", "Message-ID", "Date"):
        del mail[header]
    raw = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    heads = "".join(f"{name}: {HOSTILE}\r\n" for name in ("Subject", "From", "To", "Message-ID", "Date", "X-Odd"))
    mailbox.send(heads.encode() + raw)
    for path in ("/", f"/{ANNA}", f"/{ANNA}/{mailbox.mails()[0]['id']}"):
        page = mailbox.page(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "alert(1)" in page


def test_a_huge_subject_and_one_with_direction_marks_are_contained(mailbox: Driver) -> None:
    mailbox.send(b"Subject: " + b"long word \r\n " * 20_000 + b"\r\n\r\nx\r\n")
    mailbox.send("Subject: \u202egnp.exe مرحبا\r\n\r\nx\r\n".encode())
    assert len(mailbox.page(f"/{ANNA}")) < 20_000
    assert 'dir="auto">\u202egnp.exe مرحبا</span>' in mailbox.page(f"/{ANNA}")
    assert len(mailbox.mails()[0]["subject"]) > 150_000


def test_a_file_name_cannot_add_headers_to_the_answer(mailbox: Driver) -> None:
    mail = write_mail()
    mail.add_attachment(b"x", maintype="text", subtype="html", filename="placeholder")
    name = "=?utf-8?q?a=0D=0ASet-Cookie:_x=22.html?="
    mailbox.send(mail.as_bytes().replace(b"placeholder", name.encode()))
    answer = mailbox.http.get(f"/{ANNA}/{mailbox.mails()[0]['id']}/parts/1")
    assert (
        answer.headers["Content-Disposition"]
        == "attachment; filename*=UTF-8''a%E2%90%8D%E2%90%8ASet-Cookie%3A%20x%22.html"
    )
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "Set-Cookie" not in answer.headers


def test_the_mails_html_is_rebuilt_and_locked_in(mailbox: Driver) -> None:
    mailbox.send(write_mail(html="<p>Hi</p><script>alert(1)</script><img src=https://t.example/x.gif>"))
    base = f"/{ANNA}/{mailbox.mails()[0]['id']}"
    answer = mailbox.http.get(f"{base}/html")
    assert "<p>Hi</p>" in answer.text
    assert "alert" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox" in policy
    page = mailbox.page(base)
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in page
    assert "1 picture from elsewhere not loaded" in page


def test_pictures_of_the_mail_are_shown_and_svg_is_not(mailbox: Driver) -> None:
    mail = write_mail(html='<img src="cid:logo@x"><img src="cid:drawing@x">')
    body = mail.get_payload()[1]  # type: ignore[index]
    body.add_related(b"\x89PNG", "image", "png", cid="<logo@x>")  # type: ignore[union-attr]
    body.add_related(b"<svg/>", "image", "svg+xml", cid="<drawing@x>")  # type: ignore[union-attr]
    mailbox.send(mail)
    base = f"/{ANNA}/{mailbox.mails()[0]['id']}"
    html = mailbox.page(f"{base}/html")
    found = re.search(r'<img src="([^"]+)"><img>\s*</body>', html)
    assert found
    picture = mailbox.http.get(found.group(1))
    assert (picture.content, picture.headers["Content-Type"]) == (b"\x89PNG", "image/png")
    drawing = mailbox.http.get(found.group(1).replace("parts/2", "parts/3"))
    assert drawing.headers["Content-Type"] == "application/octet-stream"


def test_the_source_is_plain_text(mailbox: Driver) -> None:
    mailbox.send(b"Subject: <b>x</b>\r\n\r\n<script>alert(1)</script>\r\n")
    answer = mailbox.http.get(f"/{ANNA}/{mailbox.mails()[0]['id']}/source")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == "Subject: <b>x</b>\r\n\r\n<script>alert(1)</script>\r\n"


def test_a_mail_is_found_under_its_recipients_only(mailbox: Driver) -> None:
    mailbox.send(write_mail())
    number = mailbox.mails()[0]["id"]
    for path in (f"/bob@example.com/{number}", f"/{ANNA}/999999", f"/{ANNA}/{number}/parts/77", "/_static/no.css"):
        assert mailbox.http.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", f"/{ANNA}", "/_static/mailbox.css", "/_static/mailbox.js", "/_control/mails", "/nobody/1"]
)
def test_every_answer_is_hardened(mailbox: Driver, path: str) -> None:
    headers = mailbox.http.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_page_that_has_not_changed_is_not_sent_again(mailbox: Driver) -> None:
    tag = mailbox.http.get("/").headers["ETag"]
    assert mailbox.http.get("/", headers={"If-None-Match": tag}).status_code == 304
    mailbox.send(write_mail())
    assert mailbox.http.get("/", headers={"If-None-Match": tag}).status_code == 200


def test_the_portal_can_have_another_name() -> None:
    with serve_in_thread(Config(portal_name="Post <für alle>")) as handle:
        mailbox = Driver(handle.smtp_url, handle.url)
        assert "<title>Post &lt;für alle&gt;</title>" in mailbox.page("/")
        mailbox.http.close()
