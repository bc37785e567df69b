"""The weeks in numbers, on the day's page."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house
from tests.web.console.november import NOW, TODAY
from treff.appointments import no_shows
from treff.appointments.actions import cancel
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


def booked(host: Member, start_at: datetime, minutes: int = 30) -> Appointment:
    with clock.at(NOW - timedelta(days=30)):
        return house.appointment(host, start_at=start_at, duration=timedelta(minutes=minutes), provider="none")


def tables_of(browser: Client) -> dict[str, dict[str, list[int]]]:
    """By caption, then by the line's label: the numbers."""
    numbers: Any = browser.get(TODAY).context["numbers"]
    return {
        table.caption: {line.label: [cell.number for cell in line.cells] for line in table.lines}
        for table in numbers.tables
    }


def test_both_weeks_are_counted_and_an_administrator_sees_who_and_from_where(ada: Member, rita: Member) -> None:
    early = NOW - timedelta(hours=3)
    booked(rita, early)
    no_shows.mark(house.scope(rita), booked(rita, early + timedelta(hours=1)).public_id)
    cancel(house.scope(rita), booked(rita, NOW + timedelta(days=2)).public_id)
    by_client = booked(ada, NOW + timedelta(days=6))
    Appointment.objects.filter(pk=by_client.pk).update(source="client")
    booked(ada, NOW - timedelta(days=3))
    assert tables_of(house.client_of(ada)) == {
        "Both weeks": {"This week": [4, 1, 1, 1], "The week before": [1, 1, 0, 0]},
        "This week, by host": {"Rita Rep": [3, 1, 1, 1], "Ada Admin": [1, 0, 0, 0]},
        "This week, by source": {
            "Booked by the team": [3, 1, 1, 1],
            "Booked on the booking page": [1, 0, 0, 0],
        },
    }


def test_a_rep_sees_their_own_numbers(browser: Client, ada: Member, rita: Member) -> None:
    booked(rita, NOW + timedelta(days=1))
    booked(ada, NOW + timedelta(days=1))
    assert tables_of(browser) == {
        "Both weeks": {"This week": [1, 0, 0, 0], "The week before": [0, 0, 0, 0]},
        "This week, by source": {"Booked by the team": [1, 0, 0, 0]},
    }
    assert "Your numbers of the week" in browser.get(TODAY).content.decode()


def test_the_week_starts_on_monday_where_the_reader_is(browser: Client, rita: Member) -> None:
    sunday_evening = datetime.fromisoformat("2026-11-22T11:30+00:00")  # half past midnight on Monday in Auckland
    booked(rita, sunday_evening, minutes=15)
    assert tables_of(browser)["Both weeks"] == {"This week": [0, 0, 0, 0], "The week before": [1, 1, 0, 0]}
    Member.objects.filter(pk=rita.pk).update(time_zone="Pacific/Auckland")
    assert tables_of(browser)["Both weeks"] == {"This week": [1, 1, 0, 0], "The week before": [0, 0, 0, 0]}


def test_a_new_workspace_is_told_that_there_are_none(browser: Client, ada: Member) -> None:
    for reader in (browser, house.client_of(ada)):
        assert tables_of(reader) == {}
        assert "No numbers yet" in reader.get(TODAY).content.decode()
    german = browser.get(TODAY, headers={"Accept-Language": "de"}).content.decode()
    assert "Noch keine Zahlen" in german


def test_each_number_stands_in_a_table_with_its_headings(browser: Client, rita: Member) -> None:
    booked(rita, NOW + timedelta(days=1))
    text = browser.get(TODAY).content.decode()
    assert '<th scope="row">This week</th>' in text
    assert '<th scope="col">Held</th>' in text
    assert '<rect width="100" height="8"/>' in text


def test_more_appointments_take_no_more_statements(ada: Member, rita: Member) -> None:
    browser, counts = house.client_of(ada), []
    booked(rita, NOW - timedelta(hours=1))
    for many in (1, 49):
        for _ in range(many):
            # All are over, so that the lists above the numbers stay as they are.
            booked(rita, NOW - timedelta(hours=10 + Appointment.objects.count()))
        with CaptureQueriesContext(connection) as captured:
            assert tables_of(browser)["Both weeks"]["The week before"][0] == Appointment.objects.count() - 1
        counts.append(len(captured))
    assert counts[0] == counts[1]
