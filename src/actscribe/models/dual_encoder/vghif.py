"""VgHIF: visual-guided hierarchical iterative fusion (Zhang et al. 2024), one module for every dual encoder.

From the paper (Zhang et al., Pattern Recognition Letters 186, 2024; only its abstract is public and no code): visual
features of different levels of the visual encoder interact, one after another, with the language representation; each
interaction is an attention that correlates the two; out come a text representation that is specific to the video and a
more discriminative visual one; the module plugs into CLIP, X-CLIP and ViFi-CLIP at a tiny cost.

Ours is all the rest. Level k gives tokens V_k, (batch, tokens, R), layer-normed and projected to a bottleneck of width
R, with the moment of their frame added. The text starts as the backbone's own, t_0, (batch, classes, D), and then

    t_k = t_{k-1} + s * Out_k(Attention(query = LN(t_{k-1}), key = value = V_k)),    s = root mean square of t_0,

so that an update has the size of the text features of whatever backbone. The video embedding is refined once in the
same way, with t_K as keys and values. All output projections start at zero: an untrained module returns its inputs bit
for bit. Which levels, tokens and order, what is shared, and how moments are marked is in `VghifConfig`.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from actscribe.models.dual_encoder.interface import Level, Visual
from actscribe.settings.vghif import VghifConfig

#: Slowest and fastest wave of the position of a moment, in cycles per clip: the slowest tells beginning from end, the
#: fastest is what 8 frames can carry.
SLOWEST, FASTEST = 0.5, 4.0


class Vghif(nn.Module):
    """Refines text features per video, level by level, and then the video embedding.

    Args:
        config: all choices.
        depth, width: blocks of the visual encoder, and width W of their output.
        joint: width D of the joint space.

    Raises:
        ActScribeError: the configuration asks for a block that the encoder lacks.
    """

    def __init__(self, config: VghifConfig, depth: int, width: int, joint: int) -> None:
        super().__init__()
        self.config, self.width, self.joint = config, width, joint
        self.levels = config.levels_of(depth)
        count = len(self.levels)
        entries = 1 if config.share == "all" else count
        meetings = 1 if config.share in ("all", "attention") else count
        self.entries = nn.ModuleList([Entry(config, width) for _ in range(entries)])
        self.meetings = nn.ModuleList([Meeting(config, joint, config.bottleneck) for _ in range(meetings)])
        self.video = Meeting(config, joint, joint) if config.refine == "both" else None

    def forward(self, visual: Visual, text: Tensor) -> tuple[Tensor, Tensor]:
        """Return refined video embeddings, shape (batch, D), and texts, shape (batch, classes, D).

        Args:
            visual: of a batch of videos, with the outputs of the blocks `levels`.
            text: as each video meets them, not normalised, shape (batch, classes, D).

        Raises:
            ValueError: another number of levels.
        """
        if len(visual.levels) != len(self.levels):
            raise ValueError(f"expected {len(self.levels)} levels, found {len(visual.levels)}")
        size = text.float().square().mean(-1, keepdim=True).sqrt()
        count = len(self.levels)
        for index in range(count) if self.config.order == "shallow-to-deep" else range(count - 1, -1, -1):
            tokens = _at(self.entries, index)(visual.levels[index])
            text = text + (size * _at(self.meetings, index)(text, tokens)).to(text.dtype)
        video = visual.video
        if self.video is not None:
            size = video.float().square().mean(-1, keepdim=True).sqrt()
            video = video + (size * self.video(video.unsqueeze(1), text).squeeze(1)).to(video.dtype)
        return video, text

    @property
    def meets_patches(self) -> bool:
        """Whether texts meet the patches of the levels, and not the class tokens alone."""
        return self.config.tokens != "class"

    def flops(self, frames: int, patches: int, classes: int) -> int:
        """Return the floating-point operations of one video, two for each multiplication with addition.

        Norms, softmax and sums are left out, as PyTorch's own counter leaves them out.
        """
        config, inner = self.config, self.config.bottleneck
        grid = config.grid**2
        cells = {"class": 1, "pooled": grid, "class+pooled": 1 + grid, "patch": patches}[config.tokens]
        tokens = frames * cells + (max(frames - 1, 0) * cells if config.motion else 0)
        enter = frames * cells * self.width * inner
        meet = 2 * classes * self.joint * inner + 2 * tokens * inner * inner + 2 * classes * tokens * inner
        total = len(self.levels) * (enter + meet)
        if self.video is not None:
            total += 2 * self.joint * inner + 2 * classes * self.joint * inner + 2 * classes * inner
        return 2 * total


class Entry(nn.Module):
    """From the output of one block to the tokens that the text attends to, with the moment of each.

    Args:
        config: all choices.
        width: W of the block's output.
    """

    def __init__(self, config: VghifConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.norm = nn.LayerNorm(width)
        self.project = _unit(nn.Linear(width, config.bottleneck))
        table = moment_waves(config.frames, config.bottleneck)
        self.moments = nn.Parameter(table) if config.time == "learned" else None

    def forward(self, level: Level) -> Tensor:
        """Return the tokens of one level, frame by frame, shape (batch, tokens, R)."""
        inner = self.project(self.norm(_tokens(level, self.config)))
        frames = inner.shape[1]
        times = self._moments(frames, inner)
        tokens = inner + times[:, None]
        if not self.config.motion or frames < 2:
            return cast(Tensor, tokens.flatten(1, 2))
        between = (times[1:] + times[:-1]) / 2
        change = nn.functional.layer_norm(inner.diff(dim=1), (inner.shape[-1],)) + between[:, None]
        return torch.cat([tokens.flatten(1, 2), change.flatten(1, 2)], dim=1)

    def _moments(self, frames: int, like: Tensor) -> Tensor:
        """Return the position of each frame, shape (frames, R)."""
        if self.config.time == "none":
            return torch.zeros(frames, like.shape[-1], dtype=like.dtype, device=like.device)
        if self.moments is None:
            return moment_waves(frames, like.shape[-1]).to(like)
        if frames == len(self.moments):
            return self.moments.to(like.dtype)
        table = self.moments.t().unsqueeze(0)
        return nn.functional.interpolate(table, size=frames, mode="linear", align_corners=False)[0].t().to(like.dtype)


class Meeting(nn.Module):
    """One interaction: queries in the joint space attend over keys of any width; the output starts at zero.

    Args:
        config: all choices.
        joint: width D of the queries and of the output.
        keys: width of the keys.
    """

    def __init__(self, config: VghifConfig, joint: int, keys: int) -> None:
        super().__init__()
        inner = config.bottleneck
        self.heads = config.heads
        self.norm = nn.LayerNorm(joint)
        self.key_norm = nn.LayerNorm(keys)
        self.query = _unit(nn.Linear(joint, inner))
        self.key_value = _unit(nn.Linear(keys, 2 * inner))
        self.out = nn.Linear(inner, joint)
        self.gate = nn.Parameter(torch.zeros(())) if config.start == "gate" else None
        if config.start == "projection":
            nn.init.zeros_(self.out.weight)
            nn.init.zeros_(self.out.bias)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return what `queries` (batch, n, D) find in `keys` (batch, m, width), shape (batch, n, D)."""
        query = self._split(self.query(self.norm(queries)))
        key, value = (self._split(part) for part in self.key_value(self.key_norm(keys)).chunk(2, dim=-1))
        attended = nn.functional.scaled_dot_product_attention(query, key, value)
        out = self.out(attended.transpose(1, 2).flatten(2))
        return cast(Tensor, out if self.gate is None else out * self.gate)

    def _split(self, states: Tensor) -> Tensor:
        return cast(Tensor, states.unflatten(-1, (self.heads, -1)).transpose(1, 2))


