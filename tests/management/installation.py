"""Treff as an operator has it: some settings, and the command."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Installation:
    """Of TREFF_… its commands see only these settings."""

    settings: dict[str, str]

    def with_settings(self, **changes: str) -> "Installation":
        return Installation({**self.settings, **changes})

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("TREFF_")} | self.settings

    def treff(self, *command: str, stdin: str = "") -> Done:
        return subprocess.run(
            (sys.executable, "-m", "treff.cli", *command),
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            (sys.executable, "-m", "treff.cli", *command),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *command: str, stdin: str = "") -> Any:
        """The command's answer as JSON; it must succeed and say nothing on stderr."""
        done = self.treff(*command, "--json", stdin=stdin)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)


def complaint(done: Done) -> str:
    """The one sentence with which a command refused."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence.endswith(".")
    return sentence
