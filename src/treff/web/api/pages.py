"""Pages of a list: the next begins behind the last row of this one, whatever came or went in between."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from pydantic import BaseModel, Field

from treff.kernel.errors import N_, Invalid

M = TypeVar("M", bound=Model)
LONGEST_PAGE = 100


class PageRequest(BaseModel):
    """Which page of a list."""

    limit: int = Field(50, ge=1, le=LONGEST_PAGE, description="How many items at most.")
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` of the page before.")


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is ordered: by a column, then by public id; `name` keeps cursors of other lists out."""

    name: str
    column: str
    descending: bool = False


def cut(rows: QuerySet[M], order: Order, wanted: PageRequest) -> tuple[list[M], str | None]:
    """The page, and the cursor of the next one or None. Raises Invalid for a cursor that is not of this list.

    A cursor names the last row by values that its reader has seen; it is signed, not secret.
    """
    sign = "-" if order.descending else ""
    rows = rows.order_by(f"{sign}{order.column}", f"{sign}public_id")
    if wanted.cursor:
        rows = rows.filter(_behind(order, wanted.cursor))
    found = list(rows[: wanted.limit + 1])
    page = found[: wanted.limit]
    return page, _cursor(order, page[-1]) if len(found) > len(page) else None


def _behind(order: Order, cursor: str) -> Q:
    try:
        value, public_id = signing.loads(cursor, salt=_salt(order))
    except (signing.BadSignature, ValueError):
        raise Invalid("cursor", N_("This is not a cursor of this list. Begin without one.")) from None
    way = "lt" if order.descending else "gt"
    return Q(**{f"{order.column}__{way}": value}) | Q(**{order.column: value, f"public_id__{way}": public_id})


def _cursor(order: Order, last: Model) -> str:
    value = getattr(last, order.column)
    shown = value.isoformat() if isinstance(value, datetime) else value
    return signing.dumps([shown, getattr(last, "public_id")], salt=_salt(order))  # noqa: B009  Model has no such field


def _salt(order: Order) -> str:
    return f"treff.api.cursor.{order.name}"
