"""The frames that belong to clips: at random through the disk cache, or streamed in order of time."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data.blocks import Blocks
from actscribe.data.clips import Clip, merge_spans
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.processes import first_goes_first
from actscribe.progress import track
from actscribe.video.cache import CachedFrames, FrameCache, entry_bytes
from actscribe.video.probe import VideoInfo, probe
from actscribe.video.reading import scaled
from actscribe.video.sampling import candidate_times, sample_times
from actscribe.video.windows import clip_frames

#: Bytes of frames that one clip's neighbours are read with at most, that a block of training clips takes, and that
#: validation holds beside it, as parts of the room that all have: together seven eighths while a chunk is read (ours).
CHUNK, BLOCK, BESIDE = 8, 2, 4
#: Pixels of video that two cores decode in a second: 640 x 360 at 25 frames a second, 50 times as fast as it plays.
PIXELS_PER_S = 300e6


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Clips whose frames are one entry of the cache: those of a recording, or some that follow each other in it.

    Args:
        recording: its name.
        indices: of the clips, in order of time.
        times: the moments that may be asked for, in order.
        bytes: of the entry; 0 where nobody has to know.
    """

    recording: str
    indices: tuple[int, ...]
    times: np.ndarray
    bytes: int = 0


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

    Frames of more recordings than the cache holds are divided, see `divide`: then chunks of clips are decoded when a
    clip of them is asked for and held while there is room, so that whoever goes through clips in order of time, or
    block by block, decodes each frame once on the way.

    Args:
        recordings: that the clips were cut from.
        clips: in any order.
        input_spec: what the recognizer wants to see.
        cache: holds the decoded frames.
        infos: what is known about videos already, filled with what is found out; several may share it.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        clips: Sequence[Clip],
        input_spec: InputSpec,
        cache: FrameCache,
        infos: dict[Path, VideoInfo] | None = None,
    ) -> None:
        self.recordings = {recording.name: recording for recording in recordings}
        self.clips = tuple(clips)
        self.input_spec = input_spec
        self.blocks: Blocks | None = None
        self._cache = cache
        self._infos = {} if infos is None else infos
        self._held_bytes = math.inf
        self._open: OrderedDict[int, CachedFrames] = OrderedDict()
        self._whole = list(self._of_recordings())
        self._take(self._whole)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> ClipFrames:  # type: ignore[override]
        clip = self.clips[index]
        return self._at(index, sample_times(clip.start, clip.end, self.input_spec.frames))

    def drawn(self, index: int, rng: np.random.Generator) -> ClipFrames:
        """Return a clip with one random candidate of every segment, as training samples (`temporal_jitter`)."""
        clip, input_spec = self.clips[index], self.input_spec
        if input_spec.temporal_jitter == 1:
            return self[index]
        choices = candidate_times(clip.start, clip.end, input_spec.frames, input_spec.temporal_jitter)
        return self._at(
            index,
            choices[np.arange(input_spec.frames), rng.integers(input_spec.temporal_jitter, size=input_spec.frames)],
        )

    def cached(self, name: str) -> CachedFrames:
        """Return the decoded frames of one recording that is not divided, decoding them on first use."""
        (number,) = (number for number, chunk in enumerate(self._chunks) if chunk.recording == name)
        return self._frames(number)

    def show(self, recording: Recording, input_spec: InputSpec, wanted: Sequence[Moments]) -> Iterator[ClipFrames]:
        """Yield frames of one recording, past the cache; see `shown`."""
        return shown(recording, input_spec, wanted)

    def bytes(self) -> int:
        """Return how many bytes the entries of all frames take, from the size of pictures and the number of moments."""
        return sum(entry_bytes(len(chunk.times), self._image_bytes(chunk.recording)) for chunk in self._whole)

    def least_bytes(self) -> int:
        """Return the least room in which these clips can be divided: `CHUNK` times the frames of the largest clip."""
        moments = self.input_spec.frames * (self.input_spec.temporal_jitter + (self.input_spec.temporal_jitter > 1))
        images = (self._image_bytes(name) for name in {clip.recording for clip in self.clips})
        return CHUNK * max((entry_bytes(moments, image) for image in images), default=0)

    def seconds(self) -> float:
        """Return about how many seconds decoding all frames takes, from the sizes and lengths of what is decoded."""
        covered: dict[str, float] = {}
        for chunk in self._whole:
            spans = merge_spans(Interval("", self.clips[index].start, self.clips[index].end) for index in chunk.indices)
            covered[chunk.recording] = sum(end - start for start, end in spans)
        infos = {name: self._info(name) for name in covered}
        pixels = (
            infos[name].width * infos[name].height * infos[name].frames * min(1.0, length / infos[name].duration)
            for name, length in covered.items()
        )
        return sum(pixels) / PIXELS_PER_S

    def divide(self, room: int, part: int = BLOCK) -> None:
        """Hold a part of the frames at a time from now on, so that the cache can let go of the others.

        The clips of each recording become chunks of clips that follow each other; how, depends on `room` alone.

        Args:
            room: bytes that all clips of a training share.
            part: these take one part in so many; `blocks` are as large.
        """
        self._open.clear()
        self._held_bytes = room // part
        self._take([chunk for whole in self._whole for chunk in self._divided(whole, room // CHUNK)])
        self.blocks = Blocks(
            [chunk.indices for chunk in self._chunks], [chunk.bytes for chunk in self._chunks], room // part
        )

    def _take(self, chunks: Sequence[_Chunk]) -> None:
        self._chunks = chunks
        self._chunk_of = {index: number for number, chunk in enumerate(chunks) for index in chunk.indices}

    def _of_recordings(self) -> Iterator[_Chunk]:
        """Yield a chunk for each recording of which there is a clip, in the order of the clips."""
        indices: dict[str, list[int]] = {}
        for index, clip in enumerate(self.clips):
            indices.setdefault(clip.recording, []).append(index)
        for name, of_recording in indices.items():
            ordered = sorted(of_recording, key=lambda index: (self.clips[index].start, self.clips[index].end, index))
            yield _Chunk(
                name,
                tuple(ordered),
                np.unique(np.concatenate([clip_moments(self.clips[index], self.input_spec) for index in ordered])),
            )

    def _divided(self, whole: _Chunk, most: int) -> Iterator[_Chunk]:
        image = self._image_bytes(whole.recording)
        indices: list[int] = []
        times: set[float] = set()
        for index in whole.indices:
            more = times | set(clip_moments(self.clips[index], self.input_spec).tolist())
            if indices and entry_bytes(len(more), image) > most:
                yield _Chunk(whole.recording, tuple(indices), np.array(sorted(times)), entry_bytes(len(times), image))
                indices, more = [], set(clip_moments(self.clips[index], self.input_spec).tolist())
            indices.append(index)
            times = more
        yield _Chunk(whole.recording, tuple(indices), np.array(sorted(times)), entry_bytes(len(times), image))

    def _info(self, name: str) -> VideoInfo:
        video = self.recordings[name].video
        if video not in self._infos:
            self._infos[video] = probe(video)
        return self._infos[video]

    def _image_bytes(self, name: str) -> int:
        info = self._info(name)
        width, height = scaled(info.width, info.height, 1.0, self.input_spec.short_side)
        return width * height * 3

    def _frames(self, number: int) -> CachedFrames:
        """Return the frames of a chunk; those that were used longest ago are let go where there is no room for it."""
        if number not in self._open:
            chunk = self._chunks[number]
            held = sum(self._chunks[one].bytes for one in self._open) if math.isfinite(self._held_bytes) else 0
            while self._open and held + chunk.bytes > self._held_bytes:
                gone, _ = self._open.popitem(last=False)
                held -= self._chunks[gone].bytes
            recording = self.recordings[chunk.recording]
            self._open[number] = self._cache.frames(
                recording.video,
                recording.content,
                chunk.times,
                self.input_spec.short_side,
                self.input_spec.square_pixels,
            )
        self._open.move_to_end(number)
        return self._open[number]

    def _at(self, index: int, wanted: np.ndarray) -> ClipFrames:
        clip, number = self.clips[index], self._chunk_of[index % len(self.clips)]
        frames = self._frames(number)
        indices = np.searchsorted(self._chunks[number].times, wanted)
        images = np.stack([frames[one] for one in indices])
        return ClipFrames(clip, self.recordings[clip.recording].content, images, frames.pts[indices])

    def prepare(self, what: str) -> None:
        """Decode every recording that a clip is cut from, where the cache does not hold it yet; show progress.

        Of several processes the first one decodes, and the others find it done. Of clips that are divided nothing is
        decoded ahead: it would be gone before it is used.
        """
        if self.blocks is not None:
            return
        with first_goes_first():
            for number in track(sorted(range(len(self._chunks)), key=lambda one: self._chunks[one].recording), what):
                self._frames(number)


def clip_moments(clip: Clip, input_spec: InputSpec) -> np.ndarray:
    """Return the moments that may be asked for of a clip, in seconds, in no order."""
    centres = sample_times(clip.start, clip.end, input_spec.frames)
    if input_spec.temporal_jitter == 1:
        return centres
    drawn = candidate_times(clip.start, clip.end, input_spec.frames, input_spec.temporal_jitter)
    return np.concatenate([centres, drawn.ravel()])


def shown(recording: Recording, input_spec: InputSpec, wanted: Sequence[Moments]) -> Iterator[ClipFrames]:
    """Yield frames of one recording in one pass over its video; memory holds those of one clip.

    Args:
        recording: of the clips.
        input_spec: what is to be seen.
        wanted: moments that ascend from one to the next.
    """
    decoded = clip_frames(
        recording.video, [one.times for one in wanted], input_spec.short_side, input_spec.square_pixels
    )
    for one, (images, times) in zip(wanted, decoded, strict=True):
        yield ClipFrames(one.clip, recording.content, images, times)


def stream(recording: Recording, clips: Sequence[Clip], input_spec: InputSpec) -> Iterator[ClipFrames]:
    """Yield the frames of one recording's clips in order of time: one pass over the video, memory bounded."""
    return shown(
        recording, input_spec, [Moments(clip, sample_times(clip.start, clip.end, input_spec.frames)) for clip in clips]
    )
