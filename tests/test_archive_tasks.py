"""One video of an archive: done once, written down however it ends, and nothing of the user's replaced."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import archives
import pytest
import torch
from typer.testing import CliRunner

from actscribe.archive import folder as folder_module
from actscribe.archive import task as module
from actscribe.archive.claims import Claims
from actscribe.archive.folder import FILE, Archive
from actscribe.archive.listing import Video, list_archive
from actscribe.archive.record import read_done
from actscribe.archive.status import status, verify
from actscribe.archive.task import Outcome, attempt
from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.run_folder.integrity import sealed, unsealed
from actscribe.stored_path import StoredPath

CONTENTS = {"a.mp4": b"one", "b/c.mp4": b"two, longer", "b/d.mp4": b"three, the longest"}


def do(archive: Archive, video: Video, claims: Claims | None = None) -> Outcome:
    return attempt(archive, claims or Claims(archive.claims()), video, archives.work(archive))


def kill_before_record(archive: Archive, video: Video) -> None:
    def killed(self: Archive, record: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Archive, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            do(archive, video)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Archive, list[Video]]:
    return archives.begun(archives.fill(tmp_path / "in", CONTENTS), tmp_path / "out")


def test_each_video_is_done_once_longest_first(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    assert [video.name for video in videos] == ["b/d.mp4", "b/c.mp4", "a.mp4"]
    for _ in range(2):
        assert [do(archive, video).how for video in videos] == ["done"] * 3
    assert len(archives.noted(archive)) == 3
    assert archives.timelines(archive) == archives.wanted(CONTENTS, list(CONTENTS))
    assert archive.states(videos) == ["done"] * 3
    record = archive.done(videos[2])
    assert record is not None
    assert (record.name, record.bytes, record.files) == (
        "a.mp4",
        3,
        {"timelines/a.json": module.content_hash(archive.folder / "timelines" / "a.json")},
    )
    assert record.labels == {"on": archives.SUMMARY}
    assert list((archive.folder / "state" / "claims").iterdir()) == []
    assert status(archive) == status(Archive.open(archive.folder))
    assert (status(archive).done, status(archive).working) == (3, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (archives.BROKEN, "not a video."),
        (archives.DEFECT, "ZeroDivisionError: a defect of a recognizer (archives.py:"),
    ],
)
def test_what_fails_is_written_down_with_its_sentence_and_can_be_tried_again(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    source = archives.fill(tmp_path / "in", {"x.mp4": content, "y.mp4": content + b"!", "z.mp4": b"good"})
    archive, videos = archives.begun(source, tmp_path / "out")
    assert [do(archive, video).how for video in videos] == ["failed", "failed", "done"]
    record = archive.failed(videos[0])
    assert record is not None
    assert record.reason.startswith(reason)
    assert str(source) not in record.reason
    progress = status(archive)
    assert (progress.done, progress.failed, list(progress.reasons.values())) == (1, 2, [2])
    archive.forget(videos[0])
    assert archive.states(videos) == ["open", "failed", "done"]


def test_what_another_process_does_while_failures_are_forgotten_stays_done(tmp_path: Path) -> None:
    source = archives.fill(
        tmp_path / "in", {"x.mp4": archives.BROKEN, "y.mp4": archives.BROKEN + b"!", "z.mp4": b"good"}
    )
    archive, videos = archives.begun(source, tmp_path / "out")
    assert [do(archive, video).how for video in videos] == ["failed", "failed", "done"]
    archive.note_death(videos[0], "one")
    done = archive.done(videos[2])
    assert done is not None
    archive.forget_failure(videos[0])  # by the other process, which does it then
    archive.save(replace(done, key=videos[0].key))
    for video in videos[:2]:
        archive.forget_failure(video)
    assert archive.states(videos) == ["done", "open", "done"]
    assert archive.note_death(videos[0], "two") == 1


def test_failures_of_one_kind_have_one_reason_and_one_line(tmp_path: Path) -> None:
    """Whichever names stand in the sentence, however they are spelled there: as many reasons as kinds."""

    def failing(video: Video) -> archives.Opened:
        stem, path = archive.stem(video), Path(video.path)
        kinds = {
            "1": f"{stem}.events.tsv: the video name {str(path.absolute())!r} cannot be written.",
            "2": f"{stem}.json: is there already.",
            "3": f"{path}: an empty file.",
            "4": f"cannot write {stem}.json, nor read {path}.",
        }
        raise ActScribeError(kinds[path.parent.name], "Rename it.")

    names = [f"{kind}/{name}.mp4" for kind in "1234" for name in ("a", "b b", "c\x1b[2J\nd")]
    archive, videos = archives.begun(archives.fill(tmp_path / "in", dict.fromkeys(names, b"x")), tmp_path / "out")
    work = replace(archives.work(archive), open=failing)
    outcomes = [attempt(archive, Claims(archive.claims()), video, work) for video in videos]
    assert status(archive).reasons == {
        "the video name cannot be written.": 3,
        "is there already.": 3,
        "an empty file.": 3,
        "cannot write its timeline, nor read it.": 3,
    }
    assert all(one.how == "failed" and one.sentence.isprintable() for one in outcomes)


def test_a_file_that_is_gone_fails_alone(tmp_path: Path) -> None:
    source = archives.fill(tmp_path / "in", CONTENTS)
    (source / "list.csv").write_text("video;site\na.mp4;1\ngone.mp4;1\nb/c.mp4;2\n")
    archive, videos = archives.begun(source / "list.csv", tmp_path / "out")
    assert [do(archive, video).how for video in videos] == ["done", "done", "failed"]
    record = archive.failed(videos[2])
    assert record is not None
    assert record.reason == "no such file."


def test_a_full_disk_stops_and_is_no_failure_of_the_video(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = made

    def full(path: Path, text: str) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise ActScribeError(f"{path}: the disk is full.") from error

    with monkeypatch.context() as patch:
        patch.setattr(archives, "write_text", full)
        assert do(archive, videos[0]).how == "stopped"
    assert archive.states(videos) == ["open"] * 3
    assert do(archive, videos[0]).how == "done"


def test_a_full_disk_is_said_in_a_sentence_wherever_it_is_met(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = made

    def full(self: Archive, video: Video) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Archive, "note_begun", full)
    outcome = do(archive, videos[0])
    assert outcome.how == "stopped"
    assert outcome.sentence.startswith(f"{archive.folder / 'state'}: the disk is full (")


def test_a_folder_in_which_nobody_can_claim_anything_stops(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = made

    def refuse(self: Claims, name: str) -> bool:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Claims, "_create", refuse)
    outcome = do(archive, videos[0])
    assert (outcome.how, "Read-only file system" in outcome.sentence) == ("stopped", True)


def test_a_file_that_is_in_the_way_is_not_replaced(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    mine = archive.folder / "timelines" / "a.json"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert do(archive, videos[2]).how == "failed"
    assert mine.read_text() == "mine"
    mine.unlink()
    archive.forget(videos[2])
    assert do(archive, videos[2]).how == "done"


def test_one_that_was_killed_between_timeline_and_record_is_done_again(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = made

    def killed(self: Archive, record: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Archive, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            do(archive, videos[0])
    before = archives.timelines(archive)
    assert len(before) == 1
    assert archive.states(videos)[0] == "open"
    assert do(archive, videos[0]).how == "done"
    assert archives.timelines(archive) == before
    assert not archive.is_begun(videos[0])


def test_two_processes_at_once_do_nothing_twice(tmp_path: Path) -> None:
    contents = {f"{index}.mp4": f"{index}".encode() for index in range(60)}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")

    def go() -> None:
        claims = Claims(archive.claims())
        left = list(videos)
        while left:
            left = [video for video in left if do(archive, video, claims).how == "taken"]

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = archives.noted(archive)
    assert len(done) == len(set(done)) == 60
    assert archives.timelines(archive) == archives.wanted(contents, list(contents))


def test_a_second_copy_waits_for_the_scores_of_the_first(tmp_path: Path) -> None:
    contents = {"a.mp4": b"same", "copy/b.mp4": b"same"}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    claims = Claims(archive.claims())
    task = archives.work(archive).open(videos[0]).task
    with claims.hold(task):
        assert do(archive, videos[0]).how == "taken"
    assert [do(archive, video).how for video in videos] == ["done"] * 2
    records = [archive.done(video) for video in videos]
    assert len({record.task for record in records if record}) == 1
    assert archives.timelines(archive) == archives.wanted(contents, list(contents))


@pytest.mark.parametrize("late", [True, False])
def test_a_record_that_is_seen_late_costs_work_and_nothing_else(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    archive, videos = made
    do(archive, videos[0])
    before = archives.timelines(archive)
    if late:  # as over NFS: neither the record nor the note of a beginning is seen, but the timeline is
        monkeypatch.setattr(Archive, "is_done", lambda self, video: False)
    again = do(archive, videos[0])
    assert again.how == ("failed" if late else "done")
    monkeypatch.undo()
    assert archives.timelines(archive) == before
    assert archive.states(videos)[0] == "done"  # whatever another process says of it


def test_a_video_that_changed_is_another_one(made: tuple[Archive, list[Video]], tmp_path: Path) -> None:
    archive, videos = made
    do(archive, videos[2])
    path = tmp_path / "in" / "a.mp4"
    path.write_bytes(b"other")
    again = {video.name: video for video in list_archive(tmp_path / "in")}
    assert again["a.mp4"].key != videos[2].key
    assert again["b/c.mp4"] == videos[1]


def touched(archive: Archive, video: Video) -> Video:
    """Let a file seem to have changed later, as one does that is copied without its times, and list it again."""
    os.utime(video.path, (0.0, 1e9))
    listed = list_archive(archive.plan.source.find(archive.folder))
    return next(one for one in listed if one.name == video.name)


def test_a_file_that_was_only_touched_keeps_its_timeline(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    do(archive, videos[2])
    timeline = archive.folder / "timelines" / "a.json"
    timeline.write_text("corrected by a person")
    again = touched(archive, videos[2])
    assert again.key != videos[2].key
    assert do(archive, again).how == "done"
    assert archive.states([again]) == ["done"]
    assert timeline.read_text() == "corrected by a person"
    assert len(archives.noted(archive)) == 1
    archive.save_videos([again])
    assert verify(archive).changed == ("timelines/a.json",)


def test_a_kill_just_after_the_record_lets_no_later_call_write_over_a_correction(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = made

    def killed(archive: Archive, video: Video) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Archive, "end_begun", killed)
        do(archive, videos[2])
    assert archive.states(videos) == ["open", "open", "done"]
    timeline = archive.folder / "timelines" / "a.json"
    timeline.write_text("corrected by a person")
    again = touched(archive, videos[2])
    assert do(archive, again).how == "done"
    Path(again.path).write_bytes(b"other content")
    assert do(archive, touched(archive, again)).how == "failed"
    assert timeline.read_text() == "corrected by a person"


def test_what_is_corrected_after_a_kill_before_the_record_is_not_written_over(
    made: tuple[Archive, list[Video]],
) -> None:
    archive, videos = made
    for video in videos:
        kill_before_record(archive, video)
    own = [archive.stem(video).with_suffix(".json") for video in videos]
    own[0].write_text("corrected by a person")
    own[1].unlink()
    outcomes = [do(archive, video) for video in videos]
    assert [one.how for one in outcomes] == ["failed", "done", "done"]
    assert "is not replaced" in outcomes[0].sentence
    assert own[0].read_text() == "corrected by a person"
    assert [path.read_text() for path in own[1:]] == [
        archives.expected(Path(one.path).read_bytes()) for one in videos[1:]
    ]
    own[0].unlink()
    assert do(archive, videos[0]).how == "done"


def test_what_is_corrected_while_its_video_is_scored_again_is_not_written_over(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = made
    kill_before_record(archive, videos[0])
    timeline = archive.stem(videos[0]).with_suffix(".json")
    score = archives.Opened.make

    def corrected_meanwhile(self: archives.Opened) -> Any:
        timeline.write_text("corrected by a person")
        return score(self)

    monkeypatch.setattr(archives.Opened, "make", corrected_meanwhile)
    outcome = do(archive, videos[0])
    assert (outcome.how, timeline.read_text()) == ("failed", "corrected by a person")
    assert "is not replaced" in outcome.sentence


def test_a_file_with_other_content_does_not_pass_for_one_that_was_touched(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    do(archive, videos[2])
    Path(videos[2].path).write_bytes(b"two")
    again = touched(archive, videos[2])
    assert do(archive, again).how == "failed"
    assert archives.timelines(archive) == archives.wanted(CONTENTS, ["a.mp4"])


def test_a_note_for_which_the_disk_had_no_room_is_none(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    archive.note_begun(videos[2])
    (note,) = (path for path in (archive.folder / "state" / "begun").rglob("*") if path.is_file())
    note.write_text("")
    assert not archive.is_begun(videos[2])
    kill_before_record(archive, videos[2])
    assert archive.is_begun(videos[2])
    assert do(archive, videos[2]).how == "done"


def test_a_file_that_was_touched_after_a_kill_is_done_again(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    kill_before_record(archive, videos[2])
    again = touched(archive, videos[2])
    assert do(archive, again).how == "done"
    assert not archive.is_begun(videos[2])
    assert archives.timelines(archive) == archives.wanted(CONTENTS, ["a.mp4"])


def test_what_was_written_is_compared_with_its_digest(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    for video in videos:
        do(archive, video)
    assert verify(archive).files == 3
    (archive.folder / "timelines" / "a.json").write_text("corrected by a person")
    (archive.folder / "timelines" / "b" / "c.json").unlink()
    verified = verify(archive)
    assert (verified.files, verified.changed, verified.gone) == (3, ("timelines/a.json",), ("timelines/b/c.json",))
    assert archive.states(videos) == ["done", "open", "done"]
    assert [do(archive, video).how for video in videos] == ["done"] * 3
    assert (archive.folder / "timelines" / "a.json").read_text() == "corrected by a person"
    assert (archive.folder / "timelines" / "b" / "c.json").exists()


@pytest.mark.parametrize("what", ["timelines/a.json", "record"])
def test_nothing_follows_from_what_a_network_does_not_give_now(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    archive, videos = made
    for video in videos:
        do(archive, video)
    name = what if what != "record" else next(one.name for one in videos if one.name == "a.mp4")
    paths = {read_done(path).name: path for path in (archive.folder / "state" / "done").rglob("*.json")}  # type: ignore[union-attr]
    stale = paths["a.mp4"] if what == "record" else archive.folder / what
    opened = Path.open

    def stale_handle(path: Path, *rest: Any, **more: Any) -> Any:
        if path == stale:
            raise OSError(errno.ESTALE, "Stale file handle")
        return opened(path, *rest, **more)

    monkeypatch.setattr(Path, "open", stale_handle)
    verified = verify(archive)
    assert (verified.unread, verified.gone, verified.changed, verified.unreadable) == ((name,), (), (), ())
    ended = CliRunner().invoke(app, ["archive", str(archive.folder), "--verify"])
    assert ended.exit_code == 3
    assert f"cannot be read now: {name}" in ended.output
    monkeypatch.undo()
    assert archive.states(videos) == ["done"] * 3
    assert verify(archive).unread == ()


def test_what_is_gone_is_named_where_nothing_can_be_written(
    made: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = made
    for video in videos:
        do(archive, video)
    (archive.folder / "timelines" / "a.json").unlink()

    def refuse(self: Archive, video: Video) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Archive, "note_begun", refuse)
    check = verify(archive)
    assert check.gone == ("timelines/a.json",)
    assert check.unnoted.endswith("state: cannot be written: Read-only file system.")
    ended = CliRunner().invoke(app, ["archive", str(archive.folder), "--verify"])
    assert ended.exit_code == 3
    assert "gone: timelines/a.json" in ended.output
    assert "is not noted, so no command writes it again" in " ".join(ended.output.split())


def test_a_corrected_file_is_not_written_over_when_another_of_its_video_is_gone(
    made: tuple[Archive, list[Video]],
) -> None:
    archive, videos = made
    do(archive, videos[2])
    record = archive.done(videos[2])
    assert record is not None
    other = archive.folder / "timelines" / "a.eaf"
    other.write_text("as it was written")
    archive.save(replace(record, files=record.files | {"timelines/a.eaf": module.content_hash(other)}))
    other.write_text("corrected by a person")
    (archive.folder / "timelines" / "a.json").unlink()
    verified = verify(archive)
    assert (verified.changed, verified.gone) == (("timelines/a.eaf",), ("timelines/a.json",))
    assert do(archive, videos[2]).how == "done"
    assert archive.is_done(videos[2])
    assert not archive.is_begun(videos[2])
    assert other.read_text() == "corrected by a person"


def test_of_several_timelines_those_that_are_gone_are_made_again_and_one_corrected_meanwhile_is_kept(
    tmp_path: Path,
) -> None:
    source = archives.fill(tmp_path / "in", CONTENTS)
    archive, videos = archives.begun(source, tmp_path / "out", formats=("json", "elan"))
    assert [do(archive, video).how for video in videos] == ["done"] * 3
    stems = [archive.stem(video) for video in videos]
    gone = [stem.with_suffix(ending) for stem, ending in zip(stems, (".json", ".eaf", ".json"), strict=True)]
    for path in gone:
        path.unlink()
    assert len(verify(archive).gone) == 3
    corrected = stems[2].with_suffix(".eaf")
    corrected.write_text("corrected by a person")
    outcomes = [do(archive, video) for video in videos]
    assert [one.how for one in outcomes] == ["done", "done", "failed"]
    assert [path.exists() for path in gone] == [True, True, False]
    assert corrected.read_text() == "corrected by a person"
    assert verify(archive).whole == 4


def test_a_timeline_made_by_hand_after_a_failure_is_not_replaced(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    Path(videos[2].path).write_bytes(archives.DEFECT)
    assert do(archive, videos[2]).how == "failed"
    assert not archive.is_begun(videos[2])
    mine = archive.folder / "timelines" / "a.json"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("made by hand")
    archive.forget(videos[2])
    Path(videos[2].path).write_bytes(CONTENTS["a.mp4"])
    assert do(archive, videos[2]).how == "failed"
    assert mine.read_text() == "made by hand"


def test_a_record_that_cannot_be_read_is_named_and_its_files_are_kept(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    for video in videos:
        do(archive, video)
    paths = {read_done(path).name: path for path in (archive.folder / "state" / "done").rglob("*.json")}  # type: ignore[union-attr]
    paths["a.mp4"].write_text("")
    write_text(paths["b/c.mp4"], sealed({**unsealed(paths["b/c.mp4"]), "of a later version": 1}))
    verified = verify(archive)
    assert (verified.files, sorted(verified.unreadable)) == (1, ["a.mp4", "b/c.mp4"])
    assert archive.states(videos) == ["done", "open", "open"]
    before = archives.timelines(archive)
    assert [do(archive, video).how for video in videos] == ["done", "failed", "failed"]
    assert archives.timelines(archive) == before


def test_a_damaged_record_counts_as_none(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    do(archive, videos[0])
    path = next((archive.folder / "state" / "done").rglob("*.json"))
    path.write_text(path.read_text().replace("three", "tree"))
    path.write_text(path.read_text().replace('"bytes": 18', '"bytes": 19'))
    assert archive.done(videos[0]) is None


def test_an_archive_is_gone_on_with_only_where_all_would_be_made_alike(
    made: tuple[Archive, list[Video]], tmp_path: Path
) -> None:
    archive, _ = made
    plan = archive.plan
    assert Archive.begin(archive.folder, plan) == archive
    moved = plan.model_copy(update={"run": StoredPath.of(tmp_path / "moved", archive.folder)})
    assert Archive.begin(archive.folder, moved).plan.run == moved.run
    assert Archive.open(archive.folder).plan == moved
    assert Archive.begin(archive.folder, plan) == archive
    (tmp_path / "other").mkdir()
    for changes, message in (
        ({"versions": {"torch": "1"}}, "version of a library"),
        ({"model": "1"}, "run or other settings"),
        ({"formats": ("elan",)}, r"choice of formats \(json; now elan\)"),
        ({"rules": False}, r"choice of rules \(as the run has it; now not applied\)"),
        ({"device": "cuda"}, r"kind of device \(cpu; now cuda\)"),
        ({"precision": "bf16"}, r"precision \(float32; now bf16\)"),
        ({"threads": 2}, r"number of --threads \(1; now 2\)"),
        ({"batch_size": 8}, r"--batch-size \(1; now 8\)"),
        ({"compile": True}, r"choice of --compile \(not compiled; now compiled\)"),
        ({"together": 8}, r"number of videos that are scored together \(1; now 8\)"),
        ({"source": StoredPath.of(tmp_path / "other", archive.folder)}, "is the archive of"),
    ):
        with pytest.raises(ActScribeError, match=message):
            Archive.begin(archive.folder, plan.model_copy(update=changes))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ActScribeError, match="is not empty"):
        Archive.begin(tmp_path / "full", plan)
    values = json.loads((archive.folder / FILE).read_text())
    for text, message in (
        (json.dumps(values | {"model": "2"}), "was changed"),
        ("[]", "not written by"),
        ("{", "cannot"),
    ):
        (archive.folder / FILE).write_text(text)
        with pytest.raises(ActScribeError, match=message) as refused:
            Archive.open(archive.folder)
        assert "train" not in refused.value.hint  # it is no run
        assert "--out" in refused.value.hint
    with pytest.raises(ActScribeError, match="no archive here"):
        Archive.open(tmp_path)


def test_of_two_that_begin_an_archive_at_once_one_is_refused(
    made: tuple[Archive, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, folder = made[0].plan, tmp_path / "fresh"
    other = plan.model_copy(update={"formats": ("elan",)})
    whole = folder_module.create_whole

    def beaten(path: Path, text: str) -> bool:
        monkeypatch.setattr(folder_module, "create_whole", whole)
        assert Archive.begin(folder, other).plan == other  # another process, after we saw that nothing is there
        return whole(path, text)

    monkeypatch.setattr(folder_module, "create_whole", beaten)
    with pytest.raises(ActScribeError, match="choice of formats"):
        Archive.begin(folder, plan)
    assert Archive.open(folder).plan == other


@pytest.mark.parametrize(
    "damage",
    ["{}", "[[]]", '[["k", "n", "p", "12", "s", []]]', '[["k", "n", "p", 12, "s", [1]]]', "[1]", "null", '[["k"'],
)
def test_a_damaged_list_of_videos_is_no_empty_one(made: tuple[Archive, list[Video]], damage: str) -> None:
    archive, videos = made
    assert archive.videos() == videos
    (archive.folder / "state" / "videos.json").write_text(damage)
    with pytest.raises(ActScribeError, match=r"videos\.json: cannot be read"):
        archive.videos()


def test_how_long_is_left_is_told_from_the_pace_since_the_last_pause(tmp_path: Path) -> None:
    """Ten videos at 10 s each in the evening, ten at 30 s since this morning: the night between them is no pace."""
    contents = {f"{index:02}.mp4": b"x" * (100 - index) for index in range(26)}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    moments = [1e9 + 10 * index for index in range(10)] + [1e9 + 50_000 + 30 * index for index in range(10)]
    for video, moment in zip(videos, moments, strict=False):
        do(archive, video)
        (path,) = (archive.folder / "state" / "done").rglob(f"{video.key}.json")
        os.utime(path, (moment, moment))
    assert status(archive).left_s is None  # nobody is at work
    with Claims(archive.claims()).hold(videos[20].key):
        assert status(archive).left_s == pytest.approx(6 * 30)


def test_who_looks_on_writes_nothing(made: tuple[Archive, list[Video]]) -> None:
    archive, _ = made
    before = sorted(archive.folder.rglob("*"))
    assert status(archive).done == 0
    assert sorted(archive.folder.rglob("*")) == before


def test_files_that_nfs_keeps_until_nobody_has_them_open_are_nobodys(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    do(archive, videos[0])
    record = archive._path("done", videos[0].key)
    for folder in (archive.claims(), record.parent, archive.folder / "timelines"):
        (folder / ".nfs000000000123456700000001").write_text("as it was")
    assert (status(archive).done, status(archive).working) == (1, 0)
    assert [do(archive, video).how for video in videos] == ["done"] * 3
    assert verify(archive).files == 3
    assert archive.states(videos) == ["done"] * 3


def test_an_archive_that_is_typed_alone_is_told_how_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = archives.fill(tmp_path / "the videos", CONTENTS), tmp_path / "out"
    archive, _ = archives.begun(source, out, together=4, formats=("json", "elan"))
    computed = {"threads": 2, "batch_size": 8, "compile": True, "rules": False}
    write_text(out / FILE, sealed(archive.plan.model_copy(update=computed).model_dump(mode="json")))
    result = CliRunner().invoke(app, ["archive", str(out)], env={"COLUMNS": "500"})
    assert (result.exit_code, "is an archive" in result.output) == (2, True)
    *_, again = result.output.splitlines()
    asked = f"--out {out} --format json,elan --no-rules --threads 2 --batch-size 8 --together 4 --compile"
    assert shlex.split(again) == ["actscribe", "archive", str(source), "--run", str(source), *asked.split()]
    monkeypatch.setattr("actscribe.models.device.device", lambda: torch.device("cuda"))  # it has got a GPU meanwhile
    *_, again = CliRunner().invoke(app, ["archive", str(out)], env={"COLUMNS": "500"}).output.splitlines()
    assert again.endswith(f"{asked} --device cpu")


def test_who_was_killed_is_not_at_work(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    program = "from actscribe.leftovers import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    holders = ("0123456789ab-77-123-deadbeef", f"{ended}-00000000", Claims(archive.claims()).holder)
    archive.claims().mkdir(parents=True)
    for video, holder in zip(videos, holders, strict=True):
        (archive.claims() / video.key).write_text(f"{holder} 0")
    assert status(archive).working == 2


def test_an_archive_of_another_version_is_refused_in_a_sentence(made: tuple[Archive, list[Video]]) -> None:
    archive, _ = made
    values = archive.plan.model_dump(mode="json")
    del values["threads"]
    write_text(archive.folder / FILE, sealed(values | {"computing": "cpu"}))
    with pytest.raises(ActScribeError) as refused:
        Archive.open(archive.folder)
    assert refused.value.message.endswith(" (threads: is not in it, and 1 other problem).")
    assert refused.value.hint.startswith("Use the version that made it.")


def test_what_file_managers_leave_in_the_state_is_nobodys(made: tuple[Archive, list[Video]]) -> None:
    archive, videos = made
    outcomes = [do(archive, video) for video in videos[1:]]
    assert [one.how for one in outcomes] == ["done"] * 2
    assert archive.note_death(videos[0], "0123456789abcdef") == 1
    for folder in (archive.folder / "state", *(archive.folder / "state").rglob("*")):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini") * folder.is_dir():
            (folder / name).write_bytes(b"\xd0\xcf\x11\xe0")
    assert archive.states(videos) == ["open", "done", "done"]
    assert (status(archive).done, verify(archive).whole) == (2, 2)
    assert archive.note_death(videos[0], "123456789abcdef0") == 2
    Claims(archive.claims()).free("somebody")
    assert do(archive, videos[0]).how == "done"


def test_a_note_that_a_power_failure_made_unreadable_lets_nothing_be_replaced(
    made: tuple[Archive, list[Video]],
) -> None:
    archive, (video, *_) = made
    kill_before_record(archive, video)
    (timeline,) = (archive.folder / "timelines").rglob("*.json")
    before = timeline.read_bytes()
    archive._path("begun", video.key[:16]).write_bytes(b"\xff\xfe\x80")
    outcome = do(archive, video)
    assert (outcome.how, timeline.read_bytes()) == ("failed", before)
    assert "is there already" in outcome.sentence


def test_names_in_another_encoding_are_spelled_so_that_every_table_holds_them(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    try:
        archives.fill(tmp_path / "in", {name: b"x"})
    except OSError:
        pytest.skip("this file system takes no such names")
    archive, videos = archives.begun(tmp_path / "in", tmp_path / "out")
    assert archive.videos() == videos
    assert do(archive, videos[0]).how == "done"
    record = archive.done(videos[0])
    assert record is not None
    assert record.name == "caf\\xe9.mp4"
