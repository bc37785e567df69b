"""Processes of the demo: started together, ready one after the other, gone together."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from treff.kernel.errors import Unavailable

_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html
READY_SECONDS = 60.0
# A worker may wait for an answer in flight; a demo does not wait that long.
STOP_SECONDS = 10.0


class Company:
    """Child processes that end with us, whatever ends us."""

    def __init__(self, log_dir: Path) -> None:
        self._children: list[tuple[str, subprocess.Popen[str]]] = []
        self._log_dir = log_dir
        log_dir.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """A session of its own, so that Ctrl-C reaches us alone and we end the children in order; logs go to a file."""
        with (self._log_dir / f"{name}.log").open("a") as log:
            child = subprocess.Popen(  # noqa: S603  our own commands
                [sys.executable, *command],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        self._children.append((name, child))
        return child

    def ready_line(self, child: subprocess.Popen[str]) -> list[str]:
        """The words after "ready" of the line that a simulator prints. Raises Unavailable."""
        assert child.stdout is not None
        words = child.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise Unavailable(f"A part of the demo did not start; its log is in {self._log_dir}.")
        return words[1:]

    def await_address(self, url: str) -> None:
        """Until something answers there with success. Raises Unavailable."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and not self.dead():
            with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2):  # noqa: S310
                return
            time.sleep(0.05)
        raise Unavailable(f"{url} does not answer; the logs are in {self._log_dir}.")

    def dead(self) -> list[str]:
        """Names of children that have ended."""
        return [name for name, child in self._children if child.poll() is not None]

    def kill(self, name: str) -> None:
        """SIGKILL one of them (for those who want to see what happens)."""
        for known, child in self._children:
            if known == name:
                child.kill()
                child.wait()

    def stop(self) -> None:
        """End all, the last started first; who does not go in time is killed."""
        for _name, child in reversed(self._children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for _name, child in reversed(self._children):
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            if child.stdout is not None:
                child.stdout.close()
        self._children.clear()


def free_port(wanted: int) -> int:
    """`wanted`, or the next one that is free on the loopback address."""
    for port in range(wanted, wanted + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable(f"No port is free from {wanted} on.")


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
