"""Whichever operation fails, once or from then on: what was confirmed is there, and all comes into step."""

import itertools

import pytest

from tests.faults.operations import deeds
from tests.faults.operations.outages import TROUBLES
from tests.faults.operations.trials import During, Trials
from tests.simulators.zoom.driver import Driver

pytestmark = pytest.mark.django_db(transaction=True)

DEEDS: dict[str, type[deeds.Deed]] = {
    "booking": deeds.Book,
    "rescheduling": deeds.Reschedule,
    "rescheduling with an old token": deeds.RescheduleWithOldToken,
    "cancelling": deeds.Cancel,
    "switching the provider off": deeds.SwitchOff,
    "switching it back on": deeds.SwitchBack,
    "disconnecting": deeds.Disconnect,
    "disconnecting and removing": deeds.DisconnectAndRemove,
    "disconnecting and switching": deeds.DisconnectAndSwitch,
}

# What each of them needs; the others ask it for nothing.
NEEDED = {
    "the database": list(DEEDS),
    "Zoom": [deed for deed in DEEDS if deed != "disconnecting and switching"],
    "the disk": ["booking", "rescheduling with an old token", "switching it back on"],
}


@pytest.mark.fault("F-017")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("where", "deed"), [(where, deed) for where in NEEDED for deed in NEEDED[where]])
def test_whichever_operation_fails_all_comes_into_step(zoom: Driver, where: str, deed: str) -> None:
    operations = 0
    for trouble, during, lasting in itertools.product(TROUBLES[where], During, (False, True)):
        trials = Trials(DEEDS[deed], zoom)
        trials.run(TROUBLES[where][trouble], during, lasting=lasting)
        operations += trials.operations
    assert operations > 0
