"""The study file: what its paths are relative to."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_studies import write_study

from actscribe import load_study
from actscribe.errors import ActScribeError


def test_paths_of_settings_are_relative_to_the_study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "study"
    for name in ("weights/mine", "judges/small.gguf", "embedded", "other"):
        (folder / name).mkdir(parents=True)
    settings = {
        "timesformer": {"model": "weights/mine"},
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
        "timesformer": {"model": str(Path.cwd() / ".." / "study" / "weights" / "mine")},
        "vlm-judge": {"model": "embedded", "judge": str(Path.cwd() / ".." / "study" / "judges" / "small.gguf")},
        "vlm-head": {"model": str(folder / "other"), "features": str(Path.cwd() / ".." / "study" / "kept")},
        "vlm-yesno": {"model": "smolvlm2-256m"},
        "vlm-list": {"model": "owner/weights"},
        "vlm-lora": {},
    }


def with_recognizers(folder: Path, text: str) -> Path:
    """Write a study whose recognizers are as spelled in YAML."""
    (folder / "study.yaml").write_text(
        f"name: s\nrecordings: r.csv\nlabels: tabletop_actions\nrecognizers:\n  {text}\n"
    )
    return folder


def test_a_study_of_no_recognizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match=r"yaml:4: recognizers: names no recognizer; .*'timesformer: {}'"):
        load_study(with_recognizers(tmp_path, "{}"))


@pytest.mark.parametrize(("name", "key"), [("x-clip", "template"), ("vlm-yesno", "question_template")])
def test_an_unquoted_brace_is_told_to_be_quoted(tmp_path: Path, name: str, key: str) -> None:
    text = f"name: s\nrecordings: r.csv\nlabels: tabletop_actions\nrecognizers:\n  {name}: {{{key}: {{name}}}}\n"
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ActScribeError, match=rf"{name}.{key}: .*valid string.* into quotes, such as '{{name}}'"):
        load_study(tmp_path)
    (tmp_path / "study.yaml").write_text(text.replace("{name}}", "'{name}'}"))
    assert load_study(tmp_path).recognizers[name] == {key: "{name}"}
