"""What a command says to type next can be typed, and leads on; a run's verdict stands on the terminal."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import report_runs
from typer.testing import CliRunner

from actscribe import annotations as annotation_files
from actscribe import typed_words
from actscribe.annotations.interval import Annotations, Interval
from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.indicator_settings import Indicator
from actscribe.report.verdict import verdict
from actscribe.run_folder.run import Run
from actscribe.runs.evaluate import evaluate
from actscribe.settings.study import load_study

INDICATORS = (Indicator(name="ventilated", measure="fraction", of=("Ventilation",)),)


def typed(line: str) -> str:
    words = shlex.split(line)
    assert words[0] == "actscribe"
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0, (line, done.output, done.exception)
    return done.output


def next_line(printed: str) -> str:
    """Return the command of the last line that says what is next; no word of it stands for another one."""
    (command,) = re.findall(r"^Next: (?:.*, then type: )?(actscribe .*)$", printed, re.MULTILINE)
    assert not re.search(r"\b[A-Z]{3,}\b", command), command
    return command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = report_runs.multi_label(tmp_path / "runs", indicators=INDICATORS)
    made.run.save_scores("test", made.scored)
    made.run.save_info()
    monkeypatch.chdir(tmp_path)
    return made.run


def test_evaluate_prints_the_verdict_of_its_report(run: Run) -> None:
    printed = " ".join(typed(f"actscribe evaluate {run.folder}").split())
    sentences = verdict(evaluate(run).evaluation)
    assert len(sentences) >= 3
    assert " ".join(" ".join(sentences).split()) in printed


@pytest.mark.parametrize(
    ("written", "named"),
    [("elan", "elan"), ("boris", "boris"), ("boris-tabular", "boris"), ("csv", "elan"), ("", "elan")],
)
def test_evaluate_leads_to_annotate_with_a_new_video_in_the_format_of_the_study(
    run: Run, written: str, named: str
) -> None:
    Path("study.yaml").write_text("name: s\nlabels: falls_at_home\nrecordings: manifest.csv\n", encoding="utf-8")
    rows = ["video,annotations,group"]
    for name in ("a", "b") if written else ():
        timeline = Annotations.of([Interval("Fall", 0.0, 1.0)], [f"{name}.mp4"], 2.0)
        file = f"{name}{annotation_files.find_format(written).ending}"
        annotation_files.write(Path(file), timeline, written)
        rows.append(f"{name}.mp4,{file},{name}")
        Path(f"{name}.mp4").touch()
    Path("manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    printed = typed(f"actscribe evaluate {run.folder}")
    assert next_line(printed) == f"actscribe annotate new.mp4 --run {run.folder} --format {named} --out timelines"
    assert "put a new video of yours in the place of new.mp4" in printed


def test_indicators_lead_to_a_table(run: Run) -> None:
    typed(f"actscribe evaluate {run.folder}")
    line = next_line(typed(f"actscribe indicators {run.folder} --table time-budget"))
    assert line == f"actscribe indicators {run.folder} --table time-budget --out time-budget.xlsx"
    assert "time-budget.xlsx" in typed(line)


def test_plot_of_a_run_leads_to_review(run: Run) -> None:
    typed(f"actscribe evaluate {run.folder}")
    recording = run.recordings("test")[0]
    for given in (recording.name, recording.video):
        plotted = typed(f"actscribe plot {given} --run {run.folder} --out a.svg --overwrite")
        line = next_line(plotted.replace("STUDY", "study"))
        assert line == f"actscribe review study --run {run.folder} --open {recording.name}"


def test_what_is_told_to_be_next_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    timeline = Annotations.of([Interval("Walk", 0.0, 1.0)], ["a b.mp4"], 2.0)
    annotation_files.write(tmp_path / "a b.eaf", timeline, "elan")
    drawn = next_line(typed("actscribe convert 'a b.eaf' 'a b.boris'"))
    assert drawn == "actscribe plot 'a b.boris' --out 'a b.svg'"
    assert "Next:" not in typed(drawn)  # whatever came next would be a second file of one video's annotations
    assert next_line(typed("actscribe convert 'a b.boris' 'a b.csv'")) == "actscribe plot 'a b.csv' --out 'a b-2.svg'"
    compared = next_line(typed("actscribe plot 'a b.eaf' --truth 'a b.csv' --out c.svg"))
    assert compared == "actscribe agreement 'a b.csv' 'a b.eaf'"
    typed(compared)


def test_commands_in_messages_are_put_together_in_one_way() -> None:
    """Nothing else quotes for a shell, so that no path is an option in what a message says to type."""
    source = Path(__file__).parents[1] / "src"
    quoting = [path.name for path in source.rglob("*.py") if "import shlex" in path.read_text(encoding="utf-8")]
    assert quoting == ["typed_words.py"]
    assert typed_words.typed(Path("-z.eaf"), "--run", Path("a b")) == "./-z.eaf --run 'a b'"


def test_the_command_of_an_error_can_be_typed_for_a_folder_called_like_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-s").mkdir()
    with pytest.raises(ActScribeError, match=r"actscribe new \./-s"):
        load_study(Path("-s"))


def test_a_file_that_is_called_like_an_option_is_no_option_in_what_is_typed_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    timeline = Annotations.of([Interval("Walk", 0.0, 1.0)], ["-b.mp4"], 2.0)
    annotation_files.write(tmp_path / "-b.eaf", timeline, "elan")
    drawn = next_line(typed("actscribe convert ./-b.eaf ./-b.csv"))
    assert drawn == "actscribe plot ./-b.csv --out ./-b.svg"
    typed(drawn)
