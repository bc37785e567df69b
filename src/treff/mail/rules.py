"""Decisions about an SMTP server's answers, and about the texts that a workspace writes itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from treff.kernel import texts
from treff.kernel.errors import N_, Invalid

LONGEST_BACK_OFF = timedelta(minutes=15)


def reply_code(error: Exception) -> int:
    """The SMTP reply code, 0 without one."""
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        return int(next(iter(error.recipients.values()))[0])
    return int(error.smtp_code) if isinstance(error, SMTPResponseException) else 0


def is_refused_address(error: Exception) -> bool:
    """Whether there is no such mailbox, and not only something about this mail: RFC 5321, 4.2.3, and RFC 3463, 3.2."""
    return isinstance(error, SMTPRecipientsRefused) and reply_code(error) in (550, 551, 553)


def back_off(tries: int, chance: float, code: int = 0) -> timedelta:
    """Doubled with every try up to 15 minutes, each between half and the whole of it; `chance` in [0, 1) is jitter.

    From 2 s on where nobody answered: that passes. From 30 s on where the server said 4xx: one that lets strangers wait
    (RFC 6647, 2) does so for a minute or more, and one that is asked too often wants to be left alone.
    """
    first = 30 if 400 <= code < 500 else 2
    whole = min(timedelta(seconds=first * 2.0 ** min(tries, 12)), LONGEST_BACK_OFF)
    return whole * (0.5 + 0.5 * chance)


# ---- texts of a workspace's own ----

# What stands for something in them: a name in braces. There is no logic and no way to anything else.
PLACEHOLDERS = ("lead", "title", "day", "time", "zone", "minutes", "host", "workspace")
ALL_PLACES = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
_PLACE = re.compile(r"\{([^{}]*)\}")
_LONGEST_SUBJECT, _LONGEST_TEXT = 150, 2000


@dataclass(frozen=True, slots=True)
class Template:
    """What a workspace says in one kind of mail, in one language; plain text, an empty part means the usual words.

    `opening` comes after the greeting, `closing` at the end. When it is, the link and the buttons are never part of it.
    """

    subject: str = ""
    opening: str = ""
    closing: str = ""


def check_template(wanted: Template) -> Template:
    """Trimmed. Raises Invalid for fields subject, opening, closing: a placeholder that is none, or too long a text."""
    subject = texts.one_line("subject", wanted.subject, longest=_LONGEST_SUBJECT)
    opening = texts.several_lines("opening", wanted.opening, longest=_LONGEST_TEXT)
    closing = texts.several_lines("closing", wanted.closing, longest=_LONGEST_TEXT)
    for field, text in (("subject", subject), ("opening", opening), ("closing", closing)):
        for name in _PLACE.findall(text):
            if name not in PLACEHOLDERS:
                raise Invalid(field, N_("{%(name)s} is no placeholder. These are: %(all)s"), name=name, all=ALL_PLACES)
    return Template(subject, opening, closing)


def fill(text: str, values: Mapping[str, str]) -> str:
    """In one go, so that braces in a value stay what they are. A name that is not in `values` stays as it is."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)
