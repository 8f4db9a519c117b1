"""Whom a zero-shot recognizer asks: a model loaded here or one behind a server, and what it said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any, Protocol
from weakref import WeakValueDictionary

from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.features.vision import keep_vision
from actscribe.labels import LabelSet
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.device import bfloat16_pays
from actscribe.models.generated_text import GeneratedText
from actscribe.models.quiet import quiet
from actscribe.models.server import ChatServer
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.models.vlm.loading import digest
from actscribe.models.vlm.plan import configuration
from actscribe.models.yes_no import FIELDS, YesNo, from_logits
from actscribe.progress import say
from actscribe.recognizers.answers import AnswerStore, answer_key, clip_digest, remember, store_for
from actscribe.recognizers.served import ServerVlmClient, joined, servers, servers_and_judge, vlm_server
from actscribe.settings.recognizers.vlm import VlmJudgeSettings, ZeroShot

#: Models in use. Training holds a recognizer and its reloaded twin at once, which must not take the memory twice.
_IN_USE: WeakValueDictionary[tuple[str, ...], Vlm] = WeakValueDictionary()


class VlmClient(Protocol):
    """A vision-language model, wherever it runs. `opening` and each ending are one prompt."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What answers are kept under."""
        ...

    @property
    def writes_times(self) -> bool:
        """Whether the model is told when each frame was taken without being told so in words."""
        ...

    @property
    def server(self) -> ChatServer | None:
        """The server behind which it runs, if any."""
        ...

    def written(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[str]:
        """Return the written answer to each prompt, at most `most` tokens."""
        ...

    def weighed(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[GeneratedText]:
        """Return the written answer to each prompt with the probabilities of its tokens, where they are known."""
        ...

    def yes_no(self, clip: ClipFrames, opening: str, endings: Sequence[str]) -> list[YesNo]:
        """Return the answer to each yes/no prompt."""
        ...


class LocalVlmClient:
    """A model loaded here: a clip and the opening run once, the endings branch off.

    Args:
        vlm: the model.
    """

    server = None

    def __init__(self, vlm: Vlm) -> None:
        self.vlm = vlm
        known = vlm.describe()
        self.identity = {"model": known.source, "digest": known.digest, "dtype": known.dtype}
        self.writes_times = vlm.family.writes_times

    def written(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[str]:
        """See `VlmClient`."""
        prefix = self.vlm.prefix(clip, opening)
        return [self.vlm.generate(prefix, joined("", opening, ending), most) for ending in endings]

    def weighed(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[GeneratedText]:
        """See `VlmClient`."""
        prefix = self.vlm.prefix(clip, opening)
        return [self.vlm.write(prefix, joined("", opening, ending), most) for ending in endings]

    def yes_no(self, clip: ClipFrames, opening: str, endings: Sequence[str]) -> list[YesNo]:
        """See `VlmClient`."""
        prefix = self.vlm.prefix(clip, opening)
        logits = self.vlm.branch(prefix, [joined("", opening, ending) for ending in endings])
        return from_logits(logits, *self._yes_no)

    @cached_property
    def _yes_no(self) -> tuple[list[int], list[int]]:
        return self.vlm.yes_no_tokens()


class CachedVlmClient:
    """A client whose answers are kept as they come, and that is asked only for what is not there yet.

    Of pictures that pass by nothing is kept, see `answers.store_for`.

    Args:
        client: to ask.
        store: of answers.
    """

    def __init__(self, client: VlmClient, store: AnswerStore) -> None:
        self.client = client
        self.store = store
        self.identity = client.identity
        self.writes_times = client.writes_times
        self.server = client.server

    def written(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[str]:
        """See `VlmClient`."""
        keys = self._keys(clip, opening, endings, {"kind": "written", "most": most})
        store = store_for(clip, self.store)
        return remember(store, keys, lambda left: self.client.written(clip, opening, pick(endings, left), most))

    def weighed(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[GeneratedText]:
        """See `VlmClient`."""
        keys = self._keys(clip, opening, endings, {"kind": "weighed", "most": most})

        def ask(left: Sequence[int]) -> list[dict[str, Any]]:
            return [asdict(answer) for answer in self.client.weighed(clip, opening, pick(endings, left), most)]

        return [GeneratedText.of(answer) for answer in remember(store_for(clip, self.store), keys, ask)]

    def yes_no(self, clip: ClipFrames, opening: str, endings: Sequence[str]) -> list[YesNo]:
        """See `VlmClient`."""
        keys = self._keys(clip, opening, endings, {"kind": "yes/no", "fields": FIELDS})

        def ask(left: Sequence[int]) -> list[dict[str, Any]]:
            return [asdict(answer) for answer in self.client.yes_no(clip, opening, pick(endings, left))]

        return [YesNo(**answer) for answer in remember(store_for(clip, self.store), keys, ask)]

    def _keys(self, clip: ClipFrames, opening: str, endings: Sequence[str], settings: dict[str, Any]) -> list[str]:
        digest = clip_digest(clip)
        return [answer_key(self.identity, joined(opening, opening, end), settings, digest) for end in endings]


def vlm_client(settings: ZeroShot) -> VlmClient:
    """Return the model that the settings name.

    Raises:
        ActScribeError: it is not here, or its server does not answer or is another machine.
    """
    if settings.server:
        return ServerVlmClient(vlm_server(settings))
    revision = digest(checkpoint_folder(settings.model, "vlm"))
    key = (revision, settings.model, settings.dtype, settings.quantize or "")
    vlm = _IN_USE.get(key)
    if vlm is None:
        with quiet():
            vlm = load_vlm(settings.model, settings.dtype, quantize=settings.quantize)
        keep_vision(vlm)
        _IN_USE[key] = vlm
    return LocalVlmClient(vlm)


def input_spec(settings: ZeroShot, frames: int) -> InputSpec:
    """Return what the model wants to see: the study's frames at its own size, read from its configuration alone."""
    if settings.server:
        return InputSpec(frames, settings.server_short_side)
    family, config, video = configuration(settings.model)
    return InputSpec(frames, family.short_side(config, video))


def starting(settings: ZeroShot, labels: LabelSet, frames: int) -> list[str]:
    """Return what servers can do, or which number format "auto" chose where it is bf16; see `Implementation.starting`.

    What a server can do is said on the way.
    """
    return _described(servers(settings)) + _number_format(settings)


def starting_judge(settings: VlmJudgeSettings, labels: LabelSet, frames: int) -> list[str]:
    """Return also what the judge's server can do; see `starting`."""
    return _described(servers_and_judge(settings)) + _number_format(settings)


def _described(asked: Mapping[str, ChatServer]) -> list[str]:
    lines = [server.description() for server in asked.values()]
    for line in lines:
        say(line)
    return lines


def _number_format(settings: ZeroShot) -> list[str]:
    pays, reason = bfloat16_pays()
    if settings.server or settings.quantize or settings.dtype != "auto" or not pays:
        return []
    return [f"weights of '{settings.model}' are in bf16, since {reason}; dtype: float32 asks for exact ones"]


def pick(endings: Sequence[str], indices: Sequence[int]) -> list[str]:
    """Return the endings at `indices`."""
    return [endings[index] for index in indices]
