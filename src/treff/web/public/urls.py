"""Addresses that clients know: /book/…"""

from django.urls import path, re_path

from treff.web.public import branding, calendars, confirming, details, managing, moving, noting, reminding

app_name = "public"
_HELD = r"^manage/(?P<token>[A-Za-z0-9_-]{16,64})/"
_TYPE = "<slug:workspace>/<slug:slug>/"

urlpatterns = [
    re_path(rf"{_HELD}$", managing.manage, name="manage"),
    re_path(rf"{_HELD}state/$", managing.state, name="state"),
    re_path(rf"{_HELD}invite\.ics$", managing.invite, name="invite"),
    re_path(rf"{_HELD}move/$", moving.move, name="move"),
    re_path(rf"{_HELD}cancel/$", managing.cancel, name="cancel"),
    re_path(r"^confirm/(?P<token>[A-Za-z0-9_-]{22})/$", confirming.confirm, name="confirm"),
    re_path(r"^reminders/(?P<token>[0-9]+:[A-Za-z0-9_-]{16,100})/$", reminding.stop, name="stop_reminders"),
    re_path(r"^notes/(?P<token>[0-9]+-[0-9]+:[A-Za-z0-9_-]{16,100})/$", noting.notes, name="notes"),
    path("<slug:workspace>/", calendars.place, name="place"),
    path("<slug:workspace>/logo/", branding.logo, name="logo"),
    path("<slug:workspace>/brand.css", branding.brand_css, name="brand_css"),
    path(_TYPE, calendars.booking_type, name="booking_type"),
    path(f"{_TYPE}details/", details.details, name="details"),
]
