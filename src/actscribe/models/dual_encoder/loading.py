"""From a name, folder or published file to a dual encoder with its tokenizer, never over the network; saving one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, CLIPModel, PreTrainedTokenizerBase, XCLIPModel

from actscribe.counts import counted
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.files import write_beside, write_text
from actscribe.labels import Task
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.checkpoint_files import read_json
from actscribe.models.dual_encoder import vificlip, xclip_published
from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.heads import LabelHead, LinearProbe
from actscribe.models.dual_encoder.interface import Backbone, Tokens
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.models.dual_encoder.published import BASE, Build, converted
from actscribe.models.dual_encoder.xclip import XclipBackbone, fit_frame_count
from actscribe.models.loading import again, error_text, fill, load_part, load_weights, read_config
from actscribe.models.pixels import Pixels, read_pixels
from actscribe.models.quiet import quiet
from actscribe.settings.named_models import CLIP, VIFI_CLIP, XCLIP
from actscribe.settings.vghif import VghifConfig

#: Endings of published training files; all but the last are pickles.
TRAINING_FILES = (".pth", ".pt", ".pyth", ".bin", ".ckpt", ".pkl", ".safetensors")


@dataclass(frozen=True, slots=True)
class Choice:
    """One backbone that a study may name.

    Args:
        kind: of its embedded model in the catalog.
        model_type: in its config.json.
        model: of transformers.
        adapter: around it.
        build: reads published training files of it; None where there are none.
        fit: sets a model to so many frames of a video; None: it takes any number.
    """

    kind: str
    model_type: str
    model: Any
    adapter: Callable[[Any], Backbone]
    build: Build | None = None
    fit: Callable[[Any, int], None] | None = None


#: Every backbone by its name, which is `DualEncoderSettings.backbone`.
BACKBONES: dict[str, Choice] = {
    CLIP: Choice("clip", "clip", CLIPModel, ClipBackbone),
    VIFI_CLIP: Choice("clip", "clip", CLIPModel, ClipBackbone, vificlip.build),
    XCLIP: Choice("xclip", "xclip", XCLIPModel, XclipBackbone, xclip_published.build, fit_frame_count),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A backbone with what belongs to it.

    Args:
        backbone: in evaluation mode, nothing learning.
        tokenizer: of its text tower.
        pixels: how frames are fed.
    """

    backbone: Backbone
    tokenizer: PreTrainedTokenizerBase
    pixels: Pixels

    def tokens(self, prompts: Sequence[str]) -> Tokens:
        """Return prompts as the text tower takes them.

        Raises:
            ActScribeError: a prompt has more tokens than the tower takes; it would be cut silently.
        """
        most = int(self.backbone.model.config.text_config.max_position_embeddings)
        whole = (
            {"padding": "max_length", "max_length": most}
            if self.backbone.padding == "max_length"
            else {"padding": True}
        )
        made = self.tokenizer(list(prompts), return_tensors="pt", **whole)
        mask = made.get("attention_mask", torch.ones_like(made["input_ids"]))
        long = [prompt for prompt, count in zip(prompts, mask.sum(1).tolist(), strict=True) if count > most]
        if long:
            raise ActScribeError(
                f"Prompt '{long[0]}' is longer than the {most} tokens that the text tower takes.", "Shorten it."
            )
        return Tokens(tuple(prompts), made["input_ids"], mask)


def load_backbone(name: str, checkpoint: str, frames: int, resize_mode: str = "crop", base: str = BASE) -> Loaded:
    """Return a frozen backbone in evaluation mode.

    Args:
        name: of `BACKBONES`.
        checkpoint: "embedded", a name of `actscribe models list`, a hub id in the local Hugging Face cache, a folder,
            or for ViFi-CLIP and X-CLIP a published .pth file or its weights as .safetensors, which is converted once
            into a folder beside it.
        frames: of each video; X-CLIP is set to it.
        resize_mode: "crop" takes the centre square, as published; "stretch" keeps the whole picture.
        base: the CLIP that a published file was trained from.

    Raises:
        ActScribeError: it is not on this machine, is of another kind, or lacks weights, tokenizer or normalisation.
    """
    choice = _choice(name)
    folder = backbone_folder(name, checkpoint, base)
    model = _model(choice, folder, checkpoint)
    if choice.fit is not None:
        choice.fit(model, frames)
    backbone = choice.adapter(model).eval()
    backbone.tune("none")
    return Loaded(
        backbone,
        load_part(AutoTokenizer, folder, checkpoint, "tokenizer"),
        read_pixels(str(folder), checkpoint, backbone.side, resize_mode),
    )


def visual_config(name: str, checkpoint: str, base: str = BASE) -> Any:
    """Return the configuration of a backbone's visual encoder, such as `image_size`, without loading its weights.

    Arguments and errors as in `load_backbone`.
    """
    return configuration(name, checkpoint, base).vision_config


def configuration(name: str, checkpoint: str, base: str = BASE) -> Any:
    """Return the configuration of a backbone without loading its weights. Arguments and errors as there."""
    return _config(_choice(name), backbone_folder(name, checkpoint, base), checkpoint)


def changes(name: str, checkpoint: str, frames: int, base: str = BASE) -> list[str]:
    """Return in words what `load_backbone` resizes; no weight is read. Arguments and errors as there."""
    if _choice(name).fit is None:
        return []
    made_for = visual_config(name, checkpoint, base).num_frames
    note = f"the positions of '{checkpoint}' for {counted(made_for, 'frame')} were resized to {frames}"
    return [note] if made_for != frames else []


