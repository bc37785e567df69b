"""Addresses that providers know: /integrations/…"""

from django.urls import path, re_path

from treff.booking_types.states import CONFERENCING
from treff.web.inbound import bots, oauth, replacing, webhooks

app_name = "inbound"
# Each provider has an address of its own to come back to, so that none is taken for another.
PROVIDER = f"(?P<provider>{'|'.join(CONFERENCING)})"
urlpatterns = [
    re_path(rf"^{PROVIDER}/callback$", oauth.callback, name="callback"),
    re_path(rf"^{PROVIDER}/continue$", oauth.continue_connecting, name="continue"),
    re_path(rf"^{PROVIDER}/start$", oauth.start, name="start"),
    re_path(rf"^{PROVIDER}/connected/(?P<workspace>[a-z0-9-]+)$", oauth.connected, name="connected"),
    re_path(rf"^{PROVIDER}/connected/(?P<workspace>[a-z0-9-]+)/own$", oauth.connected_own, name="connected_own"),
    re_path(rf"^{PROVIDER}/replace/(?P<pending_id>pend_[0-9a-z]+)$", replacing.replace, name="replace"),
    re_path(rf"^{PROVIDER}/replace/(?P<pending_id>pend_[0-9a-z]+)/decline$", replacing.decline, name="decline"),
    re_path(r"^(?P<vendor>attendee|recall)/webhook$", bots.told, name="bot_webhook"),
    path("zoom/webhook", webhooks.zoom, name="zoom_webhook"),
]
