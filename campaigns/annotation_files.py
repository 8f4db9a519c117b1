"""Mutated annotation files of every format: a sentence or a sound result, and known changes show their known effect."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np

from actscribe import annotations as annotation_files
from actscribe.annotations import FORMATS, Annotations, Interval
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import sort_key
from actscribe.errors import ActScribeError
from campaigns.annotation_documents import FPS, opened
from campaigns.annotation_effects import ANY, APART, Expected, Source
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.mutate import mutated
from campaigns.worker import note_group

#: Seconds of the video that the files are about.
DURATION = 60.0
CLOCK = FrameClock(FPS)
#: Share of the cases whose right effect is known.
KNOWN = 0.5
BASES = 12
HOLDS = "holds.json"
#: Characters of a message; a longer one has the file in it.
LONGEST = 8000


def prepare(sources: Path) -> None:
    """Write files of every format, of several annotations each."""
    for name, form in FORMATS.items():
        for number in range(BASES):
            annotations = drawn(np.random.default_rng([number]), bool(number % 2))
            path = sources / name / str(number) / f"source{form.ending}"
            path.parent.mkdir(parents=True)
            annotation_files.write(path, annotations, name, clock=CLOCK)
            holds = [asdict(one) for one in annotations.intervals]
            (path.parent / HOLDS).write_text(json.dumps(holds), encoding="utf-8")


def drawn(rng: np.random.Generator, subjects: bool) -> Annotations:
    """Return eight intervals that do not overlap, on a grid of 0.1 s, and a span that nobody annotated."""
    edges = np.sort(rng.choice(np.arange(10, 550), 16, replace=False)).reshape(-1, 2) / 10
    labels = ["walk", "walk", *(f"act{chr(ord('k') + index)}" for index in range(6))]
    who = ("", "nurse", "P 1") if subjects else ("",)
    intervals = [
        Interval(label, float(start), float(end), "" if label == "walk" else str(rng.choice(who)))
        for label, (start, end) in zip(rng.permutation(labels), edges, strict=True)
    ]
    gap = Interval("", 55.0, 56.5)
    return Annotations(tuple(sorted(intervals, key=sort_key)), (gap,), ("a.mp4",), DURATION)


def attempt(case: Case) -> Verdict:
    """Change a sound file in a way whose effect is known, or in any way, and read it."""
    rng = case.rng
    name = list(FORMATS)[rng.integers(len(FORMATS))]
    group = note_group(case, name)
    path = case.sources / name / str(rng.integers(BASES)) / f"source{FORMATS[name].ending}"
    target = case.folder / path.name
    if not FORMATS[name].signature and rng.random() < KNOWN:  # known changes are changes of text
        holds = [Interval(**one) for one in json.loads((path.parent / HOLDS).read_text(encoding="utf-8"))]
        source = Source(name, path.read_text(encoding="utf-8"), _carried(name, holds))
        effects = ANY + APART if opened(name, source.text) else ANY
        made = None
        while made is None:
            effect = effects[rng.integers(len(effects))]
            made = effect(source, rng)
        target.write_bytes(made.data)
        (case.folder / "expected.json").write_text(json.dumps([asdict(one) for one in made.holds], indent=1))
        return _judged(group, target, effect.__name__, made)
    what, data = mutated(path.read_bytes(), rng)
    target.write_bytes(data)
    return _sound(group, target, what)


def _carried(name: str, holds: list[Interval]) -> list[Interval]:
    return holds if "subject" in FORMATS[name].keeps else [Interval(one.label, one.start, one.end) for one in holds]


def _judged(group: str, path: Path, effect: str, expected: Expected) -> Verdict:
    """Compare what is read with what must be."""
    try:
        annotations = annotation_files.read(path, clock=CLOCK)
    except ActScribeError as error:
        if expected.refusable:
            return _sentence(group, path, error)
        return Verdict(group, "refused, but sound", True, f"{effect}: {error.message}")
    wanted, got = (sorted(map(_plain, intervals)) for intervals in (expected.holds, annotations.intervals))
    if wanted == got:
        return Verdict(group, "as it must be")
    lost = [one for one in wanted if one not in got]
    more = [one for one in got if one not in wanted]
    return Verdict(group, "silently wrong", True, f"{effect}: not {lost[:3]} but {more[:3]} ({len(wanted)}/{len(got)})")


def _plain(one: Interval) -> tuple[str, str, float, float]:
    return one.label, one.subject, round(one.start, 3) + 0.0, round(one.end, 3) + 0.0


def _sentence(group: str, path: Path, error: ActScribeError) -> Verdict:
    """A refusal names the file and stays readable."""
    if path.name not in error.message:
        return Verdict(group, "unnamed refusal", True, error.message[:300])
    if len(str(error)) > LONGEST:
        return Verdict(group, "endless refusal", True, f"{len(str(error))} characters")
    return Verdict(group, "refused", detail=str(error)[:400])


def _sound(group: str, path: Path, what: str) -> Verdict:
    """A changed file is refused, or what was read is sound and can be written and read again."""
    try:
        videos = annotation_files.read_all(path, clock=CLOCK)
    except ActScribeError as error:
        return _sentence(group, path, error)
    for name, of_video in videos.items():
        problem = _problem(of_video)
        if problem:
            return Verdict(group, "unsound", True, f"{what}: {name[:40]}: {problem}")
        try:
            checked = annotation_files.check(of_video, DURATION, path, Path(f"{name}.mp4"))
        except ActScribeError as error:
            return _sentence(group, path, error)
        ends = [one.end for one in (*checked.intervals, *checked.gaps)]
        if max(ends, default=0.0) > DURATION:
            return Verdict(group, "out of bounds", True, f"{what}: ends at {max(ends)} s of {DURATION} s")
        if not _survives(path.with_name("again.json"), checked):
            return Verdict(group, "does not survive", True, f"{what}: {name[:40]}")
    return Verdict(group, "read")


def _problem(annotations: Annotations) -> str:
    for one in (*annotations.intervals, *annotations.gaps):
        if not (math.isfinite(one.start) and math.isfinite(one.end) and 0 <= one.start <= one.end):
            return f"{one.start} to {one.end}"
        if one.score is not None and not 0 <= one.score <= 1:
            return f"score {one.score}"
    if any(not one.label.strip() for one in annotations.intervals):
        return "no label"
    if list(annotations.intervals) != sorted(annotations.intervals, key=sort_key):
        return "not in order"
    if annotations.duration is not None and not (math.isfinite(annotations.duration) and annotations.duration >= 0):
        return f"duration {annotations.duration}"
    return ""


def _survives(path: Path, annotations: Annotations) -> bool:
    """Tell whether what was read can be written as our own JSON and read again, or is refused with a sentence."""
    try:
        annotation_files.write(path, annotations, "json")
    except ActScribeError:
        return True
    again = annotation_files.read(path).intervals
    return len(again) == len(annotations.intervals) and all(map(_alike, again, annotations.intervals))


def _alike(one: Interval, other: Interval) -> bool:
    """Compare to the millisecond, as which times are written."""
    same_times = abs(one.start - other.start) < 1e-3 and abs(one.end - other.end) < 1e-3
    return same_times and (one.label, one.subject, one.score) == (other.label, other.subject, other.score)


CAMPAIGN = Campaign(
    name="annotation_files",
    about="Annotation files of every format, changed at random, or in a way whose right effect is known.",
    oracle="a sentence that names the file, or intervals that are finite, in order, within the video and survive being"
    " written; a known change shows exactly its effect, or is refused where that is right too.",
    short=1500,
    full=20000,
    prepare=prepare,
    attempt=attempt,
    modules=("actscribe.annotations",),
)
