"""Zero-shot by questions (Guerriero et al., ZSC): a yes/no question per label, read off the next-token distribution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.labels import LabelSet
from actscribe.models.yes_no import YesNo, from_text
from actscribe.recognizers.agreement import check_quantized
from actscribe.recognizers.answers import clip_digest, default_store
from actscribe.recognizers.base import Implementation, Recognizer
from actscribe.recognizers.plans.vlm import plan_yesno
from actscribe.recognizers.prompts import Prompts, prompts
from actscribe.recognizers.served import servers
from actscribe.recognizers.vlm_clients import CachedVlmClient, VlmClient, input_spec, starting, vlm_client
from actscribe.recognizers.zero_shot import (
    Answered,
    ZeroShotRecognizer,
    about,
    from_yes_no,
    restore,
)
from actscribe.settings.recognizers.vlm import VlmYesnoSettings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.sampling import sample_times

#: Tokens in which a written yes or no is looked for.
TEXT_TOKENS = 8
#: Value of the content-free video's pixels.
GREY = 128


def make(inputs: TrainingInputs) -> Recognizer:
    """Set up the model and the questions; nothing is learned."""
    settings: VlmYesnoSettings = inputs.settings
    texts = prompts(inputs.labels, question=settings.question_template, caption=settings.caption_prompt)
    check_quantized(inputs, texts)
    return _recognizer(inputs.labels, settings, inputs.input_spec, texts)


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what was saved, with the questions as they were then."""
    return restore(folder, labels, VlmYesnoSettings, _recognizer)


def calibrated(answer: YesNo, neutral: YesNo) -> YesNo:
    """Return an answer against what the model says without content: (p / q) / (p / q + (1 - p) / (1 - q)).

    Contextual calibration (Zhao et al. 2021, Calibrate Before Use, section 4) for two answers, p of the clip and q of
    the content-free input. It moves all scores of a label by one step of log-odds: their order stays, so a threshold
    chosen on validation gives the same decisions; what changes are scores compared between labels.
    """
    if answer.probability is None or neutral.probability is None:
        return answer
    p, q = (min(max(value, 1e-9), 1 - 1e-9) for value in (answer.probability, neutral.probability))
    yes, no = p / q, (1 - p) / (1 - q)
    return replace(answer, probability=yes / (yes + no))


def content_free(clip: ClipFrames) -> ClipFrames:
    """Return a grey video of the same size, length and number of frames, the same for every clip of those."""
    length = round(clip.clip.end - clip.clip.start, 3)
    times = sample_times(0.0, length, len(clip.frames))
    return ClipFrames(Clip("", 0.0, length), "grey", np.full_like(clip.frames, GREY), times)


def _recognizer(
    labels: LabelSet, settings: VlmYesnoSettings, input_spec: InputSpec, texts: Prompts
) -> ZeroShotRecognizer:
    model = CachedVlmClient(vlm_client(settings), default_store())

    def ask(clip: ClipFrames, read: bool) -> Answered:
        answers = _answers(model, clip, settings, texts)
        if settings.calibrate:
            neutral = _answers(model, content_free(clip), settings, texts)
            answers = [calibrated(answer, blank) for answer, blank in zip(answers, neutral, strict=True)]
        text = ""
        if read and _chosen(clip, settings.caption_share):
            (text,) = model.written(clip, texts.caption, [""], settings.caption_tokens)
        return from_yes_no(clip.clip, answers, labels, text)

    noted = about(settings, input_spec, texts, {"model": dict(model.identity)})
    return ZeroShotRecognizer(labels, input_spec, ask, noted)


def _answers(model: VlmClient, clip: ClipFrames, settings: VlmYesnoSettings, texts: Prompts) -> list[YesNo]:
    if settings.mode == "probability":
        return model.yes_no(clip, texts.opening, texts.questions)
    if model.server is not None:  # which may be able to restrict what is written
        return [from_text(answer.text) for answer in model.yes_no(clip, texts.opening, texts.questions)]
    return [from_text(text) for text in model.written(clip, texts.opening, texts.questions, TEXT_TOKENS)]


def _chosen(clip: ClipFrames, share: float) -> bool:
    """Choose a fixed share of clips by their content: the same ones in every order and after every restart."""
    return int(clip_digest(clip)[:8], 16) < share * 2**32


VLM_YESNO = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    starting=starting,
    plan=plan_yesno,
    servers=servers,
)
