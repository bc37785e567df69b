"""What a lead may look like."""

import re
from collections.abc import Callable, Mapping

from treff.kernel import texts
from treff.kernel.errors import N_, Invalid
from treff.people.states import LeadStatus
from treff.workspaces.rules import check_locale, check_time_zone

_PHONE = re.compile(r"\+?[0-9 ()/.\-]{3,40}")
_OF_PHONE = re.compile(r"\+?[0-9()/.\-]+")
FIELDS = ("name", "email", "phone", "company", "locale", "time_zone", "status")
LONGEST_NOTE = 5000
MOST_VIEWS, LONGEST_VIEW = 30, 1000


def clean(values: Mapping[str, str]) -> dict[str, str]:
    """The given fields of a lead (any of FIELDS), checked and normalised. Raises Invalid."""
    checks: dict[str, Callable[[str], str]] = {
        "name": lambda text: texts.one_line("name", text, longest=100, required=True),
        "email": lambda text: texts.email_address("email", text),
        "phone": _check_phone,
        "company": lambda text: texts.one_line("company", text, longest=100),
        "locale": lambda text: check_locale("locale", text),
        "time_zone": lambda text: check_time_zone("time_zone", text),
        "status": _check_status,
    }
    return {field: checks[field](values[field]) for field in FIELDS if field in values}


def _check_phone(text: str) -> str:
    phone = texts.one_line("phone", text, longest=40)
    if phone and not _PHONE.fullmatch(phone):
        raise Invalid("phone", N_("A phone number has digits, spaces and + ( ) / . - only."))
    return phone


def _check_status(text: str) -> str:
    try:
        return LeadStatus(text)
    except ValueError:
        known = ", ".join(LeadStatus)
        raise Invalid("status", N_("Choose one of %(expected)s."), expected=known) from None


def check_note(text: str) -> str:
    """Raises Invalid for field text."""
    checked = texts.several_lines("text", text, longest=LONGEST_NOTE)
    if not checked:
        raise Invalid("text", N_("Please fill this in."))
    return checked


def is_of_phone(word: str) -> bool:
    """Whether somebody who types this may mean a part of a phone number."""
    return _OF_PHONE.fullmatch(word) is not None


def digits_of(phone: str) -> str:
    """What people compare of a phone number: its digits, without the zeros that stand for a country or an area."""
    return re.sub(r"\D", "", phone).lstrip("0")
