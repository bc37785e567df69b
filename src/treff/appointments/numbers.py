"""How many appointments were booked, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, Count, DateTimeField, ExpressionWrapper, F, Q, Value, When

from treff.appointments import queries
from treff.appointments.states import Status
from treff.workspaces.ports import Scope


@dataclass(frozen=True, slots=True)
class Tally:
    """Of appointments that start within a span. `booked`: all of them, those called off later and those to come too."""

    booked: int = 0
    held: int = 0
    cancelled: int = 0
    no_show: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.booked + other.booked,
            self.held + other.held,
            self.cancelled + other.cancelled,
            self.no_show + other.no_show,
        )


@dataclass(frozen=True, slots=True)
class Portion:
    """A tally of one span, one host and one source."""

    span: str
    host_id: int
    source: str
    tally: Tally


def count(
    scope: Scope, spans: Mapping[str, tuple[datetime, datetime]], now: datetime, host_id: int | None = None
) -> Sequence[Portion]:
    """One statement. Each span is [from, until). Only those of `host_id`, where one is given; requests are not counted,
    nor what no client confirmed, also if somebody of the team called it off.

    An appointment counts for its host; co-hosts receive with them.
    """
    starting = {name: Q(start_at__gte=from_at, start_at__lt=until_at) for name, (from_at, until_at) in spans.items()}
    found = queries.appointments(scope).filter(status__in=(Status.BOOKED, Status.CANCELLED))
    found = found.exclude(confirm_digest__isnull=False, confirmed_at__isnull=True)
    if host_id is not None:
        found = found.filter(host_id=host_id)
    ends_at = ExpressionWrapper(F("start_at") + F("duration"), output_field=DateTimeField())
    span = Case(*(When(when, then=Value(name)) for name, when in starting.items()), output_field=CharField())
    takes_place = Q(status=Status.BOOKED)
    rows = (
        found.annotate(span=span, ends_at=ends_at)
        .filter(span__isnull=False)
        .order_by()
        .values_list("span", "host_id", "source")
        .annotate(
            booked=Count("pk"),
            held=Count("pk", filter=takes_place & Q(no_show_at__isnull=True, ends_at__lte=now)),
            cancelled=Count("pk", filter=Q(status=Status.CANCELLED)),
            no_show=Count("pk", filter=takes_place & Q(no_show_at__isnull=False)),
        )
    )
    return [Portion(name, host, source, Tally(*tally)) for name, host, source, *tally in rows]
