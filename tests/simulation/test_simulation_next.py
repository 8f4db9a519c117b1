"""The command that a simulation prints as the next one works when it is typed, however little was simulated."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actscribe.benchmark.draw import classes_of, draw
from actscribe.benchmark.plan import Plan
from actscribe.cli import app
from actscribe.data.benchmarks.convert import Probes
from actscribe_sim.resuscitation import recording


def typed(*words: object) -> str:
    """Type a command and return what it printed."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, (words, done.output, done.exception)
    return done.output


def next_command(printed: str) -> list[str]:
    """Return the words of the command that was told to be next."""
    command = shlex.split(re.findall(r"Next: (.*)", printed)[-1])
    assert command[0] == "actscribe"
    return command[1:]


@pytest.mark.parametrize("count", [4, 5])
def test_recordings_of_too_few_teams_are_added_to_and_then_pass_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(recording, "cores", lambda: 1)  # starting processes would take longer than the films
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    study = tmp_path / "my study"
    following = next_command(typed("simulate", study, "--recordings", count, "--minutes", 0.1, "--size", 64))
    assert following[0] == ("check" if count == 5 else "simulate")
    if following[0] == "simulate":
        following = next_command(typed(*following))
    # Six seconds do not show every label, as the two minutes of the default do.
    with (study / "study.yaml").open("a", encoding="utf-8") as file:
        file.write("empty_labels: allow\n")
    assert following == ["check", str(study)]
    assert next_command(typed(*following))[0] in ("train", "compare")


@pytest.mark.parametrize("count", [1, 5])
def test_the_benchmark_that_is_told_finds_its_shots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    drawn: list[int] = []

    class Drawn(Exception):
        pass

    def only_draw(plan: Plan, *_: object, **__: object) -> None:
        clips = draw(plan, classes_of(plan), 0, Probes()).data
        drawn.extend(len(clips.of_split(split)) for split in ("train", "validation", "test"))
        raise Drawn

    monkeypatch.setattr("actscribe.benchmark.benchmark.benchmark", only_draw)
    chosen = ("--size", 64, "--actions", "push_left,push_right")
    following = next_command(typed("simulate", tmp_path / "a set", "--tabletop", count, *chosen))
    if count < 4:
        following = next_command(typed(*following))
    assert following[:2] == ["benchmark", "folder"]
    done = CliRunner().invoke(app, following)
    assert isinstance(done.exception, Drawn), done.output
    shots = int(following[following.index("--shots") + 1])
    assert shots == {1: 2, 5: 3}[count]
    assert drawn[0] == 2 * shots
    assert min(drawn) > 0
