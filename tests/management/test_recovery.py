"""treff reconcile and treff recover, as an operator gives them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from tests import house
from tests.conferencing.conftest import bare, stage, wired
from tests.conferencing.stage import Stage, later
from tests.management.installation import Installation, complaint
from tests.zoom import provider, simulator, zoom
from treff.conferencing.models import Meeting
from treff.kernel import clock
from treff.management import meetings, recovery
from treff.management.doctor import examine
from treff.notices.models import Notice
from treff.recovery import witness
from treff.recovery.errors import NoRecovery
from treff.recovery.models import Recovery, Witness
from treff.recovery.states import Cause

__all__ = ["bare", "provider", "simulator", "stage", "wired", "zoom"]


@pytest.fixture
def booked(installation: Installation, django_db_setup: None, django_db_blocker: Any) -> Iterator[list[str]]:
    """Three appointments in the installation's database, no account; their ids, by start."""
    default, where = connections["default"], conninfo_to_dict(installation.settings["TREFF_DATABASE_URL"])
    before: dict[str, Any] = dict(default.settings_dict)
    with django_db_blocker.unblock():
        default.close()
        default.settings_dict.update(NAME=where["dbname"])
        owner = house.owner(house.workspace())
        yield [house.appointment(owner, start_at=house.later(days)).public_id for days in (1, 2, 3)]
        default.close()
        default.settings_dict.update(before)


def doctor() -> tuple[str, str]:
    (found,) = [finding for finding in examine() if finding["name"] == "recovery"]
    return found["state"], found["detail"]


# ---- as commands ----


def test_reconcile_without_all_is_a_wrong_usage(installation: Installation) -> None:
    done = installation.treff("reconcile")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--all" in done.stderr


def test_everything_is_listed_by_start_and_asked_for_unless_it_is_a_dry_run(
    installation: Installation, booked: list[str]
) -> None:
    dry = installation.ask("reconcile", "--all", "--dry-run")
    assert [row["appointment"] for row in dry["appointments"]] == booked
    assert set(dry["appointments"][0]) == {"workspace", "appointment", "start", "stands", "would"}
    assert (dry["summary"], dry["asked"]) == ({"blocked: not_connected": 3}, None)
    assert not Meeting.objects.exists()
    lines = installation.treff("reconcile", "--all", "--dry-run").stdout.splitlines()
    assert [line.split("  ")[1] for line in lines[:3]] == booked
    assert "  blocked: not_connected: 3" in lines
    assert installation.ask("reconcile", "--all")["asked"] == 3
    assert Meeting.objects.filter(next_look_at__isnull=False).count() == 3
    done = installation.treff("reconcile", "--all")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Asked for: 3")


@pytest.mark.fault("F-113")
def test_a_recovery_from_its_beginning_to_its_end(installation: Installation, booked: list[str]) -> None:
    nothing = installation.treff("recover", "report")
    assert complaint(nothing) == complaint(installation.treff("recover", "resume"))
    begun = installation.ask("recover", "begin")
    assert begun["state"] == "held"
    assert installation.ask("recover", "begin") == begun
    assert "recover resume" in complaint(installation.treff("reconcile", "--all"))
    assert installation.treff("reconcile", "--all", "--dry-run").returncode == 0
    assert installation.treff("doctor").returncode == 1
    report = installation.ask("recover", "report")
    assert {**report, **begun} == report
    assert report["meetings"] == {"blocked: not_connected": 3}
    assert [report[name] for name in ("lost_meetings", "unknown_outcome", "accounts", "made_anew")] == [[], [], [], []]
    resumed = installation.ask("recover", "resume")
    assert (resumed["state"], resumed["meetings"]) == ("over", 3)
    assert "is over" in installation.treff("recover", "report").stdout
    assert complaint(installation.treff("recover", "resume")).startswith("No recovery is under way.")


# ---- what they say ----


@pytest.mark.django_db
def test_the_report_is_read_by_people(stage: Stage) -> None:
    linked = stage.linked()
    pending = stage.book()
    with later(minutes=55):
        recovery.begin()
        Meeting.objects.filter(appointment=linked).delete()
        said = "\n".join(recovery.sentences(recovery.report()))
    (orphan,) = stage.zoom.alive()
    assert "no mail and no meeting goes out" in said
    assert f"  {orphan['id']}  made " in said
    assert f"  nordlicht  {pending.public_id}  " in said
    assert "  zoom of nordlicht  may_be_outdated" in said
    assert said.endswith("treff recover resume")
    recovery.resume()
    said = "\n".join(recovery.sentences(recovery.report()))
    assert "is over since" in said
    assert "treff recover resume" not in said
    assert "  none" in said


@pytest.mark.django_db
def test_the_report_holds_nothing_of_a_person(stage: Stage) -> None:
    linked = stage.linked(title="A very private matter")
    stage.book()
    recovery.begin()
    Meeting.objects.filter(appointment=linked).delete()
    said = json.dumps(recovery.report()) + json.dumps(list(meetings.stock()))
    for private in ("private", linked.lead.email, linked.lead.name, linked.join_url, stage.grant().email):
        assert private not in said


@pytest.mark.django_db
def test_meetings_in_the_hands_of_workers_are_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    linked = stage.linked()
    Meeting.objects.filter(appointment=linked).update(lease_until=clock.now() + timedelta(minutes=1))
    monkeypatch.setattr(meetings, "PATIENCE_SECONDS", 0.3)
    assert meetings.ask() == (0, 1)
    Meeting.objects.filter(appointment=linked).update(lease_until=clock.now() + timedelta(seconds=0.5))
    monkeypatch.setattr(meetings, "PATIENCE_SECONDS", 20.0)
    assert meetings.ask() == (1, 0)


# ---- what workers notice ----


@pytest.mark.django_db
@pytest.mark.fault("F-112")
def test_a_database_that_went_back_is_held_at_once_and_the_operator_is_told(stage: Stage) -> None:
    booked = stage.book()
    assert [recovery.watch() for _ in range(3)] == [False] * 3
    assert doctor()[0] == "ok"
    before = stage.fresh(booked).sequence
    Witness.objects.update(beat=0)
    assert doctor()[0] == "bad"
    assert "treff recover begin" in doctor()[1]
    assert not Recovery.objects.exists()
    assert [recovery.watch() for _ in range(3)] == [True] * 3
    assert Recovery.objects.get().cause == Cause.NOTICED
    assert doctor()[0] == "bad"
    assert "treff recover resume" in doctor()[1]
    assert list(Notice.objects.filter(kind="recovery").values_list("user", flat=True)) == [None]
    assert stage.fresh(booked).sequence > before
    assert stage.attempts(booked) == ["ambiguous"]
    recovery.resume()
    assert [recovery.watch() for _ in range(3)] == [False] * 3
    assert witness.compare() == "same"


@pytest.mark.django_db
def test_what_the_operator_begins_needs_no_mail_to_the_operator(stage: Stage) -> None:
    recovery.begin()
    assert not Notice.objects.filter(kind="recovery").exists()
    recovery.resume()
    with pytest.raises(NoRecovery):
        recovery.resume()
