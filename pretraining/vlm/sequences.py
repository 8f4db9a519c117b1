"""From turns to token ids: the family's video prompt, prompts with answers behind it, and all of it as tensors.

A sequence is the video's tokens and then the turns, each of which sees the video and itself alone and stands at the
positions it would have by itself: training equals use, and the video is run once for all turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from build import EOU
from sizes import FRAMES
from texts import Turn
from torch import Tensor

from actscribe.video.sampling import nominal_times

#: Ids of the video, and of each turn with the number of its answer's ids and their weight.
Text = tuple[list[int], list[tuple[list[int], int, float]]]


@dataclass(slots=True)
class Packed:
    """The sequences of several clips as tensors.

    Args:
        ids, positions: (clips, tokens).
        mask: additive, (clips, 1, tokens, tokens).
        ends: the video's last token, (clips,).
        asked: flat indices into (clips * tokens) that predict an answer's token.
        answers: that token.
        weights: its weight.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    ends: Tensor
    asked: Tensor
    answers: Tensor
    weights: Tensor


class Sequences:
    """Writes a clip with its turns as ids.

    Args:
        words: the tokenizer.
        tokens: visual tokens of a frame.
    """

    def __init__(self, words: Any, tokens: int) -> None:
        self.words = words
        self.tokens = tokens
        self._videos: dict[tuple[int, ...], list[int]] = {}

    def text(self, seconds: float, turns: Sequence[Turn]) -> Text:
        """Return the ids of a clip of so many seconds and of its turns."""
        made = []
        for turn in turns:
            prompt = self.words(f"\n\n{turn.prompt}{EOU}\nAssistant:", add_special_tokens=False)["input_ids"]
            answer = self.words(f" {turn.answer}{EOU}", add_special_tokens=False)["input_ids"]
            made.append((prompt + answer, len(answer), turn.weight))
        return self.video(seconds), made

    def video(self, seconds: float) -> list[int]:
        """Return the ids of the family's prompt up to the last frame."""
        times = nominal_times(0.0, seconds, FRAMES)
        key = (int(seconds), *(int(time) for time in times))
        if key not in self._videos:
            one = "<fake_token_around_image><global-img>" + "<image>" * self.tokens + "<fake_token_around_image>"
            stamps = "".join(f"\nFrame from 00:{int(time):02d}:{one}" for time in times)
            start = f"eight frames from a 0:00:{int(seconds):02d} [H:MM:SS] video.\n"
            text = f"<|im_start|>User: You are provided the following series of {start}{stamps}"
            self._videos[key] = self.words(text, add_special_tokens=False)["input_ids"]
        return self._videos[key]


def asked_for(
    drawn: Sequence[Sequence[Turn]], texts: Sequence[Text], width: int, numbers: Mapping[str, int]
) -> tuple[Tensor, Tensor]:
    """Return flat places of the last tokens of prompts that ask for one thing, and the number of that thing."""
    places, wanted = [], []
    for clip, (turns, (video, made)) in enumerate(zip(drawn, texts, strict=True)):
        at = clip * width + len(video)
        for turn, (tokens, answer, _) in zip(turns, made, strict=True):
            if turn.asked:
                places.append(at + len(tokens) - answer - 1)
                wanted.append(numbers[turn.asked])
            at += len(tokens)
    return torch.tensor(places), torch.tensor(wanted)


def packed(texts: Sequence[Text], dtype: torch.dtype) -> Packed:
    """Return texts as tensors, padded to a multiple of 16 tokens; the mask is of `dtype`."""
    lengths = [len(video) + sum(len(turn[0]) for turn in turns) for video, turns in texts]
    width = -(-max(lengths) // 16) * 16
    ids = np.zeros((len(texts), width), np.int64)
    positions = np.zeros((len(texts), width), np.int64)
    owner = np.full((len(texts), width), -1, np.int64)  # 0 the video, 1... the turns, -1 padding
    asked, answers, weights = [], [], []
    for clip, (video, turns) in enumerate(texts):
        at = len(video)
        ids[clip, :at], positions[clip, :at], owner[clip, :at] = video, np.arange(at), 0
        for number, (turn, answer, weight) in enumerate(turns, 1):
            end = at + len(turn)
            ids[clip, at:end] = turn
            positions[clip, at:end] = len(video) + np.arange(len(turn))
            owner[clip, at:end] = number
            asked += [clip * width + index - 1 for index in range(end - answer, end)]
            answers += turn[len(turn) - answer :]
            weights += [weight] + [1.0] * (answer - 1) if answer == 2 else [weight] * answer
            at = end
    own = torch.from_numpy(owner)
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    visible = causal & ((own[:, :, None] == own[:, None]) | (own[:, None] == 0))
    mask = torch.zeros(visible.shape, dtype=dtype).masked_fill_(~visible, torch.finfo(dtype).min)[:, None]
    return Packed(
        torch.from_numpy(ids),
        torch.from_numpy(positions),
        mask,
        torch.tensor([len(video) - 1 for video, _ in texts]),
        torch.tensor(asked),
        torch.tensor(answers),
        torch.tensor(weights),
    )
