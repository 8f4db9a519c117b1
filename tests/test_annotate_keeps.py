"""Annotating: what cannot be written shows before the scoring, and what was scored outlives a last step that fails."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_studies import LEFT, RIGHT, Bouts, film, interval_text, write_manifest, write_study

from actscribe import annotations as annotation_files
from actscribe import load_study
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError
from actscribe.figure.panels import of_files
from actscribe.labels import Label, LabelSet
from actscribe.run_folder.run import OperatingPoint, Run, RunInfo
from actscribe.runs import kept_scores
from actscribe.runs.annotate import annotate_each
from actscribe.runs.one_video import AnnotatedVideo
from actscribe.timeline.score_file import read_scores
from actscribe.timeline.segments import TimelineSettings
from actscribe.video.cache import default_cache

BOTH: Bouts = [(LEFT, 0, 1500), (RIGHT, 1000, 2500)]


class Counting:
    """A recognizer that counts the clips it scored: a clip's score is its mean brightness."""

    input_spec = InputSpec(2, 32)

    def __init__(self, labels: LabelSet) -> None:
        self.labels, self.scored = labels, 0

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        for clip in clips:
            self.scored += 1
            yield np.full(len(self.labels), clip.frames.mean() / 255)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    film(folder / "r0.mp4", BOTH, 3.0)
    interval_text(folder / "r0.txt", BOTH)
    write_manifest(folder, [{"video": "r0.mp4", "annotations": "r0.txt", "group": "p", "split": "train"}])
    write_study(folder)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def a_run(made: Path, folder: Path, labels: tuple[str, ...] = (LEFT, RIGHT)) -> Run:
    study = load_study(made)
    named = LabelSet(name="lamps", labels=tuple(Label(name=name) for name in labels))
    facts = RunInfo(status="complete", name="timesformer", recognizer="timesformer", settings={}, seed=1, study="lamps")
    run = Run.create(folder, study, named, load_data(study).recordings, facts)
    run.save_operating_point(OperatingPoint(thresholds=dict.fromkeys(labels, 0.5), timeline=TimelineSettings(step=0.1)))
    run.save_info()
    return run


def video(made: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(made / "r0.mp4", path))


def annotate(*given: object, **named: object) -> list[AnnotatedVideo]:
    """Annotate without a process of its own for the decoder, which takes seconds to start."""
    return list(annotate_each(*given, **named))


def kept(cache: Path) -> list[Path]:
    return list((cache / kept_scores.FOLDER).glob("*"))


