"""Values of rows that a newer version of us may have written, while both run."""

from enum import StrEnum
from typing import TypeVar

E = TypeVar("E", bound=StrEnum)


def known(kind: type[E], value: str, otherwise: E) -> E:
    """The value as a member of `kind`; one that this version has never heard of counts as `otherwise`."""
    return kind(value) if is_known(kind, value) else otherwise


def is_known(kind: type[StrEnum], value: str) -> bool:
    return value in kind._value2member_map_
