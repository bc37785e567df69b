"""Text that people type: plain, normalised, without characters that only machines or tricksters use."""

import re
import unicodedata
from itertools import groupby

from treff.kernel.errors import N_, Invalid

# Bidirectional overrides and isolates reorder what stands around them: https://www.unicode.org/reports/tr9/
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# No script stacks more on one letter; towers of them cover the lines around. Categories Mn and Me, in any script.
_MOST_MARKS = 8
# One address, as mail servers take it (RFC 5321, 4.1.2) without quoted local parts and address literals. Linear time.
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")


def one_line(field: str, value: str, *, longest: int, required: bool = False) -> str:
    """The text on one line, NFC, trimmed. Raises Invalid for control characters or more than `longest` code points."""
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise Invalid(field, N_("Line breaks and control characters are not allowed here."))
    return _checked(field, text, longest, required)


def several_lines(field: str, value: str, *, longest: int) -> str:
    """Like one_line, with line breaks allowed; they become \\n."""
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if any(unicodedata.category(char) in ("Cc", "Cs") and char != "\n" for char in text):
        raise Invalid(field, N_("Control characters are not allowed here."))
    return _checked(field, text, longest, required=False)


def _checked(field: str, text: str, longest: int, required: bool) -> str:
    if len(text) > longest:
        raise Invalid(
            field,
            N_("At most %(longest)d characters, please; this has %(length)d."),
            longest=longest,
            length=len(text),
        )
    if _REORDERING.search(text) or _has_tower(text):
        raise Invalid(field, N_("The text has characters that hide or reorder what it says."))
    if required and not text:
        raise Invalid(field, N_("Please fill this in."))
    return text


def _has_tower(text: str) -> bool:
    runs = groupby(text, lambda char: unicodedata.category(char) in ("Mn", "Me"))
    return any(are_marks and sum(1 for _ in run) > _MOST_MARKS for are_marks, run in runs)


def email_address(field: str, value: str) -> str:
    """One e-mail address, its domain in lower case and ASCII. Raises Invalid."""
    text = one_line(field, value, longest=320, required=True)
    local, _, domain = text.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode().lower()}" if domain.isascii() is False else text
    except UnicodeError:
        address = ""
    local, _, domain = address.rpartition("@")
    address = f"{local}@{domain.lower()}"
    if (
        len(address) > 254
        or ".." in address
        or local.startswith(".")
        or local.endswith(".")
        or not _EMAIL.fullmatch(address)
    ):
        raise Invalid(field, N_("This is not one e-mail address such as anna@example.com."))
    return address
