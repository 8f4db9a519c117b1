"""Train the embedded TimeSformer.

    python pretraining/vlm/train.py --stop 1200 --cache CACHE --out VLM
    python pretraining/timesformer/train.py --vlm VLM --out src/actscribe/models/embedded/timesformer

As the published TimeSformer starts from an image transformer, this one starts from the vision tower of the embedded
vision-language model after a third of its training: patches, positions and spatial attention are copied, temporal
projections begin at zero. It is then trained on simulated newborn resuscitations, of a seed and of teams that no demo
and no test uses: what it reaches in the demo after fine-tuning shows that the road works, not how little data would do.
The same seed gives the same weights on the same machine and versions. `--quick` is a smoke run of a minute.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch
from transformers import SmolVLMForConditionalGeneration, TimesformerConfig, TimesformerForVideoClassification

from actscribe import evaluate, load_study, train
from actscribe.evaluation.clips import macro_f1
from actscribe.files import content_hash, folder_beside, write_text
from actscribe.models.video_classifier import load_saved
from actscribe.progress import clock
from actscribe_sim.resuscitation.recording import simulate

#: Of the simulated recordings; the demo and the tests use small seeds.
SEED = 424242
FRAMES = 8
#: Side of the picture in pixels: a catheter is three of them wide. The tower saw 96; its positions are interpolated.
SIZE = 128
#: As the vision tower takes its pixels.
MEAN, STD = (0.5,) * 3, (0.5,) * 3
STUDY = {
    "split": {"train": 0.8, "validation": 0.1, "test": 0.1},
    "empty_labels": "allow",
}


def main() -> None:
    """Simulate, train, measure, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--vlm", type=Path, required=True, help="checkpoint whose vision tower it starts from")
    parser.add_argument("--work", type=Path, help="folder for recordings and run; default a temporary one")
    parser.add_argument("--recordings", type=int, default=160)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="a smoke run: few recordings, one epoch")
    options = parser.parse_args()
    if options.quick:
        options.recordings, options.minutes, options.epochs = 20, 0.2, 1
    with tempfile.TemporaryDirectory() as scratch:
        facts = make(options, options.work or Path(scratch))
    print(json.dumps(facts))


def make(options: argparse.Namespace, work: Path) -> dict[str, object]:
    """Run every step in `work`, write the checkpoint, and return what the model card says."""
    start = time.monotonic()
    vlm = SmolVLMForConditionalGeneration.from_pretrained(options.vlm, dtype=torch.float32, local_files_only=True)
    save(new_model(vlm.model.vision_model, seed=0), work / "start", {})
    recordings = work / "recordings"
    simulate(recordings, recordings=options.recordings, minutes=options.minutes, seed=SEED)
    settings = {
        "model": str(work / "start"),
        "epochs": options.epochs,
        "patience": options.epochs,
        "frozen_epochs": 0,
        "unfreeze_blocks": 0,
        "optimizer": "muon",
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
        "batch_size": 32,
        "flip": True,
    }
    study = load_study(recordings).model_copy(update={"recognizers": {"timesformer": settings}})
    study = type(study).model_validate({**study.model_dump(), **STUDY}).model_copy(update={"folder": recordings})
    run = train(study, "timesformer", out=work / "run")
    result = evaluate(run).evaluation
    facts = {
        "command": "python pretraining/timesformer/train.py --vlm VLM --out OUT"
        f" --recordings {options.recordings} --minutes {options.minutes:g} --epochs {options.epochs}",
        "simulation_seed": SEED,
        "starts_from": content_hash(options.vlm / "model.safetensors"),
        "test_macro_f1": round(result.headline(), 3),
        "test_macro_f1_of_always_yes": round(macro_f1(result.baselines["always yes"]), 3),
        "test_recordings": len(result.recordings),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "wall_clock": clock(time.monotonic() - start),
    }
    model = load_saved(run.folder / "model")
    save(model.model, options.out, facts)
    return facts


def new_model(tower: torch.nn.Module, seed: int) -> TimesformerForVideoClassification:
    """Return a TimeSformer that begins as an image transformer, the vision tower of a SmolVLM checkpoint."""
    vision = tower.config
    config = TimesformerConfig(
        image_size=SIZE,
        patch_size=vision.patch_size,
        num_frames=FRAMES,
        hidden_size=vision.hidden_size,
        num_hidden_layers=vision.num_hidden_layers,
        num_attention_heads=vision.num_attention_heads,
        intermediate_size=vision.intermediate_size,
        hidden_act=vision.hidden_act,
    )
    torch.manual_seed(seed)
    model = TimesformerForVideoClassification(config)
    embeddings, own = model.timesformer.embeddings, tower.embeddings
    with torch.no_grad():
        embeddings.patch_embeddings.projection.load_state_dict(own.patch_embedding.state_dict())
        embeddings.position_embeddings[0, 1:] = resized(own.position_embedding.weight, SIZE // vision.patch_size)
        embeddings.position_embeddings[0, 0] = own.position_embedding.weight.mean(dim=0)
        torch.nn.init.trunc_normal_(embeddings.time_embeddings, std=0.02)
        model.timesformer.layernorm.load_state_dict(tower.post_layernorm.state_dict())
    for block, layer in zip(model.timesformer.encoder.layer, tower.encoder.layers, strict=True):
        copy_layer(block, layer)
    return model


def resized(positions: torch.Tensor, side: int) -> torch.Tensor:
    """Return position embeddings of a square of patches, shape (patches, D), for `side` x `side` patches."""
    before = int(positions.shape[0] ** 0.5)
    grid = positions.T.reshape(1, -1, before, before)
    return torch.nn.functional.interpolate(grid, size=(side, side), mode="bicubic")[0].flatten(1).T


def copy_layer(block: torch.nn.Module, layer: torch.nn.Module) -> None:
    """Copy a vision layer into a divided space-time block: its attention serves space, and time as published."""
    for attention in (block.attention, block.temporal_attention):
        parts = (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj)
        with torch.no_grad():
            attention.attention.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
            attention.attention.qkv.bias.copy_(torch.cat([part.bias for part in parts]))
        attention.output.dense.load_state_dict(layer.self_attn.out_proj.state_dict())
    for norm in (block.layernorm_before, block.temporal_layernorm):
        norm.load_state_dict(layer.layer_norm1.state_dict())
    block.layernorm_after.load_state_dict(layer.layer_norm2.state_dict())
    block.intermediate.dense.load_state_dict(layer.mlp.fc1.state_dict())
    block.output.dense.load_state_dict(layer.mlp.fc2.state_dict())
    torch.nn.init.zeros_(block.temporal_dense.weight)
    torch.nn.init.zeros_(block.temporal_dense.bias)


def save(model: TimesformerForVideoClassification, out: Path, facts: dict[str, object]) -> None:
    """Write the checkpoint in bf16 with its preprocessing file and scores."""
    size = model.config.image_size
    with folder_beside(out) as beside:
        model.to(torch.bfloat16).save_pretrained(beside)
        preprocessing = {"image_mean": MEAN, "image_std": STD, "size": {"height": size, "width": size}}
        write_text(beside / "preprocessor_config.json", json.dumps(preprocessing, indent=1))
        if facts:
            write_text(beside / "scores.json", json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
