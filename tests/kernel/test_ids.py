import re

from treff.kernel.ids import new_id, short_code


def test_an_id_says_what_it_is_and_uses_no_letter_that_is_misread() -> None:
    assert re.fullmatch(r"appt_[0-9a-hjkmnp-tv-z]{20}", new_id("appt"))


def test_ids_do_not_repeat() -> None:
    assert len({new_id("lead") for _ in range(10_000)}) == 10_000


def test_the_short_code_is_what_people_compare() -> None:
    assert short_code("appt_7k2m0000000000000000") == "7K2M"
    assert short_code("api_key_9zzz0000000000000000") == "9ZZZ"
