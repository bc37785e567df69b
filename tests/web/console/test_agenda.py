"""The calendar: whose and which days it shows, and that what is dragged is moved, or told why not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.audit.models import AuditEntry
from treff.availability.models import BusyTime
from treff.availability.states import Source
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
PAGE = "/w/nordlicht/appointments/calendar/"
START = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # nine o'clock in Berlin
WEEK = {"from": "2026-11-30", "until": "2026-12-07"}


def read(browser: Client, **query: Any) -> list[dict[str, Any]]:
    answer = browser.get(f"{PAGE}entries/", {**WEEK, **query})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [entry for entry in found if entry["kind"] == kind]


def titles(found: list[dict[str, Any]]) -> list[str]:
    return [entry["title"] for entry in of_kind(found, "appointment")]


def drag(browser: Client, appointment: Appointment, **changes: str) -> Any:
    values = {"date": "2026-12-01", "time": "09:00", "duration_minutes": "45", "version": str(appointment.generation)}
    return browser.post(f"/w/nordlicht/appointments/{appointment.public_id}/move/", {**values, **changes})


@pytest.fixture
def appointment(rita: Member) -> Appointment:
    return house.appointment(rita, start_at=START, title="Roof visit", provider="none")


def test_it_shows_ones_own_those_of_chosen_people_or_all(browser: Client, ada: Member, rita: Member) -> None:
    for by in (rita, ada, house.owner(rita.workspace)):
        house.appointment(by, start_at=START, title=f"of {by}")
    assert titles(read(browser)) == titles(read(browser, who="me")) == ["of Rita Rep"]
    assert titles(read(browser, who=[ada.public_id])) == ["of Ada Admin"]
    assert titles(read(browser, who=["me", ada.public_id])) == ["of Rita Rep", "of Ada Admin"]
    assert titles(read(browser, who="all")) == ["of Rita Rep", "of Ada Admin", "of Olivia Owner"]
    assert titles(read(browser, who="mem_0000")) == ["of Rita Rep"]


def test_nothing_of_another_workspace_is_shown_nor_moved(browser: Client, appointment: Appointment) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    theirs = house.appointment(stranger, start_at=START, title="Their secret")
    add_off(stranger)
    for who in ("all", stranger.public_id):
        found = read(browser, who=who)
        assert titles(found) == ["Roof visit"]
        assert of_kind(found, "off") == []
        assert "Their secret" not in browser.get(PAGE, {"who": who, "date": "2026-12-01"}).content.decode()
    assert drag(browser, theirs, time="11:00").status_code == 404
    theirs.refresh_from_db()
    assert theirs.start_at == START


def test_times_are_wall_times_of_the_readers_zone(browser: Client, appointment: Appointment, rita: Member) -> None:
    Member.objects.filter(pk=rita.pk).update(time_zone="America/New_York")
    (entry,) = of_kind(read(browser), "appointment")
    assert (entry["start"], entry["end"]) == ("2026-12-01T03:00:00", "2026-12-01T03:45:00")
    assert "Times are in America/New_York." in browser.get(PAGE).content.decode()


def test_what_is_cancelled_is_not_shown_and_what_is_over_cannot_be_dragged(browser: Client, rita: Member) -> None:
    gone = house.appointment(rita, start_at=START + timedelta(hours=3), title="Gone")
    cancel(house.scope(rita), gone.public_id)
    house.appointment(rita, start_at=START, title="Begun")
    house.appointment(rita, start_at=START + timedelta(hours=5), title="Later")
    with clock.at(START + timedelta(minutes=5)):
        found = of_kind(read(browser), "appointment")
    assert [(entry["title"], bool(entry["move_url"])) for entry in found] == [("Begun", False), ("Later", True)]


def add_off(who: Member) -> None:
    """The third of December in Berlin."""
    day = datetime(2026, 12, 2, 23, 0, tzinfo=UTC)
    busy = (day, day + timedelta(days=1))
    BusyTime.objects.create(
        workspace=who.workspace, member=who, source=Source.TIME_OFF, busy=busy, note="At the doctor's"
    )


def test_time_off_is_shown_and_taken_out_of_the_working_hours(browser: Client, rita: Member) -> None:
    add_off(rita)
    found = read(browser)
    (off,) = of_kind(found, "off")
    assert (off["start"], off["end"], off["all_day"], off["title"]) == ("2026-12-03", "2026-12-04", True, "Time off")
    days = ["2026-11-30", "2026-12-01", "2026-12-02", "2026-12-04"]
    assert [(hours["start"], hours["end"]) for hours in of_kind(found, "hours")] == [
        (f"{day}T09:00:00", f"{day}T17:00:00") for day in days
    ]


def test_why_a_colleague_is_off_is_their_own_affair(browser: Client, ada: Member) -> None:
    add_off(ada)
    answer = browser.get(f"{PAGE}entries/", {**WEEK, "who": "all"})
    assert "Ada Admin: Time off" in answer.content.decode()
    assert "doctor" not in answer.content.decode() + browser.get(PAGE, {**WEEK, "who": "all"}).content.decode()


def test_without_scripts_it_is_a_list_of_the_week(browser: Client, appointment: Appointment, rita: Member) -> None:
    add_off(rita)
    text = browser.get(PAGE, {"date": "2026-12-04"}).content.decode()
    assert [day.label for day in browser.get(PAGE, {"date": "2026-12-04"}).context["days"]][::6] == [
        "Monday, 30 November",
        "Sunday, 6 December",
    ]
    assert "Roof visit" in text
    assert "Time off" in text
    assert "?who=me&amp;date=2026-12-07" in text
    assert browser.get(PAGE, {"date": "never", "view": "year"}).status_code == 200


@pytest.mark.parametrize(
    "days",
    [{"from": "2026-11-01", "until": "2026-12-14"}, {"from": "2026-12-01", "until": "2026-12-01"}, {"from": "x"}],
)
def test_more_than_six_weeks_or_no_days_are_refused_in_a_sentence(days: dict[str, str], browser: Client) -> None:
    answer = browser.get(f"{PAGE}entries/", days)
    assert (answer.status_code, answer.json()) == (422, {"said": "Please ask for one to 7 days."})


def test_many_appointments_take_no_more_statements_than_one(browser: Client, rita: Member, ada: Member) -> None:
    def statements(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(url, {**WEEK, "date": "2026-12-01", "who": "all"}).status_code == 200
        return len(captured)

    house.appointment(rita, start_at=START)
    before = [statements(PAGE), statements(f"{PAGE}entries/")]
    for number in range(1, 6):
        house.appointment(rita, start_at=START + timedelta(hours=number))
        house.appointment(ada, start_at=START + timedelta(hours=number))
        add_off(ada)
    assert [statements(PAGE), statements(f"{PAGE}entries/")] == before


def test_what_is_dragged_is_moved_by_the_readers_clock(browser: Client, appointment: Appointment) -> None:
    answer = drag(browser, appointment, date="2026-12-02", time="10:30", duration_minutes="60")
    assert (answer.status_code, answer.json()["said"]) == (200, "Saved. The appointment is on 2 Dec 2026, 10:30.")
    appointment.refresh_from_db()
    assert appointment.start_at == datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
    assert appointment.duration == timedelta(hours=1)
    assert AuditEntry.objects.order_by("-id")[0].deed == "appointment.rescheduled"


def test_lengthening_in_an_hour_that_clocks_show_twice_does_not_move(browser: Client, rita: Member) -> None:
    second = datetime(2027, 10, 31, 1, 15, tzinfo=UTC)  # 02:15 in Berlin, for the second time
    made = house.appointment(rita, start_at=second, provider="none")
    answer = drag(browser, made, date="2027-10-31", time="02:15", duration_minutes="60")
    assert answer.status_code == 200
    made.refresh_from_db()
    assert (made.start_at, made.duration) == (second, timedelta(hours=1))


def test_a_time_that_is_taken_is_told_and_nothing_moves(
    browser: Client, appointment: Appointment, rita: Member
) -> None:
    house.appointment(rita, start_at=START + timedelta(hours=2))
    answer = drag(browser, appointment, time="11:00")
    assert answer.status_code == 409
    assert answer.json()["said"].startswith("The host already has an appointment at this time.")
    appointment.refresh_from_db()
    assert (appointment.start_at, appointment.generation) == (START, 1)


def test_what_somebody_else_has_just_moved_stays_where_they_put_it(
    browser: Client, appointment: Appointment, ada: Member
) -> None:
    amend(house.scope(ada), appointment.public_id, Amendment(start_at=START + timedelta(hours=4)))
    answer = drag(browser, appointment, time="11:00")
    assert answer.status_code == 409
    assert answer.json()["said"].startswith("Somebody changed this appointment in the meantime.")
    appointment.refresh_from_db()
    assert appointment.start_at == START + timedelta(hours=4)


def test_what_has_begun_and_what_is_no_time_are_told(browser: Client, appointment: Appointment) -> None:
    assert drag(browser, appointment, time="late").json()["said"]
    gap = drag(browser, appointment, date="2027-03-28", time="02:30")
    assert (gap.status_code, "clocks jump forward" in gap.json()["said"]) == (422, True)
    with clock.at(START + timedelta(minutes=5)):
        begun = drag(browser, appointment, time="11:00")
    assert (begun.status_code, "has begun or is over" in begun.json()["said"]) == (409, True)


def test_who_drags_reads_before_what_becomes_of_it(browser: Client, rita: Member, place: Workspace) -> None:
    house.appointment(rita, start_at=START, provider="zoom")
    (entry,) = of_kind(read(browser), "appointment")
    assert entry["notes"] == [
        "The same meeting moves along; its link stays the same.",
        "Everyone invited gets the new time by email.",
    ]
    assert (entry["label"], entry["tone"], entry["changing"]) == ("Being brought in line", "info", True)
    Workspace.objects.filter(pk=place.pk).update(confirmation_mails=False)
    assert len(of_kind(read(browser), "appointment")[0]["notes"]) == 1


def test_a_free_time_leads_to_a_lead_and_then_to_the_form_with_that_time(
    browser: Client, rita: Member, ada: Member
) -> None:
    lena = house.lead(rita, name="Lena Lead")
    chosen = {"date": "2026-12-03", "time": "14:30", "host": ada.public_id}
    answer = browser.get(f"{PAGE}book/", chosen)
    assert "Thursday, 3 December, 14:30 (Europe/Berlin)" in answer.content.decode()
    (found,) = answer.context["leads"]
    assert found.name == lena.name
    form = browser.get(found.url).context["form"]
    values = {name: str(form[name].value()) for name in ("date", "time", "host")}
    assert values == {"date": "2026-12-03", "time": "14:30:00", "host": ada.public_id}
    assert [each.name for each in browser.get(f"{PAGE}book/", {**chosen, "q": "nobody"}).context["leads"]] == []
    (late,) = browser.get(f"{PAGE}book/", {"date": "soon", "time": "99"}).context["leads"]
    assert browser.get(late.url).status_code == 200


def test_the_list_leads_to_the_calendar_and_back(browser: Client) -> None:
    assert f'href="{PAGE}"' in browser.get("/w/nordlicht/appointments/").content.decode()
    assert 'href="/w/nordlicht/appointments/?tab=upcoming"' in browser.get(PAGE).content.decode()
