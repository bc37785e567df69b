"""The availability page, a member's own and as administrators see it."""

from datetime import date, timedelta

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import EVIL, NOW
from treff.availability import actions
from treff.availability.actions import TimeOff
from treff.availability.models import BusyFeed, BusyTime, Schedule
from treff.booking_types.models import BookingType, TypeHost
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = pytest.mark.usefixtures("november")
OWN = "/w/nordlicht/availability/"
TODAY = date(2026, 11, 23)
WEEK = {f"day-{day}-{side}": [] for day in range(7) for side in ("from", "until")}


def of(member: Member) -> str:
    return f"/w/nordlicht/admin/members/{member.public_id}/availability/"


def weekly(member: Member) -> list[list[list[int]]]:
    found: list[list[list[int]]] = Schedule.objects.get(member=member).weekly
    return found


def monday(*spans: tuple[str, str], **more: str | list[str]) -> dict[str, str | list[str]]:
    return {**WEEK, "day-0-from": [a for a, _b in spans], "day-0-until": [b for _a, b in spans], **more}


def test_everybody_finds_their_own_page_in_the_menu(browser: Client) -> None:
    page = browser.get("/w/nordlicht/").content.decode()
    assert f'href="{OWN}"' in page
    assert 'value="09:00"' in browser.get(OWN).content.decode()


def test_hours_are_saved_over_midnight_too_and_a_word_says_so(browser: Client, rita: Member) -> None:
    answer = browser.post(f"{OWN}hours/", monday(("09:00", "12:00"), ("22:00", "02:00"), ("", "")), follow=True)
    page = answer.content.decode()
    assert "Saved: Monday 09:00–17:00 → 09:00–12:00, 22:00–02:00; Tuesday 09:00–17:00 → –;" in page
    assert weekly(rita) == [[[540, 720], [1320, 1560]], *[[]] * 6]


def test_what_is_wrong_stands_beside_its_day_and_nothing_typed_is_lost(browser: Client, rita: Member) -> None:
    answer = browser.post(f"{OWN}hours/", monday(("09:00", "12:00"), ("11:15", "13:00")))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "These times overlap." in page
    assert 'value="11:15"' in page
    assert 'id="weekly-day-0_error"' in page
    assert not Schedule.objects.filter(member=rita).exists()


@pytest.mark.parametrize(
    ("button", "rows"), [({"add": "day-0"}, 2), ({"remove": "day-0:0"}, 0), ({"remove": "day-0:7"}, 1)]
)
def test_without_scripts_buttons_add_and_remove_rows_and_save_nothing(
    browser: Client, rita: Member, button: dict[str, str], rows: int
) -> None:
    answer = browser.post(f"{OWN}hours/", monday(("08:20", "12:00"), **button))
    assert answer.status_code == 200
    shown = answer.content.decode().split("<template>")[0]  # of Monday
    assert shown.count('name="day-0-from"') == rows
    assert not Schedule.objects.filter(member=rita).exists()


def test_the_hours_of_a_day_are_copied_to_others(browser: Client, rita: Member) -> None:
    order = monday(("08:00", "09:00"), **{"copy": "0", "copy-0": ["2", "6"], "copy-1": ["3"]})
    page = browser.post(f"{OWN}hours/", order, follow=True).content.decode()
    assert "Those of Monday hold on these days as well: Wednesday, Sunday." in page
    assert weekly(rita) == [[[480, 540]], [], [[480, 540]], [], [], [], [[480, 540]]]


def test_days_with_other_hours_come_and_go(browser: Client, rita: Member) -> None:
    order = {"first": "2026-12-01", "last": "2026-12-03", "kind": "hours", "hours-from": ["10:00", ""]}
    page = browser.post(f"{OWN}override/", {**order, "hours-until": ["11:30", ""]}, follow=True).content.decode()
    assert "10:00–11:30" in page
    browser.post(f"{OWN}override/", {"first": "2026-12-24", "kind": "closed"})
    assert Schedule.objects.get(member=rita).overrides["2026-12-24"] == []
    browser.post(f"{OWN}override/remove/", {"first": "2026-12-01", "last": "2026-12-03"})
    assert list(Schedule.objects.get(member=rita).overrides) == ["2026-12-24"]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"first": "2026-12-01", "kind": "hours"}, "Please say from when to when."),
        ({"first": "2026-12-03", "last": "2026-12-01", "kind": "closed"}, "The last day is before the first."),
        ({"first": "never", "kind": "closed"}, "Enter a valid date."),
    ],
)
def test_days_that_make_no_sense_are_refused_in_words(browser: Client, order: dict[str, str], words: str) -> None:
    answer = browser.post(f"{OWN}override/", order)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)


def test_appointments_in_new_time_off_stay_and_are_listed(browser: Client, rita: Member) -> None:
    appointment = house.appointment(rita, start_at=house.later(3, 10), provider="none", title="Roof survey")
    answer = browser.post(f"{OWN}time-off/", {"first": "2026-11-26", "note": "Skiing"}, follow=True)
    page = answer.content.decode()
    assert "The time off is saved." in page
    assert "1 upcoming appointment lies outside these hours" in page
    assert "Roof survey" in page
    appointment.refresh_from_db()
    assert appointment.status == "booked"
    (row,) = BusyTime.objects.all()
    browser.post(f"{OWN}time-off/remove/", {"id": row.public_id})
    assert not BusyTime.objects.exists()


