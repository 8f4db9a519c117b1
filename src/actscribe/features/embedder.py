"""What turns frames or clips into vectors, once per video."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from torch import Tensor

from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError


@dataclass(frozen=True, slots=True)
class Encoder:
    """What is known of an encoder before it meets a video.

    Args:
        key: digest of all that its vectors depend on beside the pictures: weights, feeding, layer, precision.
        per: "frame": sees one frame at a time, so that a vector holds in every clip that its frame belongs to; "clip":
            sees a clip as a whole.
        width: D of a vector.
        tokens: vectors of a frame, or of a clip: about how many, where clips differ.
        bytes_each: of one number, as it is kept.
        batch_size: frames or clips that are shown to it at once.
    """

    key: str
    per: Literal["frame", "clip"]
    width: int
    tokens: int
    bytes_each: int
    batch_size: int

    def clips_at_once(self, frames: int) -> int:
        """Return how many clips of so many frames are shown to it at once."""
        return max(1, self.batch_size // frames) if self.per == "frame" else self.batch_size

    @property
    def unit_bytes(self) -> int:
        """Bytes that the vectors of one frame, or of one clip, are kept in."""
        return self.tokens * self.width * self.bytes_each


class Embedder(Protocol):
    """Turns clips into vectors and never learns."""

    encoder: Encoder

    def embed(self, clips: Sequence[ClipFrames]) -> list[Tensor]:
        """Return the vectors of each clip in order of time, shape (tokens, D), on the CPU.

        An encoder per frame makes `encoder.tokens` of each frame, whatever the number of frames.
        """
        ...


def encoder_key(parts: Mapping[str, Any]) -> str:
    """Return the digest of all that an encoder's vectors depend on beside the pictures."""
    return hashlib.blake2b(json.dumps(dict(parts), sort_keys=True).encode(), digest_size=16).hexdigest()


def check_numbers(vectors: Sequence[Tensor], clips: Sequence[ClipFrames]) -> None:
    """Refuse vectors of clips that are not finite numbers: nothing could learn from them, and they would be kept.

    Raises:
        ActScribeError: names the first such clip.
    """
    for one, clip in zip(vectors, clips, strict=True):
        if not bool(one.isfinite().all()):
            raise ActScribeError(
                f"What the encoder makes of '{clip.clip.recording}' at {clip.clip.start:g} s are not finite numbers.",
                "Copy the checkpoint again, or set precision to float32.",
            )
