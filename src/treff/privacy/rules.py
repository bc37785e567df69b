"""Decisions: values in, values out."""

from treff.kernel.errors import N_, Invalid


def check_confirmation(typed: str, name: str, email: str) -> None:
    """Whoever erases says whom: by name or address, in any case. Raises Invalid for field confirmation."""
    if " ".join(typed.split()).casefold() not in (" ".join(name.split()).casefold(), email.casefold()):
        raise Invalid("confirmation", N_("This is neither the name nor the email address of this lead."))
