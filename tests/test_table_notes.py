"""Every table says that no groups are known: beside the CSVs of evaluate, compare and benchmark, and on paper."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_studies import WINDOWS, lamp_study, write_manifest
from tiny_models import tiny_timesformer
from typer.testing import CliRunner

from actscribe.benchmark.tables import files
from actscribe.cli import app
from actscribe.run_folder.comparison import write_tables
from actscribe.runs.replace import check_ours
from actscribe.table_text import NOTES

NOTE = "the study says 'groups: none'"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    settings = {"timesformer": {"model": "tiny", "epochs": 1, "precision": "float32"}}
    more = {"windows": WINDOWS, "empty_labels": "allow", "recognizers": settings, "groups": "none"}
    file = lamp_study(tmp_path / "study", 6, 6.0, **more)
    rows = [{"video": f"r{n}.mp4", "annotations": f"r{n}.txt"} for n in range(6)]
    write_manifest(file.parent, rows)
    tiny_timesformer(file.parent / "tiny")
    return file.parent


def typed(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    return " ".join(done.output.split())


def test_evaluate_and_compare_say_it_wherever_numbers_are(study: Path) -> None:
    typed("train", study)
    run, made = study / "runs" / "timesformer", study / "comparison"
    printed = {run: typed("evaluate", run), made: typed("compare", study)}
    files = {run: [run / "report-test.html", run / NOTES], made: [made / "report.html", made / "tables" / NOTES]}
    files[made] += [*(made / "tables").glob("*.md"), *(made / "tables").glob("*.tex")]
    for folder, texts in files.items():
        assert NOTE in printed[folder]
        for text in texts:
            held = " ".join(text.read_text(encoding="utf-8").replace("&#x27;", "'").replace("&#39;", "'").split())
            assert NOTE in held[:1].lower() + held[1:] or NOTE.capitalize() in held, text
    for one in (run, *(path.parent for path in made.glob("runs/*/*/run.json"))):  # all that was written is known
        check_ours(one)
    typed("train", study, "--overwrite")
    assert not (run / NOTES).exists()


def test_the_tables_of_a_comparison_and_of_a_benchmark_have_one_file_of_notes(tmp_path: Path) -> None:
    tables = {"results": pd.DataFrame({"system": ["a"], "top1": [0.5]})}
    write_tables(tmp_path, tables, ["no group was given", "no group was given"])
    assert (tmp_path / "tables" / NOTES).read_text(encoding="utf-8") == "No group was given.\n"
    assert files(tables, {"notes": ["no group was given"]}, [])[NOTES] == "No group was given.\n"
    assert NOTES not in files(tables, {"notes": []}, [])
