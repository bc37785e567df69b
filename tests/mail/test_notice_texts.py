"""What each notice says, to members in their language and time, and to the operator."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation
from pytest_django.fixtures import Settings

from tests import house
from tests.mail.conftest import Post
from tests.mail.test_notices import OPERATOR, mails_to, send, tell
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.mail.member_texts import to_member
from treff.mail.operator_texts import to_operator
from treff.mail.wording import Occasion, Wording
from treff.notices.actions import tell_operator
from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db

SINCE = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
BASE = {"provider": "zoom", "by": "Petra Lindner", "own": False}
DELETED = "Our access is deleted, and with it the account's name, email address and user id."


def told(kind: NoticeKind, locale: str = "en", **detail: Any) -> Wording:
    with translation.override(locale):
        return to_member(kind, {**BASE, **detail}, Occasion("Nordlicht Solar", "Europe/Berlin"))


def told_operator(kind: NoticeKind, locale: str = "en", **detail: Any) -> Wording:
    with translation.override(locale):
        return to_operator(kind, detail)


def text(wording: Wording) -> str:
    return "\n".join(wording.paragraphs)


# ---- connected, disconnected, removed ----


@pytest.mark.parametrize(
    ("own", "replaced", "subject", "deed"),
    [
        (False, False, "connected a Zoom account", "connected a Zoom account to Nordlicht Solar."),
        (False, True, "replaced the Zoom account", "replaced the Zoom account of Nordlicht Solar by another one."),
        (
            True,
            False,
            "connected a Zoom account of their own",
            "for the appointments that they host in Nordlicht Solar.",
        ),
        (True, True, "replaced the Zoom account of their own", "that they host in Nordlicht Solar by another one."),
    ],
)
def test_who_connected_what_and_how_to_undo_it(own: bool, replaced: bool, subject: str, deed: str) -> None:
    wording = told(NoticeKind.CONNECTED, own=own, replaced=replaced)
    assert wording.subject == f"Petra Lindner {subject}"
    assert wording.paragraphs[0].startswith("Petra Lindner ")
    assert deed in wording.paragraphs[0]
    assert wording.paragraphs[1] == (
        "Look at the page to see which account it is. If that was not expected, disconnect it there."
    )
    assert wording.button == "See the account"


@pytest.mark.parametrize(
    ("upcoming", "appointments", "expected", "first_meetings"),
    [
        ("keep", 0, "No upcoming appointment is affected.", False),
        ("remove", 0, "No upcoming appointment is affected.", False),
        ("keep", 1, "The link of 1 upcoming appointment stays as it is and still works.", False),
        ("keep", 3, "The links of 3 upcoming appointments stay as they are and still work.", False),
        ("remove", 1, "1 upcoming appointment loses its video meeting; the link stops working.", True),
        ("remove", 3, "3 upcoming appointments lose their video meetings; the links stop working.", True),
        ("switch", 3, "3 upcoming appointments change to what was chosen instead; their old links stop working.", True),
    ],
)
def test_who_disconnected_what_is_deleted_and_what_becomes_of_appointments(
    upcoming: str, appointments: int, expected: str, first_meetings: bool
) -> None:
    wording = told(NoticeKind.DISCONNECTED, upcoming=upcoming, appointments=appointments, left_behind=0)
    assert wording.subject == "Petra Lindner disconnected the Zoom account"
    assert wording.paragraphs[0].startswith("Petra Lindner disconnected the Zoom account of Nordlicht Solar.")
    assert expected in wording.paragraphs
    assert (DELETED in text(wording)) is not first_meetings
    assert ("Their meetings are deleted at Zoom first, then our access" in text(wording)) is first_meetings
    assert "could not be deleted" not in text(wording)


def test_an_own_account_that_is_disconnected_is_called_so() -> None:
    wording = told(NoticeKind.DISCONNECTED, own=True, upcoming="keep", appointments=0)
    assert wording.subject == "Petra Lindner disconnected the Zoom account of their own"


@pytest.mark.parametrize(
    ("count", "what", "please"), [(1, "1 meeting was", "delete it"), (3, "3 meetings were", "delete them")]
)
def test_meetings_that_were_left_behind_are_counted_at_the_end(count: int, what: str, please: str) -> None:
    wording = told(NoticeKind.DISCONNECTED, left_behind=count)
    assert wording.subject == f"{what} left behind at Zoom"
    assert DELETED in text(wording)
    assert f"Please {please} there" in text(wording)
    assert "upcoming" not in text(wording)


def test_an_app_that_was_removed_at_the_provider_leaves_links_and_asks_to_connect() -> None:
    wording = told(NoticeKind.DEAUTHORIZED, appointments=3)
    assert wording.subject == "Treff was removed from the Zoom account"
    assert DELETED in text(wording)
    assert "The links of 3 upcoming appointments still work. New appointments get no link until" in text(wording)
    assert wording.button == "Connect Zoom"
    assert "still work" not in text(told(NoticeKind.DEAUTHORIZED, appointments=0))
    own = text(told(NoticeKind.DEAUTHORIZED, appointments=0, own=True))
    assert "that a member of Nordlicht Solar had connected" in own
    assert "get no link until" not in own


def test_where_links_are_kept_for_some_days_only_it_says_how_many() -> None:
    def sentence(days: int | None, appointments: int = 1) -> str:
        return text(told(NoticeKind.DEAUTHORIZED, appointments=appointments, links_go_after_days=days))

    assert "such links are deleted here after 10 days." in sentence(10)
    assert "such links are deleted here after 1 day." in sentence(1)
    assert "deleted here" not in sentence(None) + sentence(10, appointments=0)


def test_an_account_that_was_refused_for_too_long_was_not_removed_by_anybody() -> None:
    wording = told(NoticeKind.DEAUTHORIZED, appointments=0, given_up=True)
    assert wording.subject == "The Zoom account is disconnected"
    assert "has refused our access to an account of Nordlicht Solar for so long" in text(wording)
    assert "was removed" not in text(wording)


# ---- broken ----


def broken(**detail: Any) -> dict[str, Any]:
    return {"cause": "refused", "since": SINCE.isoformat(), "stage": "first", "appointments": [], **detail}


def test_each_cause_has_words_of_its_own_and_an_unknown_one_too() -> None:
    causes = ("refused", "replaced", "user_gone", "scopes", "admin")
    texts = {cause: text(told(NoticeKind.BROKEN, **broken(cause=cause))) for cause in causes}
    assert len(set(texts.values())) == len(causes)
    assert "no longer accepts our access" in texts["refused"]
    assert "allowed Treff anew somewhere else" in texts["replaced"]
    assert "is deactivated or no longer exists" in texts["user_gone"]
    assert "allow everything that Zoom asks for" in texts["scopes"]
    assert "the administrators of the account there do not allow Treff" in texts["admin"]
    assert [cause for cause in causes if "links that were sent still work" not in texts[cause]] == ["user_gone"]
    assert text(told(NoticeKind.BROKEN, **broken(cause=""))) == texts["refused"]


def test_it_says_since_when_in_the_readers_time() -> None:
    sentence = "since Monday, 23 November 2026, 09:05 (Europe/Berlin)."
    assert sentence in text(told(NoticeKind.BROKEN, **broken()))
    german = "seit Montag, 23. November 2026, 09:05 Uhr (Europe/Berlin)."
    assert german in text(told(NoticeKind.BROKEN, "de", **broken()))
    assert "since" not in text(told(NoticeKind.BROKEN, **{**broken(), "since": ""}))


def test_an_own_account_that_is_broken_is_called_so() -> None:
    own = "It is the account that one host connected for their own appointments."
    assert own in text(told(NoticeKind.BROKEN, **broken(), own=True))
    assert own not in text(told(NoticeKind.BROKEN, **broken()))


def book(owner: Member, days: int, title: str = "") -> Appointment:
    return house.appointment(owner, start_at=house.later(days, hour=9), title=title or f"In {days} days")


def send_broken(post: Post, to: Member, *booked: Appointment, **detail: Any) -> dict[str, Any]:
    ids = [appointment.public_id for appointment in booked]
    assert send(tell(to, NoticeKind.BROKEN, **broken(**detail, appointments=ids))).state == "sent"
    (mail,) = mails_to(post, to)
    return mail


def test_affected_appointments_are_listed_soonest_first_in_the_readers_time_with_their_hosts(post: Post) -> None:
    reader = house.admin(post.owner.workspace)
    Member.objects.filter(pk=reader.pk).update(time_zone="America/New_York")
    rita = house.member(post.owner.workspace, name="Rita Rep")
    later, sooner = book(rita, 40), book(post.owner, 30)
    mail = send_broken(post, reader, later, sooner)
    assert mail["subject"] == "Please reconnect Zoom"
    assert "These upcoming appointments are affected:" in mail["text"]
    lines = mail["text"].splitlines()
    first, second = lines.index("In 30 days"), lines.index("In 40 days")
    assert first < second
    assert "04:00–04:45 (America/New York)" in lines[first + 1]
    assert (lines[first + 2], lines[second + 2]) == ("With Olivia Owner", "With Rita Rep")
    for said in ("In 30 days", "04:00–04:45", "With Rita Rep", "Reconnect Zoom"):
        assert said in mail["html"]


def test_what_was_called_off_or_has_begun_when_the_mail_goes_out_is_not_listed(post: Post) -> None:
    scope = house.scope(post.owner)
    stays, cancelled, deleted, begun = (book(post.owner, 30 + days) for days in range(4))
    appointments.cancel(scope, cancelled.public_id, "")
    appointments.delete(scope, deleted.public_id)
    Appointment.objects.filter(pk=begun.pk).update(start_at=clock.now() - timedelta(minutes=1))
    mail = send_broken(post, post.owner, stays, cancelled, deleted, begun)
    assert "This upcoming appointment is affected:" in mail["text"]
    assert "In 30 days" in mail["text"]
    for gone in ("In 31 days", "In 32 days", "In 33 days"):
        assert gone not in mail["text"] + mail["html"]


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, "and 1 more"), (14, "and 4 more")])
def test_ten_are_listed_and_the_rest_is_counted(post: Post, count: int, more: str) -> None:
    mail = send_broken(post, post.owner, *(book(post.owner, 30 + days) for days in range(count)))
    for body in (mail["text"], mail["html"]):
        assert body.count("With Olivia Owner") == 10
        assert ("In 39 days" in body, "In 40 days" in body) == (True, False)
        assert (more in body) if more else (" more" not in body)


def test_the_subject_names_the_soonest_start_when_it_is_near(post: Post) -> None:
    soon, later = book(post.owner, 30, "Roof tour"), book(post.owner, 31)
    mail = send_broken(post, post.owner, later, soon, stage="before_start")
    wall = wall_of(soon.start_at, "Europe/Berlin")
    assert mail["subject"] == f"Reconnect Zoom before {wall:%A}, {wall.day} {wall:%B %Y, %H:%M}: Roof tour"


def test_before_a_start_that_was_called_off_and_a_day_later_it_is_a_reminder(post: Post) -> None:
    soon = book(post.owner, 30)
    appointments.cancel(house.scope(post.owner), soon.public_id, "")
    mail = send_broken(post, post.owner, soon, stage="before_start")
    assert mail["subject"] == "Reminder: please reconnect Zoom"
    assert "affected" not in mail["text"] + mail["html"]
    assert told(NoticeKind.BROKEN, **broken(stage="again")).subject == "Reminder: please reconnect Zoom"


# ---- the operator ----


def test_an_app_that_is_refused_or_disabled_is_no_accounts_fault() -> None:
    refused = told_operator(NoticeKind.APP_REFUSED, provider="zoom", detail="app_refused")
    disabled = told_operator(NoticeKind.APP_REFUSED, provider="zoom", detail="app_disabled")
    assert refused.subject == "Zoom refuses the app of this server"
    assert disabled.subject == "Zoom has disabled the app of this server"
    assert "Compare TREFF_ZOOM_CLIENT_ID and TREFF_ZOOM_CLIENT_SECRET with the app's page at Zoom." in text(refused)
    for wording in (refused, disabled):
        assert "No connected account is at fault" in text(wording)
        assert "Appointments can be booked." in text(wording)
        assert "It answered" not in text(wording)
    other = told_operator(NoticeKind.APP_REFUSED, provider="zoom", detail="400 invalid_client")
    assert "It answered: 400 invalid_client" in text(other)


def test_of_a_provider_that_cannot_be_reached_safely_the_operator_hears_where_to_look() -> None:
    wording = told_operator(NoticeKind.INSECURE, provider="zoom")
    assert wording.subject == "Zoom cannot be reached safely from this server"
    for words in ("So nothing is sent there.", "Look at this server's clock", "Appointments can be booked."):
        assert words in text(wording)


@pytest.mark.parametrize(
    ("what", "subject", "cure"),
    [
        ("lost", "The encryption key k7 is missing", "Put this key back into TREFF_ENCRYPTION_KEYS"),
        ("wrong", "The encryption key k7 is not the right one", "Put the right key there"),
        ("retired", "The encryption key k7 is retired, but still the first", "with the newest key first"),
        ("tampered", "A stored secret was changed outside of Treff", "Find out who can write to the database."),
    ],
)
def test_trouble_with_a_key_says_what_it_is_what_to_do_and_that_nothing_is_deleted(
    what: str, subject: str, cure: str
) -> None:
    wording = told_operator(NoticeKind.KEY_TROUBLE, what=what, kid="k7", row="grant_1234")
    assert wording.subject == subject
    assert cure in text(wording)
    assert ("grant_1234" if what == "tampered" else "k7") in wording.paragraphs[0]
    assert "Nothing has been deleted, and appointments can be booked." in text(wording)
    assert "docs/settings.md" in wording.paragraphs[-1]


def test_every_notice_has_german_that_is_not_the_english() -> None:
    every: list[tuple[Callable[..., Wording], NoticeKind, dict[str, Any]]] = [
        (told, NoticeKind.CONNECTED, {"replaced": False}),
        (told, NoticeKind.DISCONNECTED, {"upcoming": "switch", "appointments": 2}),
        (told, NoticeKind.DEAUTHORIZED, {"appointments": 2}),
        (told, NoticeKind.BROKEN, broken()),
        (told_operator, NoticeKind.APP_REFUSED, {"provider": "zoom", "detail": ""}),
        (told_operator, NoticeKind.INSECURE, {"provider": "zoom"}),
        *((told_operator, NoticeKind.KEY_TROUBLE, {"what": what}) for what in ("lost", "wrong", "retired", "tampered")),
    ]
    for say, kind, detail in every:
        english, german = (say(kind, locale, **detail) for locale in ("en", "de"))
        assert english.subject != german.subject
        assert not set(english.paragraphs) & set(german.paragraphs)


def test_the_operators_mail_names_the_server_and_no_workspace(post: Post, settings: Settings) -> None:
    settings.TREFF_SUPPORT_EMAIL, settings.TREFF_BASE_URL = OPERATOR, "https://treff.example.com"
    tell_operator(NoticeKind.APP_REFUSED, "key", {"provider": "zoom", "detail": "app_refused"})
    assert send(Notice.objects.get()).state == "sent"
    (mail,) = post.mails(OPERATOR)
    assert "https://treff.example.com" in mail["text"]
    assert "ordlicht" not in json.dumps(mail)
