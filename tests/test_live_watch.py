"""Watching, from a source to bars and to the file that grows: the scores of offline scoring, nothing lost by a kill."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from live_lamps import SECONDS, SHOWN, Calm, Heard, Made, chosen, kept, lamp_run, lamps, loaded
from short_studies import refused
from small_studies import LEFT, RIGHT

from actscribe.annotations import read
from actscribe.data.clips import Window, cut
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.live import lines
from actscribe.live.arrivals import Arrival, Event
from actscribe.live.pace import Pace
from actscribe.live.screen import JsonLines, Lines, drawing, lanes
from actscribe.live.session import State
from actscribe.live.watch import Watched, watch
from actscribe.live.windows import LiveWindows
from actscribe.run_folder.run import Run
from actscribe.runs.annotate import annotate_each
from actscribe.runs.scoring import score_recordings


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return lamp_run(tmp_path_factory.mktemp("live") / "run")


@pytest.fixture(scope="module")
def video(run: Run) -> Path:
    return run.folder.parent / "study" / "r0.mp4"


def test_live_scores_are_those_of_offline_scoring(run: Run, video: Path, tmp_path: Path) -> None:
    live, offline, heard = loaded(run), loaded(run), Heard()
    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", heard, (), loaded=live)
    assert done.ended is not None
    assert done.ended.scored == 11
    recording = Recording("r0", video, SECONDS, "content", "g")
    wanted = score_recordings(offline.recognizer, [recording], run.labels, run.study.windows, "x")
    assert [(one["start"], one["end"]) for one in heard.of("window")] == [(c.start, c.end) for c in wanted.clips]
    np.testing.assert_allclose([one["scores"] for one in heard.of("window")], wanted.scores, atol=1e-6)
    shown = [clip for clip in live.recognizer.scored if clip.clip.recording == "lamps"]  # type: ignore[attr-defined]
    for one, times in zip(shown, wanted.times, strict=True):
        np.testing.assert_array_equal(one.times, times)


def test_what_is_begun_is_open_and_ends_and_the_timeline_at_the_end_is_the_offline_one(
    run: Run, video: Path, tmp_path: Path
) -> None:
    heard = Heard()
    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", heard, ("json", "elan"), loaded=loaded(run))
    assert done.by == "file"
    (offline,) = annotate_each([video], run, ("json",), tmp_path / "offline", recognizer=loaded(run).recognizer)
    assert read(tmp_path / "r0.json").intervals == read(offline.files[0]).intervals
    begun = [(one["label"], one["start"]) for one in heard.of("begins")]
    ended = [(one["label"], one["start"], one["end"]) for one in heard.of("ends")]
    assert [label for label, _ in begun] == [LEFT, RIGHT]
    assert begun == [one[:2] for one in ended]
    for (label, start, end), (wanted, first, last) in zip(ended, SHOWN, strict=True):
        assert label == wanted
        assert abs(start - first / 1000) < 1.0
        assert abs(end - last / 1000) < 1.0
    lag = [one["at"] - one["start"] for one in heard.of("begins")]
    assert all(0.5 <= one <= 3.0 for one in lag)  # it lasts 0.5 s before it is told, and a window ends 1 s after it
    assert any(bar.open for state in heard.states for bar in state.bars)
    assert not any(bar.open for bar in heard.states[-1].bars)
    assert heard.states[-1].stride == 1.0


def test_every_line_is_of_the_schema_and_the_same_on_the_disk_as_on_standard_output(
    run: Run, video: Path, tmp_path: Path
) -> None:
    out, heard = io.StringIO(), Heard()

    class Both(Heard):
        def line(self, line: lines.Line) -> None:
            heard.line(line)
            JsonLines(out).line(line)

    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", Both(), loaded=loaded(run))
    on_disk = kept(done.kept)
    assert on_disk == [json.loads(line) for line in out.getvalue().splitlines()]
    keys = _schema()
    assert {line["kind"] for line in on_disk} >= {"session", "window", "begins", "ends", "source", "end", "written"}
    for line in on_disk:
        assert set(line) == keys[line["kind"]] | {"kind"}, line
    assert on_disk[0]["labels"] == [LEFT, RIGHT]
    assert [line["kind"] for line in on_disk][-3:] == ["end", "writing", "written"]


def _schema() -> dict[str, set[str]]:
    """Return the keys of each kind of line, as the module says them."""
    rows = re.findall(r"^\| (\w+) \| (.+?) \|$", lines.__doc__ or "", re.MULTILINE)
    bare = {kind: re.sub(r"\([^)]*\)", "", fields) for kind, fields in rows}
    return {kind: {part.split(":")[0].strip() for part in fields.split(",")} for kind, fields in bare.items()}


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


def test_what_is_read_ahead_of_the_seconds_asked_for_does_not_count(run: Run, video: Path, tmp_path: Path) -> None:
    heard = Heard()  # the whole file is read while the first window is scored
    slow = loaded(run, lambda: 0.2)
    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", heard, ("json",), lasting_s=5.0, loaded=slow)
    assert done.by == "scores"
    assert done.ended is not None
    assert (done.ended.at, done.ended.why, done.ended.whole) == (5.0, "long enough", False)
    assert not [one for one in heard.of("source") if one["what"] == "end"]


def test_a_timeline_that_somebody_corrected_is_not_replaced(run: Run, video: Path, tmp_path: Path) -> None:
    stem = tmp_path / "r0"
    watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), lasting_s=3.0, loaded=loaded(run))
    (tmp_path / "r0.json").write_text("{}")
    with pytest.raises(ActScribeError, match="was changed since it was written"):
        watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), loaded=loaded(run))
    assert (tmp_path / "r0.json").read_text() == "{}"


@pytest.mark.parametrize("moment", ["before it is there", "before that is said"])
def test_killed_while_its_timeline_is_put_there_it_goes_on(run: Run, video: Path, tmp_path: Path, moment: str) -> None:
    stem = tmp_path / "r0"
    watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), lasting_s=5.0, loaded=loaded(run))
    before = (tmp_path / "r0.json").read_bytes()
    words = [str(run.folder), str(video), str(stem), moment]
    died = subprocess.run([sys.executable, "-c", KILLED, *words], cwd=Path(__file__).parent, timeout=300)
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


def watched_slowly(run: Run, takes: list[float], stem: Path, seconds: float = 60.0) -> tuple[Heard, Watched]:
    """Watch made pictures at 20 times their pace with a recognizer that takes so many seconds a window."""
    heard = Heard()
    pictures = lamps(seconds)

    class Paced(Made):
        def arrivals(self, begin, stop):  # type: ignore[no-untyped-def]
            start = time.monotonic()
            for one in super().arrivals(begin, stop):
                stop.wait(max(0.0, start + one.time / self.speed - time.monotonic()))
                yield one

    source = Paced(pictures, speed=20.0, waits=False)
    slow = loaded(run, lambda: takes[0])
    done = watch(chosen(source), run, stem, heard, (), loaded=slow)
    return heard, done


def test_a_slow_recognizer_makes_the_stride_grow_and_it_shrinks_back(run: Run, tmp_path: Path) -> None:
    takes = [0.12]  # a window comes every 0.05 s

    def faster() -> None:
        takes[0] = 0.0

    timer = threading.Timer(1.8, faster)
    timer.start()
    heard, done = watched_slowly(run, takes, tmp_path / "slow")
    timer.cancel()
    strides = [line["stride_s"] for line in heard.of("stride")]
    assert max(strides) >= 3.0
    assert strides[-1] < max(strides)
    assert any(state.stride > state.asked_stride for state in heard.states)
    starts = [line["start"] for line in heard.of("window")]
    assert starts == sorted(starts)
    assert len(starts) < 55
    assert done.ended is not None
    assert len(done.ended.latencies) == len(starts)
    assert min(done.ended.latencies) >= 0.0
    ends = [line["end"] for line in heard.of("window")]
    between = [(end, start) for end, start in zip(ends, starts[1:], strict=False) if start > end]
    assert between  # a window lasts 2 s
    *gaps, last = [(line["start"], line["end"]) for line in heard.of("gap")]
    assert gaps == between
    assert last == (ends[-1], heard.of("end")[0]["at"])
    assert set(between) <= {span for state in heard.states for span in state.unseen}
    bars = [(line["start"], line["end"]) for line in heard.of("ends")]
    assert not any(start < to and end > since for start, end in bars for since, to in between)


def test_the_stride_follows_the_cost_of_a_window() -> None:
    pace = Pace(1.0)
    assert pace.next(-1, -1) is None
    assert pace.next(-1, 0) == 0
    assert pace.took(2.0)
    assert pace.every == 3  # 2 s of 3 s is less than 85 %, of 2 s it is not
    assert pace.next(0, 2) is None
    assert pace.next(0, 3) == 3
    assert pace.next(0, 14) == 12  # three wait: the two before are passed over
    assert pace.passed_over == 3
    assert not any(pace.took(2.0) for _ in range(10))
    for _ in range(40):
        pace.took(0.1)
    assert pace.every == 1
    patient = Pace(1.0, waits=True)
    assert patient.next(0, 50) == 1


def test_windows_are_those_of_offline_scoring() -> None:
    windows = LiveWindows(3.0, 0.7, 8)
    recording = Recording("r", Path("r.mp4"), 30.0, "", "g")
    offline = cut(recording, None, Window(3.0, 0.7))  # type: ignore[arg-type]  # not annotated
    spans = np.array([windows.span(k) for k in range(len(offline) - 1)])
    np.testing.assert_allclose(spans, [(clip.start, clip.end) for clip in offline[:-1]])
    moments = windows.every_moment(0.0)
    every = {next(moments) for _ in range(80)}
    for number in range(len(spans)):
        assert {round(float(m), 6) for m in windows.moments(number)} <= every
        assert windows.newest(windows.known_from(number)) == number
    assert windows.newest(2.9) == -1


def test_a_camera_that_goes_away_leaves_a_gap_and_bars_on_both_sides(run: Run, tmp_path: Path) -> None:
    on = [(LEFT, 0, 60000)]
    before, after = lamps(6.0, on), lamps(6.0, on, begin=20.0)
    given = [*before, Event("lost", 6.0, "gone"), Event("back", 20.0, "back"), *after, Event("end", 26.0, "over")]
    heard = Heard()
    done = watch(chosen(Made(given)), run, tmp_path / "cut", heard, ("json",), loaded=loaded(run))
    assert [(one["start"], one["end"]) for one in heard.of("gap")] == [(6.0, 20.0)]
    assert [(one["label"], one["start"], one["end"]) for one in heard.of("ends")] == [(LEFT, 0, 6), (LEFT, 20, 26)]
    annotations = read(done.files[0])
    assert [(one.start, one.end) for one in annotations.gaps] == [(6.0, 20.0)]
    assert [(one.start, one.end) for one in annotations.intervals] == [(0.0, 6.0), (20.0, 26.0)]
    assert [one["what"] for one in heard.of("source")] == ["lost", "back", "end"]


def joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    whole: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        touching = whole and start <= whole[-1][1] + 1e-4
        whole.append((whole.pop()[0], end) if touching else (start, end))
    return whole


LOST, BACK, GONE = Event("lost", 6.0, "gone"), Event("back", 14.4, "back"), Event("end", 12.0, "over")


@pytest.mark.parametrize(
    ("given", "every", "gaps"),
    [  # windows of 2 s, one a second
        pytest.param([*lamps(6.0), GONE], 1, [(6.0, 12.0)], id="pictures stop"),
        pytest.param([*lamps(6.0), LOST, GONE], 1, [(6.0, 12.0)], id="lost, and given up"),
        pytest.param([*lamps(6.8), Event("end", 6.7, "over")], 1, [(6.0, 6.7)], id="ends between windows"),
        pytest.param(
            [*lamps(6.0), LOST, BACK, *lamps(5.6, begin=14.4), Event("end", 20.0, "over")],
            1,
            [(6.0, 15.0)],
            id="back between windows",
        ),
        pytest.param(
            [*lamps(6.0), LOST, BACK, *lamps(1.0, begin=14.4), Event("end", 15.4, "over")],
            1,
            [(6.0, 15.4)],
            id="back for less than a window",
        ),
        pytest.param([*lamps(12.0), GONE], 7, [(2.0, 7.0), (9.0, 12.0)], id="few windows"),
    ],
)
def test_what_no_window_saw_is_told_as_the_timeline_has_it(
    given: list[Arrival | tuple[float, np.ndarray]],
    every: int,
    gaps: list[tuple[float, float]],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pace, "took", lambda self, seconds: setattr(self, "every", every))
    heard = Heard()
    done = watch(chosen(Made(given, hold_s=0.5)), run, tmp_path / "made", heard, ("json",), loaded=loaded(run))
    told = joined([(line["start"], line["end"]) for line in heard.of("gap")])
    np.testing.assert_allclose(told, gaps, atol=1e-6)
    np.testing.assert_allclose(heard.states[-1].unseen, gaps, atol=1e-6)
    np.testing.assert_allclose([(one.start, one.end) for one in read(done.files[0]).gaps], gaps, atol=1e-6)


def test_what_no_window_saw_between_two_sessions_is_told_once(run: Run, tmp_path: Path) -> None:
    stem = tmp_path / "made"
    first, second = Heard(), Heard()
    over = Event("end", 6.7, "over")
    watch(chosen(Made([*lamps(6.8), over]), passes=True), run, stem, first, ("json",), loaded=loaded(run))
    file = stem.with_name("made.live.jsonl")
    session, *others = file.read_bytes().splitlines(keepends=True)
    began = json.loads(session) | {"unix_s": json.loads(session)["unix_s"] - 14.4}
    file.write_bytes(json.dumps(began).encode() + b"\n" + b"".join(others))

    class Later(Made):
        def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
            end = Event("end", begin + 5.0, "over")
            yield from Made([*lamps(5.1, begin=begin), end]).arrivals(0.0, stop)

    done = watch(chosen(Later([]), passes=True), run, stem, second, ("json",), loaded=loaded(run))
    spans = [(line["start"], line["end"]) for heard in (first, second) for line in heard.of("gap")]
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    hidden = [(one.start, one.end) for one in read(done.files[0]).gaps]
    assert len(hidden) == 2
    np.testing.assert_allclose(joined(spans), hidden, atol=0.051)  # half a step of the timeline


def test_a_source_that_fails_leaves_what_it_had(run: Run, video: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.mp4"
    new.write_bytes(video.read_bytes())

    class Meddled(Calm):
        def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
            for number, arrival in enumerate(super().arrivals(begin, stop)):
                if number == 60:  # while it is still being read
                    with new.open("ab") as file:
                        file.write(b"more")
                yield arrival

    with pytest.raises(ActScribeError, match="grew by 4 bytes"):
        watch(chosen(Meddled(new), new), run, tmp_path / "new", Heard(), ("json",), loaded=loaded(run))
    on_disk = kept(tmp_path / "new.live.jsonl")
    assert sum(line["kind"] == "window" for line in on_disk) >= 4
    assert [line["kind"] for line in on_disk][-1] == "end"


def test_ctrl_c_ends_a_session_with_all_that_was_seen(run: Run, video: Path, tmp_path: Path) -> None:
    class Leaving(Heard):
        def line(self, line: lines.Line) -> None:
            super().line(line)
            if line["kind"] == "window" and line["start"] == 5.0:
                raise KeyboardInterrupt

    heard = Leaving()
    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", heard, ("json",), loaded=loaded(run))
    assert (done.by, heard.of("end")[0]["why"]) == ("scores", "stopped")
    assert read(done.files[0]).intervals[0].label == LEFT


def test_refusals_come_before_anything_is_opened(run: Run, video: Path, tmp_path: Path) -> None:
    def say(*words: object) -> str:
        return refused("watch", *words)

    assert "no run here" in say(video, "--run", tmp_path)
    assert "no such file" in say(tmp_path / "no.mp4", "--run", run.folder)
    assert "--growing and --speed" in say("http://127.0.0.1:9/v", "--run", run.folder, "--speed", 2)
    assert "--record keeps" in say(video, "--run", run.folder, "--record", tmp_path / "r.mkv")
    assert "is written as .mkv" in say(video, "--run", run.folder, "--record", tmp_path / "r.mp4")
    assert "Did you mean 'elan'?" in say(video, "--run", run.folder, "--format", "elann")
    ahead = lamp_run(tmp_path / "ahead", "temporal", model="imagenet")
    assert "with what comes after it, too (causal: false)" in say(video, "--run", ahead.folder)
    minutes = lamp_run(tmp_path / "minutes", "vlm-ground")
    assert "is asked about windows of minutes" in say(video, "--run", minutes.folder)
    undecided = lamp_run(tmp_path / "undecided")
    del undecided.info.digests["operating-point.json"]
    undecided.save_info()
    (undecided.folder / "operating-point.json").unlink()
    assert "operating-point.json: cannot be read" in say(video, "--run", undecided.folder)
    assert not list(tmp_path.glob("*.live.jsonl"))


def state(**changes: object) -> State:
    values: dict[str, object] = {
        "at": 60.0,
        "decided": 58.5,
        "bars": (),
        "unseen": (),
        "scores": {LEFT: 0.25, RIGHT: 0.75},
        "stride": 1.0,
        "asked_stride": 1.0,
        "latency": (0.2, 0.4),
        "sentences": (),
    }
    return State(**{**values, **changes})  # type: ignore[arg-type]


def test_lanes_fill_eighty_columns_and_show_what_is_open() -> None:
    from rich.console import Console

    from actscribe.live.causal.timeline import Bar

    bars = (Bar(LEFT, 0.0, 30.0, open=False, appeared=2.0), Bar(RIGHT, 45.0, 58.5, open=True, appeared=47.0))
    one = state(bars=bars, unseen=((31.0, 40.0),), stride=4.0, sentences=("camera 0 is gone; it is looked for",))
    drawn, axis = lanes(one, [LEFT, RIGHT], 80)
    assert all(len(f"{lane.label} {lane.cells} {lane.score}") == 80 for lane in drawn)
    cells = len(drawn[0].cells)
    assert drawn[0].cells[: cells // 4 - 1] == "█" * (cells // 4 - 1)  # 30 of 120 s
    assert "?" in drawn[0].cells
    assert "▶" in drawn[1].cells
    assert "▶" not in drawn[0].cells
    assert drawn[1].score.strip() == "0.75 0:14"
    assert "|0:30" in axis
    console = Console(width=80, record=True, file=io.StringIO(), force_terminal=True)
    console.print(drawing(one, "camera 0", [LEFT, RIGHT], console))
    text = console.export_text()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "too slow for 1 s" in text
    assert "is looked for" in text
    plain = Console(width=80, record=True, file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    plain.print(drawing(one, "camera 0", [LEFT, RIGHT], plain))
    assert plain.export_text().isascii()


def test_a_log_has_a_line_for_what_people_want_to_know() -> None:
    out = io.StringIO()
    for line in (
        {"kind": "window", "start": 0.0, "end": 3.0, "scores": [0.1], "latency_s": 0.1},
        {"kind": "begins", "label": LEFT, "start": 61.0, "at": 63.0},
        {"kind": "ends", "label": LEFT, "start": 61.0, "end": 65.5, "score": 0.5, "at": 67.0},
        {"kind": "gap", "start": 70.0, "end": 3700.0},
    ):
        Lines(out).line(line)
    assert out.getvalue().splitlines() == [
        "1:01  Left lamp begins",
        "1:06  Left lamp ends, after 4.5 s",
        "1:10  not annotated until 1:01:40",
    ]