def backbone_folder(name: str, checkpoint: str, base: str = BASE) -> Path:
    """Return the folder of a backbone's checkpoint; arguments and errors as in `load_backbone`."""
    choice = _choice(name)
    path = Path(checkpoint)
    if path.suffix.lower() in TRAINING_FILES and not path.is_dir():
        if not path.is_file():
            raise ActScribeError(f"{path}: no such file.")
        if choice.build is None:
            able = " or ".join(other for other, one in BACKBONES.items() if one.build is not None)
            raise ActScribeError(
                f"{path}: a file of training, which is never loaded as {name}: a pickle can run code.",
                f"Published files of ViFi-CLIP and X-CLIP are converted: choose {able}. Of others, give a folder with"
                " config.json and safetensors.",
            )
        return converted(path, choice.build, base)
    return checkpoint_folder(checkpoint, choice.kind)


def save_network(network: DualEncoder | LinearProbe, loaded: Loaded, name: str, folder: Path) -> None:
    """Write a network and what belongs to it into an existing folder: safetensors and JSON only.

    Args:
        network: trained or not; also a linear probe.
        loaded: that it was built from.
        name: of the backbone, see `BACKBONES`.
        folder: to write into.
    """
    below = folder / "backbone"
    pixels = loaded.pixels
    with quiet():
        network.backbone.model.save_pretrained(below)
        loaded.tokenizer.save_pretrained(below)
    size = {"shortest_edge": pixels.size}
    feeding = {"image_mean": pixels.mean, "image_std": pixels.std, "size": size}
    write_text(below / "preprocessor_config.json", json.dumps(feeding, indent=1))
    added = {key: value.contiguous() for key, value in network.state_dict().items() if not key.startswith("backbone.")}
    with write_beside(folder / "added.safetensors") as beside:
        save_file(added, beside)
    values = {
        "backbone": name,
        "frames": getattr(network.backbone, "frames", None),
        "resize_mode": pixels.resize_mode,
        "crop_pct": pixels.crop_pct,
        "head": _head_values(network),
    }
    write_text(folder / "dual_encoder.json", json.dumps(values, indent=1))


def load_network(folder: Path) -> tuple[DualEncoder | LinearProbe, Loaded]:
    """Return a network that `save_network` wrote, frozen, in evaluation mode, and what belongs to it.

    Raises:
        ActScribeError: a file is missing or does not fit the others.
    """
    path = folder / "dual_encoder.json"
    values = read_json(path, "Copy the folder again, or train again.")
    try:
        loaded = load_backbone(
            values["backbone"], str(folder / "backbone"), values["frames"] or 1, values["resize_mode"]
        )
        loaded = replace(loaded, pixels=replace(loaded.pixels, crop_pct=values["crop_pct"]))
        network = _network(loaded, values["head"])
    except (ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise ActScribeError(
            f"{path}: is damaged: {error_text(error)}", "Copy the folder again, or train again."
        ) from error
    added = {name: value for name, value in network.state_dict().items() if not name.startswith("backbone.")}
    fill(added, folder / "added.safetensors")
    if isinstance(network, DualEncoder):
        network.freeze()
    network.requires_grad_(False)
    return network.eval(), loaded


def _head_values(network: DualEncoder | LinearProbe) -> dict[str, Any]:
    if isinstance(network, LinearProbe):
        return {"probe": network.out.out_features}
    return {
        "prompts": network.prompts,
        "task": network.head.task,
        "labels": network.head.labels,
        "neutral": network.head.neutral,
        "vghif": network.vghif.config.model_dump() if network.vghif else None,
    }


def _network(loaded: Loaded, values: dict[str, Any]) -> DualEncoder | LinearProbe:
    """Return the network that `_head_values` described, untrained."""
    if "probe" in values:
        return LinearProbe(loaded.backbone, np.zeros(values["probe"], dtype=np.float32))
    task: Task = values["task"]
    head = LabelHead(task, values["labels"], values["neutral"])
    vghif = VghifConfig(**values["vghif"]) if values["vghif"] else None
    return DualEncoder(loaded.backbone, loaded.tokens(values["prompts"]), head, vghif)


def _choice(name: str) -> Choice:
    if name not in BACKBONES:
        raise ActScribeError(f"Unknown backbone '{name}'.", did_you_mean(name, BACKBONES))
    return BACKBONES[name]


def _config(choice: Choice, folder: Path, checkpoint: str) -> Any:
    """Return the configuration of a folder, checked: its kind, and that its sizes are numbers."""
    path = folder / "config.json"
    read_config(folder, checkpoint, (choice.model_type,))
    config = load_part(choice.model.config_class, folder, checkpoint, "config.json")
    for key in ("image_size", "patch_size", "num_hidden_layers", "num_attention_heads"):
        value = getattr(config.vision_config, key)
        if type(value) is not int or value < 1:
            raise ActScribeError(
                f"{path}: expected vision_config.{key} to be a whole number above 0, found {value!r}.",
                again(checkpoint),
            )
    return config


def _model(choice: Choice, folder: Path, checkpoint: str) -> Any:
    _config(choice, folder, checkpoint)
    return load_weights(choice.model, folder, checkpoint, dtype=torch.float32)
