"""All that a booking type can be, by the API."""

from typing import Any

import pytest

from tests import house
from tests.web.api.caller import body_of, fields_of
from tests.web.api.conftest import Place
from treff.booking_types.models import BookingType, TypeHost
from treff.workspaces.models import Member

TALK = {"slug": "first-talk", "title": "First talk", "duration_minutes": 30}
PATH = "/booking-types/first-talk"


def everything(host: Member) -> dict[str, Any]:
    """A value other than the default for each field."""
    return {
        "slug": "first-talk",
        "title": "First talk",
        "duration_minutes": 30,
        "provider": "none",
        "hosts": [{"member_id": host.public_id, "weight": 3, "priority": 2}],
        "weekly_hours": {
            "monday": [{"start": "09:00", "end": "12:30"}, {"start": "13:00", "end": "24:00"}],
            "tuesday": [],
            "wednesday": [{"start": "22:00", "end": "02:00"}],
            "thursday": [],
            "friday": [],
            "saturday": [],
            "sunday": [],
        },
        "description": "We get to know each other.\nNo strings.",
        "more_minutes": [45, 60],
        "reminder_minutes": [2880, 60],
        "step_minutes": 15,
        "offset_minutes": 5,
        "buffer_before_minutes": 10,
        "buffer_after_minutes": 20,
        "notice_minutes": 120,
        "window": {"kind": "range", "days": 60, "first": "2027-01-01", "last": "2027-02-28"},
        "limits": {"day": 5, "week": None, "month": 40},
        "host_limits": {"day": None, "week": 10, "month": None},
        "needs_approval": True,
        "confirm_address": True,
        "questions": [
            {"id": "roof", "kind": "choice", "label": "Your roof?", "required": True, "options": ["Flat", "Gable"]},
            {"id": "wish", "kind": "long_text", "label": "Anything else?", "required": False, "options": []},
        ],
        "host_mode": "together",
        "confirmation_text": "See you.",
        "redirect_url": "https://nordlicht.example/thanks",
        "is_paused": True,
        "is_secret": True,
        "clients_may_move": False,
        "clients_may_cancel": False,
        "asks_for_notes": True,
    }


def created(place: Place, **values: object) -> Any:
    response = place.caller.post("/booking-types", {**TALK, **values})
    assert response.status_code == 201, response.content
    return body_of(response)


def changed(place: Place, **values: object) -> Any:
    response = place.caller.patch(PATH, values)
    assert response.status_code == 200, response.content
    return body_of(response)


def test_what_is_sent_is_what_is_answered(nordlicht: Place) -> None:
    wanted = everything(nordlicht.owner)
    body = created(nordlicht, **wanted)
    key = BookingType.objects.get().secret_key
    assert len(key) > 20
    assert body == {**wanted, "booking_url": f"http://127.0.0.1:8000/book/nordlicht/first-talk/?key={key}"}
    assert body_of(nordlicht.caller.get(PATH)) == body
    assert body_of(nordlicht.caller.get("/booking-types"))["items"] == [body]


def test_without_a_word_said_anybody_books_by_the_hosts_own_hours(nordlicht: Place) -> None:
    body = created(nordlicht)
    assert (body["hosts"], body["weekly_hours"], body["host_mode"]) == ([], None, "round_robin")
    assert body["window"] == {"kind": "rolling_days", "days": 60, "first": None, "last": None}
    assert body["limits"] == body["host_limits"] == {"day": None, "week": None, "month": None}
    assert body["booking_url"] == "http://127.0.0.1:8000/book/nordlicht/first-talk/"
    assert body["clients_may_move"] is body["clients_may_cancel"] is True
    assert body["asks_for_notes"] is False


def test_each_field_is_changed_alone_and_the_others_stay(nordlicht: Place) -> None:
    before = created(nordlicht)
    for name, value in everything(nordlicht.owner).items():
        after = changed(nordlicht, **{name: value})
        other = {**before, name: value}
        if name == "is_secret":
            other["booking_url"] = after["booking_url"]
        assert after == other, name
        before = after


