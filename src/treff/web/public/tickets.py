"""Forms that need no cookie: each carries a ticket that we signed, for one purpose. It also names the submit.

Public pages have no session whose authority another site could borrow; what a client may do, the token in the address
says. So the ticket replaces Django's cookie, and the same pages work in a frame of another site.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

from treff.kernel import clock

_SALT = "treff.public.form"


@dataclass(frozen=True, slots=True)
class Ticket:
    """`nonce` is the form's own: who submits it twice asks for the same thing."""

    nonce: str
    issued_at: datetime


def issue(purpose: str) -> str:
    ticket = {"for": purpose, "nonce": secrets.token_urlsafe(16), "at": int(clock.now().timestamp())}
    return Signer(salt=_SALT).sign_object(ticket)


def of(request: HttpRequest, purpose: str) -> Ticket | None:
    """The ticket that was posted; None if it is not ours, not for this, or posted from another site's page."""
    # "null" is what browsers send from pages without a referrer, such as ours that carry a token.
    if request.headers.get("Origin", "null") not in ("null", settings.TREFF_BASE_URL):
        return None
    try:
        found = Signer(salt=_SALT).unsign_object(request.POST.get("ticket", "")[:1000])
    except (BadSignature, ValueError):
        return None
    if found.get("for") != purpose:
        return None
    return Ticket(found["nonce"], datetime.fromtimestamp(found["at"], UTC))
