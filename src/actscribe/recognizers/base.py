"""What every recognizer offers, and what its training is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.frames import ClipData
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.labels import LabelSet
from actscribe.models.server.tally import Tally
from actscribe.recognizers.abilities import ScoresFeatures, ScoresSteps, ScoresWindows
from actscribe.recognizers.grounded import Grounded
from actscribe.settings.other_packages import AT_IMPORT, careful, not_loaded, raise_explained, wrong
from actscribe.settings.registry import BUILT_IN, added, recognizer
from actscribe.settings.spec import RecognizerSpec
from actscribe.training.inputs import TrainingInputs

__all__ = [
    "Answering",
    "ClipData",
    "ClipFrames",
    "Implementation",
    "InputSpec",
    "Look",
    "Plan",
    "Recognizer",
    "Server",
    "StoredFeatures",
    "TrainingInputs",
    "implementation",
]


class Recognizer(Protocol):
    """Turns clips into scores. Zero-shot or trained, all are used the same way.

    What one can beyond that it says by the classes of `recognizers.abilities` that its own is made from.
    """

    labels: LabelSet
    input_spec: InputSpec

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield one array of scores in [0, 1] per clip, shape (labels,), in the order of `clips`.

        Reads ahead by at most one batch, so that an endless video is scored in bounded memory.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write all that is needed to load it again into an existing empty folder; safetensors, JSON and YAML only."""
        ...


class Answering(Recognizer, Protocol):
    """A recognizer whose `RecognizerSpec.answers`: it tells what its model answers.

    Args:
        on_answer: while it is set, called with a `zero_shot.Answered` for each clip that is scored, or with a
            `grounded.Grounded` for each window, in their order; None: nobody listens.
    """

    on_answer: Callable[[Any], None] | None


class Server(Protocol):
    """A server that runs a model of a recognizer."""

    def description(self) -> str:
        """Return what it can do, in one line.

        Raises:
            ActScribeError: it does not answer, or cannot be used.
        """
        ...

    def take(self) -> Tally:
        """Return what it was sent since this was called last."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recognizer will cost with a model, estimated before anything is loaded.

    Args:
        model: as the settings name it.
        memory: bytes at the peak, besides Python and PyTorch themselves.
        lines: topic -> sentence, as `actscribe models plan` prints them.
    """

    model: str
    memory: int
    lines: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """What a training keeps in the feature store, known before anything is loaded.

    Args:
        per: "frame" or "clip": what its vectors are of; a frame's are kept once for all clips that show it.
        bytes: of one frame's or one clip's vectors, about; 0: nothing is kept.
    """

    per: Literal["frame", "clip"]
    bytes: int


@dataclass(frozen=True, slots=True)
class Look:
    """How a recognizer looks at a recording, known before anything is loaded.

    Args:
        clips: that are shown to it.
        frames: of each.
    """

    clips: Sequence[Clip]
    frames: int


def clip_by_clip(settings: object, frames: int, clips: Sequence[Clip], duration: float) -> Look:
    """Answer `Implementation.looks` of a recognizer that looks at the study's clips."""
    return Look(clips, frames)


def no_digest(settings: object) -> str:
    """Answer `Implementation.weights` of a recognizer whose start no digest tells."""
    return ""


def no_servers(settings: object) -> dict[str, Server]:
    """Answer `Implementation.servers` of a recognizer that computes by itself."""
    return {}


def never_warm(settings: object) -> str:
    """Answer `Implementation.cannot_warm_start` of a recognizer that starts from its settings' checkpoint alone."""
    return "cannot start from an earlier run"


def no_notes(settings: object, labels: object, frames: int) -> list[str]:
    """Answer `Implementation.starting` of a recognizer whose checkpoint is taken as it is."""
    return []


@dataclass(frozen=True, slots=True)
class Implementation:
    """The code of a recognizer: what its `RecognizerSpec` names as "package.module:NAME".

    Args:
        input_spec: settings and the study's frames per clip -> what the recognizer wants to see.
        make: trains, or for a zero-shot recognizer just sets up.
        load: a saved folder and the run's label set -> the recognizer.
        weights: settings -> the digest of the weights that training starts from; empty where nothing tells.
        starting: settings, label set and frames per clip -> what the run's notes say of the checkpoint that training
            starts from, such as resized positions; refuses one whose weights do not fit, before anything is written.
        plan: settings, frames of a clip and labels -> what it will cost; None: no estimate is known.
        stored_features: settings and frames of a clip -> what training keeps in the feature store, from the model's
            configuration alone; None: it never keeps anything there.
        looks: settings, frames of a clip, clips of one recording that ascend and its duration in seconds -> what is
            looked at.
        merge: folds a saved folder's adapters into the model, and writes what `RecognizerSpec.merges_into` loads.
        servers: settings -> the servers that they name, by what runs there, such as "model"; the same objects that the
            recognizer asks. `check` describes them, and a run keeps what each was sent.
        cannot_warm_start: settings -> why training does not start from an earlier run's weights, as part of a sentence;
            empty where `make` starts from `TrainingInputs.start`.
    """

    input_spec: Callable[[Any, int], InputSpec]
    make: Callable[[TrainingInputs], Recognizer]
    load: Callable[[Path, LabelSet], Recognizer]
    weights: Callable[[Any], str] = no_digest
    starting: Callable[[Any, LabelSet, int], list[str]] = no_notes
    plan: Callable[[Any, int, int], Plan] | None = None
    stored_features: Callable[[Any, int], StoredFeatures] | None = None
    looks: Callable[[Any, int, Sequence[Clip], float], Look] = clip_by_clip
    merge: Callable[[Path, Path], None] | None = None
    servers: Callable[[Any], Mapping[str, Server]] = no_servers
    cannot_warm_start: Callable[[Any], str] = never_warm


