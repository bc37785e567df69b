"""Every read about mails."""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.mail.models import Recipient
from treff.mail.plan import Facts


def facts_of(appointment: Appointment) -> Facts:
    return Facts(
        start_at=appointment.start_at,
        duration=appointment.duration,
        join_url=appointment.join_url,
        has_video=appointment.provider != Provider.NONE,
        takes_place=appointment.is_wanted,
        booked_at=appointment.created_at,
        changed_at=appointment.changed_at,
        sequence=appointment.sequence,
        awaits=appointment.deleted_at is None and appointment.status == Status.REQUESTED,
        declined=appointment.deleted_at is None and appointment.status == Status.DECLINED,
    )


def due(limit: int) -> list[int]:
    """Appointments with a recipient to look at now, longest due first."""
    now = clock.now()
    found = (
        Recipient.objects.filter(next_look_at__lte=now, lease_until__lte=now)
        .order_by("next_look_at")
        .values_list("appointment_id", flat=True)[:limit]
    )
    return list(dict.fromkeys(found))


def behind(now: datetime) -> QuerySet[Recipient]:
    """Those who may not know all of an appointment ahead."""
    return Recipient.objects.filter(observed_sequence__lt=F("appointment__sequence"), appointment__start_at__gt=now)


def overlooked(since_changed: timedelta, limit: int, head_start: timedelta = timedelta(0)) -> list[int]:
    """Appointments ahead, changed lately, but longer than `head_start` ago, of which a recipient has not heard."""
    unheard = Q(recipients__isnull=True, deleted_at__isnull=True) & ~Q(status=Status.CANCELLED)
    behind = Q(recipients__observed_sequence__lt=F("sequence"), recipients__next_look_at__isnull=True)
    now = clock.now()
    return list(
        Appointment.objects.filter(unheard | behind, start_at__gt=now)
        .filter(changed_at__gt=now - since_changed, changed_at__lte=now - head_start)
        .distinct()
        .order_by("start_at")
        .values_list("pk", flat=True)[:limit]
    )
