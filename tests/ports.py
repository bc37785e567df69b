"""Ports for servers whose address has to be known before they start.

They are outside of the range of which the system lends one to whoever connects somewhere: there a port that is free now
may be gone a moment later, or while its server is being restarted.
https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html (ip_local_port_range)
"""

import itertools
import os
import socket

_FIRST, _LANE, _LANES = 10_000, 4_000, 5
# Each process of the run has a lane of its own, and two runs on one machine hardly begin at the same place of it.
_lane = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _LANES
_places = itertools.count(os.getpid() * 7)


def free_port() -> int:
    """One that nobody uses, and that nobody is given a second time."""
    while True:
        port = _FIRST + _lane * _LANE + next(_places) % _LANE
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
