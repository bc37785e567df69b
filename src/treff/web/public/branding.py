"""A workspace's logo and color, as files of ours."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from treff.web.public.answers import Guest, guests
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Brand
from treff.workspaces.queries import brand_of, public_place
from treff.workspaces.rules import text_color_on

# Their addresses change with what they hold.
_KEPT = "public, max-age=86400"


@require_safe
@guests
def logo(_guest: Guest, workspace: str) -> HttpResponse:
    """A PNG that we drew; even opened alone it can do nothing."""
    brand = Brand.objects.filter(workspace__slug=workspace).exclude(logo_digest="").first()
    if brand is None:
        raise NotHere
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": _KEPT}
    return HttpResponse(bytes(brand.logo), content_type="image/png", headers=headers)


@require_safe
@guests
def brand_css(_guest: Guest, workspace: str) -> HttpResponse:
    """The color, for what carries it; a style in the page itself would need a weaker policy."""
    color = brand_of(public_place(workspace)).color
    rule = f":root {{ --brand: {color}; --on-brand: {text_color_on(color)}; }}\n" if color else ""
    return HttpResponse(rule, content_type="text/css; charset=utf-8", headers={"Cache-Control": _KEPT})
