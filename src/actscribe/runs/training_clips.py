"""What a training sees of a study: the clips that have a target, and the room that their decoded frames take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from actscribe.caches import FOLDER_VARIABLE
from actscribe.data.clips import Clip, Window, cut, targets
from actscribe.data.frames import BESIDE, BLOCK, ClipData
from actscribe.data.input_spec import InputSpec
from actscribe.data.loading import StudyData
from actscribe.errors import ActScribeError
from actscribe.features.embedding import moments
from actscribe.features.store import Moment, default_store
from actscribe.labels import LabelSet
from actscribe.recognizers.base import Implementation, implementation
from actscribe.run_folder.run import Run
from actscribe.settings.study import Study
from actscribe.tables import bytes_text, minutes_text
from actscribe.video.cache import SIZE_VARIABLE, FrameCache
from actscribe.video.contained import contained
from actscribe.video.probe import VideoInfo


@dataclass(frozen=True, slots=True, eq=False)
class TrainingClips:
    """What a training sees: the clips that have a target for some label.

    Args:
        input_spec: of a clip.
        clips, targets: of "train" and "validation".
        cache: that their frames go into.
        keeps: whether decoded frames are kept; else they are read as they come.
        vectors: bytes that go into the feature store.
        embeds: whether vectors of clips are kept in the frames' place, see `RecognizerSpec.embeds`.
    """

    input_spec: InputSpec
    clips: dict[str, ClipData]
    targets: dict[str, np.ndarray]
    cache: FrameCache
    keeps: bool
    vectors: int = 0
    embeds: bool = False

    @contained()
    def check_room(self) -> Frames:
        """Return how much room the frames of all clips take, and prove that there is enough to train on them.

        Raises:
            ActScribeError: not even a few clips' frames fit into the frame cache, or onto its disk what is to be held;
                the vectors of all clips do not fit into the feature store; or a video cannot be read.
        """
        if self.vectors:
            default_store().check_room(self.vectors, "the features of its clips")
        if not self.keeps:
            return Frames(0, 0, self.cache.limit_bytes, 0.0, self.vectors, self.embeds)
        whole = sum(clips.bytes() for clips in self.clips.values())
        limit = self.cache.limit_bytes
        fits = whole <= limit
        least = max(clips.least_bytes() for clips in self.clips.values())
        if fits or least > limit:
            self.cache.check_room(whole)
        elif limit > (free := self.cache.free()):
            # What is divided is divided by the limit alone: the disk may be fuller when a training goes on.
            raise ActScribeError(
                f"the decoded frames of its clips take {bytes_text(whole)}, of which {bytes_text(limit)} are held at"
                f" once, and the disk of the frame cache {self.cache.root} has {bytes_text(free)} left for them.",
                f"Free some space, set {SIZE_VARIABLE} to a smaller number, or {FOLDER_VARIABLE} to a folder on a"
                " larger disk.",
            )
        seconds = sum(clips.seconds() for clips in self.clips.values())
        return Frames(whole, 0 if fits else limit, limit, seconds, self.vectors)

    def divide(self, room: int) -> None:
        """Hold parts of the frames within so many bytes from now on; 0: all of them."""
        if room:
            self.clips["train"].divide(room)
            self.clips["validation"].divide(room, BESIDE)


@dataclass(frozen=True, slots=True)
class Frames:
    """What the decoded frames of a training take.

    Args:
        whole: bytes of all; 0 where none is kept.
        room: bytes within which they are read block by block; 0: all are held.
        limit: bytes of the frame cache.
        seconds: that decoding all takes, about.
        vectors: bytes that go into the feature store.
        embeds: whether they are kept in the frames' place.
    """

    whole: int
    room: int
    limit: int
    seconds: float
    vectors: int = 0
    embeds: bool = False

    @property
    def sentence(self) -> str:
        """Return a sentence on it."""
        if self.embeds:
            kept = f"{bytes_text(self.vectors)} of vectors" if self.vectors else "vectors"
            return f"reads each video once, as it comes, and keeps {kept} in the feature store."
        if not self.whole:
            return "reads each video as it comes and keeps none of its frames."
        takes = f"the decoded frames of its clips take {bytes_text(self.whole)}"
        holds = f"the frame cache holds {bytes_text(self.limit)}"
        if not self.room:
            return f"{takes}; {holds}."
        time = f"decoding takes {minutes_text(self.seconds)}"
        return (
            f"{takes} and {holds}: they are decoded again in each epoch ({time}), and clips are shuffled within blocks"
            f" of up to {bytes_text(self.room // BLOCK)} of frames."
        )


def check_frames(run: Run, frames: Frames) -> None:
    """Refuse to go on with a training in another order of clips: the order follows from the room for their frames.

    Raises:
        ActScribeError: the frame cache does not hold any more what was held when the run was begun.
    """
    begun = run.info.frames_room
    if frames.limit < (begun or frames.whole):
        raise ActScribeError(
            f"{run.folder}: was started with a frame cache of {bytes_text(begun) if begun else 'more'}, and it holds"
            f" {bytes_text(frames.limit)} now; another size would be another order of clips.",
            f"Set {SIZE_VARIABLE} to {math.ceil((begun or frames.whole) / 2**30 * 100) / 100:g} or more and type the"
            " same command again.",
        )


def cut_training_clips(
    study: Study,
    recognizer: str,
    data: StudyData,
    cache: FrameCache,
    infos: dict[Path, VideoInfo] | None = None,
) -> TrainingClips:
    """Cut the clips of training and validation; nothing is decoded.

    Args:
        study: whose clips they are; the model of the recognizer must be here.
        recognizer: the study's name for it.
        data: of the study.
        cache: of decoded frames.
        infos: what is known about videos already, see `ClipData`.
    """
    infos = {} if infos is None else infos
    chosen = study.chosen(recognizer)
    code = implementation(chosen.recognizer)
    recognizer_input_spec = code.input_spec(chosen.settings, study.windows.frames)
    input_spec = replace(recognizer_input_spec, square_pixels=study.windows.square_pixels)
    shown, truth = {}, {}
    for split, one in (("train", input_spec), ("validation", replace(input_spec, temporal_jitter=1))):
        clips = clips_of(data, study, split)
        all_targets = targets_of(clips, study, data.labels)
        known = np.flatnonzero(~np.isnan(all_targets).all(axis=1))
        shown[split] = ClipData(data.of_split(split), [clips[index] for index in known], one, cache, infos)
        truth[split] = all_targets[known]
    vectors = _vectors(shown.values(), code, chosen.settings, study.windows.frames)
    return TrainingClips(
        input_spec, shown, truth, cache, chosen.trains and not chosen.spec.embeds, vectors, chosen.spec.embeds
    )


def _vectors(splits: Iterable[ClipData], code: Implementation, settings: BaseModel, frames: int) -> int:
    """Return the bytes that clips take in the feature store: what several of them show is kept once."""
    stored = code.stored_features(settings, frames) if code.stored_features is not None else None
    if stored is None or not stored.bytes:
        return 0
    entries: set[tuple[str, Moment]] = set()
    for held in splits:
        for name, clips in by_recording(held.clips).items():
            recording = held.recordings[name]
            look = code.looks(settings, frames, clips, recording.duration)
            entries.update(
                (recording.content, one) for clip in look.clips for one in moments(clip, look.frames, stored.per)
            )
    return len(entries) * stored.bytes


def by_recording(clips: Iterable[Clip]) -> dict[str, list[Clip]]:
    """Return the clips of each recording, in order of time."""
    by_name: dict[str, list[Clip]] = {}
    for clip in sorted(clips, key=lambda one: (one.start, one.end)):
        by_name.setdefault(clip.recording, []).append(clip)
    return by_name


def targets_of(clips: Sequence[Clip], study: Study, labels: LabelSet) -> np.ndarray:
    """Return the targets of clips, shape (clips, labels), also of none."""
    if not clips:
        return np.zeros((0, len(labels)), dtype=np.float32)
    return targets(clips, labels.task, study.windows.threshold)


def clips_of(data: StudyData, study: Study, split: str) -> list[Clip]:
    """Return the clips of a split's annotated recordings, with or without a target."""
    window = Window(study.windows.length, study.windows.stride)
    return [
        clip
        for recording in data.of_split(split)
        if recording.intervals is not None
        for clip in cut(recording, data.labels, window)
    ]
