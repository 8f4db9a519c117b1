"""A newcomer's first hour: each command as the one before it printed it, on files as annotation tools leave them."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest
from small_studies import LEFT, RIGHT, bouts, film
from typer.testing import CliRunner

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.cli import app

SECONDS = 8.0


def typed(line: str, code: int = 0) -> str:
    """Type a command line and return what it printed."""
    words = shlex.split(line)
    assert words[0] == "actscribe"
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == code, (line, done.output, done.exception)
    return done.output


def next_command(printed: str) -> str:
    """Return the command that was told to be next."""
    return re.findall(r"(?:Next: |then type: )(actscribe .*)", printed)[-1]


def timeline(video: Path, seed: int) -> Annotations:
    intervals = [Interval(name, start / 1000, end / 1000) for name, start, end in bouts(seed, SECONDS)]
    return Annotations.of(intervals, [str(video)], SECONDS, [LEFT, RIGHT])


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nine videos of three subjects: three annotated in ELAN, three in each of two BORIS projects."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    projects: dict[str, dict] = {}
    for number in range(9):
        name = f"subject{number % 3 + 1}_day{number // 3 + 1}"
        video = film(tmp_path / "films" / f"{name}.mp4", bouts(number, SECONDS), SECONDS, number)
        (tmp_path / "coded").mkdir(exist_ok=True)
        if number < 3:
            annotation_files.write(tmp_path / "coded" / f"{name}.eaf", timeline(video, number), "elan")
            continue
        alone = tmp_path / "alone.boris"
        annotation_files.write(alone, timeline(video, number), "boris")
        content = json.loads(alone.read_text(encoding="utf-8"))
        day = projects.setdefault(f"day{number // 3 + 1}.boris", content)
        day["observations"] |= content["observations"]
    for name, content in projects.items():
        (tmp_path / "coded" / name).write_text(json.dumps(content), encoding="utf-8")
    film(tmp_path / "new.mp4", bouts(77, SECONDS), SECONDS, 77)
    return tmp_path


@pytest.mark.slow
def test_from_files_to_a_corrected_timeline_that_is_learned_from(lab: Path) -> None:
    printed = typed("actscribe new study --from films --from coded")
    assert "9 of 9 videos annotated; 2 labels." in printed
    assert "subject1, subject2, subject3" in printed
    settings = lab / "study" / "study.yaml"
    text = settings.read_text(encoding="utf-8")
    edits = {"length: 3 ": "length: 2 ", "frames: 8": "frames: 4"}
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    settings.write_text(text, encoding="utf-8")

    checked = typed(next_command(printed))
    assert "No leakage: every file content, group and source span lies in one split only." in checked
    trained = typed(next_command(checked))
    evaluated = typed(next_command(trained))
    line = re.sub(r"annotate \S+", "annotate new.mp4", next_command(evaluated)).replace("--format elan", "--format csv")
    typed(line)

    corrected = lab / "timelines" / "new.csv"
    with corrected.open("w", encoding="utf-8", newline="") as file:  # as a text editor does
        written = csv.DictWriter(file, ["label", "start_s", "end_s"])
        written.writeheader()
        written.writerows({"label": n, "start_s": a / 1000, "end_s": b / 1000} for n, a, b in bouts(77, SECONDS))
    manifest = lab / "study" / "manifest.csv"
    with manifest.open("a", encoding="utf-8") as file:
        file.write("../new.mp4,../timelines/new.csv,subject4,\n")
    again = typed(next_command(checked), code=2)
    assert "a complete run is here already" in again
    assert "--overwrite" in again
    assert "Run: study/runs/probe" in typed(f"{next_command(checked)} --overwrite")
    recordings = json.loads((lab / "study" / "runs" / "probe" / "recordings.json").read_text(encoding="utf-8"))
    assert len(recordings) == 10
    other = {"train": "train", "validation": "test", "test": "validation"}
    groups = {split: {one["group"] for one in recordings if one["split"] == split} for split in other}
    lines = manifest.read_text(encoding="utf-8-sig").splitlines()
    split_of = {group: split for split, own in groups.items() for group in own}
    for changed in (False, True):
        filled = [
            ",".join([*line.split(",")[:3], other[split] if changed else split])
            for line in lines[1:]
            for split in [split_of[line.split(",")[2]]]
        ]
        manifest.write_text("\n".join([lines[0], *filled]) + "\n", encoding="utf-8")
        output = " ".join(typed("actscribe check study").split())
        assert ("groups have moved" in output) == changed
        named = [f"'{group}' from test to validation" in output for group in groups["test"]]
        assert named == [changed] * len(named)
