"""A wrong name on the command line is refused before networks are loaded, which takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from actscribe import load_study
from actscribe.run_folder.run import Run, RunInfo

#: Command -> what its error says.
WRONG = {
    "train nowhere": "nowhere: no such study file",
    "train study.yaml --recognizer probee": "no recognizer is called 'probee'",
    "train study.yaml --recognizer timesformer": "a complete run is here already",
    "compare nowhere": "nowhere: no such study file",
    "compare --from nowhere --only probe": "--from repeats a comparison as it was",
    "check nowhere": "nowhere: no such study file",
    "check study.yaml": "manifest.csv: no such manifest or folder",
    "evaluate nowhere": "nowhere: no run here",
    "report nowhere": "nowhere: no run here",
    "annotate new.mp4 --run nowhere": "nowhere: no run here",
    "archive films": "Which run annotates",
    "archive films --run nowhere --out out": "nowhere: no run here",
    "archive nowhere --retry-failed": "nowhere: ",
    "benchmark ucf101 --videos films --backbone clip": "How many training clips a class?",
    "convert nowhere.eaf out.csv": "nowhere.eaf: no such file",
    "plot nowhere --out out.svg": "nowhere: no such file",
    "settings nowhere": "no recognizer is called 'nowhere'",
    "new out --from nowhere": "nowhere: no such file or folder",
    "models pull nowhere": "'nowhere' is neither a known model",
}
STUDY = "name: s\nrecordings: manifest.csv\nlabels: tabletop_actions\nrecognizers: {timesformer: {}}\n"
#: Runs the commands of its first argument in a process that cannot load networks; prints what they said.
RUN = """
import json, sys

class NoNetworks:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "accelerate", "sklearn"}:
            raise AssertionError(f"{name} was loaded")

sys.meta_path.insert(0, NoNetworks())
from typer.testing import CliRunner
from actscribe.cli import app

done = {line: CliRunner().invoke(app, line.split()) for line in json.loads(sys.argv[1])}
print(json.dumps({line: [one.exit_code, one.output, repr(one.exception)] for line, one in done.items()}))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "films").mkdir()
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    run = RunInfo(status="complete", name="timesformer", recognizer="timesformer", settings={}, seed=0, study="s")
    study = load_study(folder / "study.yaml")
    Run.create(folder / "runs" / "timesformer", study, study.label_set(), [], run)
    words = [sys.executable, "-c", RUN, json.dumps(list(WRONG))]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    return {
        line: (code, " ".join(output.split()), error) for line, (code, output, error) in json.loads(done.stdout).items()
    }


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_name_is_refused_without_networks(outcomes: dict[str, tuple[int, str, str]], line: str) -> None:
    code, output, error = outcomes[line]
    assert (code, WRONG[line] in output) == (2, True), (output, error)
