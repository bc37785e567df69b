"""`python -m simulators.mailbox`: runs until SIGTERM or SIGINT, then exits 0."""

import argparse
import asyncio
import dataclasses
import pathlib
import signal
import sys

from simulators.mailbox.config import Config
from simulators.mailbox.server import run
from simulators.mailbox.store import StateUnusableError


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 stopped, 1 cannot start (said on stderr), 2 wrong usage."""
    config = read_arguments(arguments)
    try:
        asyncio.run(serve(config))
    except (OSError, StateUnusableError) as error:
        sys.stderr.write(f"mailbox: cannot start: {error}\n")
        return 1
    return 0


def read_arguments(arguments: list[str] | None) -> Config:
    """The command line as a Config; ends the process on wrong usage."""
    usual = Config()
    parser = argparse.ArgumentParser(prog="python -m simulators.mailbox", description=__doc__)
    parser.add_argument("--smtp-port", type=_read_port, required=True, metavar="N", help="0 takes a free port")
    parser.add_argument("--port", type=_read_port, required=True, metavar="N", help="of the web page; 0 likewise")
    parser.add_argument("--host", default=usual.host, help="address to listen on (default: %(default)s)")
    parser.add_argument("--state", type=pathlib.Path, metavar="FILE", help="keep the mails here (default: in memory)")
    parser.add_argument("--portal-name", default=usual.portal_name, help="title of the page (default: %(default)s)")
    parser.add_argument("--size-limit", type=int, default=usual.size_limit, metavar="BYTES", help="of one mail")
    parser.add_argument("--credentials", type=_read_credentials, metavar="USER:PASSWORD", help="make AUTH compulsory")
    return dataclasses.replace(usual, **vars(parser.parse_args(arguments)))


async def serve(config: Config) -> None:
    """Listen, say so in one line, and end at the first signal."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with run(config) as house:
        sys.stdout.write(f"ready {house.smtp_url} {house.url}\n")
        sys.stdout.flush()
        await stopping.wait()


def _read_port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _read_credentials(text: str) -> tuple[str, str]:
    user, colon, password = text.partition(":")
    if not colon or not user:
        raise argparse.ArgumentTypeError("give USER:PASSWORD")
    return user, password


if __name__ == "__main__":
    sys.exit(main())
