"""A local vision-language model: hidden states, next-token distributions with a shared prefix, text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from actscribe.data.input_spec import ClipFrames
from actscribe.models.generated_text import GeneratedText
from actscribe.models.vlm.adapted import QUERY_VALUE, Tower, adapted_layers
from actscribe.models.vlm.answers import yes_no_tokens
from actscribe.models.vlm.family import Family
from actscribe.models.vlm.prompts import ClipInputs, Prompter
from actscribe.models.vlm.vision import VisionStore, encode

#: Rows of the vocabulary that are widened to float32 at once: a quarter of a gigabyte of the largest models (ours).
ROWS_AT_ONCE = 2**14


@dataclass(frozen=True, slots=True)
class Identity:
    """What a checkpoint is, for reports and as a key for stored answers.

    Args:
        family: as people call it.
        source: name or folder it was loaded from.
        parameters: number of weights.
        digest: hex digest of its files.
        tokens_per_frame: visual tokens, averaged over a clip of 8 frames of 16:9 at `Vlm.short_side`.
        dtype: of the weights.
    """

    family: str
    source: str
    parameters: int
    digest: str
    tokens_per_frame: float
    dtype: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """Hidden states of a padded batch.

    Args:
        states: last normalised hidden states, shape (batch, tokens, D).
        mask: True at real tokens, shape (batch, tokens).
        video: True at visual tokens, shape (batch, tokens).
    """

    states: Tensor
    mask: Tensor
    video: Tensor


@dataclass(frozen=True, slots=True)
class Prefix:
    """A video with the beginning of a prompt, run once; questions branch off its key-value cache.

    Args:
        inputs: the clip with the shared prompt; its pixels are gone.
        after: what the chat template writes after the user's text.
        layers: keys and values per decoder layer, each of shape (1, heads, tokens, head size); none of a family whose
            prompts run alone, where the pixels are kept instead.
    """

    inputs: ClipInputs
    after: str
    layers: tuple[tuple[Tensor, Tensor], ...]


class Vlm:
    """A frozen model with its processor. Batches are padded on the right: each row is as if run alone.

    Args:
        model: a transformers vision-language model in evaluation mode.
        processor: of the same checkpoint.
        family: of the checkpoint.
        identity: of the checkpoint.
    """

    def __init__(self, model: Any, processor: Any, family: Family, identity: Identity) -> None:
        self.model = model
        self.processor = processor
        self.family = family
        self._identity = identity
        self.prompter = Prompter(processor, family, identity.source)
        self.vision = VisionStore()

    @property
    def short_side(self) -> int:
        """Short side in pixels of the frames worth decoding for this model."""
        return self.family.short_side(self.model.config, self.processor.video_processor)

    @property
    def width(self) -> int:
        """Size D of a hidden state."""
        return int(self.model.config.get_text_config().hidden_size)

    def describe(self) -> Identity:
        """Return what this checkpoint is."""
        return self._identity

    def video_tokens(self, frames: int, height: int, width: int) -> int:
        """Return the visual tokens of a clip of `frames` frames of height x width pixels."""
        return self.family.tokens(self.model.config, self.processor.video_processor, frames, height, width)

    def inputs(self, clips: Sequence[ClipFrames], texts: Sequence[str]) -> list[ClipInputs]:
        """Return each clip with its text, ready for `hidden`; `len` of one is its token count for `plan_batches`."""
        return [self.prompter.inputs(clip, text) for clip, text in zip(clips, texts, strict=True)]

    def hidden(self, inputs: Sequence[ClipInputs]) -> Hidden:
        """Run a batch and return its hidden states; gradients flow if they are enabled and weights ask for them."""
        ids, mask = _pad([one.ids for one in inputs], self.model.device)
        video = (ids == self.prompter.placeholder) & mask
        positions, types = self._positions(ids, mask, inputs), self._types(inputs)
        states = self._run(ids, mask.long(), positions, self._features(inputs), types=types)
        return Hidden(states, mask, video)

    @torch.no_grad()
    def logits(self, inputs: Sequence[ClipInputs]) -> Tensor:
        """Return the next-token logits after each whole prompt, float32, shape (batch, vocabulary)."""
        hidden = self.hidden(inputs)
        last = hidden.mask.long().sum(-1) - 1
        return self._logits(hidden.states[torch.arange(len(last), device=last.device), last])

    @torch.no_grad()
    def prefix(self, clip: ClipFrames, prompt: str) -> Prefix:
        """Run a clip and the beginning of a prompt once, for `branch` and `generate`."""
        inputs = self.prompter.inputs(clip, prompt)
        _, after = self.prompter.frame()
        start = inputs.text[: len(inputs.text) - len(after)]
        inputs = replace(inputs, text=start, ids=self.prompter.ids(start))
        if self.family.alone:
            return Prefix(inputs, after, ())
        ids, mask = _pad([inputs.ids], self.model.device)
        cache = DynamicCache()
        positions, types = self._positions(ids, mask, [inputs]), self._types([inputs])
        self._run(ids, mask.long(), positions, self._features([inputs]), cache, types)
        layers = tuple((layer.keys, layer.values) for layer in cache.layers)  # type: ignore[union-attr]
        return Prefix(replace(inputs, units=inputs.units[:0]), after, layers)  # type: ignore[arg-type]

    @torch.no_grad()
    def branch(self, prefix: Prefix, suffixes: Sequence[str]) -> Tensor:
        """Return the next-token logits after prefix + each suffix, float32, shape (suffixes, vocabulary).

        The prompt continued by a suffix is tokenised whole; the cache is used up to where the token ids agree. So the
        result is that of running each whole prompt alone, whatever the tokenizer does where the two texts meet.
        """
        if self.family.alone:
            return torch.cat([self.logits([self._whole(prefix, suffix)]) for suffix in suffixes])
        return self._logits(self._continue(prefix, suffixes)[0])

    def generate(self, prefix: Prefix, suffix: str = "", most: int = 64) -> str:
        """Return the greedy answer to prefix + suffix, at most `most` tokens, special tokens left out."""
        return self.write(prefix, suffix, most).text

    @torch.no_grad()
    def write(self, prefix: Prefix, suffix: str = "", most: int = 64) -> GeneratedText:
        """Return the greedy answer to prefix + suffix with the probability of each of its tokens; see `generate`."""
        states, positions, cache = (
            self._alone(prefix, suffix) if self.family.alone else self._continue(prefix, [suffix])
        )
        answer: list[int] = []
        chances: list[float] = []
        stops = self._stops()
        ended = False
        while len(answer) < most:
            logits = self._capped(self.model.lm_head(states)[0].float())
            token = int(logits.argmax())
            if ended := token in stops:
                break
            answer.append(token)
            chances.append(float(logits.softmax(-1)[token]))
            positions = positions[..., -1:] + 1
            ids = torch.tensor([[token]], device=self.model.device)
            mask = torch.ones(1, cache.get_seq_length() + 1, dtype=torch.long, device=self.model.device)
            states = self._run(ids, mask, positions, None, cache)[:, -1]
        return self._spelled(answer, chances, ended)

    def _spelled(self, answer: Sequence[int], chances: Sequence[float], ended: bool) -> GeneratedText:
        """Return the text of an answer, and where in it each token ends."""
        decode = self.prompter.tokenizer.decode
        parts = [str(decode(answer[: count + 1], skip_special_tokens=True)) for count in range(len(answer))]
        text = parts[-1] if parts else ""
        gone = len(text) - len(text.lstrip())
        text = text.strip()
        ends = tuple(min(max(len(part) - gone, 0), len(text)) for part in parts)
        return GeneratedText(text, ends, tuple(chances), ended)

    def yes_no_tokens(self) -> tuple[list[int], list[int]]:
        """Return the token ids that begin "yes" and "no"; see `answers.yes_no_tokens`."""
        return yes_no_tokens(self.prompter.tokenizer, self._identity.source)

    def lora_targets(self, tower: Tower = "language", targets: Sequence[str] = (QUERY_VALUE,)) -> list[str]:
        """Return the names of the layers that `targets` mean, for peft's `target_modules`; see `adapted_layers`."""
        return [f"model.{name}" for name in adapted_layers(self.model.model, targets, tower)]

    def _logits(self, states: Tensor) -> Tensor:
        return self._capped(exact_logits(self.model.lm_head, states))

    def _capped(self, logits: Tensor) -> Tensor:
        """Return logits as the model bounds them, where it does (Gemma)."""
        most = getattr(self.model.config.get_text_config(), "final_logit_softcapping", None)
        return logits if most is None else most * torch.tanh(logits / most)

    def _whole(self, prefix: Prefix, suffix: str) -> ClipInputs:
        """Return a clip with the whole prompt that a prefix and a suffix make."""
        text = prefix.inputs.text + suffix + prefix.after
        return replace(prefix.inputs, text=text, ids=self.prompter.ids(text))

    def _alone(self, prefix: Prefix, suffix: str) -> tuple[Tensor, Tensor, DynamicCache]:
        """Run a whole prompt; return what `_continue` does. The cache is one of the model's own layers."""
        inputs = [self._whole(prefix, suffix)]
        ids, mask = _pad([inputs[0].ids], self.model.device)
        cache = DynamicCache(config=self.model.config.get_text_config())
        positions = self._positions(ids, mask, inputs)
        states = self._run(ids, mask.long(), positions, self._features(inputs), cache, self._types(inputs))
        return states[:, -1], positions, cache

    def _types(self, inputs: Sequence[ClipInputs]) -> Tensor | None:
        """Return which tokens of a padded batch are visual, for families that ask, shape (batch, tokens)."""
        if not self.family.token_types:
            return None
        return _pad([self.prompter.types(one.ids) for one in inputs], self.model.device)[0]

    def _stops(self) -> set[int]:
        ends = self.model.generation_config.eos_token_id
        listed = ends if isinstance(ends, list) else [ends]
        return {int(end) for end in (*listed, self.prompter.tokenizer.eos_token_id) if end is not None}

    def _continue(self, prefix: Prefix, suffixes: Sequence[str]) -> tuple[Tensor, Tensor, DynamicCache]:
        """Run what follows the prefix; return the last states (suffixes, D), the positions run, and the grown cache.

        The suffixes stand in one row, each seeing the prefix and itself alone: nothing is padded, and the prefix's
        keys and values are held once, not once per suffix (ours).
        """
        whole = [self.prompter.ids(prefix.inputs.text + suffix + prefix.after) for suffix in suffixes]
        shared = min(_agreement(prefix.inputs.ids, ids) for ids in whole)
        lengths = [len(ids) - shared for ids in whole]
        packed = torch.cat([ids[shared:] for ids in whole])[None].to(self.model.device)
        if bool((packed == self.prompter.placeholder).any()):
            raise ValueError("the tokens of the video changed with the text after it")
        padded = self._positions(*_pad(whole, self.model.device), [prefix.inputs] * len(whole))
        positions = torch.cat([padded[..., row, shared : len(ids)] for row, ids in enumerate(whole)], -1)
        cache = DynamicCache()
        for index, (keys, values) in enumerate(prefix.layers):
            cache.update(keys[:, :, :shared], values[:, :, :shared], index)
        mask = _branch_mask(shared, lengths, self.model.dtype).to(self.model.device)
        states = self._run(packed, mask, positions.unsqueeze(-2), None, cache)
        return states[0, torch.tensor(lengths).cumsum(0) - 1], positions.unsqueeze(-2), cache

    def _run(
        self,
        ids: Tensor,
        mask: Tensor,
        positions: Tensor,
        features: Any,
        cache: DynamicCache | None = None,
        types: Tensor | None = None,
    ) -> Tensor:
        out = self.model.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            cache=cache,
            use_cache=cache is not None,
            mm_encoder_outputs=None if features is None else {self.family.modality: features},
            **({} if types is None else {"mm_token_type_ids": types}),
        )
        return cast(Tensor, out.last_hidden_state)

    def _features(self, inputs: Sequence[ClipInputs]) -> Any:
        features = encode(
            self.model.model,
            self.family,
            self.vision,
            [one.units for one in inputs],
            [one.keys for one in inputs],
            [one.grid for one in inputs],
        )
        return self.family.pack(self.model.model, features)

    def _positions(self, ids: Tensor, mask: Tensor, inputs: Sequence[ClipInputs]) -> Tensor:
        """Return position ids, shape (batch, tokens), or (3, batch, tokens) for families with three axes."""
        if not self.family.three_axes:
            return (mask.long().cumsum(-1) - 1).clamp(min=0)
        grids = [one.grid for one in inputs if one.grid is not None]
        positions, _ = self.model.model.get_rope_index(
            input_ids=ids,
            mm_token_type_ids=(ids == self.prompter.placeholder).int() * 2,
            video_grid_thw=torch.stack(grids).to(ids.device),
            second_per_grid_ts=[one.unit_seconds for one in inputs],
            attention_mask=mask.long(),
        )
        return cast(Tensor, positions)


