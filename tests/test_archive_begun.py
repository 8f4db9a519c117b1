"""What an archive was begun with, and who looks at it: refused where it differs, in a sentence where it is damaged."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import archives
import pytest
import torch
from archive_tasks import CONTENTS, do, kill_before_record
from typer.testing import CliRunner

from actscribe.archive import folder as folder_module
from actscribe.archive.claims import Claims
from actscribe.archive.folder import FILE, Archive
from actscribe.archive.listing import Video
from actscribe.archive.status import status, verify
from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.run_folder.integrity import sealed
from actscribe.stored_path import StoredPath


@pytest.fixture
def made(tmp_path: Path) -> tuple[Archive, list[Video]]:
    return archives.begun(archives.fill(tmp_path / "in", CONTENTS), tmp_path / "out")


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
