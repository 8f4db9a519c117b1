"""How fast vision-language models answer about clips, against the plain way.

    python benchmarks/vlm.py [--quick]

Four comparisons in one run, on the embedded model; clips of 8 frames, the four labels of the newborn preset. Times are
medians of rounds in which the ways take turns.

yesno4_vs_plain            questions that branch off one pass over video and setting, against one `generate` of
                           transformers per clip and label, which writes a single token: the shortest that it can be.
yesno4_vs_one              four labels against one, both by branching; 1: three more labels cost nothing.
vision_frames_vs_distinct  frames that the vision tower runs over a minute, 3 s windows and 1 s stride, against the
                           number of distinct frames; 1: none runs twice.
head_epoch_vs_backbone     an epoch of vlm-head over kept features, against running the model over the same clips.

Before the clock starts, both ways of asking have to give the same scores within 1e-4. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from vlm_head import head_epoch_vs_backbone

from actscribe.data.clips import Clip, Window, spans
from actscribe.data.frames import ClipData
from actscribe.data.input_spec import ClipFrames
from actscribe.data.recording import Recording
from actscribe.files import content_hash
from actscribe.labels import load_label_set
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.quiet import quiet
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.models.yes_no import from_logits
from actscribe.recognizers.base import TrainingInputs, implementation
from actscribe.recognizers.prompts import prompts
from actscribe.recognizers.vlm_clients import LocalVlmClient
from actscribe.settings.named_models import EMBEDDED
from actscribe.settings.recognizers.vlm import VlmHeadSettings
from actscribe.video.cache import FrameCache
from actscribe.video.sampling import nominal_times, sample_times
from actscribe.video.writing import write_video

FRAMES, WINDOW, MINUTE = 8, Window(3.0, 1.0), 60.0
LABELS = load_label_set("newborn_resuscitation")
HEIGHT, WIDTH = 96, 170


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer clips and rounds")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        os.environ["ACTSCRIBE_CACHE"] = str(folder / "cache")
        model = checkpoint_folder(EMBEDDED, "vlm")
        vlm = load_vlm(model, "float32")
        known = vlm.describe()
        print(f"embedded model: {known.family}, {known.parameters / 1e6:.1f} M,")
        print(f"{known.tokens_per_frame:g} tokens a frame, float32, {torch.get_num_threads()} threads")
        figures = {
            **yes_no(vlm, clips=2 if quick else 4, rounds=5 if quick else 15),
            **vision(vlm),
            **head(model, folder, seconds=120 if quick else 600),
        }
    figures |= {"parameters": known.parameters, "quick": quick}
    print(json.dumps(figures))


def yes_no(vlm: Vlm, clips: int, rounds: int) -> dict[str, float]:
    prompt, client, tokens = prompts(LABELS), LocalVlmClient(vlm), vlm.yes_no_tokens()
    shown = [clip_at(10.0 * index, 10.0 * index + 3.0) for index in range(clips)]

    def branch(count: int) -> list[list[float]]:
        vlm.vision.clear()
        answered = [client.yes_no(clip, prompt.opening, prompt.questions[:count]) for clip in shown]
        return [[float(answer.probability or 0.0) for answer in answers] for answers in answered]

    def plain() -> list[list[float]]:
        asked = [f"{prompt.opening} {question}" for question in prompt.questions]
        return [[generate(vlm, clip, question, tokens) for question in asked] for clip in shown]

    np.testing.assert_allclose(branch(4), plain(), atol=1e-4)
    four, one, each = take_turns([lambda: branch(4), lambda: branch(1), plain], rounds)
    print(f"yes/no per clip, median of {rounds} rounds over {clips} clips")
    for name, seconds in (("4 labels, branched", four), ("1 label, branched", one), ("4 labels, plain", each)):
        print(f"  {name:<20} {1000 * seconds / clips:8.1f} ms")
    return {"yesno4_vs_plain": round(each / four, 3), "yesno4_vs_one": round(four / one, 3)}


def generate(vlm: Vlm, clip: ClipFrames, prompt: str, tokens: tuple[list[int], list[int]]) -> float:
    """Ask as transformers' documentation does: processor, `generate`, the distribution of the first token."""
    before, after = vlm.prompter.frame()
    times = nominal_times(clip.clip.start, clip.clip.end, len(clip.frames))
    indices = [round(float(moment) * 1000) for moment in times]
    metadata = {"total_num_frames": 3000, "fps": 1000.0, "duration": 3.0, "frames_indices": indices}
    inputs = vlm.processor(
        text=[before + prompt + after],
        videos=[torch.from_numpy(clip.frames).permute(0, 3, 1, 2)],
        video_metadata=[metadata],
        do_sample_frames=False,
        return_tensors="pt",
    )
    out = vlm.model.generate(
        **inputs, max_new_tokens=1, do_sample=False, output_logits=True, return_dict_in_generate=True
    )
    (answer,) = from_logits(out.logits[0], *tokens)
    return float(answer.probability or 0.0)


