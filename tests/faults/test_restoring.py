"""A database that goes back in time while Zoom and everybody's mailboxes stay where they are."""

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.conftest import make_place
from tests.faults import truth
from tests.faults.installation import WORKERS, Installation, install
from tests.faults.office import PATIENCE, Office, link_of, looks
from tests.faults.power import Machine
from tests.journeys.team import Team
from tests.product import Product, eventually
from tests.visitor import Visitor
from treff.appointments.models import Appointment
from treff.conferencing.models import Grant, Meeting
from treff.kernel import clock
from treff.recovery.models import Recovery

Booked = dict[str, Any]


@pytest.fixture
def installation(
    running_product: Product, tmp_path: Path, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Installation]:
    with django_db_blocker.unblock(), install(running_product, tmp_path) as found:
        yield found


@pytest.fixture
def product(installation: Installation) -> Product:
    return installation.product


@pytest.fixture
def office(connected_team: Team) -> Office:
    return Office(connected_team)


class Drill:
    """That of docs/operate/restore.md: a backup, twenty changes, the backup restored."""

    def __init__(self, office: Office, installation: Installation, backup: Path) -> None:
        self.office, self.product, self.installation, self.backup = office, office.product, installation, backup
        self.kept, self.moved, self.again, self.cancelled, self.forgotten = office.book(
            "Kept", "Moved", "Moved again", "Cancelled", "Cancelled and forgotten"
        )
        self.links = {one["id"]: link_of(one) for one in (self.kept, self.moved, self.again)}
        self.product.stop_zoom()
        self.pending = office.order("Pending")
        eventually(lambda: self.product.mails(self.pending["lead"]["email"]), "the mail without a link", PATIENCE)
        Grant.objects.update(expires_at=clock.now() + timedelta(minutes=8))  # the next call exchanges the tokens
        installation.back_up(backup)

    def change(self) -> None:
        """What the backup does not have: a meeting, tokens, eight bookings, six moves, three cancellations."""
        office = self.office
        self.product.start_zoom()
        truth.end_pauses()
        eventually(lambda: office.starts_at_zoom(self.pending), "its meeting is made", PATIENCE)
        office.settle(self.pending)
        lost = office.book(*(f"Lost {number}" for number in range(8)))
        office.move(self.moved, self.again, lost[0], lost[1])
        office.move(self.again, lost[0])
        office.cancel(self.cancelled, self.forgotten, lost[7])
        assert Grant.objects.get().version == 2
        self.lost = lost
        self.orphans = office.ids_at_zoom(*lost)
        assert len(self.orphans) == 7
        (self.orphan_of_pending,) = office.ids_at_zoom(self.pending)
        self.made_since = {*self.orphans, *office.dead_ids_at_zoom(lost[7]), self.orphan_of_pending}

    def restore(self) -> None:
        self.installation.stop()
        self.installation.restore(self.backup)
        for command in (("migrate",), ("recover", "begin")):
            assert self.product.treff(*command).returncode == 0

    def do_again(self) -> None:
        """What somebody remembers, while nothing goes out."""
        self.fresh = self.office.order("While it is held")
        self.office.ask_to_move(self.moved)
        self.office.ask_to_cancel(self.cancelled)

    def reconnect(self) -> None:
        team = self.office.team
        team.connect_zoom(Visitor(self.product).sign_in(team.admin))


@pytest.mark.timeout(480)
@pytest.mark.fault("F-113")
def test_after_an_old_backup_is_restored_nothing_goes_out_until_somebody_says_so_and_then_all_is_put_right(
    office: Office, installation: Installation, tmp_path: Path
) -> None:
    drill = Drill(office, installation, tmp_path / "treff.dump")
    drill.change()
    drill.restore()
    office.check_held(installation.start)
    assert Appointment.objects.filter(workspace=office.team.workspace).count() == 6
    check_said(office)
    office.check_held(drill.do_again)
    check_report(drill)
    office.check_held(drill.reconnect)
    assert office.product.zoom("truth")["refresh_reuse"] == 0  # nobody tried the token that is spent
    assert office.product.treff("recover", "resume").returncode == 0
    check_put_right(drill)
    check_told(drill)
    assert not office.banner()


def check_said(office: Office) -> None:
    """Whoever looks reads that things are held."""
    assert office.banner()
    doctor = json.loads(office.product.treff("doctor", "--json").stdout)
    assert [one["state"] for one in doctor if one["name"] == "recovery"] == ["bad"]
    refused = office.product.treff("reconcile", "--all")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "treff recover resume" in refused.stderr
    assert office.product.treff("reconcile", "--all", "--dry-run").returncode == 0


