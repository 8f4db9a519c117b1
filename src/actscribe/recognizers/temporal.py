"""A network over the features of a whole recording: dilated convolutions or windowed attention, in stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from actscribe.annotations.interval import Annotations
from actscribe.data.clips import Clip, annotated_by, targets
from actscribe.data.frames import ClipData
from actscribe.features.embedder import Embedder, Encoder
from actscribe.features.embedders.load import load_embedder
from actscribe.features.embedding import Embedding, embed
from actscribe.features.sequences import Stepping, stacked
from actscribe.features.store import default_store
from actscribe.files import write_text
from actscribe.labels import LabelSet
from actscribe.models.device import device
from actscribe.models.loading import fill
from actscribe.models.temporal.network import Design, TemporalNetwork
from actscribe.recognizers.base import Implementation, InputSpec, Look, Recognizer
from actscribe.recognizers.on_encoder import (
    encoder_of,
    input_spec,
    noted_encoder,
    noted_there,
    stored_features,
    weights,
)
from actscribe.recognizers.on_sequences import OnSequences
from actscribe.recognizers.plans.encoder import plan_encoder
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.settings.recognizers.temporal import CLIP_STEP, FRAME_STEP, TemporalSettings
from actscribe.training.fit import Examples, Fit, fit
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import prior_logits
from actscribe.training.sequence_loss import SequenceLoss, boundaries, sequence_loss
from actscribe.training.sequences import (
    LearnedSequence,
    TimeAugmentation,
    example_of,
    length_of,
    padded_targets,
    standard,
)

#: A step shows a label if at least this part of it is covered (ours): it is so short that more would say no more.
COVERED = 0.5


def make(inputs: TrainingInputs) -> Recognizer:
    """Train a network on the features of the study's recordings, which the encoder makes once."""
    settings: TemporalSettings = inputs.settings
    torch.manual_seed(inputs.seed)
    embedder = load_embedder(settings.encoder(), inputs.input_spec.frames)
    stepping = _stepping(settings, embedder.encoder)
    train = _sequences(inputs, inputs.train, embedder, stepping, "Features of training recordings")
    validation = _sequences(inputs, inputs.validation, embedder, stepping, "Features of validation recordings")
    network = TemporalNetwork(_design(settings, stepping, inputs.labels))
    every = np.concatenate([one.targets for one in train])
    _begin(network, train, prior_logits(every, inputs.labels.task))
    if inputs.start:
        fill(network.state_dict(), inputs.start / "network.safetensors")
    length = length_of([*train, *validation], max(1, round(settings.piece / stepping.step)))
    change = TimeAugmentation(
        settings.stride_jitter, settings.cuts, settings.feature_dropout, settings.dropout, network.kept_shape()
    )
    fit(
        Fit(
            network=network,
            groups=[(list(network.parameters()), settings.head_learning_rate)],
            loss=_loss(settings, inputs.labels, train),
            train=Examples(
                example_of(train, length, inputs.seed, change), padded_targets(train, length, len(inputs.labels))
            ),
            validation=Examples(
                example_of(validation, length, inputs.seed, None),
                padded_targets(validation, length, len(inputs.labels)),
            ),
            task=inputs.labels.task,
            settings=settings.model_copy(update={"precision": "float32"}),
            folder=inputs.folder,
            seed=inputs.seed,
            resume=inputs.resume,
        )
    )
    return _recognizer(settings, embedder, stepping, network, inputs.labels, inputs.input_spec)


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what was saved.

    Raises:
        ActScribeError: the encoder is not on this machine, or is another one than the network was trained on.
    """
    settings, input_spec, embedder = noted_there(folder, TemporalSettings)
    stepping = _stepping(settings, embedder.encoder)
    network = TemporalNetwork(_design(settings, stepping, labels))
    fill(network.state_dict(), folder / "network.safetensors")
    return _recognizer(settings, embedder, stepping, network, labels, input_spec)


def starting(settings: TemporalSettings, labels: LabelSet, frames: int) -> list[str]:
    """Refuse an encoder whose weights do not fit, and say what acts on encoders of clips alone; see
    `Implementation.starting`.
    """
    encoder = load_embedder(settings.encoder(), frames).encoder
    usual = TemporalSettings.model_fields["clip_lengths"].default
    if encoder.per == "frame" and settings.clip_lengths != usual:
        return [f"clip_lengths has no effect: {settings.model} looks at single frames, one in the middle of each step"]
    return []


def looks(settings: TemporalSettings, frames: int, clips: Sequence[Clip], duration: float) -> Look:
    """Return what is seen of the stretch of a recording that its clips lie in, see `Implementation.looks`."""
    stepping = _stepping(settings, encoder_of(settings, frames))
    spans = stepping.spans(min(clip.start for clip in clips), max(clip.end for clip in clips), duration)
    return Look(stepping.clips(clips[0].recording, spans, duration), stepping.input_spec(InputSpec(frames, 1)).frames)


def _stepping(settings: TemporalSettings, encoder: Encoder) -> Stepping:
    step = settings.step or (FRAME_STEP if encoder.per == "frame" else CLIP_STEP)
    return Stepping(encoder, step, settings.clip_lengths, settings.causal)


def _design(settings: TemporalSettings, stepping: Stepping, labels: LabelSet) -> Design:
    return Design(
        kind=settings.network,
        width=stepping.width,
        labels=len(labels),
        task=labels.task,
        channels=settings.channels,
        stages=settings.stages,
        layers=settings.layers,
        heads=settings.attention_heads,
        window=max(1, round(settings.attention_window / stepping.step)),
        causal=settings.causal,
        boundaries=settings.boundary_loss > 0,
    )


def _sequences(
    inputs: TrainingInputs, data: ClipData, embedder: Embedder, stepping: Stepping, what: str
) -> list[LearnedSequence]:
    """Return what is learned from the recordings of the clips: of each the stretch that its clips lie in."""
    input_spec = stepping.input_spec(replace(data.input_spec, temporal_jitter=1))
    embedding = Embedding(embedder, input_spec, default_store(), data.show)
    spans = {name: _stretch(data, name, stepping) for name in dict.fromkeys(clip.recording for clip in data.clips)}
    clips = {name: stepping.clips(name, own, data.recordings[name].duration) for name, own in spans.items()}
    features = embed(embedding, list(data.recordings.values()), [clip for own in clips.values() for clip in own], what)
    rows = (features.row(index) for index in range(len(features)))
    return [
        LearnedSequence(
            stacked((next(rows) for _ in clips[name]), own, stepping), _targets(data, name, own, inputs.labels)
        )
        for name, own in spans.items()
    ]


def _stretch(data: ClipData, name: str, stepping: Stepping) -> np.ndarray:
    own = [clip for clip in data.clips if clip.recording == name]
    return stepping.spans(
        min(clip.start for clip in own), max(clip.end for clip in own), data.recordings[name].duration
    )


def _targets(data: ClipData, name: str, spans: np.ndarray, labels: LabelSet) -> np.ndarray:
    recording = data.recordings[name]
    steps = [Clip(name, float(start), float(end)) for start, end in spans]
    annotations = Annotations(recording.intervals or (), recording.gaps)
    return targets(annotated_by(steps, annotations, labels), labels.task, COVERED)


def _begin(network: TemporalNetwork, train: Sequence[LearnedSequence], bias: np.ndarray) -> None:
    """Let an untrained network answer with the label priors, on features that are standardised."""
    mean, deviation = standard(train)
    with torch.no_grad():
        network.mean.copy_(mean)
        network.scale.copy_(deviation)
        for stage in network.stages:
            stage.out.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr, operator]


def _loss(settings: TemporalSettings, labels: LabelSet, train: Sequence[LearnedSequence]) -> SequenceLoss:
    changes = []
    for one in train:
        begun, known = boundaries(torch.from_numpy(one.targets)[None])
        changes.append(torch.where(known[0] > 0, begun[0], torch.nan).numpy())
    return sequence_loss(
        labels.task,
        np.concatenate([one.targets for one in train]),
        np.concatenate(changes),
        settings.most_weight if settings.positive_weight else 1.0,
        settings.smoothing_loss,
        settings.boundary_loss,
    )


def _recognizer(
    settings: TemporalSettings,
    embedder: Embedder,
    stepping: Stepping,
    network: TemporalNetwork,
    labels: LabelSet,
    input_spec: InputSpec,
) -> OnSequences:
    def save(folder: Path) -> None:
        weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
        save_file(weights, folder / "network.safetensors")
        write_text(folder / RECOGNIZER_FILE, json.dumps(noted_encoder(settings, input_spec, folder), indent=1))

    return OnSequences(embedder, input_spec, stepping, network.to(device()), labels, save)


TEMPORAL = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    weights=weights,
    starting=starting,
    plan=plan_encoder,
    stored_features=stored_features,
    looks=looks,
    cannot_warm_start=lambda settings: "",
)
