"""Notes of a meeting: asked for once more, mended by hand, sent to the client when somebody says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.kernel import texts
from treff.kernel.errors import Conflict, Invalid, Unavailable
from treff.notetaking import actions
from treff.notetaking.errors import NotWritten
from treff.notetaking.models import Transcript
from treff.notetaking.ports import Draft, NextStep, Point
from treff.notetaking.rules import LONGEST_ITEM, LONGEST_NAME, MOST_ITEMS
from treff.web.console.drafts import draft_of, notes_of, shown_of
from treff.web.console.forms import VersionField, complain
from treff.web.console.transcript import around, lines_of, of_transcript, url_of
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

EMPTY_ROWS = 2


class LineField(forms.CharField):
    """A line of text of at most so many characters."""

    def __init__(self, label: Any, longest: int) -> None:
        self._longest = longest
        super().__init__(label=label, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def clean(self, value: Any) -> str:
        try:
            return texts.one_line("", super().clean(value), longest=self._longest)
        except Invalid as error:
            raise forms.ValidationError(sentence_of(error)) from None


class NotesForm(forms.Form):
    summary = forms.CharField(label=_("Summary"), required=False, widget=forms.Textarea(attrs={"rows": 8}))
    version = VersionField()


class DecisionForm(forms.Form):
    """`quote` and `at` come from the notes and go back; they stay only if it was said so (`_quoted`)."""

    text = LineField(_("Decision"), LONGEST_ITEM)
    quote = forms.CharField(required=False, widget=forms.HiddenInput)
    at = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class StepForm(forms.Form):
    """As DecisionForm."""

    text = LineField(_("Next step"), LONGEST_ITEM)
    owner = LineField(_("Who"), LONGEST_NAME)
    due = LineField(_("Until when"), LONGEST_NAME)
    quote = forms.CharField(required=False, widget=forms.HiddenInput)
    at = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def clean(self) -> None:
        given = self.cleaned_data
        if not given.get("text", "?") and (given.get("owner") or given.get("due")):
            self.add_error("text", gettext("Please say what is to be done, or leave the whole row empty."))


@dataclass(frozen=True, slots=True)
class Forms:
    """All that the page has."""

    main: NotesForm
    decisions: Sequence[DecisionForm]
    next_steps: Sequence[StepForm]

    def are_valid(self) -> bool:
        """Every one is looked at, so that every mistake is marked at once."""
        return False not in [form.is_valid() for form in (self.main, *self.decisions, *self.next_steps)]

    def draft(self, said: Sequence[str]) -> Draft:
        """Of valid forms; `said`: the lines of the transcript."""
        decisions = [
            Point(given["text"], *_quoted(given, said)) for given in (form.cleaned_data for form in self.decisions)
        ]
        next_steps = [
            NextStep(given["text"], given["owner"], given["due"], *_quoted(given, said))
            for given in (form.cleaned_data for form in self.next_steps)
        ]
        return Draft(self.main.cleaned_data["summary"], tuple(decisions), tuple(next_steps))


def _quoted(given: dict[str, Any], said: Sequence[str]) -> tuple[str, int | None]:
    """A quote is what was said there, whatever a form says."""
    quote, at = given["quote"], given["at"]
    is_said = bool(quote) and at is not None and at < len(said) and quote in said[at]
    return (quote, at) if is_said else ("", None)


@require_safe
@within_workspace(Permission.SEE)
@of_transcript
def transcript_notes(visit: Visit, row: Transcript) -> HttpResponse:
    """The part of the transcript's page that asks itself anew while notes are being written."""
    context = {**around(visit, row), "notes": shown_of(row, lines_of(row), url_of(visit, row))}
    return render(visit.request, "console/_meeting_notes.html", context)


