"""A day at the office: what a team books, moves and cancels, and what Zoom and the mailboxes have of it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection

from tests import house
from tests.faults import truth
from tests.faults.installation import WORKERS
from tests.journeys.team import Team
from tests.product import eventually
from tests.visitor import Visitor
from treff.appointments.models import Appointment
from treff.conferencing.models import Meeting
from treff.recovery.models import Witness

WRITES = ("create", "update", "delete")
PATIENCE = 90.0  # seconds; a provider that was down is tried once a minute


class Office:
    """What a team does in a day, and what Zoom and the mailboxes have of it."""

    def __init__(self, team: Team) -> None:
        self.team, self.product = team, team.product
        people = (house.owner(team.workspace), team.admin, team.rep)
        self._addresses = {member.user.email for member in people}

    def order(self, title: str) -> dict[str, Any]:
        """Under a title, and for a lead, that no other team has."""
        made = self.team.book(f"{title} {self.team.number}")
        self._addresses.add(made["lead"]["email"])
        return made

    def book(self, *titles: str) -> list[dict[str, Any]]:
        """Each with its link there and mailed."""
        made = [self.order(title) for title in titles]
        for one in made:
            self.settle(one)
        return made

    def move(self, *booked: dict[str, Any]) -> None:
        """Each to another time, until Zoom has it and it is mailed."""
        starts = [self.ask_to_move(one) for one in booked]
        for one, start in zip(booked, starts, strict=True):
            self.await_starts(one, [datetime.fromisoformat(start)])
            self.settle(one)

    def ask_to_move(self, booked: dict[str, Any]) -> str:
        start = house.later().isoformat()
        answer = self.team.api.ask("PATCH", f"/appointments/{booked['id']}", {"start": start})
        assert answer.status == 200
        return start

    def cancel(self, *booked: dict[str, Any]) -> None:
        """Until their meetings are gone and it is mailed."""
        for one in booked:
            self.ask_to_cancel(one)
        for one in booked:
            self.await_starts(one, [])
            self.settle(one)

    def ask_to_cancel(self, booked: dict[str, Any]) -> None:
        self.team.api.post(f"/appointments/{booked['id']}/cancel")

    def await_starts(self, booked: dict[str, Any], starts: list[datetime]) -> None:
        eventually(lambda: self.starts_at_zoom(booked) == starts, f"{booked['title']} is so at Zoom", PATIENCE)

    def settle(self, booked: dict[str, Any]) -> None:
        """Until nobody has anything to do about it."""
        row = Appointment.objects.get(public_id=booked["id"])

        def look() -> bool:
            row.refresh_from_db()
            seen = Meeting.objects.filter(appointment=row, observed_generation=row.generation, next_look_at=None)
            told = row.recipients.filter(truth.knows_all(), observed_sequence=row.sequence)
            return seen.exists() and told.exists()

        eventually(look, f"{booked['title']} is settled", PATIENCE)

    def starts_at_zoom(self, booked: dict[str, Any]) -> list[datetime]:
        there = [meeting for meeting in self.product.meetings(booked["title"]) if meeting["alive"]]
        return [datetime.fromisoformat(meeting["start_time"]) for meeting in there]

    def ids_at_zoom(self, *booked: dict[str, Any]) -> set[str]:
        titles = {one["title"] for one in booked}
        return {str(meeting["id"]) for meeting in truth.alive(self.team) if meeting["topic"] in titles}

    def dead_ids_at_zoom(self, booked: dict[str, Any]) -> set[str]:
        return {str(meeting["id"]) for meeting in self.product.meetings(booked["title"]) if not meeting["alive"]}

    def outside(self) -> tuple[int, int]:
        """How much was written at Zoom, and how many mails the team and its leads got, ever."""
        calls = [call for call in self.product.zoom("truth")["calls"] if call["operation"] in WRITES]
        return len(calls), sum(len(self.product.mails(address)) for address in self._addresses)

    def await_quiet(self) -> None:
        """No job is left, and the workers have looked a few times more."""
        eventually(lambda: not jobs(), "no job is left", PATIENCE)
        before = looks()
        eventually(lambda: looks() > before + 3 * len(WORKERS), "the workers have looked")

    def report(self) -> dict[str, Any]:
        done = self.product.treff("recover", "report", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def banner(self) -> bool:
        """Whether the pages say that things are held."""
        administrator = Visitor(self.product).sign_in(self.team.admin)
        return "restored from a backup" in administrator.get(self.team.provider_page).text

    def check_held(self, deed: Callable[[], object]) -> None:
        """Whatever is done, nothing is mailed and nothing written at Zoom, however long workers look at it."""
        before = self.outside()
        deed()
        self.await_quiet()
        assert self.outside() == before

    def check_link_kept(self, booked: dict[str, Any], link: str) -> None:
        """In step, at the time that the row says, with the link it had."""
        eventually(lambda: Meeting.objects.filter(appointment__public_id=booked["id"], confirm_at=None), "confirmed")
        self.settle(booked)
        row = Appointment.objects.get(public_id=booked["id"])
        assert self.starts_at_zoom(booked) == [row.start_at]
        assert row.join_url == link
        assert Meeting.objects.get(appointment=row).state == "in_step"


def jobs() -> int:
    """Those that wait; who was working on one when the database was copied will never put it away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
        found: int = cursor.fetchone()[0]
        return found


def looks() -> int:
    """How often workers have looked whether the database went back in time."""
    return sum(Witness.objects.values_list("beat", flat=True))


def link_of(booked: dict[str, Any]) -> str:
    link = Appointment.objects.get(public_id=booked["id"]).join_url
    assert link
    return link
