"""Sessions that follow on each other, were killed, or meet files that are not theirs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from live_lamps import SECONDS, SHOWN, Calm, Heard, Made, chosen, files_up_to, joined, kept, lamps, loaded
from small_studies import LEFT, RIGHT, film

from actscribe.annotations import read
from actscribe.errors import ActScribeError
from actscribe.live import lines
from actscribe.live.sources.choose import choose
from actscribe.live.watch import Watched, watch
from actscribe.run_folder.run import Run
from actscribe.runs.annotate import annotate_each


def test_a_killed_session_goes_on_in_its_file_with_the_gap_not_annotated(run: Run, tmp_path: Path) -> None:
    stem, file = tmp_path / "lamps", tmp_path / "lamps.live.jsonl"
    watch(chosen(Made(lamps()), passes=True), run, stem, Heard(), ("json",), loaded=loaded(run))
    whole = file.read_bytes()
    at = whole.index(b'"kind": "window"', len(whole) // 2)
    file.write_bytes(whole[: at + 30])  # in the middle of a line, as a kill leaves it
    lasted = whole[:at].splitlines()[:-1]
    began = json.loads(lasted[0])["unix_s"] - 60.0  # a minute ago
    first = json.dumps(json.loads(lasted[0]) | {"unix_s": began}).encode()
    file.write_bytes(b"\n".join([first, *lasted[1:], whole[at - 1 : at + 30]]))
    (tmp_path / "lamps.json").unlink()
    heard = Heard()
    done = watch(chosen(Made(lamps()), passes=True), run, stem, heard, ("json",), loaded=loaded(run))
    lines_now = kept(file)
    assert [json.dumps(line).encode() for line in lines_now[1 : len(lasted)]] == lasted[1:]
    scored = [line["end"] for line in lines_now[: len(lasted)] if line["kind"] == "window"]
    (gap_start, gap_end), *_ = joined([(gap["start"], gap["end"]) for gap in heard.of("gap")])
    assert gap_start == scored[-1]
    assert 60 <= gap_end < 70
    assert {one["label"] for one in heard.of("ends")[:1]} <= {LEFT, RIGHT}
    annotations = read(done.files[0])
    assert annotations.duration is not None
    assert annotations.duration > 70
    hidden = [one for one in annotations.gaps if one.start < 30]
    assert hidden[0].start == pytest.approx(scored[-1], abs=0.11)
    assert hidden[0].end == pytest.approx(gap_end, abs=0.11)
    assert not any(one.start < hidden[0].end and one.end > hidden[0].start for one in annotations.intervals)
    assert any(one.start > 60 for one in annotations.intervals)


def test_of_a_file_the_next_session_goes_on_where_its_next_window_begins(run: Run, video: Path, tmp_path: Path) -> None:
    stem, one, two = tmp_path / "r0", Heard(), Heard()
    first = watch(chosen(Calm(video), video), run, stem, one, ("json",), lasting_s=5.0, loaded=loaded(run))
    assert first.by == "scores"
    assert first.ended is not None
    assert first.ended.at == 5.0
    second = watch(chosen(Calm(video), video), run, stem, two, ("json",), loaded=loaded(run))
    assert two.of("gap") == []
    starts = [line["start"] for line in (*one.of("window"), *two.of("window"))]
    assert starts == [float(start) for start in range(11)]
    assert second.by == "file"
    third = watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), loaded=loaded(run))
    assert third.ended is None  # it was seen to its end
    assert third.files == second.files


def test_a_timeline_that_somebody_corrected_is_not_replaced(run: Run, video: Path, tmp_path: Path) -> None:
    stem = tmp_path / "r0"
    watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), lasting_s=3.0, loaded=loaded(run))
    (tmp_path / "r0.json").write_text("{}")
    with pytest.raises(ActScribeError, match="was changed since it was written"):
        watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), loaded=loaded(run))
    assert (tmp_path / "r0.json").read_text() == "{}"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before it is there", "before that is said"])
def test_killed_while_its_timeline_is_put_there_it_goes_on(run: Run, video: Path, tmp_path: Path, moment: str) -> None:
    stem = tmp_path / "r0"
    watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), lasting_s=5.0, loaded=loaded(run))
    before = (tmp_path / "r0.json").read_bytes()
    words = [str(run.folder), str(video), str(stem), moment]
    died = subprocess.run([sys.executable, "-c", KILLED, *words], cwd=Path(__file__).parents[1], timeout=300)
    assert died.returncode == -signal.SIGKILL
    assert kept(tmp_path / "r0.live.jsonl")[-1]["kind"] == "writing"
    assert ((tmp_path / "r0.json").read_bytes() == before) == (moment == "before it is there")
    done = watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), loaded=loaded(run))
    (offline,) = annotate_each([video], run, ("json",), tmp_path / "offline", recognizer=loaded(run).recognizer)
    assert read(done.files[0]).intervals == read(offline.files[0]).intervals
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["r0.json", "r0.live.jsonl"]


#: Watches to the end, and is killed when its timeline is about to be there, or before it says that it is.
KILLED = """
import os, signal, sys
from pathlib import Path
from unittest import mock
from live_lamps import Calm, Heard, chosen, loaded
from actscribe.live.watch import watch
from actscribe.run_folder.run import Run

run, video, stem, moment = Run.open(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
ready, put = loaded(run), Path.replace

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def put_or_die(beside, target):
    return die() if target == stem.with_suffix(".json") else put(beside, target)

at = ("pathlib.Path.replace", put_or_die) if moment == "before it is there" else ("actscribe.live.lines.written", die)
with mock.patch(*at):
    watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), loaded=ready)
