"""What was said in a meeting, as its hosts and administrators read it: searched, taken along as a file, deleted."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from treff.kernel.secrets import SecretError, Tampered
from treff.kernel.zones import wall_of
from treff.notetaking import actions, queries, transcripts
from treff.notetaking.drafting import flat
from treff.notetaking.models import Transcript
from treff.notetaking.transcripts import Line
from treff.web.console.drafts import shown_of
from treff.web.console.lead_list import words_of
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces import vault
from treff.workspaces.states import Permission

P = ParamSpec("P")
# A piece of text, and whether it is what was searched for.
Parts = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class TranscriptDetails:
    """One transcript and what it is of; nothing of what was said."""

    id: str
    url: str
    appointment_id: str
    title: str
    appointment_url: str
    start_at: datetime
    end_at: datetime
    lead_name: str
    lead_email: str
    lead_url: str
    is_complete: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShownLine:
    """`number` and `at` as in notetaking.transcripts.Line; `url` is its place among the others."""

    number: int
    at: str
    speaker: Parts
    text: Parts
    url: str


@dataclass(frozen=True, slots=True)
class Ending:
    """A kind of file."""

    content_type: str
    write: Callable[[Sequence[Line]], str]


ENDINGS: Mapping[str, Ending] = {
    "txt": Ending("text/plain; charset=utf-8", transcripts.as_text),
    "vtt": Ending("text/vtt; charset=utf-8", transcripts.as_vtt),
    "json": Ending("application/json", transcripts.as_json),
}


def of_transcript(
    view: Callable[Concatenate[Visit, Transcript, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Of the ids in an address, for whoever may read it. Where its key is not there a page says so. Raises NotHere."""

    @wraps(view)
    def opening(
        visit: Visit, appointment_id: str, transcript_id: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        row = queries.readable(visit.scope).filter(appointment__public_id=appointment_id).named(transcript_id)
        try:
            return view(visit, row, *args, **kwargs)
        except SecretError as error:
            if isinstance(error, Tampered):
                vault.report_tampering(error.table, error.row_id)
            return render(visit.request, "console/transcript_locked.html", around(visit, row), status=503)

    return opening


def around(visit: Visit, row: Transcript) -> dict[str, Any]:
    """What all pages about a transcript have in common."""
    return {"nav": "appointments", "transcript": _details(visit, row), "zone": visit.time_zone}


def _details(visit: Visit, row: Transcript) -> TranscriptDetails:
    appointment, lead = row.appointment, row.appointment.lead
    return TranscriptDetails(
        id=row.public_id,
        url=url_of(visit, row),
        appointment_id=appointment.public_id,
        title=appointment.title,
        appointment_url=address(visit, "appointment", appointment_id=appointment.public_id),
        start_at=appointment.start_at,
        end_at=appointment.end_at,
        lead_name=lead.name,
        lead_email=lead.email,
        lead_url=address(visit, "lead", lead_id=lead.public_id),
        is_complete=row.is_complete,
        expires_at=row.expires_at,
    )


def url_of(visit: Visit, row: Transcript, name: str = "transcript") -> str:
    """The page, or another one about it."""
    return address(visit, name, appointment_id=row.appointment.public_id, transcript_id=row.public_id)


def lines_of(row: Transcript) -> list[Line]:
    """As they are shown: without characters that hide or reorder. Raises kernel.secrets.SecretError."""
    said = transcripts.lines_of(transcripts.utterances_of(row))
    return [replace(line, speaker=flat(line.speaker), text=flat(line.text)) for line in said]


@require_safe
@within_workspace(Permission.SEE)
@of_transcript
def transcript(visit: Visit, row: Transcript) -> HttpResponse:
    """With `q` only the lines that have all of its words."""
    words = words_of(visit.request.GET)
    lines = lines_of(row)
    found = transcripts.found(lines, words) if words else lines
    url = url_of(visit, row)
    context = {
        **around(visit, row),
        "notes": shown_of(row, lines, url),
        "lines": [_shown(line, words, url) for line in found],
        "q": words,
        "endings": list(ENDINGS),
    }
    return render(visit.request, "console/transcript.html", context)


@require_safe
@within_workspace(Permission.SEE)
@of_transcript
def transcript_file(visit: Visit, row: Transcript, ending: str) -> HttpResponse:
    """To be saved, never to be shown by the browser."""
    kind = ENDINGS[ending]
    text = kind.write(transcripts.lines_of(transcripts.utterances_of(row)))
    day = wall_of(row.appointment.start_at, row.appointment.time_zone).date().isoformat()
    headers = {
        "Content-Disposition": f'attachment; filename="transcript-{day}.{ending}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store, private",
    }
    return HttpResponse(text.encode(), content_type=kind.content_type, headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
@of_transcript
def transcript_delete(visit: Visit, row: Transcript) -> HttpResponse:
    if visit.request.method != "POST":
        return render(visit.request, "console/transcript_delete.html", around(visit, row))
    actions.delete_transcript(visit.scope, row.public_id)
    messages.success(visit.request, gettext("The transcript and its notes are deleted."))
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=row.appointment.public_id)


def _shown(line: Line, words: str, url: str) -> ShownLine:
    speaker = line.speaker or gettext("Somebody")
    return ShownLine(
        line.number, line.at, marked(speaker, words), marked(line.text, words), f"{url}#line-{line.number}"
    )


def marked(text: str, words: str) -> Parts:
    """The text in pieces, so that each of the words stands alone, as notetaking.transcripts.found finds them."""
    wanted = sorted({word for word in words.casefold().split() if word}, key=len, reverse=True)
    if not wanted:
        return [(text, False)]
    # Folded, one letter may be several: for each of those, where it came from.
    folded = [(letter, place) for place, char in enumerate(text) for letter in char.casefold()]
    pattern = re.compile("|".join(map(re.escape, wanted)))
    parts: list[tuple[str, bool]] = []
    at = 0
    for match in pattern.finditer("".join(letter for letter, _place in folded)):
        start, end = max(folded[match.start()][1], at), folded[match.end() - 1][1] + 1
        parts += [(text[at:start], False), (text[start:end], True)]
        at = max(end, at)
    return [(piece, is_match) for piece, is_match in [*parts, (text[at:], False)] if piece]
