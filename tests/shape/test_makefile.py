"""`make` installs what is pinned, once; says in a sentence what it lacks; and leaves Ctrl-C to the product.

Real make and the real Makefile, over a Python that writes down what it is asked instead of installing.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shape.planting import plant
from tests.shape.sources import ROOT

PYTHON = f"""
    #!/bin/sh
    [ "$1" = -c ] && exec {sys.executable} "$@"
    if [ "$1 $2" = "-m venv" ]; then
        mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp "$(dirname "$0")/treff" .venv/bin/treff
    fi
    echo "$@" >> asked
"""
TREFF = f"""
    #!{sys.executable}
    import signal, sys, threading
    stop = threading.Event()
    counted = []
    signal.signal(signal.SIGINT, lambda *_: (counted.append(1), stop.set()))
    signal.signal(signal.SIGTERM, lambda *_: (counted.append(2), stop.set()))
    print("ready", *sys.argv[1:], flush=True)
    stop.wait(60)
    threading.Event().wait(0.3)
    print("stopped after", *counted, flush=True)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An empty checkout: the real Makefile and pins, and a Python beside it that installs nothing."""
    folder = tmp_path / "check out"
    for name in ("Makefile", "pyproject.toml", "requirements"):
        source, target = ROOT / name, folder / name
        folder.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    plant(tmp_path, {"bin/python": PYTHON, "bin/treff": TREFF})
    for name in ("python", "treff"):
        (tmp_path / "bin" / name).chmod(0o755)
    return folder


def command(checkout: Path, *arguments: str) -> list[str]:
    return ["make", f"PYTHON={checkout.parent / 'bin/python'}", *arguments]


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout, without the settings of a make that may run this suite."""
    return subprocess.run(
        command(checkout, *arguments),
        cwd=checkout,
        env=clean(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def clean() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}


def asked(checkout: Path) -> list[str]:
    """What the Python was asked since the last look."""
    log = checkout / "asked"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def test_make_alone_lists_every_command() -> None:
    listing = subprocess.run(["make"], cwd=ROOT, env=clean(), capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^  make (\w+)", listing, re.MULTILINE))
    assert {"help", "demo", "test", "check", "bench", "clean", "messages"} <= listed
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert targets - listed == {"chromium"}


def test_the_first_run_installs_only_what_is_pinned_with_hashes_and_the_second_installs_nothing(checkout: Path) -> None:
    result = make(checkout, "types")
    assert result.returncode == 0, result.stderr
    lines = asked(checkout)
    installs = [line for line in lines if " install " in line]
    assert lines[0] == "-m venv .venv"
    assert [re.sub(r"^.*--no-input ", "", line) for line in installs] == [
        "--require-hashes -r requirements/build.txt",
        "--require-hashes -r requirements/run.txt",
        "--no-build-isolation --no-deps -e .",
        "--require-hashes -r requirements/dev.txt",
    ]
    assert make(checkout, "types").returncode == 0
    assert asked(checkout) == ["-m mypy"]


def test_changed_pins_are_installed_again(checkout: Path) -> None:
    make(checkout, "types")
    asked(checkout)
    with (checkout / "requirements/dev.txt").open("a", encoding="utf-8") as pins:
        pins.write("# another pin\n")
    make(checkout, "types")
    assert [line.rsplit(" ", 1)[1] for line in asked(checkout)] == ["requirements/dev.txt", "mypy"]
    with (checkout / "requirements/run.txt").open("a", encoding="utf-8") as pins:
        pins.write("# another pin\n")
    make(checkout, "types")
    assert len([line for line in asked(checkout) if " install " in line]) == 4


def test_an_installation_that_fails_is_tried_again(checkout: Path) -> None:
    make(checkout, "types")
    fake = checkout / ".venv/bin/python"
    works = fake.read_text(encoding="utf-8")
    fake.write_text(works + '\n[ "$3" != --disable-pip-version-check ]\n', encoding="utf-8")
    with (checkout / "requirements/dev.txt").open("a", encoding="utf-8") as pins:
        pins.write("# another pin\n")
    assert make(checkout, "types").returncode != 0
    fake.write_text(works, encoding="utf-8")
    asked(checkout)
    make(checkout, "types")
    assert len([line for line in asked(checkout) if " install " in line]) == 1


@pytest.mark.parametrize("python", ["", "/no/such/python", "false"])
def test_without_a_python_that_is_new_enough_a_sentence_says_so(checkout: Path, python: str) -> None:
    result = make(checkout, "demo", f"PYTHON={python}")
    assert result.returncode != 0
    assert "Treff needs Python 3.11 or newer" in result.stderr


def test_soak_runs_the_simulation_and_then_the_real_one_and_fails_if_either_does(checkout: Path) -> None:
    make(checkout, "types")
    asked(checkout)
    assert make(checkout, "soak", "ARGS=7").returncode == 0
    assert asked(checkout) == ["-m tests.faults.simulation --soak 7", "-m tests.faults.soak"]
    assert make(checkout, "soak").returncode == 0
    assert asked(checkout)[0] == "-m tests.faults.simulation --soak 50000"
    fake = checkout / ".venv/bin/python"
    works = fake.read_text(encoding="utf-8")
    for failing in ("tests.faults.simulation", "tests.faults.soak"):
        fake.write_text(f'{works}\n[ "$2" != {failing} ]\n', encoding="utf-8")
        assert make(checkout, "soak").returncode != 0
        assert len(asked(checkout)) == 2, "the other one runs all the same"


def test_arguments_reach_the_demo(checkout: Path) -> None:
    with demo(checkout, "ARGS=--fresh --port 8001") as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.stdout.readline() == "ready demo --fresh --port 8001\n"
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)


def test_ctrl_c_reaches_the_product_once_and_make_adds_no_error(checkout: Path) -> None:
    make(checkout, "types")
    with demo(checkout) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready demo\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole foreground group
        out, err = process.communicate(timeout=30)
    assert (out, err) == ("stopped after 1\n", "")


def test_a_make_that_is_terminated_ends_the_product_too(checkout: Path) -> None:
    make(checkout, "types")
    with demo(checkout) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready demo\n"
        process.terminate()
        out, _ = process.communicate(timeout=30)
    assert out == "stopped after 2\n"


def demo(checkout: Path, *arguments: str) -> subprocess.Popen[str]:
    """`make demo` in a process group of its own."""
    return subprocess.Popen(
        command(checkout, "demo", *arguments),
        cwd=checkout,
        env=clean(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_without_chromium_and_without_root_a_sentence_says_what_to_install(checkout: Path) -> None:
    tools = checkout.parent / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "cut", "echo", "getconf", "mkdir", "cp", "dirname", "rm", "touch"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    plant(tools, {"id": "#!/bin/sh\necho 1000\n"})
    (tools / "id").chmod(0o755)
    made = shutil.which("make")
    assert made is not None
    whole = [made, *command(checkout, "test")[1:]]
    environment = {**clean(), "PATH": str(tools)}
    result = subprocess.run(
        whole, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode != 0
    assert "The browser tests need Chromium" in result.stderr
    without = subprocess.run(
        [*whole, "BROWSER=no"], cwd=checkout, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert without.returncode == 0, without.stderr
    assert asked(checkout)[-1].endswith("-m not browser")


def test_clean_keeps_the_data(checkout: Path) -> None:
    make(checkout, "types")
    plant(checkout, {"var/keys": "k", "src/treff/__pycache__/x.pyc": "", "tests/x.py": ""})
    assert make(checkout, "clean").returncode == 0
    assert (checkout / "var/keys").is_file()
    assert not (checkout / ".venv").exists()
    assert not (checkout / "src/treff/__pycache__").exists()
