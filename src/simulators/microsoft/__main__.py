"""``python -m simulators.microsoft``: prints ``ready http://HOST:PORT`` once it listens, ends on SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from simulators.microsoft.config import App, Config
from simulators.microsoft.server import serve


def read_arguments(arguments: list[str]) -> Config:
    app = App()
    parser = argparse.ArgumentParser(prog="python -m simulators.microsoft", description="A stand-in for Microsoft.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--state", type=Path, help="file to keep state in (default: in memory)")
    parser.add_argument("--client-id", default=app.client_id)
    parser.add_argument("--client-secret", default=app.client_secret)
    parser.add_argument("--redirect-uri", action="append", default=[], help="registered with the app; repeatable")
    parser.add_argument("--app-name", default=app.name)
    parser.add_argument("--join-base", help="start of join links (default: the simulator's own address)")
    given = parser.parse_args(arguments)
    app = App(
        client_id=given.client_id,
        client_secret=given.client_secret,
        redirect_uris=tuple(given.redirect_uri),
        name=given.app_name,
    )
    return Config(app, given.host, given.port, given.state, given.join_base)


async def run(config: Config) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with serve(config) as world:
        print(f"ready {world.base_url}", flush=True)  # noqa: T201  the line whoever started us waits for
        await stopping.wait()


def main() -> int:
    config = read_arguments(sys.argv[1:])
    try:
        asyncio.run(run(config))
    except OSError as error:
        print(f"cannot listen on {config.host}:{config.port}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
