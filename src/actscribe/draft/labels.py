"""A label set from the names that annotation files use."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actscribe.annotations.interval import Annotations
from actscribe.counts import counted
from actscribe.data.points import is_point
from actscribe.errors import ActScribeError
from actscribe.settings.scaffold import indicator_example
from actscribe.yaml_file import quoted

#: Names this alike, of 1, are perhaps one activity in two spellings (ours).
ALIKE = 0.8
#: More names than this, most of which occur once, are texts and no activities (ours).
MOST_NAMES = 60
#: Names in a message.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class DraftLabel:
    """One label of the draft.

    Args:
        name: the spelling that occurs most.
        aliases: other spellings, in which only case, spaces, underscores and a full stop at the end differ.
        bouts: how often it occurs with a length.
        points: how often without; these cover no time.
        seconds: that it covers, overlaps counted twice.
    """

    name: str
    aliases: tuple[str, ...]
    bouts: int
    points: int
    seconds: float

    @property
    def is_points_only(self) -> bool:
        """Whether it occurs, but never for any time, so that nothing can be learned from it."""
        return self.points > 0 and not self.bouts


def draft_labels(annotations: Iterable[Annotations]) -> list[DraftLabel]:
    """Return the labels of all files, the most frequent first, and those that are offered and never occur last.

    Raises:
        ActScribeError: no name at all, nothing but point events, or texts where names of activities are expected.
    """
    all_annotations = list(annotations)
    bouts = Counter(i.label for one in all_annotations for i in one.intervals if not is_point(i))
    points = Counter(i.label for one in all_annotations for i in one.intervals if is_point(i))
    offered = dict.fromkeys(label for one in all_annotations for label in one.labels)
    _refuse_texts(bouts + points)
    spellings: dict[str, list[str]] = {}
    for name in sorted({*bouts, *points, *offered}, key=lambda name: (-bouts[name] - points[name], name)):
        spellings.setdefault(_plain(name), []).append(name)
    if not spellings:
        raise ActScribeError(
            "The annotation files name no activity.",
            "Draft from the videos alone, with --labels 'Walking,Standing' for what they show.",
        )
    seconds: dict[str, float] = {}
    for interval in (interval for one in all_annotations for interval in one.intervals):
        seconds[interval.label] = seconds.get(interval.label, 0.0) + interval.end - interval.start
    drafted = [
        DraftLabel(
            names[0].strip(),
            _aliases(names),
            sum(bouts[name] for name in names),
            sum(points[name] for name in names),
            sum(seconds.get(name, 0.0) for name in names),
        )
        for names in spellings.values()
    ]
    _refuse_points(drafted)
    return drafted


def alike(labels: Iterable[DraftLabel]) -> list[tuple[str, str]]:
    """Return pairs of labels that may be one activity: nearly the same letters, or the same without brackets."""
    names = [label.name for label in labels]
    pairs = []
    for index, name in enumerate(names):
        for other in names[:index]:
            if max(_likeness(_bare(other), _bare(name)), _likeness(_plain(other), _plain(name))) >= ALIKE:
                pairs.append((other, name))
    return pairs


def _likeness(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second).ratio()


def label_text(labels: Sequence[DraftLabel], name: str) -> str:
    """Return a commented label set as YAML."""
    points = [label for label in labels if label.is_points_only]
    drafted = [label for label in labels if not label.is_points_only]
    lines = [
        "# Drafted from the annotation files: names, aliases and counts are theirs. Put what is one activity in",
        "# several spellings under one name, as aliases; put names that are not to be learned under 'ignored:'.",
        f"name: {quoted(name)}",
        "task: multi-label   # several at once, or none; multi-class: exactly one label a clip",
        "# One sentence on what the videos show; the prompts of vision-language models begin with it.",
        'setting: ""',
    ]
    pairs = alike(drafted)
    if pairs:
        lines += ["# Perhaps one activity each:", *(f"#   {quoted(a)} and {quoted(b)}" for a, b in pairs)]
    lines.append("labels:")
    for label in drafted:
        lines.append(f"  - name: {quoted(label.name)}   # {_count(label)}")
        if label.aliases:
            lines.append(f"    aliases: [{', '.join(map(quoted, label.aliases))}]")
        elif label is drafted[0] and not any(one.aliases for one in drafted):
            lines.append(
                f"    # aliases: [{quoted(f'{label.name} 2')}, other name]   # other names of it in your files"
            )
    return "\n".join([*lines, *_ignored(points), *indicator_example(drafted[0].name), ""])


def _ignored(points: Sequence[DraftLabel]) -> list[str]:
    """Return the lines on what is left out: names that occur as point events only."""
    if not points:
        return ["ignored: []"]
    lines = [
        "# Only point events, which cover no time: no clip shows them, so nothing can be learned from them. To learn",
        "# one, give it starts and ends in the annotation tool (BORIS: a state event) and move it to 'labels:'.",
        "ignored:",
    ]
    for label in points:
        lines.append(f"  - {quoted(label.name)}   # {_counted_points(label)}")
        lines += [f"  - {quoted(alias)}" for alias in label.aliases]
    return lines


def _counted_points(label: DraftLabel) -> str:
    return counted(label.points, "point event")


def _count(label: DraftLabel) -> str:
    parts = []
    if label.bouts:
        parts.append(f"{counted(label.bouts, 'bout')}, {label.seconds:.1f} s")
    if label.points:
        parts.append(f"{_counted_points(label)}, covering no time")
    return "; ".join(parts) or "never occurs in these files"


def _refuse_points(labels: Sequence[DraftLabel]) -> None:
    if not all(label.is_points_only for label in labels):
        return
    shown = ", ".join(quoted(label.name) for label in labels[:_SHOWN]) + (", …" if len(labels) > _SHOWN else "")
    raise ActScribeError(
        f"The annotation files hold point events only ({shown}), which cover no time, so that nothing can be learned.",
        "Give them starts and ends in the annotation tool (in BORIS: as state events), then type the same again.",
    )


def _refuse_texts(counts: Counter[str]) -> None:
    once = sum(1 for count in counts.values() if count == 1)
    if len(counts) > MOST_NAMES and once > len(counts) / 2:
        shown = ", ".join(quoted(name[:40]) for name in list(counts)[:3])
        raise ActScribeError(
            f"{len(counts)} different names, {once} of which occur once, look like texts and not like activities"
            f" ({shown}, …).",
            "Choose the tiers that hold activities, or leave others out: --tiers 'act*' or --tiers '!notes*'.",
        )


def _aliases(names: list[str]) -> tuple[str, ...]:
    """Return the spellings that a label set would not take for the name itself anyway."""
    folded = {_folded(names[0])}
    kept = []
    for name in names[1:]:
        if _folded(name) not in folded:
            folded.add(_folded(name))
            kept.append(name.strip())
    return tuple(kept)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name.strip()).casefold())


def _plain(name: str) -> str:
    """Return a name without what does not make another activity: case, spaces, underscores, a full stop at its end."""
    return re.sub(r"[\s_]+", "", _folded(name)).rstrip(".") or name


def merged(labels: Iterable[DraftLabel]) -> list[tuple[str, str]]:
    """Return labels with each alias in which more than case and spaces differs."""
    return [
        (label.name, alias)
        for label in labels
        for alias in label.aliases
        if "".join(_folded(alias).split()) != "".join(_folded(label.name).split())
    ]


def _bare(name: str) -> str:
    return _plain(re.sub(r"\s*[(\[].*?[)\]]\s*", " ", name).strip() or name)
