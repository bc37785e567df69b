import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulators.llm.driver import CONFIG, HEADERS, Driver

SOURCES = Path(__file__).parents[3] / "src"


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Driver]]:
    command = [sys.executable, "-m", "simulators.llm", "--port", "0", "--api-key", CONFIG.api_key, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout
    try:
        line = child.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:")
        driver = Driver(line.split()[1])
        yield child, driver
        driver.close()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_once_that_it_is_ready_and_ends_at_once_when_told(number: signal.Signals) -> None:
    with process() as (child, llm):
        assert llm.ask().status_code == 200
        child.send_signal(number)
        assert child.wait(5) == 0
        assert child.stdout
        assert child.stdout.read() == ""


def test_models_and_their_context_can_be_named() -> None:
    with process("--model", "small", "--model", "large", "--context-tokens", "10") as (_, llm):
        listed = llm.http.get("/v1/models", headers=HEADERS).json()["data"]
        assert [model["id"] for model in listed] == ["small", "large"]
        body = {"model": "large", "messages": [{"role": "user", "content": "x" * 100}]}
        refused = llm.http.post("/v1/chat/completions", headers=HEADERS, json=body)
        assert refused.json()["error"]["code"] == "context_length_exceeded"
