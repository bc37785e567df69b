"""What a client fills in: about themselves, and the booking type's questions."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from treff.appointments.rules import check_attendees
from treff.booking_types.rules import Question, check_answers
from treff.booking_types.states import QuestionKind
from treff.kernel.errors import Invalid
from treff.people import rules as people
from treff.web.errors import sentence_of

_BETWEEN_ADDRESSES = re.compile(r"[\s,;]+")


class DetailsForm(forms.Form):
    """`ask` adds the questions. What may be typed say the rules that the verb applies, here all of them at once."""

    name = forms.CharField(label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.CharField(
        label=_("Email"),
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "email", "spellcheck": "false"}),
        help_text=_("The confirmation and the link go there."),
    )
    phone = forms.CharField(
        label=_("Phone"), required=False, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})
    )
    attendees = forms.CharField(
        label=_("More attendees"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("Email addresses, separated by commas or line breaks. They get the same emails."),
    )
    # People do not see this one. Who fills it in is probably a program, and is asked once more.
    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}))

    questions: Sequence[Question] = ()

    def ask(self, questions: Sequence[Question]) -> "DetailsForm":
        """Returns the form."""
        self.questions = questions
        for question in questions:
            self.fields[_name(question)] = _field(question)
        return self

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        for name in ("name", "email", "phone"):
            self._check(name, lambda name=name: people.clean({name: given[name]}))
        self._check("attendees", lambda: check_attendees(self.addresses))
        for question in self.questions:
            self._check(_name(question), lambda asked=question: check_answers([asked], self.answers))
        return given

    def _check(self, name: str, rule: Any) -> None:
        if name not in self.cleaned_data:  # it is marked already
            return
        try:
            rule()
        except Invalid as error:
            self.add_error(name, sentence_of(error))

    def ask_for_notes(self, text: str) -> None:
        """One box more, not ticked: whether notes may be taken. `text`: what is agreed to."""
        self.fields["notes"] = forms.BooleanField(label=text, required=False)

    @property
    def agrees_to_notes(self) -> bool:
        return bool(self.cleaned_data.get("notes"))

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(filter(None, _BETWEEN_ADDRESSES.split(self.cleaned_data.get("attendees", ""))))

    @property
    def answers(self) -> dict[str, str]:
        """By the question's id."""
        given = {question.id: self.cleaned_data.get(_name(question), "") for question in self.questions}
        return {key: ("yes" if value else "") if isinstance(value, bool) else value for key, value in given.items()}

    @property
    def question_fields(self) -> list[forms.BoundField]:
        return [self[_name(question)] for question in self.questions]


def _name(question: Question) -> str:
    return f"question-{question.id}"


def _field(question: Question) -> forms.Field:
    label, required = question.label, question.required
    match question.kind:
        case QuestionKind.LONG_TEXT:
            return forms.CharField(label=label, required=required, widget=forms.Textarea(attrs={"rows": 3}))
        case QuestionKind.CHOICE:
            choices = [("", gettext("Please choose"))] + [(option, option) for option in question.options]
            return forms.ChoiceField(label=label, required=required, choices=choices)
        case QuestionKind.PHONE:
            return forms.CharField(label=label, required=required, widget=forms.TextInput(attrs={"type": "tel"}))
        case QuestionKind.CHECKBOX:
            return forms.BooleanField(label=label, required=required)
    return forms.CharField(label=label, required=required)
