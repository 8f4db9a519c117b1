"""A decoder that crashes, hangs or swells: one sentence about one video, and the others go on."""

import logging
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from small_studies import bouts, film, lamp_study, write_study
from tiny_models import tiny_timesformer
from videos import make_video, number_of, spoil

from actscribe import file_cache, load_study, train
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.runs.annotate import annotate_each
from actscribe.video import contained as contained_module
from actscribe.video.contained import contained, current
from actscribe.video.frame_times import frame_clock
from actscribe.video.probe import measure, probe
from actscribe.video.reading import frames_at
from actscribe.video.windows import clip_frames

pytestmark = pytest.mark.usefixtures("own_decoders")

#: Our own child, but for videos whose names say what FFmpeg does to them, when they are opened or while they are read.
STUB = """
    import os, signal, sys, time
    from pathlib import Path
    from actscribe.video import probe, reading, worker

    def does(plain, late):
        def doing(path, *more):
            name = Path(path).stem
            if not late or "late" not in name:
                harm(name)
            result = plain(path, *more)
            if not late:
                return result
            def some():
                for number, frame in enumerate(result):
                    if number == 3:
                        harm(name)
                    yield frame
            return some()
        return doing

    def harm(name):
        if "crash" in name:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "abort" in name:
            os.abort()
        if "hang" in name:
            time.sleep(600)
        if "spin" in name:
            while True:
                pass
        if "swell" in name:
            import numpy
            kept = [numpy.empty(1 << 28, dtype=numpy.uint8) for _ in range(16)]
        if "noise" in name:
            os.write(worker_pipe(), b"\\x00\\xffwhat?\\n" * 1000)
        if "odd" in name:
            raise IndexError("tuple index out of range")

    def worker_pipe():
        return 1

    if "late" not in "".join(sys.argv[1:]):
        worker.measure = does(worker.measure, False)
    worker.decoded_frames = does(worker.decoded_frames, True)
    worker.main()
"""
STUB_PROGRAM = [sys.executable, "-c", textwrap.dedent(STUB)]
LATE_PROGRAM = [*STUB_PROGRAM, "late"]
REFUSALS = {
    "crash": "its decoder crashed (signal 11).",
    "abort": "its decoder crashed (signal 6).",
    "hang": "its decoder gave no sign of life for 4 s and was ended.",
    "spin": "its decoder gave no sign of life for 4 s and was ended.",
    "swell": "decoding it takes more than 2 GiB of memory.",
    "noise": "its decoder sent what makes no sense.",
    "odd": "it cannot be decoded (tuple index out of range).",
}
HARMS = [name for name in REFUSALS if name != "swell" or sys.platform.startswith("linux")]


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    """Each test measures for itself."""
    monkeypatch.setattr(file_cache, "FRESH_S", math.inf)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    options = {"x264-params": "keyint=20:bframes=0:scenecut=0"}
    return make_video(tmp_path_factory.mktemp("contained") / "a.mp4", 150, options=options)


