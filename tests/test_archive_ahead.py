"""The next videos of an archive are opened while others are scored; what is made is the same."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import archives
import pytest
from videos import make_video

from actscribe.archive import ahead
from actscribe.archive.ahead import opened_ahead
from actscribe.archive.claims import Claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.pool import Heard, hand_out
from actscribe.archive.task import Outcome, Work, attempt_all
from actscribe.compute import Compute
from actscribe.errors import UnreadableVideo
from actscribe.video.contained import contained
from actscribe.video.probe import probe

CONTENTS = {f"{index}.mp4": b"x" * (20 - index) for index in range(4)}


def noting(opened: list[tuple[str, str]]) -> Callable[[Video], str]:
    """Return what opens a video by reading it, and notes its name and the thread."""

    def open_video(video: Video) -> str:
        opened.append((video.name, threading.current_thread().name.partition("_")[0]))
        try:
            return Path(video.path).read_text()
        except FileNotFoundError:
            raise UnreadableVideo(f"{video.path}: no such file.", "Check the name.") from None

    return open_video


@pytest.fixture
def four(tmp_path: Path) -> tuple[Archive, list[Video]]:
    return archives.begun(archives.fill(tmp_path / "in", CONTENTS), tmp_path / "out")


def test_the_next_is_opened_before_the_one_before_has_ended(four: tuple[Archive, list[Video]]) -> None:
    archive, videos = four
    is_open = {video.name: threading.Event() for video in videos}
    waited: list[bool] = []
    work = archives.work(archive)

    def open_video(video: Video) -> Any:
        is_open[video.name].set()
        return work.open(video)

    class Watched(archives.HerePool):
        def give(self, worker: int, given: Sequence[Video], then: Sequence[Video]) -> None:
            with opened_ahead(open_video) as (take, begin):
                begin([*given, *then])
                waited.extend(is_open[video.name].wait(30) for video in then)
                self._work = Work(take, work.score, begin)
                super().give(worker, given, then)

    with closing(Watched(archive, archives.make, [Compute()])) as pool:
        ended = hand_out(archive, videos, pool, lambda *_: None)
    assert [one.how for one in ended] == ["done"] * 4
    assert waited == [True] * 3  # each but the first was open while the one before was not begun
    assert archives.timelines(archive) == archives.wanted(CONTENTS, list(CONTENTS))


def test_each_is_read_once_and_by_the_thread(four: tuple[Archive, list[Video]]) -> None:
    _, videos = four
    opened: list[tuple[str, str]] = []
    with opened_ahead(noting(opened)) as (take, begin):
        begin(videos[:2])
        assert [take(video) for video in videos[:1]] == ["x" * 20]
        begin(videos[1:3])
        assert [take(video) for video in videos[1:3]] == ["x" * 19, "x" * 18]
        assert take(videos[3]) == "x" * 17  # nobody said that it would come
    own = threading.current_thread().name.partition("_")[0]
    assert opened == [(f"{index}.mp4", "opens ahead") for index in range(3)] + [("3.mp4", own)]


def test_one_that_changes_meanwhile_is_opened_again_as_it_is_then(four: tuple[Archive, list[Video]]) -> None:
    _, videos = four
    opened: list[tuple[str, str]] = []
    with opened_ahead(noting(opened)) as (take, begin):
        begin(videos)
        take(videos[3])  # the last: all others are open by now
        Path(videos[0].path).write_text("longer than it was before")
        assert take(videos[0]) == "longer than it was before"
        Path(videos[1].path).unlink()
        with pytest.raises(UnreadableVideo, match="no such file"):
            take(videos[1])
    assert [name for name, _ in opened] == ["0.mp4", "1.mp4", "2.mp4", "3.mp4", "0.mp4", "1.mp4"]


def test_one_that_cannot_be_read_is_refused_in_its_own_turn(four: tuple[Archive, list[Video]]) -> None:
    _, videos = four
    Path(videos[1].path).unlink()
    with opened_ahead(noting([])) as (take, begin):
        begin(videos)
        assert take(videos[0]) == "x" * 20
        with pytest.raises(UnreadableVideo, match="no such file"):
            take(videos[1])
        assert take(videos[2]) == "x" * 18


@pytest.mark.parametrize("passing", [OSError(errno.ESTALE, "Stale file handle"), MemoryError()])
def test_an_error_that_has_passed_by_its_turn_costs_a_video_nothing(
    four: tuple[Archive, list[Video]], passing: Exception
) -> None:
    _, videos = four
    errors = [passing]

    def open_video(video: Video) -> str:
        if errors:
            raise errors.pop()
        return Path(video.path).read_text()

    with opened_ahead(open_video) as (take, begin):
        begin(videos[:1])
        assert take(videos[0]) == "x" * 20
    assert errors == []


def test_what_a_disk_does_not_say_the_state_of_is_opened_in_its_own_turn(
    four: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, videos = four
    monkeypatch.setattr(ahead, "_state", lambda video: None)
    opened: list[tuple[str, str]] = []
    with opened_ahead(noting(opened)) as (take, begin):
        begin(videos[:1])
        assert take(videos[0]) == "x" * 20
    assert [name for name, _ in opened] == ["0.mp4", "0.mp4"]


def test_what_is_done_is_not_read_again(four: tuple[Archive, list[Video]]) -> None:
    archive, videos = four
    begun: list[list[str]] = []
    work = archives.work(archive)
    noted = Work(work.open, work.score, lambda some: begun.append([video.name for video in some]))
    claims = Claims(archive.claims())
    attempt_all(archive, claims, videos[:1], noted, videos[1:])
    attempt_all(archive, claims, videos[:1], noted, videos[1:])
    assert begun == [["0.mp4", "1.mp4", "2.mp4", "3.mp4"], ["1.mp4", "2.mp4", "3.mp4"]]


def test_a_disk_that_does_not_answer_stops_with_a_sentence_and_kills_no_worker(
    four: tuple[Archive, list[Video]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, videos = four

    def stale(self: Archive, video: Video) -> bool:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(Archive, "is_done", stale)
    (outcome,) = attempt_all(archive, Claims(archive.claims()), videos[:1], archives.work(archive), videos[1:])
    assert outcome.how == "stopped"
    assert "Stale file handle" in outcome.sentence


class Scripted:
    """Workers that end or die in the order that a test says."""

    def __init__(self, workers: int, order: Sequence[tuple[int, bool]]) -> None:
        self.given: list[tuple[int, list[str], list[str]]] = []
        self._ready, self._order = [Heard(index) for index in range(workers)], list(order)
        self._working: dict[int, Sequence[Video]] = {}

    def give(self, worker: int, videos: Sequence[Video], then: Sequence[Video]) -> None:
        self.given.append((worker, [one.name for one in videos], [one.name for one in then]))
        self._working[worker] = videos

    def hear(self, seconds: float) -> list[Heard]:
        if self._ready:
            return [self._ready.pop(0)]
        worker, dies = self._order.pop(0)
        videos = self._working.pop(worker)
        if dies:
            self._ready.append(Heard(worker))
            return [Heard(worker, died=True)]
        return [Heard(worker, tuple(Outcome(one.key, "done") for one in videos))]

    def close(self) -> None:
        pass


def test_a_worker_is_given_what_it_was_promised_unless_another_one_is_idle(four: tuple[Archive, list[Video]]) -> None:
    archive, videos = four
    pool = Scripted(2, [(0, False), (0, False), (0, False), (1, False)])
    ended = hand_out(archive, videos, pool, lambda *_: None)
    assert sorted(one.key for one in ended) == sorted(video.key for video in videos)
    assert pool.given == [
        (0, ["0.mp4"], ["1.mp4"]),
        (1, ["2.mp4"], ["3.mp4"]),
        (0, ["1.mp4"], []),
        (0, ["3.mp4"], []),  # promised to the other, who is still busy
    ]


def test_what_a_dead_worker_was_promised_is_done_by_itself_for_it_may_have_been_that(
    four: tuple[Archive, list[Video]],
) -> None:
    archive, videos = four
    pool = Scripted(1, [(0, True), (0, False), (0, False), (0, False), (0, False)])
    ended = hand_out(archive, videos, pool, lambda *_: None)
    assert sorted(one.key for one in ended) == sorted(video.key for video in videos)
    assert [names for _, *names in pool.given] == [
        [["0.mp4"], ["1.mp4"]],
        [["2.mp4"], ["3.mp4"]],
        [["3.mp4"], []],
        [["0.mp4"], []],
        [["1.mp4"], []],
    ]


def test_no_death_is_held_against_a_video_that_was_not_alone_however_often_it_is_begun(
    four: tuple[Archive, list[Video]],
) -> None:
    """What one process has learned of a death, the next one does not know, nor one that works beside it."""
    archive, videos = four
    for _ in range(3):
        with pytest.raises(IndexError):  # the script ends behind the death, as whoever hands out may
            hand_out(archive, videos, Scripted(1, [(0, True)]), lambda *_: None)
    assert archive.states(videos) == ["open"] * 4


def test_no_death_is_held_against_a_video_whose_worker_was_opening_what_another_one_took_over(
    four: tuple[Archive, list[Video]],
) -> None:
    archive, videos = four
    pool = Scripted(2, [(0, False), (0, False), (1, True), (0, False), (1, False)])
    ended = hand_out(archive, videos, pool, lambda *_: None)
    assert sorted(one.key for one in ended) == sorted(video.key for video in videos)
    assert [names for _, *names in pool.given][2:] == [
        [["1.mp4"], []],
        [["3.mp4"], []],  # promised to the other, who was opening it when he died over 2.mp4
        [["2.mp4"], []],
    ]
    assert archive.note_death(videos[2], "now") == 1


@pytest.mark.parametrize("together", [1, 2])
def test_what_kills_workers_while_it_is_opened_ahead_takes_no_other_video_with_it(
    tmp_path: Path, together: int
) -> None:
    archive, videos = archives.begun(archives.fill(tmp_path / "in", CONTENTS), tmp_path / "out", together)

    class Deadly(Scripted):
        def hear(self, seconds: float) -> list[Heard]:
            if not self._ready:
                worker, *names = self.given[-1]
                self._order.append((worker, any("1.mp4" in some for some in names)))
            return super().hear(seconds)

    ended = hand_out(archive, videos, Deadly(1, []), lambda *_: None)
    failed = [video.name for video in videos for one in ended if (one.key, one.how) == (video.key, "failed")]
    assert (len(ended), failed) == (4, ["1.mp4"])


def test_threads_that_open_at_once_have_a_decoder_each(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "a.mp4", 10)
    expected = probe(clip)
    results: list[object] = []
    with contained(), opened_ahead(lambda video: probe(Path(video.path))) as (take, begin):
        for index in range(20):
            videos = [Video(f"{index}-{name}", f"{name}.mp4", str(clip), 0, name) for name in "ab"]
            begin(videos)
            results += [probe(clip), *map(take, videos)]
    assert results == [expected] * 60
