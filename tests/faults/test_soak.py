"""The soak in small: a few appointments, a Zoom that fails, workers that are killed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults import truth
from tests.faults.installation import install
from tests.faults.soak.run import Report, Soak, Wanted
from tests.product import Product

pytestmark = pytest.mark.timeout(300)  # it takes half a minute on a machine that has nothing else to do


@pytest.fixture(scope="module")
def report(
    running_product: Product, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Report]:
    """Some minutes pass every second while it is waited until all is settled."""

    def hurry() -> None:
        truth.end_leases()
        truth.end_pauses()

    wanted = Wanted(appointments=12, teams=2, people_wait=5.0, catching_up=5.0, hurry=hurry)
    with django_db_blocker.unblock(), install(running_product, tmp_path_factory.mktemp("soak")) as found:
        yield Soak(found.product, wanted, lambda line: None).run()


def test_a_small_soak_comes_into_step_and_violates_nothing(report: Report) -> None:
    assert report.violations == []
    assert report.rows["appointments"] == report.rows["  book"] == 12
    assert int(report.rows["workers killed"]) >= 1


def test_its_table_says_what_there_was_of_everything(report: Report) -> None:
    lines = report.table().splitlines()
    assert len({len(line) for line in lines}) == 1, "one column under the other"
    assert lines[0].split() == ["appointments", "12"]
    assert lines[-1].split() == ["violations", "0"]
    shown = " ".join(lines)
    for what in ("requests to Zoom", "of these faulty", "workers killed", "strays deleted", "mails", "seconds in all"):
        assert what in shown
