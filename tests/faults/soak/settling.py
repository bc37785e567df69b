"""How much has come to rest, by our own rows."""

from django.db.models import Exists, F, OuterRef, Q

from tests.faults import truth
from treff.appointments.models import Appointment
from treff.conferencing.models import Attempt
from treff.conferencing.states import AttemptState, Reason, Sync
from treff.kernel import clock
from treff.mail.models import Recipient

# Called off or without a provider before anybody looked at it.
NEEDS_NONE = Q(meeting=None) & (Q(provider="none") | ~Q(status="booked"))


def settled() -> int:
    """Appointments of which nobody has anything left to do: not the reconciler, not the mail."""
    now = clock.now()
    undecided = Attempt.objects.filter(
        meeting__appointment=OuterRef("pk"), state__in=(AttemptState.INTENT, AttemptState.STRAY)
    )
    owing = Recipient.objects.filter(appointment=OuterRef("pk")).filter(
        ~truth.knows_all() | Q(lease_until__gt=now) | Q(observed_sequence__lt=OuterRef("sequence"))
    )
    heard = Recipient.objects.filter(appointment=OuterRef("pk"))
    in_step = Q(
        meeting__observed_generation=F("generation"),
        meeting__state__in=(Sync.IN_STEP, Sync.UNNEEDED),
        meeting__next_look_at=None,
        meeting__lease_until__lte=now,
    )
    return (
        Appointment.objects.filter(in_step | NEEDS_NONE)
        .filter(~Exists(undecided), ~Exists(owing), Exists(heard) | ~Q(status="booked"))
        .count()
    )


def seen() -> int:
    """Appointments whose newest change some pass has looked at."""
    return Appointment.objects.filter(Q(meeting__observed_generation=F("generation")) | NEEDS_NONE).count()


def held_back() -> list[tuple[int, str, str]]:
    """Workspaces with appointments that wait for a person: with the state and the reason."""
    found = Appointment.objects.filter(meeting__state=Sync.BLOCKED).exclude(meeting__reason=Reason.NONE)
    return list(found.values_list("workspace_id", "meeting__state", "meeting__reason").distinct())
