"""An archive of a thousand real videos with the worst kinds among them: it ends, and its memory stays flat.

    python -m campaigns.archive_memory [--videos 1000] [--hours 3] [--out campaign-results]

One worker with the embedded TimeSformer annotates so many videos of two seconds, and beside them one that is not
readable, one at which FFmpeg crashes (the decoder's process aborts, as a fault in its C code would let it), one that
grows for as long as the archive runs, and one of three hours. What must hold: the command ends with exit code 3, every
video is done or failed with a sentence, those that can be read are done, and the worker's resident memory while the
last third of the videos is done stays within a tenth and 32 MiB of that in the first third.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

from timeline import untrained_run

from actscribe.archive.folder import Archive
from actscribe.archive.record import Failed
from actscribe.video.writing import write_video

UNREADABLE, CRASH, GROWING, LONG = "unreadable.mp4", "crash.mp4", "growing.ts", "long.mp4"
#: Read by every Python that the command starts: the decoder's process ends as one that crashed at this video.
HOOK = f"""
import os, sys
if "actscribe.video.worker" in " ".join(sys.orig_argv):
    from actscribe.video import worker
    plain = worker.decoded_frames
    def decoded(path, wants):
        if path.name == {CRASH!r}:
            os.abort()
        return plain(path, wants)
    worker.decoded_frames = decoded
"""
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one moment: videos that had ended, and bytes that the largest process held."""

    ended: int
    bytes: int


def main() -> None:
    """Print what came out, as JSON in the last line; the exit status is 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "in", options.videos, options.hours)
        run = untrained_run(folder / "run", "")
        begun = time.monotonic()
        status, samples = watched(folder, run)
        measured = figures(Archive.open(folder / "out"), status, samples, time.monotonic() - begun)
    print(json.dumps(measured))
    sys.exit(0 if measured["holds"] else 1)


def fill(folder: Path, videos: int, hours: float) -> None:
    """Write the videos; each short one has other bytes behind it, so that none is a copy."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    write_video(folder / "one.mp4", rng.integers(0, 255, (30, 96, 128, 3), np.uint8), 15)
    data = (folder / "one.mp4").read_bytes()
    (folder / "one.mp4").unlink()
    for index in range(videos):
        (folder / f"v{index:05}.mp4").write_bytes(data + struct.pack(">I4sQ", 16, b"free", index))
    (folder / CRASH).write_bytes(data + struct.pack(">I4sQ", 16, b"free", 2**40))
    (folder / UNREADABLE).write_bytes(rng.bytes(100_000))
    frames = np.zeros((round(hours * 3600), 48, 64, 3), np.uint8)
    frames[::7, :, 32:] = 200
    write_video(folder / LONG, frames, 1)
    subprocess.run([sys.executable, "-c", REMUX, str(folder / LONG), str(folder / GROWING)], check=True)


#: Copies a video's packets into a transport stream, which may be cut anywhere.
REMUX = """
import sys, av
with av.open(sys.argv[1]) as source, av.open(sys.argv[2], "w", format="mpegts") as target:
    stream = target.add_stream_from_template(source.streams.video[0])
    for packet in source.demux(video=0):
        if packet.dts is not None and packet.pts * packet.time_base < 30:
            packet.stream = stream
            target.mux(packet)
"""


def watched(folder: Path, run: Path) -> tuple[int, list[Sample]]:
    """Run the archive while one video grows, and return its exit status and what was seen meanwhile."""
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(HOOK)
    paths = [str(folder / "hook"), *filter(None, [os.environ.get("PYTHONPATH")])]
    words = ["archive", folder / "in", "--run", run, "--out", folder / "out", "--workers", "1", "--threads", "1"]
    program = "from actscribe.cli import main; main()"
    ended = threading.Event()
    growing = threading.Thread(target=grow, args=(folder / "in" / GROWING, ended), daemon=True)
    growing.start()
    samples = []
    with (folder / "log.txt").open("wb") as log:
        command = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, words)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            stdout=log,
            stderr=log,
        )
        while command.poll() is None:
            samples.append(Sample(count(folder / "out"), held(command.pid)))
            time.sleep(0.5)
    ended.set()
    growing.join()
    print((folder / "log.txt").read_text(errors="replace")[-2000:])
    return command.returncode, samples


def grow(path: Path, ended: threading.Event) -> None:
    """Append to a transport stream until the archive has ended: null packets, as a recorder without a picture sends."""
    packet = bytes([0x47, 0x1F, 0xFF, 0x10]) + bytes(184)
    while not ended.wait(0.2):
        with path.open("ab") as file:
            file.write(packet * 300)


def count(out: Path) -> int:
    """Return how many videos have ended."""
    return sum(1 for state in ("done", "failed") for _ in (out / "state" / state).glob("*/*.json"))


def held(pid: int) -> int:
    """Return the resident bytes of the largest process of the command."""
    sizes = [0]
    try:
        command = psutil.Process(pid)
        for process in (command, *command.children(recursive=True)):
            sizes.append(process.memory_info().rss)
    except psutil.Error:
        pass
    return max(sizes)


def figures(archive: Archive, status: int, samples: list[Sample], seconds: float) -> dict[str, object]:
    """Return what came out, and whether it is what must hold."""
    videos = archive.videos()
    states = dict(zip([video.name for video in videos], archive.states(videos), strict=True))
    reasons = {one.name: failure.reason for one in videos if isinstance(failure := archive.failed(one), Failed)}
    short = [state for name, state in states.items() if name.startswith("v")]
    third = len(videos) / 3
    first = max(one.bytes for one in samples if third / 10 < one.ended <= third)
    last = max(one.bytes for one in samples if one.ended > 2 * third)
    holds = (
        status == 3
        and "open" not in states.values()
        and set(short) == {"done"}
        and (states[LONG], states[UNREADABLE], states[CRASH]) == ("done", "failed", "failed")
        and last <= 1.1 * first + 32 * MIB
    )
    for name in (UNREADABLE, CRASH, GROWING):
        print(f"{name}: {states[name]} {reasons.get(name, '')}")
    return {
        "videos": len(videos),
        "seconds": round(seconds, 1),
        "exit_status": status,
        "failed": len(reasons),
        "growing": states[GROWING],
        "peak_mib": round(max(one.bytes for one in samples) / MIB),
        "first_third_mib": round(first / MIB),
        "last_third_mib": round(last / MIB),
        "holds": holds,
    }


if __name__ == "__main__":
    main()
