"""With 2,000 leads and 10,000 appointments every page is as quick as with few, and asks the database as often."""

import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house
from tests.web.console.conftest import connect, connect_own
from tests.web.console.crowded import fill
from tests.web.console.paper_zoom import PaperZoom
from tests.web.console.test_access import OF_ONES_OWN, ROUTES, House, is_post_only
from treff.availability.actions import add_feed
from treff.kernel import clock
from treff.people.actions import add_note
from treff.people.importing import bring
from treff.people.models import Lead
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
LEADS, APPOINTMENTS, REPS = 2000, 10_000, 10
# No page may take longer than 0.3 s on the server; so much of it is computed by us, on a machine that may be slow.
MOST_CPU = 0.3
TIMES = 3
PAGED = {
    "leads": "leads/",
    "leads, searched": "leads/?q=lead",
    "leads, sorted": "leads/?sort=name",
    "appointments": "appointments/",
    "past appointments": "appointments/?tab=past",
    "mail log": "admin/mails/log/",
    "whom to book with": "appointments/calendar/book/?date=2026-12-01&time=10:00",
    "cancel many": "appointments/cancel-many/?within=week&address=",
    "search": "search/?q=lead",
}


@dataclass(frozen=True)
class Crowd:
    """An administrator of each workspace: one with much, one with fifty of all, one with one."""

    much: Member
    fifty: Member
    one: Member


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Crowd]:
    """Made once, and gone when the module is done."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        made = []
        for slug, reps, leads, appointments in (
            ("much", REPS, LEADS, APPOINTMENTS),
            ("fifty", 1, 51, 102),
            ("one", 1, 1, 2),
        ):
            place = house.workspace(slug)
            by = house.admin(place)
            fill([house.member(place, name=f"Rep {n}") for n in range(reps)], leads, appointments)
            made.append(by)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        yield Crowd(*made)
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Cost:
    """Of one page: seconds that we computed, statements, and seconds in which the database was waited for."""

    cpu: float
    statements: int
    database: float
    size: int


def cost_of(browser: Client, url: str, times: int = TIMES) -> Cost:
    """The median of several; the first one, which fills caches, does not count."""
    browser.get(url)
    cpus, waited, count, size = [], [], 0, 0
    for _ in range(times):
        with CaptureQueriesContext(connection) as asked:
            before = time.thread_time()
            answer = browser.get(url)
            cpus.append(time.thread_time() - before)
        assert answer.status_code == 200, url
        count, size = len(asked), len(answer.content)
        waited.append(sum(float(query["time"]) for query in asked.captured_queries))
    return Cost(statistics.median(cpus), count, min(waited), size)


def pages_of(by: Member) -> dict[str, str]:
    """Every page of the console, about somebody who has been there for long, and the lists as they are narrowed."""
    browser = house.client_of(by)
    root = f"/w/{by.workspace.slug}/"
    posted = {"title": "First call", "slug": "first-call", "duration_minutes": "30", "provider": "none"}
    browser.post(f"{root}admin/appointments/new-booking-type/", posted)
    rooms = House(by)
    busiest = Lead.objects.filter(workspace=by.workspace, appointments__isnull=False).order_by("pk")[0]
    rooms.ids["lead_id"] = busiest.public_id
    rooms.ids["appointment_id"] = busiest.appointments.order_by("-start_at")[0].public_id
    rooms.ids["import_id"] = bring(house.scope(by), "a.csv", b"name,email\nLena,lena@customer.example\n").public_id
    note = add_note(house.scope(by), busiest.public_id, "Mine").public_id
    feed = add_feed(house.scope(by), by.public_id, "https://calendar.example.com/mine", "open").public_id
    own = {"note_id": note, "feed_id": feed}
    found = {
        name: rooms.url(name, **(own if name in OF_ONES_OWN else {}))
        for name in ROUTES
        if not is_post_only(name) and not name.startswith(("availability_change", "availability_remove", "feed_read"))
    }
    found |= {f"{name} (list)": root + path for name, path in PAGED.items()}
    for view in ("day", "week", "month"):
        found[f"calendar of all, {view}"] = f"{root}appointments/calendar/?who=all&view={view}"
    first = clock.now().date() + timedelta(days=3)
    days = f"from={first}&until={first + timedelta(days=7)}"
    found["entries of a week of all"] = f"{root}appointments/calendar/entries/?who=all&{days}"
    return found


def test_no_page_takes_long_however_much_there_is(
    crowd: Crowd, zoom: PaperZoom, capsys: pytest.CaptureFixture[str]
) -> None:
    connect(crowd.much)
    connect_own(zoom, crowd.much)
    browser = house.client_of(crowd.much)
    costs = {name: cost_of(browser, url) for name, url in pages_of(crowd.much).items()}
    with capsys.disabled():
        sys.stdout.write(f"\n{'page':40} {'CPU ms':>8} {'SQL ms':>8} {'statements':>10} {'kB':>7}\n")
        for name, cost in sorted(costs.items(), key=lambda item: -item[1].cpu):
            figures = f"{cost.cpu * 1000:8.0f} {cost.database * 1000:8.0f} {cost.statements:10} {cost.size / 1000:7.0f}"
            sys.stdout.write(f"{name:40} {figures}\n")
    assert {name: cost.cpu for name, cost in costs.items() if cost.cpu > MOST_CPU} == {}


@pytest.mark.parametrize("name", PAGED)
def test_a_list_asks_the_database_as_often_for_fifty_rows_as_for_one(name: str, crowd: Crowd) -> None:
    asked = []
    for by in (crowd.one, crowd.fifty, crowd.much):
        url = f"/w/{by.workspace.slug}/{PAGED[name]}"
        asked.append(cost_of(house.client_of(by), url, times=1).statements)
    assert len(set(asked)) == 1, f"{name}: {asked} statements for one row, fifty, and the first fifty of many"


def test_what_is_cut_off_says_so_and_leads_to_the_rest(crowd: Crowd) -> None:
    browser, root = house.client_of(crowd.much), f"/w/{crowd.much.workspace.slug}/"
    today = browser.get(root).content.decode()
    assert "Only the next 100 appointments are shown here." in today
    assert f'href="{root}appointments/">All appointments' in today
    week = browser.get(f"{root}appointments/calendar/?who=all").content.decode()
    assert "Only the first 100 appointments of the week are listed here." in week
    few = house.client_of(crowd.one)
    assert "Only the" not in few.get(f"/w/{crowd.one.workspace.slug}/").content.decode()
