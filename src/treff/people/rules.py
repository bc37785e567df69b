"""What a lead may look like."""

import re
from collections.abc import Callable, Mapping

from treff.kernel import texts
from treff.kernel.errors import N_, Invalid
from treff.workspaces.rules import check_locale, check_time_zone

_PHONE = re.compile(r"\+?[0-9 ()/.\-]{3,40}")
FIELDS = ("name", "email", "phone", "company", "locale", "time_zone")


def clean(values: Mapping[str, str]) -> dict[str, str]:
    """The given fields of a lead (any of FIELDS), checked and normalised. Raises Invalid."""
    checks: dict[str, Callable[[str], str]] = {
        "name": lambda text: texts.one_line("name", text, longest=100, required=True),
        "email": lambda text: texts.email_address("email", text),
        "phone": _check_phone,
        "company": lambda text: texts.one_line("company", text, longest=100),
        "locale": lambda text: check_locale("locale", text),
        "time_zone": lambda text: check_time_zone("time_zone", text),
    }
    return {field: checks[field](values[field]) for field in FIELDS if field in values}


def _check_phone(text: str) -> str:
    phone = texts.one_line("phone", text, longest=40)
    if phone and not _PHONE.fullmatch(phone):
        raise Invalid("phone", N_("A phone number has digits, spaces and + ( ) / . - only."))
    return phone
