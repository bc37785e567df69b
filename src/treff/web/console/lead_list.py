"""The list of leads as an address asks for it: filters, order, and the same as a query string again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db.models import DateTimeField, F, Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Upper
from django.http import QueryDict

from treff.appointments.queries import with_next_start
from treff.kernel import clock
from treff.people import queries
from treff.people.models import Lead
from treff.people.ports import Wanted
from treff.people.states import LeadSource, LeadStatus
from treff.web.console.paging import Order
from treff.web.policy import Visit
from treff.workspaces.ports import Scope

LONGEST_SEARCH = 100
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
ORDERS: Mapping[str, Order] = {
    "": Order(("id",), descending=True),
    "oldest": Order(("id",)),
    "name": Order(("name_key", "id")),
    "next": Order(("next_key", "id")),
    "changed": Order(("changed_key", "id"), descending=True),
}
# PostgreSQL compares bytes here, where Ä stands behind Z; in a list of names it is an A (DIN 5007, variant 1).
_MARKED = "ÀÁÂÃÄÅĀĂĄÇĆČĎÈÉÊËĒĘĚĞÌÍÎÏĪİŁÑŃŇÒÓÔÕÖØŌŐŘŚŞŠȘŤȚÙÚÛÜŪŮŰÝŸŹŻŽ"
_PLAIN = "AAAAAAAAACCCDEEEEEEEGIIIIIILNNNOOOOOOOORSSSSTTUUUUUUUYYZZZ"


@dataclass(frozen=True, slots=True)
class Listing:
    """What the address asks for; what is none is left out. `upcoming`: yes, no or empty; `sort`: a key of ORDERS."""

    wanted: Wanted
    upcoming: str
    sort: str

    @property
    def query(self) -> str:
        """The shortest query string that asks for the same."""
        wanted = self.wanted
        given = [("q", wanted.words), ("owner", wanted.owner), *(("status", status) for status in wanted.statuses)]
        given += [("source", wanted.source), ("upcoming", self.upcoming), ("sort", self.sort)]
        return urlencode([(name, value) for name, value in given if value])

    @property
    def order(self) -> Order:
        return ORDERS[self.sort]

    @property
    def filters(self) -> int:
        """How many narrow the list, the search apart."""
        wanted = self.wanted
        return sum(map(bool, (wanted.owner, wanted.statuses, wanted.source, self.upcoming)))


def words_of(query: QueryDict) -> str:
    """What is searched for (`?q=`)."""
    return "".join(char for char in query.get("q", "") if char.isprintable())[:LONGEST_SEARCH].strip()


def listing_of(query: QueryDict) -> Listing:
    words = words_of(query)
    owner, source, upcoming = (query.get(name, "") for name in ("owner", "source", "upcoming"))
    statuses = tuple(status.value for status in LeadStatus if status in query.getlist("status"))
    sort = query.get("sort", "")
    return Listing(
        Wanted(
            words,
            owner if owner.isascii() and owner.isprintable() and len(owner) <= 40 else "",
            statuses,
            source if source in list(LeadSource) else "",
        ),
        upcoming if upcoming in ("yes", "no") else "",
        sort if sort in ORDERS else "",
    )


def rows_of(visit: Visit, listing: Listing) -> QuerySet[Lead]:
    """Each with next_at, and the keys that they can be ordered by."""
    rows = keyed(queries.matching(visit.scope, listing.wanted))
    if listing.upcoming:
        rows = rows.filter(Q(("next_at__isnull", listing.upcoming == "no")))
    return rows


def anchors_of(scope: Scope) -> QuerySet[Lead]:
    """Where a page can go on: also behind a lead that is not on the list any more."""
    return keyed(Lead.objects.within(scope))


def keyed(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    name = Func(Upper("name"), Value(_MARKED), Value(_PLAIN), function="translate")
    return with_next_start(leads, clock.now()).annotate(
        name_key=name,
        next_key=Coalesce("next_at", Value(NEVER), output_field=DateTimeField()),
        changed_key=Coalesce("status_changed_at", F("created_at")),
    )