def test_a_child_gives_what_this_process_gives(tmp_path, video, caplog):
    times = np.sort(np.random.default_rng(0).uniform(0, 6.5, 80))
    plain = list(frames_at(video, times, 24))
    with contained():
        assert current() is not None
        assert probe(video) == measure(video)
        assert frame_clock(video) == contained_out(frame_clock, video)
        got = list(frames_at(video, times, 24))
        assert list(frames_at(video, [])) == []
    assert current() is None
    assert [frame.pts for frame in got] == [frame.pts for frame in plain]
    for one, other in zip(got, plain, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    assert [one is other for one, other in zip(got[1:], got, strict=False)] == [
        one is other for one, other in zip(plain[1:], plain, strict=False)
    ]


def contained_out(function, *arguments):
    """Call a function outside any block: in a thread of its own, which has none."""
    returned = []
    thread = threading.Thread(target=lambda: returned.append(function(*arguments)))
    thread.start()
    thread.join()
    return returned[0]


def test_refusals_and_lines_for_the_log_come_through(tmp_path, caplog):
    broken = spoil(make_video(tmp_path / "a.mp4", 100, options={"x264-params": "keyint=20:bframes=0"}), [41])
    (tmp_path / "text.mp4").write_text("no video")
    with contained(), caplog.at_level(logging.WARNING):
        with pytest.raises(UnreadableVideo, match=r"text\.mp4: a text") as caught:
            probe(tmp_path / "text.mp4")
        assert caught.value.hint == "A playlist will not do: name the video itself."
        assert len(list(frames_at(broken, np.arange(0, 3.9, 0.04)))) == 98
        with pytest.raises(UnreadableVideo, match=r"no picture at 30\.00 s, decoding stopped at 4\.00 s"):
            list(frames_at(broken, [0.5, 30.0]))
    assert any("damaged places skipped" in record.getMessage() for record in caplog.records)


def test_two_videos_may_be_open_at_once_and_one_may_be_left_unread(tmp_path, video):
    other = make_video(tmp_path / "b.mp4", 50)
    with contained():
        times = np.arange(0, 2, 0.1) + 0.01
        pairs = zip(frames_at(video, times), frames_at(other, times), strict=True)
        assert all(number_of(one.image) == number_of(two.image) for one, two in pairs)
        first = frames_at(video, np.arange(0, 6, 0.01))
        assert number_of(next(first).image) == 0
        first.close()
        assert number_of(next(iter(list(frames_at(video, [3.0])))).image) == 75
    assert children() == set()


def test_blocks_share_their_children_and_leave_none_behind(video):
    with contained():
        keeper = current()
        probe(video)
        begun = children()
        assert len(begun) == 1
        with contained():
            assert current() is keeper
            probe(video)
        assert children() == begun
    assert children() == set()


def children():
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return {line.split()[0] for line in listed.stdout.splitlines() if "actscribe.video" in line}


@pytest.mark.parametrize("harm", HARMS)
def test_what_harms_a_child_is_a_sentence_and_the_next_video_is_read(tmp_path, video, harm):
    bad = tmp_path / f"{harm}.mp4"
    bad.write_bytes(video.read_bytes())
    asked = [probe, lambda path: list(frames_at(path, [0.1]))]
    with contained(STUB_PROGRAM, silence_s=4.0):
        for ask in asked[: {"hang": 1}.get(harm)][{"spin": 1}.get(harm, 0) :]:
            with pytest.raises(UnreadableVideo) as caught:
                ask(bad)
            assert caught.value.message == f"{bad}: {REFUSALS[harm]}"
            assert probe(video).frames == 150
            assert number_of(next(iter(frames_at(video, [2.01]))).image) == 50
    assert children() == set()


def test_a_child_that_is_stopped_before_a_job_longer_than_a_pipe_holds_is_ended(video):
    with contained(silence_s=2.0):
        probe(video)
        (child,) = children()
        os.kill(int(child), signal.SIGSTOP)
        with pytest.raises(UnreadableVideo, match="gave no sign of life for 2 s and was ended"):
            list(frames_at(video, np.linspace(0, 5, 20_000)))
        assert probe(video).frames == 150
    assert children() == set()


def test_a_slow_reader_is_no_silence(video):
    with contained(silence_s=3.0):
        for frame in frames_at(video, [0.1, 1.0, 2.0]):
            time.sleep(3.4 if frame.pts < 0.2 else 0)
            assert frame.image.shape == (48, 64, 3)


def test_a_slow_decoder_that_reads_on_is_no_hang(video, monkeypatch):
    slow = """
        import time
        from actscribe.video import packets, worker
        plain = packets.demuxed
        def slowly(*arguments):
            for packet in plain(*arguments):
                time.sleep(0.025)
                yield packet
        packets.demuxed = slowly
        worker.ALIVE_S = 0.2
        worker.main()
    """
    with contained([sys.executable, "-c", textwrap.dedent(slow)], silence_s=2.5):
        begun = time.monotonic()
        assert probe(video).frames == 150
        assert time.monotonic() - begun > 3.0


def test_a_child_is_never_far_ahead(video):
    """It would hold a film in memory, or write it into a pipe that nobody reads."""
    with contained():
        frames = frames_at(video, np.arange(0, 6, 0.04) + 0.01)
        next(frames)
        time.sleep(0.5)
        assert len(list(frames)) == 149


def test_a_fork_and_another_thread_decode_for_themselves(video):
    with contained():
        probe(video)
        assert contained_out(current) is None
        pid = os.fork()
        if pid == 0:
            os._exit(0 if current() is None and probe(video).frames == 150 else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert current() is not None
        assert probe(video).frames == 150


def test_an_orphan_ends_itself(video, tmp_path):
    """A parent that is killed while its child hangs leaves nothing that runs for ever."""
    bad = tmp_path / "hang.mp4"
    bad.write_bytes(video.read_bytes())
    script = (
        "import sys\nfrom actscribe.video.contained import contained\nfrom actscribe.video.probe import probe\n"
        "print('begun', flush=True)\nwith contained(sys.argv[2:]):\n    probe(sys.argv[1])\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(bad), *STUB_PROGRAM], stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"begun\n"
    own = set()
    while not own:
        time.sleep(0.1)
        own = set(subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True).stdout.split())
    time.sleep(0.5)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in own) and time.monotonic() < until:  # noqa: PTH110
        time.sleep(0.1)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in own)  # noqa: PTH110


