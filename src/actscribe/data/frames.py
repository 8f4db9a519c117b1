"""The frames that belong to clips: at random through the disk cache, or streamed in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.data.view import ClipFrames, InputSpec
from actscribe.processes import first_goes_first
from actscribe.progress import track
from actscribe.video.cache import CachedFrames, FrameCache
from actscribe.video.probe import probe
from actscribe.video.reading import scaled
from actscribe.video.sampling import candidate_times, sample_times
from actscribe.video.windows import clip_frames


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of a clip that are to be seen.

    Args:
        clip: the clip.
        times: in seconds, ascending, shape (frames,).
    """

    clip: Clip
    times: np.ndarray


class ClipData(Sequence[ClipFrames]):
    """Clips with random access to their frames, as training needs; frames are decoded once, into the cache.

    Args:
        recordings: that the clips were cut from.
        clips: in any order.
        view: what the recognizer wants to see.
        cache: holds the decoded frames.
    """

    def __init__(
        self, recordings: Sequence[Recording], clips: Sequence[Clip], view: InputSpec, cache: FrameCache
    ) -> None:
        self.recordings = {recording.name: recording for recording in recordings}
        self.clips = tuple(clips)
        self.view = view
        self._cache = cache
        self._times = _distinct_times(self.recordings, clips, view)
        self._open: dict[str, CachedFrames] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> ClipFrames:  # type: ignore[override]
        clip = self.clips[index]
        return self._at(clip, sample_times(clip.start, clip.end, self.view.frames))

    def drawn(self, index: int, rng: np.random.Generator) -> ClipFrames:
        """Return a clip with one random candidate of every segment, as training samples (`temporal_jitter`)."""
        clip, view = self.clips[index], self.view
        if view.temporal_jitter == 1:
            return self[index]
        choices = candidate_times(clip.start, clip.end, view.frames, view.temporal_jitter)
        return self._at(clip, choices[np.arange(view.frames), rng.integers(view.temporal_jitter, size=view.frames)])

    def cached(self, name: str) -> CachedFrames:
        """Return the decoded frames of one recording, decoding them on first use."""
        if name not in self._open:
            recording = self.recordings[name]
            self._open[name] = self._cache.frames(
                recording.video,
                recording.content,
                self._times[name],
                self.view.short_side,
                self.view.square_pixels,
            )
        return self._open[name]

    def show(self, recording: Recording, view: InputSpec, wanted: Sequence[Moments]) -> Iterator[ClipFrames]:
        """Yield frames of one recording, past the cache; see `shown`."""
        return shown(recording, view, wanted)

    def bytes(self) -> int:
        """Return how many bytes all decoded frames take, from the size of the pictures and the number of moments."""
        total = 0
        for name in {clip.recording for clip in self.clips}:
            info = probe(self.recordings[name].video)
            width, height = scaled(info.width, info.height, 1.0, self.view.short_side)
            total += len(self._times[name]) * width * height * 3
        return total

    def _at(self, clip: Clip, wanted: np.ndarray) -> ClipFrames:
        frames = self.cached(clip.recording)
        places = np.searchsorted(self._times[clip.recording], wanted)
        images = np.stack([frames[place] for place in places])
        return ClipFrames(clip, self.recordings[clip.recording].content, images, frames.pts[places])

    def prepare(self, what: str) -> None:
        """Decode every recording that a clip is cut from, where the cache does not hold it yet; show progress.

        Of several processes the first one decodes, and the others find it done.
        """
        with first_goes_first():
            for name in track(sorted({clip.recording for clip in self.clips}), what):
                self.cached(name)


def shown(recording: Recording, view: InputSpec, wanted: Sequence[Moments]) -> Iterator[ClipFrames]:
    """Yield frames of one recording in one pass over its video; memory holds those of one clip.

    Args:
        recording: of the clips.
        view: what is to be seen.
        wanted: moments that ascend from one to the next.
    """
    decoded = clip_frames(recording.video, [one.times for one in wanted], view.short_side, view.square_pixels)
    for one, (images, times) in zip(wanted, decoded, strict=True):
        yield ClipFrames(one.clip, recording.content, images, times)


def stream(recording: Recording, clips: Sequence[Clip], view: InputSpec) -> Iterator[ClipFrames]:
    """Yield the frames of one recording's clips in order of time: one pass over the video, memory bounded."""
    return shown(recording, view, [Moments(clip, sample_times(clip.start, clip.end, view.frames)) for clip in clips])


def _distinct_times(names: Iterable[str], clips: Sequence[Clip], view: InputSpec) -> dict[str, np.ndarray]:
    """Return the moments that may be asked for of each recording, in order."""
    times: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for clip in clips:
        times[clip.recording].append(sample_times(clip.start, clip.end, view.frames))
        if view.temporal_jitter > 1:
            times[clip.recording].append(
                candidate_times(clip.start, clip.end, view.frames, view.temporal_jitter).ravel()
            )
    return {name: np.unique(np.concatenate(parts)) if parts else np.zeros(0) for name, parts in times.items()}
