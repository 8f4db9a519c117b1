"""Which frames the recognizers of a comparison will want of each video, so that it is decoded once for all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from actscribe.data.clips import Window, cut
from actscribe.data.frames import clip_moments
from actscribe.data.loading import StudyData
from actscribe.data.manifest import HELD_OUT
from actscribe.data.recording import Recording
from actscribe.progress import say
from actscribe.recognizers.base import implementation
from actscribe.settings.study import Study
from actscribe.tables import bytes_text
from actscribe.video.cache import FrameCache, entry_bytes
from actscribe.video.probe import probe
from actscribe.video.reading import Want, scaled
from actscribe.video.sharing import Shared, joined, sharing


def decoding_once(
    study: Study, names: Sequence[str], data: StudyData, cache: FrameCache
) -> AbstractContextManager[None]:
    """Return a block in which each video is decoded once for all of some recognizers.

    Where the frames of all do not fit into half of the frame cache, each recognizer reads the videos for itself, and a
    line says so: the frames that training goes through at random need the other half.

    Args:
        study: that is compared.
        names: the study's, of the recognizers that are to be trained or set up.
        data: of the study.
        cache: of decoded frames.
    """
    if len(names) < 2:
        return nullcontext()
    by_video: dict[Path, list[tuple[Recording, Want]]] = {}
    for recording in data.recordings:
        for name in names if recording.intervals is not None else ():
            for want in _wants(study, name, data, recording):
                by_video.setdefault(recording.video, []).append((recording, want))
    videos = {
        path: Shared(wants[0][0].content, joined([want for _, want in wants])) for path, wants in by_video.items()
    }
    room, needed = cache.limit_bytes // 2, sum(_bytes(path, shared) for path, shared in videos.items())
    if needed > room:
        say(
            f"Each recognizer decodes the videos for itself: the frames of all take {bytes_text(needed)}, and half of"
            f" the frame cache is {bytes_text(room)}.",
        )
        return nullcontext()
    return sharing(cache, videos)


def _wants(study: Study, name: str, data: StudyData, recording: Recording) -> list[Want]:
    chosen = study.chosen(name)
    if not chosen.trains and recording.split not in HELD_OUT:
        return []
    code, frames = implementation(chosen.recognizer), study.windows.frames
    input_spec = replace(code.input_spec(chosen.settings, frames), square_pixels=study.windows.square_pixels)
    clips = cut(recording, data.labels, Window(study.windows.length, study.windows.stride))
    look = code.looks(chosen.settings, frames, clips, recording.duration)
    jitters = recording.split == "train" and not chosen.spec.embeds
    clip_input_spec = replace(
        input_spec, frames=look.frames, temporal_jitter=input_spec.temporal_jitter if jitters else 1
    )
    times = np.unique(np.concatenate([clip_moments(clip, clip_input_spec) for clip in look.clips]))
    return [Want(tuple(times.tolist()), input_spec.short_side, input_spec.square_pixels)]


def _bytes(path: Path, shared: Shared) -> int:
    info = probe(path)
    sizes = [scaled(info.width, info.height, 1.0, want.short_side) for want in shared.wants]
    return sum(
        entry_bytes(len(want.times), width * height * 3)
        for want, (width, height) in zip(shared.wants, sizes, strict=True)
    )
