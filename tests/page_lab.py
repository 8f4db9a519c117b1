"""A folder in which the pages of the documentation can be followed: videos, annotations, a study with a run, models."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import tiny_vlms
import yaml
from small_studies import LEFT, RIGHT, bouts, film
from tiny_classifiers import tiny_classifier
from tiny_models import tiny_timesformer
from typer.testing import CliRunner

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.cli import app
from actscribe.data.loading import load_data
from actscribe.journal import Journal
from actscribe.settings import registry

SECONDS = 8.0
#: What `actscribe new` writes, and what takes a second here.
QUICK = {"length: 3 ": "length: 2 ", "frames: 8": "frames: 4"}


def typed(line: str) -> str:
    """Type a command line of ActScribe and return what it printed."""
    words = shlex.split(line, comments=True)
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0, (line, done.output, done.exception)
    if words[1] == "new":
        quicken(Path(words[2]) / "study.yaml")
    return done.output


def quicken(path: Path) -> None:
    """Let a new study look at few frames."""
    text = path.read_text(encoding="utf-8")
    for old, new in QUICK.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def module(page: str, name: str) -> str:
    """Return a module that a page shows, whose first line is its name."""
    text = (Path(__file__).parents[1] / page).read_text(encoding="utf-8")
    match = re.search(rf"^```python\n(# {re.escape(name)}\n.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert match is not None, (page, name)
    return match[1]


def install(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the package of a pyproject.toml whose modules lie in the current folder, as pip would."""
    values = tomllib.loads(project)["project"]
    info = Path(f"{values['name']}-{values['version']}.dist-info")
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {values['name']}\nVersion: {values['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    groups = ((group, entries.items()) for group, entries in values["entry-points"].items())
    lines = [f"[{group}]\n" + "".join(f"{name} = {code}\n" for name, code in entries) for group, entries in groups]
    (info / "entry_points.txt").write_text("".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(str(Path.cwd()))
    forget_packages()


def review() -> None:
    """Begin the review of a recording of the page's study."""
    data = load_data("my-study")
    content, written = next(iter(data.written.items()))
    Journal.of(Path("my-study")).append("AB", content, "began", written.began(data.labels))


def forget_packages() -> None:
    """Let the registry look again for packages that bring recognizers."""
    registry.added.cache_clear()
    registry._loaded.cache_clear()


def furnish(folder: Path) -> None:
    """Write all that pages take for granted into the current folder, `folder`."""
    tiny_timesformer(folder / "models" / "timesformer")
    tiny_classifier("videomae", folder / "models" / "videomae")
    tiny_vlms.build("smolvlm", folder / "models" / "smolvlm2")
    _films(folder)
    _two_people(folder)
    typed("actscribe new my-study --from videos --from elan")
    study = Path("my-study/study.yaml")
    values = yaml.safe_load(study.read_text(encoding="utf-8"))
    values["recognizers"] = {"timesformer": {"model": "../models/timesformer", "epochs": 1}}
    study.write_text(yaml.safe_dump(values), encoding="utf-8")
    typed("actscribe train my-study")
    typed("actscribe evaluate my-study/runs/timesformer")


def _films(folder: Path) -> None:
    for name in ("elan", "boris"):
        (folder / name).mkdir()
    for number in range(9):
        name = f"subject{number % 3 + 1}_day{number // 3 + 1}"
        video = film(folder / "videos" / f"{name}.mp4", bouts(number, SECONDS), SECONDS, number)
        annotation_files.write(folder / "elan" / f"{name}.eaf", _timeline(video, number), "elan")
        annotation_files.write(folder / "boris" / f"{name}.boris", _timeline(video, number), "boris")
    film(folder / "new.mp4", bouts(77, SECONDS), SECONDS, 77)


def _two_people(folder: Path) -> None:
    video = folder / "new.mp4"
    observations = {}
    for number, name in enumerate(("anna", "ben")):
        timeline = _timeline(video, 77 + number)
        (folder / name).mkdir()
        annotation_files.write(folder / name / "new.eaf", timeline, "elan")
        annotation_files.write(folder / f"{name}.eaf", timeline, "elan")
        annotation_files.write(folder / f"{name}.csv", timeline, "csv")
        annotation_files.write(folder / f"{name}.boris", timeline, "boris")
        project = json.loads((folder / f"{name}.boris").read_text(encoding="utf-8"))
        observations[name] = next(iter(project["observations"].values()))
    project["observations"] = observations
    (folder / "project.boris").write_text(json.dumps(project), encoding="utf-8")
    annotation_files.write(folder / "new-by-hand.boris", _timeline(video, 77), "boris")
    labels = {"name": "lamps", "labels": [LEFT, RIGHT]}
    (folder / "labels.yaml").write_text(yaml.safe_dump(labels), encoding="utf-8")


def _timeline(video: Path, seed: int) -> Annotations:
    intervals = [Interval(name, start / 1000, end / 1000) for name, start, end in bouts(seed, SECONDS)]
    return Annotations.of(intervals, [str(video)], SECONDS, [LEFT, RIGHT])
