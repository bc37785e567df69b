"""The words of mails to clients: those of the workspace's own, with a preview and a test mail."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from treff.kernel.errors import Conflict, Invalid
from treff.mail import queries
from treff.mail.actions import send_test, write_template
from treff.mail.rendering import copy_of, usual_words
from treff.mail.rules import PLACEHOLDERS, Template, check_template
from treff.mail.samples import sample
from treff.mail.states import NOT_EDITABLE, Kind
from treff.web import labels
from treff.web.console.forms import complain
from treff.web.console.mail_frames import mail, page_with_frame
from treff.web.console.presenting import address
from treff.web.console.saying import saved
from treff.web.policy import Visit, within_workspace
from treff.workspaces.rules import LOCALES
from treff.workspaces.states import Permission

EDITABLE = tuple(kind for kind in Kind if kind not in NOT_EDITABLE)


class TextForm(forms.Form):
    """Which placeholders there may be is checked by the verb."""

    subject = forms.CharField(label=_("Subject"), required=False)
    opening = forms.CharField(
        label=_("Text after the greeting"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Time, link and buttons follow by themselves and are always right."),
    )
    closing = forms.CharField(label=_("Text at the end"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def template(self) -> Template:
        return Template(*(self.cleaned_data[name] for name in ("subject", "opening", "closing")))


@dataclass(frozen=True, slots=True)
class Words:
    """One kind of mail in one language. `changed_at` is None while the usual words are used."""

    kind: str
    language: str
    changed_at: datetime | None
    url: str


@dataclass(frozen=True, slots=True)
class Place:
    """A placeholder, and what stands there."""

    name: str
    meaning: str


@require_safe
@within_workspace(Permission.EDIT_WORKSPACE)
def mail_texts(visit: Visit) -> HttpResponse:
    changed = {(row.kind, row.locale): row.changed_at for row in queries.templates(visit.scope)}
    rows = [
        Words(
            labels.of_mail(kind),
            labels.of_locale(locale),
            changed.get((kind, locale)),
            address(visit, "mail_text", kind=kind.value, locale=locale),
        )
        for kind in EDITABLE
        for locale in LOCALES
    ]
    context = {"nav": "admin", "rows": rows, "zone": visit.time_zone, "sends_mail": visit.workspace.confirmation_mails}
    return render(visit.request, "console/admin/mail_texts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_WORKSPACE)
def mail_text(visit: Visit, kind: str, locale: str) -> HttpResponse:
    """Saved, or sent to the reader as a test (`deed`); whatever is wrong, what was typed stays."""
    which = Kind(kind)
    posted = visit.request.POST if visit.request.method == "POST" else None
    form = TextForm(posted, initial=_saved(visit, which, locale))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        is_test = visit.request.POST.get("deed") == "test"
        try:
            if is_test:
                send_test(visit.scope, visit.member, which, locale, form.template())
            else:
                write_template(visit.scope, which, locale, form.template())
        except (Invalid, Conflict) as error:
            status = complain(form, error)
        else:
            if not is_test:
                messages.success(visit.request, saved(form))
                return redirect(address(visit, "mail_texts"))
            messages.success(visit.request, gettext("A test mail goes to %(email)s.") % {"email": visit.user.email})
            status = 200
    context = {"form": form, "places": _places(), **_around(visit, which, locale)}
    return page_with_frame(visit, "console/admin/mail_text.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_WORKSPACE)
def mail_text_preview(visit: Visit, kind: str, locale: str) -> HttpResponse:
    """With the words as they are typed at the moment, else as they are saved. Changes nothing."""
    template = queries.template_of(visit.scope.workspace_id, Kind(kind), locale)
    form = TextForm(visit.request.POST)
    if visit.request.method == "POST" and form.is_valid():
        try:
            template = check_template(form.template())
        except Invalid as error:
            complain(form, error)
            return render(visit.request, "console/admin/mail_text_error.html", {"form": form}, status=422)
    return mail(copy_of(sample(visit.member, Kind(kind), locale, template))["html"])


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_WORKSPACE)
def mail_text_reset(visit: Visit, kind: str, locale: str) -> HttpResponse:
    """Asked once more: the workspace's own words are gone then."""
    if visit.request.method == "POST":
        write_template(visit.scope, Kind(kind), locale, Template())
        messages.success(visit.request, gettext("The usual words are back."))
        return redirect(address(visit, "mail_text", kind=kind, locale=locale))
    return render(visit.request, "console/admin/mail_text_reset.html", _around(visit, Kind(kind), locale))


def _around(visit: Visit, kind: Kind, locale: str) -> dict[str, object]:
    here = {"kind": kind.value, "locale": locale}
    is_own = any((row.kind, row.locale) == (kind, locale) for row in queries.templates(visit.scope))
    return {
        "nav": "admin",
        "what": labels.of_mail(kind),
        "language": labels.of_locale(locale),
        "text_url": address(visit, "mail_text", **here),
        "preview_url": address(visit, "mail_text_preview", **here),
        "reset_url": address(visit, "mail_text_reset", **here) if is_own else "",
    }


def _saved(visit: Visit, kind: Kind, locale: str) -> dict[str, str]:
    """The workspace's own words, else the usual ones, to start from."""
    own, usual = queries.template_of(visit.scope.workspace_id, kind, locale), usual_words(kind, locale)
    return {name: getattr(own, name) or getattr(usual, name) for name in ("subject", "opening", "closing")}


def _places() -> list[Place]:
    meanings = {
        "lead": gettext("the lead's name"),
        "title": gettext("the appointment's title"),
        "day": gettext("weekday and day"),
        "time": gettext("the time it starts"),
        "zone": gettext("the time zone of both"),
        "minutes": gettext("the length in minutes"),
        "host": gettext("the host's name"),
        "workspace": gettext("the workspace's name"),
    }
    return [Place(f"{{{name}}}", meanings[name]) for name in PLACEHOLDERS]
