"""The SMTP side: a real server that takes every mail, and the faults that were ordered for it."""

import asyncio
import collections
import dataclasses
import hmac
import logging
import socket
import struct
from collections.abc import Callable

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulators.mailbox.config import Config
from simulators.mailbox.faults import Fault, FaultBook, Kind, Stage
from simulators.mailbox.messages import read_message, summarise
from simulators.mailbox.store import Store

HOSTNAME = "mailbox.localhost"
IDENT = "ESMTP simulated mailbox"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close sends RST instead of FIN

log = logging.getLogger(__name__)


@dataclasses.dataclass
class Connections:
    """The open SMTP connections, so that stopping can end them at once."""

    open: set["Connection"] = dataclasses.field(default_factory=set)

    def abort_all(self) -> None:
        """Drop every connection without a word."""
        for connection in list(self.open):
            connection.abort()


class Connection(SMTP):
    """One client's connection. aiosmtpd does the protocol; this adds AUTH, 421 and the faults of the greeting."""

    def __init__(self, postman: "Postman", connections: Connections) -> None:
        # aiosmtpd keeps these limits on the class and clears them for each new client, under the feet of the others
        self.command_size_limits = collections.defaultdict(lambda: SMTP.command_size_limit)
        self._postman = postman
        self._connections = connections
        self._greeted = False
        super().__init__(
            postman,
            data_size_limit=postman.config.size_limit,
            enable_SMTPUTF8=True,
            hostname=HOSTNAME,
            ident=IDENT,
            auth_require_tls=False,
            authenticator=postman.authenticate,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._connections.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._connections.open.discard(self)
        super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:
        """Send one reply; the first is the greeting. After 421 the server closes (RFC 5321 3.8)."""
        line = status.encode() if isinstance(status, str) else status
        if not self._greeted:
            self._greeted = True
            await self._greet(line)
            return
        await super().push(line)
        if line.startswith(b"421") and self.transport is not None:
            self.transport.close()

    async def check_auth_needed(self, caller_method: str) -> bool:
        """Refuse to go on without signing in, if that is set up."""
        assert self.session is not None
        if self._postman.config.credentials and not self.session.authenticated:
            await self.push("530 5.7.0 Authentication required")
            return True
        return False

    async def _greet(self, banner: bytes) -> None:
        fault = self._postman.faults.strike(Stage.CONNECT)
        if fault is not None and fault.kind is Kind.SLOW_BANNER:
            await self._drip(banner, fault.seconds or 0)
            return
        refusal = await self.suffer(fault) if fault is not None else None
        await super().push(refusal.encode() if refusal else banner)
        if refusal is not None and self.transport is not None:
            self.transport.close()

    async def _drip(self, banner: bytes, seconds: float) -> None:
        line = banner + b"\r\n"
        for place in range(len(line)):
            await asyncio.sleep(seconds / len(line))
            if isinstance(self.transport, asyncio.WriteTransport):
                self.transport.write(line[place : place + 1])

    async def suffer(self, fault: Fault) -> str | None:
        """Let the fault happen. Answers the refusal to send, or None to go on; after a reset it never returns."""
        if fault.kind is Kind.REPLY:
            return f"{fault.code} {fault.message}"
        if fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.seconds or 0)
            return None
        if fault.kind is Kind.HANG:
            await (asyncio.sleep(fault.seconds) if fault.seconds is not None else _wait_for_ever())
        self.abort()
        await _wait_for_ever()  # until connection_lost, a moment later, cancels this conversation
        return None

    def abort(self) -> None:
        """End the connection with a TCP reset."""
        if not isinstance(self.transport, asyncio.Transport):
            return
        line = self.transport.get_extra_info("socket")
        if line is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()


@dataclasses.dataclass
class Postman:
    """What happens to MAIL, RCPT and the message; aiosmtpd calls the `handle_…` methods."""

    config: Config
    store: Store
    faults: FaultBook
    announce: Callable[[], None]

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
    ) -> AuthResult:
        """Check user and password, or take anything when none are set up."""
        if self.config.credentials is None:
            return AuthResult(success=True)
        if not isinstance(login, LoginPassword):
            return AuthResult(success=False, handled=False)
        given = f"{login.login!r} {login.password!r}".encode()
        user, password = (part.encode() for part in self.config.credentials)
        return AuthResult(success=hmac.compare_digest(given, f"{user!r} {password!r}".encode()), handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The sender; `<>` is a bounce."""
        if problem := _judge_address(address, utf8=envelope.smtp_utf8):
            return problem
        if refusal := await self._strike(server, Stage.MAIL):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient; everybody exists."""
        if problem := _judge_address(address, utf8=envelope.smtp_utf8):
            return problem
        if refusal := await self._strike(server, Stage.RCPT, address):
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, session: Session, envelope: Envelope
    ) -> str:
        """The whole message is here: store it, committed before 250 is said."""
        fault = self.faults.strike(Stage.DATA, tuple(envelope.rcpt_tos))
        if fault is not None and fault.kind is not Kind.ACCEPT_THEN_RESET:
            if refusal := await server.suffer(fault):
                return refusal
            fault = None
        mail_id = await asyncio.to_thread(self._deliver, envelope)
        if fault is not None:
            await server.suffer(fault)
        return f"250 2.0.0 Ok: stored as {mail_id}"

    async def handle_exception(self, error: Exception) -> str:
        """An answer that makes the client try again; nothing inside leaks to it."""
        log.error("SMTP conversation failed", exc_info=error)
        return "451 4.3.0 Local error in processing"

    async def _strike(self, server: Connection, stage: Stage, *recipients: str) -> str | None:
        fault = self.faults.strike(stage, recipients)
        return await server.suffer(fault) if fault is not None else None

    def _deliver(self, envelope: Envelope) -> int:
        """Runs in a thread to its end, also when the client has hung up meanwhile: stored is stored."""
        raw = envelope.original_content or b""
        sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        mail_id = self.store.add(sender, envelope.rcpt_tos, raw, summarise(read_message(raw)))
        self.announce()
        return mail_id


def _judge_address(address: str, *, utf8: bool | str) -> str | None:
    """None if fine. An address beyond ASCII needs the client to have said SMTPUTF8 (RFC 6531 3.4)."""
    if not address.isprintable():  # also bytes that are no UTF-8
        return "553 5.1.3 Malformed address"
    if not address.isascii() and not utf8:
        return "553 5.6.7 Addresses beyond ASCII need SMTPUTF8"
    return None


async def _wait_for_ever() -> None:
    await asyncio.get_running_loop().create_future()
