"""Every address."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.i18n import set_language

from treff.web import health
from treff.web.api.api import api
from treff.web.public import joining, subscriptions

handler500 = "treff.web.errors.broken"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("treff.web.console.urls")),
    path("", include("treff.web.help.urls")),
    path("book/", include("treff.web.public.urls")),
    path("design/", include("treff.web.design.urls")),
    re_path(r"^calendars/(?P<token>[A-Za-z0-9_-]{16,64})\.ics$", subscriptions.calendar, name="calendar"),
    re_path(r"^invitation/(?P<token>[A-Za-z0-9_-]{43})/$", joining.invitation, name="invitation"),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    path("integrations/", include("treff.web.inbound.urls")),
    path("api/v1/", api.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]
