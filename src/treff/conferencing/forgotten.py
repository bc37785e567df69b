"""What a database that went back in time (treff/recovery) does not know any more, as far as anybody can say."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import Exists, OuterRef, Q

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.states import Provider
from treff.conferencing import journal
from treff.conferencing.grants import due_at
from treff.conferencing.models import Attempt, Grant, Meeting
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.queries import hosting_accounts
from treff.conferencing.states import UNDECIDED, AttemptState, GrantState
from treff.kernel import clock
from treff.kernel.ids import short_code

# A link is noted in the data directory a moment before its commit.
_BEFORE_ITS_COMMIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lost:
    """A meeting that was made at a provider and that no row knows. `noted_at` is None if only its id was kept."""

    external_id: str
    noted_at: datetime | None


def suspect_creates() -> int:
    """An appointment ahead without a meeting may have got one since the database was saved. How many.

    Such a meeting has the marker of the next attempt, so that is recorded as one whose outcome nobody knows, and comes
    up on the clean-up list; the one that is made later on is told from it by another marker. What was being made when
    the database was saved is in the intent log already.
    """
    made = Exists(Attempt.objects.filter(meeting__appointment=OuterRef("pk"), state=AttemptState.INTENT))
    wanted = Appointment.objects.filter(status=Status.BOOKED, deleted_at=None, start_at__gt=clock.now())
    missing = wanted.exclude(provider=Provider.NONE).filter(Q(meeting=None) | Q(meeting__external_id=""), ~made)
    suspected = 0
    for _workspace_id, group in groupby(missing.order_by("workspace_id", "pk"), lambda one: one.workspace_id):
        appointments = list(group)
        accounts = hosting_accounts(appointments)
        for appointment in appointments:
            if appointment.pk in accounts:
                _suspect(appointment, accounts[appointment.pk])
                suspected += 1
    return suspected


def _suspect(appointment: Appointment, account: str) -> None:
    meeting, _made = Meeting.objects.get_or_create(appointment=appointment, defaults={"provider": appointment.provider})
    number = meeting.attempts.count() + 1
    spec = MeetingSpec(appointment.title, appointment.start_at, appointment.duration, appointment.time_zone)
    meeting.attempts.create(
        number=number,
        epoch=meeting.epoch,
        provider=appointment.provider,
        account=account,
        told=spec.as_told(),
        marker=f"Ref {short_code(appointment.public_id)}-{number}",
        state=AttemptState.AMBIGUOUS,
        detail="the database was restored, and may not know what was made after it was saved",
        finished_at=clock.now(),
    )


def lost_meetings(known_until_at: datetime | None) -> list[Lost]:
    """Those that this machine's data directory remembers and no row knows; made after that instant."""
    noted = {external_id: at for at, external_id in journal.notes("made") if _is_after(at, known_until_at)}
    received = dict.fromkeys(_received())
    found = {**received, **noted}
    known = {
        *Meeting.objects.filter(external_id__in=found).values_list("external_id", flat=True),
        *Attempt.objects.filter(external_id__in=found).values_list("external_id", flat=True),
    }
    return [Lost(external_id, at) for external_id, at in found.items() if external_id not in known]


def _is_after(at: datetime, known_until_at: datetime | None) -> bool:
    return known_until_at is None or at > known_until_at - _BEFORE_ITS_COMMIT


def _received() -> Iterator[str]:
    """Ids in the response journal."""
    for kind in ("created", "unknown"):
        for name in list(journal.names(kind)):
            kept = journal.read(kind, name)
            if kept is not None:
                yield str(json.loads(kept)["external_id"])


def open_attempts() -> Sequence[Attempt]:
    """Creates for appointments ahead of which nobody knows whether they made a meeting; soonest first."""
    unsure = Attempt.objects.filter(state__in=UNDECIDED, resolution="")
    found = unsure.filter(meeting__appointment__start_at__gt=clock.now())
    return list(found.select_related("meeting__appointment__workspace").order_by("meeting__appointment__start_at"))


def outdated_grants(begun_at: datetime) -> list[Grant]:
    """Accounts whose tokens may have been exchanged since the database was saved, or that are lost already.

    Zoom takes the newest refresh token only, so such an account may have to be connected again.
    """
    grants = Grant.objects.exclude(connections=None).prefetch_related("connections__workspace").order_by("pk")
    return [grant for grant in grants if grant.state != GrantState.CONNECTED or due_at(grant) <= begun_at]


def remade(begun_at: datetime, resumed_at: datetime) -> Sequence[Attempt]:
    """After the end of a recovery: meetings of before that were not there any more and that got a successor.

    Of an appointment that was cancelled after the database was saved, the meeting was gone, too.
    """
    successor = Attempt.objects.filter(meeting=OuterRef("meeting"), number__gt=OuterRef("number"))
    found = Attempt.objects.filter(
        Exists(successor.filter(created_at__gte=resumed_at)),
        state=AttemptState.DELETED,
        created_at__lt=begun_at,
        finished_at__gte=resumed_at,
        meeting__appointment__start_at__gt=clock.now(),
    )
    return list(found.select_related("meeting__appointment__workspace").order_by("meeting__appointment__start_at"))
