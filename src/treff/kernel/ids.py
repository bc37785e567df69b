"""Public ids: a prefix that says what it is, and 20 characters nobody guesses (about 100 bits)."""

import secrets

# Crockford's base 32 in lower case: no i, l, o, u to misread. https://www.crockford.com/base32.html
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 20


def new_id(prefix: str) -> str:
    """A fresh id such as `appt_7k2m…`."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def short_code(public_id: str) -> str:
    """Four characters of an id, upper case, for people to compare: `7K2M`."""
    return public_id.rpartition("_")[2][:4].upper()
