"""What the lists show: today, leads, appointments; and how they are read page by page."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import APPOINTMENTS, LEADS, NOW, TODAY, page
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.actions import amend, cancel
from treff.appointments.ports import Amendment
from treff.conferencing import reconcile
from treff.conferencing.errors import Refused
from treff.kernel import clock
from treff.people.models import Lead
from treff.recovery import actions as recovery
from treff.recovery.states import Cause
from treff.web.console.paging import SIZE
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


def titles(answer: Any) -> list[str]:
    return [row.title for row in answer.context["rows"]]


# Today


def test_today_shows_the_next_seven_days_of_the_members_own_zone(browser: Client, rita: Member) -> None:
    Member.objects.filter(pk=rita.pk).update(time_zone="Pacific/Auckland")  # there it is 21:00 on Monday
    for title, start in {
        "tonight": "2026-11-23T10:30+00:00",
        "after midnight": "2026-11-23T11:30+00:00",
        "last day": "2026-11-29T10:45+00:00",
        "too late": "2026-11-29T11:15+00:00",
    }.items():
        house.appointment(rita, title=title, start_at=datetime.fromisoformat(start), duration=timedelta(minutes=15))
    context = browser.get(TODAY).context
    assert [(label, [row.title for row in rows]) for label, rows in context["groups"]] == [
        ("Today", ["tonight"]),
        ("Tomorrow", ["after midnight"]),
        ("Sunday, 29 November", ["last day"]),
    ]
    assert context["day_label"] == "Monday, 23 November"


def test_a_cancelled_appointment_leaves_today(browser: Client, rita: Member) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(hours=1), title="Roof visit")
    assert "Roof visit" in browser.get(TODAY).content.decode()
    cancel(house.scope(rita), appointment.public_id)
    text = browser.get(TODAY).content.decode()
    assert "Roof visit" not in text
    assert "Nothing planned for today" in text


def test_a_missing_connection_is_told_to_administrators_and_to_others_when_it_matters(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    assert browser.get(TODAY).context["attention"] == []
    (note,) = house.client_of(ada).get(TODAY).context["attention"]
    assert (note.tone, note.text, note.action) == ("info", "Zoom is not connected.", "Connect Zoom")
    reconcile.look(house.appointment(rita, start_at=NOW + timedelta(days=1)).pk)
    (note,) = browser.get(TODAY).context["attention"]
    assert note.detail == "1 appointment waits for its link. An administrator can connect an account."
    assert note.url == ""
    (note,) = house.client_of(ada).get(TODAY).context["attention"]
    assert (note.tone, note.detail) == ("bad", "1 appointment waits for its link.")


def test_meetings_in_trouble_are_listed_and_the_rest_is_counted(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    connected.trouble = Refused("no such luck")
    for day in range(1, 9):
        reconcile.look(house.appointment(rita, start_at=NOW + timedelta(days=day), title=f"Visit {day}").pk)
    attention = browser.get(TODAY).context["attention"]
    assert [item.text for item in attention[:2]] == [
        "Zoom meeting could not be created: Visit 1",
        "Zoom meeting could not be created: Visit 2",
    ]
    assert attention[-1].text == "2 more appointments wait."
    assert len(attention) == 7


# Leads


def test_a_lead_is_added_and_its_words_come_back(browser: Client) -> None:
    posted = {
        "name": " Lena Lead ",
        "email": "Lena@CUSTOMER.example",
        "phone": "+49 30 1234",
        "company": "",
        "locale": "de",
        "time_zone": "Europe/Vienna",
    }
    answer = browser.post(f"{LEADS}new/", posted, follow=True)
    lead = Lead.objects.get()
    assert (lead.name, lead.email, lead.time_zone) == ("Lena Lead", "Lena@customer.example", "Europe/Vienna")
    assert "Lena Lead is now a lead." in answer.content.decode()
    edit = f"{LEADS}{lead.public_id}/edit/"
    assert browser.get(edit).context["form"]["phone"].value() == "+49 30 1234"
    browser.post(edit, {**posted, "phone": ""})
    lead.refresh_from_db()
    assert (lead.phone, lead.name) == ("", "Lena Lead")


@pytest.mark.attack("A-054", "A-040")
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *(("name", text) for text in ("", "   ", "x" * 101, "a\x00b", "a\u202eb")),
        *(
            ("email", text)
            for text in ("", "nobody", "a@b", "a@x.example, b@x.example", "a@x.example\nBcc: b@x.example")
        ),
        *(("phone", text) for text in ("call me", "1" * 41, "<script>")),
        *(("company", text) for text in ("x" * 101, "a\nb")),
        *(("locale", text) for text in ("", "fr", "de; DROP")),
        *(("time_zone", text) for text in ("", "Mars/Olympus", "../../etc/passwd")),
    ],
)
def test_a_lead_that_breaks_a_rule_is_marked_and_not_kept(field: str, typed: str, browser: Client) -> None:
    posted = {"name": "Lena", "email": "l@x.example", "locale": "de", "time_zone": "Europe/Berlin", "workspace_id": "1"}
    answer = browser.post(f"{LEADS}new/", {**posted, field: typed})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"][field].value() == typed
    assert not Lead.objects.exists()


def test_leads_are_found_by_name_address_and_company(browser: Client, rita: Member) -> None:
    house.lead(rita, name="Lena Lead", email="lena@solar.example", company="Dach GmbH")
    house.lead(rita, name="Otto Other", email="otto@wind.example")

    def found(words: str) -> list[str]:
        return [row.name for row in browser.get(LEADS, {"q": words}).context["leads"]]

    assert found("lena dach") == ["Lena Lead"]
    assert found("WIND") == ["Otto Other"]
    assert found("") == ["Otto Other", "Lena Lead"]
    assert found("%") == found("_") == found("\x00lena wind") == []
    assert "No lead found" in browser.get(LEADS, {"q": "nobody"}).content.decode()


def test_the_next_appointment_of_each_lead_is_shown(browser: Client, rita: Member) -> None:
    lead = house.lead(rita)
    for days in (3, 2, 9):
        house.appointment(rita, lead=lead, start_at=NOW + timedelta(days=days))
    house.lead(rita)
    rows = browser.get(LEADS).context["leads"]
    assert [row.next_appointment and row.next_appointment.start_at for row in rows] == [None, NOW + timedelta(days=2)]


def test_a_lead_shows_what_is_ahead_and_what_is_behind(browser: Client, rita: Member) -> None:
    lead = house.lead(rita)
    for title, days in (("second", 2), ("first", 1), ("off", 3)):
        made = house.appointment(rita, lead=lead, start_at=NOW + timedelta(days=days), title=title)
    cancel(house.scope(rita), made.public_id)
    with clock.at(NOW - timedelta(days=9)):
        house.appointment(rita, lead=lead, start_at=NOW - timedelta(days=7), title="over")
    shown = browser.get(f"{LEADS}{lead.public_id}/").context["appointments"]
    assert [row.title for row in shown["upcoming"]] == ["first", "second"]
    assert [row.title for row in shown["past"]] == ["off", "over"]


def walk(browser: Client, url: str, direction: str, rows: str) -> list[list[str]]:
    """The pages from `url` on, following the links."""
    pages, query = [], ""
    while query is not None:
        context = browser.get(url + query).context
        pages.append([row.url for row in context[rows]])
        query = context[f"{direction}_url"]
        last = url + (query or "")
    assert last is not None
    return pages


def test_long_lists_are_read_forth_and_back_without_loss(browser: Client, rita: Member) -> None:
    for _ in range(2 * SIZE + 3):
        house.lead(rita)
    forth = walk(browser, LEADS, "next", "leads")
    assert [len(rows) for rows in forth] == [SIZE, SIZE, 3]
    assert len({url for rows in forth for url in rows}) == 2 * SIZE + 3
    anchor = forth[2][0].rstrip("/").rpartition("/")[2]
    assert walk(browser, f"{LEADS}?before={anchor}&x=", "prev", "leads")[0] == forth[1]
    assert browser.get(f"{LEADS}?after=lead_nothing").context["leads"][0].url == forth[0][0]
    assert browser.get(f"{LEADS}?after=%00").status_code == 200


def test_appointments_of_the_same_minute_are_paged_too(browser: Client, place: Workspace, rita: Member) -> None:
    hosts = [rita, *(house.member(place) for _ in range(SIZE + 1))]
    lead = house.lead(rita)
    made = [house.appointment(host, lead=lead, start_at=NOW + timedelta(days=1)) for host in hosts]
    forth = walk(browser, APPOINTMENTS, "next", "rows")
    assert [url for rows in forth for url in rows] == [page(appointment) for appointment in made]
    cancel(house.scope(rita), made[0].public_id)
    past = browser.get(APPOINTMENTS, {"tab": "past"})
    assert titles(past) == [made[0].title]
    assert len(titles(browser.get(APPOINTMENTS))) == SIZE


# While a recovery is under way


def text(reader: Member, address: str, language: str = "en") -> str:
    return house.client_of(reader).get(address, headers={"Accept-Language": language}).content.decode()


@pytest.mark.fault("F-113")
def test_everybody_reads_on_every_page_that_things_are_held_and_since_when_something_may_be_missing(
    rita: Member, ada: Member
) -> None:
    booked = house.appointment(rita)
    assert "restored from a backup" not in text(rita, TODAY)
    recovery.begin(Cause.OPERATOR)
    for reader in (rita, ada):
        for address in (TODAY, LEADS, APPOINTMENTS, page(booked)):
            shown = text(reader, address)
            assert "restored from a backup" in shown
            assert "What was done after this may be missing" in shown
    assert "aus einer Sicherung wiederhergestellt" in text(ada, TODAY, "de")
    recovery.resume()
    assert "restored from a backup" not in text(rita, TODAY)


@pytest.mark.fault("F-113")
def test_appointments_are_booked_moved_and_cancelled_while_a_recovery_is_under_way(rita: Member) -> None:
    recovery.begin(Cause.OPERATOR)
    kept, cancelled = house.appointment(rita), house.appointment(rita)
    amend(house.scope(rita), kept.public_id, Amendment(start_at=house.later()))
    cancel(house.scope(rita), cancelled.public_id)
    assert "Booked" in text(rita, page(kept))
    assert "Cancelled" in text(rita, page(cancelled))
