"""Zero-shot by caption and judge (Guerriero et al., ZSC-J): a text model judges what the video model writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.labels import LabelSet
from actscribe.models.judge import Judge, load_judge
from actscribe.models.yes_no import FIELDS, YesNo
from actscribe.recognizers.agreement import check_quantized
from actscribe.recognizers.answers import AnswerStore, answer_key, default_store, remember, store_for
from actscribe.recognizers.base import Implementation, Recognizer
from actscribe.recognizers.plans.judge import plan_judge
from actscribe.recognizers.prompts import Prompts, prompts
from actscribe.recognizers.served import ServerJudge, judge_server, servers_and_judge
from actscribe.recognizers.vlm_clients import CachedVlmClient, input_spec, pick, starting_judge, vlm_client
from actscribe.recognizers.zero_shot import (
    Answered,
    ZeroShotRecognizer,
    about,
    from_yes_no,
    restore,
)
from actscribe.settings.recognizers.vlm import VlmJudgeSettings
from actscribe.training.inputs import TrainingInputs

#: Judges in use: training holds a recognizer and its reloaded twin at once, and a GGUF file takes long to read.
_IN_USE: WeakValueDictionary[tuple[str, str], Judge] = WeakValueDictionary()


class TextModel(Protocol):
    """A text-only language model, wherever it runs."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What answers are kept under."""
        ...

    def yes_no(self, prompts: Sequence[str]) -> list[YesNo]:
        """Return the answer to each yes/no prompt."""
        ...


def make(inputs: TrainingInputs) -> Recognizer:
    """Set up both models and the prompts; nothing is learned."""
    settings: VlmJudgeSettings = inputs.settings
    texts = prompts(inputs.labels, caption=settings.caption_prompt, judge=settings.judge_template)
    check_quantized(inputs, texts)
    return _recognizer(inputs.labels, settings, inputs.input_spec, texts)


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what was saved, with the prompts as they were then."""
    return restore(folder, labels, VlmJudgeSettings, _recognizer)


def judged(judge: TextModel, caption: str, texts: Prompts, store: AnswerStore | None) -> list[YesNo]:
    """Return the judge's answer per label on a caption; one that occurred before and was kept is not judged again."""
    filled = [text.replace("{caption}", caption) for text in texts.judged]
    keys = [answer_key(judge.identity, text, {"kind": "judged", "fields": FIELDS}) for text in filled]
    answers = remember(store, keys, lambda left: [asdict(answer) for answer in judge.yes_no(pick(filled, left))])
    return [YesNo(**answer) for answer in answers]


def _recognizer(
    labels: LabelSet, settings: VlmJudgeSettings, input_spec: InputSpec, texts: Prompts
) -> ZeroShotRecognizer:
    store = default_store()
    model = CachedVlmClient(vlm_client(settings), store)
    judge = _judge(settings)

    def ask(clip: ClipFrames, read: bool) -> Answered:
        (caption,) = model.written(clip, texts.caption, [""], settings.caption_tokens)
        answers = judged(judge, caption, texts, store_for(clip, store)) if caption else [YesNo(None)] * len(labels)
        return from_yes_no(clip.clip, answers, labels, caption)

    models = {"model": dict(model.identity), "judge": dict(judge.identity)}
    return ZeroShotRecognizer(labels, input_spec, ask, about(settings, input_spec, texts, models))


def _judge(settings: VlmJudgeSettings) -> TextModel:
    if settings.judge_server:
        return ServerJudge(judge_server(settings))
    key = (settings.judge, settings.dtype)
    judge = _IN_USE.get(key)
    if judge is None:
        judge = _IN_USE[key] = load_judge(*key)
    return judge


VLM_JUDGE = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    starting=starting_judge,
    plan=plan_judge,
    servers=servers_and_judge,
)
