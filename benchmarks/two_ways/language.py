"""SmolVLM2-256M with random weights: as transformers' documentation uses it, with a head, and asked yes or no."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf

from actscribe.batching import batched
from actscribe.data.input_spec import InputSpec
from actscribe.features.embedders.vlm import Backbone
from actscribe.models.device import device
from actscribe.models.vlm import load_vlm
from actscribe.models.vlm.pooling import VlmHead, mean_pool
from actscribe.models.yes_no import from_logits
from actscribe.recognizers import vlm_clients, vlm_head
from actscribe.recognizers.prompts import prompts
from actscribe.recognizers.served import joined
from actscribe.video.sampling import nominal_times
from two_ways.tokenizers import chat_tokenizer
from two_ways.ways import BATCH, FRAMES, LABELS, LENGTH, Ways, plain_frames, scored, spans


def vlm_folder(folder: Path, layers: int | None) -> Path:
    """Write SmolVLM2-256M with random weights, once for all that use it."""
    where = folder.parent / "smolvlm"
    if where.exists():
        return where
    words = chat_tokenizer()
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
        indices = [round(float(at) * 1000) for at in nominal_times(0, LENGTH, FRAMES)]
        known = {"total_num_frames": 3000, "fps": 1000.0, "duration": LENGTH, "frames_indices": indices}
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
        backbone = Backbone(vlm, vlm_head.prompt("", LABELS), "mean", 8192)
        spec = InputSpec(FRAMES, vlm.short_side)
        vlm_head.HeadedVlm(backbone, head.eval(), spec, 0).save(where, {})
    return where


def headed(folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    model = vlm_folder(folder, layers)
    parts = once(vlm_head.load_parts(head_folder(folder, model, bf16))[0])
    user, head, prompt = Plain(model, bf16), parts.head, vlm_head.prompt("", LABELS)

    def plain(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(spans(windows), BATCH):
            with torch.inference_mode():
                states, mask = user.states(user.fed(video, batch, [prompt], "right"))
                rows.append(head.score(mean_pool(states, mask)).sigmoid().cpu().numpy())
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
    user, prompt, asked = Plain(model, bf16), prompts(LABELS), vlm_clients.LocalVlmClient(vlm)
    user.model.lm_head = Exact(user.model.lm_head)
    questions = [joined(prompt.opening, prompt.opening, question) for question in prompt.questions]

    class Recognizer:  # vlm-yesno without its store of answers, which would answer from memory
        input_spec = InputSpec(FRAMES, vlm.short_side)

        def score(self, clips: Any) -> Iterator[np.ndarray]:
            for clip in clips:
                answers = asked.yes_no(clip, prompt.opening, prompt.questions)
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
