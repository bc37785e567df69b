"""Pages of long lists, by cursor: what comes after or before one row, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)
SIZE = 50


@dataclass(frozen=True, slots=True)
class Order:
    """Columns that together order every row of a list, and which way."""

    columns: tuple[str, ...]
    descending: bool = False

    def sorted(self, rows: QuerySet[M], *, backwards: bool = False) -> QuerySet[M]:
        sign = "-" if self.descending != backwards else ""
        return rows.order_by(*(sign + column for column in self.columns))

    def beyond(self, row: Model, *, backwards: bool) -> Q:
        """What comes after `row`, or before it: (a, b) > (x, y) written out as a > x or (a = x and b > y)."""
        comparison = "__lt" if self.descending != backwards else "__gt"
        found, equal = Q(), Q()
        for column in self.columns:
            value = getattr(row, column)
            found |= equal & Q(**{column + comparison: value})
            equal &= Q(**{column: value})
        return found


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page; the addresses are relative, None where there is no such page."""

    rows: Sequence[M]
    prev_url: str | None
    next_url: str | None


def page_of(rows: QuerySet[M], anchors: QuerySet[Any], order: Order, query: QueryDict) -> Page[M]:
    """The page of `rows` that `?after=` or `?before=` (a public id among `anchors`) asks for; the first without.

    1. Look the anchor up. `anchors` has more rows than `rows`, so that a row that left the list still marks its place.
    2. Read one row more than fits, away from the anchor: it tells whether the list goes on there.
    3. Towards the anchor there is always a page, since the anchor was on it.
    """
    backwards = "before" in query
    cursor = query.get("before") or query.get("after") or ""
    anchor = anchors.filter(public_id=cursor).first() if cursor.isascii() and cursor.isprintable() and cursor else None
    if anchor is None:
        backwards = False
    else:
        rows = rows.filter(order.beyond(anchor, backwards=backwards))
    found = list(order.sorted(rows, backwards=backwards)[: SIZE + 1])
    goes_on, found = len(found) > SIZE, found[:SIZE]
    if backwards:
        found.reverse()
    has_prev = goes_on if backwards else anchor is not None
    has_next = anchor is not None if backwards else goes_on
    return Page(
        found,
        _address(query, "before", found[0]) if has_prev and found else None,
        _address(query, "after", found[-1]) if has_next and found else None,
    )


def _address(query: QueryDict, direction: str, row: Any) -> str:
    address = query.copy()
    for name in ("after", "before"):
        address.pop(name, None)
    address[direction] = row.public_id
    return f"?{address.urlencode()}"