def check_report(drill: Drill) -> None:
    """It names every meeting that was made since, and does not claim to know more."""
    found = drill.office.report()
    assert {one["meeting"] for one in found["lost_meetings"]} == drill.made_since
    (unknown,) = found["unknown_outcome"]
    (orphan,) = drill.product.meetings(drill.pending["title"])
    assert (unknown["appointment"], unknown["marker"]) == (drill.pending["id"], orphan["agenda"])
    assert found["meetings"] == {"confirm": 3, "update": 1, "delete": 1, "create": 2}
    assert [one["state"] for one in found["accounts"]] == ["may_be_outdated"]
    assert found["known_until"] < found["begun"]


def check_put_right(drill: Drill) -> None:
    """M3: of every appointment that the rows know, Zoom has the time, under the link it had if that still was there."""
    office = drill.office
    for one in (drill.kept, drill.moved, drill.again):
        office.check_link_kept(one, drill.links[one["id"]])
    office.await_starts(drill.cancelled, [])
    for one in (drill.fresh, drill.pending, drill.forgotten):
        office.settle(one)
        row = Appointment.objects.get(public_id=one["id"])
        assert row.start_at in office.starts_at_zoom(one)
        assert row.meeting_id in office.ids_at_zoom(one)
    assert office.ids_at_zoom(drill.pending) > {drill.orphan_of_pending}
    assert office.ids_at_zoom(*drill.lost) == drill.orphans  # nobody deletes where somebody may want to meet
    after = office.report()
    assert (after["state"], after["unconfirmed"]) == ("over", 0)
    assert [one["appointment"] for one in after["made_anew"]] == [drill.forgotten["id"]]
    assert {one["meeting"] for one in after["lost_meetings"]} == drill.made_since


def check_told(drill: Drill) -> None:
    """E4: the move that was done again counts on from one that was mailed before the loss."""
    mails = truth.mails_of(drill.office.team, drill.moved)
    assert len(mails) == 3
    sequences = [mail["calendar"][0]["sequence"] for mail in mails]
    assert sequences == sorted(set(sequences))


@pytest.mark.timeout(300)
@pytest.mark.fault("F-112")
def test_a_replica_that_was_behind_takes_over_and_its_workers_notice(
    office: Office, installation: Installation
) -> None:
    """Web and workers live through it. What was confirmed in the last moments is lost (docs/operate/restore.md names
    the bound), and nothing wrong goes out."""
    product = office.product
    kept, moved = office.book("Kept", "Moved")
    links = {one["id"]: link_of(one) for one in (kept, moved)}
    with make_place() as shelf:
        replica = Machine(installation.server, shelf).cut_power()
        office.move(moved)
        (lost,) = office.book("Lost")
        product.break_zoom("delay", "create", seconds=4)
        in_flight = office.order("In flight")
        eventually(lambda: office.starts_at_zoom(in_flight), "Zoom has made it")
        orphans = office.ids_at_zoom(lost, in_flight)
        before = looks()
        eventually(lambda: looks() > before + len(WORKERS), "the workers have looked")
        installation.lose_database_to(replica)
    eventually(Recovery.objects.exists, "a worker has noticed", PATIENCE)
    recovery = Recovery.objects.get()
    assert (recovery.cause, recovery.resumed_at) == ("noticed", None)
    assert not Appointment.objects.filter(public_id__in=(lost["id"], in_flight["id"])).exists()
    assert [name for name in WORKERS if product.processes[name].poll() is not None] == []
    office.check_held(office.banner)
    assert office.banner()
    eventually(lambda: {one["meeting"] for one in office.report()["lost_meetings"]} == orphans, "both are named")
    assert product.treff("recover", "resume").returncode == 0
    for one in (kept, moved):
        office.check_link_kept(one, links[one["id"]])
    office.await_quiet()
    assert Recovery.objects.count() == 1  # nobody begins another one
    assert office.ids_at_zoom(lost, in_flight) == orphans


@pytest.mark.timeout(300)
@pytest.mark.fault("F-113")
def test_a_worker_that_starts_on_a_restored_database_notices_before_it_sends_anything(
    office: Office, installation: Installation, tmp_path: Path
) -> None:
    """Somebody forgot treff recover begin."""
    product = office.product
    kept, moved = office.book("Kept", "Moved")
    Meeting.objects.update(next_look_at=clock.now() + timedelta(seconds=1))
    installation.back_up(tmp_path / "treff.dump")
    office.move(moved)
    office.cancel(kept)
    for name in WORKERS:
        product.stop(name, signal.SIGKILL)
    installation.stop()
    installation.restore(tmp_path / "treff.dump")
    Meeting.objects.update(told={})  # as if something was to be done
    office.check_held(installation.start)
    assert Recovery.objects.get().cause == "noticed"