@require_POST
@within_workspace(Permission.BOOK)
@of_transcript
def notes_write_again(visit: Visit, row: Transcript) -> HttpResponse:
    try:
        actions.write_again(visit.scope, row.public_id)
    except Unavailable as error:
        messages.error(visit.request, sentence_of(error))
    return redirect(url_of(visit, row))


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
@of_transcript
def notes_edit(visit: Visit, row: Transcript) -> HttpResponse:
    draft, notes = draft_of(row), notes_of(row)
    if draft is None or notes is None:
        return _not_there(visit, row)
    posted, status, conflict = visit.request.POST, 200, ""
    if visit.request.method != "POST":
        found = _forms_of(draft, notes.version)
    else:
        found, status = _forms_typed(posted), 422
        if found.are_valid():
            wanted = found.draft([line.text for line in lines_of(row)])
            try:
                actions.edit_notes(visit.scope, row.public_id, wanted, found.main.cleaned_data["version"])
            except Conflict as error:
                status, conflict = 409, sentence_of(error)
                found = _forms_typed(_with_version(posted, notes.version))
            except Invalid as error:
                status = complain(found.main, error)
            else:
                messages.success(visit.request, gettext("Saved."))
                return redirect(url_of(visit, row))
    forms_given = {"form": found.main, "decisions": found.decisions, "next_steps": found.next_steps}
    context = {**around(visit, row), **forms_given, "conflict": conflict}
    return render(visit.request, "console/notes_edit.html", context, status=status)


def _forms_of(draft: Draft, version: int) -> Forms:
    """What stands there, and rows for more."""
    decisions = [{"text": one.text, "quote": one.quote, "at": one.at} for one in draft.decisions]
    steps = [
        {"text": one.text, "owner": one.owner, "due": one.due, "quote": one.quote, "at": one.at}
        for one in draft.next_steps
    ]
    more: list[dict[str, Any]] = [{}] * EMPTY_ROWS
    return Forms(
        NotesForm(initial={"summary": draft.summary, "version": version}),
        [DecisionForm(initial=given, prefix=f"decision-{n}") for n, given in enumerate([*decisions, *more])],
        [StepForm(initial=given, prefix=f"step-{n}") for n, given in enumerate([*steps, *more])],
    )


def _forms_typed(posted: QueryDict) -> Forms:
    return Forms(
        NotesForm(posted),
        [DecisionForm(posted, prefix=f"decision-{number}") for number in range(_count(posted, "decisions"))],
        [StepForm(posted, prefix=f"step-{number}") for number in range(_count(posted, "steps"))],
    )


def _count(posted: QueryDict, name: str) -> int:
    """Of rows on the page that was sent."""
    text = posted.get(name, "")
    return min(int(text), 2 * MOST_ITEMS) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _with_version(posted: QueryDict, version: int) -> QueryDict:
    """What was typed, with the version that is there now: saving it once more is deliberate."""
    typed = posted.copy()
    typed["version"] = str(version)
    return typed


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
@of_transcript
def notes_send(visit: Visit, row: Transcript) -> HttpResponse:
    """Only what was seen is sent: not if somebody changed it meanwhile."""
    notes, status = notes_of(row), 200
    if draft_of(row) is None or notes is None:
        return _not_there(visit, row)
    if visit.request.method == "POST":
        if visit.request.POST.get("version") == str(notes.version):
            actions.send_notes(visit.scope, row.public_id)
            sentence = gettext("The notes are on their way to %(email)s.") % {"email": row.appointment.lead.email}
            messages.success(visit.request, sentence)
            return redirect(url_of(visit, row))
        status = 409
        messages.error(visit.request, sentence_of(NotWritten()))
    context = {**around(visit, row), "notes": shown_of(row, lines_of(row), url_of(visit, row))}
    return render(visit.request, "console/notes_send.html", context, status=status)


def _not_there(visit: Visit, row: Transcript) -> HttpResponse:
    messages.info(visit.request, gettext("There are no notes of this meeting yet."))
    return redirect(url_of(visit, row))
