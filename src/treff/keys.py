"""Our own keys: given in production, made under the data directory for demo and development."""

import base64
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from treff.kernel.secrets import KeyRing, Secret, WeakKey

_SHORTEST_SECRET_KEY = 40


def secret_key(given: Secret, data_dir: Path, *, production: bool) -> Secret:
    """The key of sessions and signatures. Raises ImproperlyConfigured for a missing or weak one in production."""
    if given.reveal():
        if len(given.reveal()) < _SHORTEST_SECRET_KEY or len(set(given.reveal())) < 12:
            raise ImproperlyConfigured(f"TREFF_SECRET_KEY needs {_SHORTEST_SECRET_KEY} random characters or more.")
        return given
    if production:
        raise ImproperlyConfigured("TREFF_SECRET_KEY is missing.")
    return _kept(data_dir / "keys" / "secret_key", secrets.token_urlsafe(48))


def encryption_keys(given: Secret, data_dir: Path, *, production: bool) -> KeyRing:
    """The key ring of stored secrets. Raises ImproperlyConfigured for a missing or weak one in production."""
    if not given.reveal():
        if production:
            raise ImproperlyConfigured("TREFF_ENCRYPTION_KEYS is missing.")
        given = _kept(
            data_dir / "keys" / "encryption_keys", "dev-1:" + base64.b64encode(secrets.token_bytes(32)).decode()
        )
    try:
        return KeyRing.parse(given)
    except WeakKey as error:
        raise ImproperlyConfigured(f"TREFF_ENCRYPTION_KEYS: {error}") from None


def _kept(path: Path, fresh: str) -> Secret:
    """What the file says; made once, whoever of several processes comes first."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(fresh)
        try:
            os.link(draft, path)  # fails if another process was faster: its key is the one
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return Secret(path.read_text().strip())
