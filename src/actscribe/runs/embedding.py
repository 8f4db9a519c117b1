"""The vectors that a frozen encoder makes of a video or of clips, for whoever trains on them elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.batching import batched
from actscribe.data.clips import Clip, Window, spans
from actscribe.data.input_spec import InputSpec
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.features.embedders.load import encoder_input_spec, load_embedder
from actscribe.features.embedding import Embedding, embedded
from actscribe.features.store import default_store
from actscribe.files import content_hash
from actscribe.progress import track
from actscribe.runs.in_memory import frames_in_memory
from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.named_models import IMAGENET
from actscribe.video.contained import contained
from actscribe.video.probe import probe


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedVideo:
    """The clips of a video as vectors.

    Args:
        starts, ends: of the clips, in seconds, shape (clips,).
        times: when the frames that were looked at are shown, in seconds, shape (clips, frames).
        vectors: float32, shape (clips, tokens, D), tokens in order of time.
    """

    starts: np.ndarray
    ends: np.ndarray
    times: np.ndarray
    vectors: np.ndarray


@contained()
def embed_video(
    video: str | Path,
    model: str | Path = IMAGENET,
    length: float | None = 3.0,
    stride: float = 1.0,
    frames: int = 8,
    resize_mode: str = "stretch",
    above_layers: int = 0,
) -> EmbeddedVideo:
    """Return a frozen encoder's features of the clips of a video.

    Features go through the feature store: a second call reads them instead of computing them. They are kept in half
    precision, a relative error of up to 2**-11.

    Args:
        video: its file.
        model: name or folder of an encoder, as the setting `model` of `probe` takes it.
        length: of a clip in seconds, above 0; None: the whole video is one clip.
        stride: from one clip's start to the next one's, in seconds, above 0.
        frames: of a clip, evenly spaced.
        resize_mode: how a picture becomes square: "stretch" keeps the whole picture, "crop" takes the centre square.
        above_layers: blocks left out from the top of the encoder.

    Raises:
        ActScribeError: an unreadable video, an encoder that is not here or takes other numbers of frames, or an
            argument out of range.
    """
    seconds = {"stride": stride} if length is None else {"stride": stride, "length": length}
    for name, value in seconds.items():
        if value is None or not 0 < value < math.inf:
            raise ActScribeError(f"Expected {name} to be a number of seconds above 0, found {value}.")
    _check_whole("frames", frames, 1)
    choice = _choice(model, resize_mode, above_layers)
    input_spec: InputSpec = encoder_input_spec(choice, frames)
    path = Path(video)
    recording = Recording(path.stem, path, probe(path).duration, content_hash(path), path.stem)
    clips = [Clip(recording.name, start, end) for start, end in spans(recording.duration, Window(length, stride))]
    embedding = Embedding(load_embedder(choice, frames), input_spec, default_store())
    rows = list(track(embedded(embedding, recording, clips), f"Embedding {path.name}", total=len(clips)))
    return EmbeddedVideo(
        np.array([clip.start for clip in clips]),
        np.array([clip.end for clip in clips]),
        np.stack([row.times.numpy() for row in rows]),
        np.stack([row.vectors.float().numpy() for row in rows]),
    )


def embed_clips(
    clips: Iterable[np.ndarray], model: str | Path = IMAGENET, resize_mode: str = "stretch", above_layers: int = 0
) -> np.ndarray:
    """Return a frozen encoder's features of clips whose frames are in memory, float32, shape (clips, tokens, D).

    Nothing is kept in the feature store.

    Args:
        clips: of each its frames, uint8 RGB, shape (frames, height, width, 3), evenly spaced in time, equally many.
        model, resize_mode, above_layers: as in `embed_video`.

    Raises:
        ActScribeError: no clip, frames of another shape, type or number, or an encoder that is not here.
    """
    held = list(clips)
    if not held or not len(held[0]):
        raise ActScribeError(f"Expected clips, found {'one without frames' if held else 'none'}.")
    frames = len(held[0])
    embedder = load_embedder(_choice(model, resize_mode, above_layers), frames)
    batches = batched(frames_in_memory(held, frames), max(1, embedder.encoder.batch_size // frames))
    return np.stack([vectors.float().numpy() for batch in batches for vectors in embedder.embed(batch)])


def _check_whole(name: str, value: float, least: int) -> None:
    if not (float(value).is_integer() and value >= least):
        raise ActScribeError(f"Expected {name} to be a whole number from {least}, found {value}.")


def _choice(model: str | Path, resize_mode: str, above_layers: int) -> EncoderChoice:
    _check_whole("above_layers", above_layers, 0)
    if resize_mode not in ("stretch", "crop"):
        raise ActScribeError(f"Unknown resize_mode '{resize_mode}'.", "Use stretch or crop.")
    return EncoderChoice(str(model), resize_mode, above_layers)
