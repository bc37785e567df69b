"""Commands about encryption keys: what they wrap and how they stand, and wrapping everything anew by the primary."""

from collections import Counter

from django.conf import settings
from django.db import transaction

from treff.conferencing.models import ConnectFlow, Meeting
from treff.kernel.secrets import kid_of
from treff.workspaces import vault
from treff.workspaces.models import KeyCanary


def status() -> dict[str, object]:
    """How our keys stand, by their names:

    primary      the one that wraps new data keys
    keys         those in the ring, and how many data keys each wraps
    canaries     those that every process can check, because the database holds something that only they open
    retired      those that wrap nothing new any more
    missing      those that are needed and not in the ring
    distrusted   those in the ring that are not the ones that had the name before
    """
    wrapped = Counter(kid_of(stored.wrapped) for stored in vault.stored_data_keys())
    troubles = vault.troubles()
    canaries = KeyCanary.objects.order_by("kid")
    return {
        "primary": settings.TREFF_KEYS.primary,
        "keys": {name: wrapped.get(name, 0) for name in settings.TREFF_KEYS.names()},
        "canaries": [canary.kid for canary in canaries],
        "retired": [canary.kid for canary in canaries if canary.retired_at],
        "missing": [trouble.kid for trouble in troubles if trouble.what == "lost"],
        "distrusted": [trouble.kid for trouble in troubles if trouble.what == "wrong"],
    }


def rotate() -> dict[str, object]:
    """Wrap every data key by the primary key. Safe while everything runs. Raises kernel.secrets.SecretError."""
    return {"rewrapped": vault.rotate(), **status()}


def give_up(kid: str) -> dict[str, object]:
    """Do without a key that is lost for good, as far as workspaces go. Raises kernel.secrets.KeyUnavailable.

    Passcodes and start links that it locked are deleted, links that were sent stay. `accounts` still need it: they must
    be connected again, or disconnected.
    """
    with transaction.atomic():
        workspaces = vault.give_up(kid)
        ConnectFlow.objects.filter(workspace__in=workspaces).delete()
        Meeting.objects.filter(appointment__workspace__in=workspaces).update(
            passcode="", start_url="", start_url_until=None
        )
    accounts = sum(kid_of(stored.wrapped) == kid for stored in vault.stored_data_keys())
    return {"given_up": kid, "workspaces": len(workspaces), "accounts": accounts}
