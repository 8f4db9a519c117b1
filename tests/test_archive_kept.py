"""Timelines of an archive that somebody touched, corrected, damaged or lost: nothing of a person's is replaced."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import archives
import pytest
from archive_tasks import CONTENTS, do, kill_before_record
from typer.testing import CliRunner

from actscribe.archive import task as module
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video, list_archive
from actscribe.archive.record import read_done
from actscribe.archive.status import verify
from actscribe.cli import app
from actscribe.files import write_text
from actscribe.run_folder.integrity import sealed, unsealed


@pytest.fixture
def made(tmp_path: Path) -> tuple[Archive, list[Video]]:
    return archives.begun(archives.fill(tmp_path / "in", CONTENTS), tmp_path / "out")


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
