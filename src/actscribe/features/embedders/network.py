"""A frozen network on pixels as an embedder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from actscribe.data.input_spec import ClipFrames
from actscribe.features.embedder import Encoder, check_numbers, encoder_key
from actscribe.models.device import autocast, device, for_scoring
from actscribe.models.pixels import Pixels

#: What vectors are kept in: a relative error of 2**-11, which moves a score by less than the choice of a seed does.
STORED_DTYPE = torch.float16
#: Largest number that can be kept so (ours: normalised states stay far below it).
LARGEST = 6e4

#: Clips and their pixels, shape (n, frames, 3, side, side).
Fed = tuple[Sequence[ClipFrames], Tensor]


class NetworkEmbedder:
    """A network that takes clips of pixels and returns vectors over time.

    Args:
        network: pixels (n, frames, 3, side, side) -> vectors (n, tokens, D); frozen here.
        pixels: how frames are fed.
        encoder: what is known of it.
        bfloat16: whether matrix products run in bf16.
    """

    def __init__(self, network: nn.Module, pixels: Pixels, encoder: Encoder, bfloat16: bool) -> None:
        self.network = for_scoring(network.eval().requires_grad_(False).to(device()), bfloat16)
        self.pixels, self.encoder, self._bfloat16 = pixels, encoder, bfloat16

    def embed(self, clips: Sequence[ClipFrames]) -> list[Tensor]:
        """Return the vectors of each clip, float16, shape (tokens, D); see `Embedder.embed`.

        Raises:
            ActScribeError: they are not numbers.
        """
        return self.embed_fed(self.feed(clips))

    def feed(self, clips: Sequence[ClipFrames]) -> Fed:
        """Return the pixels of clips, see `features.feeding.Feeding`."""
        videos = torch.stack([self.pixels.normalise(self.pixels.tensor(clip.frames)) for clip in clips])
        return clips, videos.pin_memory() if device().type == "cuda" else videos

    def embed_fed(self, fed: Fed) -> list[Tensor]:
        """Return the vectors of clips from their pixels; errors as in `embed`."""
        clips, videos = fed
        with torch.inference_mode(), autocast(self._bfloat16):
            vectors = self.network(videos.to(device(), non_blocking=True))
        made = list(vectors.float().clamp(-LARGEST, LARGEST).to(STORED_DTYPE).cpu())
        check_numbers(made, clips)
        return made


def described(
    network: nn.Module, per: Literal["frame", "clip"], frames: int, size: int, batch_size: int, **key: Any
) -> Encoder:
    """Return what is known of a network, its width and tokens from a pass without values.

    Args:
        network: of the same configuration on the device "meta".
        per: see `Encoder`.
        frames: of a clip.
        size: of the square input, in pixels.
        batch_size: frames or clips at once.
        key: all that its vectors depend on beside the pictures.
    """
    shown = 1 if per == "frame" else frames
    with torch.no_grad():
        tokens, width = network.eval()(torch.zeros(1, shown, 3, size, size, device="meta")).shape[1:]
    return Encoder(encoder_key(key), per, int(width), int(tokens), STORED_DTYPE.itemsize, batch_size)
