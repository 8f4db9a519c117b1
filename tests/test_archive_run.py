"""An archive of real videos: the bytes of `annotate`, whatever lies among them, and what is said of it."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import archives
import numpy as np
import pandas as pd
import pytest
from html_page import Page
from small_studies import bouts, film, lamp_study
from tiny_models import tiny_timesformer
from typer.testing import CliRunner

from actscribe import Compute, Run, annotate, computing, evaluate, load_study, packages, train
from actscribe.archive import archive as module
from actscribe.archive import table as tables
from actscribe.archive import work
from actscribe.archive.archive import Hands, annotate_archive, report_again, retry_failed
from actscribe.archive.claims import Claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.local import Maker
from actscribe.archive.record import Done
from actscribe.archive.status import status
from actscribe.archive.task import Outcome, attempt_all
from actscribe.archive.work import computed_here, working
from actscribe.cli import app
from actscribe.cli.archive import _shard
from actscribe.errors import ActScribeError
from actscribe.progress import report_to
from actscribe.runs import one_video
from actscribe.runs.quality_notes import quality_notes

GOOD = ("a.mp4", "long.mp4", "copy of a.mp4", "night/b.mp4")
BAD = ("empty.mp4", "text.mp4", "cut.mp4")


@pytest.fixture(scope="module")
def one_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("run")
    tiny = str(tiny_timesformer(root / "checkpoint"))
    settings = {"model": tiny, "epochs": 1, "batch_size": 8, "precision": "float32"}
    split = {"train": 0.4, "validation": 0.4, "test": 0.2}
    lamp_study(root, 10, recognizers={"timesformer": settings}, split=split, empty_labels="allow")
    return train(load_study(root / "study.yaml"), "timesformer", root / "out")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for number, (name, seconds) in enumerate((("a", 8.0), ("long", 20.0), ("night/b", 6.0))):
        film(folder / f"{name}.mp4", bouts(number, seconds), seconds, number)
    shutil.copy(folder / "a.mp4", folder / "copy of a.mp4")
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video")
    whole = (folder / "long.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.txt").write_text("mine")
    return folder


@pytest.fixture(scope="module")
def done(one_run: Run, videos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Do the archive by two workers through the command line; return its folder and what was said."""
    out = tmp_path_factory.mktemp("archive") / "out"
    words = ["archive", videos, "--run", one_run.folder, "--out", out, "--format", "json,elan", "--workers", 2]
    ended = CliRunner().invoke(app, [str(word) for word in words])
    assert ended.exit_code == 3, (ended.output, ended.exception)
    assert "Traceback" not in ended.output
    return out, ended.output


def test_timelines_are_those_of_annotate(done: tuple[Path, str], one_run: Run, videos: Path, tmp_path: Path) -> None:
    out, _ = done
    with computing(Compute("cpu", threads=1)):
        for name in GOOD:
            # ELAN files hold the way to the video, which is told from the folder that they lie in.
            alone = out / "timelines" / Path(name).parent / "alone"
            made = annotate(videos / name, one_run, ("json", "elan"), alone)
            for file in made.files:
                archived = out / "timelines" / Path(name).parent / file.name
                if file.suffix == ".json":
                    assert archived.read_bytes() == file.read_bytes(), name
                else:
                    assert archived.stat().st_size == pytest.approx(file.stat().st_size, abs=10)
            shutil.rmtree(alone)
    paths = {path.relative_to(out / "timelines").as_posix() for path in (out / "timelines").rglob("*.*")}
    stems = [Path(name).with_suffix("").as_posix() for name in GOOD]
    assert paths == {f"{stem}{ending}" for stem in stems for ending in (".json", ".eaf")}


def test_videos_that_the_run_has_learned_from_are_said(one_run: Run, tmp_path: Path) -> None:
    known = one_run.recordings("train")[0]
    (tmp_path / "in").mkdir()
    shutil.copy(known.video, tmp_path / "in" / "renamed.mp4")
    film(tmp_path / "in" / "new.mp4", bouts(55, 4.0), 4.0, 55)
    ended = annotate_archive(tmp_path / "in", one_run.folder, tmp_path / "out", ["json"], hands=Hands(1))
    assert ended.done == 2
    learned = f"was trained on this very video (its recording '{known.name}')"
    written = {path.stem: path.read_text() for path in (tmp_path / "out" / "timelines").iterdir()}
    assert {name: learned in text for name, text in written.items()} == {"renamed": True, "new": False}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Of 1 of 2 videos, byte for byte, the run has learned already" in page

    words = ["annotate", tmp_path / "in" / "renamed.mp4", tmp_path / "in" / "new.mp4", "--run", one_run.folder]
    annotated = CliRunner().invoke(app, [*map(str, words), "--out", str(tmp_path / "alone")])
    assert annotated.exit_code == 0, (annotated.output, annotated.exception)
    printed = " ".join(annotated.output.split())
    assert f"Warning: renamed.mp4: The run that made this timeline {learned}" in printed
    assert "Warning: new.mp4" not in printed
    assert (tmp_path / "alone" / "renamed.json").read_text() == written["renamed"]