def test_scores_outlive_a_last_step_that_fails_and_are_used_by_the_next_call(
    made: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run(made, tmp_path / "run")
    new = video(made, tmp_path / "new.mp4")
    counting = Counting(run.labels)
    write = annotation_files.write

    def full(path: Path, *rest: object) -> None:
        if path.parent == tmp_path / "out":
            raise ActScribeError(f"{path}: the disk is full.", "Free some space.")
        write(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(annotation_files, "write", full)
        with pytest.raises(ActScribeError, match="the disk is full") as caught:
            annotate([new], run, ("json", "elan"), tmp_path / "out", recognizer=counting)
    (file,) = kept(cache)
    assert str(file) in caught.value.hint
    assert "without scoring again" in caught.value.hint
    clips = counting.scored
    assert clips > 0
    renamed = new.rename(tmp_path / "another name.mp4")  # the same content
    (done,) = annotate([renamed], run, ("json",), tmp_path / "out", recognizer=counting)
    assert counting.scored == clips
    assert "is scored already" in capsys.readouterr().err
    assert done.files == (tmp_path / "out" / "another name.json",)
    assert {clip.recording for clip in done.scored.clips} == {"another name"}
    assert kept(cache) == []
    (again,) = annotate([renamed], run, ("json",), tmp_path / "again", recognizer=counting)
    assert counting.scored == 2 * clips
    np.testing.assert_array_equal(again.scored.scores, done.scored.scores)
    assert (tmp_path / "again" / "another name.json").read_bytes() == done.files[0].read_bytes()


def test_a_video_that_the_run_has_learned_from_is_known_by_its_bytes(made: Path, tmp_path: Path, cache: Path) -> None:
    run = a_run(made, tmp_path / "run")
    film(tmp_path / "new.mp4", [], 3.0, 5)
    videos = [video(made, tmp_path / "of another name.mp4"), tmp_path / "new.mp4"]
    known, new = annotate(videos, run, ("json", "elan"), tmp_path / "out", recognizer=Counting(run.labels))
    assert "was trained on this very video (its recording 'r0')" in known.known
    assert new.known == ""
    for done in (known, new):
        for file in done.files:
            assert ("this very video" in file.read_text(encoding="utf-8")) == bool(done.known), file


def test_a_call_that_is_stopped_goes_on_with_the_next_video(made: Path, tmp_path: Path, cache: Path) -> None:
    run = a_run(made, tmp_path / "run")
    film(tmp_path / "b.mp4", [], 3.0, 5)
    videos = [video(made, tmp_path / "a.mp4"), tmp_path / "b.mp4"]
    counting = Counting(run.labels)

    class Stopped(Counting):
        def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
            if self.scored:
                raise KeyboardInterrupt
            yield from super().score(clips)

    with pytest.raises(KeyboardInterrupt):
        annotate(videos, run, out=tmp_path / "out", recognizer=Stopped(run.labels))
    assert (tmp_path / "out" / "a.json").is_file()
    annotate(videos, run, out=tmp_path / "out", recognizer=counting, overwrite=True)
    one = counting.scored
    annotate(videos, run, out=tmp_path / "out", recognizer=counting, overwrite=True)
    assert counting.scored == 3 * one  # of the first call only the second video was left


@pytest.mark.parametrize("spoil", ["cut", "flipped", "text", "other settings", "other video"])
def test_kept_scores_that_do_not_hold_are_not_used(
    made: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    run = a_run(made, tmp_path / "run")
    new = video(made, tmp_path / "new.mp4")
    counting = Counting(run.labels)
    with monkeypatch.context() as patch:
        patch.setattr(kept_scores.KeptScores, "remove", lambda self: None)
        annotate([new], run, out=tmp_path / "out", recognizer=counting)
    (file,) = kept(cache)
    content = bytearray(file.read_bytes())
    if spoil == "cut":
        file.write_bytes(content[: len(content) // 2])
    if spoil == "flipped":
        content[len(content) // 3] ^= 4
        file.write_bytes(content)
    if spoil == "text":
        file.write_text("words")
    if spoil == "other settings":
        run.info.settings = {"epochs": 99}
    if spoil == "other video":
        film(new, [], 3.0, 9)
    before = counting.scored
    annotate([new], run, out=tmp_path / "out", recognizer=counting, overwrite=True)
    assert counting.scored == 2 * before


def test_scores_that_nobody_came_back_for_go_after_a_month(
    made: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    folder = cache / kept_scores.FOLDER
    folder.mkdir(parents=True)
    for name in (f"{'0' * 32}.scores", f"{'1' * 32}.scores", "mine.scores"):
        (folder / name).write_text("x")
        if name[0] != "1":
            os.utime(folder / name, (0, 0))
    kept_scores.forget_old()
    assert {path.name for path in folder.iterdir()} == {f"{'1' * 32}.scores", "mine.scores"}


def test_a_cache_that_cannot_be_written_costs_only_the_keeping(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "file"))
    assert default_cache().root.is_relative_to(tmp_path / "file")
    run = a_run(made, tmp_path / "run")
    annotate([video(made, tmp_path / "new.mp4")], run, out=tmp_path / "out", recognizer=Counting(run.labels))
    assert (tmp_path / "out" / "new.json").is_file()
    assert "are not kept" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_shows_before_the_scoring(
    made: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actscribe import files

    run = a_run(made, tmp_path / "run")
    new = video(made, tmp_path / "new.mp4")
    counting = Counting(run.labels)
    create = files._create

    def refused(path: Path) -> int:
        if path.is_relative_to(tmp_path / "out"):  # tests may be run by root, whom nothing is refused
            raise PermissionError(errno.EACCES, "Permission denied")
        return create(path)

    (tmp_path / "out").mkdir()
    monkeypatch.setattr(files, "_create", refused)
    with pytest.raises(ActScribeError, match=r"deeper: cannot be written: Permission denied"):
        annotate([new], run, out=tmp_path / "out" / "deeper", recognizer=counting)
    assert counting.scored == 0
    assert list((tmp_path / "out").iterdir()) == []


def test_a_link_that_leads_to_itself_is_no_folder(made: Path, tmp_path: Path, cache: Path) -> None:
    run = a_run(made, tmp_path / "run")
    new = video(made, tmp_path / "new.mp4")
    (tmp_path / "loop").symlink_to("loop")
    counting = Counting(run.labels)
    for out in (tmp_path / "loop", tmp_path / "loop" / "deeper"):
        with pytest.raises(ActScribeError, match="loop: is a link to a place that does not exist"):
            annotate([new], run, out=out, recognizer=counting)
    assert counting.scored == 0


@pytest.mark.parametrize("form", list(annotation_files.FORMATS))
def test_every_format_is_tried_and_nothing_is_left_of_it(made: Path, tmp_path: Path, cache: Path, form: str) -> None:
    run = a_run(made, tmp_path / "run")
    counting = Counting(run.labels)
    (done,) = annotate([video(made, tmp_path / "new.mp4")], run, [form, form], tmp_path / "out", recognizer=counting)
    described = {"new_events.json"} if form == "bids" else set()  # its columns, beside the table
    assert {path.name for path in (tmp_path / "out").iterdir()} == {done.files[0].name, *described}
    assert counting.scored > 0


def test_a_label_that_a_format_cannot_carry_shows_before_the_scoring(made: Path, tmp_path: Path, cache: Path) -> None:
    run = a_run(made, tmp_path / "run", (LEFT, "background"))  # DeepEthogram calls so what is nothing
    new, counting = video(made, tmp_path / "new.mp4"), Counting(run.labels)
    with pytest.raises(ActScribeError, match=r"out/new_labels\.csv: 'background' means") as caught:
        annotate([new], run, ["json", "deepethogram"], tmp_path / "out", recognizer=counting)
    assert caught.value.hint == "Leave deepethogram out of --format."
    assert counting.scored == 0
    assert not (tmp_path / "out").exists()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_names_of_files_are_the_videos_as_every_system_takes_them(made: Path, tmp_path: Path, cache: Path) -> None:
    run = a_run(made, tmp_path / "run")
    names = {"2024-01-01T10:20.mp4": "2024-01-01T10-20.json", "-rf.mp4": "rf.json", "con.mp4": "con_.json"}
    videos = [video(made, tmp_path / "in" / name) for name in names]
    done = annotate(videos, run, out=tmp_path / "out", recognizer=Counting(run.labels))
    assert [one.files[0].name for one in done] == list(names.values())


@pytest.mark.parametrize("pair", [("a.mp4", "A.mp4"), ("e\u0301.mp4", "\u00e9.mp4"), ("a:b.mp4", "a?b.mp4")])
def test_two_videos_whose_files_some_system_takes_for_one_are_refused(
    made: Path, tmp_path: Path, cache: Path, pair: tuple[str, str]
) -> None:
    run = a_run(made, tmp_path / "run")
    videos = [video(made, tmp_path / str(index) / name) for index, name in enumerate(pair)]
    with pytest.raises(ActScribeError, match="would both write"):
        annotate(videos, run, out=tmp_path / "out", recognizer=Counting(run.labels))
    annotate(videos, run, recognizer=Counting(run.labels))


def test_what_is_in_the_way_is_not_replaced(made: Path, tmp_path: Path, cache: Path) -> None:
    run = a_run(made, tmp_path / "run")
    new = video(made, tmp_path / "in" / "new.mp4")
    counting = Counting(run.labels)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "new.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ActScribeError, match="exists already"):
        annotate([new], run, out=tmp_path / "out", recognizer=counting)
    (tmp_path / "out" / "new.json").unlink()
    (tmp_path / "out" / "new.json").mkdir()
    with pytest.raises(ActScribeError, match="is a folder"):
        annotate([new], run, out=tmp_path / "out", recognizer=counting, overwrite=True)
    (tmp_path / "out" / "new.json").rmdir()
    (tmp_path / "out" / "new.json").hardlink_to(new)
    before = new.read_bytes()
    with pytest.raises(ActScribeError, match="is one of the videos to be annotated"):
        annotate([new], run, out=tmp_path / "out", recognizer=counting, overwrite=True)
    assert new.read_bytes() == before
    assert counting.scored == 0


def test_scores_are_written_beside_the_timeline_on_request(made: Path, tmp_path: Path, cache: Path) -> None:
    run, new = a_run(made, tmp_path / "run"), video(made, tmp_path / "new.mp4")
    (done,) = annotate([new], run, ["csv"], tmp_path / "out", recognizer=Counting(run.labels), scores=True)
    assert [path.name for path in done.files] == ["new.csv", "new.scores.parquet"]
    scores, names = read_scores(done.files[1])
    assert names == (LEFT, RIGHT)
    np.testing.assert_array_equal(scores.scores, done.scores.scores)
    np.testing.assert_allclose(scores.times, done.scores.times)
    assert (scores.step, scores.duration) == (pytest.approx(0.1), done.scores.duration)
    (tmp_path / "out" / "new.csv").unlink()
    with pytest.raises(ActScribeError, match=r"new\.scores\.parquet"):  # said before anything is scored
        annotate([new], run, ["csv"], tmp_path / "out", recognizer=None, scores=True)


def test_scores_of_oddly_named_videos_are_read_again_and_none_takes_anothers_place(
    made: Path, tmp_path: Path, cache: Path
) -> None:
    run = a_run(made, tmp_path / "run")
    names = ("1/visit 1.mp4", "2/visit 1.mp4", "2/Größe ü.mp4", "2/100%25 %s.mp4", "2/-o.mp4", "2/o.x.mp4")
    videos = [video(made, tmp_path / "in" / name) for name in names]
    budget = tmp_path / "budget.csv"
    done = annotate(videos, run, ["json"], recognizer=Counting(run.labels), scores=True, time_budget=budget)
    files = [file for one in done for file in one.files]
    assert len(set(files)) == 2 * len(videos)
    for film_file, one in zip(videos, done, strict=True):
        timeline, scores = one.files
        assert timeline.parent == film_file.parent
        np.testing.assert_array_equal(read_scores(scores)[0].scores, one.scores.scores)
        assert annotation_files.read(timeline, str(film_file)).labels == (LEFT, RIGHT)
        (panel,) = of_files([timeline])
        assert panel.scores is not None
    recordings = set(pd.read_csv(budget, encoding="utf-8-sig")["recording"])
    assert recordings == {"1-visit 1", "2-visit 1", "Größe ü", "100%25 %s", "o", "o.x"}
