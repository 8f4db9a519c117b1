"""Train the embedded TimeSformer.

    python pretraining/vlm/train.py --stop 1200 --cache CACHE --out VLM
    python pretraining/timesformer/train.py --vlm VLM --out src/actscribe/models/embedded/timesformer

As the published TimeSformer starts from an image transformer, this one starts from the vision tower of the embedded
vision-language model after a third of its training: patches, positions and spatial attention are copied, temporal
projections begin at zero. It is then trained on simulated newborn resuscitations, of a seed and of teams that no demo
and no test uses: what it reaches in the demo after fine-tuning shows that the pipeline works, not how little data would
do. The same seed gives the same weights on the same machine and versions. `--quick` is a smoke run of a minute.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch
from network import new_model, save
from shared import MINUTES, RECORDINGS, SEED, SPLIT
from transformers import SmolVLMForConditionalGeneration

from actscribe import evaluate, load_study, train
from actscribe.evaluation.clips import macro_f1
from actscribe.files import content_hash
from actscribe.models.video_classifier import load_saved
from actscribe.progress import clock
from actscribe_sim.resuscitation.recording import simulate

STUDY = {"split": SPLIT, "empty_labels": "allow"}


def main() -> None:
    """Simulate, train, measure, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--vlm", type=Path, required=True, help="checkpoint whose vision tower it starts from")
    parser.add_argument("--work", type=Path, help="folder for recordings and run; default a temporary one")
    parser.add_argument("--recordings", type=int, default=RECORDINGS)
    parser.add_argument("--minutes", type=float, default=MINUTES)
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


if __name__ == "__main__":
    main()