def test_what_is_said_of_it(done: tuple[Path, str], videos: Path) -> None:
    out, output = done
    assert "7 videos, 7 to do; the run is loaded first." in output
    assert "4 of 7 videos have a timeline" in output
    assert "3 failed" in output
    assert "7 of 7, 3 failed" in output
    assert "Failed, 1: an empty file (0 bytes), expected a video." in output
    assert f"Again: actscribe archive {out} --retry-failed" in output.replace("\n", " ")
    assert "Left lamp" not in output  # no table of each video floods the terminal
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    failures = page.tables["Why videos have no timeline."]
    assert {row[1] for row in failures[1:]} == {"1"}
    assert any("a text, expected a video file." in row[0] for row in failures)


def test_what_is_to_be_done_and_how_long_it_takes_is_said_before_the_first_video_has_ended() -> None:
    """The time that loading a run takes is no part of the pace: it is the same for one video and for a thousand."""
    lines: list[str] = []
    videos = [Video(str(number), f"{number}.mp4", "", 100, str(number)) for number in range(10)]
    clock = iter((400.0, 500.0, 510.0, 520.0))  # the run was loaded at 490
    with report_to(lambda report: lines.append(str(report))), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.time, "monotonic", lambda: next(clock))
        teller = module._Teller(videos, videos, 0)
        for video in videos[:3]:
            teller(video, Outcome(video.key, "done", 10.0))
    assert lines == [
        f"{number} of 10: {number - 1}.mp4, about {left} left"
        for number, left in ((1, "1:30"), (2, "1:20"), (3, "1:10"))
    ]
    assert module._begin_sentence(["open"] * 3) == "3 videos, 3 to do; the run is loaded first."
    assert module._begin_sentence(["done", "failed", "open"]) == (
        "3 videos, 1 done before, 1 failed before, 1 to do; the run is loaded first."
    )


def test_long_videos_are_named_once_a_minute_where_none_ends() -> None:
    lines: list[str] = []
    videos = [Video(str(number), f"{number}.mp4", "", 100, str(number)) for number in range(4)]
    now = [0.0]
    with report_to(lambda report: lines.append(str(report))), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.time, "monotonic", lambda: now[0])
        teller = module._Teller(videos, videos[1:], 1)
        for second in range(150):
            now[0] = float(second)
            if second == 30:
                teller(videos[1], Outcome("1", "done", 1.0))
            teller.at_work(videos[2:] if second < 100 else videos[3:], [])
        teller.at_work([], [])
        now[0] = 500.0
        teller.at_work([], [])
    assert lines == ["2 of 4, 1 failed: 1.mp4", "2 of 4, 1 failed: still at 2.mp4 and 1 other"]
    now[0] = 560.0
    with report_to(lambda report: lines.append(str(report))), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.time, "monotonic", lambda: now[0])
        teller.at_work(videos[3:], videos[2:3])
        now[0] = 620.0
        teller.at_work([], videos[2:])
    assert lines[2:] == [
        "2 of 4, 1 failed: still at 3.mp4",
        "2 of 4, 1 failed: other processes are still at 2.mp4 and 1 other",
    ]


def test_the_tables_hold_every_video_and_label(done: tuple[Path, str], one_run: Run, videos: Path) -> None:
    out, _ = done
    table = pd.read_csv(out / "archive.csv", encoding="utf-8-sig")
    assert table["video"].nunique() == 7
    assert (table["state"] == "done").sum() == 4 * 2
    bad = table[table["state"] == "failed"]
    assert sorted(bad["video"]) == sorted(BAD)
    assert set(bad["look"]) == {"failed"}
    assert set(table.loc[table["video"] == "copy of a.mp4", "copy_of"]) == {"a.mp4"}
    made = json.loads((out / "timelines" / "long.json").read_text())
    for _, row in table[table["video"] == "long.mp4"].iterrows():
        own = [one for one in made["intervals"] if one["label"] == row["label"]]
        assert row["bouts"] == len(own)
        assert row["total_s"] == pytest.approx(
            sum(one["end"] - one["start"] for one in own), abs=2e-3
        )  # files hold milliseconds
        if own:
            assert row["first_s"] == pytest.approx(min(one["start"] for one in own), abs=2e-3)
        assert row["duration_s"] == 20.0
    again = pd.read_parquet(out / "archive.parquet")
    pd.testing.assert_frame_equal(again["total_s"].to_frame(), table["total_s"].to_frame())
    sheet = pd.read_excel(out / "archive.xlsx")
    np.testing.assert_allclose(sheet["total_s"].to_numpy(float), table["total_s"].to_numpy(float))


