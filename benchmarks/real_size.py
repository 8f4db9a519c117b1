"""How fast recognizers of published sizes score video, against what a competent user writes with plain transformers.

    python benchmarks/real_size.py [--full | --smoke] [--only NAME ...]

Random weights at the sizes of TimeSformer-base, CLIP ViT-B/16, X-CLIP-B/16 and SmolVLM2-256M, made here; nothing is
downloaded. Windows of 3 s, one every second, 8 frames each. Both ways begin at the video file and end at scores; they
take turns in one process, so that a busy moment hits both.

The plain way: PyAV with one seek a window, the checkpoint's processor, batches of 8 (windows, or of vlm-yesno 8
prompts), bf16 autocast for the classifiers and bf16 weights for the vision-language model, as ours; where the machine
has no bf16, float32. lora_step: adapters on query and value of the language model, a head, a batch of 2 windows;
plain runs the frozen vision tower at every step, ours keeps what it made in the epoch before.

*_vs_plain      seconds of the plain way over ours, medians of rounds; above 1: ours is faster.
*_vs_plain_cpu  the same by the process' CPU seconds, the second witness on a busy machine.
*_apart         the largest difference between scores of the two ways.
mfu_*           operations that ours really ran a second, over those of a large matrix product on this machine; counted
                in the round before, so not of lora_step, whose first epoch does what later ones leave out.

Scores of both ways have to be the same within 1e-3 in bf16 and, in networks of two layers, within 1e-5 in float32, or
the program ends with an error; `--full` compares whole networks in float32, too. vlm_yesno is let off at 5e-3 in bf16:
either way is that far from float32, since questions that share a prefix are added up in another order than whole
prompts. `--smoke` takes networks of two layers and says nothing about speed. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch.utils.flop_counter import FlopCounterMode

from actscribe.batching import batched
from actscribe.data.recording import Recording
from actscribe.features.store import default_store
from actscribe.files import content_hash
from actscribe.labels import load_label_set
from actscribe.models.device import autocast, bfloat16_pays, device
from actscribe.models.quiet import quiet
from actscribe.models.video_classifier import load_classifier
from actscribe.models.vlm import load_vlm
from actscribe.models.vlm.plan import matmul_speed
from actscribe.models.vlm.pooling import VlmHead, mean_pool
from actscribe.models.vlm.vision import VisionStore
from actscribe.models.yes_no import from_logits
from actscribe.recognizers import vlm_clients, vlm_head
from actscribe.recognizers.prompts import prompts
from actscribe.recognizers.video_classifier import VideoClassifierRecognizer
from actscribe.runs.scoring import score_recordings
from actscribe.settings.study import Windows, parse_settings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.reading import FILTER  # the same pictures, so that scores can be compared
from actscribe.video.sampling import nominal_times, sample_times
from actscribe.video.writing import write_video

FRAMES, LENGTH, BATCH, SIDE, FPS = 8, 3.0, 8, 224, 24
LABELS = load_label_set("newborn_resuscitation")
CLASSES = LABELS.model_copy(update={"task": "multi-class", "rules": ()})
WINDOWS = Windows(length=LENGTH, stride=1.0, frames=FRAMES)
MEAN, STD = [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]
#: Layers of the networks on which both ways are compared in float32; those of the whole depth take minutes (`--full`).
SHALLOW = 2
#: How far scores of the two ways may lie apart in float32, in bf16, and in bf16 by name where that is not 1e-3.
SAME, SAME_BF16, LET_OFF = 1e-5, 1e-3, {"vlm_yesno": 5e-3}
GOALS = {"timesformer": 1.3, "clip": 2.5, "xclip": 1.0, "vlm_head": 2.4, "vlm_yesno": 8, "lora_step": 3}


@dataclass(frozen=True)
class Ways:
    """Two ways to the same scores, shape (windows, labels), of the first so many windows of a video."""

    ours: Callable[[int], np.ndarray]
    plain: Callable[[int], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="more windows and rounds")
    parser.add_argument("--smoke", action="store_true", help="networks of two layers: does it run?")
    parser.add_argument("--only", nargs="+", choices=list(GOALS), default=list(GOALS))
    options = parser.parse_args()
    pays, reason = bfloat16_pays()
    print(f"{torch.get_num_threads()} threads on {device()}, {'bf16' if pays else 'float32'}: {reason}", flush=True)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        os.environ["ACTSCRIBE_CACHE"] = str(folder / "cache")
        video = folder / "scene.mp4"
        write_video(video, scene(40), FPS, gop=48)
        for one in options.only:
            figures |= measured(one, folder, video, options)
    print(json.dumps(figures | {"bf16": pays, "threads": torch.get_num_threads(), "smoke": options.smoke}))
    allowed = {one: LET_OFF.get(one, SAME_BF16) if pays else SAME for one in options.only}
    if far := [one for one, most in allowed.items() if figures[f"{one}_apart"] > most]:
        sys.exit(f"scores of both ways are too far apart: {', '.join(far)}")


def measured(name: str, folder: Path, video: Path, options: argparse.Namespace) -> dict[str, Any]:
    bf16, layers = bfloat16_pays()[0], SHALLOW if options.smoke else None
    make = {
        "timesformer": timesformer,
        "clip": lambda *given: dual("clip", *given),
        "xclip": lambda *given: dual("x-clip", *given),
        "vlm_head": headed,
        "vlm_yesno": yes_no,
        "lora_step": lora,
    }[name]
    exact = make(folder / "shallow" / name, video, False, layers if options.full else SHALLOW)
    np.testing.assert_allclose(exact.ours(2), exact.plain(2), atol=SAME, err_msg=f"{name} in float32")
    del exact
    ways = make(folder / "deep" / name, video, bf16, layers)
    windows = {"clip": 16, "timesformer": 8, "xclip": 8, "vlm_head": 16}.get(name, 4) * (2 if options.full else 1)
    windows = 2 if options.smoke else windows
    heavy = name.startswith(("vlm", "lora"))
    rounds = 1 if options.smoke else (1 if heavy else 2) + 2 * options.full
    warm = FlopCounterMode(display=False)
    with warm:  # counting costs time, so it is done where nothing is measured
        ways.ours(windows)
    spent: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    found: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for way, run in (("ours", ways.ours), ("plain", ways.plain)):
            wall, cpu = time.perf_counter(), time.process_time()
            found[way] = run(windows)
            spent[way].append((time.perf_counter() - wall, time.process_time() - cpu))
    apart = float(np.abs(found["ours"] - found["plain"]).max())
    (ours_wall, ours_cpu), (plain_wall, plain_cpu) = (
        tuple(statistics.median(column) / windows for column in zip(*spent[way], strict=True)) for way in spent
    )
    # of a training the epoch before, which ran the vision tower, too: nothing can be said of it
    operations = warm.get_total_flops() if name != "lora_step" else float("nan")
    used = operations / windows / ours_wall / matmul_speed("bfloat16" if bf16 else "float32")
    figures = {
        f"{name}_vs_plain": round(plain_wall / ours_wall, 2),
        f"{name}_vs_plain_cpu": round(plain_cpu / ours_cpu, 2),
        **({} if np.isnan(used) else {f"mfu_{name}": round(used, 3)}),
        f"{name}_apart": round(apart, 6),
    }
    use = "" if np.isnan(used) else f" matmul use {used:.0%};"
    print(
        f"{name:<12} ours {ours_wall:7.2f} s a window ({ours_cpu:.2f} CPU), plain {plain_wall:7.2f} ({plain_cpu:.2f}):"
        f" {plain_wall / ours_wall:.2f} (CPU {plain_cpu / ours_cpu:.2f}), goal {GOALS[name]};{use}"
        f" scores apart by {apart:.1e}",
        flush=True,
    )
    return figures


# ---- the video, both ways -------------------------------------------------------------------------------------------


def scene(seconds: int) -> Iterator[np.ndarray]:
    """Yield a blurred pattern that wanders, uint8 RGB, shape (SIDE, SIDE, 3): no resizing blurs the comparison."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.uniform(0, 255, (1, 3, 14, 14)).astype(np.float32))
    fine = torch.nn.functional.interpolate(coarse, size=(SIDE, SIDE), mode="bicubic").clamp(0, 255)
    picture = fine[0].permute(1, 2, 0).byte().numpy()
    for number in range(seconds * FPS):
        yield np.roll(picture, (number // 2, number), (0, 1))


def spans(windows: int) -> list[tuple[float, float]]:
    return [(float(start), start + LENGTH) for start in range(windows)]


def recording(video: Path, windows: int) -> Recording:
    return Recording("scene", video, windows - 1 + LENGTH, content_hash(video), "scene")


def scored(recognizer: Any, video: Path, labels: Any, seen: VisionStore | None = None) -> Callable[[int], np.ndarray]:
    """Our way: decode once, score window after window; what an earlier round left is forgotten."""

    def run(windows: int) -> np.ndarray:
        if seen is not None:
            seen.clear()
        shutil.rmtree(default_store().root, ignore_errors=True)
        return score_recordings(recognizer, [recording(video, windows)], labels, WINDOWS, "Scoring").scores

    return run


def plain_frames(video: Path, start: float, end: float) -> np.ndarray:
    """Seek to a window and take the frame shown at each of its times, as PyAV's cookbook does."""
    times, found = sample_times(start, end, FRAMES), []
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        container.seek(int(times[0] / stream.time_base), stream=stream)
        last = None
        for frame in container.decode(stream):
            while len(found) < FRAMES and last is not None and frame.time > times[len(found)] + 1e-4:
                found.append(last.to_ndarray(format="rgb24", interpolation=FILTER))
            last = frame
            if len(found) == FRAMES:
                break
        while len(found) < FRAMES:
            found.append(last.to_ndarray(format="rgb24", interpolation=FILTER))
    return np.stack(found)


# ---- classifiers ----------------------------------------------------------------------------------------------------


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


def dual(name: str, folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    """Zero-shot against class prompts: softmax over scaled cosines."""
    vision = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "patch_size": 16}
    vision["num_hidden_layers"] = layers or 12
    if not folder.exists():
        words = prompt_words()
        ends = {"vocab_size": len(words), "eos_token_id": words.eos_token_id, "bos_token_id": words.bos_token_id}
        text = {**ends, "num_hidden_layers": layers or 12, "pad_token_id": words.pad_token_id}
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
    from actscribe.recognizers.base import implementation

    settings = parse_settings(
        name, {"model": str(folder), "learns": "none", "precision": "bfloat16" if bf16 else "float32"}
    )
    code = implementation(name)
    ours = code.make(inputs(CLASSES, settings, code.view(settings, FRAMES)))
    network = (hf.CLIPModel if name == "clip" else hf.XCLIPModel).from_pretrained(folder).to(device()).eval()
    processor, words = hf.CLIPImageProcessor.from_pretrained(folder), hf.AutoTokenizer.from_pretrained(folder)
    said = [f"a video of {label.described()}." for label in CLASSES.labels]
    padding = "max_length" if name == "x-clip" else "longest"
    asked = words(said, padding=padding, return_tensors="pt", max_length=77 if name == "x-clip" else None).to(device())

    @torch.inference_mode()
    def plain(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(spans(windows), BATCH):
            frames = [frame for span in batch for frame in plain_frames(video, *span)]
            fed = processor(frames, return_tensors="pt")["pixel_values"].to(device())
            with autocast(bf16):
                if name == "clip":
                    seen = network.get_image_features(pixel_values=fed).pooler_output.unflatten(0, (len(batch), -1))
                    with torch.autocast(device().type, enabled=False):
                        texts = text_features
                        seen = seen.mean(1).float()
                        cosine = torch.nn.functional.normalize(seen) @ torch.nn.functional.normalize(texts).T
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
    return Ways(scored(ours, video, CLASSES, ours.sight.store if name == "clip" else None), plain)


# ---- the vision-language model --------------------------------------------------------------------------------------


def vlm_folder(folder: Path, layers: int | None) -> Path:
    """Write SmolVLM2-256M with random weights, once for all that use it."""
    where = folder.parent / "smolvlm"
    if where.exists():
        return where
    words = chat_words()
    ids = {"pad_token_id": words.pad_token_id, "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
    text = {"hidden_size": 576, "intermediate_size": 1536, "num_attention_heads": 9, "num_key_value_heads": 3}
    tower = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "patch_size": 16}
    text |= {"num_hidden_layers": layers or 30, "max_position_embeddings": 8192, "vocab_size": 49280}
    tower |= {"num_hidden_layers": layers or 12, "image_size": 512}
    config = hf.SmolVLMConfig(
        text_config={"model_type": "llama", **ids, **text},
        vision_config=tower,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=4,
    )
    torch.manual_seed(0)
    side = {"longest_edge": 512}
    model = hf.SmolVLMForConditionalGeneration(config)
    model.generation_config.pad_token_id = words.pad_token_id
    model.save_pretrained(where)
    hf.SmolVLMProcessor(
        hf.SmolVLMImageProcessor(size=side, max_image_size=side, do_image_splitting=False),
        words,
        hf.SmolVLMVideoProcessor(size=side, max_image_size=side),
        image_seq_len=64,
    ).save_pretrained(where)
    return where


class Plain:
    """The model as transformers' documentation uses it: whole prompts, padded batches."""

    def __init__(self, folder: Path, bf16: bool) -> None:
        kind = torch.bfloat16 if bf16 else torch.float32
        self.model = hf.AutoModelForImageTextToText.from_pretrained(folder, dtype=kind).to(device()).eval()
        self.processor = hf.AutoProcessor.from_pretrained(folder)

    def fed(self, video: Path, windows: Sequence[tuple[float, float]], texts: Sequence[str], side: str) -> Any:
        """Return the padded inputs of each window with each text, windows slowest."""
        told = [round(float(at) * 1000) for at in nominal_times(0, LENGTH, FRAMES)]
        known = {"total_num_frames": 3000, "fps": 1000.0, "duration": LENGTH, "frames_indices": told}
        decoded = [plain_frames(video, *span) for span in windows]
        shown = [frames for frames in decoded for _ in texts]
        content = [{"type": "video"}, {"type": "text", "text": "TEXT"}]
        whole = self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        self.processor.tokenizer.padding_side = side
        fed = self.processor(
            text=[whole.replace("TEXT", text) for _ in windows for text in texts],
            videos=[torch.from_numpy(frames).permute(0, 3, 1, 2) for frames in shown],
            video_metadata=[known] * len(shown),
            do_sample_frames=False,
            padding=True,
            return_tensors="pt",
        ).to(device())
        fed["pixel_values"] = fed["pixel_values"].to(self.model.dtype)
        return fed

    def states(self, fed: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the last hidden states, and where they are of the video."""
        states = self.model.model(**fed, use_cache=False).last_hidden_state
        return states, (fed["input_ids"] == self.model.config.image_token_id) & fed["attention_mask"].bool()


def head_folder(folder: Path, model: Path, bf16: bool) -> Path:
    """Write a saved vlm-head recognizer with a random head."""
    where = folder.parent / f"{folder.name}-{'bf16' if bf16 else 'float32'}"
    if not where.exists():
        where.mkdir(parents=True)
        torch.manual_seed(1)
        vlm = load_vlm(model, "bfloat16" if bf16 else "float32")
        head = VlmHead(vlm.width, [0.3] * len(LABELS))
        torch.nn.init.normal_(head.out.weight, std=0.02)
        backbone = vlm_head.Backbone(vlm, vlm_head.prompt("", LABELS), "mean", 8192)
        seen = vlm_head.InputSpec(FRAMES, vlm.short_side)
        vlm_head.HeadedVlm(backbone, head.eval(), seen, 0).save(where, {})
    return where


def headed(folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    model = vlm_folder(folder, layers)
    parts = once(vlm_head.load_parts(head_folder(folder, model, bf16))[0])
    user, head, said = Plain(model, bf16), parts.head, vlm_head.prompt("", LABELS)

    def plain(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(spans(windows), BATCH):
            with torch.inference_mode():
                states, seen = user.states(user.fed(video, batch, [said], "right"))
                rows.append(head.score(mean_pool(states, seen)).sigmoid().cpu().numpy())
        return np.concatenate(rows)

    ours = vlm_head.recognizer(parts, LABELS)
    return Ways(scored(ours, video, LABELS, parts.backbone.vlm.vision), plain)


def once(parts: vlm_head.HeadedVlm) -> vlm_head.HeadedVlm:
    """Return a model whose visual features stay in memory: each round is a first pass, and nobody reads them again."""
    parts.backbone.vlm.vision.below = None
    return parts


def yes_no(folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    model = vlm_folder(folder, layers)
    vlm = load_vlm(model, "bfloat16" if bf16 else "float32")
    user, said, asked = Plain(model, bf16), prompts(LABELS), vlm_clients.LocalVlmClient(vlm)
    user.model.lm_head = Exact(user.model.lm_head)
    questions = [vlm_clients.joined(said.opening, said.opening, question) for question in said.questions]

    class Recognizer:  # vlm-yesno without its store of answers, which would answer from memory
        view = vlm_head.InputSpec(FRAMES, vlm.short_side)

        def score(self, clips: Any) -> Iterator[np.ndarray]:
            for clip in clips:
                answers = asked.yes_no(clip, said.opening, said.questions)
                yield np.array([answer.probability for answer in answers])

    def plain(windows: int) -> np.ndarray:
        rows: list[float] = []
        for batch in batched(spans(windows), max(1, BATCH // len(questions))):
            fed = user.fed(video, batch, questions, "left")
            options = {"max_new_tokens": 1, "do_sample": False, "output_logits": True, "return_dict_in_generate": True}
            with torch.inference_mode():
                out = user.model.generate(**fed, **options)
            rows += [float(answer.probability) for answer in from_logits(out.logits[0].float(), *vlm.yes_no_tokens())]
        return np.array(rows).reshape(windows, -1)

    return Ways(scored(Recognizer(), video, LABELS, vlm.vision), plain)


class Exact(torch.nn.Module):
    """The last layer in float32, as ours has it: logits in bf16 are rounded, and scores would differ by that alone."""

    def __init__(self, head: torch.nn.Linear) -> None:
        super().__init__()
        self.weight = head.weight

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return the logits of states (batch, tokens, D), shape (batch, tokens, vocabulary)."""
        return torch.nn.functional.linear(states.float(), self.weight.float())


def lora(folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    """A training step over windows in batches of two; returns scores before the step, which is not taken back."""
    import peft

    from actscribe.recognizers import vlm_lora
    from actscribe.video.windows import clip_frames

    model = vlm_folder(folder, layers)
    saved = head_folder(folder, model, bf16)
    parts = once(vlm_head.load_parts(saved)[0])
    vlm, said = parts.backbone.vlm, vlm_head.prompt("", LABELS)
    targets = tuple(vlm.lora_targets("language"))
    torch.manual_seed(2)
    vlm_lora.inject(vlm, vlm_lora.Adapter(targets, 8, 16, 0.0))
    vlm.model.requires_grad_(False)
    learned = list(vlm_lora.adapter_weights(vlm).values())
    for weight in learned:
        weight.requires_grad_(True)
    user, head = Plain(model, bf16), vlm_head.load_parts(saved)[0].head
    user.model.requires_grad_(False)
    torch.manual_seed(2)
    config = peft.LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=list(targets))
    peft.inject_adapter_in_model(config, user.model)
    theirs = [weight for name, weight in user.model.named_parameters() if ".lora_" in name]
    for weight in theirs:
        weight.data = weight.data.float()
        weight.requires_grad_(True)
    truth = torch.zeros(2, len(LABELS))

    def step(logits: torch.Tensor, weights: list[Any]) -> np.ndarray:
        torch.nn.functional.binary_cross_entropy_with_logits(logits, truth[: len(logits)].to(logits.device)).backward()
        for weight in weights:
            weight.grad = None  # the optimizer's own step costs both the same, and would let the two drift apart
        return logits.detach().sigmoid().cpu().numpy()

    decoded: dict[int, list[Any]] = {}  # ours trains from a cache of frames

    def clips(windows: int) -> list[Any]:
        if windows not in decoded:
            content, times = content_hash(video), [sample_times(*span, FRAMES) for span in spans(windows)]
            decoded[windows] = [
                vlm_head.ClipFrames(vlm_client_clip(span), content, images, moments)
                for span, (images, moments) in zip(spans(windows), clip_frames(video, times), strict=True)
            ]
        return decoded[windows]

    def ours(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(clips(windows), 2):
            hidden = vlm.hidden(parts.backbone.inputs(batch))
            rows.append(
                step(parts.head(hidden.states, hidden.mask, hidden.video), [*learned, *parts.head.parameters()])
            )
        return np.concatenate(rows)

    def plain(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(spans(windows), 2):
            states, seen = user.states(user.fed(video, batch, [said], "right"))
            rows.append(step(head.score(mean_pool(states, seen)), [*theirs, *head.parameters()]))
        return np.concatenate(rows)

    return Ways(ours, plain)


# ---- small things ---------------------------------------------------------------------------------------------------


def vlm_client_clip(span: tuple[float, float]) -> Any:
    from actscribe.data.clips import Clip

    return Clip("scene", *span)


def named() -> dict[str, int]:
    return {name: index for index, name in enumerate(LABELS.names)}


def feeding(kind: Any) -> Any:
    sides = (
        {"size": {"height": SIDE, "width": SIDE}}
        if kind is hf.CLIPImageProcessor
        else {"size": {"shortest_edge": SIDE}}
    )
    return kind(**sides, image_mean=MEAN, image_std=STD, do_center_crop=False)


def inputs(labels: Any, settings: Any, view: Any) -> TrainingInputs:
    nothing: Any = None
    return TrainingInputs(labels, settings, view, nothing, nothing, nothing, nothing, Path(), seed=0)


def prompt_words() -> hf.PreTrainedTokenizerFast:
    marks = ("<|startoftext|>", "<|endoftext|>")
    said = " ".join(f"a video of {label.described()} ." for label in LABELS.labels)
    words = {word: index for index, word in enumerate((*dict.fromkeys(said.replace(",", " , ").split()), *marks))}
    raw = Tokenizer(models.WordLevel(words, unk_token=marks[1]))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single=f"{marks[0]} $A {marks[1]}", special_tokens=[(mark, words[mark]) for mark in marks]
    )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=marks[0], eos_token=marks[1], pad_token=marks[1], unk_token=marks[1]
    )


def chat_words() -> hf.PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    said = prompts(LABELS)
    frame = "You are provided the following series of eight frames from a 0:00:03 [H:MM:SS] video. Frame from 00:00:"
    raw.train_from_iterator([said.opening, *said.questions, frame, "Yes No yes no User: Assistant:"] * 3, trainer)
    names = ("image_token", "fake_image_token", "global_image_token", "end_of_utterance_token")
    marks = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<|im_start|>",
        eos_token=marks[3],
        pad_token="<pad>",
        extra_special_tokens=dict(zip(names, marks, strict=True)),
    )


if __name__ == "__main__":
    main()
