"""What is asked for: plain values, not yet checked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leads; what is empty narrows nothing. `words` as typed; `owner`: me, none, or a member's public id."""

    words: str = ""
    owner: str = ""
    statuses: tuple[str, ...] = ()
    source: str = ""
