"""How fast `annotate` writes the timeline of a video, and whether its memory grows with the video's length.

times_real_time   seconds of video over seconds of `annotate`, with the embedded TimeSformer as recognizer: windows of
                  3 s, 1 s apart, 8 frames each. The model is loaded before the clock starts.
plain_times_real_time  the same windows scored one clip at a time, each decoded on its own, without a timeline.
rss_growth_mib    how much higher the peak memory of a process is that annotates an hour of video than that of one that
                  annotates a minute.

The model is tiny, so this measures decoding and what lies around the network; of networks of published sizes see
real_size.py.

Videos are made here: H.264, 256x256, 15 frames/s. `--quick` takes one minute instead of ten, and six minutes instead of
an hour. The recognizer is not trained: its weights do not change the time. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SIDE, FPS, FRAMES = 256, 15, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter videos")
    parser.add_argument("--peak", nargs=2, type=Path, metavar=("RUN", "VIDEO"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print(peak_mib(*options.peak))
        return
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options.quick)


def report(folder: Path, quick: bool) -> None:
    from actscribe import Run, annotate

    run = Run.open(untrained_run(folder / "run"))
    recognizer = run.recognizer()
    video = make_video(folder / "timed.mp4", minutes=1 if quick else 10)
    seconds = 60 if quick else 600
    start = time.perf_counter()
    annotate([video], run, out=folder / "out", recognizer=recognizer)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    plain(video, run, recognizer, sample=20)
    apart = (time.perf_counter() - start) * (seconds - 2) / 20
    short, long = (make_video(folder / f"{m}.mp4", minutes=m) for m in (1, 6 if quick else 60))
    peaks = [measured_apart(run.folder, one) for one in (short, long)]
    print(f"{SIDE}x{SIDE}, {FPS} frames/s, {seconds} s, windows of 3 s every second, {os.cpu_count()} cores")
    print(f"  {'annotate':<24} {ours:8.1f} s  {seconds / ours:6.1f} times real time")
    print(f"  {'one clip at a time':<24} {apart:8.1f} s  {seconds / apart:6.1f} times real time (from 20 clips)")
    print(f"  {'peak memory, 1 min':<24} {peaks[0]:8.1f} MiB")
    print(f"  {f'peak memory, {6 if quick else 60} min':<24} {peaks[1]:8.1f} MiB")
    figures = {
        "times_real_time": round(seconds / ours, 2),
        "plain_times_real_time": round(seconds / apart, 2),
        "rss_growth_mib": round(peaks[1] - peaks[0], 1),
        "video_s": seconds,
        "long_video_s": 360 if quick else 3600,
        "peak_mib": round(peaks[0], 1),
        "cores": os.cpu_count(),
        "model": checkpoint_name(),
        "real_size": False,
    }
    print(json.dumps(figures))


def plain(video: Path, run, recognizer, sample: int) -> None:
    """Score the first `sample` windows as one would by hand: open the file, decode and score, clip by clip."""
    from actscribe.data.clips import Clip
    from actscribe.data.input_spec import ClipFrames
    from actscribe.video.sampling import sample_times
    from actscribe.video.windows import clip_frames

    for start in range(sample):
        times = sample_times(float(start), start + 3.0, run.study.windows.frames)
        ((images, moments),) = clip_frames(video, [times], recognizer.input_spec.short_side)
        clip = ClipFrames(Clip(video.stem, float(start), start + 3.0), "", images, moments)
        list(recognizer.score(iter([clip])))


def measured_apart(run: Path, video: Path) -> float:
    """Return the peak memory in MiB of a process that annotates `video`."""
    command = [sys.executable, __file__, "--peak", str(run), str(video)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def peak_mib(run: Path, video: Path) -> float:
    from actscribe import Run, annotate

    annotate([video], Run.open(run), out=video.parent / f"{video.stem}-out")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def untrained_run(folder: Path, checkpoint: str = "") -> Path:
    """Write a complete run around the embedded TimeSformer, or another checkpoint, without training it."""
    from actscribe.labels import load_label_set
    from actscribe.models.device import use_bfloat16
    from actscribe.models.video_classifier import load_classifier
    from actscribe.recognizers.video_classifier import VideoClassifierRecognizer

    labels = load_label_set("newborn_resuscitation")
    if not checkpoint:
        named = checkpoint_name()
        checkpoint = named if named == "embedded" else str(random_checkpoint(folder.parent / "checkpoint"))
    model, pixels = load_classifier(checkpoint, labels.names, FRAMES)
    return run_of(folder, "timesformer", VideoClassifierRecognizer(model, pixels, labels, use_bfloat16("auto")))


def run_of(folder: Path, name: str, recognizer) -> Path:
    """Write a complete run around a recognizer that nobody trained."""
    from actscribe.run_folder.run import OperatingPoint, Run, RunInfo
    from actscribe.settings.study import Study
    from actscribe.timeline.segments import TimelineSettings

    labels = recognizer.labels
    study = Study(name="speed", recordings="none", labels=labels)
    facts = RunInfo(name=name, recognizer=name, settings={}, seed=0, study="speed")
    run = Run.create(folder, study, labels, (), facts)
    (folder / "model").mkdir()
    recognizer.save(folder / "model")
    run.save_operating_point(OperatingPoint(thresholds=dict.fromkeys(labels.names, 0.5), timeline=TimelineSettings()))
    run.info.status = "complete"
    run.save_info()
    return folder


def checkpoint_name() -> str:
    """Return "embedded", or "random" where the package comes without its weights."""
    from actscribe.errors import ActScribeError
    from actscribe.models.video_classifier import configuration

    try:
        configuration("embedded")
    except (ActScribeError, OSError):
        return "random"
    return "embedded"


def random_checkpoint(folder: Path) -> Path:
    """Write a TimeSformer of the embedded one's size with random weights."""
    from transformers import TimesformerConfig, TimesformerForVideoClassification

    config = TimesformerConfig(
        image_size=112,
        patch_size=16,
        num_frames=FRAMES,
        hidden_size=128,
        num_hidden_layers=6,
        num_attention_heads=4,
        intermediate_size=512,
    )
    TimesformerForVideoClassification(config).save_pretrained(folder)
    values = {"image_mean": [0.45] * 3, "image_std": [0.225] * 3, "size": {"height": 112, "width": 112}}
    (folder / "preprocessor_config.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def make_video(path: Path, minutes: int) -> Path:
    from actscribe.video.writing import write_video

    print(f"making {minutes} min of video ...", file=sys.stderr, flush=True)
    write_video(path, frames(minutes * 60 * FPS), FPS, preset="ultrafast")
    return path


def frames(count: int) -> Iterator[np.ndarray]:
    """Yield a noisy background over which a bright block wanders."""
    rng = np.random.default_rng(0)
    backgrounds = rng.integers(60, 90, (8, SIDE, SIDE, 3), dtype=np.uint8)
    for number in range(count):
        image = backgrounds[number // 4 % 8].copy()
        x, y = (int(96 + 90 * np.sin(number / slow)) for slow in (13, 29))
        image[y : y + 64, x : x + 64] += 120
        yield image


if __name__ == "__main__":
    main()
