"""An option that a command does not have: what may be meant is said, by every command."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.cli.options import SAME_MEANING, Command


def refused(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 2
    return " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("convert", "a.eaf", "b.csv", "--format", "csv"), "No such option: --format. Did you mean --to?"),
        (("convert", "a.eaf", "b.csv", "--too", "csv"), "Did you mean --to?"),
        (
            ("convert", "a.eaf", "--output", "b.csv"),
            "TARGET is given without an option: actscribe convert SOURCE TARGET",
        ),
        (("convert", "a.eaf", "b.csv", "--force"), "Did you mean --overwrite?"),
        (("annotate", "a.mp4", "--to", "elan"), "Did you mean --format?"),
        (("annotate", "a.mp4", "--output", "x"), "Did you mean --out?"),
        (("annotate", "a.mp4", "-o", "x"), "Did you mean --out?"),
        (("annotate", "a.mp4", "--model", "runs/probe"), "Did you mean --run?"),
        (("new", "study", "--input", "videos"), "Did you mean --from?"),
        (("train", "study", "--epochs", "3"), "It is a setting in study.yaml: actscribe settings probe"),
        (("train", "study", "--gpu", "0"), "Did you mean --device?"),
        (("models", "plan", "clip", "--recogniser", "clip"), "Did you mean --recognizer?"),
        (("evaluate", "run", "--subset", "test"), "Did you mean --split?"),
        (("simulate", "out", "--seeds", "3"), "Did you mean --seed?"),
    ],
)
def test_what_may_be_meant_is_said(words: tuple[str, ...], meant: str) -> None:
    assert meant in refused(*words)


def test_what_is_like_nothing_is_only_refused() -> None:
    message = refused("plot", "a.eaf", "--xyzzy", "1")
    assert "No such option: --xyzzy" in message
    assert "Did you mean" not in message


def test_every_command_hints_and_every_meaning_is_an_option_of_one() -> None:
    from typer.main import get_command

    root = get_command(app)
    named = {name: root.get_command(None, name) for name in root.list_commands(None)}
    commands = [*(one for name, one in named.items() if name != "models"), *named["models"].commands.values()]
    assert all(isinstance(one, Command) for one in commands)
    options = {option for one in commands for param in one.params for option in param.opts}
    assert all(options & set(group) for group in SAME_MEANING)


@pytest.mark.parametrize(
    "words",
    [
        ("watch", "a.mp4", "--run", "r", "--lasting", "nan"),
        ("watch", "a.mp4", "--run", "r", "--speed", "NaN"),
        ("watch", "a.mp4", "--run", "r", "--give-up", "nan"),
        ("agreement", "a.eaf", "b.eaf", "--labels", "behaviour_lab", "--tolerance", "nan"),
        ("simulate", "out", "--minutes", "nan"),
    ],
)
def test_nan_is_no_number(words: tuple[str, ...]) -> None:
    assert f"Invalid value for '{words[-2]}'" in refused(*words)