def test_what_may_be_nothing_is_cleared_by_null_and_nothing_else(nordlicht: Place) -> None:
    wanted = everything(nordlicht.owner)
    before = created(nordlicht, **wanted)
    assert changed(nordlicht, weekly_hours=None, step_minutes=None) == {
        **before,
        "weekly_hours": None,
        "step_minutes": None,
    }
    for name in wanted.keys() - {"weekly_hours", "step_minutes"}:
        response = nordlicht.caller.patch(PATH, {name: None})
        assert (response.status_code, fields_of(response)) == (422, [name])


def test_a_host_is_named_by_the_id_alone_and_keeps_the_turn(nordlicht: Place) -> None:
    other = house.member(nordlicht.workspace)
    body = created(nordlicht, hosts=[nordlicht.owner.public_id])
    assert body["hosts"] == [{"member_id": nordlicht.owner.public_id, "weight": 1, "priority": 1}]
    TypeHost.objects.update(share=2520)
    body = changed(nordlicht, hosts=[other.public_id, {"member_id": nordlicht.owner.public_id, "priority": 3}])
    assert [host["member_id"] for host in body["hosts"]] == [other.public_id, nordlicht.owner.public_id]
    assert TypeHost.objects.get(member=nordlicht.owner).share == 2520
    assert changed(nordlicht, hosts=[])["hosts"] == []


@pytest.mark.attack("A-040")
def test_a_host_of_another_workspace_is_as_unknown_as_none(nordlicht: Place, elsewhere: Place) -> None:
    created(nordlicht)
    gone = house.member(nordlicht.workspace)
    Member.objects.filter(pk=gone.pk).update(is_active=False)
    answers = []
    for member_id in (elsewhere.owner.public_id, "mem_unknown", gone.public_id):
        for response in (
            nordlicht.caller.patch(PATH, {"hosts": [member_id]}),
            nordlicht.caller.post("/booking-types", {**TALK, "slug": "other", "hosts": [member_id]}),
        ):
            assert (response.status_code, fields_of(response)) == (422, ["hosts"])
            answers.append(response.content)
    assert len(set(answers)) == 1
    assert not TypeHost.objects.exists()
    assert BookingType.objects.count() == 1


def test_a_question_keeps_its_id_and_a_new_one_gets_one(nordlicht: Place) -> None:
    (first,) = created(nordlicht, questions=[{"kind": "text", "label": "Your roof?"}])["questions"]
    assert first["id"]
    again = changed(nordlicht, questions=[{"kind": "phone", "label": "Your phone?"}, {**first, "label": "The roof?"}])
    assert again["questions"][1] == {**first, "label": "The roof?"}
    assert again["questions"][0]["id"] not in ("", first["id"])


def test_a_secret_type_keeps_its_link_until_it_is_public_again(nordlicht: Place) -> None:
    secret = created(nordlicht, is_secret=True)["booking_url"]
    assert changed(nordlicht, title="Renamed")["booking_url"] == secret
    assert changed(nordlicht, is_secret=False)["booking_url"].endswith("/first-talk/")
    assert changed(nordlicht, is_secret=True)["booking_url"] != secret


MINUTES = (-30, 0, 1441, 10**9, 30.5, 30.0, "30", True, [30])


