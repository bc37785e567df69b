"""What became of an appointment, told from the audit log in the reader's language and zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext, ngettext, pgettext

from treff.audit.models import AuditEntry
from treff.audit.ports import SYSTEM
from treff.audit.queries import of_subject
from treff.kernel.zones import wall_of
from treff.web import labels
from treff.web.console.presenting import names_of
from treff.web.policy import Visit
from treff.workspaces.models import Member


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    who: str
    what: str


def history_of(visit: Visit, public_id: str) -> list[Entry]:
    """Newest first. A deed that we have no words for is left out."""
    entries = of_subject(visit.scope.workspace_id, public_id)
    # Former members too: whoever hosted it once is named.
    names = names_of(list(Member.objects.within(visit.scope).select_related("user")))
    told = [(entry, sentence_of(entry, visit.time_zone, names)) for entry in entries]
    return [Entry(entry.at, who_did(entry), sentence) for entry, sentence in told if sentence]


def who_did(entry: AuditEntry) -> str:
    """As they were called then; of who was erased nobody knows any more."""
    return entry.actor_name or gettext("Erased lead")


def moment(at: datetime, zone: str) -> str:
    """An instant as clocks in the zone show it, as components/moment.html writes it without the zone."""
    return format_date(wall_of(at, zone), pgettext("date and time format", "j M Y, H:i"))


_OF_WAITING = {f"appointment.{deed}" for deed in ("unconfirmed", "lapsed", "requested", "approved", "declined")}


def sentence_of(entry: AuditEntry, zone: str, members: Mapping[str, str]) -> str:
    """`members`: names by public id. Empty for a deed without words."""
    if entry.deed.startswith(("lead.", "note.")):
        return _of_lead(entry, members)
    if entry.deed.startswith(("consent.", "notes.", "notes_policy.", "transcript.", "meeting_notes.")):
        return _of_notes(entry)
    if entry.deed in _OF_WAITING:
        return _of_waiting(entry, zone)
    return _of_appointment(entry, zone, members)


def _of_waiting(entry: AuditEntry, zone: str) -> str:
    """Of what was not agreed yet, and of the answer to it."""
    detail: Mapping[str, Any] = entry.detail
    match entry.deed:
        case "appointment.unconfirmed":
            return gettext("Time kept for %(start)s, until the client confirms") % {
                "start": _moment(detail["start"], zone)
            }
        case "appointment.lapsed":
            return gettext("Given up, because the client did not confirm")
        case "appointment.requested":
            return gettext("Requested for %(start)s") % {"start": _moment(detail["start"], zone)}
        case "appointment.approved":
            return gettext("Approved")
        case "appointment.declined" if entry.actor_kind == SYSTEM.kind:
            return gettext("Declined, because nobody answered in time")
        case "appointment.declined" if detail.get("reason"):
            return gettext("Declined: %(reason)s") % {"reason": detail["reason"]}
        case "appointment.declined":
            return gettext("Declined")
    return ""


def _of_appointment(entry: AuditEntry, zone: str, members: Mapping[str, str]) -> str:
    detail: Mapping[str, Any] = entry.detail
    match entry.deed:
        case "appointment.booked":
            return gettext("Booked for %(start)s") % {"start": _moment(detail["start"], zone)}
        case "appointment.rescheduled" | "appointment.edited":
            changes = _changes(detail, zone, members)
            return " · ".join(changes) if changes or "redacted" not in detail else gettext("Title changed")
        case "appointment.cancelled" if detail.get("reason"):
            return gettext("Cancelled: %(reason)s") % {"reason": detail["reason"]}
        case "appointment.cancelled":
            return gettext("Cancelled")
        case "appointment.move_undone":
            return gettext("Moved back to %(start)s, before anybody was told") % {
                "start": _moment(detail["start"], zone)
            }
        case "appointment.cancel_undone":
            return gettext("Cancellation taken back, before anybody was told")
        case "appointment.clocks_changed":
            names = {"zone": detail["zone"].replace("_", " "), "old": _moment(detail["was"], detail["zone"])}
            now = _moment(detail["start"], detail["zone"])
            return gettext("Clocks in %(zone)s changed: %(old)s became %(new)s") % {**names, "new": now}
        case "appointment.no_show":
            return gettext("Marked as a no-show")
        case "appointment.no_show_taken_back":
            return gettext("No longer marked as a no-show")
        case "appointment.deleted":
            return gettext("Deleted")
        case "mail.sent_again" if "to" not in detail:
            return gettext("Mail sent again")
        case "mail.sent_again":
            return gettext("Mail to %(email)s sent again") % {"email": detail["to"]}
    return ""


def _of_notes(entry: AuditEntry) -> str:
    detail: Mapping[str, Any] = entry.detail
    match entry.deed:
        case "notes_policy.set" if detail["is_enabled"]:
            days = detail["retention_days"]
            sentence = ngettext(
                "Meeting notes on, transcripts deleted after %(count)d day",
                "Meeting notes on, transcripts deleted after %(count)d days",
                days,
            )
            return sentence % {"count": days}
        case "notes_policy.set":
            return gettext("Meeting notes off")
        case "consent.given":
            return gettext("%(email)s agreed that notes are taken") % {"email": _of_whom(detail)}
        case "consent.refused":
            return gettext("%(email)s did not agree that notes are taken") % {"email": _of_whom(detail)}
        case "notes.called_off":
            return gettext("No recording bot this time")
        case "notes.taken_up":
            return gettext("A recording bot may come again")
        case "notes.another_bot":
            return gettext("Another recording bot sent")
        case "transcript.deleted":
            return gettext("Transcript deleted")
        case "transcript.expired":
            return gettext("Transcript deleted, because its time was over")
        case "meeting_notes.edited":
            return gettext("Notes of the meeting changed")
        case "meeting_notes.sent":
            return gettext("Notes of the meeting sent to the client")
    return ""


def _of_whom(detail: Mapping[str, Any]) -> str:
    """Nobody's name, once they were erased."""
    return str(detail.get("email") or gettext("Somebody"))


