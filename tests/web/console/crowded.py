"""Workspaces with as many leads and appointments as are asked for, made in bulk: what years of work leave behind."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from treff.appointments.models import Appointment, HostBusy
from treff.appointments.states import Source
from treff.audit.models import AuditEntry
from treff.conferencing.models import Meeting
from treff.conferencing.states import Sync
from treff.kernel import clock
from treff.mail.models import Letter, Recipient
from treff.mail.states import LetterState
from treff.people.models import Lead, Note
from treff.workspaces.models import Member

A_DAY = 8  # appointments of a host, every day of the week
HALF_HOUR = timedelta(minutes=30)


def fill(members: Sequence[Member], leads: int, appointments: int) -> None:
    """Half of the appointments lie ahead, every tenth was booked by a client; each has a meeting, a mail, a history."""
    people = _leads(members, leads)
    wanted = (_appointment(members, people, n, appointments) for n in range(appointments))
    booked = Appointment.objects.bulk_create(wanted)
    HostBusy.objects.bulk_create(HostBusy(appointment=row, host=row.host, busy=row.blocked_span) for row in booked)
    Meeting.objects.bulk_create(
        Meeting(
            appointment=row,
            provider="zoom",
            external_id=row.meeting_id,
            state=Sync.IN_STEP,
            observed_generation=1,
            synced_at=row.created_at,
        )
        for row in booked
    )
    recipients = Recipient.objects.bulk_create(
        Recipient(appointment=row, email=row.lead.email, told={}, observed_sequence=0) for row in booked
    )
    Letter.objects.bulk_create(
        Letter(recipient=one, kind="confirmation", sequence=0, state=LetterState.SENT, sent_at=clock.now())
        for one in recipients
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(
            workspace_id=row.workspace_id,
            at=row.created_at,
            actor_kind="member",
            actor_id=row.host.public_id,
            actor_name=str(row.host),
            deed="appointment.booked",
            subject=row.public_id,
            detail={"start": row.start_at.isoformat()},
        )
        for row in booked
    )


def _leads(members: Sequence[Member], count: int) -> list[Lead]:
    place, now = members[0].workspace, clock.now()
    made = Lead.objects.bulk_create(
        Lead(
            workspace=place,
            name=f"Lead {n} of {place.slug}",
            email=f"lead{n}@{place.slug}.example",
            phone=f"+49 40 {n:07}",
            company=f"Company {n % 700}",
            locale="de",
            time_zone="Europe/Berlin",
            owner=members[n % len(members)],
            created_at=now - timedelta(hours=n),
        )
        for n in range(count)
    )
    Note.objects.bulk_create(
        Note(workspace=place, lead=lead, author=lead.owner, text="Called, wants an offer.") for lead in made
    )
    return made


def _appointment(members: Sequence[Member], people: Sequence[Lead], n: int, of: int) -> Appointment:
    host, slot = members[n % len(members)], n // len(members)
    middle = of // len(members) // 2
    day, step = divmod(slot - middle, A_DAY)
    midnight = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start_at: datetime = midnight + timedelta(days=day if day < 0 else day + 1, hours=7) + step * 2 * HALF_HOUR
    return Appointment(
        workspace=host.workspace,
        lead=people[n % len(people)],
        host=host,
        title=f"Consultation {n}",
        start_at=start_at,
        duration=HALF_HOUR,
        time_zone="Europe/Berlin",
        provider="zoom",
        source=Source.CLIENT if n % 10 == 1 else Source.TEAM,
        meeting_id=f"8{n:010}",
        join_url=f"https://zoom.us/j/8{n:010}",
        created_at=clock.now() - timedelta(minutes=5 + n),
    )