@pytest.mark.attack("A-055")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        *(({"duration_minutes": wrong}, "duration_minutes") for wrong in MINUTES),
        *(({"step_minutes": wrong}, "step_minutes") for wrong in MINUTES),
        *(({"more_minutes": [wrong]}, "more_minutes.0") for wrong in MINUTES),
        *(({"offset_minutes": wrong}, "offset_minutes") for wrong in (-1, 1440, "5", 5.0)),
        *(({"buffer_before_minutes": wrong}, "buffer_before_minutes") for wrong in (-5, 721, 10**9, "5", 0.5)),
        *(({"buffer_after_minutes": wrong}, "buffer_after_minutes") for wrong in (-5, 721, True)),
        *(({"notice_minutes": wrong}, "notice_minutes") for wrong in (-1, 525_601, "60")),
        ({"more_minutes": [5, 10, 15, 20, 25, 30, 35]}, "more_minutes"),
        *(({"reminder_minutes": [wrong]}, "reminder_minutes.0") for wrong in (4, 20161, "60", 7.5, None)),
        ({"reminder_minutes": [5, 10, 15, 20, 25, 30]}, "reminder_minutes"),
        ({"hosts": [7]}, "hosts.0"),
        ({"hosts": [{"member_id": "x", "weight": 11}]}, "hosts.0.weight"),
        ({"hosts": [{"member_id": "x", "priority": 0}]}, "hosts.0.priority"),
        ({"hosts": [{"member_id": "x", "share": 1}]}, "hosts.0.share"),
        ({"hosts": "everybody"}, "hosts"),
        ({"weekly_hours": {"Monday": []}}, "weekly_hours.Monday"),
        ({"weekly_hours": {"monday": [{"start": "9", "end": "17:00"}]}}, "weekly_hours.monday"),
        ({"weekly_hours": {"monday": [{"start": "09:60", "end": "17:00"}]}}, "weekly_hours.monday"),
        ({"weekly_hours": {"monday": [{"start": "24:00", "end": "02:00"}]}}, "weekly_hours.monday"),
        ({"weekly_hours": {"sunday": [{"start": "09:00"}]}}, "weekly_hours.sunday.0.end"),
        (
            {"weekly_hours": {"friday": [{"start": "09:00", "end": "12:00"}, {"start": "11:00", "end": "13:00"}]}},
            "weekly_hours.friday",
        ),
        ({"window": {"kind": "rolling_days", "days": 732}}, "window.days"),
        ({"window": {"kind": "for_ever"}}, "window.kind"),
        ({"window": {"days": 3}}, "window.kind"),
        ({"window": {"kind": "range", "first": "2027-01-01"}}, "window.first"),
        ({"window": {"kind": "range", "first": "2027-01-02", "last": "2027-01-01"}}, "window.last"),
        ({"window": {"kind": "range", "first": "2027-02-29", "last": "2027-03-01"}}, "window.first"),
        ({"limits": {"day": 0}}, "limits.day"),
        ({"limits": {"year": 9}}, "limits.year"),
        ({"host_limits": {"week": 10_001}}, "host_limits.week"),
        ({"questions": [{"kind": "text", "label": ""}]}, "questions"),
        ({"questions": [{"kind": "choice", "label": "Which?"}]}, "questions"),
        ({"questions": [{"kind": "file", "label": "Which?"}]}, "questions.0.kind"),
        (
            {"questions": [{"kind": "text", "label": "a", "id": "x"}, {"kind": "text", "label": "b", "id": "x"}]},
            "questions",
        ),
        ({"questions": [{"kind": "text", "label": "a", "id": "<b>"}]}, "questions.0.id"),
        ({"host_mode": "random"}, "host_mode"),
        ({"redirect_url": "http://nordlicht.example"}, "redirect_url"),
        ({"redirect_url": "javascript:alert(1)"}, "redirect_url"),
        ({"redirect_url": "https://user:secret@nordlicht.example"}, "redirect_url"),
        ({"is_paused": 1}, "is_paused"),
        ({"is_secret": "yes"}, "is_secret"),
        ({"description": "x" * 2001}, "description"),
        ({"secret_key": "mine"}, "secret_key"),
        ({"version": 9}, "version"),
        ({"turn": 9}, "turn"),
        ({"booking_url": "https://evil.example"}, "booking_url"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_a_booking_type_cannot_be_is_refused_and_named(
    nordlicht: Place, values: dict[str, object], field: str
) -> None:
    before = created(nordlicht)
    for response in (
        nordlicht.caller.post("/booking-types", {**TALK, "slug": "other", **values}),
        nordlicht.caller.patch(PATH, values),
    ):
        assert (response.status_code, fields_of(response)) == (422, [field]), response.content
    assert body_of(nordlicht.caller.get("/booking-types"))["items"] == [before]


def test_creating_twice_with_one_key_creates_once(nordlicht: Place) -> None:
    wanted = {**TALK, "hosts": [nordlicht.owner.public_id]}
    headers = {"Idempotency-Key": "once"}
    first, second = (nordlicht.caller.post("/booking-types", wanted, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert BookingType.objects.count() == 1


def test_a_longer_list_of_types_and_hosts_takes_no_more_statements(
    nordlicht: Place, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        hosts = [house.member(nordlicht.workspace).public_id for _ in range(number)]
        created(nordlicht, slug=f"talk-{number}", hosts=hosts)
        with django_assert_num_queries(3):  # the key, the types, their hosts
            assert len(body_of(nordlicht.caller.get("/booking-types"))["items"]) == number + 1
