"""The pages as a person meets them, in a real Chromium."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.simulators.mailbox.driver import ANNA, Driver, write_invitation, write_mail

pytestmark = [pytest.mark.browser]

ATTACK = """
<body onload="top.pwned=1"><p id=shown>Shown</p>
<script>top.pwned=1; document.title='pwned'</script>
<img src=x onerror="top.pwned=1"><svg onload="top.pwned=1"></svg>
<img src="STRANGER/tracker.gif"><link rel=stylesheet href="STRANGER/x.css">
<style>@import url(STRANGER/y.css); body{background:url(STRANGER/z.png)}</style>
<iframe srcdoc="<script>top.pwned=1</script>"></iframe>
<form action="STRANGER/"><input name=q><button>Send</button></form>
<meta http-equiv=refresh content="0;url=STRANGER/">
<a id=bad href="javascript:top.pwned=1">bad</a> <a id=good href="JOIN" target=_top>join</a>
"""


class Stranger(ThreadingHTTPServer):
    """Somebody else's web server: has the pages it is given, and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listener)
        self.asked: list[str] = []
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class Listener(BaseHTTPRequestHandler):
    server: Stranger

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        text, headers = self.server.pages.get(self.path, ("", {}))
        self.send_response(200)
        for name, value in {"Content-Type": "text/html", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *values: object) -> None:
        """Quiet."""


@contextmanager
def serve_stranger() -> Iterator[Stranger]:
    with Stranger() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with serve_stranger() as server:
        yield server


@pytest.fixture
def host() -> Iterator[Stranger]:
    """Another one, whose own pages are under attack."""
    with serve_stranger() as server:
        yield server


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def write_attack(mailbox: Driver, stranger: Stranger) -> str:
    return ATTACK.replace("STRANGER", stranger.url).replace("JOIN", f"{mailbox.url}/_control/health")


def test_the_attack_works_where_nothing_holds_it(
    mailbox: Driver, stranger: Stranger, host: Stranger, page: Page
) -> None:
    """So that the two tests below cannot pass for the wrong reason."""
    host.pages["/"] = (write_attack(mailbox, stranger).replace("<meta", "<x-meta"), {})
    page.goto(host.url)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.pwned") == 1
    assert {"/tracker.gif", "/x.css", "/y.css", "/z.png"} <= set(stranger.asked)


def test_a_hostile_mail_runs_nothing_loads_nothing_and_leads_nowhere(
    mailbox: Driver, stranger: Stranger, page: Page
) -> None:
    mailbox.send(write_mail("<script>window.pwned=1</script>", html=write_attack(mailbox, stranger)))
    page.goto(f"{mailbox.url}/{ANNA}/{mailbox.mails()[0]['id']}")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Shown")).to_be_visible()
    frame.get_by_text("bad", exact=True).click()
    with page.expect_popup() as opened:
        frame.get_by_text("join").click()
    expect(opened.value.get_by_text("smtp_url")).to_be_visible()
    assert opened.value.evaluate("window.opener") is None
    assert page.evaluate("window.pwned") is None
    assert stranger.asked == []


def test_even_html_that_is_not_rebuilt_runs_and_loads_nothing(
    mailbox: Driver, stranger: Stranger, host: Stranger, page: Page
) -> None:
    """The other walls alone: what the frame's headers and sandbox do should the first one ever leak."""
    mailbox.send(write_mail(html="<p>plain</p>"))
    address = f"/{ANNA}/{mailbox.mails()[0]['id']}"
    policy = mailbox.http.get(f"{address}/html").headers["Content-Security-Policy"]
    frame = re.search(r"<iframe [^>]*>", mailbox.page(address))
    assert frame
    host.pages["/"] = (frame.group().replace(f"{address}/html", "/html"), {})
    attack = write_attack(mailbox, stranger).replace("<meta", "<x-meta")
    host.pages["/html"] = (attack, {"Content-Security-Policy": policy})
    for path in ("/", "/html"):
        page.goto(host.url + path)
        page.wait_for_load_state("networkidle")
        attacked = page.frame(url=f"{host.url}/html")
        assert attacked
        expect(attacked.get_by_text("Shown")).to_be_visible()
        assert page.evaluate("window.pwned") is None
        assert attacked.title() != "pwned"
    assert stranger.asked == []


def test_lists_refresh_by_themselves_and_keep_the_focus(mailbox: Driver, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(mailbox.url)
    expect(page.get_by_text("No mail yet")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("0 recipients")
    mailbox.send(write_mail("first"))
    link = page.get_by_role("link", name=re.compile(ANNA))
    expect(link).to_contain_text("first", timeout=8000)
    expect(page.get_by_role("status")).to_have_text("1 recipient")
    link.focus()
    mailbox.send(write_mail("second"))
    expect(link).to_contain_text("second", timeout=8000)
    expect(link).to_be_focused()
    link.click()
    expect(page.get_by_role("heading", name=ANNA)).to_be_visible()
    mailbox.send(write_mail("third"))
    expect(page.get_by_role("list", name="Mails").get_by_role("listitem")).to_have_count(3, timeout=8000)
    assert complaints == []


def test_an_invitation_reads_on_a_phone_without_scrolling_sideways(mailbox: Driver, page: Page) -> None:
    mail = write_invitation()
    mail.replace_header("Subject", "Donaudampfschifffahrtsgesellschaftskapitän" * 20)
    mailbox.send(mail)
    page.goto(f"{mailbox.url}/{ANNA}")
    assert_fits(page)
    page.get_by_role("link", name=re.compile("Donau")).click()
    event = page.get_by_role("region", name="Solar, first talk")
    expect(event).to_contain_text("Tuesday, 1 December 2026, 09:00–09:45 (UTC+01:00)")
    expect(event).to_contain_text("Europe/Berlin, 45 min")
    expect(event.get_by_role("link", name="https://zoom.example/j/912")).to_be_visible()
    with page.expect_download() as download:
        event.get_by_role("link", name="Download .ics").click()
    assert download.value.suggested_filename == "invite.ics"
    page.get_by_text("Text", exact=True).click()
    expect(page.get_by_role("region", name="Mail as text")).to_contain_text("Hello Anna")
    page.get_by_text(re.compile(r"Headers \(")).click()
    expect(page.get_by_role("rowheader", name="MIME-Version")).to_be_visible()
    assert_fits(page)


def test_the_frame_is_as_tall_as_the_mail(mailbox: Driver, page: Page) -> None:
    mailbox.send(write_mail(html=f"{'<p>line</p>' * 100}<p>the end</p>"))
    page.goto(f"{mailbox.url}/{ANNA}/{mailbox.mails()[0]['id']}")
    end = page.frame_locator("iframe").get_by_text("the end")
    end.scroll_into_view_if_needed()
    expect(end).to_be_in_viewport()
    frame = page.frames[1]
    assert frame.evaluate("document.documentElement.scrollHeight <= window.innerHeight + 1")


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
