"""Booking types, as administrators configure them: every field, every mistake, every button, both languages."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house, offering
from tests.offering import NOW
from tests.web.console.november import EVIL
from tests.web.console.test_escaping import elements_that_run
from treff.booking_types import queries
from treff.booking_types.models import BookingType
from treff.booking_types.ports import HostWish, Limits
from treff.booking_types.rules import Window
from treff.booking_types.states import WindowKind
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("friday")]
TYPES = "/w/nordlicht/admin/appointments/booking-types/"
NEW = "/w/nordlicht/admin/appointments/new-booking-type/"
TYPE = {"title": "First call", "slug": "first-call", "duration_minutes": "30", "provider": "zoom"}
FULL: dict[str, Any] = {
    **TYPE,
    "more_minutes": "15, 60",
    "step_minutes": "15",
    "offset_minutes": "5",
    "buffer_before_minutes": "10",
    "buffer_after_minutes": "20",
    "notice": "2",
    "notice_unit": "days",
    "window_kind": "range",
    "window_days": "30",
    "window_from": "2026-12-07",
    "window_until": "2027-01-31",
    "limit_day": "8",
    "limit_week": "20",
    "host_limit_day": "3",
    "host_mode": "choice",
    "has_own_hours": "on",
    "hours_0": "09:00–12:00, 13:00-17:00",
    "hours_4": "22:00–02:00",
    "needs_approval": "on",
    "description": "Line one\nLine two",
    "confirmation_text": "See you",
    "redirect_url": "https://nordlicht.example/danke",
    "clients_may_move": "on",
    "asks_for_notes": "on",
    "is_secret": "on",
    "reminder_minutes": ["60", "2880"],
    "questions": "2",
    "question-0-label": "Which roof?",
    "question-0-kind": "choice",
    "question-0-options": "Flat\nPitched\n",
    "question-0-required": "on",
    "question-1-label": "Phone",
    "question-1-kind": "phone",
}


@pytest.fixture
def friday() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


def typed(browser: Client, url: str) -> dict[str, Any]:
    """What a browser would send of the page as it is."""
    context = browser.get(url).context
    forms = [context["form"], *(receiver.form for receiver in context["receivers"]), *context["questions"]]
    values: dict[str, Any] = {"questions": str(len(context["questions"]))}
    for form in forms:
        for field in form:
            value = field.value()
            if value is True:
                values[field.html_name] = "on"
            elif value not in (False, None):
                values[field.html_name] = value if field.html_name == "reminder_minutes" else str(value)
    return values


# Made and changed


def test_every_field_is_kept_as_it_was_typed(browser: Client, rita: Member, ada: Member) -> None:
    hosts = {
        f"host-{rita.public_id}-receives": "on",
        f"host-{rita.public_id}-weight": "3",
        f"host-{rita.public_id}-priority": "2",
        f"host-{ada.public_id}-weight": "9",
    }
    answer = browser.post(NEW, {**FULL, **hosts}, follow=True)
    assert "“First call” is saved." in answer.text
    wanted = queries.description_of(BookingType.objects.get())
    details = wanted.details
    assert details is not None
    assert (wanted.title, wanted.slug, wanted.duration, wanted.provider) == (
        "First call",
        "first-call",
        timedelta(minutes=30),
        "zoom",
    )
    assert wanted.hosts == (HostWish(rita.public_id, 3, 2),)
    assert (details.more_minutes, details.step_minutes, details.offset_minutes) == ((15, 60), 15, 5)
    assert (details.buffer_before, details.buffer_after) == (timedelta(minutes=10), timedelta(minutes=20))
    assert details.notice == timedelta(days=2)
    assert details.window == Window(WindowKind.RANGE, 30, date(2026, 12, 7), date(2027, 1, 31))
    assert (details.limits, details.host_limits) == (Limits(8, 20, None), Limits(3, None, None))
    assert details.host_mode == "choice"
    assert details.weekly_hours == (((540, 720), (780, 1020)), (), (), (), ((1320, 1560),), (), ())
    assert (details.needs_approval, details.is_secret, details.is_paused) == (True, True, False)
    assert (details.clients_may_move, details.clients_may_cancel, details.asks_for_notes) == (True, False, True)
    assert details.reminder_minutes == (2880, 60)
    assert (details.description, details.confirmation_text) == ("Line one\nLine two", "See you")
    assert details.redirect_url == "https://nordlicht.example/danke"
    roof, phone = details.questions
    assert (roof.label, roof.options, roof.required) == ("Which roof?", ("Flat", "Pitched"), True)
    assert (phone.label, phone.kind, phone.required) == ("Phone", "phone", False)


def test_saving_the_page_as_it_is_changes_nothing_and_says_so(browser: Client, rita: Member) -> None:
    browser.post(NEW, {**FULL, f"host-{rita.public_id}-receives": "on"})
    before = queries.description_of(BookingType.objects.get())
    answer = browser.post(f"{TYPES}first-call/", typed(browser, f"{TYPES}first-call/"), follow=True)
    assert "Nothing was changed." in answer.text
    assert queries.description_of(BookingType.objects.get()) == before


def test_a_time_ahead_that_only_the_api_sets_is_kept_and_no_tick_is_no_reminder(browser: Client) -> None:
    browser.post(NEW, FULL)
    BookingType.objects.update(reminder_minutes=[90])
    values = typed(browser, f"{TYPES}first-call/")
    browser.post(f"{TYPES}first-call/", {**values, "reminder_minutes": ["90", "1440"]})
    assert BookingType.objects.get().reminder_minutes == [1440, 90]
    values.pop("reminder_minutes")
    browser.post(f"{TYPES}first-call/", values)
    assert BookingType.objects.get().reminder_minutes == []


def test_saving_says_in_a_word_what_changed(browser: Client, rita: Member) -> None:
    browser.post(NEW, FULL)
    values = typed(browser, f"{TYPES}first-call/")
    values |= {"duration_minutes": "45", f"host-{rita.public_id}-receives": "on", "question-1-label": "Mobile"}
    answer = browser.post(f"{TYPES}first-call/", values, follow=True)
    assert "“First call” is saved: Length in minutes 30 → 45; Hosts changed; Questions changed." in answer.text


def test_a_new_one_starts_with_what_most_want(browser: Client, ada: Member) -> None:
    browser.post(NEW, {**typed(browser, NEW), "title": "Erstes Gespräch!"})
    wanted = queries.description_of(BookingType.objects.get())
    assert (wanted.slug, wanted.duration) == ("erstes-gesprach", timedelta(minutes=30))
    assert wanted.hosts == (HostWish(ada.public_id),)
    assert wanted.details is not None
    assert (wanted.details.notice, wanted.details.window.days) == (timedelta(days=1), 60)
    assert wanted.details.clients_may_move
    assert wanted.details.reminder_minutes == (1440,)


def test_a_short_name_that_is_made_of_the_title_is_one_that_is_free(browser: Client) -> None:
    for _ in range(2):
        browser.post(NEW, {**TYPE, "slug": ""})
    browser.post(NEW, {**TYPE, "slug": "", "title": "咨询"})
    slugs = BookingType.objects.order_by("id").values_list("slug", flat=True)
    assert list(slugs) == ["first-call", "first-call-2", "booking-type"]


@pytest.mark.attack("A-055")
@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        *(("title", text, 422) for text in ("", "x" * 101, "a\u202eb")),
        *(("slug", text, 422) for text in ("../x", "Caps", "admin")),
        ("slug", "taken", 409),
        *(("duration_minutes", text, 422) for text in ("", "0", "-30", "30.5", "1441", "x")),
        *(("provider", text, 422) for text in ("", "teams", "carrier pigeon")),
        *(("more_minutes", text, 422) for text in ("x", "0", "1441", "15.5", "-3", "1,2,3,4,5,6,7", "9" * 90)),
        *(("step_minutes", text, 422) for text in ("-1", "1441", "x", "1e3")),
        *(("offset_minutes", text, 422) for text in ("-1", "1440")),
        *(("buffer_before_minutes", text, 422) for text in ("-1", "721", "9999999999")),
        *(("buffer_after_minutes", text, 422) for text in ("-1", "721")),
        *(("notice", text, 422) for text in ("-1", "366", "999999", "x")),
        ("notice_unit", "years", 422),
        ("window_kind", "for ever", 422),
        *(("window_days", text, 422) for text in ("-1", "732")),
        *(("window_from", text, 422) for text in ("", "2026-02-30", "07.12.2026")),
        *(("window_until", text, 422) for text in ("2026-12-06", "x")),
        *(("limit_day", text, 422) for text in ("0", "-1", "10001")),
        *(("host_limit_month", text, 422) for text in ("0", "10001")),
        ("host_mode", "lottery", 422),
        *(("reminder_minutes", wrong, 422) for wrong in (["61"], ["x"], ["15", "60", "120", "1440", "2880", "10080"])),
        *(("hours_0", text, 422) for text in ("nine", "09:00", "25:00–26:00", "09:00–12:00, 11:00–13:00", "x" * 201)),
        *(("description", text, 422) for text in ("x" * 2001, "a\u202eb")),
        ("confirmation_text", "x" * 2001, 422),
        *(("redirect_url", text, 422) for text in ("http://a.example", "javascript:alert(1)", "https://u:p@a.example")),
    ],
)
def test_a_mistake_is_marked_where_it_is_and_nothing_typed_is_lost(
    field: str, value: str | list[str], status: int, browser: Client
) -> None:
    browser.post(NEW, {**TYPE, "slug": "taken"})
    sent = {**FULL, field: value}
    answer = browser.post(NEW, sent)
    assert answer.status_code == status
    form = answer.context["form"]
    assert list(form.errors) == [field]
    for name in form.fields:
        kept = form[name].value()
        assert kept == (name in sent if isinstance(kept, bool) else sent.get(name)), name
    assert [question["label"].value() for question in answer.context["questions"]] == ["Which roof?", "Phone"]
    assert BookingType.objects.count() == 1


@pytest.mark.parametrize(
    ("question", "field", "value"),
    [
        ("question-0-", "label", "x" * 301),
        ("question-0-", "options", " \n"),
        ("question-0-", "options", "a\u202eb"),
        ("question-0-", "kind", "drawing"),
    ],
)
def test_a_mistake_in_a_question_is_marked_at_that_question(
    question: str, field: str, value: str, browser: Client
) -> None:
    answer = browser.post(NEW, {**FULL, f"{question}{field}": value})
    assert answer.status_code == 422
    first, second = answer.context["questions"]
    assert (list(first.errors), list(second.errors)) == ([field], [])
    assert first[field].value() == value


@pytest.mark.parametrize(("field", "value"), [("weight", "0"), ("weight", "11"), ("priority", "x"), ("priority", "-1")])
def test_a_mistake_in_how_a_host_receives_is_marked_at_that_host(
    field: str, value: str, browser: Client, rita: Member
) -> None:
    sent = {**FULL, f"host-{rita.public_id}-receives": "on", f"host-{rita.public_id}-{field}": value}
    answer = browser.post(NEW, sent)
    assert answer.status_code == 422
    marked = {receiver.name: list(receiver.form.errors) for receiver in answer.context["receivers"]}
    assert {name: fields for name, fields in marked.items() if fields} == {"Rita Rep": [field]}


def test_twenty_questions_are_enough(browser: Client) -> None:
    many = {f"question-{number}-label": f"Q{number}" for number in range(21)}
    many |= {f"question-{number}-kind": "text" for number in range(21)}
    answer = browser.post(NEW, {**TYPE, **many, "questions": "21"})
    assert answer.status_code == 422
    assert "At most 20 questions, please." in answer.text
    assert len(answer.context["questions"]) == 21


# Questions without scripts


def labels(answer: object) -> list[str]:
    return [question["label"].value() or "" for question in answer.context["questions"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        ("add", ["Which roof?", "Phone", ""]),
        ("remove:0", ["Phone"]),
        ("up:1", ["Phone", "Which roof?"]),
        ("down:0", ["Phone", "Which roof?"]),
        ("up:0", ["Which roof?", "Phone"]),
        ("down:1", ["Which roof?", "Phone"]),
        *(
            (deed, ["Which roof?", "Phone"])
            for deed in ("remove:7", "up:-1", "up:x", "explode:0", "", "remove:" + "9" * 99)
        ),
    ],
)
def test_a_button_changes_the_questions_and_keeps_all_that_was_typed(
    deed: str, expected: list[str], browser: Client, rita: Member
) -> None:
    sent = {**FULL, "title": "", "limit_day": "many", f"host-{rita.public_id}-weight": "77", "question_deed": deed}
    answer = browser.post(NEW, sent)
    assert (answer.status_code, labels(answer)) == (200, expected)
    form = answer.context["form"]
    assert (form["title"].value(), form["limit_day"].value(), form["needs_approval"].value()) == ("", "many", True)
    assert form["clients_may_cancel"].value() is False
    assert form["window_from"].value() == "2026-12-07"
    assert 'value="77"' in answer.text
    assert "Please check the marked fields." not in answer.text
    assert not BookingType.objects.exists()


def test_a_question_without_a_word_is_none(browser: Client) -> None:
    browser.post(NEW, {**TYPE, "questions": "1", "question-0-label": " ", "question-0-kind": "text"})
    assert BookingType.objects.get().questions == []


def test_a_question_keeps_its_id_when_it_is_moved(browser: Client) -> None:
    browser.post(NEW, FULL)
    url = f"{TYPES}first-call/"
    before = {given["label"]: given["id"] for given in BookingType.objects.get().questions}
    moved = browser.post(url, {**typed(browser, url), "question_deed": "down:0"})
    again = {
        form[name].html_name: form[name].value() or "" for form in moved.context["questions"] for name in form.fields
    }
    values = {name: value for name, value in again.items() if value is not False}
    browser.post(url, {**typed(browser, url), **values})
    questions = BookingType.objects.get().questions
    assert [given["label"] for given in questions] == ["Phone", "Which roof?"]
    assert {given["label"]: given["id"] for given in questions} == before


# Who, and in which language


@pytest.mark.attack("A-046")
def test_what_administrators_type_is_shown_as_text(browser: Client, ada: Member) -> None:
    evil = dict.fromkeys(("title", "description", "confirmation_text", "question-0-label"), EVIL)
    assert browser.post(NEW, {**FULL, **evil, "question-0-options": EVIL}).status_code == 302
    urls = (TYPES, f"{TYPES}first-call/", f"{TYPES}first-call/remove/")
    for answer in (*map(browser.get, urls), browser.post(NEW, {**FULL, **evil})):
        assert "&lt;script&gt;alert(1)" in answer.text
        assert elements_that_run(answer.text) == []


def test_the_pages_speak_german(browser: Client, ada: Member) -> None:
    offering.kind(ada, ada)
    browser.cookies["django_language"] = "de"
    for url, words in (
        (TYPES, ("Neue Terminart", "Duplizieren", "Aktiv")),
        (NEW, ("Längen und Anfänge", "Reihum", "Frage hinzufügen", "Montag")),
        (f"{TYPES}call/", ("Nächste freie Zeiten", "Buchungsseite")),
    ):
        text = browser.get(url).text
        for word in words:
            assert word in text
    refused = browser.post(NEW, {**FULL, "offset_minutes": "-1"})
    assert "Bitte geben Sie eine ganze Zahl von 0 bis 1439 an." in refused.text


def test_a_rep_and_another_workspace_see_none_of_it(ada: Member, rita: Member) -> None:
    offering.kind(ada, ada)
    stranger = house.client_of(house.owner(house.workspace("elsewhere")))
    for url in (TYPES, NEW, f"{TYPES}call/", f"{TYPES}call/remove/"):
        assert house.client_of(rita).get(url).status_code == 403
        assert stranger.get(url).status_code == 404
    assert stranger.post("/w/elsewhere/admin/appointments/booking-types/call/pause/").status_code == 404
    assert not BookingType.objects.get().is_paused
