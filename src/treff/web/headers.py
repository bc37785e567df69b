"""What browsers are told about our pages."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings


def content_security_policy(frame_ancestors: Sequence[str] = ("'none'",)) -> str:
    """Nothing inline, nothing from elsewhere; `frame_ancestors`: who may show the page in a frame."""
    zoom = urlsplit(settings.TREFF_ZOOM_OAUTH_URL)
    # The consent page is reached by a redirect out of a form post, which browsers hold against form-action.
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"font-src 'self'; form-action 'self' {zoom.scheme}://{zoom.netloc}; "
        f"frame-ancestors {' '.join(frame_ancestors)}; base-uri 'none'"
    )
