"""How fast `temporal` scores a recording whose features are known, and in how much memory, against scores of windows.

    python benchmarks/temporal.py [--quick]          # --quick: six minutes and an hour in place of one hour and ten

Features are made up (1,280 numbers, as those of EfficientNet-Lite0) and lie in a feature store; networks have random
weights. Measured is the way from the store to scores over time:

temporal_s_per_hour  every 0.25 s a frame, three stages of eight layers of 48 channels over the whole recording.
attention_s_per_hour  the same with windowed attention.
windows_s_per_hour  clips of 3 s every second with 8 frames each, a linear head of `probe`, merged to a grid.
peak_mib_short, peak_mib_long  of a process that scores the short and the long recording with `temporal`.
window_peak_mib_short, window_peak_mib_long  the same for windows.
feature_mib_long  what the features of the long recording take on disk, which are mapped and not read.

The last line is one JSON object.
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
from collections.abc import Sequence
from pathlib import Path

import numpy as np

WIDTH, LABELS, STEP = 1280, 4, 0.25
WAYS = ("temporal", "attention", "windows")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter recordings")
    parser.add_argument("--score", nargs=2, metavar=("WAY", "HOURS"), help=argparse.SUPPRESS)
    parser.add_argument("--fill", type=float, metavar="HOURS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options.fill)
        return
    if options.score:
        print(json.dumps(scored(options.score[0], float(options.score[1]))))
        return
    short, long = (0.1, 1.0) if options.quick else (1.0, 10.0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ACTSCRIBE_CACHE"] = folder
        for hours in (short, long):  # apart, since a process inherits the peak of the one that starts it
            subprocess.run([sys.executable, __file__, "--fill", str(hours)], check=True)
        measured = {(way, hours): apart(way, hours) for way in WAYS for hours in (short, long)}
    for (way, hours), values in measured.items():
        print(f"{way:<10} {hours:5g} h  {values['seconds']:8.2f} s  peak {values['peak_mib']:8.1f} MiB")
    figures = {f"{way}_s_per_hour": round(measured[way, long]["seconds"] / long, 3) for way in WAYS}
    for name, way in (("", "temporal"), ("window_", "windows")):
        figures |= {f"{name}peak_mib_{size}": measured[way, hours]["peak_mib"] for size, hours in
                    (("short", short), ("long", long))}  # fmt: skip
    figures |= {
        "feature_mib_long": round(long * 3600 / STEP * WIDTH * 2 / 2**20, 1),
        "short_h": short,
        "long_h": long,
        "cores": os.cpu_count() or 1,
    }
    print(json.dumps(figures))


def apart(way: str, hours: float) -> dict[str, float]:
    """Return seconds and peak memory of a process of its own."""
    command = [sys.executable, __file__, "--score", way, str(hours)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def recording(hours: float):
    from actscribe.data.recording import Recording

    return Recording(f"made-up-{hours:g}", Path("made-up.mp4"), hours * 3600, f"made up {hours:g}", "one")


class Known:
    """An encoder of frames all of whose vectors are in the store."""

    def __init__(self) -> None:
        from actscribe.features.embedder import Encoder

        self.encoder = Encoder("made up", "frame", WIDTH, 1, 2, 16)

    def embed(self, clips: Sequence[object]) -> list[object]:
        """Encode nothing."""
        raise AssertionError("every vector is known")


def moments(hours: float) -> np.ndarray:
    """Return the moments that either way looks at, in seconds."""
    from actscribe.video.sampling import sample_times

    seconds = hours * 3600
    return np.union1d(sample_times(0, seconds, round(seconds / STEP)), sample_times(0, seconds, round(seconds / 0.375)))


def fill(hours: float) -> None:
    import torch

    from actscribe.data.input_spec import InputSpec
    from actscribe.features.embedding import WRITE_BYTES, Embedding
    from actscribe.features.store import Moment, Row, default_store

    shelf = Embedding(Known(), InputSpec(1, 224), default_store()).shelf(recording(hours))
    torch.manual_seed(0)
    for time_s in moments(hours):
        tick = round(float(time_s) * 1e6)
        row = Row(torch.randn(1, WIDTH).half(), torch.tensor([time_s], dtype=torch.float64))
        shelf.hold([Moment(tick, tick)], [row])
        if shelf.held_bytes > WRITE_BYTES:
            shelf.write()
    shelf.write()


def scored(way: str, hours: float) -> dict[str, float]:
    """Return seconds from the store to scores over time, and the peak memory of this process in MiB."""
    import torch

    from actscribe.run_folder.scored_clips import time_scores
    from actscribe.runs.scoring import score_recordings
    from actscribe.settings.study import Windows

    torch.manual_seed(0)
    made, labels = recognizer(way)
    one = recording(hours)
    score_recordings(made, [recording_of_warmth(one)], labels, Windows(), "Warming up")
    begun = time.perf_counter()
    scored = score_recordings(made, [one], labels, Windows(), "Scoring")
    merged = time_scores(scored, [one], 0.1)[one.name]
    seconds = time.perf_counter() - begun
    assert merged.scored.all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {"seconds": seconds, "peak_mib": round(peak, 1)}


def recording_of_warmth(one):
    """Return the first half minute of a recording: the networks' first call takes longer."""
    from dataclasses import replace

    return replace(one, duration=30.0)


def recognizer(way: str):
    """Return a recognizer with random weights and its labels."""
    from actscribe.data.input_spec import InputSpec
    from actscribe.features.sequences import Stepping
    from actscribe.labels import LabelSet
    from actscribe.models.probe_heads import LinearHead
    from actscribe.models.temporal.network import Design, TemporalNetwork
    from actscribe.recognizers.on_features import OnFeatures
    from actscribe.recognizers.on_sequences import OnSequences

    labels = LabelSet(name="made up", labels=tuple({"name": f"Label {index}"} for index in range(LABELS)))
    known, input_spec = Known(), InputSpec(8, 224)
    if way == "windows":
        return OnFeatures(known, input_spec, LinearHead(WIDTH, LABELS, "statistics"), labels, lambda _: None), labels
    kind = "attention" if way == "attention" else "convolutions"
    network = TemporalNetwork(Design(kind, WIDTH, LABELS, "multi-label"))
    stepping = Stepping(known.encoder, STEP, (), False)
    return OnSequences(known, input_spec, stepping, network, labels, lambda _: None), labels


if __name__ == "__main__":
    main()
