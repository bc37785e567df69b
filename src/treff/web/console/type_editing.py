"""Admin: a booking type is made or changed. Nothing that was typed is lost, and saving says what changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from treff.booking_types import actions, queries
from treff.booking_types.errors import BookingTypeSlugTaken
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description, Details, HostWish
from treff.booking_types.requirements import MOST_QUESTIONS
from treff.booking_types.states import HostMode, Provider
from treff.kernel import clock
from treff.kernel.errors import Conflict, Invalid
from treff.notetaking.queries import policy_of
from treff.web import labels
from treff.web.console.choices import usual_provider
from treff.web.console.forms import complain
from treff.web.console.presenting import address
from treff.web.console.question_forms import QuestionForm
from treff.web.console.saying import changes
from treff.web.console.type_forms import ReceiverForm, TypeForm, initial_of
from treff.web.console.type_preview import preview_of
from treff.web.console.types import free_slug, public_url
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission

DEED = "question_deed"


@dataclass(frozen=True, slots=True)
class Receiver:
    """A member who could receive, and the form that says whether they do."""

    member_id: str
    name: str
    form: ReceiverForm


@dataclass(frozen=True, slots=True)
class Mode:
    """For components/choice_cards.html."""

    value: str
    label: str
    hint: str
    available: bool = True


@dataclass(frozen=True, slots=True)
class Forms:
    """All that the page has."""

    main: TypeForm
    receivers: Sequence[Receiver]
    questions: Sequence[QuestionForm]

    def are_valid(self) -> bool:
        """Every one is looked at, so that every mistake is marked at once."""
        every: list[Form] = [self.main, *(receiver.form for receiver in self.receivers), *self.questions]
        return False not in [form.is_valid() for form in every]

    def wanted(self, *, is_paused: bool) -> Description:
        """Of valid forms."""
        given = self.main.cleaned_data
        questions = [form.question() for form in self.questions if not form.is_empty]
        return Description(
            slug=given["slug"],
            title=given["title"],
            duration=timedelta(minutes=given["duration_minutes"]),
            provider=given["provider"],
            details=self.main.details(questions, is_paused=is_paused),
            hosts=tuple(_wishes(self.receivers)),
        )


def _wishes(receivers: Sequence[Receiver]) -> Iterator[HostWish]:
    for receiver in receivers:
        given = receiver.form.cleaned_data
        if given["receives"]:
            yield HostWish(receiver.member_id, given["weight"], given["priority"])


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type_new(visit: Visit) -> HttpResponse:
    return _edit(visit, None)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type(visit: Visit, slug: str) -> HttpResponse:
    return _edit(visit, queries.booking_type(visit.scope, slug))


def _edit(visit: Visit, row: BookingType | None) -> HttpResponse:
    before = queries.description_of(row) if row else _blank(visit)
    people = list(members(visit.scope))
    posted, status = visit.request.POST, 200
    if visit.request.method != "POST":
        forms = _forms_of(before, people)
    elif DEED in posted:  # the page again with a question more, less or elsewhere; nothing is saved, nor complained of
        forms = _retyped(posted, before, people)
    else:
        forms = _forms_typed(posted, before, people)
        status = 422
        if forms.are_valid():
            try:
                saved = _save(visit, forms, row)
            except (Invalid, Conflict) as error:
                status = _complain(forms, error)
            else:
                said_of = _said(forms.main, before if row else None, queries.description_of(saved))
                messages.success(visit.request, said_of)
                return redirect("console:booking_type", workspace=visit.workspace.slug, slug=saved.slug)
    context = {"nav": "admin", **_context(visit, row, forms)}
    return render(visit.request, "console/admin/booking_type.html", context, status=status)


def _blank(visit: Visit) -> Description:
    """A new one: half an hour with whoever makes it, at a day's notice."""
    details = Details(notice=timedelta(hours=24))
    return Description(
        "",
        "",
        timedelta(minutes=30),
        Provider(usual_provider(visit.scope)),
        details,
        (HostWish(visit.member.public_id),),
    )


def _save(visit: Visit, forms: Forms, row: BookingType | None) -> BookingType:
    """Raises BookingTypeSlugTaken, Invalid."""
    wanted = forms.wanted(is_paused=bool(row and row.is_paused))
    if not wanted.slug:
        wanted = replace(wanted, slug=row.slug if row else free_slug(visit.scope, wanted.title))
    if row is None:
        return actions.create_booking_type(visit.scope, wanted)
    return actions.edit_booking_type(visit.scope, row.slug, wanted)


def _complain(forms: Forms, error: Invalid | Conflict) -> int:
    """Beside the field that it is about; returns the HTTP status for the page."""
    if isinstance(error, BookingTypeSlugTaken):
        forms.main.add_error("slug", sentence_of(error))
        return 409
    if isinstance(error, Invalid) and error.field == "notice_minutes":
        forms.main.add_error("notice", sentence_of(error))
        return 422
    return complain(forms.main, error)


# ---- the forms, from what is and from what was typed ----


def _forms_of(wanted: Description, people: Sequence[Member]) -> Forms:
    hosts = {host.member_id: host for host in wanted.hosts or ()}
    receivers = []
    for member in people:
        host = hosts.get(member.public_id)
        initial = {
            "receives": host is not None,
            "weight": host.weight if host else 1,
            "priority": host.priority if host else 1,
        }
        form = ReceiverForm(initial=initial, prefix=f"host-{member.public_id}")
        receivers.append(Receiver(member.public_id, str(member), form))
    questions = [
        QuestionForm(
            prefix=f"question-{number}",
            initial={
                "id": question.id,
                "label": question.label,
                "kind": question.kind.value,
                "required": question.required,
                "options": "\n".join(question.options),
            },
        )
        for number, question in enumerate(wanted.details.questions if wanted.details else ())
    ]
    return Forms(_main(wanted, initial=initial_of(wanted)), receivers, questions)


