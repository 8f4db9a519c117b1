"""Ways to damage a file, and small runs of every sort of recognizer to do it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import dual_encoder_inputs
import numpy as np
import tiny_vlms
import torch
import vlm_inputs
from tiny_models import tiny_timesformer

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.models.video_classifier import load_classifier
from actscribe.recognizers import vlm_head, vlm_lora
from actscribe.recognizers.base import Recognizer, implementation
from actscribe.recognizers.dual_encoder import recognizer as dual_encoder
from actscribe.recognizers.video_classifier import VideoClassifierRecognizer
from actscribe.run_folder.run import OperatingPoint, Run, RunInfo
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.settings.study import Study, parse_settings
from actscribe.settings.vghif import VghifConfig
from actscribe.timeline.segments import TimelineSettings
from actscribe.training.inputs import TrainingInputs

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
RECOGNIZERS = ("timesformer", "clip", "x-clip", "vlm-head", "vlm-lora", "vlm-yesno", "vlm-judge")


def _flip(fraction: float) -> Callable[[Path], None]:
    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        at = min(int(fraction * len(content)), len(content) - 1)
        content[at] ^= 4
        path.write_bytes(content)

    return flip


def _cut(share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content)) if share < 1 else -1])

    return cut


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _text(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "empty": _text(""),
    "cut early": _cut(0.1),
    "cut in half": _cut(0.5),
    "cut at the end": _cut(1),
    "flipped at the start": _flip(0.02),
    "flipped in the middle": _flip(0.5),
    "flipped at the end": _flip(0.98),
    "pointer": lambda path: path.write_bytes(POINTER),
    "directory": _directory,
    "list": _text("[]"),
    "number": _text("3"),
    "no keys": _text("{}"),
}


def files(run: Path) -> Iterator[Path]:
    return (path for path in sorted(run.rglob("*")) if path.is_file())


@contextmanager
def damaged(path: Path, how: str) -> Iterator[None]:
    """Damage a file while the block runs."""
    content = path.read_bytes()
    DAMAGES[how](path)
    try:
        yield
    finally:
        if path.is_dir():
            path.rmdir()
        path.write_bytes(content)


def a_run(name: str, root: Path) -> Path:
    """Write a complete run of a recognizer that was not trained; checkpoints lie below `root`."""
    made, labels = _made(name, root)
    recordings = tuple(
        Recording(split, root / f"{split}.mp4", 9.0, split.ljust(32, "0"), split, split, (), ())
        for split in ("train", "validation", "test")
    )
    facts = RunInfo(name=name, recognizer=name, settings={}, seed=1, study="made")
    run = Run.create(
        root / "runs" / name, Study(name="made", recordings="m.csv", labels="labels.yaml"), labels, recordings, facts
    )
    (run.folder / "model").mkdir()
    made.save(run.folder / "model")
    run.note(run.folder / "model")
    clips = [Clip("validation", 3.0 * n, 3.0 * n + 3, (0.5, 1.0)) for n in range(3)]
    times = [np.array([clip.start + 1, clip.start + 2]) for clip in clips]
    run.save_scores("validation", ScoredClips(clips, times, np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])))
    run.save_operating_point(
        OperatingPoint(thresholds=dict.fromkeys(labels.names, 0.5), timeline=TimelineSettings(step=0.1))
    )
    run.info.status = "complete"
    run.save_info()
    return run.folder


def _made(name: str, root: Path) -> tuple[Recognizer, LabelSet]:
    if name == "timesformer":
        model, pixels = load_classifier(str(tiny_timesformer(root / "timesformer")), vlm_inputs.LABELS.names, 4)
        return VideoClassifierRecognizer(model, pixels, vlm_inputs.LABELS, False), vlm_inputs.LABELS
    if name in ("clip", "x-clip"):
        inputs = dual_encoder_inputs.training_inputs(
            root / f"run-{name}", name, root, dual_encoder_inputs.SEVERAL, learns="none", augment=False
        )
        made = cast(dual_encoder.DualEncoderRecognizer, implementation(name).make(inputs))
        return made if name == "x-clip" else _with_vghif(made), dual_encoder_inputs.SEVERAL
    model = root / "vlm"
    if not model.exists():
        tiny_vlms.build("smolvlm", model)
    settings = {"model": str(model)}
    if name in ("vlm-head", "vlm-lora"):
        inputs = vlm_inputs.training_inputs(root / name, name, **settings)
        parts = vlm_head.start(inputs)
        if name == "vlm-head":
            return vlm_head.recognizer(parts, vlm_inputs.LABELS), vlm_inputs.LABELS
        adapter = vlm_lora.Adapter(tuple(parts.backbone.vlm.lora_targets("language")), 2, 4, 0.0)
        vlm_lora.inject(parts.backbone.vlm, adapter)
        return vlm_lora.VlmLoraRecognizer(parts, adapter, vlm_inputs.LABELS), vlm_inputs.LABELS
    from tiny_judge import tiny_judge

    if name == "vlm-judge":
        settings |= {"judge": str(tiny_judge(root / "judge")), "caption_tokens": 4}
    parsed, nothing = parse_settings(name, settings), None
    input_spec = implementation(name).input_spec(parsed, 2)
    inputs = TrainingInputs(vlm_inputs.LABELS, parsed, input_spec, nothing, nothing, nothing, nothing, root, seed=0)  # type: ignore[arg-type]
    return implementation(name).make(inputs), vlm_inputs.LABELS


def _with_vghif(made: dual_encoder.DualEncoderRecognizer) -> dual_encoder.DualEncoderRecognizer:
    torch.manual_seed(0)
    config = VghifConfig(bottleneck=8, heads=2, start="none")
    tokens = made.loaded.tokens(made.network.prompts)
    network = DualEncoder(made.loaded.backbone, tokens, made.network.head, config)
    network.freeze()
    return dual_encoder.DualEncoderRecognizer(network, made.loaded, made.labels, made.options)


def shown(recognizer: Recognizer) -> np.ndarray:
    """Return the scores of two made-up clips."""
    input_spec, rng = recognizer.input_spec, np.random.default_rng(0)
    clips = []
    for n in range(2):
        frames = rng.integers(0, 256, (input_spec.frames, 40, 52, 3), dtype=np.uint8)
        clips.append(ClipFrames(Clip("r", 3.0 * n, 3.0 * n + 3), "c", frames, 3.0 * n + np.arange(input_spec.frames)))
    return np.stack(list(recognizer.score(iter(clips))))


def everything(folder: Path) -> list[object]:
    """Open a run and return all that a command would take from it."""
    run = Run.open(folder).require_complete()
    kept = run.scores("validation")
    return [
        run.info,
        run.study,
        run.labels,
        [(r.name, r.duration, r.content, r.group, r.split) for r in run.recordings()],
        run.operating_point,
        kept.scores.tolist(),
        [(clip.recording, clip.start, clip.end, clip.fractions) for clip in kept.clips],
        shown(run.recognizer()).tolist(),
    ]
