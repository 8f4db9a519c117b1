"""The package from Python: its public names, paths as strings, and the code of docs/how-to/python.md as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_studies import bouts, film, lamp_study
from tiny_models import tiny_timesformer

import actscribe
from actscribe import Run, annotate, evaluate, load_data, read_annotations

ROOT = Path(__file__).parents[1]
SETTINGS = {"epochs": 1, "batch_size": 8, "precision": "float32"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which docs/how-to/python.md can be followed."""
    root = tmp_path_factory.mktemp("python")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))
        patch.chdir(root)
        recognizers = {"timesformer": {**SETTINGS, "model": str(tiny_timesformer(root / "checkpoint"))}}
        lamp_study(root / "my-study", 5, 4.0, recognizers=recognizers)
        film(root / "new.mp4", bouts(7, 6.0), 6.0, 7)
        yield root


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_page_and_the_readme_run_as_they_stand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in blocks(ROOT / "docs" / "how-to" / "python.md"):
        exec(block, names)
    assert sorted(path.name for path in folder.glob("timelines/*")) == ["new.csv", "new.eaf"]
    assert {path.name for path in folder.iterdir()} >= {"longer.csv", "new.boris", "one.xml"}
    (written,) = read_annotations("one.xml", None, actscribe.frame_clock("new.mp4")).intervals
    assert (written.label, written.start, written.end) == ("Left lamp", 1.0, 2.5)
    assert "complete" in capsys.readouterr().out
    (readme,) = blocks(ROOT / "README.md")
    (folder / "my-study" / "runs" / "timesformer").rename(folder / "first")
    exec(readme, {})
    _paths_are_strings(folder)


def _paths_are_strings(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    as_text, as_path = annotate("new.mp4", "first"), annotate(folder / "new.mp4", Run.open(folder / "first"))
    assert as_text.intervals == as_path.intervals
    assert as_text.files == ()
    assert [one.intervals for one in annotate(["new.mp4"], "first")] == [as_text.intervals]
    assert sorted(folder.rglob("*")) == before
    assert annotate("new.mp4", "first", out="written").files == (Path("written/new.json"),)
    written = [(one.label, one.start) for one in read_annotations("written/new.json").intervals]
    assert written == [(one.label, pytest.approx(one.start, abs=1e-3)) for one in as_text.intervals]
    assert evaluate("first", videos=["my-study"]).report == Path("first/report-test.html")
    assert len(load_data("my-study/study.yaml").recordings) == 5


@pytest.mark.parametrize(("what", "most"), [("import actscribe", 0.5), ("from actscribe import Run", 2.0)])
def test_importing_takes_a_moment(what: str, most: float) -> None:
    code = f"import sys, time; start = time.process_time(); {what}; print(time.process_time() - start, *sys.modules)"
    taken, *loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert float(taken) < most
    assert not {"torch", "transformers"} & set(loaded)
