"""The decision whether a database went back in time. Pure: values in, a verdict out."""

from collections.abc import Sequence
from dataclasses import dataclass

from treff.recovery.states import Verdict


@dataclass(frozen=True, slots=True)
class Seen:
    """What a data directory remembers: of which installation, its last recovery, and the directory's last beat.

    A beat is committed to the database before it is remembered here.
    """

    installation: str
    recovery: str
    place: str
    beat: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the database says: its installation, its recoveries (oldest first), this directory's last beat.

    `is_held`: the last of the recoveries is still under way.
    """

    installation: str
    recoveries: Sequence[str] = ()
    is_held: bool = False
    beat: int | None = None

    @property
    def recovery(self) -> str:
        return self.recoveries[-1] if self.recoveries else ""


def judge(seen: Seen | None, found: Found) -> Verdict:
    """Whether the database has forgotten what the directory knows that it knew.

    1. A directory without a memory, or with that of another installation, has nothing to say.
    2. If a recovery was begun that the directory does not know of, somebody has seen to it; the directory forgets.
    3. If the database does not know the recovery that the directory knows, it is from before that.
    4. If it does not know the directory, or knows an earlier beat of it only, it is from before that beat.
    5. While a recovery is under way that is no news: a person looks at it anyway.
    """
    if seen is None or seen.installation != found.installation:
        return Verdict.NEW
    if seen.recovery != found.recovery:
        dealt_with = not seen.recovery or seen.recovery in found.recoveries
        return Verdict.NEW if dealt_with or found.is_held else Verdict.OLDER
    if found.beat is None or found.beat < seen.beat:
        return Verdict.NEW if found.is_held else Verdict.OLDER
    return Verdict.SAME
