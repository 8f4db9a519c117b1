"""Zero-shot by times (ours): in windows of minutes, a vision-language model says from when to when each label happens.

Window of a recording -> frames with their times -> a question per label -> what is written -> intervals that can be
-> scores of the recording's steps. Temporal grounding as in Charades-STA (Gao et al. 2017), for labels in place of
sentences, several intervals or none for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from actscribe.data.clips import Clip, Window, spans
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.models.generated_text import GeneratedText
from actscribe.recognizers.abilities import ScoresWindows
from actscribe.recognizers.agreement import check_quantized
from actscribe.recognizers.answers import default_store
from actscribe.recognizers.base import Implementation, Look, Recognizer
from actscribe.recognizers.grounded import Grounded, on_steps, step_edges
from actscribe.recognizers.interval_answers import IntervalAnswer, read_intervals
from actscribe.recognizers.plans.vlm import plan_ground
from actscribe.recognizers.prompts import Prompts, fill, prompts
from actscribe.recognizers.served import servers, vlm_server
from actscribe.recognizers.vlm_clients import CachedVlmClient, vlm_client
from actscribe.recognizers.vlm_clients import input_spec as clip_input_spec
from actscribe.recognizers.vlm_clients import starting as started
from actscribe.recognizers.zero_shot import about, restore, write_about
from actscribe.settings.recognizers.vlm import VlmGroundSettings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.sampling import nominal_times

WHEN = (
    "When does this happen in the video: {label}? Answer with every interval as start - end in seconds, separated by"
    " commas, or none."
)


class GroundRecognizer(ScoresWindows):
    """A recognizer that is asked about windows of minutes. The model itself is not saved, only which one it is.

    Whoever has a recording asks about its windows and lays the answers on its steps. `score` takes clips by themselves:
    each is a window.

    Args:
        labels: of the study.
        settings: of the windows.
        input_spec: what the model sees of a window.
        ask: what the model says about a window.
        about: what `save` writes, JSON values.
        on_answer: called with every answer in the order of the windows, if set.
    """

    def __init__(
        self,
        labels: LabelSet,
        settings: VlmGroundSettings,
        input_spec: InputSpec,
        ask: Callable[[ClipFrames], Grounded],
        about: dict[str, Any],
    ) -> None:
        self.labels, self.settings, self.input_spec, self.about = labels, settings, input_spec, about
        self.on_answer: Callable[[Grounded], None] | None = None
        self._ask = ask

    def windows(self, clips: Sequence[Clip]) -> list[Clip]:
        """See `ScoresWindows`."""
        return windows(self.settings, clips)

    def ask(self, window: ClipFrames) -> Grounded:
        """See `ScoresWindows`."""
        answer = self._ask(window)
        if self.on_answer is not None:
            self.on_answer(answer)
        return answer

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,): the mean over its steps; see `Recognizer.score`."""
        for clip in clips:
            edges = step_edges(clip.clip.start, clip.clip.end)
            yield on_steps([self.ask(clip)], edges, self.labels.task).mean(axis=0)

    def save(self, folder: Path) -> None:
        """Write settings, questions in full and the model's name, place and digest; the model stays where it is."""
        write_about(self.about, folder)


