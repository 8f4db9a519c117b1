"""Attention within a window of time, between dilated convolutions (after ASFormer: Yi et al., BMVC 2021)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from actscribe.models.temporal.convolutions import Dilated


class WindowedAttention(nn.Module):
    """Each step attends to the steps near to it; time and memory grow with the length of a sequence, not its square.

    Args:
        channels: of the states; the heads divide them.
        heads: how many.
        window: steps before and after, or where causal before alone.
        causal: whether later steps are out of sight.
    """

    def __init__(self, channels: int, heads: int, window: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.window, self.causal = heads, window, causal
        self.inputs = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, states: Tensor, real: Tensor) -> Tensor:
        """Return what each step gathers, shape (n, steps, channels).

        Args:
            states: shape (n, steps, channels).
            real: True at steps of the sequence, False at those that only pad it, shape (n, steps).
        """
        steps, channels = states.shape[1:]
        window = min(self.window, steps)  # nothing lies further away, and blocks of padding would take memory
        blocks = -(-steps // window)
        beyond = blocks * window - steps
        parts = nn.functional.pad(self.inputs(states), (0, 0, 0, beyond))
        query, key, value = parts.unflatten(-1, (3, self.heads, channels // self.heads)).permute(2, 0, 3, 1, 4)
        mask = self._mask(nn.functional.pad(real, (0, beyond)), blocks, window)
        gathered = nn.functional.scaled_dot_product_attention(
            query.unflatten(2, (blocks, window)),
            self._around(key, blocks, window),
            self._around(value, blocks, window),
            attn_mask=mask[:, None],
        )
        together = gathered.flatten(2, 3)[:, :, :steps].transpose(1, 2).flatten(2)
        return cast(Tensor, self.out(together))

    def _around(self, parts: Tensor, blocks: int, window: int) -> Tensor:
        """Return for each block its own steps with those of the block before and after it, or before alone.

        `parts` has shape (n, heads, steps, D), the result (n, heads, blocks, steps in sight, D).
        """
        after = 0 if self.causal else window
        padded = nn.functional.pad(parts, (0, 0, window, after))
        return padded.unfold(2, 2 * window + after, window)[:, :, :blocks].transpose(-1, -2)

    def _mask(self, real: Tensor, blocks: int, window: int) -> Tensor:
        """Return what each step may attend to, bool, shape (n, blocks, window, steps in sight).

        A step that pads sees itself, since a softmax over nothing is not a number.
        """
        after = 0 if self.causal else window
        sight = 2 * window + after
        own = torch.arange(window, 2 * window, device=real.device)[:, None]
        apart = torch.arange(sight, device=real.device)[None] - own
        near = (apart >= -window) & (apart <= after)
        keys = nn.functional.pad(real, (window, after)).unfold(1, sight, window)[:, :blocks]
        return (near[None, None] & keys[:, :, None]) | (apart == 0)[None, None]


class AttentionLayer(nn.Module):
    """A dilated convolution, then attention within a window, each with what came in added to it.

    ASFormer normalises over a whole sequence, which would show a step the future; here each step is normalised by
    itself (ours).

    Args:
        channels, heads, window, causal: see `WindowedAttention`.
        dilation: of the convolution.
    """

    def __init__(self, channels: int, heads: int, window: int, dilation: int, causal: bool) -> None:
        super().__init__()
        self.look = Dilated(channels, dilation, causal)
        self.before = nn.LayerNorm(channels)
        self.attend = WindowedAttention(channels, heads, window, causal)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, states: Tensor, real: Tensor, keep: Tensor) -> Tensor:
        """Return the states of the next layer; see `DilatedLayer.forward`."""
        hidden = self.look(states).relu().transpose(1, 2)
        hidden = hidden + self.attend(self.before(hidden), real[:, 0] > 0)
        return cast(Tensor, (states + self.mix(hidden.transpose(1, 2)) * keep) * real)


def layers(count: int, channels: int, heads: int, window: int, causal: bool) -> nn.ModuleList:
    """Return layers whose convolutions' dilations double from one to the next, from 1 on; see `AttentionLayer`."""
    return nn.ModuleList(AttentionLayer(channels, heads, window, 2**k, causal) for k in range(count))