def exact_logits(head: nn.Linear, states: Tensor) -> Tensor:
    """Return the logits of states (n, D), float32, shape (n, vocabulary).

    A product in bfloat16 rounds them to steps of up to an eighth, and clips that differ share a score (ours).
    Weights are widened a part at a time: those of large models would double their memory.
    """
    states = states.float()
    parts = [nn.functional.linear(states, rows.float()) for rows in head.weight.split(ROWS_AT_ONCE)]
    logits = torch.cat(parts, -1)
    return logits if head.bias is None else logits + head.bias.float()


def _branch_mask(shared: int, lengths: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Return the additive attention mask of suffixes of `lengths` tokens in one row after `shared` tokens."""
    owner = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    step = torch.arange(len(owner))
    mask = (owner[:, None] == owner[None]) & (step[:, None] >= step[None])
    mask = torch.cat([torch.ones(len(owner), shared, dtype=torch.bool), mask], 1)
    return torch.zeros(mask.shape, dtype=dtype).masked_fill(~mask, torch.finfo(dtype).min)[None, None]


def _pad(rows: Sequence[Tensor], device: Any) -> tuple[Tensor, Tensor]:
    """Return ids padded on the right with 0 and the mask of real ones; the model never looks at padding."""
    ids = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(ids.shape[1])[None] < lengths[:, None]
    return ids.to(device), mask.to(device)


def _agreement(prefix: Tensor, whole: Tensor) -> int:
    """Return how many ids `whole` begins with from `prefix`, leaving at least one of `whole` to run."""
    most = min(len(prefix), len(whole) - 1)
    differ = (prefix[:most] != whole[:most]).nonzero()
    return int(differ[0]) if len(differ) else most
