"""How long a mail rests after a server did not take it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treff.mail.rules import LONGEST_BACK_OFF, back_off


@given(
    tries=st.integers(0, 100_000), chance=st.floats(0, 1, exclude_max=True), code=st.sampled_from([0, 421, 450, 554])
)
def test_a_pause_is_between_half_and_the_whole_and_never_longer_than_the_longest(
    tries: int, chance: float, code: int
) -> None:
    whole = back_off(tries, 1.0, code)
    assert whole / 2 <= back_off(tries, chance, code) <= whole <= LONGEST_BACK_OFF


@pytest.mark.parametrize(("code", "pauses"), [(0, [2, 4, 8, 16]), (451, [30, 60, 120, 240]), (421, [30, 60, 120, 240])])
def test_who_answers_that_it_is_too_early_is_left_alone_for_longer_than_who_does_not_answer(
    code: int, pauses: list[int]
) -> None:
    assert [back_off(tries, 1.0, code) for tries in range(4)] == [timedelta(seconds=pause) for pause in pauses]