def _unit(layer: nn.Linear) -> nn.Linear:
    """Let a layer give values of variance 1, as its normed inputs have: moments and content then weigh alike."""
    nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


def moment_waves(frames: int, width: int) -> Tensor:
    """Return the positions of the centres of `frames` equal parts of a clip, float32, shape (frames, width).

    Sine and cosine of moment / length of the clip, at frequencies in geometric steps; root mean square 1. The middle
    of a clip has the same position for any number of frames.
    """
    moments = (torch.arange(frames, dtype=torch.float32) + 0.5) / frames
    cycles = torch.logspace(math.log10(SLOWEST), math.log10(FASTEST), width // 2)
    phases = 2 * math.pi * moments[:, None] * cycles
    return math.sqrt(2) * torch.cat([phases.sin(), phases.cos()], dim=1)


def _tokens(level: Level, config: VghifConfig) -> Tensor:
    """Return the tokens of each frame that are used, shape (batch, frames, tokens, W)."""
    if config.tokens == "class":
        return level.frame.unsqueeze(2)
    if config.tokens == "patch":
        return level.patches
    pooled = pool_patches(level.patches, config.grid)
    return torch.cat([level.frame.unsqueeze(2), pooled], dim=2) if config.tokens == "class+pooled" else pooled


def pool_patches(patches: Tensor, grid: int) -> Tensor:
    """Return means over `grid` x `grid` cells of a square picture, (batch, frames, patches, W) -> (.., grid ** 2, W).

    Raises:
        ValueError: the patches make no square.
    """
    side = math.isqrt(patches.shape[2])
    if side * side != patches.shape[2]:
        raise ValueError(f"{patches.shape[2]} patches make no square")
    picture = patches.unflatten(2, (side, side)).flatten(0, 1).permute(0, 3, 1, 2)
    cells = nn.functional.adaptive_avg_pool2d(picture, grid).flatten(2).transpose(1, 2)
    return cast(Tensor, cells.unflatten(0, patches.shape[:2]))


def _at(modules: nn.ModuleList, index: int) -> nn.Module:
    """Return the module of a level, or the one that all levels share."""
    return modules[min(index, len(modules) - 1)]
