"""A text-only language model that answers yes/no questions: the judge of caption + judge (Guerriero et al., ZSC-J)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import DynamicCache

from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.chat_template import filled
from actscribe.models.checkpoint_files import is_pointer, not_fetched
from actscribe.models.device import device, use_bfloat16
from actscribe.models.gguf import load_gguf
from actscribe.models.loading import load_part, load_weights, read_config
from actscribe.models.vlm.answers import yes_no_tokens
from actscribe.models.vlm.loading import digest
from actscribe.models.yes_no import YesNo, from_logits
from actscribe.packages import COMMANDS, require
from actscribe.settings.named_models import JUDGE_PACKAGE, PACKAGED_JUDGE


class Judge:
    """A frozen causal language model.

    Args:
        model: a transformers causal language model in evaluation mode.
        tokenizer: of the same checkpoint, with or without a chat template.
        identity: what answers are kept under.
    """

    def __init__(self, model: Any, tokenizer: Any, identity: dict[str, str]) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.identity = identity
        self._yes, self._no = yes_no_tokens(tokenizer, identity["model"])
        self.ids("Is it?")  # a template that cannot be filled in shows before any video is read

    @torch.no_grad()
    def yes_no(self, prompts: Sequence[str]) -> list[YesNo]:
        """Return the answer to each prompt, read from the next-token distribution.

        What all prompts begin with, such as the description that they ask about, runs once; then the rest of each, as
        one batch.
        """
        ids = [torch.tensor(self.ids(prompt)) for prompt in prompts]
        shared = _agreement(ids)
        cache = DynamicCache()
        where = self.model.device
        if shared:
            self.model.base_model(input_ids=ids[0][None, :shared].to(where), cache=cache, use_cache=True)
            cache.batch_repeat_interleave(len(ids))
        rows = torch.nn.utils.rnn.pad_sequence([row[shared:] for row in ids], batch_first=True)
        last = torch.tensor([len(row) for row in ids]) - shared - 1
        mask = torch.arange(shared + rows.shape[1])[None] <= last[:, None] + shared  # padding stands on the right
        states = self.model.base_model(
            input_ids=rows.to(where), attention_mask=mask.long().to(where), cache=cache, use_cache=True
        ).last_hidden_state
        logits = self.model.get_output_embeddings()(states[torch.arange(len(ids)), last.to(where)]).float()
        return from_logits(logits.cpu(), self._yes, self._no)

    def ids(self, prompt: str) -> list[int]:
        """Return the token ids of a prompt as the model's chat template puts it, up to where the answer begins."""
        if self.tokenizer.chat_template is None:
            return list(self.tokenizer(prompt)["input_ids"])
        message = [{"role": "user", "content": prompt}]
        text = filled(
            self.tokenizer.chat_template,
            lambda: self.tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False),
            self.identity["model"],
        )
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def _agreement(rows: Sequence[torch.Tensor]) -> int:
    """Return how many ids all rows begin with, leaving at least one of each."""
    most = min(map(len, rows)) - 1
    differ = (torch.stack([row[:most] for row in rows]) != rows[0][:most]).any(0).nonzero()
    return int(differ[0]) if len(differ) else most


def load_judge(name: str, dtype: str = "auto") -> Judge:
    """Return a judge.

    Args:
        name: "smollm2" (in the package of the extra), a .gguf file, a folder with safetensors or one .gguf file, a name
            of `actscribe models list`, or a hub id in the local Hugging Face cache.
        dtype: of the weights: "float32", "bfloat16", or "auto": bf16 where the GPU or processor is faster in it.

    Raises:
        ActScribeError: the extra is not installed, or the model is not here, damaged or no causal language model.
    """
    weights = torch.bfloat16 if use_bfloat16(dtype) else torch.float32
    path = _packaged() if name == PACKAGED_JUDGE else Path(name)
    gguf_files = sorted(path.glob("*.gguf")) if path.is_dir() and not any(path.glob("*.safetensors")) else []
    path = gguf_files[0] if len(gguf_files) == 1 else path
    if path.suffix == ".gguf" and path.is_file():
        require("gguf", f"The judge '{name}'")
        if is_pointer(path):
            raise not_fetched(path)
        return _judge(*load_gguf(path, name, weights), name, content_hash(path), weights)
    folder = checkpoint_folder(name, "llm")
    read_config(folder, name, ())
    tokenizer = load_part(transformers.AutoTokenizer, folder, name, "tokenizer of the judge")
    model = load_weights(transformers.AutoModelForCausalLM, folder, name, dtype=torch.float32)
    return _judge(tokenizer, model, name, digest(folder), weights)


def _judge(tokenizer: Any, model: Any, name: str, revision: str, dtype: torch.dtype) -> Judge:
    model = model.to(device(), dtype).eval().requires_grad_(False)
    return Judge(model, tokenizer, {"model": name, "digest": revision, "dtype": str(dtype).removeprefix("torch.")})


def _packaged() -> Path:
    require(JUDGE_PACKAGE, f"The judge '{PACKAGED_JUDGE}'")
    spec = importlib.util.find_spec(JUDGE_PACKAGE)
    files = (
        [file for folder in spec.submodule_search_locations or [] for file in Path(folder).glob("*.gguf")]
        if spec
        else []
    )
    if not files:
        raise ActScribeError(f"The package {JUDGE_PACKAGE} holds no .gguf file.", f"Type: {COMMANDS[JUDGE_PACKAGE]}")
    return files[0]
