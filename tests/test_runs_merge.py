"""`actscribe models merge`: a run of vlm-lora becomes one that needs nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny_vlms
from small_studies import lamp_study
from typer.testing import CliRunner

from actscribe import Run, load_study, train
from actscribe.cli import app
from actscribe.runs.scoring import score_recordings

QUICK = {"epochs": 1, "learning_rate": 0.05, "head_learning_rate": 0.1, "rank": 2, "precision": "float32"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose vlm-lora run is complete and whose checkpoint is gone."""
    root = tmp_path_factory.mktemp("merge")
    model = tiny_vlms.build("smolvlm", root / "vlm")
    lamp_study(root / "study", recognizers={"vlm-lora": {"model": str(model), **QUICK}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))
        train(load_study(root / "study"), "vlm-lora")
    return root


def merge(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["models", "merge", *map(str, words)])
    return result.exit_code, result.output


def test_the_merged_run_scores_alike_without_the_checkpoint(trained: Path, tmp_path: Path) -> None:
    run = trained / "study" / "runs" / "vlm-lora"
    code, text = merge(run, tmp_path / "merged")
    assert code == 0
    assert f"actscribe evaluate {tmp_path / 'merged'}" in text.replace("\n", " ")
    moved = (trained / "vlm").rename(trained / "elsewhere")
    try:
        merged = Run.open(shutil.move(tmp_path / "merged", tmp_path / "moved")).require_complete()
        assert merged.info.recognizer == "vlm-head"
        assert merged.operating_point == Run.open(run).operating_point
        recordings = merged.recordings("validation")
        again = score_recordings(merged.recognizer(), recordings, merged.labels, merged.study.windows, "Again")
    finally:
        moved.rename(trained / "vlm")
    first = Run.open(run).scores("validation").scores
    assert float(np.ptp(first, axis=0).max()) > 0.01  # else equal scores would say nothing
    np.testing.assert_allclose(again.scores, first, atol=1e-4)


def test_what_cannot_be_merged_is_explained(trained: Path, tmp_path: Path) -> None:
    run = trained / "study" / "runs" / "vlm-lora"
    code, text = merge(run, trained)
    assert (code, "exists" in text) == (2, True)
    assert merge(run, tmp_path / "merged")[0] == 0
    code, text = merge(tmp_path / "merged", tmp_path / "twice")
    assert code == 2
    assert "run of vlm-head, which has no adapters" in text.replace("\n", " ")
    assert not (tmp_path / "twice").exists()
