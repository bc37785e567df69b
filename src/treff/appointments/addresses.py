"""That the address which a client typed is theirs: what they are asked, and that nobody is asked again and again.

A stranger can type anybody's address. So what waits for its confirmation says so in one mail, which only that address
gets, and an address that has not answered gets no other one for an hour, from whichever workspace of this server.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from psycopg.errors import UniqueViolation

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.kernel.secrets import Secret

# So long the time is kept, and the link in the mail works.
CONFIRM_WITHIN = timedelta(minutes=30)
NOT_AGAIN_WITHIN = timedelta(hours=1)
_ASKED = N_(
    "Less than an hour ago this address was sent an email with a link that confirms a booking. Please look into the "
    "inbox, and among spam. A new one can be sent an hour after it."
)


def confirm_token(appointment: Appointment) -> Secret:
    """What the link in the mail says: 128 bits that nobody can work out without this server's key."""
    made = _keyed("confirm_address", appointment.public_id)[:16]
    return Secret(base64.urlsafe_b64encode(made).decode().rstrip("="))


def digest_of(token: str) -> str:
    return hashlib.sha256(f"confirm_address:{token}".encode()).hexdigest()


def ask(appointment: Appointment) -> None:
    """For a verb that is about to save it within `asked_once`: it waits for its client."""
    appointment.asked_digest = _keyed("asked", _inbox(appointment.lead.email)).hex()
    appointment.confirm_digest = digest_of(confirm_token(appointment).reveal())
    appointment.expires_at = min(appointment.start_at, clock.now() + CONFIRM_WITHIN)


@contextmanager
def asked_once() -> Iterator[None]:
    """Around the transaction: who asks an address that has not answered is refused, also of two at once the second.

    Raises Invalid for field email.
    """
    try:
        yield
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, UniqueViolation) and "asked_digest" in (cause.diag.constraint_name or ""):
            raise Invalid("email", _ASKED) from None
        raise


def forget_asked() -> None:
    """Addresses that may be asked again, as an hour has passed."""
    long_ago = clock.now() - NOT_AGAIN_WITHIN
    Appointment.objects.filter(asked_digest__isnull=False, created_at__lte=long_ago).update(asked_digest=None)


def _inbox(email: str) -> str:
    """Where it arrives: what stands behind a plus is for its owner to sort by (RFC 5233), so that many are one."""
    name, _at, domain = email.lower().rpartition("@")
    return f"{name.partition('+')[0] or name}@{domain}"


def _keyed(purpose: str, text: str) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), f"{purpose}\0{text}".encode(), "sha256")
