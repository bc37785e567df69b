"""Decisions about an SMTP server's answers."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException

LONGEST_BACK_OFF = timedelta(minutes=15)


def reply_code(error: Exception) -> int:
    """The SMTP reply code, 0 without one."""
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        return int(next(iter(error.recipients.values()))[0])
    return int(error.smtp_code) if isinstance(error, SMTPResponseException) else 0


def is_refused_address(error: Exception) -> bool:
    """Whether there is no such mailbox, and not only something about this mail: RFC 5321, 4.2.3, and RFC 3463, 3.2."""
    return isinstance(error, SMTPRecipientsRefused) and reply_code(error) in (550, 551, 553)


def back_off(tries: int, chance: float) -> timedelta:
    """2 s, 4 s, 8 s … up to 15 minutes, each between half and the whole of it; `chance` in [0, 1) is jitter."""
    whole = min(timedelta(seconds=2 * 2.0 ** min(tries, 12)), LONGEST_BACK_OFF)
    return whole * (0.5 + 0.5 * chance)
