"""The clean-up list by its page: what may be left at Zoom, how it is recognised, and what was found of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house
from tests.conferencing.stage import Stage, later
from tests.conferencing.test_telling import mailbox, running
from tests.simulators.mailbox.driver import Driver as Mailbox
from tests.simulators.zoom.driver import JONAS
from treff.appointments.models import Appointment
from treff.audit.models import AuditEntry
from treff.conferencing import cleaning, ports, reconcile
from treff.conferencing.leaving import disconnect
from treff.conferencing.models import Attempt
from treff.conferencing.ports import MeetingProvider, MeetingSpec, RemoteMeeting
from treff.conferencing.states import Resolution
from treff.kernel.secrets import Secret
from treff.mail.actions import tell
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member

__all__ = ["mailbox", "running"]
pytestmark = pytest.mark.django_db
SYNC, TODAY = "/w/nordlicht/admin/appointments/sync/", "/w/nordlicht/"


class Died(BaseException):
    """The process ended here, as by SIGKILL: nobody tidies up."""


@dataclass
class Dying:
    """Zoom, called by a process that dies before the request goes out, or once it was carried out."""

    zoom: MeetingProvider
    acts: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.zoom, name)

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        if self.acts:
            self.zoom.create(access_token, spec)
        raise Died


@contextmanager
def dying(*, acts: bool) -> Iterator[None]:
    before = ports.provider_named("zoom")
    ports.connect({"zoom": Dying(before, acts)})  # type: ignore[dict-item]
    with pytest.raises(Died):
        yield
    ports.connect({"zoom": before})


@pytest.fixture
def admin(stage: Stage) -> Member:
    return house.admin(stage.owner.workspace)


@pytest.fixture
def browser(admin: Member) -> Client:
    return house.client_of(admin)


def suspect(stage: Stage, **values: Any) -> Appointment:
    """Zoom made its meeting twice; of the first one nobody knows."""
    stage.zoom.fault("create", "act_then_reset")
    booked = stage.book(**values)
    reconcile.look(booked.pk)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    return stage.fresh(booked)


def card(browser: Client) -> Any:
    return browser.get(SYNC).context["clean_up"]


def say(browser: Client, booked: Appointment, deed: str, number: int = 1) -> Any:
    return browser.post(f"{SYNC}clean-up/{booked.public_id}/{number}/", {"deed": deed}, follow=True)


# ---- what is listed ----


@pytest.mark.parametrize(
    ("acts", "at_zoom"),
    [
        pytest.param(False, 1, marks=pytest.mark.fault("F-005")),
        pytest.param(True, 2, marks=pytest.mark.fault("F-007")),
    ],
)
def test_a_create_in_which_the_process_died_is_made_anew_and_the_first_is_listed_with_its_marker(
    stage: Stage, browser: Client, mailbox: Mailbox, acts: bool, at_zoom: int
) -> None:
    booked = stage.book(title="Roof visit")
    with dying(acts=acts):
        reconcile.look(booked.pk)
    assert stage.attempts(booked) == ["intent"]
    reconcile.look(booked.pk)  # its lease is not over yet
    assert stage.attempts(booked) == ["intent"]
    with later(minutes=3):
        reconcile.look(booked.pk)
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
        assert stage.attempts(booked) == ["ambiguous", "linked"]
        tell(booked.pk)
        (entry,) = card(browser).open
        text = browser.get(SYNC).text
    assert len(stage.zoom.alive()) == at_zoom
    first, second = Attempt.objects.order_by("number")
    right_id = stage.fresh(booked).meeting_id
    assert entry.marker == first.marker
    assert (right_id[-3:] in entry.right, second.marker in entry.right) == (True, True)
    for said in ("Roof visit", first.marker, "Zoom may hold it", "the connected account"):
        assert said in text
    assert right_id not in text
    (mail,) = mailbox.mails()
    assert mail["to"] == [booked.lead.email]
    assert stage.fresh(booked).join_url in mail["text"]
    others = [meeting["join_url"] for meeting in stage.zoom.alive() if str(meeting["id"]) != right_id]
    assert not [link for link in [*others, first.marker] if link in mail["text"] + mail["html"]]


@pytest.mark.fault("F-023")
@pytest.mark.usefixtures("hasty")
def test_a_create_that_zoom_carried_out_in_silence_is_waited_out_made_once_more_and_listed(
    stage: Stage, browser: Client
) -> None:
    stage.zoom.fault("create", "act_then_hang")
    booked = stage.book()
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("waiting", "unsure")
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    (entry,) = card(browser).open
    extra = [meeting for meeting in stage.zoom.alive() if str(meeting["id"]) != stage.fresh(booked).meeting_id]
    assert [meeting["agenda"] for meeting in extra] == [entry.marker]
    assert stage.calls("create") == 2


def test_an_entry_shows_what_zoom_was_told_also_after_the_appointment_was_changed(
    stage: Stage, browser: Client
) -> None:
    booked = suspect(stage, title="Roof visit")
    stage.move(booked, hours=30)
    Appointment.objects.filter(pk=booked.pk).update(title="Another title")
    (entry,) = card(browser).open
    assert (entry.title, entry.start_at) == ("Roof visit", booked.start_at)


def test_of_a_meeting_left_behind_in_an_account_that_went_the_id_is_named_and_the_account_is_not(
    stage: Stage, browser: Client
) -> None:
    booked = stage.linked()
    before = stage.grant()
    disconnect(house.scope(stage.owner), "zoom")
    stage.connect(JONAS)
    stage.move(booked)
    reconcile.look(booked.pk)
    (entry,) = card(browser).open
    assert entry.account == "an account that is no longer connected"
    assert entry.cure == f"Please delete it at Zoom: meeting ID {booked.meeting_id}."
    assert stage.fresh(booked).meeting_id[-3:] in entry.right
    text = browser.get(SYNC).text
    for secret in (before.email, before.external_user_id, before.account, stage.grant().email):
        assert secret not in text


def test_a_meeting_that_waits_for_its_account_goes_by_itself_when_that_comes_back(
    stage: Stage, browser: Client
) -> None:
    booked = stage.linked()
    disconnect(house.scope(stage.owner), "zoom")
    stage.cancel(booked)
    reconcile.look(booked.pk)
    (entry,) = card(browser).open
    assert "Connect its account again, and Treff deletes it by itself." in entry.cure
    assert entry.right == "The appointment has no meeting at the moment."
    stage.connect()
    reconcile.look(booked.pk)
    assert card(browser).open == []
    stage.check_nothing_left(booked)


def test_today_says_how_many_there_are_to_administrators_only(stage: Stage, browser: Client) -> None:
    suspect(stage)
    (item,) = browser.get(TODAY).context["attention"]
    assert (item.text, item.url) == ("1 meeting may be left over in the video account.", f"{SYNC}#clean-up")
    rep = house.client_of(house.member(stage.owner.workspace))
    assert rep.get(TODAY).context["attention"] == []


# ---- what is done about it ----


@pytest.mark.parametrize(
    ("deed", "found", "noted"),
    [
        ("deleted_it", "Deleted by hand, ", "clean_up.deleted_it"),
        ("not_there", "Was not there, ", "clean_up.not_there"),
        ("later", "Put off until ", "clean_up.later"),
    ],
)
def test_what_was_found_takes_an_entry_off_the_list_is_noted_and_can_be_taken_back(
    stage: Stage, admin: Member, browser: Client, deed: str, found: str, noted: str
) -> None:
    booked, other = suspect(stage), suspect(stage)
    assert say(browser, booked, deed).redirect_chain[0][0] == f"{SYNC}#clean-up"
    shown = card(browser)
    assert [entry.deed_url for entry in shown.open] == [f"{SYNC}clean-up/{other.public_id}/1/"]
    (done,) = shown.done
    assert done.found.startswith(found)
    entry = AuditEntry.objects.get(deed=noted)
    assert (entry.actor_id, entry.subject, entry.detail) == (admin.public_id, booked.public_id, {"marker": done.marker})
    say(browser, booked, "reopen")
    assert len(card(browser).open) == 2
    assert card(browser).done == []
    assert AuditEntry.objects.filter(deed="clean_up.reopened", subject=booked.public_id).count() == 1


def test_what_was_put_off_comes_up_again_in_a_week_and_what_was_resolved_does_not(
    stage: Stage, browser: Client
) -> None:
    off, done = suspect(stage, start_at=house.later(40)), suspect(stage, start_at=house.later(41))
    say(browser, off, "later")
    say(browser, done, "not_there")
    with later(days=6, hours=23):
        assert card(browser).open == []
    with later(days=7, minutes=1):
        assert [entry.marker for entry in card(browser).open] == [Attempt.objects.order_by("pk")[0].marker]


def test_the_meeting_itself_stays_as_it_is(stage: Stage, browser: Client) -> None:
    booked = suspect(stage)
    calls = len(stage.zoom.truth()["calls"])
    for deed in ("deleted_it", "reopen", "not_there", "later", "reopen"):
        say(browser, booked, deed)
        reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert len(stage.zoom.truth()["calls"]) == calls
    assert stage.attempts(booked) == ["ambiguous", "linked"]


@pytest.mark.parametrize("deed", ["", "delete", "linked"])
def test_a_deed_that_is_none_changes_nothing(stage: Stage, browser: Client, deed: str) -> None:
    booked = suspect(stage)
    answer = say(browser, booked, deed)
    assert "Please choose what you found." in answer.text
    assert len(card(browser).open) == 1


def test_only_what_is_listed_and_ones_own_can_be_resolved_and_by_administrators_only(
    stage: Stage, browser: Client
) -> None:
    booked = suspect(stage)
    stranger = house.owner(house.workspace("elsewhere"))
    rep = house.member(stage.owner.workspace)
    for number in (0, 2, 99):  # the second is the right one
        assert say(browser, booked, "deleted_it", number).status_code == 404
    theirs = f"/w/elsewhere/admin/appointments/sync/clean-up/{booked.public_id}/1/"
    assert house.client_of(stranger).post(theirs, {"deed": "deleted_it"}).status_code == 404
    with pytest.raises(NotHere):
        cleaning.resolve(house.scope(stranger), booked.public_id, 1, Resolution.DELETED_IT)
    for verb in (cleaning.remind_later, cleaning.reopen):
        with pytest.raises(NotAllowed):
            verb(house.scope(rep), booked.public_id, 1)
    with pytest.raises(NotAllowed):
        cleaning.resolve(house.scope(rep), booked.public_id, 1, Resolution.NOT_THERE)
    assert set(Attempt.objects.values_list("resolution", "remind_at")) == {("", None)}


def test_a_list_that_is_too_long_says_how_many_more_there_are(stage: Stage, browser: Client) -> None:
    booked = suspect(stage)
    first = Attempt.objects.get(number=1)
    Attempt.objects.bulk_create(
        Attempt(
            meeting=first.meeting,
            number=number,
            epoch=1,
            provider="zoom",
            account=first.account,
            told=first.told,
            marker=f"Ref X-{number}",
            state="ambiguous",
            finished_at=first.finished_at + timedelta(0) if first.finished_at else None,
        )
        for number in range(3, 58)
    )
    assert (len(card(browser).open), card(browser).more) == (50, 6)
    say(browser, booked, "not_there")
    assert (len(card(browser).open), card(browser).more) == (50, 5)
