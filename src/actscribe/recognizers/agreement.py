"""Whether a quantized vision-language model answers like the full one, compared before its answers are used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from actscribe.counts import counted
from actscribe.data.input_spec import ClipFrames
from actscribe.files import write_text
from actscribe.models.quiet import quiet
from actscribe.models.vlm import load_vlm
from actscribe.models.yes_no import YesNo
from actscribe.recognizers.prompts import Prompts
from actscribe.recognizers.vlm_clients import LocalVlmClient, VlmClient, vlm_client
from actscribe.settings.recognizers.vlm import QUANTIZATION_FILE, ZeroShot
from actscribe.training.inputs import TrainingInputs

#: Of validation, evenly spaced.
CLIPS = 20


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two models answer the same yes/no questions.

    Args:
        clips: asked about.
        answers: compared, clips times labels.
        same: share of answers on the same side of 0.5.
        largest, mean: absolute difference of P(yes) / (P(yes) + P(no)).
    """

    clips: int
    answers: int
    same: float
    largest: float
    mean: float


def agreement(one: VlmClient, other: VlmClient, clips: Sequence[ClipFrames], texts: Prompts) -> Agreement:
    """Ask two models every label's question about every clip and compare their answers (ours)."""

    def ask(model: VlmClient) -> np.ndarray:
        return np.array([_shares(model.yes_no(clip, texts.opening, texts.questions)) for clip in clips])

    first, second = ask(one), ask(other)
    apart = np.abs(first - second)
    same = float(((first > 0.5) == (second > 0.5)).mean())
    return Agreement(len(clips), first.size, same, float(apart.max()), float(apart.mean()))


def check_quantized(inputs: TrainingInputs, texts: Prompts) -> None:
    """Compare a quantized model with the full one on validation clips; print the result and keep it in the run.

    Full precision is bfloat16, in which checkpoints are published, on the processor: there both fit at once. A model
    that is not quantized is left alone.
    """
    settings: ZeroShot = inputs.settings
    if not settings.quantize or settings.server:
        return
    count = len(inputs.validation)
    indices = sorted({round(index) for index in np.linspace(0, count - 1, min(CLIPS, count))})
    clips = [inputs.validation[index] for index in indices]
    with quiet():
        full = LocalVlmClient(load_vlm(settings.model, "bfloat16", device="cpu"))
    compared = agreement(vlm_client(settings), full, clips, texts)
    write_text(
        inputs.folder / QUANTIZATION_FILE, json.dumps({"quantize": settings.quantize, **asdict(compared)}, indent=1)
    )
    print(
        f"{settings.quantize} against bfloat16 on {counted(compared.clips, 'clip')}: {compared.same:.0%} of"
        f" {compared.answers} yes/no answers are the same, P(yes) differs by {compared.largest:.3f} at most."
    )


def _shares(answers: Sequence[YesNo]) -> list[float]:
    return [0.5 if answer.probability is None else answer.probability for answer in answers]
