"""How one mailbox simulator is set up."""

import dataclasses
import pathlib

MEBIBYTE = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Config:
    """Ports of 0 mean any free port; without `state` the mails live in memory and end with the process.

    `size_limit` is in bytes and is what EHLO announces. `credentials` (user, password) make signing in compulsory;
    without them AUTH is offered and takes anything, as clients that insist on signing in should work too.
    """

    host: str = "127.0.0.1"
    smtp_port: int = 0
    port: int = 0
    state: pathlib.Path | None = None
    portal_name: str = "Mailbox (simulated)"
    size_limit: int = 25 * MEBIBYTE
    credentials: tuple[str, str] | None = None
