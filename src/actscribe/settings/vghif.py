"""What a VgHIF is made of, as a study file spells it. Light to import: no network is loaded here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from actscribe.errors import ActScribeError
from actscribe.settings.unit import Unit


class VghifConfig(BaseModel):
    """Every choice of VgHIF that the paper leaves open, so that an ablation is a sweep over this (all values ours).

    Args:
        levels: blocks of the visual encoder whose output is used, from 1; empty: the four quarters of its depth,
            which are blocks 3, 6, 9 and 12 of a ViT-B.
        tokens: which are used of each frame and level: "class" (one), "pooled" (patches averaged over a `grid` x
            `grid`), "class+pooled", or "patch" (all).
        grid: cells along one side for pooled patches.
        order: the one in which the text meets the levels.
        share: which weights all levels have in common: "none", "attention" (each level keeps its own norm and
            projection into the bottleneck), or "all".
        refine: what is refined: "text", or "both": then the video embedding against the refined text too.
        time: position of a frame within the clip, added to its tokens: "sinusoidal" and "learned" depend on the
            moment relative to the clip's length, so that another frame count interpolates; "none" makes the module
            blind to order.
        motion: also attend to the change from each frame to the next, a token like any other.
        start: how an untrained module leaves its backbone as it is: "projection" (output projections of zero) or
            "gate" (a scalar of zero before each sum); "none" starts at random, for ablation.
        bottleneck: width of the attention; a multiple of twice the heads.
        heads: how many the attention has.
        frames: length of the learned position table.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: Annotated[tuple[int, ...], Unit("blocks")] = ()
    tokens: Literal["class", "pooled", "class+pooled", "patch"] = "class"
    grid: Annotated[int, Unit("cells")] = Field(2, ge=1)
    order: Literal["shallow-to-deep", "deep-to-shallow"] = "shallow-to-deep"
    share: Literal["none", "attention", "all"] = "none"
    refine: Literal["text", "both"] = "both"
    time: Literal["sinusoidal", "learned", "none"] = "sinusoidal"
    motion: bool = False
    start: Literal["projection", "gate", "none"] = "projection"
    bottleneck: Annotated[int, Unit("elements")] = Field(128, ge=4)
    heads: int = Field(4, ge=1)
    frames: Annotated[int, Unit("moments")] = Field(16, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> VghifConfig:
        if self.bottleneck % (2 * self.heads):
            raise ValueError(f"bottleneck {self.bottleneck} must be a multiple of twice the {self.heads} heads")
        if list(self.levels) != sorted(set(self.levels)) or any(level < 1 for level in self.levels):
            raise ValueError(f"levels {list(self.levels)} must be different block numbers from 1 on, ascending")
        return self

    def levels_of(self, depth: int) -> tuple[int, ...]:
        """Return the blocks that are used of a visual encoder of `depth` blocks, ascending.

        Raises:
            ActScribeError: the encoder has no such block.
        """
        if not self.levels:
            return tuple(sorted({max(1, round(depth * quarter / 4)) for quarter in (1, 2, 3, 4)}))
        if self.levels[-1] > depth:
            raise ActScribeError(
                f"VgHIF asks for block {self.levels[-1]}, but the visual encoder has {depth} blocks.",
                f"Set vghif.levels to numbers from 1 to {depth}, or leave it out for its quarters.",
            )
        return self.levels
