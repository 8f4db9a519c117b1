"""Zero-shot by list (Guerriero et al. 2026, ZSC): one prompt, and the answer lists the activities that occur."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.labels import LabelSet
from actscribe.recognizers.agreement import check_quantized
from actscribe.recognizers.answers import default_store
from actscribe.recognizers.base import Implementation, Recognizer
from actscribe.recognizers.plans.vlm import plan_text
from actscribe.recognizers.prompts import Prompts, prompts
from actscribe.recognizers.reading import named_labels
from actscribe.recognizers.served import servers
from actscribe.recognizers.vlm_clients import CachedVlmClient, input_spec, starting, vlm_client
from actscribe.recognizers.zero_shot import UNKNOWN, Answered, ZeroShotRecognizer, about, restore
from actscribe.settings.recognizers.vlm import VlmListSettings
from actscribe.training.inputs import TrainingInputs


def make(inputs: TrainingInputs) -> Recognizer:
    """Set up the model and the prompt; nothing is learned."""
    texts = prompts(inputs.labels, listing=inputs.settings.list_prompt)
    check_quantized(inputs, texts)
    return _recognizer(inputs.labels, inputs.settings, inputs.input_spec, texts)


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what was saved, with the prompt as it was then."""
    return restore(folder, labels, VlmListSettings, _recognizer)


def from_list(clip: Clip, text: str, labels: LabelSet) -> Answered:
    """Return the scores of a written list: 1 where a label is named, else 0; an unreadable answer is 0.5 throughout.

    A multi-class task shares 1 equally between the classes that are named; an answer that names none of them says
    nothing about a clip that shows exactly one, and counts as unreadable.
    """
    named = named_labels(text, labels)
    count = len(labels)
    if named is None or (not named and labels.task == "multi-class"):
        score = UNKNOWN if labels.task == "multi-label" else 1 / count
        return Answered(clip, np.full(count, score), np.ones(count, dtype=bool), text)
    scores = np.array([float(name in named) for name in labels.names])
    if labels.task == "multi-class":
        scores = scores / scores.sum()
    return Answered(clip, scores, np.zeros(count, dtype=bool), text)


def _recognizer(
    labels: LabelSet, settings: VlmListSettings, input_spec: InputSpec, texts: Prompts
) -> ZeroShotRecognizer:
    model = CachedVlmClient(vlm_client(settings), default_store())

    def ask(clip: ClipFrames, read: bool) -> Answered:
        (text,) = model.written(clip, texts.listing, [""], settings.max_new_tokens)
        return from_list(clip.clip, text, labels)

    noted = about(settings, input_spec, texts, {"model": dict(model.identity)})
    return ZeroShotRecognizer(labels, input_spec, ask, noted)


VLM_LIST = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    starting=starting,
    plan=plan_text,
    servers=servers,
)
