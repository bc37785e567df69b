"""The form of a question that a booking type asks."""

from django import forms
from django.utils.translation import gettext_lazy as _

from treff.booking_types.ports import Details
from treff.booking_types.requirements import check_details
from treff.booking_types.rules import Question
from treff.booking_types.states import QuestionKind
from treff.kernel.errors import Invalid
from treff.web.errors import sentence_of


class QuestionForm(forms.Form):
    """One question. Without a word in it, it is none."""

    use_required_attribute = False
    id = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    label = forms.CharField(label=_("Question"), required=False)
    kind = forms.ChoiceField(
        label=_("Answered by"),
        choices=(
            (QuestionKind.TEXT.value, _("a line of text")),
            (QuestionKind.LONG_TEXT.value, _("a longer text")),
            (QuestionKind.CHOICE.value, _("one of several answers")),
            (QuestionKind.PHONE.value, _("a phone number")),
            (QuestionKind.CHECKBOX.value, _("a tick")),
        ),
    )
    required = forms.BooleanField(label=_("Must be answered"), required=False)
    options = forms.CharField(
        label=_("Answers to choose from"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line."),
    )

    @property
    def is_empty(self) -> bool:
        return not (self.cleaned_data["label"] or self.cleaned_data["options"])

    def clean(self) -> None:
        if "label" not in self.cleaned_data or "kind" not in self.cleaned_data or self.is_empty:
            return
        found = self.question()
        for field, asked in (("label", Question("", QuestionKind.TEXT, found.label)), ("options", found)):
            try:
                check_details(Details(questions=(asked,)))
            except Invalid as error:
                self.add_error(field, sentence_of(error))
                return

    def question(self) -> Question:
        given = self.cleaned_data
        lines = tuple(line.strip() for line in given["options"].splitlines() if line.strip())
        kind = QuestionKind(given["kind"])
        options = lines if kind == QuestionKind.CHOICE else ()
        return Question(given["id"], kind, given["label"], required=given["required"], options=options)
