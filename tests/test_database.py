"""The tests' own database: small suites are run for real, as `make test` runs the big one, and seen from outside."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import treff
from tests.processes import await_none_living, find_living, kill_living

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(treff.__file__).resolve().parents[1]

FILES = {
    "pytest.ini": """
        [pytest]
        addopts = --disable-socket --allow-unix-socket -p no:cacheprovider
        filterwarnings = error
        DJANGO_SETTINGS_MODULE = small_settings
    """,
    "conftest.py": 'pytest_plugins = ["tests.database"]',
    "small_settings.py": """
        import os
        from psycopg.conninfo import conninfo_to_dict
        found = conninfo_to_dict(os.environ.get("TREFF_DATABASE_URL", "postgresql:///nowhere"))
        SECRET_KEY = "only for this"
        INSTALLED_APPS = ["diary"]
        USE_TZ = True
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
        DATABASES = {"default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": found["dbname"], "USER": found.get("user", ""),
            "HOST": found.get("host", ""), "PORT": found.get("port", ""), "CONN_MAX_AGE": 600,
        }}
    """,
    "diary/__init__.py": "",
    "diary/models.py": """
        from django.db import models
        class Entry(models.Model):
            words = models.CharField(max_length=80)
    """,
    "diary/migrations/__init__.py": "",
    "diary/migrations/0001_initial.py": """
        from django.db import migrations, models
        class Migration(migrations.Migration):
            initial = True
            operations = [migrations.CreateModel("Entry", [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("words", models.CharField(max_length=80)),
            ])]
    """,
}


@pytest.fixture
def temp_folder() -> Iterator[Path]:
    """A system temp folder for the small suite alone, as open as the real one."""
    folder = Path(tempfile.mkdtemp(prefix="treff-small-"))
    folder.chmod(0o755)
    yield folder
    kill_living(folder)
    shutil.rmtree(folder)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        write(tmp_path, name, text)
    return tmp_path


def write(suite: Path, name: str, text: str) -> None:
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    (suite / name).parent.mkdir(exist_ok=True)
    (suite / name).write_text("\n".join(line[indent:] for line in lines) + "\n")


def start_suite(suite: Path, temp_folder: Path, *options: str) -> subprocess.Popen[str]:
    path = os.pathsep.join((str(suite), str(ROOT), str(SOURCE), os.environ.get("PYTHONPATH", "")))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TREFF_"))}
    inherited.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.Popen(
        (sys.executable, "-m", "pytest", "-c", "pytest.ini", f"--rootdir={suite}", *options),
        cwd=suite,
        env={**inherited, "PYTHONPATH": path.rstrip(os.pathsep), "TMPDIR": str(temp_folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run_suite(suite: Path, temp_folder: Path, *options: str) -> str:
    process = start_suite(suite, temp_folder, *options)
    output, _ = process.communicate(timeout=100)
    return output


def find_left(temp_folder: Path) -> list[Path]:
    """What we made there; pytest itself keeps its last directories for people to look at."""
    return [path for path in temp_folder.iterdir() if not path.name.startswith("pytest-of-")]


def await_file(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.exists()


BUSY = """
    import pathlib, time
    import pytest
    from diary.models import Entry
    @pytest.mark.django_db
    @pytest.mark.parametrize("number", [1, 2])
    def test_busy(number):
        Entry.objects.create(words="hello")
        pathlib.Path(f"busy-{number}").touch()
        time.sleep(600)
