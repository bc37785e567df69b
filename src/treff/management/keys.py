"""Commands about encryption keys: which wrap how many data keys, and wrapping all of them anew by the primary."""

from collections import Counter

from django.conf import settings

from treff.conferencing import grants
from treff.workspaces import actions as workspaces


def status() -> dict[str, object]:
    """The primary key's name, and per key name how many data keys it wraps."""
    wrapped = Counter(blob.split(".")[1] for blob in [*workspaces.wrapped_data_keys(), *grants.wrapped_data_keys()])
    names = settings.TREFF_KEYS.names()
    return {
        "primary": settings.TREFF_KEYS.primary,
        "keys": {name: wrapped.get(name, 0) for name in names},
        "missing": sorted(set(wrapped) - set(names)),
    }


def rotate() -> dict[str, object]:
    """Wrap every data key by the primary key. Safe while everything runs. Raises kernel.secrets.SecretError."""
    rewrapped = workspaces.rewrap_data_keys() + grants.rewrap_data_keys()
    return {"rewrapped": rewrapped, **status()}
