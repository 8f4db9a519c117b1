"""A study of three videos of three seconds, runs of it, and commands on it; the fixtures are in conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from small_studies import LEFT, RIGHT, Bouts, film, interval_text, write_manifest, write_study
from typer.testing import CliRunner

from actscribe import load_study
from actscribe.cli import app
from actscribe.data.loading import load_data
from actscribe.run_folder.run import Run, RunInfo

BOTH: Bouts = [(LEFT, 0, 1500), (RIGHT, 1000, 2500)]
SPLITS = ("train", "validation", "test")


def write_short_study(folder: Path) -> Path:
    """Write three videos, one a split, both lamps in each, with annotations, manifest and study."""
    rows = []
    for index, split in enumerate(SPLITS):
        film(folder / f"r{index}.mp4", BOTH, 3.0, index)
        interval_text(folder / f"r{index}.txt", BOTH)
        rows.append({"video": f"r{index}.mp4", "annotations": f"r{index}.txt", "group": f"p{index}", "split": split})
    write_manifest(folder, rows)
    write_study(folder)
    return folder


def a_run(study: Path, folder: Path, status: str = "complete", recognizer: str = "timesformer") -> Run:
    """Write what stands at a run's beginning, said to be at `status`, into `folder`."""
    loaded = load_study(study)
    data = load_data(loaded)
    facts = RunInfo(status=status, name=recognizer, recognizer=recognizer, settings={}, seed=1, study="lamps")
    return Run.create(folder, loaded, data.labels, data.recordings, facts)


def refused(*arguments: object, code: int = 2) -> str:
    """Run a command that must end with `code` and without a traceback; return its message."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    assert isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
    assert done.stderr.count("Error: ") == (code == 2)
    return done.stderr


def actscribe(*words: object, code: int = 0) -> str:
    """Run a command that ends with `code`; return what it says."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, (done.output, done.exception)
    assert "Traceback" not in done.output
    return done.output


def state(folder: Path) -> dict[str, object]:
    """Return everything below a folder: bytes of files, targets of links, None for folders."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else (path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


def text_as_video(study: Path) -> None:
    """Spoil the second video."""
    (study / "r1.mp4").write_text("these are words\n" * 200)


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what puts one text for another in a file of a study."""

    def replace(study: Path) -> None:
        text = (study / name).read_text(encoding="utf-8")
        assert old in text
        (study / name).write_text(text.replace(old, new), encoding="utf-8")

    return replace


def folder_of_files(folder: Path) -> Path:
    """A folder as a user may have one, with names that we use too."""
    for name in ("model/w.bin", "checkpoints/checkpoint-5/w.bin", "tables/a.csv", "study.yaml", "report.html", ".env"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"mine: {name}")
    return folder


def a_file(folder: Path) -> Path:
    folder.write_text("mine")
    return folder
