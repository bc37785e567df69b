"""How the public pages look, and the lines that show them on other sites."""

import re
from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from treff.booking_types.queries import public_types
from treff.kernel.errors import Invalid
from treff.web.console.forms import complain
from treff.web.console.saying import saved
from treff.web.policy import Visit, within_workspace
from treff.workspaces.actions import edit_brand
from treff.workspaces.logos import MOST_BYTES
from treff.workspaces.models import Brand
from treff.workspaces.ports import BrandWish
from treff.workspaces.queries import brand_of
from treff.workspaces.states import Permission

_BETWEEN = re.compile(r"[\s,;]+")


class BrandForm(forms.Form):
    color = forms.CharField(
        label=_("Color"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "#0b6e66", "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_("Of the buttons on booking pages. The words on them are white or black, whichever is legible."),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text=_("PNG, JPEG, WebP or GIF, at most 2 MB."),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    embed_origins = forms.CharField(
        label=_("Sites that may show the booking pages"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "placeholder": "https://www.example.com"}),
        help_text=_("Their addresses, separated by commas or line breaks. No other site can put the pages in a frame."),
    )


@dataclass(frozen=True, slots=True)
class Snippet:
    """The lines that show a booking type on another site."""

    id: str
    title: str
    code: str


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_WORKSPACE)
def brand(visit: Visit) -> HttpResponse:
    row, request = brand_of(visit.workspace), visit.request
    initial = {"color": row.color, "embed_origins": "\n".join(row.embed_origins)}
    is_post = request.method == "POST"
    form = BrandForm(request.POST if is_post else None, request.FILES if is_post else None, initial=initial)
    if not row.logo_digest:
        del form.fields["remove_logo"]
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            edit_brand(visit.scope, _wanted(form))
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(request, saved(form))
            return redirect("console:brand", workspace=visit.workspace.slug)
    context = {"nav": "admin", "form": form, **_preview(visit, row), "snippets": _snippets(visit)}
    return render(request, "console/admin/brand.html", context, status=status)


def _wanted(form: BrandForm) -> BrandWish:
    given = form.cleaned_data
    logo = b"" if given.get("remove_logo") else None
    if given["logo"] is not None:
        logo = given["logo"].read(MOST_BYTES + 1)
    return BrandWish(given["color"], tuple(filter(None, _BETWEEN.split(given["embed_origins"]))), logo)


def _preview(visit: Visit, row: Brand) -> dict[str, str]:
    here = {"workspace": visit.workspace.slug}
    return {
        "page_url": reverse("public:place", kwargs=here),
        "css_url": f"{reverse('public:brand_css', kwargs=here)}?v={row.color[1:]}" if row.color else "",
        "logo_url": f"{reverse('public:logo', kwargs=here)}?v={row.logo_digest[:16]}" if row.logo_digest else "",
    }


def _snippets(visit: Visit) -> list[Snippet]:
    found = []
    for kind in public_types(visit.workspace):
        path = reverse("public:booking_type", kwargs={"workspace": visit.workspace.slug, "slug": kind.slug})
        script = f"{settings.TREFF_BASE_URL}{settings.STATIC_URL}treff/embed.js"
        code = f'<script src="{script}" data-book="{path}" async></script>'
        found.append(Snippet(f"snippet-{kind.public_id}", kind.title, code))
    return found
