"""What is printed: a number, what it is, and the budget that it should keep."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One number. `most`, `least`: its budget, if it has one."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def budget(self) -> str:
        """`≤ 10`, with a word if it is not kept."""
        if self.most is not None:
            return f"≤ {self.most:g}{'' if self.value <= self.most else '  OVER'}"
        if self.least is not None:
            return f"≥ {self.least:g}{'' if self.value >= self.least else '  UNDER'}"
        return ""


def table(rows: Sequence[Row]) -> str:
    width = max(len(row.name) for row in rows)
    return "".join(f"{row.name:<{width}}  {row.value:>9.2f} {row.unit:<3} {row.budget}".rstrip() + "\n" for row in rows)
