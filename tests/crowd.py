"""Many at once: threads that begin together, each with a database connection of its own.

For tests with `django_db(transaction=True)`, whose rows other connections see.
"""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import connections

T = TypeVar("T")
PATIENCE = 60.0  # seconds


def at_once(deeds: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Do all of them at the same moment; what each returned or raised, in their order."""
    barrier = threading.Barrier(len(deeds))
    outcomes: list[T | Exception] = [TimeoutError("still running")] * len(deeds)

    def run(place: int, deed: Callable[[], T]) -> None:
        try:
            connections["default"].ensure_connection()  # so that nobody is late for having to connect
            barrier.wait(PATIENCE)
            outcomes[place] = deed()
        except Exception as error:
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, deed), daemon=True) for place, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return outcomes
