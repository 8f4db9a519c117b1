"""Watching, from a source to bars and to the file that grows: the scores of offline scoring, nothing lost by a kill."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from live_lamps import SECONDS, SHOWN, Calm, Heard, chosen, kept, lamp_run, loaded
from short_studies import refused
from small_studies import LEFT, RIGHT

from actscribe.annotations import read
from actscribe.cli.watch import tell
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.live import lines
from actscribe.live.arrivals import Arrival
from actscribe.live.screen import JsonLines
from actscribe.live.watch import watch
from actscribe.run_folder.run import Run
from actscribe.runs.annotate import annotate_each
from actscribe.runs.scoring import score_recordings


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
    lag = [following(heard, one)["end"] - one["start"] for one in heard.of("begins")]
    assert all(0.5 <= one <= 3.0 for one in lag)  # it lasts 0.5 s before it is told, and a window ends 1 s after it
    assert any(bar.open for state in heard.states for bar in state.bars)
    assert not any(bar.open for bar in heard.states[-1].bars)
    assert heard.states[-1].stride == 1.0


def following(heard: Heard, line: lines.Line) -> lines.Line:
    """Return the window with which a line was told."""
    return next(one for one in heard.lines[heard.lines.index(line) :] if one["kind"] == "window")


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


def test_what_is_read_ahead_of_the_seconds_asked_for_does_not_count(run: Run, video: Path, tmp_path: Path) -> None:
    heard = Heard()  # the whole file is read while the first window is scored
    slow = loaded(run, lambda: 0.2)
    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", heard, ("json",), lasting_s=5.0, loaded=slow)
    assert done.by == "scores"
    assert done.ended is not None
    assert (done.ended.at, done.ended.why, done.ended.whole) == (5.0, "long enough", False)
    assert not [one for one in heard.of("source") if one["what"] == "end"]


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


def test_where_nothing_was_seen_no_file_is_written_or_named(
    run: Run, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stem = tmp_path / "out" / "r0"
    done = watch(chosen(Calm(video), video), run, stem, Heard(), ("json",), lasting_s=0.5, loaded=loaded(run))
    tell(done)
    assert list(stem.parent.iterdir()) == []
    output = capsys.readouterr().out
    assert "0 windows were scored" in output
    assert "No timeline was written" in output
    assert str(stem.parent) not in output


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
    assert "Leave it out, or add --growing." in say(video, "--run", run.folder, "--give-up", 5)
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
