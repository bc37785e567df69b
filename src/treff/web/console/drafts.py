"""Notes about a transcript as they are shown: what stands in them, or why there are none, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from treff.notetaking import ports, transcripts
from treff.notetaking.models import MeetingNotes, Transcript
from treff.notetaking.ports import Draft, NextStep, Point
from treff.notetaking.states import NotesState
from treff.notetaking.transcripts import Line


@dataclass(frozen=True, slots=True)
class Item:
    """A decision or a next step. `quote` was said at `at` (00:01:05), the line behind `url`; all three may be empty."""

    text: str
    owner: str
    due: str
    quote: str
    at: str
    url: str


@dataclass(frozen=True, slots=True)
class NotesShown:
    """`state`: written, wanted, failed; none: nobody has asked for them yet; no_model: nobody can.

    `reason`: why they failed, or why the last try did. `sent_at`: when they went to the client last, if they ever did.
    """

    state: str
    reason: str = ""
    cure: str = ""
    summary: str = ""
    decisions: Sequence[Item] = ()
    next_steps: Sequence[Item] = ()
    model: str = ""
    written_at: datetime | None = None
    edited_at: datetime | None = None
    edited_by: str = ""
    sent_at: datetime | None = None
    version: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.summary or self.decisions or self.next_steps)


def notes_of(row: Transcript) -> MeetingNotes | None:
    """That came along with the transcript."""
    return getattr(row, "notes", None)


def draft_of(row: Transcript) -> Draft | None:
    """None unless they are written. Raises kernel.secrets.SecretError."""
    notes = notes_of(row)
    return transcripts.draft_of(notes) if notes is not None and notes.state == NotesState.WRITTEN else None


def shown_of(row: Transcript, lines: Sequence[Line], url: str) -> NotesShown:
    """`url`: of the page that has the lines. Raises kernel.secrets.SecretError."""
    notes, draft = notes_of(row), draft_of(row)
    if notes is not None and draft is not None:
        return NotesShown(
            NotesState.WRITTEN.value,
            summary=draft.summary,
            decisions=_items(draft.decisions, lines, url),
            next_steps=_items(draft.next_steps, lines, url),
            model=notes.model,
            written_at=notes.written_at,
            edited_at=notes.edited_at,
            edited_by=str(notes.edited_by) if notes.edited_by else "",
            sent_at=notes.sent_at,
            version=notes.version,
        )
    if ports.language_model() is None:
        return NotesShown("no_model")
    if notes is None:
        return NotesShown("none")
    reason, cure = _of_trouble(notes.detail)
    return NotesShown(notes.state, reason, cure)


def _items(found: Iterable[Point | NextStep], lines: Sequence[Line], url: str) -> list[Item]:
    items = []
    for one in found:
        owner, due = (one.owner, one.due) if isinstance(one, NextStep) else ("", "")
        line = lines[one.at] if one.at is not None and 0 <= one.at < len(lines) else None
        place = (line.at, f"{url}#line-{line.number}") if line else ("", "")
        items.append(Item(one.text, owner, due, one.quote if line else "", *place))
    return items


def _of_trouble(error: str) -> tuple[str, str]:
    """What was the matter, by the name of the exception, and what to do; empty as long as nothing is."""
    operator = gettext("Please tell whoever runs this server.")
    again = gettext("You can try again.")
    troubles = {
        "ModelTransient": (gettext("The language model did not answer."), again),
        "ModelTooLong": (gettext("The conversation is too long for the language model."), operator),
        "ModelNonsense": (gettext("What the language model answered could not be used."), again),
        "ModelRefused": (gettext("The language model refuses to write about this conversation."), again),
        "ModelMisconfigured": (gettext("The language model is not set up correctly on this server."), operator),
        "KeyUnavailable": (gettext("The transcript cannot be opened with the keys of this server."), operator),
        "Tampered": (gettext("The transcript cannot be opened with the keys of this server."), operator),
    }
    otherwise = (gettext("Something unexpected happened."), again) if error else ("", "")
    return troubles.get(error, otherwise)
