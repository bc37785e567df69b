from dataclasses import replace

import pytest

from tests.bots.conftest import stand, stands
from tests.bots.contract import Stand
from treff.notetaking import ports
from treff.notetaking.errors import BotsNotSetUp
from treff.notetaking.rules import Grounds, explain, standing_of
from treff.notetaking.states import Cause, Standing

__all__ = ["stand", "stands"]


ALL_WELL = Grounds(
    is_set_up=True,
    is_enabled=True,
    has_video=True,
    takes_place=True,
    is_called_off=False,
    answers={"lena@x.example": True},
)


@pytest.mark.parametrize(
    ("answers", "standing"),
    [
        ([True], Standing.AGREED),
        ([True, True], Standing.AGREED),
        ([True, None], Standing.NO_ANSWER),
        ([None], Standing.NO_ANSWER),
        ([], Standing.NO_ANSWER),
        ([True, False], Standing.REFUSED),
        ([None, False], Standing.REFUSED),
    ],
)
def test_notes_may_be_taken_only_if_everybody_has_said_yes(answers: list[bool | None], standing: Standing) -> None:
    said = {f"{number}@customer.example": answer for number, answer in enumerate(answers)}
    assert standing_of(replace(ALL_WELL, answers=said)) == standing


@pytest.mark.parametrize(
    ("ground", "standing"),
    [
        ({"is_enabled": False}, Standing.OFF),
        ({"is_set_up": False}, Standing.NOT_SET_UP),
        ({"has_video": False}, Standing.NO_VIDEO),
        ({"takes_place": False}, Standing.NOT_TAKING_PLACE),
        ({"is_called_off": True}, Standing.CALLED_OFF),
    ],
)
def test_everybodys_yes_is_not_enough(ground: dict[str, bool], standing: Standing) -> None:
    assert standing_of(ALL_WELL) == Standing.AGREED
    assert standing_of(replace(ALL_WELL, **ground)) == standing  # type: ignore[arg-type]


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