def make(inputs: TrainingInputs) -> Recognizer:
    """Set up the model and the questions; nothing is learned."""
    settings: VlmGroundSettings = inputs.settings
    check_quantized(inputs, prompts(inputs.labels))
    return _recognizer(inputs.labels, settings, inputs.input_spec, _texts(inputs.labels, settings.when_template))


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what was saved, with the questions as they were then."""
    return restore(folder, labels, VlmGroundSettings, _recognizer)


def input_spec(settings: VlmGroundSettings, frames: int) -> InputSpec:
    """Return what the model sees of a window; see `vlm_clients.input_spec`."""
    return clip_input_spec(settings, settings.frames)


def windows(settings: VlmGroundSettings, clips: Sequence[Clip]) -> list[Clip]:
    """Return the windows of a recording that are asked about: from its first clip's start to its last one's end."""
    first, last = min(clip.start for clip in clips), max(clip.end for clip in clips)
    window_spans = spans(last - first, Window(settings.window, settings.stride), "'stride:' of vlm-ground")
    return [Clip(clips[0].recording, first + start, first + end) for start, end in window_spans]


def looks(settings: VlmGroundSettings, frames: int, clips: Sequence[Clip], duration: float) -> Look:
    """Return the windows of a recording, see `Implementation.looks`."""
    return Look(windows(settings, clips), settings.frames)


def starting(settings: VlmGroundSettings, labels: LabelSet, frames: int) -> list[str]:
    """Return also where a server's intervals are all equally sure; see `Implementation.starting`."""
    remarks = started(settings, labels, frames)
    if settings.server and settings.mode == "probability" and not vlm_server(settings).manner.probabilities:
        remarks.append("the server returns no probabilities of what it writes: intervals score 1, and all else 0")
    return remarks


def opening(texts: Prompts, clip: ClipFrames, writes_times: bool) -> str:
    """Return what is said before every question: the setting, the length, and unless the model's processor writes
    them between the frames, their times."""
    length = round(clip.clip.end - clip.clip.start, 1)
    parts = [texts.opening, f"The video is {length:g} seconds long."]
    if not writes_times:
        times = ", ".join(f"{moment:.1f}" for moment in _stated_times(clip))
        parts.append(f"Its {len(clip.frames)} frames were taken at {times} seconds.")
    return " ".join(part for part in parts if part)


def read(written: GeneratedText, index: int, labels: LabelSet, clip: ClipFrames) -> IntervalAnswer:
    """Return what an answer on the label at `index` says of a clip; one that was cut off is not read."""
    if not written.whole:
        return IntervalAnswer(unread=True, cut=1)
    length = clip.clip.end - clip.clip.start
    return read_intervals(written.text, labels.labels[index], length, len(clip.frames), labels.labels)


def _recognizer(
    labels: LabelSet, settings: VlmGroundSettings, input_spec: InputSpec, texts: Prompts
) -> GroundRecognizer:
    model = CachedVlmClient(vlm_client(settings), default_store())

    def ask(clip: ClipFrames) -> Grounded:
        start = opening(texts, clip, model.writes_times)
        written = model.weighed(clip, start, texts.questions, settings.max_new_tokens)
        answers = tuple(read(one, index, labels, clip) for index, one in enumerate(written))
        chances = tuple(_chances(one, answer, settings.mode) for one, answer in zip(written, answers, strict=True))
        shift = float(np.median(clip.times - clip.clip.start - _stated_times(clip)))
        return Grounded(clip.clip, answers, chances, tuple(one.text for one in written), shift)

    noted = about(settings, input_spec, texts, {"model": dict(model.identity)})
    return GroundRecognizer(labels, settings, input_spec, ask, noted)


def _stated_times(clip: ClipFrames) -> np.ndarray:
    """Return the times that the model is told for a clip's frames, in seconds from its start."""
    return nominal_times(clip.clip.start, clip.clip.end, len(clip.frames))


def _chances(written: GeneratedText, answer: IntervalAnswer, mode: str) -> tuple[float, ...]:
    known = (written.probability(*one.span) if mode == "probability" else None for one in answer.intervals)
    return tuple(1.0 if chance is None else chance for chance in known)


def _texts(labels: LabelSet, template: str) -> Prompts:
    if template and "{label}" not in template:
        raise ActScribeError(f"when_template lacks {{label}}: '{template}'.", "Add it where it belongs.")
    asked = tuple(fill(template or WHEN, label=label.described()) for label in labels.labels)
    return replace(prompts(labels), questions=asked)


VLM_GROUND = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    starting=starting,
    plan=plan_ground,
    looks=looks,
    servers=servers,
)
