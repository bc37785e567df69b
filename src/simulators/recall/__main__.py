"""``python -m simulators.recall``: prints ``ready http://HOST:PORT`` once it listens, ends on SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys

from simulators.recall.config import Config
from simulators.recall.server import serve


def read_arguments(arguments: list[str]) -> Config:
    config = Config()
    parser = argparse.ArgumentParser(prog="python -m simulators.recall", description="A stand-in for Recall.ai.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--api-key", default=config.api_key)
    parser.add_argument("--webhook-secret", default=config.webhook_secret, help="whsec_ and base64")
    parser.add_argument("--webhook-url", help="where the workspace's events go")
    parser.add_argument("--meeting-host", action="append", default=[], help="taken for zoom.us; repeatable")
    given = parser.parse_args(arguments)
    return Config(
        given.api_key, given.webhook_secret, given.webhook_url, given.host, given.port, tuple(given.meeting_host)
    )


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
