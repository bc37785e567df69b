"""Everything that is stored about one lead: all of it, or how much."""

import base64
import hmac
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Prefetch
from django.utils.translation import gettext

from treff.appointments.models import Appointment
from treff.appointments.queries import ever_of_lead
from treff.audit.queries import naming, of_subjects
from treff.kernel import clock
from treff.kernel.secrets import SecretError
from treff.mail.models import Letter, Recipient, ReminderStop
from treff.mail.states import LetterState
from treff.notetaking import queries as notetaking
from treff.notetaking import transcripts
from treff.notetaking.models import Consent, MeetingNotes, Transcript
from treff.people import queries as people
from treff.people.models import Lead, LeadImport, Note
from treff.privacy import ports
from treff.privacy.states import Kind
from treff.workspaces.models import Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import workspace

Json = dict[str, object]


def person(scope: Scope, lead_id: str, *, hold: bool = False) -> Lead:
    """A lead who is there, or was deleted or erased. `hold`: nobody books with them until the transaction ends.

    Raises NotHere; MergedAway, which says into whom.
    """
    found = Lead.objects.within(scope).filter(public_id=lead_id, merged_into=None).select_related("workspace")
    row = (found.select_for_update(of=("self",)) if hold else found).first()
    return row or people.lead(scope, lead_id)


def code_of(lead: Lead) -> str:
    """Of `7K2M-9QXC`'s shape: mailed to the lead's own address it comes back from nobody who cannot read there."""
    text = f"privacy\0{lead.public_id}\0{lead.email.casefold()}".encode()
    digits = base64.b32encode(hmac.digest(settings.SECRET_KEY.encode(), text, "sha256")).decode()
    return f"{digits[:4]}-{digits[4:8]}"


def leads_of(lead: Lead) -> list[Lead]:
    """The lead, and those who were merged into them."""
    return [lead, *lead.merged.select_related("workspace").order_by("pk")]


def subjects_of(lead: Lead, appointments: Sequence[Appointment]) -> list[str]:
    """Public ids of all that was done to them."""
    return [row.public_id for row in leads_of(lead)] + [row.public_id for row in appointments]


# ---- how much ----


@dataclass(frozen=True, slots=True)
class Inventory:
    """`counts` says how many there are of each kind, none of which is 0. `in_files_until`: so long somebody's file of
    leads names them; `at_providers`: how many meetings providers were told of.
    """

    counts: Mapping[Kind, int]
    at_providers: int
    in_files_until: datetime | None


def inventory_of(scope: Scope, lead: Lead) -> Inventory:
    """What would be erased, and what would stay."""
    found = list(ever_of_lead(scope, lead).select_related("meeting"))
    counts = Counter(
        {
            Kind.MERGED: lead.merged.count(),
            Kind.NOTES: lead.notes.count(),
            Kind.APPOINTMENTS: len(found),
            Kind.MAILS: Letter.objects.filter(recipient__appointment__in=found).count(),
            Kind.TRANSCRIPTS: Transcript.objects.filter(appointment__in=found).count(),
            Kind.MEETING_NOTES: MeetingNotes.objects.filter(transcript__appointment__in=found).count(),
            Kind.CONSENTS: Consent.objects.filter(appointment__in=found).count(),
            Kind.REPORTS: len(list(_with_others(lead, found))),
            Kind.HISTORY: naming(lead.workspace_id, subjects_of(lead, found)).count(),
        }
    )
    made = sum(hasattr(row, "meeting") and bool(row.meeting.external_id) for row in found)
    return Inventory({kind: many for kind, many in counts.items() if many}, made, _in_files_until(lead))


def _in_files_until(lead: Lead) -> datetime | None:
    """Files are kept for a day, so there are few."""
    words = [word.casefold() for row in leads_of(lead) for word in (row.email, row.public_id)]
    kept = LeadImport.objects.filter(workspace=lead.workspace_id, expires_at__gt=clock.now())
    naming_them = [
        row.expires_at
        for row in kept
        if any(word in json.dumps([row.rows, row.plan, row.outcome], ensure_ascii=False).casefold() for word in words)
    ]
    return max(naming_them, default=None)


# ---- all of it ----


def everything_about(scope: Scope, lead_id: str) -> Json:
    """What an access request asks for, as JSON: instants in ISO 8601, what is sealed opened. Raises NotHere."""
    lead, place = person(scope, lead_id), workspace(scope)
    letters = Prefetch("recipients", Recipient.objects.order_by("pk").prefetch_related("letters"))
    found = ever_of_lead(scope, lead).select_related("host__user", "booking_type", "workspace")
    appointments = list(found.prefetch_related("attendees", letters))
    leads = leads_of(lead)
    stops = ReminderStop.objects.filter(workspace=place, email__in=[row.email.lower() for row in leads])
    return {
        "made_at": clock.now().isoformat(),
        "stored_by": place.name,
        "lead": _lead(lead),
        "merged_leads": [_lead(row) for row in leads[1:]],
        "notes": [_note(row) for row in lead.notes.order_by("pk")],
        "appointments": [_appointment(place, row) for row in appointments],
        "wants_no_reminders_at": list(stops.values_list("email", flat=True)),
        "problem_reports": list(_with_others(lead, appointments)),
        "history": _history(lead.workspace_id, [row.public_id for row in leads]),
    }


