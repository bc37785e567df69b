"""What people type stays text."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import APPOINTMENTS, EVIL, LEADS, NOW, TODAY, page
from tests.web.console.paper_zoom import PaperZoom
from treff.conferencing import reconcile
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


class Reader(HTMLParser):
    """Reads a page as browsers do and keeps what would run, or load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        runs = any(name.startswith("on") for name in values) or "style" in values
        inline = tag == "script" and not (values.get("src") or "").startswith("/static/")
        if runs or inline or tag in ("img", "iframe", "object", "style", "embed"):
            self.found.append(self.get_starttag_text() or tag)


def elements_that_run(text: str) -> list[str]:
    reader = Reader()
    reader.feed(text)
    return reader.found


@pytest.mark.attack("A-046")
def test_what_people_type_is_shown_as_text_everywhere(place: Workspace, ada: Member, connected: PaperZoom) -> None:
    Workspace.objects.filter(pk=place.pk).update(name=EVIL)
    ada.user.name = EVIL
    ada.user.save()
    host = Member.objects.select_related("workspace", "user").get(pk=ada.pk)
    lead = house.lead(host, name=EVIL[:100], company=EVIL[:100])
    appointment = house.appointment(host, lead=lead, start_at=NOW + timedelta(days=1), title=EVIL)
    reconcile.look(appointment.pk)
    browser = house.client_of(host)
    of_lead = f"{LEADS}{lead.public_id}/"
    urls = [TODAY, LEADS, f"{LEADS}?q={EVIL[:20]}", of_lead, f"{of_lead}edit/", f"{of_lead}book/", APPOINTMENTS]
    urls += [page(appointment), *(f"{page(appointment)}{verb}/" for verb in ("reschedule", "cancel", "delete"))]
    urls += [f"/w/nordlicht/admin/{part}/" for part in ("members", "settings", "appointments/video-provider")]
    for url in urls:
        answer = browser.get(url)
        text = answer.content.decode()
        assert "&lt;script&gt;alert(1)" in text, url
        assert elements_that_run(text) == [], url
        assert "{{7*7}}" in text, url
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.attack("A-046")
def test_a_link_that_is_no_web_address_is_never_typed_by_people(browser: Client, rita: Member) -> None:
    """Join links come from the provider alone; what people type is text, or checked for mailto: and tel:."""
    lead = house.lead(rita, name="javascript:alert(1)", company="javascript:alert(1)", phone="+49 (0) 30/12-34")
    text = browser.get(f"{LEADS}{lead.public_id}/").content.decode()
    hrefs = re.findall(r'href="([^"]*)"', text)
    assert {href.partition(":")[0] for href in hrefs if ":" in href} == {"mailto", "tel"}
