"""What there is about a lead, and why it goes."""

from enum import StrEnum


class Kind(StrEnum):
    """As it is counted before it goes, and named in the history afterwards."""

    MERGED = "merged"
    NOTES = "notes"
    APPOINTMENTS = "appointments"
    MAILS = "mails"
    TRANSCRIPTS = "transcripts"
    MEETING_NOTES = "meeting_notes"
    CONSENTS = "consents"
    REPORTS = "reports"
    HISTORY = "history"


class Ground(StrEnum):
    """Why somebody is erased: they asked, and it was confirmed from their own mailbox; or nobody asked."""

    CONFIRMED = "confirmed"
    OWN = "own"
