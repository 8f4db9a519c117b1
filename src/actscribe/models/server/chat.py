"""One model of a server: what it can do is asked once, then it is asked questions.

Requests and answers are bounded in time and size (`exchange`); no stream. What several questions share, the frames and
what is said before each question, stands at the beginning of their prompts, and the first of them is asked alone: a
server that keeps what it has read reads it once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from actscribe.errors import ActScribeError
from actscribe.models.generated_text import GeneratedText
from actscribe.models.server.abilities import Abilities, Dialect, Manner, Media
from actscribe.models.server.address import checked_address
from actscribe.models.server.connection import Connection, ServerError
from actscribe.models.server.description import describe
from actscribe.models.server.encoded_clip import EncodedClip
from actscribe.models.server.exchange import INTERFACE, Stop, shown
from actscribe.models.server.llama_cpp import LLAMA_CPP
from actscribe.models.server.lm_studio import LM_STUDIO
from actscribe.models.server.ollama import OLLAMA
from actscribe.models.server.openai import MODELS, OPENAI
from actscribe.models.server.question import YES_NO_TOKENS, NotUnderstoodError, Question, Reply
from actscribe.models.server.reading import written, yes_no
from actscribe.models.server.tally import Tally
from actscribe.models.server.trial import TRIAL_TEXT, is_as_asked, refuses, trial_clip
from actscribe.models.server.vllm import VLLM
from actscribe.models.yes_no import YesNo

#: Seconds for a question about the server itself, which asks no model.
LIST_TIMEOUT_S = 30.0
#: Those that are known by the list of models come first, and last what fits every server.
DIALECTS = (LLAMA_CPP, VLLM, OLLAMA, LM_STUDIO, OPENAI)


@dataclass(frozen=True, slots=True)
class Options:
    """How a server is used.

    Args:
        frames: how a clip is sent; "auto": as the server takes it best.
        at_once: requests at the same time, where that does not let a clip be read several times.
        seconds: for one answer, from the question to its last byte; a large model on a CPU may take minutes.
        thinking: tokens for thinking, where a model cannot be kept from it.
        context: tokens of a prompt with its answer, for servers that want to be told.
    """

    frames: Literal["auto", "images", "video"] = "auto"
    at_once: int = 4
    seconds: float = 600.0
    thinking: int = 2048
    context: int = 16384


class ChatServer:
    """One model of a server; nothing is asked before something has to be known.

    Args:
        address: such as http://127.0.0.1:11434/v1; without a path, /v1 is added.
        model: the server's name for it; empty where the server offers only one.
        allow_remote: whether the address may be another machine.
        sees: whether it is shown frames.
        options: how it is used.

    Raises:
        ActScribeError: an address that is none, or not of this machine.
    """

    def __init__(
        self,
        address: str,
        model: str = "",
        allow_remote: bool = False,
        sees: bool = True,
        options: Options | None = None,
    ) -> None:
        self.line = Connection(checked_address(address, allow_remote))
        self.options = options or Options()
        self.tally = Tally()
        self._model, self._allow_remote, self._sees = model, allow_remote, sees
        self._room = 0
        self._thinks = self._rambles = False
        self._clip: EncodedClip | None = None  # the last one: two kinds of questions on it are not two clips

    @property
    def abilities(self) -> Abilities:
        """What the server says of itself and of the model.

        Raises:
            ActScribeError: it does not answer, or not as a server of models does; it offers several models and none
                was named; the model sees nothing, or runs on another machine.
        """
        return self._dialect_and_abilities[1]

    @property
    def manner(self) -> Manner:
        """How it is asked: the best way that a question in it showed to be taken.

        Raises:
            ActScribeError: as `abilities`, or the model does not answer.
        """
        return self._tried

    @property
    def identity(self) -> dict[str, Any]:
        """What answers are kept under; of a model's revision only what the server tells."""
        digest = {"digest": self.abilities.digest} if self.abilities.digest else {}
        known = {"server": self.line.address, "model": self.abilities.model, **digest}
        return {**known, **self.manner.identity()}

    def description(self) -> str:
        """Return in one line what the server can do and what is done with it."""
        manner = self.manner
        return describe(self.abilities, manner, self.line.address, self._thinks, self._room)

    def take(self) -> Tally:
        """Return what was counted since this was called last."""
        taken, self.tally = self.tally, Tally()
        return taken

    def written(self, texts: Sequence[str], most: int, clip: EncodedClip | None = None) -> list[GeneratedText]:
        """Return the answer to each text, decoded greedily, at most `most` tokens without thoughts.

        Args:
            texts: user's messages.
            most: tokens.
            clip: that is shown before each.
        """
        return [written(reply) for reply in self._replies([Question(text, most, clip=clip) for text in texts])]

    def yes_no(self, texts: Sequence[str], clip: EncodedClip | None = None) -> list[YesNo]:
        """Return the answer to each yes/no question; see `reading.yes_no`.

        Args:
            texts: user's messages.
            clip: that is shown before each.
        """
        return [yes_no(reply) for reply in self._replies([Question(text, YES_NO_TOKENS, True, clip) for text in texts])]

    def _replies(self, questions: Sequence[Question]) -> list[Reply]:
        manner = self.manner
        first, rest = questions[0], questions[1:]
        self.tally.clips += first.clip is None or first.clip is not self._clip
        self._clip = first.clip
        replies = [self._reply(first, manner)]
        apart = self.abilities.shares or first.clip is None  # else each way to the model would read the clip again
        if not rest or not apart or self.options.at_once == 1:
            return replies + [self._reply(question, manner) for question in rest]
        stop = Stop()
        with ThreadPoolExecutor(min(self.options.at_once, len(rest))) as pool:
            asked = [pool.submit(self._reply, question, manner, stop) for question in rest]
            try:
                wait(asked, return_when=FIRST_EXCEPTION)
                for one in asked:
                    if one.done() and not one.cancelled() and one.exception():
                        one.result()
            except BaseException:
                stop.end()
                for one in asked:
                    one.cancel()
                raise
            return replies + [one.result() for one in asked]

    def _reply(self, question: Question, manner: Manner, stop: Stop | None = None) -> Reply:
        """Ask, and once more with room for thinking if the answer was cut off before it could begin."""
        reply = self._once(replace(question, room=self._room), manner, stop)
        if not (self._room or self._rambles) and _began_to_think(reply, question):
            reply = self._once(replace(question, room=self.options.thinking), manner, stop)
            self._thinks, self._rambles = bool(reply.thought), not reply.thought
            self._room = self.options.thinking if reply.thought else 0  # so it will be with the next questions
        return reply

    def _once(self, question: Question, manner: Manner, stop: Stop | None = None) -> Reply:
        dialect, asked = self._dialect_and_abilities
        path, body = dialect.request(asked, manner, question)
        began = time.monotonic()
        answer = self.line.ask(path, body, self.options.seconds, stop)
        try:
            reply = dialect.reply(answer)
        except NotUnderstoodError as error:
            message = f"The server at {self.line.address} answered something else than a chat completion: {error}"
            raise ServerError(message, INTERFACE) from None
        if asked.asks_context and reply.prompt is not None and reply.prompt >= asked.context:
            raise ActScribeError(
                f"{asked.server} at {self.line.address}: the prompt takes all {asked.context:,} tokens, so a part of it"
                " was left out.",
                "Raise server_context if the model has more, or use fewer frames or a smaller server_short_side.",
            )
        self.tally.add(reply, time.monotonic() - began)
        return reply

    @cached_property
    def _dialect_and_abilities(self) -> tuple[Dialect, Abilities]:
        """The dialect that the server speaks, and what it says of itself."""
        seconds = min(LIST_TIMEOUT_S, self.options.seconds)
        try:
            listed = self.line.ask(MODELS, None, seconds)
        except ServerError as error:
            if error.status != 404 or not self._model:
                raise
            listed = {"data": []}  # some have no such list
        for dialect in DIALECTS:
            try:
                abilities = dialect.find(self.line, listed, self._model, seconds)
            except NotUnderstoodError as error:
                message = f"The server at {self.line.address} answered something else than a list of models: {error}"
                raise ServerError(message, INTERFACE) from None
            if abilities is not None:
                return dialect, self._usable(abilities)
        raise AssertionError("the last dialect fits every server")

    def _usable(self, abilities: Abilities) -> Abilities:
        what = f"'{shown(abilities.model)}' of {abilities.server} at {self.line.address}"
        if abilities.remote and not self._allow_remote:
            raise ActScribeError(
                f"{what} runs on another machine ({shown(abilities.remote)}): frames of your videos would leave"
                " this one.",
                "Name a model that runs here. If you may send the videos there: allow_remote: true",
            )
        if self._sees and abilities.sees is False:
            raise ActScribeError(
                f"{what} takes no pictures.",
                "Name a model that does, or start llama.cpp's server with the model's --mmproj file.",
            )
        if abilities.asks_context:
            return replace(abilities, context=min(abilities.context or self.options.context, self.options.context))
        return abilities

    @cached_property
    def _tried(self) -> Manner:
        """The best manner in which a question is taken, of those that the dialect has."""
        dialect, asked = self._dialect_and_abilities
        if asked.thinks and asked.quiet is not False:
            self._room = self.options.thinking
        clip = trial_clip() if self._sees else None
        question = Question(TRIAL_TEXT, YES_NO_TOKENS, True, clip)
        ways = list(dialect.manners(asked, self._media(dialect, asked)))
        for way in ways:
            last = way is ways[-1]
            try:
                reply = self._reply(question, way)
            except ServerError as error:
                if last or not error.answered or (error.status and not refuses(error)):
                    raise
                continue
            takes_video = self._takes_video(question, way, reply)
            if last and not takes_video:
                raise ActScribeError(
                    f"{asked.server} at {self.line.address} ignored the video: no token of the prompt comes from it.",
                    "Write server_frames: images, or look at the server's log; llama.cpp needs ffmpeg for videos.",
                )
            if last or (takes_video and is_as_asked(way, reply)):
                self._thinks, self._rambles = bool(reply.thought), False
                break
        self.tally = Tally()  # of the user's questions alone
        return way

    def _media(self, dialect: Dialect, asked: Abilities) -> Sequence[Media]:
        if not self._sees:
            return ("none",)
        if self.options.frames == "auto":
            return dialect.auto
        if self.options.frames not in dialect.able:
            message = f"{asked.server} at {self.line.address} takes no video."
            raise ActScribeError(message, "Write server_frames: images, or leave it out.")
        return (self.options.frames,)

    def _takes_video(self, question: Question, manner: Manner, reply: Reply) -> bool:
        """Tell whether a video is no less than nothing: a server may pass over one that it cannot open."""
        if manner.media != "video" or reply.prompt is None or question.clip is None:
            return True
        text = f"{question.clip.times_in_words()} {question.text}"  # as it is beside the video
        without = self._once(replace(question, text=text, clip=None, room=self._room), manner)
        return without.prompt is None or without.prompt < reply.prompt


def _began_to_think(reply: Reply, question: Question) -> bool:
    """Tell whether an answer was cut off before it began; a yes or no that is not among its first words is none."""
    if reply.whole:
        return False
    return not reply.text or (question.yes_no and yes_no(reply).probability is None)