def test_the_same_call_again_does_nothing_and_shards_write_the_same_bytes(
    done: tuple[Path, str], one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _ = done
    stamps = {path: path.stat().st_mtime_ns for path in (out / "timelines").rglob("*.*")}
    ended = annotate_archive(videos, one_run.folder, out, ("json", "elan"), hands=Hands(workers=1))
    assert (ended.done, ended.failed) == (4, 3)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    shards = tmp_path / "shards"
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    for number in (3, 1, 2, 1):  # in any order, and one of them twice
        part = annotate_archive(videos, one_run.folder, shards, ("json",), hands=Hands(1, (number, 3)))
        assert part.files == ()
    archive = Archive.open(shards)
    assert archive.states(archive.videos()).count("done") == 4
    for path in (shards / "timelines").rglob("*.json"):
        assert path.read_bytes() == (out / path.relative_to(shards)).read_bytes()


def test_several_at_once_write_the_bytes_of_one_at_a_time_where_a_network_takes_one_clip(
    done: tuple[Path, str], one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _ = done
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    alone: list[str] = []
    score = one_video.score_recordings

    def noted(recognizer: Any, recordings: Any, *given: Any) -> Any:
        alone.extend(one.name for one in recordings)
        return score(recognizer, recordings, *given)

    monkeypatch.setattr(one_video, "score_recordings", noted)
    ended = annotate_archive(videos, one_run.folder, tmp_path / "out", ("json",), hands=Hands(1), together=4)
    assert (ended.done, ended.failed) == (4, 3)
    assert alone == []
    for path in (tmp_path / "out" / "timelines").rglob("*.json"):
        assert path.read_bytes() == (out / path.relative_to(tmp_path / "out")).read_bytes()
    with computing(Compute(batch_size=8)):
        annotate_archive(videos, one_run.folder, tmp_path / "eight", ("json",), hands=Hands(1), together=4)
    one, eight = (Archive.open(tmp_path / name).scores() for name in ("out", "eight"))
    for path in one.iterdir():
        scores = [pd.read_parquet(io.BytesIO((folder / path.name).read_bytes()[16:])) for folder in (one, eight)]
        alike, other = (table.filter(like="score: ") for table in scores)
        np.testing.assert_allclose(alike, other, rtol=0, atol=1e-6)
    archive = Archive.open(tmp_path / "out")
    assert archive.plan.together == 4
    with pytest.raises(ActScribeError, match="number of videos that are scored together"):
        annotate_archive(videos, one_run.folder, tmp_path / "out", ("json",), hands=Hands(1))


def test_one_copy_is_scored_and_both_have_a_timeline(done: tuple[Path, str]) -> None:
    out, _ = done
    archive = Archive.open(out)
    records = [one for video in archive.videos() if isinstance(one := archive.done(video), Done)]
    assert len(records) == 4
    assert len({one.task for one in records}) == 3
    assert {path.stem for path in archive.scores().iterdir()} == {one.task for one in records}


def test_failures_are_tried_again_when_asked_for(one_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_text("not yet copied")
    out = tmp_path / "out"
    assert annotate_archive(tmp_path / "in", one_run.folder, out, hands=Hands(1)).failed == 1
    assert annotate_archive(tmp_path / "in", one_run.folder, out, hands=Hands(1)).failed == 1
    state = (tmp_path / "in" / "a.mp4").stat()
    film(tmp_path / "in" / "a.mp4", bouts(0, 6.0), 6.0)
    assert (tmp_path / "in" / "a.mp4").stat().st_size != state.st_size
    ended = retry_failed(out, Hands(1))
    assert (ended.done, ended.failed) == (1, 0)


def test_what_to_do_about_a_timeline_in_the_way_names_options_that_an_archive_has(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "videos", tmp_path / "out"
    source.mkdir()
    shutil.copyfile(videos / "a.mp4", source / "a.mp4")
    write = one_video.write_timeline

    def after_somebody_else(annotations: Any, stem: Path, *rest: Any) -> Any:
        stem.with_suffix(".json").parent.mkdir(parents=True, exist_ok=True)
        stem.with_suffix(".json").write_text("by hand", encoding="utf-8")
        return write(annotations, stem, *rest)

    monkeypatch.setattr(one_video, "write_timeline", after_somebody_else)
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    ended = annotate_archive(source, one_run.folder, out)
    failure = ended.archive.failed(ended.archive.videos()[0])
    assert failure is not None
    assert "is there already" in failure.sentence
    assert failure.hint == "Move it away, then: --retry-failed."
    assert (out / "timelines" / "a.json").read_text(encoding="utf-8") == "by hand"


def test_a_shard_tries_its_own_failures_again_and_leaves_those_of_others(
    one_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    archives.fill(tmp_path / "in", {f"{name}.mp4": f"no video {name}".encode() for name in "abcd"})
    out = tmp_path / "out"
    assert annotate_archive(tmp_path / "in", one_run.folder, out, hands=Hands(1)).failed == 4
    for number in (1, 2):
        ended = retry_failed(out, Hands(1, (number, 2)))
        assert (ended.videos, ended.failed, sum(ended.reasons.values())) == (2, 2, 2)
        archive = Archive.open(out)
        assert archive.states(archive.videos()) == ["failed"] * 4


def test_names_in_another_encoding_are_annotated_and_written_as_every_file_can_hold_them(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    good, bad = (tmp_path / "in" / os.fsdecode(name) for name in (b"caf\xe9.mp4", b"th\xe9.mp4"))
    good.parent.mkdir()
    try:
        shutil.copy(videos / "a.mp4", good)
    except OSError:
        pytest.skip("this file system takes no such names")
    bad.write_text("no video")
    out = tmp_path / "out"
    words = ["archive", good.parent, "--run", one_run.folder, "--out", out, "--format", "json,elan", "--workers", 1]
    ended = CliRunner().invoke(app, [str(word) for word in words])
    assert ended.exit_code == 3, (ended.output, ended.exception)
    table = pd.read_parquet(out / "archive.parquet")
    assert set(table[table.state == "done"].video) == {"caf\\xe9.mp4"}
    assert set(table[table.state == "failed"].video) == {"th\\xe9.mp4"}
    with computing(Compute("cpu", 1)):
        annotate(good, one_run, formats=("json", "elan"), out=tmp_path / "alone" / "timelines")
    written, alone = (
        {path.suffix: path.read_bytes() for path in folder.iterdir()}
        for folder in (out / "timelines", tmp_path / "alone" / "timelines")
    )
    assert written == alone
    assert "caf\\xe9.mp4" in json.loads((out / "timelines" / "caf-xe9.json").read_text())["media"][0]


def test_an_archive_and_a_list_lie_in_a_folder_whose_name_is_in_another_encoding(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    home = tmp_path / os.fsdecode(b"th\xe9")
    try:
        (home / "a folder").mkdir(parents=True)
    except OSError:
        pytest.skip("this file system takes no such names")
    shutil.copy(videos / "a.mp4", home / "a.mp4")
    (home / "list.csv").write_text("video\na.mp4\na folder\n")
    ended = annotate_archive(home / "list.csv", one_run.folder, home / "out", hands=Hands(1))
    assert (ended.done, ended.failed, ended.unwritten) == (1, 1, "")
    assert "th\\xe9/a folder/*.mp4" in (home / "out" / "report.html").read_text(encoding="utf-8")
    table = pd.read_parquet(io.BytesIO((home / "out" / "archive.parquet").read_bytes()))
    assert set(zip(table.video, table.state, strict=True)) == {("a.mp4", "done"), ("a folder", "failed")}


@pytest.mark.parametrize("together", [1, 2])
def test_a_name_that_one_format_cannot_hold_is_refused_before_anything_of_its_video_is_made(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    (tmp_path / "in").mkdir()
    for name in ("line\nbreak.mp4", "return\r.mp4"):
        shutil.copy(videos / "a.mp4", tmp_path / "in" / name)
    shutil.copy(videos / "night" / "b.mp4", tmp_path / "in" / "b.mp4")
    out, formats = tmp_path / "out", ("json", "elan", "boris")
    ended = annotate_archive(tmp_path / "in", one_run.folder, out, formats, hands=Hands(1), together=together)
    assert (ended.done, ended.failed) == (1, 2)
    archive = Archive.open(out)
    assert {path.name for path in (out / "timelines").rglob("*")} == {"b.json", "b.eaf", "b.boris"}
    assert len(list(archive.scores().iterdir())) == 1  # nothing was scored for the others
    assert not any(archive.is_begun(video) for video in archive.videos())
    (reason,) = {one.reason for video in archive.videos() if (one := archive.failed(video)) is not None}
    assert reason == "the video name holds a character that this format cannot carry."
    table = pd.read_csv(out / "archive.csv", encoding="utf-8-sig")
    assert set(table[table.state == "failed"].video) == {"line\\nbreak.mp4", "return\\r.mp4"}


@pytest.mark.parametrize("words", [["--out"], ["--retry-failed"]])
def test_a_cluster_that_does_not_answer_is_refused_before_networks_are_loaded_and_anything_is_written(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    out = tmp_path / "out"
    begin = ["archive", str(videos), "--run", str(one_run.folder), "--out", str(out)]
    if words == ["--retry-failed"]:
        archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x"}), out)
        begin = ["archive", str(out), *words]
    for name in ("annotate_archive", "retry_failed"):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("loaded"))
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("actscribe.archive.cluster.require", lambda *_: None)
    for address, expected in (
        ("somewhere", "'somewhere' is not the address of a Ray cluster"),
        ("", "'' is not the address of a Ray cluster"),
        ("127.0.0.1:1", "No Ray cluster answers at '127.0.0.1:1'"),
    ):
        ended = CliRunner().invoke(app, [*begin, "--ray", address])
        assert (ended.exit_code, expected in " ".join(ended.output.split())) == (2, True), ended.output
    monkeypatch.setattr("actscribe.archive.cluster.require", packages.require)
    monkeypatch.setattr(packages, "missing", list)
    ended = CliRunner().invoke(app, [*begin, "--ray", "auto"])
    assert (ended.exit_code, "pip install 'actscribe[cluster]'" in " ".join(ended.output.split())) == (2, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_where_the_report_has_no_room_what_is_done_is_said_all_the_same(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, table: pd.DataFrame) -> None:
        raise ActScribeError(f"{path}: the disk is full (0 MiB free).", "Free some space.")

    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    monkeypatch.setattr("actscribe.archive.report.write_table", full)
    (tmp_path / "in").mkdir()
    shutil.copy(videos / "a.mp4", tmp_path / "in" / "a.mp4")
    out = tmp_path / "out"
    words = [str(word) for word in ("archive", tmp_path / "in", "--run", one_run.folder, "--out", out, "--workers", 1)]
    ended = CliRunner().invoke(app, words)
    output = " ".join(ended.output.split())
    assert ended.exit_code == 3
    assert "1 of 1 video has a timeline" in output
    assert f"Tables and report are not written: {out / 'archive.csv'}: the disk is full" in output
    assert f"actscribe archive {out} --report" in output
    ended = CliRunner().invoke(app, ["archive", str(out), "--report"])
    assert ended.exit_code == 3
    assert "1 of 1 video has a timeline" in " ".join(ended.output.split())
    assert f"Afterwards: actscribe archive {out} --report" in " ".join(ended.output.split())
    monkeypatch.undo()
    assert CliRunner().invoke(app, ["archive", str(out), "--report"]).exit_code == 0
    assert (out / "report.html").exists()


def test_what_cannot_be_done_is_said_before_any_video_is_opened(one_run: Run, videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ActScribeError, match="'elam' is not an annotation format"):
        annotate_archive(videos, one_run.folder, out, ("elam",))
    with pytest.raises(ActScribeError, match="no run here"):
        annotate_archive(videos, videos, out)
    assert not out.exists()
    for words, expected in (
        (["archive", videos], "--run RUN --out OUT"),
        (["archive", videos, "--status"], "no archive here"),
        (["archive", videos, "--status", "--out", out], "--status is asked of an archive's folder alone"),
        (["archive", videos, "--status", "--verify"], "--status and --verify at once"),
        (["archive", videos, "--run", one_run.folder, "--out", out, "--shard", "4/3"], "expected a part"),
    ):
        ended = CliRunner().invoke(app, [str(word) for word in words])
        assert ended.exit_code == 2
        assert expected in " ".join(ended.output.split())


def test_what_an_archive_was_started_with_is_compared_before_networks_are_loaded(
    done: tuple[Path, str], one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "annotate_archive", lambda *_: pytest.fail("loaded"))
    out, _ = done
    same = ["archive", videos, "--run", one_run.folder, "--out", out, "--format", "elan"]
    for words, expected in (
        (same, "another choice of formats (json, elan; now elan)"),
        ([*same, "--format", "json,elan", "--no-rules"], "another choice of rules"),
        ([*same, "--format", "json,elan", "--together", "2"], "another number of videos"),
        ([*same[:5], tmp_path / "new", "--format", "elam"], "'elam' is not an annotation format"),
        ([*same[:5], videos], "is not empty"),
        (["archive", one_run.folder, *same[2:]], "is the archive of"),
    ):
        ended = CliRunner().invoke(app, [str(word) for word in words])
        assert ended.exit_code == 2, (words, ended.output, ended.exception)
        assert expected in " ".join(ended.output.split())


@pytest.mark.parametrize(
    ("mode", "options", "named"),
    [
        ("--status", ["--shard", "1/3", "--ray", "auto"], "--shard and --ray"),
        ("--report", ["--workers", "2"], "--workers"),
        ("--verify", ["--no-rules"], "--rules"),
        ("--retry-failed", ["--format", "elan", "--together", "4", "--shard", "1/3"], "--format and --together"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    done: tuple[Path, str], mode: str, options: list[str], named: str
) -> None:
    out, _ = done
    ended = CliRunner().invoke(app, ["archive", str(out), mode, *options])
    assert ended.exit_code == 2
    assert f"so {named} would change nothing" in " ".join(ended.output.split())
    assert f"Type: actscribe archive {out} {mode}" in " ".join(ended.output.split())


def test_status_and_digests_are_told_by_the_command_line(done: tuple[Path, str]) -> None:
    out, _ = done
    ended = CliRunner().invoke(app, ["archive", str(out), "--status"])
    assert ended.exit_code == 3
    assert "4 of 7 done, 3 failed, 0 at work, 0 open." in ended.output
    ended = CliRunner().invoke(app, ["archive", str(out), "--verify"])
    assert ended.exit_code == 0
    assert "8 of 8 files are as they were written." in ended.output


@pytest.mark.parametrize(
    ("asked", "environment", "wanted"),
    [
        (None, {}, None),
        ("3/100", {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "9"}, (3, 100)),
        (None, {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "9", "SLURM_ARRAY_TASK_MIN": "1"}, (7, 9)),
        (None, {"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "0"}, (1, 4)),
        (
            None,
            {
                "SLURM_ARRAY_TASK_ID": "10",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "0",
                "SLURM_ARRAY_TASK_STEP": "5",
            },
            (3, 3),
        ),
    ],
)
def test_the_part_is_that_of_a_slurm_array(
    asked: str | None, environment: dict[str, str], wanted: tuple[int, int] | None
) -> None:
    assert _shard(asked, environment) == wanted


@pytest.mark.parametrize("number", ["7", "0", "x"])
def test_a_slurm_array_with_gaps_leaves_no_video_out_without_a_word(number: str) -> None:
    environment = {"SLURM_ARRAY_TASK_ID": number, "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1"}
    with pytest.raises(ActScribeError, match=r"not evenly spaced.*\nSay which part it is: --shard 3/100"):
        _shard(None, environment)


def test_a_run_of_the_same_weights_and_other_thresholds_does_not_go_on_with_an_archive(
    done: tuple[Path, str], one_run: Run, videos: Path, tmp_path: Path
) -> None:
    out, _ = done
    shutil.copytree(one_run.folder, tmp_path / "other")
    other = Run.open(tmp_path / "other")
    point = other.operating_point
    other.save_operating_point(point.model_copy(update={"thresholds": dict.fromkeys(point.thresholds, 0.123)}))
    other.save_info()
    with pytest.raises(ActScribeError, match="was started with another run"):
        annotate_archive(videos, other.folder, out, ("json", "elan"), None)


def other_thresholds(run: Path) -> None:
    """Make of a run another one, whole, in its place."""
    opened = Run.open(run)
    point = opened.operating_point
    opened.save_operating_point(point.model_copy(update={"thresholds": dict.fromkeys(point.thresholds, 0.123)}))
    opened.save_info()


def test_a_run_that_another_one_took_the_place_of_is_refused_by_whoever_loads_it_again(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(one_run.folder, run)
    annotate_archive(videos, run, out, hands=Hands(1, (1, 2)))
    archive, opened = Archive.open(out), Run.open(run)
    other_thresholds(run)
    before = archives.timelines(archive)
    for ask in (lambda: retry_failed(out, Hands(1)), lambda: report_again(out)):
        with pytest.raises(ActScribeError, match=r"is not as it was when .* was started with it"):
            ask()
    with pytest.raises(ActScribeError, match="is not as it was"), working(opened, archive, Compute("cpu", 1)):
        pytest.fail("a worker that begins late works with another run")
    assert archives.timelines(archive) == before
    assert archive.states(archive.videos()).count("failed") > 0  # none of them was forgotten
    shutil.rmtree(run)
    with pytest.raises(ActScribeError, match=r"run does not lie in .*\nSay where all lies now: actscribe archive"):
        report_again(out)


def test_what_moves_scores_by_rounding_is_part_of_what_an_archive_was_started_with(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    out = tmp_path / "out"
    words = ["archive", str(videos), "--run", str(one_run.folder), "--out", str(out)]
    started = CliRunner().invoke(app, [*words, "--shard", "1/2", "--batch-size", "2"])
    assert Archive.open(out).plan.batch_size == 2, started.output
    before = archives.timelines(Archive.open(out))
    for options in ([], ["--batch-size", "3"], ["--batch-size", "2", "--threads", "2"]):
        refused = CliRunner().invoke(app, [*words, *options])
        assert refused.exit_code == 2
        assert "was started with another" in " ".join(refused.output.split())
    assert archives.timelines(Archive.open(out)) == before
    again = CliRunner().invoke(app, ["archive", str(out), "--retry-failed"])  # as it is printed, without the options
    assert again.exit_code == 3, again.exception
    assert f"{len(GOOD)} of {len(GOOD + BAD)} videos have a timeline" in " ".join(again.output.split())
    with pytest.raises(ActScribeError, match=r"--batch-size \(2; now 5\)"), computing(Compute(batch_size=5)):
        retry_failed(out, Hands(1))


def test_a_worker_that_computes_in_another_way_than_the_archive_was_started_with_is_refused(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one on another node of a cluster, where other libraries are installed."""
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    annotate_archive(videos, one_run.folder, tmp_path / "out", hands=Hands(1, (7, 7)))
    archive = Archive.open(tmp_path / "out")
    with pytest.raises(ActScribeError, match=r"--threads \(1; now 2\)"), working(one_run, archive, Compute("cpu", 2)):
        pytest.fail("it works with other sums")
    monkeypatch.setattr(work, "versions", lambda: {"torch": "1.0"})
    with pytest.raises(ActScribeError, match="version of a library"), working(one_run, archive, Compute("cpu", 1)):
        pytest.fail("it works with another library")


def test_a_run_that_is_replaced_meanwhile_changes_no_timeline(one_run: Run, videos: Path, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(one_run.folder, run)
    (tmp_path / "in").mkdir()
    shutil.copy(videos / "a.mp4", tmp_path / "in" / "a.mp4")

    class Late(archives.HerePool):
        def give(self, worker: int, given: Any, then: Any) -> None:
            opened = Run.open(run)
            confidence = opened.operating_point.confidence.model_copy(update={"curves": {}})
            opened.save_operating_point(opened.operating_point.model_copy(update={"confidence": confidence}))
            opened.save_info()
            super().give(worker, given, then)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LocalPool", Late)
        ended = annotate_archive(tmp_path / "in", run, out, hands=Hands(1))
    assert ended.done == 1
    assert "is not as it was" in ended.unwritten
    assert any("1 of 1 video has a timeline" in one for one in ended.sentences)
    annotate(tmp_path / "in" / "a.mp4", one_run, out=tmp_path / "alone")
    made, alone = (json.loads((folder / "a.json").read_text()) for folder in (out / "timelines", tmp_path / "alone"))
    assert one_run.operating_point.confidence.curves
    assert made["intervals"] == alone["intervals"]


def test_videos_run_and_archive_that_were_moved_apart_go_on_together(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    folder, run = tmp_path / "in", tmp_path / "run"
    folder.mkdir()
    shutil.copytree(one_run.folder, run)
    for name in ("a.mp4", "long.mp4"):
        shutil.copy2(videos / name, folder / name)
    annotate_archive(folder, run, tmp_path / "out", hands=Hands(1, (1, 2)))
    with pytest.raises(ActScribeError, match="is the archive of"):  # the videos are still where they were
        annotate_archive(shutil.copytree(folder, tmp_path / "copy"), run, tmp_path / "out", hands=Hands(1))
    out, there = tmp_path / "far" / "away" / "out", tmp_path / "there"
    out.parent.mkdir(parents=True)
    shutil.move(tmp_path / "out", out)
    shutil.move(folder, there)
    shutil.move(run, tmp_path / "other")
    done = archives.timelines(Archive.open(out))
    with pytest.raises(ActScribeError, match=r"run does not lie in .*\nSay where all lies now"):
        retry_failed(out, Hands(1))
    (there / "a.mp4").rename(tmp_path / "a.mp4")
    with pytest.raises(ActScribeError, match=r"is the archive of .*: of its 2 videos, 1 is not there \(a\.mp4\)\.\n"):
        annotate_archive(there, tmp_path / "other", out, hands=Hands(1))
    (tmp_path / "a.mp4").rename(there / "a.mp4")
    ended = annotate_archive(there, tmp_path / "other", out, hands=Hands(1))
    assert (ended.done, ended.failed) == (2, 0)
    made = archives.timelines(Archive.open(out))
    assert (len(done), len(made), made | done) == (1, 2, made)
    assert retry_failed(out, Hands(1)).done == 2


@pytest.mark.parametrize(("pool", "ray"), [("LocalPool", ""), ("RayPool", "auto")])
def test_whoever_works_in_another_folder_finds_everything(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: str, ray: str
) -> None:
    """An actor of Ray begins in the folder in which its node was started."""

    class Elsewhere(archives.HerePool):
        def __init__(self, archive: Archive, make: Maker, *_: object) -> None:
            monkeypatch.chdir(tmp_path / "node")
            super().__init__(archive, make, [Compute("cpu", 1)])

        def close(self) -> None:
            super().close()
            monkeypatch.chdir(tmp_path)

    monkeypatch.setattr(module, pool, Elsewhere)
    monkeypatch.setattr(module, "computed_by_cluster", lambda *_: computed_here())
    for name in ("in", "node"):
        (tmp_path / name).mkdir()
    shutil.copytree(one_run.folder, tmp_path / "run")
    shutil.copy(videos / "a.mp4", tmp_path / "in" / "a.mp4")
    monkeypatch.chdir(tmp_path)
    ended = annotate_archive(Path("in"), Path("run"), Path("out"), hands=Hands(1, ray=ray))
    assert (ended.done, ended.unwritten) == (1, "")
    assert [path.name for path in (tmp_path / "out" / "timelines").iterdir()] == ["a.json"]
    assert list((tmp_path / "node").iterdir()) == []


def test_all_write_the_same_bytes_from_whatever_folder_and_whatever_was_measured_meanwhile(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    run, folder, out = tmp_path / "run", tmp_path / "in", tmp_path / "out"
    shutil.copytree(one_run.folder, run)
    for name in ("a", "copy"):
        (folder / name).mkdir(parents=True)
        shutil.copy(videos / "a.mp4", folder / name / "a.mp4")
    monkeypatch.chdir(tmp_path)
    annotate_archive(Path("in"), Path("run"), Path("out"), hands=Hands(1, (1, 2)))
    first = archives.timelines(Archive.open(out))
    evaluate(Run.open(run))
    assert quality_notes(Run.open(run)) != quality_notes(one_run)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    annotate_archive(Path("../in"), Path("../run"), Path("../out"), hands=Hands(1))
    made = archives.timelines(Archive.open(out))
    assert (len(first), len(made)) == (1, 2)
    assert len({json.dumps(json.loads(text) | {"media": []}) for text in made.values()}) == 1

    for path in (out / "state" / "done").rglob("*.json"):
        path.unlink()
    for path in (out / "timelines").rglob("*.json"):
        path.unlink()
    annotate_archive(Path("../in"), run, out, hands=Hands(1))
    assert archives.timelines(Archive.open(out)) == made


def test_each_video_is_opened_once_and_by_the_thread_that_opens_ahead(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    opened: list[tuple[str, str]] = []

    def noting(path: Path) -> Any:
        opened.append((path.name, threading.current_thread().name.partition("_")[0]))
        return one_video.probe_video(path)

    monkeypatch.setattr(work, "probe_video", noting)
    (tmp_path / "in").mkdir()
    for path in (videos / "a.mp4", videos / "night" / "b.mp4"):
        shutil.copy(path, tmp_path / "in")
    ended = annotate_archive(tmp_path / "in", one_run.folder, tmp_path / "out", hands=Hands(1))
    assert ended.done == ended.videos == len(opened)
    assert {thread for _, thread in opened} == {"opens ahead"}


def test_records_that_cannot_be_read_are_said_until_their_videos_are_done_again(
    one_run: Run, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalPool", archives.HerePool)
    (tmp_path / "in").mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(videos / ("a.mp4" if name == "a.mp4" else "night/b.mp4"), tmp_path / "in" / name)
    out = tmp_path / "out"
    words = [str(word) for word in ("archive", tmp_path / "in", "--run", one_run.folder, "--out", out)]
    assert CliRunner().invoke(app, words).exit_code == 0
    before = (out / "archive.csv").read_bytes()
    (record,) = (path for path in (out / "state" / "done").rglob("*.json") if '"a.mp4"' in path.read_text())
    record.write_text("{")

    for again in (words, ["archive", str(out), "--report"]):
        ended = CliRunner().invoke(app, again)
        output = " ".join(ended.output.split())
        assert ended.exit_code == 3, output
        assert "1 of 2 videos have a timeline" in output
        assert f"1 record in state/ cannot be read; see: actscribe archive {out} --verify" in output
        table = pd.read_csv(out / "archive.csv", encoding="utf-8-sig")
        (row,) = table[table.video == "a.mp4"].itertuples()
        assert (row.state, row.look, row.reason) == (
            "failed",
            "failed",
            "what is written down of it in state cannot be read.",
        )
        assert "--verify" in (out / "report.html").read_text(encoding="utf-8")

    ended = CliRunner().invoke(app, ["archive", str(out), "--verify"])
    assert (ended.exit_code, "move its timelines away first" in ended.output) == (3, True)
    (out / "timelines" / "a.json").unlink()
    assert CliRunner().invoke(app, words).exit_code == 0
    assert (out / "archive.csv").read_bytes() == before


def test_a_failure_of_which_the_record_cannot_be_read_is_a_failure_all_the_same(tmp_path: Path) -> None:
    archive, (video,) = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": archives.BROKEN}), tmp_path / "out")
    (outcome,) = attempt_all(archive, Claims(archive.claims()), [video], archives.work(archive))
    assert outcome.how == "failed"
    (record,) = (archive.folder / "state" / "failed").rglob("*.json")
    record.write_text("")
    assert status(archive).reasons == {"what is written down of it in state cannot be read.": 1}
    (row,) = tables.rows(tables.read(archive, None)).itertuples()
    assert (row.state, row.reason) == ("failed", "what is written down of it in state cannot be read.")
    archive.forget(video)
    assert archive.failed(video) is None
