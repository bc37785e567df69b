from enum import StrEnum

from treff.kernel.stored import is_known, known


class Light(StrEnum):
    OFF = ""
    RED = "red"


def test_a_value_is_read_as_what_it_says_and_one_of_tomorrow_as_what_the_reader_says() -> None:
    assert [known(Light, value, Light.OFF) for value in ("red", "", "ultraviolet")] == [Light.RED, Light.OFF, Light.OFF]
    assert [is_known(Light, value) for value in ("red", "", "RED", "ultraviolet")] == [True, True, False, False]
