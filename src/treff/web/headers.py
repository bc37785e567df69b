"""What browsers are told about our pages."""

from collections.abc import Sequence

from treff.conferencing.consent import origin_of
from treff.conferencing.ports import provider_named, provider_names


def content_security_policy(frame_ancestors: Sequence[str] = ("'none'",), *, frames: bool = False) -> str:
    """Nothing inline, nothing from elsewhere; `frame_ancestors`: who may show the page in a frame.

    `frames`: the page shows others of ours in one.
    """
    # A consent page is reached by a redirect out of a form post, which browsers hold against form-action.
    forms_go_to = " ".join(["'self'", *(origin_of(provider_named(name)) for name in provider_names())])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"font-src 'self'; form-action {forms_go_to}; "
        f"frame-ancestors {' '.join(frame_ancestors)}; base-uri 'none'" + ("; frame-src 'self'" if frames else "")
    )


# A mail in a frame of ours: its styles stand inline, as mail programs need them, and nothing in it runs.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; " + (
    "frame-ancestors 'self'; sandbox"
)
