"""A dual encoder whose image tower is frozen, in two halves: what the tower makes of videos, and all that follows."""

from __future__ import annotations

from torch import Tensor

from actscribe.batching import batched
from actscribe.models.dropout import draws
from actscribe.models.dual_encoder.interface import Level, Visual
from actscribe.models.dual_encoder.network import DualEncoder


class VisualBelow:
    """The halves, as `training.kept_below` takes them.

    Args:
        network: whose image tower does not learn.
    """

    def __init__(self, network: DualEncoder) -> None:
        self._network = network

    @property
    def draws(self) -> bool:
        """Whether the tower draws something while it trains."""
        return draws(self._network.backbone.model.config.vision_config)

    def is_frozen(self) -> bool:
        """Tell whether the tower does not learn."""
        return self._network.towers in ("none", "text")

    def below(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        """Return what the tower makes of videos, as far as anything looks at it."""
        network = self._network
        visual = network.backbone.visual(pixel_values, network.levels)
        in_levels = network.vghif is not None and network.vghif.meets_patches
        made = [visual.video, *_parts(visual.last, network.backbone.meets_patches)]
        for level in visual.levels:
            made += _parts(level, in_levels)
        return tuple(made)

    def above(self, kept: tuple[Tensor, ...], pixel_values: Tensor) -> Tensor:
        """Return the logits of videos, shape (batch, labels), from what `below` made of them."""
        video, *rest = kept
        last, *levels = (Level(*pair) for pair in batched(rest, 2))
        return self._network.answered(Visual(video, last, tuple(levels)))


def _parts(level: Level, patches: bool) -> list[Tensor]:
    return [level.frame, level.patches if patches else level.patches[:, :, :0]]
