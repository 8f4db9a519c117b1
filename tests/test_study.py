"""The study file: what its paths are relative to."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_studies import write_study

from actscribe import load_study
from actscribe.errors import ActScribeError
from actscribe.settings.study import Split


def test_paths_of_settings_are_relative_to_the_study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "study"
    for name in ("weights/mine", "judges/small.gguf", "embedded", "other"):
        (folder / name).mkdir(parents=True)
    settings = {
        "timesformer": {"model": "weights/mine"},
        "vlm-judge": {"model": "embedded", "judge": "judges/small.gguf"},
        "vlm-head": {"model": str(folder / "other")},
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
        "vlm-head": {"model": str(folder / "other")},
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{A: {recognizer: clip}, a: {recognizer: clip}}", "'a' differs from 'A' only in upper and lower case"),
        ("{Timesformer: {recognizer: timesformer}}", "'Timesformer' differs from the recognizer 'timesformer' only in"),
        ("{con: {recognizer: clip}}", "'con' .* some systems do not allow; write 'con_'"),
        ("{nul.txt: {recognizer: clip}}", "'nul.txt' .* some systems do not allow; write 'nul_.txt'"),
        ("{a.: {recognizer: clip}}", "'a.' .* some systems do not allow; write 'a'"),
        (
            f"{{{'x' * 65}: {{recognizer: clip}}}}",
            "'x{20}…' becomes the name of a folder; expected up to 64 characters, found 65",
        ),
        ("{x: {recognizer: }}", "x.recognizer: expected the name of a recognizer, found null. Known: clip, "),
        ("{x: {recognizer: ''}}", 'x.recognizer: expected the name of a recognizer, found "". Known'),
        ("{x: {recognizer: [clip]}}", r'x.recognizer: expected the name of a recognizer, found \["clip"\]. Known'),
        ("{timesformer: {recognizer: }}", "timesformer.recognizer: expected the name of a recognizer, found null"),
        ("{true: {recognizer: clip}}", "expected a text as a key, found .true., which YAML reads as true or false."),
        ("{1: {}}", "expected a text as a key, found .1., which YAML reads as a number."),
        ("{probe: {2024-01-01: 3}}", "expected a text as a key, found .2024-01-01., which YAML reads as a date."),
    ],
)
def test_names_of_recognizers_are_folders_on_every_system(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ActScribeError, match=rf"study.yaml:[45]: {message}"):
        load_study(with_recognizers(tmp_path, text))


def test_a_long_name_and_one_of_a_device_s_first_letters_are_names(tmp_path: Path) -> None:
    held = load_study(
        with_recognizers(tmp_path, f"{{{'x' * 64}: {{recognizer: clip}}, console: {{recognizer: clip}}}}")
    )
    assert list(held.recognizers) == ["x" * 64, "console"]


@pytest.mark.parametrize(("name", "key"), [("x-clip", "template"), ("vlm-yesno", "question_template")])
def test_an_unquoted_brace_is_told_to_be_quoted(tmp_path: Path, name: str, key: str) -> None:
    text = f"name: s\nrecordings: r.csv\nlabels: tabletop_actions\nrecognizers:\n  {name}: {{{key}: {{name}}}}\n"
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ActScribeError, match=rf"{name}.{key}: .*a text.* into quotes, such as '{{name}}'"):
        load_study(tmp_path)
    (tmp_path / "study.yaml").write_text(text.replace("{name}}", "'{name}'}"))
    assert load_study(tmp_path).recognizers[name] == {key: "{name}"}


@pytest.mark.parametrize(
    ("split", "filled"),
    [
        ({"validation": 0}, (0.75, 0, 0.25)),
        ({"test": 0}, (0.75, 0.25, 0)),
        ({"train": 0.8}, (0.8, 0.1, 0.1)),
        ({"train": 0.5, "test": 0.2}, (0.5, 0.3, 0.2)),
        ({"validation": 0.2}, (0.6, 0.2, 0.2)),
        ({"within": "recordings"}, (0.6, 0.2, 0.2)),
    ],
)
def test_shares_that_are_left_out_share_what_is_left(split: dict[str, object], filled: tuple[float, ...]) -> None:
    made = Split.model_validate(split)
    assert (made.train, made.validation, made.test) == filled


@pytest.mark.parametrize("split", [{"train": 0.8, "validation": 0.2}, {"train": 1}, {"train": 0.9, "test": 0.3}])
def test_shares_that_leave_nothing_for_those_left_out_are_to_be_written_in_full(split: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="write all three"):
        Split.model_validate(split)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("[walk, stand]", ["labels: expected a text or 'key: value' lines (found ['walk', 'stand'])"]),
        (
            "{name: a, labels: [{name: on}, {name: 3}]}",
            [
                "labels.labels.0.name: expected a text (found True). YAML reads on, off, yes and no as true and false:"
                " put such a word into quotes",
                "labels.labels.1.name: expected a text (found 3). Put a number or date that is a name into quotes",
            ],
        ),
    ],
)
def test_labels_in_place_are_refused_in_words_of_the_file(tmp_path: Path, labels: str, expected: list[str]) -> None:
    (tmp_path / "study.yaml").write_text(f"name: s\nrecordings: r.csv\nlabels: {labels}\n")
    with pytest.raises(ActScribeError) as caught:
        load_study(tmp_path)
    assert caught.value.message.splitlines() == [f"{tmp_path / 'study.yaml'}:3: {line}" for line in expected]


def test_a_seed_that_some_library_cannot_take_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: s\nrecordings: r.csv\nlabels: tabletop_actions\nseed: 2147483648\n")
    with pytest.raises(ActScribeError, match=r"yaml:4: seed: expected a number of at most 2147483647 .found"):
        load_study(tmp_path)