def implementation(name: str) -> Implementation:
    """Return the code of a recognizer of the registry.

    Raises:
        ActScribeError: no such recognizer, or the code of a package outside this one does not load; whatever fails in
            it later, its recognizer's `score` and `save` too, is a sentence that names the package.
    """
    spec = recognizer(name)
    if name in BUILT_IN:
        own: Implementation = _code(spec)
        return own
    point = added()[name][0]
    try:
        made = _code(spec)
    except AT_IMPORT as error:
        raise not_loaded(point, "recognizer", error) from error
    if not isinstance(made, Implementation):
        message = f" has a {type(made).__name__} at {spec.code}; expected an Implementation."
        raise wrong(point, "recognizer", message)
    return _all_careful(made, spec, point)


def _all_careful(made: Implementation, spec: RecognizerSpec, point: EntryPoint) -> Implementation:
    """Return the code of another package, whose faults are sentences."""

    def whole(part: str, expected: type) -> Callable[..., Any]:
        return careful(getattr(made, part), expected, point, "recognizer", part)

    def recognizer_of(part: str) -> Callable[..., Recognizer]:
        call = whole(part, object)
        return lambda *given: _careful_recognizer(call(*given), spec, point, part)

    return replace(
        made,
        input_spec=whole("input_spec", InputSpec),
        make=recognizer_of("make"),
        load=recognizer_of("load"),
        weights=whole("weights", str),
        starting=whole("starting", list),
        plan=made.plan and whole("plan", Plan),
        stored_features=made.stored_features and whole("stored_features", StoredFeatures),
        looks=whole("looks", Look),
        merge=made.merge and whole("merge", object),
        servers=whole("servers", dict),
        cannot_warm_start=whole("cannot_warm_start", str),
    )


def _careful_recognizer(recognizer: Any, spec: RecognizerSpec, point: EntryPoint, part: str) -> Recognizer:
    """Return a recognizer of another package whose faults are sentences."""
    needed = ("labels", "input_spec", "score", "save", *(("on_answer",) if spec.answers else ()))
    lacking = [name for name in needed if not hasattr(recognizer, name)]
    if lacking:
        message = f": '{part}' returned {recognizer!r}, expected a recognizer; it has no {' and no '.join(lacking)}."
        raise wrong(point, "recognizer", message)
    with suppress(AttributeError):  # of a class with slots, whose errors stay as they are
        for name, call in _careful_methods(recognizer, point).items():
            object.__setattr__(recognizer, name, call)
    kept: Recognizer = recognizer
    return kept


def _careful_methods(recognizer: Any, point: EntryPoint) -> dict[str, Callable[..., Any]]:
    """Return the methods of a recognizer of another package, with sentences in the place of what they raise."""

    def whole(name: str, expected: type) -> Callable[..., Any]:
        return careful(getattr(recognizer, name), expected, point, "recognizer", name)

    def each(name: str) -> Callable[..., Iterator[np.ndarray]]:
        call = getattr(recognizer, name)
        return lambda rows: _careful_rows(call, rows, point, name)

    methods = {"save": whole("save", object), "score": each("score")}
    if isinstance(recognizer, ScoresFeatures):
        methods["score_features"] = each("score_features")
    if isinstance(recognizer, ScoresSteps):
        steps = recognizer.score_steps
        methods["score_steps"] = lambda rows: np.stack(list(_careful_rows(steps, rows, point, "score_steps")))
        methods["follower"] = whole("follower", object)
    if isinstance(recognizer, ScoresWindows):
        methods |= {"windows": whole("windows", list), "ask": whole("ask", Grounded)}
    return methods


def _careful_rows(
    score: Callable[..., Iterable[np.ndarray]], rows: Iterable[Any], point: EntryPoint, part: str
) -> Iterator[np.ndarray]:
    """Yield the scores of clips or their features; what goes wrong while these are read is not a fault of `score`."""
    unread: list[BaseException] = []

    def read() -> Iterator[Any]:
        try:
            yield from rows
        except Exception as error:
            unread.append(error)
            raise

    try:
        yield from score(read())
    except (Exception, SystemExit) as error:
        if any(error is one for one in unread):
            raise
        raise_explained(error, point, "recognizer", part)


def _code(spec: RecognizerSpec) -> Any:
    module, _, attribute = spec.code.partition(":")
    return getattr(import_module(module), attribute)
