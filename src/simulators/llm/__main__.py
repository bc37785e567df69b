"""``python -m simulators.llm``: prints ``ready http://HOST:PORT`` once it listens, ends on SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys

from simulators.llm.config import Config
from simulators.llm.server import serve


def read_arguments(arguments: list[str]) -> Config:
    defaults = Config()
    parser = argparse.ArgumentParser(prog="python -m simulators.llm", description="A stand-in for a language model.")
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port, help="0: any free one")
    parser.add_argument("--api-key", default=defaults.api_key)
    parser.add_argument("--model", action="append", default=[], help="repeatable")
    parser.add_argument("--context-tokens", type=int, default=defaults.context_tokens)
    given = parser.parse_args(arguments)
    models = tuple(given.model) or defaults.models
    return Config(given.api_key, given.host, given.port, models, given.context_tokens)


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
