"""How fast simulated resuscitations are rendered: frames per second of one core at 256x256.

    python benchmarks/simulate.py [--quick]

One process, one thread, processor time; light, vignette and sensor noise are part of a frame. The plain way draws the
hands of every frame from their outlines; ActScribe draws them once per recording and stamps them. Last line: JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2

from actscribe.video.writing import write_video
from actscribe_sim.canvas.canvas import Canvas
from actscribe_sim.canvas.hand import HandPose, draw_hand
from actscribe_sim.resuscitation.scene import Scene, draw_state, make_scene, render_frames
from actscribe_sim.resuscitation.tools import HAND_SIZE

SIZE, FPS, FROM = 256, 15.0, 40.0
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three recordings, four seconds each")
    recordings, seconds = (3, 4.0) if parser.parse_args().quick else (6, 20.0)
    cv2.setNumThreads(1)
    scenes, setup = timed(lambda: [make_scene(0, 2 * index, 120.0, SIZE, FPS) for index in range(recordings)])
    frames, stamped = timed(lambda: sum(1 for scene in scenes for _ in render_frames(scene, FROM, FROM + seconds)))
    _, encoded = timed(lambda: [encode(scene, seconds) for scene in scenes])
    _, plain = timed(lambda: [draw_plainly(scene, seconds) for scene in scenes])
    figures = {
        "frames_per_second_per_core": round(frames / stamped, 1),
        "encoded_frames_per_second_per_core": round(frames / encoded, 1),
        "plain_frames_per_second_per_core": round(frames / plain, 1),
        "times_plain": round(plain / stamped, 2),
        "setup_seconds_per_recording": round(setup / recordings, 2),
    }
    for name, value in figures.items():
        print(f"{name:36} {value:9}")
    print(json.dumps(figures))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def encode(scene: Scene, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_video(Path(folder) / "a.mp4", render_frames(scene, FROM, FROM + seconds), FPS, crf=scene.film.crf)


def draw_plainly(scene: Scene, seconds: float) -> None:
    for k in range(round(seconds * FPS)):
        state = scene.at(FROM + k / FPS)
        draw_state(scene, replace(state, hands=()))
        canvas = Canvas(scene.film.camera.at(0.0, SIZE, SIZE), scene.film.light, (0.0, 0.0, 0.0))
        for hand in state.hands:
            x, y = hand.position
            draw_hand(canvas, HandPose(hand.position, elbow=(x + 2, y + 1), size=HAND_SIZE), scene.team.workers[0])


if __name__ == "__main__":
    main()
