"""A run that was damaged, changed or added to is refused in one sentence, or scores exactly as before."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from damaged import DAMAGES, RECOGNIZERS, a_run, damaged, everything, files, shown
from typer.testing import CliRunner

from actscribe import file_cache
from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.run_folder import integrity
from actscribe.run_folder.run import Run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("runs")
    return {name: a_run(name, root) for name in RECOGNIZERS}


@pytest.mark.parametrize("recognizer", RECOGNIZERS)
def test_every_damage_of_every_file_is_refused_or_changes_nothing(
    runs: dict[str, Path], tmp_path: Path, recognizer: str
) -> None:
    whole = everything(runs[recognizer])
    assert everything(runs[recognizer]) == whole  # else equal scores would say nothing
    copy = Path(shutil.copytree(runs[recognizer], tmp_path / "run"))
    for path in files(copy):
        for how in DAMAGES:
            with damaged(path, how), pytest.raises(ActScribeError) as caught:
                everything(copy)
            assert str(copy) in caught.value.message
            assert caught.value.hint
    assert everything(copy)[1:] == whole[1:]


@pytest.mark.parametrize("recognizer", [name for name in RECOGNIZERS if name != "x-clip"])
@pytest.mark.parametrize("how", ["gone", "cut in half", "flipped at the start", "pointer", "list", "no keys"])
def test_loaders_themselves_never_end_in_a_traceback(
    runs: dict[str, Path], tmp_path: Path, recognizer: str, how: str
) -> None:
    """As above, with digests that were taken after the damage."""
    run = Run.open(shutil.copytree(runs[recognizer], tmp_path / "run"))
    for path in files(run.folder / "model"):
        with damaged(path, how):
            run.note(run.folder / "model")
            with suppress(ActScribeError):
                shown(run.recognizer())


@pytest.fixture
def run(runs: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs["timesformer"], tmp_path / "run"))


def test_what_is_covered_is_named_and_the_rest_may_be_edited(run: Path) -> None:
    covered = set(Run.open(run).info.digests)
    assert covered == {path.relative_to(run).as_posix() for path in files(run)} - {"run.json"}
    for name in ("report-test.html", "metrics-test.json", "notes of mine.txt", "training.json", "labels.yaml.bak"):
        (run / name).write_text("mine")
    (run / "timelines-test").mkdir()
    (run / "timelines-test" / "a.json").write_text("{}")
    (run / "model" / ".DS_Store").write_bytes(b"\0")
    Run.open(run).recognizer()


def test_a_changed_file_is_named_with_the_way_out(run: Path) -> None:
    path = run / "operating-point.json"
    path.write_text(path.read_text().replace("0.5", "0.6", 1))
    with pytest.raises(ActScribeError) as caught:
        Run.open(run)
    assert caught.value.message == f"{path}: was changed after the run wrote it."
    assert "copy the run's folder again" in caught.value.hint
    for name in ("labels.yaml", "recordings.json", "operating-point.json"):
        (run / name).unlink()
    with pytest.raises(ActScribeError, match=r"labels\.yaml and 2 more files are missing; the run is not whole"):
        Run.open(run)


def test_nothing_may_be_added_to_the_model(run: Path) -> None:
    (run / "model" / "video_preprocessor_config.json").write_text("{}")
    with pytest.raises(ActScribeError, match=r"video_preprocessor_config\.json: was added") as caught:
        Run.open(run)
    assert "Move it out" in caught.value.hint


def test_facts_that_were_edited_are_refused(run: Path) -> None:
    path = run / "run.json"
    values = json.loads(path.read_text())
    for changed in ({"seed": 2}, {"notes": ["all is well"]}, {"digests": {}}, {"seal": "0" * 32}):
        path.write_text(json.dumps(values | changed))
        with pytest.raises(ActScribeError, match=r"run\.json: was changed after it was written"):
            Run.open(run)
    path.write_text(json.dumps({key: value for key, value in values.items() if key != "seal"}))
    with pytest.raises(ActScribeError, match="not written by this version"):
        Run.open(run)
    other = {key: value for key, value in values.items() if key not in ("seal", "seed")}
    path.write_text(integrity.sealed(other))
    with pytest.raises(ActScribeError, match=r"version of ActScribe \(seed: is not in it\)\.\n"):
        Run.open(run)
    path.write_text(json.dumps(dict(reversed(values.items())), indent=4))  # another spelling of the same
    Run.open(run)
    for notes in ("Säugling — ö", "a folder called \udce4"):
        text = integrity.sealed({"notes": notes})
        path.write_text(text, encoding="utf-8")
        assert integrity.unsealed(path) == {"notes": notes}


def test_scores_that_a_killed_process_left_unnoted_count_as_none(run: Path) -> None:
    opened = Run.open(run)
    assert opened.has_scores("validation")
    opened.save_scores("test", opened.scores("validation"))  # and killed before run.json was written
    again = Run.open(run)
    assert not again.has_scores("test")
    opened.save_info()
    assert Run.open(run).has_scores("test")


def test_large_files_are_read_once_and_then_told_by_their_looks(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "LARGE_BYTES", 1000)
    weights, read = run / "model" / "model.safetensors", []
    monkeypatch.setattr(file_cache, "FRESH_S", 0)
    monkeypatch.setattr(file_cache, "content_hash", lambda path: read.append(path) or content_hash(path))
    Run.open(run)
    assert weights in read
    read.clear()
    Run.open(run)
    assert weights not in read
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, (1, 1))
    with pytest.raises(ActScribeError, match=r"model\.safetensors: was changed"):
        Run.open(run)
    content[-1] ^= 1
    weights.write_bytes(content)
    Run.open(run)


def test_a_memory_that_is_damaged_or_cannot_be_kept_only_costs_time(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "LARGE_BYTES", 1000)
    monkeypatch.setattr(file_cache, "FRESH_S", 0)
    Run.open(run)
    for note in (Path(os.environ["ACTSCRIBE_CACHE"]) / "files").rglob("*.json"):
        note.write_text('{"digest": "0", "looks": [')
    Run.open(run)
    (run / "file").write_text("")
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(run / "file"))
    Run.open(run)


def test_the_commands_say_it_in_one_sentence(run: Path, tmp_path: Path) -> None:
    (run / "model" / "model.safetensors").write_bytes(b"")
    (tmp_path / "a.mp4").write_bytes(b"")
    for words in (["evaluate", str(run)], ["annotate", str(tmp_path / "a.mp4"), "--run", str(run)]):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert "was changed after the run wrote it" in done.output.replace("\n", " ")


@pytest.mark.parametrize("left", [None, "{", '{"thresholds": 3}'])
def test_decisions_that_go_while_a_run_is_open_are_a_sentence(run: Path, left: str | None) -> None:
    opened, path = Run.open(run), run / "operating-point.json"
    path.unlink() if left is None else path.write_text(left)
    with pytest.raises(ActScribeError, match=r"operating-point\.json: cannot be read"):
        _ = opened.operating_point
