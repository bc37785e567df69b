"""What happened with a lead: deeds, notes, mails and meetings in one line, newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext

from treff.appointments.models import Appointment
from treff.appointments.queries import ever_of_lead
from treff.audit.models import AuditEntry
from treff.audit.queries import of_subjects
from treff.conferencing.models import Attempt
from treff.conferencing.queries import made_for
from treff.conferencing.states import AttemptState
from treff.kernel import clock
from treff.mail.models import Letter
from treff.mail.queries import letters_of
from treff.mail.states import LetterState
from treff.people import queries
from treff.people.models import Lead, Note
from treff.web import labels
from treff.web.console.history import sentence_of, who_did
from treff.web.console.presenting import address, names_of
from treff.web.policy import Visit
from treff.workspaces.models import Member

SIZE = 40
MOST_APPOINTMENTS = 200
# Notes tell of themselves.
_SILENT = ("note.added", "note.edited")


@dataclass(frozen=True, slots=True)
class NoteText:
    """`edit_url`, `delete_url` are empty for who may not."""

    text: str
    is_edited: bool
    edit_url: str
    delete_url: str


@dataclass(frozen=True, slots=True)
class Moment:
    """`who` did `what`; `about`: the appointment that it concerns, and its page, none once it is deleted."""

    at: datetime
    icon: str
    who: str
    what: str
    about: str = ""
    about_url: str = ""
    note: NoteText | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """`older_url` is empty at the beginning of everything."""

    moments: Sequence[Moment]
    older_url: str


def timeline_of(visit: Visit, lead: Lead, until: datetime | None) -> Timeline:
    """What happened before `until`, or up to now. Seven statements, however much it is."""
    before = until or clock.now() + timedelta(seconds=1)
    about = {row.pk: row for row in ever_of_lead(visit.scope, lead)[:MOST_APPOINTMENTS]}
    subjects = {row.public_id: row for row in about.values()}
    everybody = [lead.public_id, *queries.merged_into(lead), *subjects]
    told = of_subjects(visit.scope.workspace_id, everybody, before).exclude(deed__in=_SILENT)
    entries = list(told[: SIZE + 1])
    notes = queries.notes_of(visit.scope, lead).filter(created_at__lt=before)[: SIZE + 1]
    # At the same instant, as it was done by one click, deeds come before what followed from them.
    found = [
        *(_mail(visit, letter, about) for letter in letters_of(list(about), before, SIZE + 1)),
        *_meetings(visit, made_for(list(about), before, SIZE + 1), about),
        *(_note(visit, note) for note in notes),
        *_deeds(visit, entries, subjects),
    ]
    found = [moment for moment in found if moment.at < before]
    found.sort(key=lambda moment: moment.at, reverse=True)
    if len(found) <= SIZE and len(entries) <= SIZE:
        return Timeline(found, "")
    # What happened at the same instant as the first that does not fit may be known in part only: it comes next time.
    first_left = found[SIZE].at if len(found) > SIZE else entries[-1].at
    older = urlencode({"until": (first_left + timedelta(microseconds=1)).isoformat()})
    return Timeline([moment for moment in found if moment.at > first_left], f"?{older}#timeline")


def _deeds(visit: Visit, entries: Sequence[AuditEntry], subjects: Mapping[str, Appointment]) -> Iterator[Moment]:
    names = names_of(list(Member.objects.within(visit.scope).select_related("user")))
    for entry in entries:
        what = sentence_of(entry, visit.time_zone, names)
        if what:
            icon = "user" if entry.deed.startswith("lead.") else "calendar"
            yield Moment(entry.at, icon, who_did(entry), what, **_about(visit, subjects.get(entry.subject)))


def _about(visit: Visit, row: Appointment | None) -> dict[str, Any]:
    if row is None:
        return {}
    url = "" if row.deleted_at else address(visit, "appointment", appointment_id=row.public_id)
    return {"about": row.title, "about_url": url}


def _note(visit: Visit, note: Note) -> Moment:
    ids = {"lead_id": note.lead.public_id, "note_id": note.public_id}
    may_edit, may_delete = queries.may_edit(visit.scope, note), queries.may_delete(visit.scope, note)
    text = NoteText(
        note.text,
        note.edited_at is not None,
        address(visit, "note_edit", **ids) if may_edit else "",
        address(visit, "note_delete", **ids) if may_delete else "",
    )
    who = str(note.author) if note.author else gettext("Somebody")
    return Moment(note.created_at, "edit", who, gettext("Note"), note=text)


def _mail(visit: Visit, letter: Letter, about: Mapping[int, Appointment]) -> Moment:
    names = {"kind": labels.of_mail(letter.kind), "email": letter.recipient.email}
    sent = letter.state == LetterState.SENT
    sentence = gettext("%(kind)s sent to %(email)s") if sent else gettext("%(kind)s could not be sent to %(email)s")
    return Moment(
        letter.sent_at or letter.created_at,
        "mail",
        "Treff",
        sentence % names,
        **_about(visit, about.get(letter.recipient.appointment_id)),
    )


def _meetings(visit: Visit, attempts: Sequence[Attempt], about: Mapping[int, Appointment]) -> Iterator[Moment]:
    for attempt in attempts:
        row = _about(visit, about.get(attempt.meeting.appointment_id))
        names = {"provider": labels.of_provider(attempt.provider)}
        yield Moment(attempt.created_at, "video", "Treff", gettext("%(provider)s meeting created") % names, **row)
        if attempt.state == AttemptState.DELETED and attempt.finished_at is not None:
            yield Moment(attempt.finished_at, "video", "Treff", gettext("%(provider)s meeting removed") % names, **row)
