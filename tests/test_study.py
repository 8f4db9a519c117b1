"""The study file: what its paths are relative to."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_studies import write_study

from actscribe import load_study


def test_paths_of_settings_are_relative_to_the_study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "study"
    for name in ("weights/mine", "judges/small.gguf", "embedded", "other"):
        (folder / name).mkdir(parents=True)
    settings = {
        "timesformer": {"checkpoint": "weights/mine"},
        "vlm-judge": {"model": "embedded", "judge": "judges/small.gguf"},
        "vlm-head": {"model": str(folder / "other"), "features": "kept"},
        "vlm-yesno": {"model": "smolvlm2-256m"},
        "vlm-list": {"model": "owner/weights"},
        "vlm-lora": {},
    }
    write_study(folder, recognizers=settings)
    (tmp_path / "elsewhere" / "smolvlm2-256m").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_study(Path("..") / "study").recognizers == {
        "timesformer": {"checkpoint": str(Path.cwd() / ".." / "study" / "weights" / "mine")},
        "vlm-judge": {"model": "embedded", "judge": str(Path.cwd() / ".." / "study" / "judges" / "small.gguf")},
        "vlm-head": {"model": str(folder / "other"), "features": str(Path.cwd() / ".." / "study" / "kept")},
        "vlm-yesno": {"model": "smolvlm2-256m"},
        "vlm-list": {"model": "owner/weights"},
        "vlm-lora": {},
    }