def test_what_a_child_sends_is_never_run(video):
    """A child that a file has taken over may send anything: neither a size nor a shape of its choice is believed."""
    liar = """
        import sys
        for line in sys.stdin:
            print('{"is": "frame", "pts": 0.0, "shape": [1, 1, 3], "bytes": 999999999999999}', flush=True)
    """
    wrong = liar.replace("999999999999999", "2").replace("flush=True)", "end='\\nab', flush=True)")
    for script in (liar, wrong):
        program = [sys.executable, "-c", textwrap.dedent(script)]
        with contained(program, silence_s=5), pytest.raises(UnreadableVideo, match="makes no sense"):
            list(frames_at(video, [0.0]))
    assert "pickle" not in Path(contained_module.__file__).read_text()


def test_a_study_names_the_video_that_crashes_and_no_other(tmp_path):
    lamp_study(tmp_path)
    write_study(tmp_path)
    (tmp_path / "manifest.csv").write_text((tmp_path / "manifest.csv").read_text().replace("r3.mp4", "crash.mp4"))
    next(tmp_path.rglob("r3.mp4")).rename(next(tmp_path.rglob("r3.mp4")).with_name("crash.mp4"))
    with contained(STUB_PROGRAM, silence_s=4.0), pytest.raises(ActScribeError) as caught:
        load_data(load_study(tmp_path / "study.yaml"))
    assert caught.value.message.count("its decoder crashed") == 1
    assert f"crash.mp4: {REFUSALS['crash']}" in caught.value.message


def test_annotate_goes_on_with_the_other_videos_and_names_the_bad_ones(tmp_path, one_run):
    folder = tmp_path / "archive"
    names = ["a", "crash", "b", "hang-late", "c", "crash-late"]
    for number, name in enumerate(names):
        film(folder / f"{name}.mp4", bouts(number, 8.0), 8.0, number)
    (folder / "text.mp4").write_text("no video")
    videos = [folder / f"{name}.mp4" for name in [*names, "text"]]
    done = []
    with contained(STUB_PROGRAM, silence_s=4.0), pytest.raises(ActScribeError) as caught:
        done.extend(annotate_each(videos, one_run, out=tmp_path / "out"))
    message = caught.value.message
    assert "4 of 7 videos could not be annotated; the others were." in message
    for name, why in (("crash", REFUSALS["crash"]), ("hang-late", REFUSALS["hang"]), ("crash-late", REFUSALS["crash"])):
        assert f"{folder / name}.mp4: {why}" in message
    assert f"{folder / 'text.mp4'}: a text" in message
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.json", "b.json", "c.json"}


def test_a_video_that_is_replaced_between_probing_and_scoring_is_named(tmp_path, one_run, monkeypatch):
    videos = [film(tmp_path / f"{name}.mp4", bouts(0, 8.0), 8.0) for name in "abc"]
    each = annotate_each(videos, one_run, out=tmp_path / "out")
    assert next(each).recording.name == "a"
    film(tmp_path / "b.mp4", bouts(1, 9.0), 9.0)
    with pytest.raises(ActScribeError, match=r"b\.mp4: was replaced while it was read"):
        assert [done.recording.name for done in each] == ["c"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.json", "c.json"}


@pytest.fixture(scope="module")
def one_run(tmp_path_factory):
    """A run whose recognizer was not trained long: nothing is learnt, all is written."""
    root = tmp_path_factory.mktemp("run")
    lamp_study(root)
    settings = {
        "model": str(tiny_timesformer(root / "checkpoint")),
        "epochs": 1,
        "batch_size": 8,
        "precision": "float32",
    }
    write_study(root, recognizers={"timesformer": settings})
    return train(load_study(root / "study.yaml"), "timesformer", root / "run")


def test_clips_stop_at_the_video_that_crashes_in_the_middle(tmp_path, video):
    bad = tmp_path / "crash-late.mp4"
    bad.write_bytes(video.read_bytes())
    clips = [np.array([k, k + 0.5]) for k in range(5)]
    with contained(LATE_PROGRAM, silence_s=2.0):
        assert probe(bad).frames == 150
        got = []
        with pytest.raises(UnreadableVideo, match=r"its decoder crashed \(signal 11\)"):
            got.extend(clip_frames(bad, clips))
        assert len(got) == 1
        assert len(list(clip_frames(video, clips))) == 5


def test_a_file_called_like_a_module_where_the_command_was_typed_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(tmp_path / "fine.mp4", 25)
    (tmp_path / "av.py").write_text("open('was-run', 'w').close()\nraise SystemExit(1)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with contained():
        assert probe(video).frames == 25
    assert not (tmp_path / "was-run").exists()