"""


def test_workers_share_one_server_and_have_a_database_each(suite: Path, temp_folder: Path) -> None:
    write(
        suite,
        "test_diary.py",
        """
        import pathlib, time
        import pytest
        from django.db import connection
        from diary.models import Entry
        @pytest.mark.django_db(transaction=True)
        @pytest.mark.parametrize("number", [1, 2])
        def test_alone(number):
            assert Entry.objects.count() == 0
            Entry.objects.create(words="hello")
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_postmaster_start_time()::text, current_database(), current_setting('fsync')")
                pathlib.Path(f"met-{number}").write_text(" ".join(cursor.fetchone()[:1]))
                pathlib.Path(f"name-{number}").write_text(connection.settings_dict["NAME"])
            deadline = time.monotonic() + 30
            while not pathlib.Path(f"name-{3 - number}").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert Entry.objects.count() == 1
    """,
    )
    output = run_suite(suite, temp_folder, "-n", "2")
    assert "2 passed" in output, output
    assert (suite / "met-1").read_text() == (suite / "met-2").read_text()
    assert (suite / "name-1").read_text() != (suite / "name-2").read_text()
    assert find_living(temp_folder) == []
    assert find_left(temp_folder) == []


def test_fresh_databases_are_migrated_empty_for_other_processes_and_dropped(suite: Path, temp_folder: Path) -> None:
    write(
        suite,
        "test_diary.py",
        """
        import os, subprocess, sys
        import psycopg, pytest
        from diary.models import Entry
        kept = []
        COUNT = "import django; django.setup(); from diary.models import Entry; print(Entry.objects.count())"
        @pytest.mark.django_db
        def test_1_fresh(fresh_database):
            Entry.objects.create(words="elsewhere")
            first, second = fresh_database(), fresh_database()
            kept.extend((first, second))
            connection = psycopg.connect(first, autocommit=True)
            connection.execute("INSERT INTO diary_entry (id, words) VALUES (1, 'here')")
            for url, count in ((first, "1"), (second, "0")):
                environment = {**os.environ, "TREFF_DATABASE_URL": url}
                command = (sys.executable, "-c", COUNT)
                assert subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip() == count
            connection.execute("SELECT 1")
            connection.close()
        def test_2_dropped():
            for url in kept:
                with pytest.raises(psycopg.OperationalError, match="does not exist"):
                    psycopg.connect(url)
    """,
    )
    output = run_suite(suite, temp_folder)
    assert "2 passed" in output, output
    assert find_living(temp_folder) == []
    assert find_left(temp_folder) == []


def test_no_server_starts_for_tests_that_need_none(suite: Path, temp_folder: Path) -> None:
    write(
        suite,
        "test_plain.py",
        """
        import pathlib, tempfile
        def test_plain():
            (run_dir,) = pathlib.Path(tempfile.gettempdir()).glob("treff-tests-*")
            assert not (run_dir / "database").exists()
    """,
    )
    assert "1 passed" in run_suite(suite, temp_folder)
    assert find_left(temp_folder) == []


@pytest.mark.parametrize("workers", ["0", "2"])
def test_ctrl_c_leaves_nothing_behind(suite: Path, temp_folder: Path, workers: str) -> None:
    write(suite, "test_diary.py", BUSY)
    process = start_suite(suite, temp_folder, "-n", workers)
    await_file(suite / "busy-1")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    await_none_living(temp_folder)
    assert find_left(temp_folder) == []


def test_a_killed_run_leaves_no_process_and_the_next_one_clears_away_after_it(suite: Path, temp_folder: Path) -> None:
    write(suite, "test_diary.py", BUSY)
    process = start_suite(suite, temp_folder)
    await_file(suite / "busy-1")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    await_none_living(temp_folder)
    (left,) = find_left(temp_folder)
    an_hour_ago = time.time() - 3600
    os.utime(left, (an_hour_ago, an_hour_ago))
    write(suite, "test_diary.py", "def test_nothing():\n    pass")
    assert "1 passed" in run_suite(suite, temp_folder)
    assert find_left(temp_folder) == []


def test_a_migration_that_fails_is_shown(suite: Path, temp_folder: Path) -> None:
    write(suite, "diary/migrations/0001_initial.py", 'raise RuntimeError("this migration is broken")')
    write(suite, "test_diary.py", BUSY)
    output = run_suite(suite, temp_folder, "-n", "2")
    assert "this migration is broken" in output
    assert find_living(temp_folder) == []
    assert find_left(temp_folder) == []
