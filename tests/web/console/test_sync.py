"""Meetings in step: what administrators see of those that are not, by cause, and how they have them tried again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house
from tests.web.console.conftest import connect
from tests.web.console.november import EVIL, NOW, TODAY, page
from tests.web.console.paper_zoom import ACCESS_TOKEN, IDENTITY, PASSCODE, START_URL, PaperZoom
from treff.appointments.actions import amend, cancel, delete
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing import reconcile
from treff.conferencing.errors import Ambiguous, GrantLost, Refused, Throttled, Transient
from treff.conferencing.grants import mark_lost
from treff.conferencing.models import Grant, Meeting
from treff.conferencing.states import Reason, Sync
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
SYNC = "/w/nordlicht/admin/appointments/sync/"


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


def booked(by: Member, days: int, **values: Any) -> Appointment:
    return house.appointment(by, start_at=NOW + timedelta(days=days), **values)


def tried(zoom: PaperZoom, trouble: Exception | None, *appointments: Appointment) -> None:
    zoom.trouble = trouble  # type: ignore[assignment]
    for appointment in appointments:
        reconcile.look(appointment.pk)
    zoom.trouble = None


def groups(browser: Client, url: str = SYNC) -> list[tuple[str, int, list[tuple[str, str]]]]:
    """By cause: how many in all, and of each on this page its title and when it is tried next."""
    found = browser.get(url).context["groups"]
    return [(group.cause, group.count, [(row.title, row.next_try) for row in group.rows]) for group in found]


def test_where_all_meetings_match_the_page_says_so(browser: Client, rita: Member, connected: PaperZoom) -> None:
    tried(connected, None, booked(rita, 1))
    booked(rita, 2, provider="none")
    answer = browser.get(SYNC)
    assert "All meetings match" in answer.text
    assert "Nothing is left over." in answer.text
    counts = answer.context["counts"]
    assert (counts.in_step, counts.on_the_way, counts.waiting, counts.blocked) == (1, 0, 0, 0)


def test_what_is_not_in_step_stands_by_cause_with_the_worst_first_and_the_next_try_in_words(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    tried(connected, Transient("503", timedelta(minutes=5)), booked(rita, 1, title="Down"))
    tried(connected, Refused("300: no"), booked(rita, 3, title="Refused later"), booked(rita, 2, title="Refused"))
    tried(connected, None, booked(rita, 4, title="Fine"))
    booked(rita, 5, title="Fresh")
    tried(connected, Throttled("429", NOW + timedelta(hours=3)), booked(rita, 6, title="Full"))
    assert groups(browser) == [
        ("blocked:refused", 2, [("Refused", "24 Nov 2026, 09:00"), ("Refused later", "24 Nov 2026, 09:00")]),
        ("waiting:provider_down", 1, [("Down", "in 5 minutes")]),
        ("waiting:throttled", 1, [("Full", "23 Nov 2026, 12:00")]),
        ("pending:", 1, [("Fresh", "now")]),
    ]
    text = browser.get(SYNC).text
    for said in ("The video provider refused this meeting.", "300: no", "does not answer at the moment"):
        assert said in text
    assert "Fine" not in text


def test_for_want_of_an_account_the_cure_is_a_link_and_the_next_try_is_when_there_is_one(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    waits = booked(rita, 1, title="Waits")
    reconcile.look(waits.pk)
    assert groups(browser) == [("blocked:not_connected", 1, [("Waits", "as soon as an account is connected")])]
    (group,) = browser.get(SYNC).context["groups"]
    assert group.cure_url == "/w/nordlicht/admin/appointments/video-provider/"
    connect(ada)
    reconcile.look(waits.pk)
    assert groups(browser) == []


def test_every_cause_has_words_and_a_place_on_the_page(browser: Client, rita: Member, connected: PaperZoom) -> None:
    for number, reason in enumerate(list(Reason)):
        row = booked(rita, number + 1, title=f"Because {reason.value or 'nothing'}")
        state = Sync.BLOCKED if reason else Sync.PENDING
        Meeting.objects.create(appointment=row, provider="zoom", state=state, reason=reason, observed_generation=1)
    found = browser.get(SYNC).context["groups"]
    assert {group.cause for group in found} == {f"blocked:{reason.value}" for reason in Reason if reason} | {"pending:"}
    messages = [group.message for group in found]
    assert len(set(messages)) == len(messages) == len(Reason)
    assert all(messages)
    assert [group.cause for group in found if not group.can_look_again] == ["blocked:started"]
    german = house.client_of(house.admin(rita.workspace, locale="de"))
    german.cookies["django_language"] = "de"
    in_german = [group.message for group in german.get(SYNC).context["groups"]]
    assert not set(in_german) & set(messages)


def test_one_and_all_of_a_cause_are_tried_again_at_a_click(
    browser: Client, ada: Member, rita: Member, connected: PaperZoom
) -> None:
    refused = [booked(rita, day, title=f"Refused {day}") for day in (1, 2, 3)]
    tried(connected, Refused("300: no"), *refused)
    other = booked(rita, 4, title="Down")
    tried(connected, Transient("503", timedelta(minutes=5)), other)
    elsewhere = house.appointment(house.owner(house.workspace("elsewhere")), start_at=NOW + timedelta(days=1))
    far = Meeting.objects.create(
        appointment=elsewhere, provider="zoom", state="blocked", reason="refused", observed_generation=1
    )
    answer = browser.post(f"{page(refused[0])}meeting/look-again/", {"from": "sync"})
    assert answer["Location"] == SYNC
    assert due() == {"Refused 1"}
    answer = browser.post(f"{SYNC}look-again/", {"cause": "blocked:refused"}, follow=True)
    assert "3 appointments are being tried again now." in answer.text
    assert due() == {"Refused 1", "Refused 2", "Refused 3"}
    far.refresh_from_db()
    assert far.next_look_at is None
    tried(connected, None, *refused)
    assert groups(browser) == [("waiting:provider_down", 1, [("Down", "in 5 minutes")])]


def due() -> set[str]:
    found = Meeting.objects.filter(next_look_at__lte=clock.now())
    return set(found.values_list("appointment__title", flat=True))


@pytest.mark.parametrize("cause", ["", "blocked", "blocked:", "blocked:carrier pigeon", "lost:refused", "::", EVIL])
def test_a_cause_that_is_none_wakes_nobody(cause: str, browser: Client, rita: Member, connected: PaperZoom) -> None:
    tried(connected, Refused("300: no"), booked(rita, 1))
    answer = browser.post(f"{SYNC}look-again/", {"cause": cause}, follow=True)
    assert answer.status_code == 200
    assert due() == set()


def test_a_long_list_has_pages_that_go_on_within_a_cause(browser: Client, rita: Member, zoom: PaperZoom) -> None:
    lead = house.lead(rita)
    for number in range(60):
        row = booked(rita, number + 1, title=f"Nr {number:02}", lead=lead)
        state, reason = ("blocked", "refused") if number % 2 else ("waiting", "unsure")
        Meeting.objects.create(
            appointment=row,
            provider="zoom",
            state=state,
            reason=reason,
            observed_generation=1,
            next_look_at=NOW + timedelta(minutes=1),
        )
    first = browser.get(SYNC)
    assert [(group.cause, group.count, len(group.rows)) for group in first.context["groups"]] == [
        ("blocked:refused", 30, 30),
        ("waiting:unsure", 30, 20),
    ]
    second = browser.get(SYNC + first.context["next_url"])
    assert [(group.cause, group.count, len(group.rows)) for group in second.context["groups"]] == [
        ("waiting:unsure", 30, 10)
    ]
    titles = [row.title for answer in (first, second) for group in answer.context["groups"] for row in group.rows]
    assert len(set(titles)) == 60
    back = browser.get(SYNC + second.context["prev_url"])
    assert back.context["groups"] == first.context["groups"]


def test_the_page_asks_the_database_as_often_for_many_as_for_one(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(SYNC).status_code == 200
        return len(captured)

    tried(connected, Ambiguous("silence"), booked(rita, 1))
    browser.get(SYNC)
    few = asked()
    tried(connected, Ambiguous("silence"), *[booked(rita, day) for day in range(2, 6)])
    assert asked() == few


def test_a_removal_that_waits_is_listed_for_a_cancelled_and_for_a_deleted_one(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    off, gone = booked(rita, 1, title="Called off"), booked(rita, 2, title="Gone")
    tried(connected, None, off, gone)
    cancel(house.scope(rita), off.public_id)
    delete(house.scope(rita), gone.public_id)
    tried(connected, Transient("503", timedelta(minutes=5)), off, gone)
    (group,) = browser.get(SYNC).context["groups"]
    assert [(row.title, row.label, bool(row.url)) for row in group.rows] == [
        ("Called off", "Cancelled: meeting still to be removed", True),
        ("Gone", "Cancelled: meeting still to be removed", False),
    ]


def test_neither_account_nor_secret_nor_another_workspace_is_on_the_page(
    browser: Client, ada: Member, rita: Member, connected: PaperZoom
) -> None:
    tried(connected, Refused(f"300: {EVIL}"), booked(rita, 1, title=EVIL))
    linked = booked(rita, 2)
    tried(connected, None, linked)
    amend(house.scope(rita), linked.public_id, Amendment(start_at=NOW + timedelta(days=3)))
    house.appointment(house.owner(house.workspace("elsewhere")), start_at=NOW + timedelta(days=1), title="Foreign")
    text = browser.get(SYNC).text
    grant = Grant.objects.get()
    secrets = [PASSCODE, START_URL, ACCESS_TOKEN, grant.access_token, grant.account, IDENTITY.external_user_id]
    assert not [secret for secret in [*secrets, IDENTITY.email, "Foreign", "<script>alert"] if secret in text]


def test_today_and_the_doctor_lead_administrators_there_and_nobody_else(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    tried(connected, Refused("300: no"), *[booked(rita, day) for day in range(1, 9)])
    assert SYNC in [item.url for item in browser.get(TODAY).context["attention"]]
    assert f'href="{SYNC}"' in browser.get(TODAY).text
    assert SYNC not in house.client_of(rita).get(TODAY).text
    assert house.client_of(rita).get(TODAY).context["attention"][-1].url == "/w/nordlicht/appointments/"


# ---- the appointment's own page ----


def meeting_in(browser: Client, appointment: Appointment) -> Any:
    return browser.get(page(appointment)).context["meeting"]


def test_an_appointment_from_before_the_connection_says_so_and_offers_to_try(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    waits = booked(rita, 1)
    reconcile.look(waits.pk)
    assert meeting_in(browser, waits).message == "No video account is connected to this workspace."
    connect(ada)
    meeting = meeting_in(browser, waits)
    assert meeting.message == "An account is connected by now; this appointment was booked or changed before that."
    assert (meeting.cure_url, meeting.can_look_again) == ("", True)
    browser.post(f"{page(waits)}meeting/look-again/")
    reconcile.look(waits.pk)
    assert meeting_in(browser, waits).state == "in_step"


def test_a_change_says_since_when_it_is_on_its_way_and_what_zoom_still_shows(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    moved = booked(rita, 1)
    tried(connected, None, moved)
    assert (meeting_in(browser, moved).changing_since, meeting_in(browser, moved).synced_at) == (None, NOW)
    with clock.at(NOW + timedelta(minutes=10)):
        amend(house.scope(rita), moved.public_id, Amendment(start_at=NOW + timedelta(days=2)))
        meeting = meeting_in(browser, moved)
        assert meeting.changing_since == NOW + timedelta(minutes=10)
        assert meeting.shown_start_at == NOW + timedelta(days=1)
        assert not meeting.can_look_again
    with clock.at(NOW + timedelta(minutes=11)):
        meeting = meeting_in(browser, moved)
        assert (meeting.can_look_again, meeting.cure) == (
            True,
            "This takes longer than usual. You can have it tried now.",
        )
        assert "Change on its way since" in browser.get(page(moved)).text
        tried(connected, None, moved)
        meeting = meeting_in(browser, moved)
        assert (meeting.changing_since, meeting.shown_start_at, meeting.state) == (None, None, "in_step")
        assert meeting.synced_at == NOW + timedelta(minutes=11)


def test_a_refused_change_stands_as_a_change_on_its_way_with_the_next_try(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    moved = booked(rita, 1)
    tried(connected, None, moved)
    amend(house.scope(rita), moved.public_id, Amendment(start_at=NOW + timedelta(days=2)))
    with clock.at(NOW + timedelta(minutes=1)):
        tried(connected, Refused("300: no"), moved)
        meeting = meeting_in(browser, moved)
    assert meeting.label == "Zoom meeting could not be changed"
    assert (meeting.changing_since, meeting.next_try_at) == (NOW, NOW + timedelta(minutes=1, hours=24))


def test_one_without_video_says_that_this_was_chosen_and_who_can_change_it(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    bare = booked(rita, 1, provider="none")
    answer = browser.get(page(bare))
    assert answer.context["meeting"].message == (
        "This appointment has no video meeting. “No conferencing” was chosen for it."
    )
    assert "No Zoom account is connected." in answer.text
    assert 'id="meeting-cure" href="/w/nordlicht/admin/appointments/video-provider/"' in answer.text
    rep = house.client_of(rita).get(page(bare)).text
    assert "No Zoom account is connected. Olivia Owner or Ada Admin can connect one." in rep
    assert "meeting-cure" not in rep


def test_a_removal_that_is_stuck_is_not_called_a_creation(browser: Client, rita: Member, connected: PaperZoom) -> None:
    off = booked(rita, 1)
    tried(connected, None, off)
    cancel(house.scope(rita), off.public_id)
    grant = Grant.objects.get()
    mark_lost(grant.pk, grant.version, GrantLost(""))
    Meeting.objects.update(state="blocked", reason="key_unavailable", observed_generation=2, next_look_at=None)
    assert meeting_in(browser, off).label == "Zoom meeting could not be removed"
