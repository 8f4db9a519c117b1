"""Commands that other packages bring: listed, called, suggested, and harmless where they do not work."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from small_studies import lamp_study
from tiny_models import tiny_timesformer

WORKING = '''
"""A command of another package."""
from pathlib import Path
import typer
from actscribe.errors import ActScribeError

def hello(name: str, loud: bool = False) -> None:
    """Greet somebody [/red]."""
    if name == "nobody":
        raise ActScribeError("There is nobody.", "Name somebody.")
    print(name.upper() if loud else name)
'''


def package(folder: Path, name: str, entries: str, **modules: str) -> Path:
    """Install a package by hand: its metadata with entry points, and its modules."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[actscribe.commands]\n{entries}\n", encoding="utf-8")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


def actscribe(words: list[object], *places: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with further folders first on Python's path."""
    path = os.pathsep.join([*map(str, places), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-m", "actscribe", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "100"},
    )


def listed(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the commands that a help text lists."""
    assert done.returncode == 0, done.stderr
    rows = [line.strip("│| ").split() for line in done.stdout.partition("Commands")[2].splitlines()]
    return [row[0] for row in rows if row]


def test_a_command_of_another_package_is_listed_behind_ours_and_runs(tmp_path: Path) -> None:
    folder = package(tmp_path, "greetings", "hello = greetings:hello", greetings=WORKING)
    done = actscribe(["--help"], folder)
    assert {"train", "doctor", "demo", "simulate"} <= set(listed(done))
    assert listed(done).index("hello") > listed(done).index("models")
    assert "Greet somebody [/red]." in done.stdout
    assert actscribe(["hello", "Ada", "--loud"], folder).stdout == "ADA\n"
    refused = actscribe(["hello", "nobody"], folder)
    assert (refused.returncode, refused.stderr) == (2, "Error: There is nobody.\nName somebody.\n")
    assert "Did you mean 'hello'?" in actscribe(["helo"], folder).stderr


def test_none_takes_the_name_of_a_command_of_ours(tmp_path: Path) -> None:
    folder = package(tmp_path, "thief", "doctor = thief:hello", thief=WORKING)
    done = actscribe(["doctor", "--help"], folder)
    assert "Greet somebody" not in done.stdout
    assert "versions, decoder" in done.stdout


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("import a_module_that_is_not_there\n", "No module named 'a_module_that_is_not_there'"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
        ("class Odd(BaseException): ...\nraise Odd('out')\n", "Odd: out"),
        ("raise ValueError('first line\\nsecond line')\n", "ValueError: first line second line"),
        ("x = 1\n", "AttributeError"),
        ("hello = 3\n", "TypeError: wrecked:hello is not a function"),
        ("class hello: ...\n", "TypeError: wrecked:hello is not a function"),
        ("from __future__ import annotations\ndef hello(what: Unknown) -> None: ...\n", "NameError"),
        ("def hello(:\n", "SyntaxError"),
    ],
)
def test_one_that_does_not_load_breaks_itself_alone(module: str, why: str, tmp_path: Path) -> None:
    folder = package(tmp_path, "wrecked", "hello = wrecked:hello", wrecked=module)
    done = actscribe(["--help"], folder)
    assert {"train", "demo", "hello"} <= set(listed(done))
    assert "Does not load" in done.stdout
    called = actscribe(["hello", "Ada", "--loud"], folder)
    assert (called.returncode, called.stdout) == (2, "")
    first, second = called.stderr.splitlines()
    assert first.startswith("Error: the command 'hello' of the package wrecked does not load: ")
    assert why in first
    assert second == "Fix or remove it: pip uninstall wrecked"


def test_of_two_packages_with_one_name_none_is_taken(tmp_path: Path) -> None:
    folder = package(tmp_path, "greetings", "hello = greetings:hello", greetings=WORKING)
    package(tmp_path, "welcome", "hello = welcome:hello", welcome=WORKING)
    assert "Does not load" in actscribe(["--help"], folder).stdout
    called = actscribe(["hello", "Ada"], folder)
    assert (called.returncode, called.stdout) == (2, "")
    assert "the command 'hello' is provided 2 times, by greetings and welcome; expected one." in called.stderr


def test_a_command_of_ours_runs_without_asking_for_others(tmp_path: Path) -> None:
    loud = "from pathlib import Path\nPath(__file__).with_name('loaded').touch()\n" + WORKING
    folder = package(tmp_path, "greetings", "hello = greetings:hello", greetings=loud)
    assert actscribe(["train", "--help"], folder).returncode == 0
    assert not (folder / "loaded").exists()


class TestWithoutOpenCV:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> Path:
        """A folder that, on Python's path, makes every process find no cv2."""
        folder = tmp_path / "bare"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text("import sys\nsys.modules['cv2'] = None\n", encoding="utf-8")
        return folder

    def test_help_lists_what_needs_it(self, bare: Path) -> None:
        assert {"demo", "simulate"} <= set(listed(actscribe(["--help"], bare)))
        assert "--quick" in actscribe(["demo", "--help"], bare).stdout

    @pytest.mark.parametrize(
        "words", [["demo", "--quick", "--out"], ["simulate"], ["simulate", "--tabletop", 1, "--actions", "tap"]]
    )
    def test_what_needs_it_says_what_to_type_and_writes_nothing(
        self, words: list[object], bare: Path, tmp_path: Path
    ) -> None:
        done = actscribe([*words, tmp_path / "out"], bare)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines() == [
            f"Error: actscribe {words[0]} needs the package opencv-python-headless, which is not installed.",
            "Type: pip install 'actscribe[demo]'",
        ]
        assert not (tmp_path / "out").exists()

    def test_every_module_of_the_core_imports(self, bare: Path) -> None:
        code = (
            "import importlib, pkgutil, sys, actscribe\n"
            "for module in pkgutil.walk_packages(actscribe.__path__, 'actscribe.'):\n"
            "    if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
            "print(*(name for name in sys.modules if name.startswith('actscribe_sim')))"
        )
        path = os.pathsep.join([str(bare), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | {"PYTHONPATH": path}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
        assert (done.returncode, done.stdout) == (0, "\n"), done.stderr

    @pytest.mark.slow
    def test_a_recognizer_is_trained_and_its_report_shows_frames(self, bare: Path, tmp_path: Path) -> None:
        settings = {
            "epochs": 1,
            "batch_size": 8,
            "precision": "float32",
            "model": str(tiny_timesformer(tmp_path / "tiny")),
        }
        study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"timesformer": settings})
        trained = actscribe(["train", study], bare)
        assert trained.returncode == 0, trained.stderr
        run = tmp_path / "study" / "runs" / "timesformer"
        evaluated = actscribe(["evaluate", run, "--frames"], bare)
        assert evaluated.returncode == 0, evaluated.stderr
        assert "data:image/jpeg;base64," in (run / "report-test.html").read_text(encoding="utf-8")


def test_the_version_is_that_of_the_package() -> None:
    done = actscribe(["--version"])
    assert done.stdout == f"actscribe {metadata.version('actscribe')}\n"
    assert done.returncode == 0
