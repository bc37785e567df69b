"""treff serve: granian, WSGI, a few processes with threads."""

import socket

from granian import Granian
from granian.constants import Interfaces

from treff.kernel.errors import Unavailable


def run(host: str, port: int, processes: int, threads: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises Unavailable if something serves there: granian would share the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(f"Nothing can be served at {host}:{port}: {error.strerror}.") from None
    Granian(
        "treff.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        respawn_failed_workers=True,
        websockets=False,
        log_access=False,
    ).serve()
