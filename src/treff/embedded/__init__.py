"""The trial database: a PostgreSQL of our own, out of a wheel, shared by all processes that name the same directory.

    with embedded.start(data_dir) as server:
        psycopg.connect(server.url)

The first process to start it brings it up, the last to leave takes it down. Whoever is killed counts as gone at once,
and if it was the last, a guardian takes the server down in its place; see `locks` for how that is known.
Plain Python and nothing but the standard library, so that the guardian can be small. The wheel's own launcher is not
used: as root it opens every parent of the data directory to everybody, and it counts its users by process ids.
"""

from treff.embedded.errors import EmbeddedError
from treff.embedded.places import data_dir_for
from treff.embedded.postmaster import Durability
from treff.embedded.server import Server, start, stop_orphan

__all__ = ["Durability", "EmbeddedError", "Server", "data_dir_for", "start", "stop_orphan"]
