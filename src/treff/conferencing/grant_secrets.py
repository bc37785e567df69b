"""What a grant's row holds sealed, and the spool: where a fresh set of tokens is kept until it is committed."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db.models import QuerySet

from treff.conferencing import journal
from treff.conferencing.models import Grant
from treff.conferencing.ports import TokenSet
from treff.kernel import clock
from treff.kernel.secrets import Binding, DataKey, Secret, Tampered
from treff.workspaces import vault
from treff.workspaces.vault import Stored

_SPOOL = "spool"


def seal_new(grant: Grant, tokens: TokenSet, received_at: datetime) -> None:
    """Put a fresh set of tokens on the (unsaved) row, under a fresh data key. Raises kernel.secrets.KeyUnavailable."""
    grant.data_key = vault.new_data_key(binding_of(grant, "data_key"))
    put(grant, tokens, received_at)


def put(grant: Grant, tokens: TokenSet, received_at: datetime) -> None:
    """Onto the row, which is not saved. Raises kernel.secrets.SecretError."""
    key = _key_of(grant)
    grant.access_token = key.seal(tokens.access_token, binding_of(grant, "access_token"))
    grant.refresh_token = key.seal(tokens.refresh_token, binding_of(grant, "refresh_token"))
    grant.expires_at = received_at + tokens.expires_in


def open_access_token(grant: Grant) -> Secret:
    """Raises kernel.secrets.SecretError."""
    return _open(grant, "access_token")


def open_refresh_token(grant: Grant) -> Secret:
    """Raises kernel.secrets.SecretError."""
    return _open(grant, "refresh_token")


def spool(grant: Grant, tokens: TokenSet, received_at: datetime) -> None:
    """On this host's disk, for exactly the version that follows the row's. Raises OSError, SecretError."""
    text = json.dumps(
        {
            "access": tokens.access_token.reveal(),
            "refresh": tokens.refresh_token.reveal(),
            "expires_at": (received_at + tokens.expires_in).isoformat(),
        }
    )
    journal.write(_SPOOL, grant.public_id, _key_of(grant).seal(Secret(text), _spooled_as(grant)))


def spooled(grant: Grant) -> TokenSet | None:
    """What a holder that died had received for exactly this version, as if it came now. Raises SecretError."""
    sealed = journal.read(_SPOOL, grant.public_id)
    if sealed is None:
        return None
    key = _key_of(grant)
    try:
        kept = json.loads(key.open(sealed, _spooled_as(grant)).reveal())
    except Tampered:  # of an older version or an earlier authorization, unless it is ours that is old
        if Grant.objects.filter(pk=grant.pk, version=grant.version).exists():
            forget_spooled(grant)
        return None
    expires_in = datetime.fromisoformat(kept["expires_at"]) - clock.now()
    return TokenSet(Secret(kept["access"]), Secret(kept["refresh"]), expires_in, frozenset())


def forget_spooled(grant: Grant) -> None:
    journal.remove(_SPOOL, grant.public_id)


def _spooled_as(grant: Grant) -> Binding:
    return binding_of(grant, f"spool:{grant.version + 1}")


def _open(grant: Grant, column: str) -> Secret:
    secret: Secret = _key_of(grant).open(getattr(grant, column), binding_of(grant, column))
    return secret


def _key_of(grant: Grant) -> DataKey:
    key: DataKey = settings.TREFF_KEYS.open_data_key(grant.data_key, binding_of(grant, "data_key"))
    return key


def binding_of(grant: Grant, column: str) -> Binding:
    """Where a sealed column of the row belongs."""
    owner = f"{grant.provider}:{grant.client_id}:{grant.external_user_id}"
    return Binding("grant", column, grant.public_id, owner)


def stored_data_keys() -> Iterator[Stored]:
    """For the vault, which wraps them anew."""
    for grant in Grant.objects.all():
        here = Grant.objects.filter(pk=grant.pk, data_key=grant.data_key)
        yield Stored(grant.data_key, binding_of(grant, "data_key"), partial(_put_data_key, here))


def _put_data_key(here: QuerySet[Grant], wrapped: str) -> int:
    return here.update(data_key=wrapped)