def _of_lead(entry: AuditEntry, names: Mapping[str, str]) -> str:
    match entry.deed:
        case "lead.created":
            return gettext("Added as a lead")
        case "lead.edited":
            return " · ".join(_changes_of_lead(entry.detail, names))
        case "lead.merged":
            changes = _changes_of_lead(entry.detail, names) if entry.detail["fields"] else []
            return " · ".join([gettext("Merged with another lead"), *changes])
        case "lead.exported":
            return gettext("Downloaded everything that is stored")
        case "note.deleted":
            return gettext("Deleted a note")
    return ""


def _changes_of_lead(detail: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Older entries name all fields and tell no values."""
    sentences = []
    if "status" in detail:
        old, new = (labels.of_lead_status(status) for status in detail["status"])
        sentences.append(gettext("Status changed from “%(old)s” to “%(new)s”") % {"old": old, "new": new})
    if "owner" in detail:
        old, new = (names.get(member_id, "?") if member_id else gettext("Nobody") for member_id in detail["owner"])
        sentences.append(gettext("Looked after by %(new)s, before by %(old)s") % {"old": old, "new": new})
    if set(detail["fields"]) - {"status", "owner"} or not sentences:
        sentences.append(gettext("Contact data changed"))
    return sentences


def _changes(detail: Mapping[str, Any], zone: str, names: Mapping[str, str]) -> list[str]:
    """One sentence for each thing that changed; the detail has [old, new] for each."""
    sentences = []
    if "start" in detail:
        old, new = (_moment(text, zone) for text in detail["start"])
        sentences.append(gettext("Moved from %(old)s to %(new)s") % {"old": old, "new": new})
    if "minutes" in detail:
        old, new = detail["minutes"]
        sentence = ngettext(
            "Length changed from %(old)s to %(new)s minute", "Length changed from %(old)s to %(new)s minutes", new
        )
        sentences.append(sentence % {"old": old, "new": new})
    if "title" in detail:
        old, new = detail["title"]
        sentences.append(gettext("Title changed from “%(old)s” to “%(new)s”") % {"old": old, "new": new})
    if "provider" in detail:
        old, new = (labels.of_provider(name) for name in detail["provider"])
        sentences.append(gettext("Video meeting changed from %(old)s to %(new)s") % {"old": old, "new": new})
    if "host" in detail:
        old, new = (names.get(member_id, "?") for member_id in detail["host"])
        sentences.append(gettext("Host changed from %(old)s to %(new)s") % {"old": old, "new": new})
    return sentences


def _moment(text: str, zone: str) -> str:
    return moment(datetime.fromisoformat(text), zone)
