"""TimeSformer-base, CLIP ViT-B/16 and X-CLIP-B/16 with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf

from actscribe.batching import batched
from actscribe.models.device import autocast, device
from actscribe.models.video_classifier import load_classifier
from actscribe.recognizers.base import implementation
from actscribe.recognizers.video_classifier import VideoClassifierRecognizer
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs
from two_ways.tokenizers import prompt_tokenizer
from two_ways.ways import BATCH, FRAMES, LABELS, SIDE, Ways, plain_frames, scored, spans

CLASSES = LABELS.model_copy(update={"task": "multi-class", "rules": ()})
MEAN, STD = [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]


def timesformer(folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    if not folder.exists():
        config = hf.TimesformerConfig(
            num_hidden_layers=layers or 12, id2label=dict(enumerate(LABELS.names)), label2id=named(), num_frames=FRAMES
        )
        torch.manual_seed(0)
        hf.TimesformerForVideoClassification(config).save_pretrained(folder)
        feeding(hf.VideoMAEImageProcessor).save_pretrained(folder)
    model, pixels = load_classifier(str(folder), LABELS.names, FRAMES)
    ours = VideoClassifierRecognizer(model, pixels, LABELS, bf16)
    network = hf.TimesformerForVideoClassification.from_pretrained(folder).to(device()).eval()
    processor = hf.VideoMAEImageProcessor.from_pretrained(folder)

    def plain(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(spans(windows), BATCH):
            clips = [list(plain_frames(video, *span)) for span in batch]
            fed = processor(clips, return_tensors="pt")["pixel_values"].to(device())
            with torch.inference_mode(), autocast(bf16):
                rows.append(network(pixel_values=fed).logits.float().sigmoid().cpu().numpy())
        return np.concatenate(rows)

    return Ways(scored(ours, video, LABELS), plain)


def dual_folder(name: str, folder: Path, layers: int) -> None:
    """Write CLIP ViT-B/16 or X-CLIP-B/16, each tower of so many layers, with random weights and a tokenizer."""
    vision = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "patch_size": 16}
    vision["num_hidden_layers"] = layers
    words = prompt_tokenizer()
    ends = {"vocab_size": len(words), "eos_token_id": words.eos_token_id, "bos_token_id": words.bos_token_id}
    text = {**ends, "num_hidden_layers": layers, "pad_token_id": words.pad_token_id}
    torch.manual_seed(0)
    if name == "clip":
        made: Any = hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=512))
    else:
        mit = {"mit_hidden_size": 512, "mit_intermediate_size": 2048, "mit_num_attention_heads": 8}
        whole = {**vision, **mit, "num_frames": FRAMES}
        made = hf.XCLIPModel(hf.XCLIPConfig(text_config=text, vision_config=whole, projection_dim=512))
    made.save_pretrained(folder)
    words.save_pretrained(folder)
    feeding(hf.CLIPImageProcessor).save_pretrained(folder)


def dual_encoder(name: str, folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    """Zero-shot against class prompts: softmax over scaled cosines."""
    if not folder.exists():
        dual_folder(name, folder, layers or 12)
    settings = parse_settings(
        name, {"model": str(folder), "learns": "none", "precision": "bfloat16" if bf16 else "float32"}
    )
    code = implementation(name)
    ours = code.make(inputs(CLASSES, settings, code.input_spec(settings, FRAMES)))
    network = (hf.CLIPModel if name == "clip" else hf.XCLIPModel).from_pretrained(folder).to(device()).eval()
    processor, words = hf.CLIPImageProcessor.from_pretrained(folder), hf.AutoTokenizer.from_pretrained(folder)
    sentences = [f"a video of {label.described()}." for label in CLASSES.labels]
    padding = "max_length" if name == "x-clip" else "longest"
    asked = words(sentences, padding=padding, return_tensors="pt", max_length=77 if name == "x-clip" else None).to(
        device()
    )

    @torch.inference_mode()
    def plain(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(spans(windows), BATCH):
            frames = [frame for span in batch for frame in plain_frames(video, *span)]
            fed = processor(frames, return_tensors="pt")["pixel_values"].to(device())
            with autocast(bf16):
                if name == "clip":
                    features = network.get_image_features(pixel_values=fed).pooler_output.unflatten(0, (len(batch), -1))
                    with torch.autocast(device().type, enabled=False):
                        texts = text_features
                        features = features.mean(1).float()
                        cosine = torch.nn.functional.normalize(features) @ torch.nn.functional.normalize(texts).T
                        logits = cosine * network.logit_scale.exp()
                else:
                    shaped = fed.unflatten(0, (len(batch), -1))
                    out = network(pixel_values=shaped, **asked)
                    with torch.autocast(device().type, enabled=False):  # in bf16 the logits would be rounded to halves
                        cosine = torch.einsum("bd,bkd->bk", out.video_embeds.float(), out.text_embeds.float())
                        logits = cosine * network.logit_scale.exp()
            rows.append(logits.float().softmax(-1).cpu().numpy())
        return np.concatenate(rows)

    if name == "x-clip":  # as ours, which reads the prompts once in float32
        for part in (network.text_model, network.text_projection):
            part.forward = torch.autocast(device().type, enabled=False)(part.forward)
    with torch.inference_mode():
        text_features = network.get_text_features(**asked).pooler_output.float() if name == "clip" else None
    store = ours.frame_encoder.store if name == "clip" else None  # type: ignore[attr-defined]
    return Ways(scored(ours, video, CLASSES, store), plain)


def named() -> dict[str, int]:
    return {name: index for index, name in enumerate(LABELS.names)}


def feeding(kind: Any) -> Any:
    sides = (
        {"size": {"height": SIDE, "width": SIDE}}
        if kind is hf.CLIPImageProcessor
        else {"size": {"shortest_edge": SIDE}}
    )
    return kind(**sides, image_mean=MEAN, image_std=STD, do_center_crop=False)


def inputs(labels: Any, settings: Any, input_spec: Any) -> TrainingInputs:
    nothing: Any = None
    return TrainingInputs(labels, settings, input_spec, nothing, nothing, nothing, nothing, Path(), seed=0)
