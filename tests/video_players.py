"""Which frame of a video other programs show, and when: ffprobe, mpv and Chromium."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from chromium import Tab
from PIL import Image
from videos import BIT_CELLS, CORNERS, GRID, number_of

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
#: What Chromium plays, by ending. It takes Matroska for WebM.
TYPES = {".mp4": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm", ".mkv": "video/webm", ".ogv": "video/ogg"}
#: Loads a video from memory and tells, for each time, the brightness of the 16 cells of the frame that is shown.
_SHOW = """(async () => {
  const soon = (promise, ms) => Promise.race([promise, new Promise(done => setTimeout(() => done('late'), ms))]);
  const video = document.createElement('video');
  video.muted = true; video.preload = 'auto'; document.body.append(video);
  const loaded = new Promise(done => {
    video.onloadeddata = () => done('loaded');
    video.onerror = () => done('error: ' + video.error.message);
  });
  video.src = %s;
  const state = await soon(loaded, 20000);
  if (state !== 'loaded') { video.remove(); return {error: state}; }
  const canvas = document.createElement('canvas');
  const [width, height] = [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  const shown = [];
  for (const time of %s) {
    const frame = new Promise(done => video.requestVideoFrameCallback((now, about) => done(about.mediaTime)));
    const sought = new Promise(done => { video.onseeked = () => done('sought'); });
    video.currentTime = time;
    await soon(sought, 5000);
    await soon(frame, 500);
    pen.drawImage(video, 0, 0);
    const cells = [];
    for (let row = 0; row < 4; row++) for (let column = 0; column < 4; column++) {
      const [x, y] = [Math.floor((2 * column + 1) * width / 8), Math.floor((2 * row + 1) * height / 8)];
      const [red, green, blue] = pen.getImageData(x, y, 1, 1).data;
      cells.push((red + green + blue) / 3);
    }
    shown.push(cells);
  }
  video.remove();
  return {shown};
})()"""


def ffprobe_times(path: Path) -> np.ndarray:
    """Return when ffprobe's decoder shows each frame of the first stream of video, seconds from our zero, ascending."""
    asked = [
        "-select_streams",
        "v:0",
        "-show_entries",
        "format=format_name,start_time:frame=best_effort_timestamp_time",
    ]
    done = subprocess.run(
        ["ffprobe", "-v", "error", *asked, "-of", "json", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    probed = json.loads(done.stdout)
    # FFmpeg 5 lets Matroska begin with what a sound encoder puts before its sound, FFmpeg 8 and mpv do not.
    zero = 0.0 if probed["format"]["format_name"] == MP4 else max(float(probed["format"].get("start_time", 0.0)), 0.0)
    times = [frame.get("best_effort_timestamp_time") for frame in probed["frames"]]
    return len(times), np.sort([float(time) - zero for time in times if time is not None])


def mpv_number(path: Path, time: float) -> int | None:
    """Return the number of the first frame that mpv shows from `time` on, which is what its exact seek finds.

    None: it has no decoder for the video.
    """
    with tempfile.TemporaryDirectory() as folder:
        switches = ["--no-config", "--really-quiet", "--no-audio", "--hr-seek=yes", "--frames=1", "--vo=image"]
        switches += [
            "--hwdec=no",
            "--vo-image-format=png",
            f"--vo-image-outdir={folder}",
            f"--start={max(time, 0.0):.6f}",
        ]
        done = subprocess.run(["mpv", *switches, str(path)], capture_output=True, timeout=60, check=False)
        if done.returncode == 2:
            return None
        with Image.open(next(Path(folder).glob("*.png"))) as picture:
            return number_of(np.asarray(picture.convert("RGB")))


def chromium_numbers(tab: Tab, path: Path, times: Sequence[float]) -> list[int]:
    """Return the numbers of the frames that Chromium shows at `times`.

    Raises:
        ValueError: it does not play the file.
    """
    address = f"data:{TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
    answer: dict[str, Any] = tab.page.evaluate(_SHOW % (json.dumps(address), json.dumps(list(times))))
    if "error" in answer:
        raise ValueError(answer["error"])
    places = [row * GRID + column for row, column in BIT_CELLS]
    for cells in answer["shown"]:
        assert all(abs(cells[row * GRID + column] - value) < 60 for (row, column), value in CORNERS.items()), cells
    return [sum(1 << bit for bit, index in enumerate(places) if cells[index] > 127) for cells in answer["shown"]]


def installed(*programs: str) -> bool:
    """Tell whether all of these programs are on the PATH."""
    return all(shutil.which(program, path=os.environ.get("PATH")) for program in programs)
