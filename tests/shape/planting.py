"""Scratch trees with planted violations, for the tests that show that a check can fail."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent


def plant(root: Path, files: Mapping[str, str]) -> Path:
    """Write files (path -> text, dedented) below `root`, which is returned."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return root


def commit(root: Path, message: str = "Plant") -> None:
    """Make `root` a git checkout if it is none, and commit everything in it."""
    identity = ["-c", "user.name=Shape", "-c", "user.email=shape@treff.example", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "--no-verify", "-m", message]):
        subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True)