def vision(vlm: Vlm) -> dict[str, float]:
    prompt, client = prompts(LABELS), LocalVlmClient(vlm)
    vlm.vision.clear()
    run, asked = vlm.vision.frames_run, vlm.vision.frames_asked
    distinct: set[float] = set()
    for start, end in spans(MINUTE, WINDOW):
        clip = clip_at(start, end)
        distinct |= set(clip.times.tolist())
        client.yes_no(clip, prompt.opening, prompt.questions[:1])
    run, asked = vlm.vision.frames_run - run, vlm.vision.frames_asked - asked
    print(f"vision tower over {MINUTE:.0f} s: {asked} frames in windows, {len(distinct)} distinct, {run} run")
    return {"vision_frames_vs_distinct": round(run / len(distinct), 3)}


def head(model: Path, folder: Path, seconds: int) -> dict[str, float]:
    video = folder / "scene.mp4"
    write_video(video, (picture(number / 10) for number in range(seconds * 10)), 10)
    cut = {"train": spans(seconds, WINDOW), "validation": spans(seconds, Window(3.0, 3.0))}
    recordings = [Recording(split, video, float(seconds), content_hash(video), split, split) for split in cut]
    settings = VlmHeadSettings(model=str(model), precision="float32")
    input_spec, cache = implementation("vlm-head").input_spec(settings, FRAMES), FrameCache(folder / "frames", 2**30)
    data = {s: ClipData(recordings, [Clip(s, *span) for span in cut[s]], input_spec, cache) for s in cut}
    rng = np.random.default_rng(0)
    targets = {split: (rng.random((len(cut[split]), 4)) < 0.5).astype(np.float32) for split in cut}
    inputs = TrainingInputs(
        labels=LABELS,
        settings=settings,
        input_spec=input_spec,
        train=data["train"],
        validation=data["validation"],
        train_targets=targets["train"],
        validation_targets=targets["validation"],
        folder=folder / "head",
        seed=0,
    )
    backbone, epoch = head_epoch_vs_backbone(inputs)
    print(f"vlm-head over {sum(map(len, cut.values()))} clips: model {backbone:.2f} s, an epoch {epoch:.3f} s")
    return {"head_epoch_vs_backbone": round(backbone / epoch, 2)}


def take_turns(ways: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Return the median seconds of each way; they take turns, so that a busy moment hits all alike."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for index, way in enumerate(ways):
            begin = time.perf_counter()
            way()
            seconds[index].append(time.perf_counter() - begin)
    return [statistics.median(values) for values in seconds]


def clip_at(start: float, end: float) -> ClipFrames:
    times = sample_times(start, end, FRAMES)
    return ClipFrames(Clip("minute", start, end), "a minute", np.stack([picture(float(at)) for at in times]), times)


def picture(at: float) -> np.ndarray:
    """A textured scene that moves with time (seconds), uint8 RGB, shape (HEIGHT, WIDTH, 3)."""
    return np.roll(texture(), (round(9 * at), round(17 * at)), (0, 1))


@functools.cache
def texture() -> np.ndarray:
    noise = np.random.default_rng(0).normal(128, 60, (HEIGHT // 8, WIDTH // 10, 3))
    return np.clip(ndimage.zoom(noise, (8, 10, 1), order=1), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
