"""Keys of development and demo: made once, for nobody else to read."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from treff.kernel.secrets import Binding, Secret
from treff.keys import encryption_keys, secret_key

NONE = Secret("")
MAKE = """
import pathlib, sys
from treff.kernel.secrets import Secret
from treff.keys import encryption_keys, secret_key
print("ready", flush=True)
sys.stdin.readline()
place = pathlib.Path(sys.argv[1])
encryption_keys(Secret(""), place, production=False)
print(secret_key(Secret(""), place, production=False).reveal(), (place / "keys" / "encryption_keys").read_text())
"""


def test_eight_processes_that_start_at_once_have_the_same_keys(tmp_path: Path) -> None:
    place = tmp_path / "var"
    processes = [
        subprocess.Popen(
            (sys.executable, "-c", MAKE, str(place)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _number in range(8)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 8
    assert len(answers) == 1
    assert len(answers.pop().split()[0]) >= 40
    assert sorted(path.name for path in (place / "keys").iterdir()) == ["encryption_keys", "secret_key"]


def test_nobody_else_on_the_machine_can_read_them(tmp_path: Path) -> None:
    secret_key(NONE, tmp_path, production=False)
    encryption_keys(NONE, tmp_path, production=False)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_the_next_start_finds_the_same_keys(tmp_path: Path) -> None:
    binding = Binding("table", "column", "row")
    before = secret_key(NONE, tmp_path, production=False)
    wrapped = encryption_keys(NONE, tmp_path, production=False).new_data_key(binding)
    assert secret_key(NONE, tmp_path, production=False) == before
    assert encryption_keys(NONE, tmp_path, production=False).open_data_key(wrapped, binding)


def test_keys_that_are_given_are_used_and_none_is_made(tmp_path: Path) -> None:
    given = Secret("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2")
    assert secret_key(given, tmp_path, production=False) is given
    assert list(tmp_path.iterdir()) == []


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    assert secret_key(NONE, tmp_path / "a", production=False) != secret_key(NONE, tmp_path / "b", production=False)


@pytest.mark.attack("A-104")
def test_production_makes_no_key_and_uses_none_of_development(tmp_path: Path) -> None:
    secret_key(NONE, tmp_path, production=False)
    encryption_keys(NONE, tmp_path, production=False)
    with pytest.raises(ImproperlyConfigured, match="TREFF_SECRET_KEY is missing"):
        secret_key(NONE, tmp_path, production=True)
    with pytest.raises(ImproperlyConfigured, match="TREFF_ENCRYPTION_KEYS is missing"):
        encryption_keys(NONE, tmp_path, production=True)
