"""Bookings and links while something is down."""

import signal
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.journeys.team import Team
from tests.product import eventually
from treff.conferencing.models import Meeting
from treff.kernel import clock
from treff.mail.models import Recipient


@pytest.mark.fault("F-003")
@pytest.mark.fault("F-120")
@pytest.mark.promise("P11")
def test_a_booking_while_zoom_is_down_is_confirmed_in_normal_time_and_gets_its_link_later(
    connected_team: Team,
) -> None:
    _settle_wait(connected_team, seconds=1)
    connected_team.product.stop_zoom()
    began = time.monotonic()
    booked = connected_team.book("Zoom down")
    assert time.monotonic() - began < 3
    assert booked["conference"]["join_url"] is None
    eventually(
        lambda: connected_team.api.get(f"/appointments/{booked['id']}")["conference"]["state"] == "waiting",
        "the appointment says that it waits",
    )
    first = eventually(lambda: connected_team.product.mails("zoom.down@customer.example"), "a mail without link")[0]
    assert "follows" in first["text"]
    _carry_on_after(connected_team, booked["id"], "Zoom down", "zoom.down@customer.example")


@pytest.mark.fault("F-003")
@pytest.mark.fault("F-005")
def test_a_worker_killed_while_zoom_is_down_changes_nothing_of_that(connected_team: Team) -> None:
    _settle_wait(connected_team, seconds=1)
    connected_team.product.stop_zoom()
    booked = connected_team.book("Killed worker")
    _kill_the_worker(connected_team)
    eventually(lambda: connected_team.product.mails("killed.worker@customer.example"), "a mail without link")
    _kill_the_worker(connected_team)
    _carry_on_after(connected_team, booked["id"], "Killed worker", "killed.worker@customer.example")


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("provider", ["zoom", "none"])
def test_lost_wake_ups_cost_time_and_nothing_else(connected_team: Team, provider: str, restarted: bool) -> None:
    """The jobs of a booking vanish; what is due stands on our own rows, and each package's sweep finds it there.

    With Zoom the link must come; without, nothing but the mail's own sweep can bring the confirmation.
    """
    product = connected_team.product
    pending = "SELECT 1 FROM procrastinate_jobs WHERE task_name = %s AND args->>'subject_id' = %s"
    of_connecting = ("conferencing.look_at_workspace", str(connected_team.workspace.pk))
    eventually(lambda: not _jobs(pending, *of_connecting), "the job of connecting is done")
    product.processes["worker"].send_signal(signal.SIGSTOP)
    booked = connected_team.book(f"Jobs lost {provider} {restarted}", provider=provider)
    lost = _jobs("DELETE FROM procrastinate_jobs WHERE status = 'todo' RETURNING task_name")
    assert {task for (task,) in lost} == {"conferencing.look", "mail.tell"}
    if restarted:
        product.stop("worker", signal.SIGKILL)
        product.start_worker()
    else:
        product.processes["worker"].send_signal(signal.SIGCONT)
    link = connected_team.linked(booked["id"])["conference"]["join_url"] if provider == "zoom" else booked["title"]
    address = booked["lead"]["email"]
    eventually(lambda: [mail for mail in _mails(connected_team, address) if link in mail["text"]], "the confirmation")


def test_what_a_dead_worker_had_in_hand_is_done_by_the_next_one(connected_team: Team) -> None:
    """Also what no sweep would find by itself."""
    product = connected_team.product
    product.stop("worker")
    (job,) = _jobs(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
        """ VALUES ('default', 'mail.look_at_type', '{"subject_id": 0}', 'doing') RETURNING id"""
    )
    product.start_worker()
    eventually(lambda: not _jobs("SELECT 1 FROM procrastinate_jobs WHERE id = %s", *map(str, job)), "it is done")


def test_a_worker_that_is_asked_to_stop_ends_with_status_0(connected_team: Team) -> None:
    booked = connected_team.book("Before the stop")
    connected_team.linked(booked["id"])
    assert connected_team.product.stop("worker") == 0


def _jobs(statement: str, *values: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _kill_the_worker(team: Team) -> None:
    """And start another, some minutes later: what the dead one had in hand is free when its leases are over."""
    team.product.stop("worker", signal.SIGKILL)
    now = clock.now()
    Meeting.objects.filter(lease_until__gt=now).update(lease_until=now)
    Recipient.objects.filter(lease_until__gt=now).update(lease_until=now)
    team.product.start_worker()


def _settle_wait(team: Team, seconds: int) -> None:
    """Confirmations wait this long for the link."""
    team.workspace.link_wait = timedelta(seconds=seconds)
    team.workspace.save()


def _carry_on_after(team: Team, appointment_id: str, title: str, address: str) -> None:
    """Zoom is back: one meeting, its link on the appointment, and exactly one more mail, with it."""
    team.product.start_zoom()
    link = team.linked(appointment_id)["conference"]["join_url"]
    eventually(lambda: [mail for mail in _mails(team, address) if link in mail["text"]], "the mail with the link")
    first, second = _mails(team, address)
    assert link not in first["text"]
    assert link in second["text"]
    assert [meeting["join_url"] for meeting in team.product.meetings(title) if meeting["alive"]] == [link]
    assert second["calendar"][0]["uid"] == first["calendar"][0]["uid"]
    assert second["calendar"][0]["sequence"] > first["calendar"][0]["sequence"]


def _mails(team: Team, address: str) -> list[dict[str, Any]]:
    """Each mail once: a worker killed between the server's yes and its own commit sends the same Message-ID again."""
    return list({mail["message_id"]: mail for mail in team.product.mails(address)}.values())
