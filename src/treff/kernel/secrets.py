"""Secrets at rest: envelope encryption with AES-256-GCM, bound to the row and the purpose they belong to.

A key-encrypting key (KEK) of the key ring wraps a data key (DEK); the data key seals values. Whoever deletes the
wrapped data key has shredded every value sealed with it, in backups too.

    wrapped data key   1.<kid>.<nonce>.<ciphertext>      sealed by the KEK named kid
    sealed value       1.<nonce>.<ciphertext>            sealed by the data key

Both carry associated data: the length-prefixed parts of a Binding. A blob that is moved to another row, column or
workspace does not open. Nonces are 96 random bits (NIST SP 800-38D, 8.2.2).
"""

import base64
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "1"
_NONCE_BYTES = 12
_KEY_BYTES = 32
# 32 random bytes have fewer different values once in 10^29 keys; zeros and typed-in patterns have.
_FEWEST_DIFFERENT_BYTES = 12
_KID = re.compile(r"[a-z0-9-]{1,32}")


class SecretError(Exception):
    """Base of what can go wrong here; never carries the secret."""


class Tampered(SecretError):
    """The blob does not open: changed, moved to another row, or sealed by a key that is not the one of that name.

    Says where it was to be opened (`table` and `row_id`, nothing of whose it is) and never why it did not.
    """

    def __init__(self, table: str = "", row_id: str = "") -> None:
        super().__init__(f"What is stored at {table} {row_id} does not open there.")
        self.table, self.row_id = table, row_id


class KeyUnavailable(SecretError):
    """The key that is asked for is not in the key ring, or not to be used; the message is a sentence for operators."""


class WeakKey(SecretError):
    """A configured key is not 32 bytes in base64, or has no proper name."""


class Secret:
    """Text that must not be seen: `repr` and `str` are `***`; `reveal()` is the only way in."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> "tuple[type, tuple[object, ...]]":
        raise TypeError("a Secret does not leave the process")


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a sealed value belongs: table, column, the row's public id, and what it is for."""

    table: str
    column: str
    row_id: str
    purpose: str = ""

    def associated_data(self) -> bytes:
        """Length-prefixed, so that no two bindings give the same bytes."""
        parts = [part.encode() for part in (_VERSION, self.table, self.column, self.row_id, self.purpose)]
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class KeyRing:
    """The key-encrypting keys by name; the first wraps new data keys, all unwrap; a distrusted one does neither."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Raises WeakKey."""
        if not keys:
            raise WeakKey("the key ring is empty")
        for kid, key in keys.items():
            if not _KID.fullmatch(kid):  # not shown: who leaves out the name has the key itself in its place
                raise WeakKey("a key needs a name of [a-z0-9-] before the colon")
            if len(key) != _KEY_BYTES or len(set(key)) < _FEWEST_DIFFERENT_BYTES:
                raise WeakKey(f"key {kid!r} needs {_KEY_BYTES} random bytes")
        self._keys = dict(keys)
        self._distrusted: frozenset[str] = frozenset()
        self.primary = next(iter(self._keys))

    @classmethod
    def parse(cls, text: Secret) -> "KeyRing":
        """From `kid:base64,kid:base64`, the primary first. Raises WeakKey."""
        keys: dict[str, bytes] = {}
        for entry in filter(None, (part.strip() for part in text.reveal().split(","))):
            kid, _, encoded = entry.partition(":")
            if kid in keys:
                raise WeakKey("two keys have the same name")
            try:
                keys[kid] = base64.b64decode(encoded, validate=True)
            except ValueError:
                raise WeakKey("a key is not base64 after the colon") from None
        return cls(keys)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    def __reduce__(self) -> "tuple[type, tuple[object, ...]]":
        raise TypeError("a KeyRing does not leave the process")

    def names(self) -> Iterable[str]:
        return tuple(self._keys)

    def distrust(self, kid: str) -> None:
        """From now on this process opens and wraps nothing with the key of that name."""
        self._distrusted |= {kid}

    def check(self, kid: str) -> None:
        """Raises KeyUnavailable if the key of that name is not there or is distrusted."""
        self._usable(kid)

    def new_data_key(self, binding: Binding, kid: str = "") -> str:
        """A fresh data key, wrapped by the key named `kid`, else by the primary one. Raises KeyUnavailable."""
        return self._wrap(os.urandom(_KEY_BYTES), binding, kid or self.primary)

    def open_data_key(self, wrapped: str, binding: Binding) -> "DataKey":
        """Raises KeyUnavailable, Tampered."""
        match wrapped.split("."):
            case [version, kid, nonce, ciphertext] if version == _VERSION:
                return DataKey(_decrypt(self._usable(kid), nonce, ciphertext, binding))
        raise Tampered(binding.table, binding.row_id)

    def rewrap(self, wrapped: str, binding: Binding) -> str:
        """The same data key, wrapped by the primary key. Raises KeyUnavailable, Tampered."""
        return self._wrap(self.open_data_key(wrapped, binding).raw, binding, self.primary)

    def _wrap(self, raw: bytes, binding: Binding, kid: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = AESGCM(self._usable(kid)).encrypt(nonce, raw, binding.associated_data())
        return ".".join((_VERSION, kid, _encode(nonce), _encode(ciphertext)))

    def _usable(self, kid: str) -> bytes:
        if kid not in self._keys:
            raise KeyUnavailable(f"There is no key named {kid[:32]!r}.")
        if kid in self._distrusted:
            raise KeyUnavailable(f"The key named {kid!r} is not the one that had this name before; it is not used.")
        return self._keys[kid]


def kid_of(wrapped: str) -> str:
    """The name of the key that a wrapped data key asks for; empty if it is none."""
    match wrapped.split("."):
        case [version, kid, _nonce, _ciphertext] if version == _VERSION:
            return kid
    return ""


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """An opened data key; lives as short as possible."""

    raw: bytes

    def __reduce__(self) -> "tuple[type, tuple[object, ...]]":
        raise TypeError("a DataKey does not leave the process")

    def seal(self, secret: Secret, binding: Binding) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = AESGCM(self.raw).encrypt(nonce, secret.reveal().encode(), binding.associated_data())
        return ".".join((_VERSION, _encode(nonce), _encode(ciphertext)))

    def open(self, sealed: str, binding: Binding) -> Secret:
        """Raises Tampered."""
        match sealed.split("."):
            case [version, nonce, ciphertext] if version == _VERSION:
                return Secret(_decrypt(self.raw, nonce, ciphertext, binding).decode())
        raise Tampered(binding.table, binding.row_id)


def _decrypt(key: bytes, nonce: str, ciphertext: str, binding: Binding) -> bytes:
    try:
        return AESGCM(key).decrypt(_decode(nonce), _decode(ciphertext), binding.associated_data())
    except (InvalidTag, ValueError):
        raise Tampered(binding.table, binding.row_id) from None


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """Strict: only the one canonical spelling, so that every flipped bit is noticed."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(raw) != text:
        raise ValueError("not canonical base64")
    return raw
