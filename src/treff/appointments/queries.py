"""Every read about appointments."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Greatest

from treff.appointments.models import Appointment, CoHost
from treff.appointments.states import BLOCKING, Source, Status
from treff.people.models import Lead
from treff.workspaces.models import ScopedQuerySet
from treff.workspaces.ports import Scope


def appointments(scope: Scope) -> ScopedQuerySet[Appointment]:
    """The workspace's appointments that are not deleted, with lead, host and booking type."""
    return (
        Appointment.objects.within(scope)
        .filter(deleted_at__isnull=True)
        .select_related("lead", "host__user", "booking_type")
    )


def appointment(scope: Scope, public_id: str) -> Appointment:
    """Raises NotHere."""
    return appointments(scope).named(public_id)


def between(scope: Scope, from_at: datetime, until_at: datetime) -> QuerySet[Appointment]:
    """Those that start in [from_at, until_at), in order of start."""
    return appointments(scope).filter(start_at__gte=from_at, start_at__lt=until_at).order_by("start_at", "id")


def hosted_by(found: QuerySet[Appointment], member_id: int) -> QuerySet[Appointment]:
    """Those of them that the member hosts, alone or together with others."""
    together = CoHost.objects.filter(appointment=OuterRef("pk"), member_id=member_id)
    return found.filter(Q(host_id=member_id) | Q(Exists(together)))


def search(scope: Scope, words: str, now: datetime) -> QuerySet[Appointment]:
    """Those whose title or lead (name, e-mail, company) contains every word (any case), the nearest to now first."""
    found = appointments(scope)
    for word in words.split()[:8]:
        of_lead = Q(lead__name__icontains=word) | Q(lead__email__icontains=word) | Q(lead__company__icontains=word)
        found = found.filter(Q(title__icontains=word) | of_lead)
    ahead, ago = F("start_at") - Value(now), Value(now) - F("start_at")
    away = Greatest(*(ExpressionWrapper(way, output_field=DurationField()) for way in (ahead, ago)))
    return found.annotate(away=away).order_by("away", "id")


def of_lead(scope: Scope, lead: Lead) -> QuerySet[Appointment]:
    """The lead's appointments, latest start first."""
    return appointments(scope).filter(_with(lead)).order_by("-start_at", "-id")


def counts_of(scope: Scope, leads: Sequence[Lead]) -> dict[int, int]:
    """How many appointments each has, by the lead's primary key; who has none is left out."""
    found = appointments(scope).filter(lead__in=leads).order_by().values("lead_id").annotate(many=Count("pk"))
    return {row["lead_id"]: row["many"] for row in found}


def having_any(scope: Scope, lead_ids: Collection[str]) -> set[str]:
    """Those of the leads (public ids) who have an appointment, or had."""
    found = Appointment.objects.within(scope).filter(lead__public_id__in=lead_ids)
    return set(found.values_list("lead__public_id", flat=True))


def ever_of_lead(scope: Scope, lead: Lead) -> QuerySet[Appointment]:
    """Also deleted ones, latest start first."""
    return Appointment.objects.within(scope).filter(_with(lead)).order_by("-start_at", "-id")


def _with(lead: Lead) -> Q:
    """Also one that was being booked with a lead who was just merged into this one."""
    return Q(lead=lead) | Q(lead__merged_into=lead)


def upcoming(scope: Scope, now: datetime) -> QuerySet[Appointment]:
    """Booked appointments that have not begun, soonest first."""
    return appointments(scope).filter(status=Status.BOOKED, start_at__gt=now).order_by("start_at", "id")


def ahead(scope: Scope, now: datetime) -> QuerySet[Appointment]:
    """Those that have not begun and keep their hosts' time, requests included, soonest first."""
    return appointments(scope).filter(status__in=BLOCKING, start_at__gt=now).order_by("start_at", "id")


def are_to_come(leads: Collection[Lead], now: datetime) -> bool:
    """Whether one of theirs keeps its hosts' time still: it is ahead, or under way. Requests count too."""
    found = Appointment.objects.filter(lead__in=leads, deleted_at__isnull=True, status__in=BLOCKING)
    ends_at = ExpressionWrapper(F("start_at") + F("duration"), output_field=DateTimeField())
    return found.annotate(ends_at=ends_at).filter(ends_at__gt=now).exists()


def with_next_start(leads: QuerySet[Lead], now: datetime) -> QuerySet[Lead]:
    """Each lead with `next_at`: when their next booked appointment starts, None without one."""
    ahead_of_lead = Appointment.objects.filter(
        lead=OuterRef("pk"), deleted_at__isnull=True, status=Status.BOOKED, start_at__gt=now
    )
    return leads.annotate(next_at=Subquery(ahead_of_lead.order_by("start_at").values("start_at")[:1]))


def waiting(scope: Scope, now: datetime) -> QuerySet[Appointment]:
    """Requests that somebody can still answer, soonest first."""
    return ahead(scope, now).filter(status=Status.REQUESTED)


def booked_by_clients(scope: Scope, since: datetime, now: datetime, address: str = "") -> QuerySet[Appointment]:
    """Ahead, and booked or asked for by clients since then, latest deed first. `address`: a part of the lead's."""
    found = ahead(scope, now).filter(source=Source.CLIENT, created_at__gte=since)
    if address:
        found = found.filter(lead__email__icontains=address)
    return found.order_by("-created_at", "-id")


def with_everything(appointment_id: int) -> Appointment | None:
    """For tasks: the row, deleted or not, with what mails and meetings show of it."""
    return (
        Appointment.objects.filter(pk=appointment_id)
        .select_related("workspace", "lead", "host__user", "booking_type")
        .first()
    )
