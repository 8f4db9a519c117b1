"""What the models inside the package make of fixed clips, and the files that hold it.

golden_embedded.json holds embeddings and scores of two clips, golden_tables.json the tables of an evaluation on eight.

After a weight, a prompt, a preprocessing or a measure was changed on purpose, write the files again and say
why in the commit:

    OMP_NUM_THREADS=1 python tests/embedded_golden.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.evaluation.calibration import calibration_table
from actscribe.evaluation.clips import choose_thresholds, clip_table
from actscribe.labels import LabelSet
from actscribe.models.video_classifier import load_classifier
from actscribe.models.vlm import load_vlm
from actscribe.models.vlm.pooling import mean_pool
from actscribe.recognizers.base import Recognizer, implementation
from actscribe.recognizers.dual_encoder.recognizer import DualEncoderRecognizer
from actscribe.recognizers.prompts import prompts
from actscribe.recognizers.video_classifier import VideoClassifierRecognizer
from actscribe.settings.named_models import EMBEDDED
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.sampling import sample_times

FILE = Path(__file__).with_name("golden_embedded.json")
TABLES_FILE = FILE.with_name("golden_tables.json")
FRAMES = 8
#: Height and width of each clip: neither is square nor of a model's own size, so that resizing and cropping count.
SIZES = ((96, 144), (150, 90))
#: Those of the embedded TimeSformer's head.
TREATMENTS = LabelSet(name="treatments", labels=("Baby visible", "Ventilation", "Stimulation", "Suction"))  # type: ignore[arg-type]
ACTIONS = LabelSet(
    name="actions",
    setting="A camera looks down on a table.",
    labels=("push the red ball left", "open the box", "swap two cups"),  # type: ignore[arg-type]
)

#: What is kept of a model: name -> numbers, one row per clip (of "texts" and the like: per prompt).
Measured = dict[str, np.ndarray]


def clips(count: int = len(SIZES)) -> list[ClipFrames]:
    """Return coarse patterns that drift over the clip, with noise; whole numbers only, so the same on every machine."""
    made = []
    for seed in range(count):
        height, width = SIZES[seed % len(SIZES)]
        rng = np.random.RandomState(seed)  # unlike those of `default_rng`, its numbers are frozen for good
        coarse = rng.randint(0, 224, (height // 6, width // 6, 3))
        drifted = np.stack([np.roll(coarse, (frame, 2 * frame), axis=(0, 1)) for frame in range(FRAMES)])
        frames = drifted.repeat(6, axis=1).repeat(6, axis=2) + rng.randint(0, 32, (FRAMES, height, width, 3))
        # Without a digest of its content no answer about a clip is kept.
        made.append(ClipFrames(Clip(f"clip {seed}", 0.0, 3.0), "", frames.astype(np.uint8), sample_times(0.0, 3.0, 8)))
    return made


def timesformer() -> Measured:
    """Embeddings, logits and scores of the supervised TimeSformer with the head that it was trained with."""
    model, pixels = load_classifier(EMBEDDED, TREATMENTS.names, FRAMES)
    captured: list[torch.Tensor] = []
    model.head.register_forward_hook(lambda head, given, out: captured.append(torch.cat([given[0], out], dim=1)))
    scores = np.stack(list(VideoClassifierRecognizer(model, pixels, TREATMENTS, False).score(clips())))
    width = model.head.in_features
    both = torch.cat(captured).cpu().numpy()
    return {"embeddings": both[:, :width], "logits": both[:, width:], "scores": scores}


def dual_encoder(name: str) -> Measured:
    """Embeddings of videos and prompts, scaled cosines and scores of a zero-shot dual encoder."""
    made = cast(DualEncoderRecognizer, _zero_shot(name, learns="none", resize_mode="crop", precision="float32"))
    network: Any = made.network
    pixels = made.loaded.pixels
    videos = torch.stack([pixels.normalise(pixels.tensor(clip.frames)) for clip in clips()])
    with torch.inference_mode():
        visual, texts = network.backbone.visual(videos), network.texts().features
        tensors = {"embeddings": visual.video, "texts": texts, "logits": network.scores(videos)}
        if name == "x-clip":
            tensors["what the first video adds to the texts"] = network.backbone.condition(texts, visual)[0] - texts
    scores = np.stack(list(made.score(clips())))
    return {key: value.cpu().numpy() for key, value in tensors.items()} | {"scores": scores}


def vlm(name: str) -> Measured:
    """Pooled hidden states of video and prompt, the logits of yes and no, and the scores of one question per label."""
    model = load_vlm(name, dtype="float32", device="cpu")
    texts = prompts(ACTIONS)
    inputs = model.inputs(clips(), [texts.opening + texts.questions[0]] * len(SIZES))
    hidden = model.hidden(inputs)
    tokens = [token for side in model.yes_no_tokens() for token in side]
    return {
        "embeddings": mean_pool(hidden.states, hidden.video).cpu().numpy(),
        "logits": model.logits(inputs)[:, tokens].cpu().numpy(),
        "scores": np.stack(
            list(_zero_shot("vlm-yesno", model=name, dtype="float32", caption_share=0.0).score(clips()))
        ),
    }


MODELS: dict[str, Callable[[], Measured]] = {
    "timesformer": timesformer,
    "clip": lambda: dual_encoder("clip"),
    "vifi-clip": lambda: dual_encoder("vifi-clip"),
    "x-clip": lambda: dual_encoder("x-clip"),
    "vlm": lambda: vlm(EMBEDDED),
    "vlm-resuscitation": lambda: vlm("tiny-vlm-resuscitation"),
}


def table_of(recognizer: Recognizer) -> Measured:
    """Return the tables of an evaluation on eight clips with made-up annotations, a number per label and mean."""
    labels = recognizer.labels
    scores = np.stack(list(recognizer.score(clips(8)))).astype(float)
    targets = (np.arange(8)[:, None] // (np.arange(len(labels)) + 1) % 2).astype(float)
    targets[7, 0] = np.nan  # not annotated
    measured = clip_table(targets, scores, choose_thresholds(targets, scores), labels.names)
    calibrated = calibration_table(targets, scores, labels.names)
    both = [measured.select_dtypes("number"), calibrated.select_dtypes("number")]
    return {
        f"{name} of {column}": table[column].to_numpy(float)[None]
        for name, table in zip(("measures", "calibration"), both, strict=True)
        for column in table
    }


def _treatments() -> Recognizer:
    model, pixels = load_classifier(EMBEDDED, TREATMENTS.names, FRAMES)
    return VideoClassifierRecognizer(model, pixels, TREATMENTS, False)


TABLES: dict[str, Callable[[], Measured]] = {
    "timesformer": lambda: table_of(_treatments()),
    "x-clip": lambda: table_of(_zero_shot("x-clip", learns="none", resize_mode="crop", precision="float32")),
}


def golden(file: Path = FILE) -> dict[str, Measured]:
    """Return what a file holds."""
    values = json.loads(file.read_text(encoding="utf-8"))
    return {model: {key: np.array(rows) for key, rows in measured.items()} for model, measured in values.items()}


def _zero_shot(name: str, **settings: Any) -> Any:
    parsed = parse_settings(name, settings)
    code = implementation(name)
    nothing: Any = None
    input_spec: InputSpec = code.input_spec(parsed, FRAMES)
    return code.make(TrainingInputs(ACTIONS, parsed, input_spec, nothing, nothing, nothing, nothing, Path(), seed=0))


def _rows(values: np.ndarray) -> Sequence[Sequence[float]]:
    return [[float(f"{value:.6g}") for value in row] for row in values.astype(float)]


def main() -> None:
    """Write the files."""
    torch.set_num_threads(1)
    for file, measured in ((FILE, MODELS), (TABLES_FILE, TABLES)):
        values = {model: {key: _rows(rows) for key, rows in measure().items()} for model, measure in measured.items()}
        text = json.dumps(values).replace("]], ", "]],\n ").replace("]]}, ", "]]},\n")
        file.write_text(text + "\n", encoding="utf-8")
        print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
