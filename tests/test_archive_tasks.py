"""One video of an archive: done once, written down however it ends, and nothing of the user's replaced."""

from __future__ import annotations

import errno
import threading
from dataclasses import replace
from pathlib import Path

import archives
import pytest
from archive_tasks import CONTENTS, do

from actscribe.archive import task as module
from actscribe.archive.claims import Claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.status import status
from actscribe.archive.task import attempt
from actscribe.errors import ActScribeError


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
