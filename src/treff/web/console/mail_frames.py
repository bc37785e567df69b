"""A mail as its reader sees it, in a frame of a page of ours."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from treff.web.headers import MAIL_POLICY, content_security_policy
from treff.web.policy import Visit


def mail(html: str) -> HttpResponse:
    """What the frame shows."""
    response = HttpResponse(html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def page_with_frame(visit: Visit, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    response = render(visit.request, template, dict(context), status=status)
    response.headers["Content-Security-Policy"] = content_security_policy(frames=True)
    return response
