"""Workers go by the database's clock, whatever their machine's says."""

import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest

from tests.journeys.conftest import connected_team, team
from tests.journeys.team import Team
from tests.product import eventually
from treff.conferencing.models import Meeting
from treff.kernel import clock

__all__ = ["connected_team", "team"]

# The worker, on a machine whose clock is wrong.
WORKER = """
    import sys
    from datetime import datetime, timedelta
    from treff.kernel import clock

    hours = timedelta(hours=float(sys.argv[1]))

    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + hours

    clock.datetime = Wrong
    from treff.cli import main
    sys.argv = ["treff", "worker", "--concurrency", "2"]
    sys.exit(main())
"""


@pytest.mark.fault("F-104")
@pytest.mark.parametrize("hours", ["1", "-1"])
def test_a_worker_whose_clock_is_an_hour_wrong_takes_no_lease_that_lives_and_leaves_none_that_ended(
    connected_team: Team, hours: str
) -> None:
    product = connected_team.product
    held, free = (connected_team.book(f"{name} {hours}") for name in ("Held", "Free"))
    for booked in (held, free):
        connected_team.linked(booked["id"])
    product.stop("worker")
    now = clock.now()
    theirs = Meeting.objects.filter(appointment__public_id=held["id"])
    theirs.update(lease_until=now + timedelta(minutes=30), next_look_at=now)
    epoch = theirs.get().epoch
    ended = Meeting.objects.filter(appointment__public_id=free["id"])
    ended.update(lease_until=now - timedelta(seconds=1), next_look_at=now)
    before = ended.get().epoch
    with (product.data_dir / "worker-wrong.log").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER), hours], env=product.environment, stdout=log, stderr=log
        )
    try:
        eventually(lambda: ended.get().epoch > before, "the lease that ended is taken")
        assert theirs.get().epoch == epoch
    finally:
        worker.terminate()
        assert worker.wait(timeout=60) == 0
        theirs.update(lease_until=now)
