"""llama.cpp's server with a model that sees: whether pictures, times and words arrive, and are read once."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from actscribe.errors import ActScribeError
from actscribe.models.server import ChatServer, EncodedClip, Options
from actscribe.models.yes_no import YesNo
from campaigns.servers_real.tiny_vision import PICTURE

FRAMES, LENGTH = 4, 2.0
QUESTIONS = tuple(f"Is {what} to be seen in this video? Answer yes or no." for what in ("a baby", "a mask", "a hand"))
#: How far P(yes) of the same question on the same clip may lie apart, and how much it has to differ between clips.
SAME, DIFFERS = 0.02, 0.02


@dataclass(frozen=True, slots=True)
class Pass:
    """One way of asking about all clips.

    Args:
        way: in words.
        answers: in the order of the clips, whatever the order in which they were asked about.
        seconds: that all took.
        row: of its tally.
    """

    way: str
    answers: list[list[YesNo]]
    seconds: float
    row: dict[str, float]

    def scores(self) -> np.ndarray:
        """Return P(yes), shape (clips, questions), nan where it was not read."""
        return np.array([[np.nan if a.probability is None else a.probability for a in row] for row in self.answers])


def compared(address: str, count: int, seed: int) -> list[str]:
    """Ask about drawn clips in several ways, print a row for each, and return what is wrong."""
    line = ChatServer(address).description()
    clips = drawn(count, seed)
    forth = list(range(count))
    passes = [
        asked(address, clips, forth, "one at a time", Options(at_once=1)),
        asked(address, clips, forth[::-1], "the other way round", Options(at_once=1)),
        asked(address, clips, forth, "4 at once", Options(at_once=4)),
    ]
    print(f"\n{line}.\n")
    print("| asked about | clips, questions | not read | largest apart | tokens a clip | uncached | s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    first = passes[0].scores()
    for one in passes:
        apart = float(np.nanmax(np.abs(one.scores() - first)))
        tokens = f"{one.row['prompt tokens a clip']:.0f} | {one.row['of them uncached']:.0f}"
        size = f"{count}, {len(QUESTIONS)}"
        print(f"| {one.way} | {size} | {np.isnan(one.scores()).sum()} | {apart:.4f} | {tokens} | {one.seconds:.0f} |")
    print(f"\nBetween clips P(yes) differs by {first.std(axis=0).min():.3f} or more (standard deviation).")
    print(f"As one video: {as_video(address, clips[0])}")
    checks = {
        "the line does not say that pictures are sent": "pictures with their times" in line,
        "answers are not read": not any(np.isnan(one.scores()).any() for one in passes),
        "answers depend on the order of the clips": np.allclose(passes[1].scores(), first, atol=SAME),
        "answers depend on how many are asked at once": np.allclose(passes[2].scores(), first, atol=SAME),
        "answers do not depend on the pictures": float(first.std(axis=0).min()) > DIFFERS,
        "pictures are read again for every question": passes[0].row["of them uncached"]
        < 0.6 * passes[0].row["prompt tokens a clip"],
    }
    return [problem for problem, holds in checks.items() if not holds]


def drawn(count: int, seed: int) -> list[EncodedClip]:
    """Return clips of coarse colours."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, FRAMES, 4, 4, 3), dtype=np.uint8)
    fine = coarse.repeat(PICTURE // 4, axis=2).repeat(PICTURE // 4, axis=3)
    times = (np.arange(FRAMES) + 0.5) * LENGTH / FRAMES
    return [EncodedClip(one, times, LENGTH) for one in fine]


def asked(address: str, clips: list[EncodedClip], order: list[int], way: str, options: Options) -> Pass:
    """Ask about clips in an order."""
    server = ChatServer(address, options=options)
    server.description()
    server.take()
    began = time.monotonic()
    answers = {index: server.yes_no(QUESTIONS, clips[index]) for index in order}
    seconds = time.monotonic() - began
    return Pass(way, [answers[index] for index in sorted(answers)], seconds, server.take().record())


def as_video(address: str, clip: EncodedClip) -> str:
    """Return what becomes of a clip that is sent as one video."""
    try:
        server = ChatServer(address, options=Options(frames="video"))
        (answer,) = server.yes_no(QUESTIONS[:1], clip)
    except ActScribeError as error:
        return f"refused: {error.message}"
    tokens = server.take().record()["prompt tokens a clip"]
    return f"{tokens:.0f} tokens, P(yes) {answer.probability}"
