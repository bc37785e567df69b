import pytest

from tests.bots.conftest import stand, stands
from tests.bots.contract import Stand
from treff.notetaking import ports
from treff.notetaking.errors import BotsNotSetUp
from treff.notetaking.rules import explain
from treff.notetaking.states import Cause

__all__ = ["stand", "stands"]


def test_every_cause_has_its_sentence_and_its_cure() -> None:
    for cause in Cause:
        told = explain(cause)
        assert (told is None) == (cause == Cause.NONE)
        assert told is None or (told.message and told.cure)


def test_a_vendor_that_is_not_set_up_says_so(stand: Stand) -> None:
    ports.connect({"attendee": stand.provider}, "")
    try:
        assert ports.provider_named("attendee") is stand.provider
        with pytest.raises(BotsNotSetUp):
            ports.provider_named("recall")
    finally:
        ports.connect({}, "")