"""


def test_files_of_the_user_are_left_alone(run: Run, video: Path, tmp_path: Path) -> None:
    (tmp_path / "r0.json").write_text("mine")
    with pytest.raises(ActScribeError, match="exists already"):
        watch(chosen(Calm(video), video), run, tmp_path / "r0", Heard(), ("json",), loaded=loaded(run))
    for content in ("mine, without an end of line", "mine\n", '{"kind": "session", "format": "other"}\n'):
        (tmp_path / "a.live.jsonl").write_text(content)
        with pytest.raises(ActScribeError, match=r"nothing was changed|live\.jsonl: line 1"):
            watch(chosen(Calm(video), video), run, tmp_path / "a", Heard(), (), loaded=loaded(run))
        assert (tmp_path / "a.live.jsonl").read_text() == content


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"end": 3.0', '"ende": 3.0'),
        ('"start": 1.0', '"start": "one"'),
        ('"end": 3.0', '"end": 1e300'),
        ('"end": 3.0', '"end": NaN'),
        ('"scores": [', '"scores": [0.5, '),
        ('"scores": [', '"scores": [null, '),
        ('"kind": "window"', '"kind": ["window"]'),
        ('"unix_s": ', '"unix": '),
        ('"run_digest": "', '"run_digest": 5, "x": "'),
        ('{"kind": "window"', "[" * 100_000),
    ],
)
def test_a_line_that_was_damaged_is_a_sentence(run: Run, video: Path, tmp_path: Path, was: str, now: str) -> None:
    watch(chosen(Calm(video), video), run, tmp_path / "r0", Heard(), (), lasting_s=5.0, loaded=loaded(run))
    file = tmp_path / "r0.live.jsonl"
    text = file.read_text(encoding="utf-8")
    assert was in text
    damaged = text.replace(was, now, 1)
    file.write_text(damaged, encoding="utf-8")
    with pytest.raises(ActScribeError, match=r"line \d+ is not one that actscribe watch wrote"):
        watch(chosen(Calm(video), video), run, tmp_path / "r0", Heard(), (), loaded=loaded(run))
    assert file.read_text(encoding="utf-8") == damaged


def test_another_recording_of_the_same_name_is_not_gone_on_with(run: Run, tmp_path: Path) -> None:
    file, stem = tmp_path / "cam.mkv", tmp_path / "cam"

    def session() -> Watched:
        growing = choose(str(file), growing=True, patience_s=0.3)
        return watch(growing, run, stem, Heard(), (), loaded=loaded(run))

    whole = film(tmp_path / "whole.mkv", SHOWN, SECONDS).read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    first = session()
    file.write_bytes(whole)  # which goes on
    second = session()
    assert first.ended is not None
    assert second.ended is not None
    assert second.ended.scored + first.ended.scored == 11
    before = (tmp_path / "cam.live.jsonl").read_bytes()
    film(tmp_path / "other.mkv", [(RIGHT, 0, 4000)], SECONDS).replace(file)
    with pytest.raises(ActScribeError, match="of another recording that was at"):
        session()
    assert (tmp_path / "cam.live.jsonl").read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's size has no limit")
def test_a_disk_that_takes_no_more_is_named_and_the_next_session_goes_on(run: Run, video: Path, tmp_path: Path) -> None:
    file = tmp_path / "r0.live.jsonl"
    with files_up_to(1_500), pytest.raises(ActScribeError, match=r"r0\.live\.jsonl: File too large"):
        watch(chosen(Calm(video), video), run, tmp_path / "r0", Heard(), (), loaded=loaded(run))
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    heard = Heard()
    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", heard, ("json",), loaded=loaded(run))
    assert done.by == "file"
    windows = [line["start"] for line in kept(file) if line["kind"] == "window"]
    assert windows == [float(start) for start in range(11)]
    assert 0 < len(heard.of("window")) < 11
    os.mkfifo(tmp_path / "pipe.live.jsonl")
    with pytest.raises(ActScribeError, match="is not a regular file"):
        watch(chosen(Calm(video), video), run, tmp_path / "pipe", Heard(), (), loaded=loaded(run))


def test_what_began_long_ago_by_a_wrong_clock_is_not_gone_on_with(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def session(at: float) -> Watched:
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: at)
            return watch(chosen(Made(lamps(6.0)), passes=True), run, tmp_path / "cam", Heard(), (), loaded=loaded(run))

    session(1000.0)  # a clock that was not set yet
    before = (tmp_path / "cam.live.jsonl").read_bytes()
    with pytest.raises(ActScribeError, match=r"began 20,\d+ days ago") as caught:
        session(1.8e9)
    assert "--name" in caught.value.hint
    assert (tmp_path / "cam.live.jsonl").read_bytes() == before
    again = session(10.0)  # and one that goes back: time goes on all the same
    assert again.ended is not None
    assert again.ended.at > 6.0


def test_two_sessions_do_not_write_one_file_and_other_windows_do_not_go_on(
    run: Run, video: Path, tmp_path: Path
) -> None:
    inside: list[str] = []

    class Asking(Heard):
        def line(self, line: lines.Line) -> None:
            if line["kind"] == "window" and not inside:
                with pytest.raises(ActScribeError, match="another actscribe watch") as caught:
                    watch(chosen(Calm(video), video), run, tmp_path / "r0", Heard(), (), loaded=loaded(run))
                inside.append(caught.value.message)

    watch(chosen(Calm(video), video), run, tmp_path / "r0", Asking(), (), lasting_s=4.0, loaded=loaded(run))
    assert inside
    with pytest.raises(ActScribeError, match=r"is of .*r0\.mp4, not of made"):
        watch(chosen(Made([])), run, tmp_path / "r0", Heard(), (), loaded=loaded(run))
