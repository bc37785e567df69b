"""treff serve: granian, WSGI, a few processes with threads."""

from granian import Granian
from granian.constants import Interfaces


def run(host: str, port: int, processes: int, threads: int) -> None:
    """Serve until SIGTERM or SIGINT."""
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