def _main(before: Description, posted: QueryDict | None = None, **options: Any) -> TypeForm:
    """With all that can be chosen, and what this booking type has already."""
    reminders = before.details.reminder_minutes if before.details else ()
    return TypeForm(posted, **options).offer(before.provider).remind(reminders)


def _forms_typed(posted: QueryDict, before: Description, people: Sequence[Member]) -> Forms:
    return Forms(
        _main(before, posted),
        [_receiver(member, ReceiverForm(posted, prefix=f"host-{member.public_id}")) for member in people],
        [QuestionForm(posted, prefix=f"question-{number}") for number in range(_count(posted))],
    )


def _receiver(member: Member, form: ReceiverForm) -> Receiver:
    return Receiver(member.public_id, str(member), form)


def _retyped(posted: QueryDict, before: Description, people: Sequence[Member]) -> Forms:
    """What was typed as the beginning of new forms, with the questions as the button says."""
    typed = _forms_typed(posted, before, people)
    deed = str(posted.get(DEED))
    rearranged = _rearranged([_typed(form) for form in typed.questions], deed)
    questions = [QuestionForm(initial=values, prefix=f"question-{number}") for number, values in enumerate(rearranged)]
    if deed == "add":  # whoever asked for it goes on writing there
        questions[-1].fields["label"].widget.attrs["autofocus"] = True
    return Forms(
        _main(before, initial=_typed(typed.main)),
        [
            replace(receiver, form=ReceiverForm(initial=_typed(receiver.form), prefix=receiver.form.prefix))
            for receiver in typed.receivers
        ],
        questions,
    )


def _typed(form: Form) -> dict[str, Any]:
    """By field, as it was typed."""
    return {name: form[name].data for name in form.fields}


def _count(posted: QueryDict) -> int:
    """Of questions on the page that was sent."""
    text = posted.get("questions", "")
    return min(int(text), 2 * MOST_QUESTIONS) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _rearranged(questions: list[dict[str, Any]], deed: str) -> list[dict[str, Any]]:
    """The deed is add, or up, down and remove with the place of a question, such as up:2."""
    what, _, text = deed.partition(":")
    place = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
    if what == "add":
        return [*questions, {"kind": "text"}]
    if not 0 <= place < len(questions):
        return questions
    if what == "remove":
        return questions[:place] + questions[place + 1 :]
    other = place + {"up": -1, "down": 1}.get(what, 0)
    if 0 <= other < len(questions):
        questions[place], questions[other] = questions[other], questions[place]
    return questions


# ---- the page ----


def _context(visit: Visit, row: BookingType | None, forms: Forms) -> dict[str, Any]:
    return {
        "form": forms.main,
        "receivers": forms.receivers,
        "questions": forms.questions,
        "modes": _modes(),
        "switched_off": _switched_off(visit, row),
        "notes_are_off": not policy_of(visit.scope.workspace_id).is_enabled,
        "editing": row.title if row else None,
        "slug": row.slug if row else "",
        "is_paused": bool(row and row.is_paused),
        "public_url": public_url(visit.workspace, row) if row else "",
        "has_secret": bool(row and row.secret_key),
        "preview": preview_of(visit, row, clock.now()) if row else None,
        "list_url": address(visit, "booking_types"),
    }


def _modes() -> list[Mode]:
    return [
        Mode(
            HostMode.ROUND_ROBIN.value,
            gettext("In turn"),
            gettext("Whoever is free and has had the fewest lately. Weight 2 receives twice as much as weight 1."),
        ),
        Mode(
            HostMode.CHOICE.value,
            gettext("The client chooses"),
            gettext("Clients choose a host, or anybody; then it goes in turn."),
        ),
        Mode(
            HostMode.FIXED.value,
            gettext("One host"),
            gettext("The host with the smallest priority number receives everything."),
        ),
        Mode(
            HostMode.TOGETHER.value,
            gettext("All together"),
            gettext("Only times at which all hosts are free are offered, and all of them receive."),
        ),
    ]


def _switched_off(visit: Visit, row: BookingType | None) -> str:
    """The provider of the type that is edited, or of a new one, if the workspace does not offer it; else empty."""
    provider = row.provider if row else usual_provider(visit.scope)
    return labels.of_provider(provider) if queries.is_switched_off(visit.scope, provider) else ""


# ---- what changed ----


def _said(form: TypeForm, before: Description | None, after: Description) -> str:
    title = {"title": after.title}
    if before is None:
        return gettext("“%(title)s” is saved.") % title
    changed = [*changes(form, initial_of(before), initial_of(after)), *_changed_parts(before, after)]
    if not changed:
        return gettext("Nothing was changed.")
    return gettext("“%(title)s” is saved: %(what)s.") % {**title, "what": "; ".join(changed)}


def _changed_parts(before: Description, after: Description) -> Iterator[str]:
    """What is more than a field."""
    names = {"hosts": gettext("Hosts"), "questions": gettext("Questions")}
    for part, name in names.items():
        if _value(before, part) != _value(after, part):
            yield gettext("%(field)s changed") % {"field": name}


def _value(wanted: Description, name: str) -> object:
    if name == "hosts":
        return set(wanted.hosts or ())
    return getattr(wanted if hasattr(wanted, name) else wanted.details, name)
