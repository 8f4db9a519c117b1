"""A model that sees the lamps of `small_studies`: it answers questions, lists them, and says when they are on."""

from __future__ import annotations

import re

from small_studies import LEFT, RIGHT

from fakes.serving import Prompt

SIDES = {LEFT: (4 / 64, 28 / 64), RIGHT: (36 / 64, 60 / 64)}


def lit(prompt: Prompt, label: str) -> list[bool]:
    """Tell of each picture whether a lamp is on."""
    states = []
    for picture in prompt.pictures:
        height, width = picture.shape[:2]
        first, last = (round(side * width) for side in SIDES[label])
        states.append(bool(picture[height // 6 : height * 5 // 6, first:last].mean() > 130))
    return states


def lamps(prompt: Prompt) -> tuple[str, dict[str, float]]:
    """Answer whatever is asked of lamps, with the probabilities of the first word where it is yes or no."""
    text = prompt.text.lower()
    named = [label for label in (LEFT, RIGHT) if label.lower() in text]
    if "when does this happen" in text:
        return when(prompt, named[0]), {}
    if "yes or no" in text:
        return _yes_no(prompt, text, named)
    on = [label.lower() for label in (LEFT, RIGHT) if 2 * sum(lit(prompt, label)) >= len(prompt.pictures)]
    return ", ".join(on) or "none", {}


def _yes_no(prompt: Prompt, text: str, named: list[str]) -> tuple[str, dict[str, float]]:
    if not prompt.pictures:  # a judge, who reads what another wrote
        caption, _, question = text.partition("according to the description:")
        yes = any(label.lower() in caption and label.lower() in question for label in named)
        share = 0.9 if yes else 0.1
    else:
        of = lit(prompt, named[0]) if named else [False]
        share = 0.05 + 0.9 * sum(of) / len(of)
    return ("Yes" if share >= 0.5 else "No"), {"Yes": share * 0.9, "No": (1 - share) * 0.9, "The": 0.1}


def times_of(prompt: Prompt) -> list[float]:
    """Return the times that a prompt names for its pictures: before each, or in a sentence."""
    listed = re.search(r"taken at ([\d., ]+) seconds", prompt.text)
    if listed:
        return [float(time) for time in listed[1].split(",")]
    return [float(time) for time in re.findall(r"([\d.]+) s:", prompt.text)]


def when(prompt: Prompt, label: str) -> str:
    """Say from when to when a lamp is on, by the pictures and the times in the prompt."""
    times = times_of(prompt)
    assert len(times) == len(prompt.pictures)
    length = float(re.search(r"is ([\d.]+) seconds long", prompt.text)[1])  # type: ignore[index]
    half = length / len(times) / 2
    merged: list[list[float]] = []
    for time, on in zip(times, lit(prompt, label), strict=True):
        if on and merged and time - half - merged[-1][1] < 0.11:  # the times in the prompt have one decimal
            merged[-1][1] = time + half
        elif on:
            merged.append([max(0.0, time - half), time + half])
    return ", ".join(f"{start:.2f} - {end:.2f}" for start, end in merged) or "none"