def _with_others(lead: Lead, appointments: Sequence[Appointment]) -> Iterator[Json]:
    for holder in ports.holders():
        if holder.find is not None:
            yield from holder.find(lead.workspace_id, subjects_of(lead, appointments))


def _lead(row: Lead) -> Json:
    return {
        "id": row.public_id,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "company": row.company,
        "language": row.locale,
        "time_zone": row.time_zone,
        "status": row.status,
        "source": row.source,
        "looked_after_by": str(row.owner) if row.owner else "",
        "added_at": row.created_at.isoformat(),
        "deleted_at": _instant(row.deleted_at),
    }


def _note(row: Note) -> Json:
    return {
        "text": row.text,
        "written_at": row.created_at.isoformat(),
        "edited_at": _instant(row.edited_at),
    }


def _appointment(place: Workspace, row: Appointment) -> Json:
    return {
        "id": row.public_id,
        "title": row.title,
        "starts_at": row.start_at.isoformat(),
        "minutes": int(row.duration.total_seconds() // 60),
        "time_zone": row.time_zone,
        "status": row.status,
        "no_show_at": _instant(row.no_show_at),
        "deleted_at": _instant(row.deleted_at),
        "booked_at": row.created_at.isoformat(),
        "booked_by": row.source,
        "booking_type": row.booking_type.title if row.booking_type else "",
        "host": str(row.host),
        "attendees": [attendee.email for attendee in row.attendees.all()],
        "answers": row.answers,
        "cancel_reason": row.cancel_reason,
        "provider": row.provider,
        "join_link": row.join_url,
        "history": _history(row.workspace_id, [row.public_id]),
        "mails": [_letter(letter, to) for to in row.recipients.all() for letter in to.letters.all()],
        "consents": [_consent(given) for given in notetaking.consents(row)],
        "transcripts": [_transcript(place, heard) for heard in notetaking.transcripts_of(row)],
    }


def _history(workspace_id: int, subjects: Sequence[str]) -> list[Json]:
    """What was done and by which side, but not by whom of the team: they have rights of their own."""
    entries = of_subjects(workspace_id, subjects, clock.now()).order_by("pk")
    return [{"at": entry.at.isoformat(), "deed": entry.deed, "by": entry.actor_kind} for entry in entries]


def _letter(row: Letter, to: Recipient) -> Json:
    copy: Mapping[str, str] = row.copy or {}
    return {
        "to": to.email,
        "kind": row.kind,
        "state": row.state,
        "sent_at": _instant(row.sent_at) if row.state == LetterState.SENT else None,
        "subject": copy.get("subject", ""),
        "text": copy.get("text", ""),
    }


def _consent(row: Consent) -> Json:
    return {
        "email": row.email,
        "agrees": row.agrees,
        "at": row.at.isoformat(),
        "how": row.how,
        "wording": row.version,
        "text": row.text,
        "language": row.locale,
    }


def _transcript(place: Workspace, row: Transcript) -> Json:
    said: Json = {"captured_at": row.captured_at.isoformat(), "erased_at_the_latest_at": row.expires_at.isoformat()}
    row.workspace = place
    try:
        lines = transcripts.lines_of(transcripts.utterances_of(row))
        said["lines"] = [{"at": line.at, "speaker": line.speaker, "text": line.text} for line in lines]
    except SecretError:
        said["unreadable"] = _unreadable()
    notes: MeetingNotes | None = getattr(row, "notes", None)
    return said if notes is None else said | {"notes": _meeting_notes(place, notes)}


def _meeting_notes(place: Workspace, row: MeetingNotes) -> Json:
    said: Json = {"written_at": _instant(row.written_at), "written_by": row.model, "sent_at": _instant(row.sent_at)}
    row.workspace = place
    try:
        draft = transcripts.draft_of(row)
    except SecretError:
        return said | {"unreadable": _unreadable()}
    if draft is None:
        return said
    return said | {
        "summary": draft.summary,
        "decisions": [point.text for point in draft.decisions],
        "next_steps": [{"text": step.text, "owner": step.owner, "due": step.due} for step in draft.next_steps],
    }


def _unreadable() -> str:
    """What cannot be opened is there all the same, and said to be."""
    return gettext("This is stored encrypted and cannot be opened now. The operator of this server can find out why.")


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
