"""The wire between a process and PostgreSQL, which a test holds in its hand at a commit.

    with Wire(database_url) as wire:
        ...                                    # a process is started with wire.url
        commit = wire.stop(Moment.BEFORE, b'INSERT INTO "appointments_appointment"')
        ...                                    # the process is made to book
        commit.await_reached()                 # now it waits for its COMMIT, and no other process does
        commit.kill()

It reads what clients send as PostgreSQL's protocol frames it, and passes everything on unchanged.
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote

import psutil
from psycopg.conninfo import conninfo_to_dict

PATIENCE = 30.0  # seconds


class Moment(Enum):
    """Where a COMMIT is stopped: the server has not heard of it, or it is done and only the client does not know."""

    BEFORE = "before"
    AFTER = "after"


class Commit:
    """The next commit of a transaction that sent all of `words`; `pid` is whose it is, when it is reached."""

    def __init__(self, moment: Moment, words: tuple[bytes, ...]) -> None:
        self.moment, self.pid, self._words = moment, 0, words
        self._reached, self._decided = threading.Event(), threading.Event()
        self._cut = False

    def await_reached(self) -> None:
        assert self._reached.wait(PATIENCE), f"no commit with {self._words!r}"

    def pass_on(self) -> None:
        """As if nothing had been."""
        self._decided.set()

    def cut(self) -> None:
        """The connection breaks here, for both of its ends."""
        self._cut = True
        self._decided.set()

    def kill(self) -> None:
        """The client, whose parent must see to it, dies here by SIGKILL; the kernel closes its end."""
        client = psutil.Process(self.pid)
        client.kill()
        client.wait(PATIENCE)  # a zombie may have threads that are still dying
        self.cut()

    def is_of(self, said: bytes) -> bool:
        return all(word in said for word in self._words)

    def arrive(self, pid: int) -> bool:
        """Called by the wire: wait for the decision. Whether the connection goes on."""
        self.pid = pid
        self._reached.set()
        self._decided.wait()
        return not self._cut


class Wire:
    """Listens on loopback while the block runs. `url` is that of the database, by this way."""

    def __init__(self, database_url: str) -> None:
        there = conninfo_to_dict(database_url)
        self._socket_path = f"{there['host']}/.s.PGSQL.{there['port']}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        name = f"{quote(str(there['user']))}@127.0.0.1:{port}/{there['dbname']}"
        self.url = f"postgresql://{name}?sslmode=disable&gssencmode=disable"
        self._commits: list[Commit] = []
        self._stopped: list[Commit] = []
        self._sockets: list[socket.socket] = []
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _end(self._listener)
        for commit in self._stopped:
            commit.cut()
        self.break_all()

    def stop(self, moment: Moment, *words: bytes) -> Commit:
        """Order that the next such commit is stopped; it goes on when it is told to."""
        commit = Commit(moment, words)
        with self._turn:
            self._commits.append(commit)
            self._stopped.append(commit)
        return commit

    def break_all(self) -> None:
        """Every connection breaks; new ones are taken."""
        with self._turn:
            ended, self._sockets = self._sockets, []
        for end in ended:
            _end(end)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._socket_path)
                except OSError:  # the database is down
                    client.close()
                    server.close()
                    continue
                with self._turn:
                    self._sockets += [client, server]
                _Line(self, client, server).start()

    def _take(self, said: bytes) -> Commit | None:
        with self._turn:
            for commit in self._commits:
                if commit.is_of(said):
                    self._commits.remove(commit)
                    return commit
        return None


class _Line:
    """One connection: a thread for each direction."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._answer_of: Commit | None = None

    def start(self) -> None:
        for pump in (self._forth, self._back):
            threading.Thread(target=pump, daemon=True).start()

    def _forth(self) -> None:
        """Message by message, as a commit is one; `said` is what its transaction sent so far."""
        said = b""
        with self._both_ended(), self._client.makefile("rb") as sent:
            self._server.sendall(_read(sent, b""))  # the first one has no letter
            while letter := sent.read(1):
                message = _read(sent, letter)
                text = message[5:].rstrip(b"\0 ;")
                said = b"" if text == b"BEGIN" else said + text
                commit = self._wire._take(said) if text == b"COMMIT" else None
                if commit is not None and commit.moment is Moment.AFTER:
                    self._answer_of = commit
                elif commit is not None and not commit.arrive(self._pid()):
                    return
                self._server.sendall(message)

    def _back(self) -> None:
        with self._both_ended():
            while answer := self._server.recv(65536):
                commit, self._answer_of = self._answer_of, None
                if commit is not None and not commit.arrive(self._pid()):
                    return
                self._client.sendall(answer)

    def _pid(self) -> int:
        """Of the process at the client's end."""
        here = self._client.getpeername()[1]
        found = (line.pid for line in psutil.net_connections("tcp4") if line.laddr and line.laddr.port == here)
        return next((pid for pid in found if pid), 0)

    @contextmanager
    def _both_ended(self) -> Iterator[None]:
        try:
            with suppress(OSError, EOFError):
                yield
        finally:
            _end(self._client)
            _end(self._server)


def _read(sent: BinaryIO, letter: bytes) -> bytes:
    """The rest of a message: its length, which counts itself, and that much."""
    length = sent.read(4)
    if len(length) < 4:
        raise EOFError
    return letter + length + sent.read(struct.unpack("!I", length)[0] - 4)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