def test_a_zone_and_holidays_are_saved_and_a_region_of_another_country_is_forgotten(
    browser: Client, rita: Member
) -> None:
    assert "America/Vancouver" in browser.post(
        f"{OWN}time-zone/", {"time_zone": "America/Vancouver"}, follow=True
    ).content.decode().replace(" ", "")
    browser.post(f"{OWN}holidays/", {"country": "DE", "region": "BY"})
    browser.post(f"{OWN}holidays/", {"country": "AT", "region": "BY"})
    found = Schedule.objects.get(member=rita)
    assert (found.holidays_country, found.holidays_region) == ("AT", "")


def test_a_calendar_is_added_shown_by_its_host_only_and_removed_after_a_question(browser: Client, rita: Member) -> None:
    order = {"address": "webcal://calendar.example.com/private-8f3/basic.ics", "policy": "closed"}
    page = browser.post(f"{OWN}feed/", order, follow=True).content.decode()
    assert "calendar.example.com" in page
    assert "private-8f3" not in page
    feed = BusyFeed.objects.get(member=rita)
    remove = f"{OWN}calendars/{feed.public_id}/remove/"
    assert "Remove this calendar?" in browser.get(remove).content.decode()
    assert BusyFeed.objects.exists()
    browser.post(remove)
    assert not BusyFeed.objects.exists()


@pytest.mark.attack("A-064")
def test_a_refused_address_stays_as_typed_with_its_reason(browser: Client) -> None:
    answer = browser.post(f"{OWN}feed/", {"address": "https://169.254.169.254/latest", "policy": "open"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This host cannot be reached from the internet." in page
    assert 'value="https://169.254.169.254/latest"' in page


@pytest.mark.fault("F-140")
def test_a_banner_says_when_nothing_is_offered_because_of_a_calendar(browser: Client, rita: Member) -> None:
    feed = actions.add_feed(house.scope(rita), rita.public_id, "https://calendar.example.com/x", "closed")
    words = "Nothing is offered at the moment: the calendar of calendar.example.com"
    assert words not in browser.get(OWN).content.decode()
    BusyFeed.objects.filter(pk=feed.pk).update(read_at=NOW - timedelta(hours=25), trouble="unreachable")
    page = browser.get(OWN).content.decode()
    assert words in page
    assert "The calendar could not be reached." in page
    read = f"{OWN}calendars/{feed.public_id}/read/"
    assert "The calendar is being read." in browser.post(read, follow=True).content.decode()
    BusyFeed.objects.filter(pk=feed.pk).update(tried_at=clock.now())
    assert "Please wait a moment." in browser.post(read, follow=True).content.decode()


def test_a_day_without_free_times_is_explained(browser: Client, rita: Member) -> None:
    kind = BookingType.objects.create(
        workspace=rita.workspace, slug="demo", title="Demo", duration=timedelta(hours=1), provider="none"
    )
    TypeHost.objects.create(booking_type=kind, member=rita)
    actions.add_time_off(house.scope(rita), rita.public_id, TimeOff(TODAY, TODAY, 0, 15 * 60))
    secret = house.appointment(
        rita, start_at=house.later(0, 14), duration=timedelta(hours=2), title="Secret", provider="none"
    )
    page = browser.get(f"{OWN}?kind=demo&day=2026-11-23").content.decode()
    steps = page.split('id="steps"')[1].split("</ol>")[0]
    assert "Hours of this day: 09:00–17:00." in steps
    assert "Time off: 00:00–15:00." in steps
    assert "Appointments (1, with their buffers): 15:00–17:00." in steps
    assert secret.title not in steps
    assert "0 left" in steps
    assert "Enter a valid date." in browser.get(f"{OWN}?kind=demo&day=x").content.decode()


def test_administrators_edit_everybodys_hours_and_copy_them(ada: Member, rita: Member) -> None:
    admin = house.client_of(ada)
    assert f'href="{of(rita)}"' in admin.get("/w/nordlicht/admin/members/").content.decode()
    assert "Availability of Rita Rep" in admin.get(of(rita)).content.decode()
    answer = admin.post(f"{of(rita)}hours/", monday(("07:00", "08:00")))
    assert answer.headers["Location"].startswith(of(rita))
    assert weekly(rita)[0] == [[420, 480]]
    page = admin.post(f"{of(rita)}copy/", {"members": [ada.public_id]}, follow=True).content.decode()
    assert "These weekly hours hold for Ada Admin as well." in page
    assert weekly(ada)[0] == [[420, 480]]


def test_reps_neither_see_nor_change_hours_of_others(browser: Client, ada: Member) -> None:
    assert browser.get(of(ada)).status_code == 403
    assert browser.post(f"{of(ada)}hours/", WEEK).status_code == 403
    assert "Copy these hours to colleagues" not in browser.get(OWN).content.decode()
    assert browser.post(f"{OWN}copy/", {"members": [ada.public_id]}).status_code in (403, 422)
    assert not Schedule.objects.exists()


def test_notes_are_shown_as_they_are_and_never_run(browser: Client, rita: Member) -> None:
    actions.add_time_off(house.scope(rita), rita.public_id, TimeOff(TODAY, TODAY, note=EVIL))
    page = browser.get(OWN).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_is_german_for_germans(place: object, rita: Member) -> None:
    rita.user.locale = "de"
    rita.user.save()
    page = house.client_of(rita).get(OWN, headers={"Accept-Language": "de"}).content.decode()
    for words in ("Wochenzeiten", "Montag", "Deutschland", "Warum ist nichts frei?"):
        assert words in page
