"""What a calendar program gets at a secret address: those appointments that its member may see, and nothing else."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import vobject
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from tests import house
from tests.web.public.conftest import NOW
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment, CoHost
from treff.appointments.ports import Amendment
from treff.appointments.states import Status
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.people.actions import edit_lead
from treff.web.public import limits
from treff.workspaces.actions import create_calendar_address, revoke_calendar_address
from treff.workspaces.models import Member, User, Workspace
from treff.workspaces.states import Reach, Role

pytestmark = pytest.mark.django_db
LINK = "https://zoom.example/j/123?pwd=x"


@pytest.fixture
def ada(place: Workspace) -> Member:
    return house.admin(place, name="Ada Admin")


def url(token: Secret) -> str:
    return f"/calendars/{token.reveal()}.ics"


def subscribe(member: Member, reach: Reach = Reach.OWN) -> str:
    return url(create_calendar_address(house.scope(member), reach))


def fetch(address: str, **headers: str) -> Any:
    return Client().get(address, headers=headers)


def events(address: str) -> dict[str, Any]:
    """By summary; read by two programs, which agree on how many there are and what they are called."""
    answer = fetch(address)
    assert answer.status_code == 200
    found = {str(event["summary"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}
    again = vobject.readOne(io.StringIO(answer.content.decode()))
    again.validate(raiseException=True)
    assert {event.summary.value for event in again.contents.get("vevent", [])} == set(found)
    return found


def booked(by: Member, title: str, **values: Any) -> Appointment:
    return house.appointment(by, title=title, **{"start_at": house.later(3), **values})


def test_it_is_a_calendar_that_nobody_else_keeps_and_that_tells_no_address(anna: Member) -> None:
    booked(anna, "Roof")
    answer = fetch(subscribe(anna))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["ETag"])
    assert not answer.cookies
    assert "Cookie" not in answer.headers["Vary"]
    assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032")
def test_a_member_sees_what_they_host_and_an_administrator_all_of_their_own_workspace(
    place: Workspace, anna: Member, ada: Member
) -> None:
    elsewhere = house.workspace("elsewhere")
    stranger = house.owner(elsewhere)
    booked(anna, "Of Anna", start_at=house.later(3, 9))
    booked(ada, "Of Ada", start_at=house.later(3, 11))
    booked(stranger, "Of strangers")
    together = booked(ada, "Together", start_at=house.later(3, 14))
    CoHost.objects.create(appointment=together, member=anna)
    assert set(events(subscribe(anna))) == {"Of Anna – Lena Lead", "Together – Lena Lead"}
    everything = set(events(subscribe(ada, Reach.WORKSPACE)))
    assert everything == {
        "Of Anna – Lena Lead (Anna Albers)",
        "Of Ada – Lena Lead (Ada Admin)",
        "Together – Lena Lead (Ada Admin)",
    }
    assert set(events(subscribe(stranger))) == {"Of strangers – Lena Lead"}


def test_it_shows_a_month_back_and_all_that_can_be_booked_but_nothing_deleted(anna: Member) -> None:
    for days, title in ((-31, "too long ago"), (-29, "lately"), (1, "soon"), (730, "far ahead")):
        row = booked(anna, title, start_at=house.later(50 + days % 7))
        Appointment.objects.filter(pk=row.pk).update(start_at=NOW + timedelta(days=days))
    gone = booked(anna, "deleted", start_at=house.later(7))
    called_off = booked(anna, "cancelled", start_at=house.later(8))
    waiting = booked(anna, "waiting", start_at=house.later(9))
    newer = booked(anna, "of a newer version", start_at=house.later(10))
    appointments.delete(house.scope(anna), gone.public_id)
    appointments.cancel(house.scope(anna), called_off.public_id)
    Appointment.objects.filter(pk=waiting.pk).update(status=Status.REQUESTED)
    Appointment.objects.filter(pk=newer.pk).update(status="postponed")
    found = {summary.partition(" – ")[0]: str(event["status"]) for summary, event in events(subscribe(anna)).items()}
    assert found == {
        "lately": "CONFIRMED",
        "soon": "CONFIRMED",
        "far ahead": "CONFIRMED",
        "cancelled": "CANCELLED",
        "waiting": "TENTATIVE",
    }


def test_who_has_it_already_is_told_so_until_something_changes(anna: Member) -> None:
    address = subscribe(anna)
    scope = house.scope(anna)
    seen = [fetch(address).headers["ETag"]]

    def changed() -> str:
        answer = fetch(address, if_none_match=seen[-1])
        assert answer.status_code == 200
        assert answer.headers["ETag"] != seen[-1]
        seen.append(answer.headers["ETag"])
        again = fetch(address, if_none_match=seen[-1])
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["ETag"], again.headers["Cache-Control"]) == (seen[-1], "private, no-cache")
        return answer.content.decode().replace("\r\n ", "")

    row = booked(anna, "Roof")
    assert "SUMMARY:Roof" in changed()
    appointments.amend(scope, row.public_id, Amendment(start_at=house.later(4)))
    assert "SEQUENCE:1" in changed()
    appointments.record_join_link(row.pk, "123", LINK)
    assert f"LOCATION:{LINK}" in changed()
    edit_lead(scope, row.lead.public_id, {"name": "Lina Lead"})
    assert "Lina Lead" in changed()
    appointments.cancel(scope, row.public_id)
    assert "STATUS:CANCELLED" in changed()
    appointments.delete(scope, row.public_id)
    assert "VEVENT" not in changed()
    with clock.at(NOW + timedelta(days=1)):
        changed()


def test_a_day_is_shown_until_it_ends(anna: Member) -> None:
    row = booked(anna, "Early")
    Appointment.objects.filter(pk=row.pk).update(start_at=NOW.replace(hour=0) - timedelta(days=30))
    address = subscribe(anna)
    before = fetch(address).headers["ETag"]
    assert len(events(address)) == 1
    with clock.at(NOW.replace(hour=23, minute=59)):
        assert fetch(address, if_none_match=before).status_code == 304
    with clock.at(NOW.replace(hour=0) + timedelta(days=1)):
        assert fetch(address).headers["ETag"] != before
        assert events(address) == {}


def test_appointments_of_others_change_nothing(anna: Member, ada: Member) -> None:
    address = subscribe(anna)
    before = fetch(address).headers["ETag"]
    booked(ada, "Of Ada")
    assert fetch(address, if_none_match=before).status_code == 304


@pytest.mark.attack("A-001")
def test_looking_changes_nothing_and_heads_are_answered(anna: Member) -> None:
    booked(anna, "Roof")
    address = subscribe(anna)
    before = rows()
    full = fetch(address)
    head = Client().head(address)
    assert (head.status_code, head.headers["ETag"], head.content) == (200, full.headers["ETag"], b"")
    assert Client().post(address).status_code == 405
    assert rows() == before


def rows() -> dict[str, Any]:
    models = [model for model in apps.get_models() if model._meta.managed]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}


def revoked(anna: Member) -> None:
    revoke_calendar_address(house.scope(anna), Reach.OWN)


def replaced(anna: Member) -> None:
    create_calendar_address(house.scope(anna), Reach.OWN)


def left(anna: Member) -> None:
    Member.objects.filter(pk=anna.pk).update(is_active=False)


def locked_out(anna: Member) -> None:
    User.objects.filter(pk=anna.user.pk).update(is_active=False)


def of_a_newer_role(anna: Member) -> None:
    Member.objects.filter(pk=anna.pk).update(role="auditor")


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032", "A-043")
@pytest.mark.parametrize("end", [revoked, replaced, left, locked_out, of_a_newer_role])
def test_an_address_that_ended_is_like_any_that_never_was(anna: Member, end: Callable[[Member], None]) -> None:
    booked(anna, "Roof")
    address = subscribe(anna)
    etag = fetch(address).headers["ETag"]
    end(anna)
    never = fetch(f"/calendars/{'x' * 43}.ics")
    for answer in (fetch(address), fetch(address, if_none_match=etag)):
        assert (answer.status_code, answer.content) == (404, never.content)
        assert "ETag" not in answer.headers
    assert fetch("/calendars/short.ics").content == never.content


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032")
def test_who_is_no_administrator_any_more_sees_only_their_own(anna: Member, ada: Member) -> None:
    booked(anna, "Of Anna")
    own, everything = subscribe(ada), subscribe(ada, Reach.WORKSPACE)
    assert len(events(everything)) == 1
    Member.objects.filter(pk=ada.pk).update(role=Role.REP)
    assert fetch(everything).status_code == 404
    assert events(own) == {}


@pytest.mark.attack("A-043")
def test_who_tries_many_addresses_is_sent_away_for_an_hour(anna: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRONG_TOKENS", 3)
    wrong = [fetch(f"/calendars/{'x' * 20}{number}.ics").status_code for number in range(10, 15)]
    assert wrong == [404, 404, 404, 403, 403]
    assert fetch(subscribe(anna)).status_code == 200


@pytest.mark.parametrize("reach", Reach)
def test_many_appointments_take_no_more_statements_than_one(anna: Member, ada: Member, reach: Reach) -> None:
    address = subscribe(ada, reach)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert fetch(address).status_code == 200
        return len(captured)

    for number in range(12):
        row = booked(ada, f"Roof {number}", start_at=house.later(3 + number))
        CoHost.objects.create(appointment=row, member=anna)
        assert statements() == 2


def test_what_people_typed_cannot_make_an_appointment(anna: Member) -> None:
    row = booked(anna, "Roof")
    text = "a;b,c\\d\r\nEND:VEVENT\r\nBEGIN:VEVENT\nSUMMARY:smuggled 👩‍👩‍👧‍👦 \u202eمرحبا 𝔘"
    Appointment.objects.filter(pk=row.pk).update(title=text)
    (summary,) = events(subscribe(anna))
    assert summary == f"{text} – Lena Lead".replace("\r\n", "\n")
