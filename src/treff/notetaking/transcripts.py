"""What was heard, sealed on its row and opened again, and as files: text, WebVTT, JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.secrets import Binding, Secret
from treff.notetaking.models import MeetingNotes, Transcript
from treff.notetaking.ports import Draft, NextStep, Point, Utterance
from treff.workspaces import vault
from treff.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 0 and is what quotes point at; `after` from the first word on."""

    number: int
    after: timedelta
    lasts: timedelta
    speaker: str
    text: str = field(repr=False)

    @property
    def at(self) -> str:
        """`00:01:05`."""
        return _clock_of(self.after)


def seal(row: Transcript, place: Workspace, utterances: Sequence[Utterance]) -> None:
    """Onto the row, which is not saved. Raises kernel.secrets.SecretError."""
    said = [
        {"speaker": one.speaker, "start": one.start_at.isoformat(), "end": one.end_at.isoformat(), "text": one.text}
        for one in utterances
    ]
    key = vault.open_data_key(place)
    row.content = key.seal(Secret(json.dumps(said, ensure_ascii=False)), _of_transcript(row, place))
    row.utterances = len(said)


def utterances_of(row: Transcript) -> tuple[Utterance, ...]:
    """Raises kernel.secrets.SecretError."""
    key = vault.open_data_key(row.workspace)
    said = json.loads(key.open(row.content, _of_transcript(row, row.workspace)).reveal())
    return tuple(
        Utterance(one["speaker"], clock.parse(one["start"]), clock.parse(one["end"]), one["text"]) for one in said
    )


def seal_draft(row: MeetingNotes, draft: Draft) -> None:
    """Onto the row, which is not saved. Raises kernel.secrets.SecretError."""
    said = {
        "summary": draft.summary,
        "decisions": [{"text": one.text, "quote": one.quote, "at": one.at} for one in draft.decisions],
        "next_steps": [
            {"text": one.text, "owner": one.owner, "due": one.due, "quote": one.quote, "at": one.at}
            for one in draft.next_steps
        ],
    }
    key = vault.open_data_key(row.workspace)
    row.content = key.seal(Secret(json.dumps(said, ensure_ascii=False)), _of_notes(row))


def draft_of(row: MeetingNotes) -> Draft | None:
    """None as long as nothing is written. Raises kernel.secrets.SecretError."""
    if not row.content:
        return None
    key = vault.open_data_key(row.workspace)
    said = json.loads(key.open(row.content, _of_notes(row)).reveal())
    return Draft(
        said["summary"],
        tuple(Point(one["text"], one["quote"], one["at"]) for one in said["decisions"]),
        tuple(NextStep(one["text"], one["owner"], one["due"], one["quote"], one["at"]) for one in said["next_steps"]),
    )


def notes_to_send(public_id: str) -> tuple[Appointment, Draft] | None:
    """As they are now; None when they are gone. Raises kernel.secrets.SecretError."""
    found = MeetingNotes.objects.select_related(
        "workspace", "transcript__appointment__lead", "transcript__appointment__host__user"
    )
    row = found.filter(public_id=public_id, transcript__appointment__deleted_at__isnull=True).first()
    draft = draft_of(row) if row is not None else None
    return (row.transcript.appointment, draft) if row is not None and draft is not None else None


def lines_of(utterances: Sequence[Utterance]) -> list[Line]:
    begin = utterances[0].start_at if utterances else clock.now()
    return [
        Line(number, max(one.start_at - begin, timedelta(0)), one.end_at - one.start_at, one.speaker, one.text)
        for number, one in enumerate(utterances)
    ]


def found(lines: Sequence[Line], words: str) -> list[Line]:
    """Those that hold every word, in what was said or the speaker's name; any case."""
    wanted = words.casefold().split()
    return [line for line in lines if all(word in f"{line.speaker} {line.text}".casefold() for word in wanted)]


def as_text(lines: Sequence[Line]) -> str:
    return "".join(f"[{line.at}] {_flat(line.speaker)}: {_flat(line.text)}\n" for line in lines)


def as_vtt(lines: Sequence[Line]) -> str:
    """https://www.w3.org/TR/webvtt1/#file-structure"""
    cues = [
        f"{_stamp(line.after)} --> {_stamp(line.after + max(line.lasts, timedelta(milliseconds=1)))}\n"
        f"<v {_escaped(line.speaker)}>{_escaped(line.text)}\n"
        for line in lines
    ]
    return "WEBVTT\n\n" + "\n".join(cues)


def as_json(lines: Sequence[Line]) -> str:
    said = [
        {
            "start_seconds": round(line.after.total_seconds(), 3),
            "end_seconds": round((line.after + line.lasts).total_seconds(), 3),
            "speaker": line.speaker,
            "text": line.text,
        }
        for line in lines
    ]
    return json.dumps({"utterances": said}, ensure_ascii=False, indent=2) + "\n"


def _clock_of(after: timedelta) -> str:
    minutes, seconds = divmod(int(after.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _stamp(after: timedelta) -> str:
    return f"{_clock_of(after)}.{after.microseconds // 1000:03}"


def _flat(text: str) -> str:
    """On one line, so that nobody's words look like somebody else's line."""
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """Nothing of it may end the cue or be a tag: https://www.w3.org/TR/webvtt1/#webvtt-cue-text-span"""
    return _flat(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _of_transcript(row: Transcript, place: Workspace) -> Binding:
    return Binding("transcript", "content", row.public_id, place.public_id)


def _of_notes(row: MeetingNotes) -> Binding:
    return Binding("meeting_notes", "content", row.public_id, row.workspace.public_id)
