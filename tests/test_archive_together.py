"""Short videos of an archive that are scored together: each still ends by itself, whatever lies among them."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import archives
import pytest

from actscribe.archive import pool as module
from actscribe.archive.claims import Claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.local import LocalPool
from actscribe.archive.pool import Heard, hand_out
from actscribe.archive.task import Outcome, attempt_all
from actscribe.compute import Compute
from actscribe.files import explain_os_error

CONTENTS = {f"{index}.mp4": b"x" * (20 - index) for index in range(5)}


def names(videos: Sequence[Video]) -> list[str]:
    return [video.name for video in videos]


def test_what_nobody_else_is_at_is_scored_together_and_done_one_by_one(tmp_path: Path) -> None:
    contents = CONTENTS | {"copy of 1.mp4": CONTENTS["1.mp4"], "broken.mp4": archives.BROKEN}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    together: list[list[str]] = []
    work = archives.work(archive, together)
    ours, theirs = Claims(archive.claims()), Claims(archive.claims())
    assert attempt_all(archive, ours, videos[-1:], work)[0].how == "failed"  # alone
    by_name = {video.name: video for video in videos}
    attempt_all(archive, ours, [by_name["0.mp4"]], work)
    assert together == []
    with theirs.hold(by_name["2.mp4"].key):
        outcomes = attempt_all(archive, ours, videos, work)
    assert together == [["1.mp4", "3.mp4", "4.mp4"]]  # one of two copies, and neither what is done nor what is taken
    hows = {video.name: outcome.how for video, outcome in zip(videos, outcomes, strict=True)}
    assert hows == dict.fromkeys(contents, "done") | {"2.mp4": "taken", "broken.mp4": "failed"}
    assert list((archive.folder / "state" / "claims").iterdir()) == []
    good = [name for name in contents if name not in ("2.mp4", "broken.mp4")]
    assert archives.timelines(archive) == archives.wanted(contents, good)


def test_a_defect_that_one_of_them_brings_about_costs_that_one_alone(tmp_path: Path) -> None:
    contents = CONTENTS | {"defect.mp4": archives.DEFECT}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    outcomes = attempt_all(archive, Claims(archive.claims()), videos, archives.work(archive))
    assert [outcome.how for outcome in outcomes] == ["done"] * 5 + ["failed"]
    assert "ZeroDivisionError: a defect of a recognizer" in outcomes[-1].sentence
    assert archives.timelines(archive) == archives.wanted(contents, list(CONTENTS))


class Dying(archives.HerePool):
    """A worker that is gone instead of doing some videos, see `archives.HerePool`; notes what it is given."""

    def __init__(self, archive: Archive, deadly: str = "") -> None:
        super().__init__(archive, archives.make, [Compute()])
        self.given: list[list[str]] = []
        self._deadly = deadly

    def give(self, worker: int, videos: Sequence[Video], then: Sequence[Video]) -> None:
        self.given.append(names(videos))
        if self._deadly in self.given[-1]:
            self._heard += [Heard(worker, died=True), Heard(worker)]
        else:
            super().give(worker, videos, then)


def done_by(pool: Dying, archive: Archive, videos: list[Video]) -> list[Outcome]:
    with closing(pool):
        return hand_out(archive, videos, pool, lambda *_: None)


def test_as_many_are_given_as_the_plan_says_and_no_more_than_fill_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOGETHER_BYTES", 60)
    contents = {"long.mp4": b"l" * 100, **CONTENTS}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out", together=3)
    pool = Dying(archive)
    assert {one.how for one in done_by(pool, archive, videos)} == {"done"}
    assert pool.given == [["long.mp4"], ["0.mp4", "1.mp4", "2.mp4"], ["3.mp4", "4.mp4"]]  # 20 + 19 + 18 bytes


def test_what_killed_a_worker_is_found_without_setting_others_aside(tmp_path: Path) -> None:
    archive, videos = archives.begun(archives.fill(tmp_path / "in", CONTENTS), tmp_path / "out", together=3)
    pool = Dying(archive, "1.mp4")
    outcomes = done_by(pool, archive, videos)
    alone = [["0.mp4"], ["1.mp4"], ["2.mp4"], ["3.mp4"], ["4.mp4"], ["1.mp4"]]  # 3 and 4 were being opened
    assert pool.given == [["0.mp4", "1.mp4", "2.mp4"], *alone]
    assert sorted(one.how for one in outcomes) == ["done"] * 4 + ["failed"]
    (record,) = [one for video in videos if (one := archive.failed(video)) is not None]
    assert (record.name, record.reason[:14]) == ("1.mp4", "2 workers died")


@pytest.mark.parametrize("method", ["note_death", "save"])
def test_a_worker_that_dies_while_the_disk_is_full_stops_the_archive_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    archive, videos = archives.begun(archives.fill(tmp_path / "in", CONTENTS), tmp_path / "out")
    full = OSError(errno.ENOSPC, "No space left on device")

    def refuse(archive: Archive, *_: object) -> int:
        raise full if method == "note_death" else explain_os_error(full, archive.folder / "state")

    with monkeypatch.context() as patch:
        patch.setattr(Archive, method, refuse)
        outcomes = done_by(Dying(archive, videos[0].name), archive, videos[:1])
    assert [(one.how, "the disk is full" in one.sentence) for one in outcomes] == [("stopped", True)]
    assert archive.states(videos) == ["open"] * len(videos)


@pytest.mark.slow
def test_workers_that_are_killed_over_several_lose_nothing(tmp_path: Path) -> None:
    contents = {f"{index:02}.mp4": archives.SLOW + b"x" * index for index in range(12)}
    contents |= {"poison.mp4": archives.POISON, "text.mp4": archives.BROKEN, "copy.mp4": contents["07.mp4"]}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out", together=4)
    killed: list[int] = []
    with closing(LocalPool(archive, archives.make, [Compute("cpu", 1)] * 2)) as pool:

        def tell(video: Video, outcome: Outcome) -> None:
            if not killed:
                killed.append(pool.pids[0])
                os.kill(killed[0], signal.SIGKILL)

        outcomes = hand_out(archive, videos, pool, tell)
    assert len(outcomes) == len(contents)
    failed = {one.name: one.reason for video in videos if (one := archive.failed(video)) is not None}
    assert set(failed) == {"poison.mp4", "text.mp4"}
    assert failed["poison.mp4"] == "2 workers died while they were at it, so it was set aside."
    good = [name for name in contents if name not in failed]
    assert archives.timelines(archive) == archives.wanted(contents, good)
    assert list((archive.folder / "state" / "claims").glob("[!.]*")) == []
