"""What happens when in a simulated newborn resuscitation: the bouts of activity and the hard negatives between them.

A script holds times only. `motion` turns it into movements, so the annotations are the times of the
script and the picture follows them, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from actscribe.annotations.interval import Annotations, Interval

BoutKind = Literal[
    "ppv", "cpap", "suction", "trunk", "back", "extremities",
    "hover", "test", "probe", "rest", "steady", "wipe", "pass",
]  # fmt: skip
Worker = Literal["mask", "catheter", "body", "helper", "passer"]
Held = Literal["both", "bag", "mask", ""]
Span = tuple[float, float]

VISIBLE = "Baby visible"
#: How annotation files spell each kind that is annotated. The other kinds are the hard negatives below.
SPELLINGS: dict[BoutKind, str] = {
    "ppv": "PPV",
    "cpap": "CPAP",
    "suction": "Suction",
    "trunk": "Stimulation trunk",
    "back": "Stimulation back/nates",
    "extremities": "Stimulation extremities",
}
#: What looks like an activity and is none.
HARD_NEGATIVES: dict[BoutKind, str] = {
    "hover": "the mask is held above or beside the face, not sealed, the bag still",
    "test": "the bag is squeezed while the mask is away from the face",
    "probe": "the catheter is held near the mouth, not in it",
    "rest": "a hand lies still on the trunk",
    "steady": "a hand lies still on the legs",
    "extremities": "a hand rubs an arm or a leg; annotated, but no label of the preset",
    "wipe": "a hand rubs the table beside the baby, or the empty table",
    "pass": "an arm passes over the table",
}
#: Shortest and longest bout of each kind, in seconds (ours).
LENGTHS: dict[BoutKind, Span] = {
    "ppv": (4.0, 20.0),
    "cpap": (5.0, 20.0),
    "suction": (2.5, 8.0),
    "trunk": (3.0, 11.0),
    "back": (3.0, 10.0),
    "extremities": (2.0, 6.0),
    "hover": (2.0, 5.0),
    "test": (2.0, 4.0),
    "probe": (2.0, 4.0),
    "rest": (2.5, 8.0),
    "steady": (3.0, 12.0),
    "wipe": (2.0, 4.0),
    "pass": (1.0, 1.7),
}
LONG_EPISODE = 14.0  # seconds of work after which a hand puts its tool down
REACH = 0.55  # seconds that a hand takes from outside the picture to what it touches
FETCH = 0.6  # seconds that a tool takes from the table to the baby
ROLL = 0.8  # seconds in which the baby is turned over
CARRY = 1.5  # seconds in which the baby is brought or taken away; it is annotated from the middle of it on
SHORTEST_FULL = 90.0  # seconds; recordings from this length on hold every label


@dataclass(frozen=True, slots=True)
class Bout:
    """One stretch in which one thing is done; `start` and `end` in seconds, exact to the millisecond."""

    kind: BoutKind
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Episode:
    """Bouts that one worker does in a row without leaving the picture.

    Args:
        worker: whose hands they are.
        bouts: in order of time.
        begin, finish: seconds from the hand's first appearance to its last.
        grip: of a mask episode: both hands, one on the bag, or one on the mask.
    """

    worker: Worker
    bouts: tuple[Bout, ...]
    begin: float
    finish: float
    grip: Held = ""


@dataclass(frozen=True, slots=True)
class Script:
    """The whole course of a recording.

    Args:
        duration: seconds.
        hands: most hands that work on the baby at once, 1 to 4.
        visible: spans in which the baby lies on the table.
        episodes: in order of their beginning.
    """

    duration: float
    hands: int
    visible: tuple[Span, ...]
    episodes: tuple[Episode, ...]

    def bouts(self, *kinds: BoutKind) -> list[Bout]:
        """Return the bouts of these kinds, or all, in order of time."""
        bouts = [bout for episode in self.episodes for bout in episode.bouts if not kinds or bout.kind in kinds]
        return sorted(bouts, key=lambda bout: (bout.start, bout.kind))

    def annotations(self, media: str = "") -> Annotations:
        """Return what an annotator who never errs would write, spelled as in the study of Guerriero et al. 2026."""
        intervals = [Interval(VISIBLE, *span) for span in self.visible]
        intervals += [Interval(SPELLINGS[b.kind], b.start, b.end) for b in self.bouts() if b.kind in SPELLINGS]
        return Annotations.of(intervals, (media,) if media else (), self.duration)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """An episode that has no place in time yet: kinds with their lengths, and the time around and between them."""

    worker: Worker
    parts: list[tuple[BoutKind, float]]
    grip: Held = ""
    between: list[float] = field(default_factory=list)

    @property
    def lead(self) -> float:
        """Seconds before the first bout, and after the last."""
        if self.parts[0][0] == "back":
            return REACH + ROLL
        return REACH + (FETCH if self.worker in ("mask", "catheter") else 0.0)

    @property
    def length(self) -> float:
        return sum(length for _, length in self.parts) + sum(self.between) + 2 * self.lead

    def smaller(self, room: float) -> list[_Plan]:
        """Return what to try instead where at most `room` seconds are free: single bouts, or a shorter one."""
        if len(self.parts) > 1:
            ordered = sorted(self.parts, key=lambda part: part[0] not in SPELLINGS)
            return [_Plan(self.worker, [part], self.grip) for part in ordered]
        kind, length = self.parts[0]
        left = room - 2 * self.lead - 1e-6
        return [_Plan(self.worker, [(kind, left)], self.grip)] if LENGTHS[kind][0] <= left < length else []

    def at(self, begin: float) -> Episode:
        now, bouts = begin + self.lead, []
        for (kind, length), gap in zip(self.parts, [*self.between, 0.0], strict=True):
            bouts.append(Bout(kind, round(now, 3), round(now + length, 3)))
            now += length + gap
        return Episode(self.worker, tuple(bouts), begin, bouts[-1].end + self.lead, self.grip)


def make_script(rng: np.random.Generator, duration: float, hands: int = 3) -> Script:
    """Return the course of one recording.

    Shares of time (ours), on average: baby visible 83 %, ventilation 29 %, stimulation 20 %, suction 10 %. One hand,
    which does one thing after the other, has time for two thirds of that. From SHORTEST_FULL seconds on every label
    occurs.

    Args:
        rng: source of randomness.
        duration: of the recording, seconds, > 0.
        hands: most hands that work at once, 1 to 4; a single hand does one thing after the other.

    Raises:
        ValueError: no duration, or another number of hands.
    """
    if not duration > 0 or not 1 <= hands <= 4:
        raise ValueError(f"cannot simulate {duration} s with {hands} hands")
    visible = _visible_spans(rng, duration)
    work = [_work_window(span, duration) for span in visible]
    airway = [*_mask_plans(rng, duration, hands), *_catheter_plans(rng, duration)]
    backs, fronts = _body_plans(rng, duration, busy=hands == 1)
    if hands == 1:
        episodes = _pack(rng, [*airway, *backs, *fronts], work)
    else:
        episodes = _pack(rng, [*airway, *backs], work)
        turned = [(e.begin, e.finish) for e in episodes if e.bouts[0].kind == "back"]
        free = _without(work, turned)
        episodes += _pack(rng, fronts, free)
        if hands == 4:
            steady = [_Plan("helper", [("steady", _length(rng, "steady"))]) for _ in range(1 + int(duration // 60))]
            episodes += _pack(rng, steady, free)
    empty = _without(
        [(0.0, duration)], [(start - CARRY / 2 - REACH, end + CARRY / 2 + REACH) for start, end in visible]
    )
    wipes = [_Plan("body", [("wipe", _length(rng, "wipe"))]) for _ in empty if rng.random() < 0.5]
    episodes += _pack(rng, wipes, empty)
    episodes += _passes(rng, duration, hands)
    return Script(duration, hands, tuple(visible), tuple(sorted(episodes, key=lambda e: (e.begin, e.worker))))


def _visible_spans(rng: np.random.Generator, duration: float) -> list[Span]:
    """The table is empty at first, at times in between, and now and then at the end."""
    away = duration * rng.uniform(0.12, 0.22)
    first = rng.random() < 0.85
    between = int(min(rng.poisson(duration / 60), away // 5, duration // 45))
    last = rng.random() < 0.4 and away >= 4 * (first + between + 1)  # every gap has time for the carrying
    count = int(first) + between + int(last)
    if not count or duration < 12:
        return [(round(0.15 * duration, 3), duration)] if duration >= 4 else [(0.0, duration)]
    gaps = _shares(rng, count, away)
    stays = _shares(rng, between + 1, duration - away)
    spans, now = [], gaps.pop() if first else 0.0
    for stay in stays:
        spans.append((round(now, 3), round(min(now + stay, duration), 3)))
        now += stay + (gaps.pop() if gaps else 0.0)
    if not last:
        spans[-1] = (spans[-1][0], duration)
    return spans


def _shares(rng: np.random.Generator, count: int, total: float) -> list[float]:
    """Split `total` into `count` parts, the largest at most twice the smallest."""
    weights = rng.uniform(1, 2, count)
    return list(map(float, weights / weights.sum() * total))


def _work_window(span: Span, duration: float) -> Span:
    """The part of a visible span in which hands may work: not while the baby is carried."""
    start, end = span
    carried = CARRY / 2 + REACH
    return start + (carried if start > 0 else 0.0), end - (carried if end < duration else 0.0)


def _mask_plans(rng: np.random.Generator, duration: float, hands: int) -> list[_Plan]:
    total = duration * (rng.uniform(0.27, 0.31) if hands == 1 else rng.uniform(0.28, 0.38))
    steady = rng.uniform(0.2, 0.45)
    left = {"ppv": _bouts(rng, "ppv", total * (1 - steady)), "cpap": _bouts(rng, "cpap", total * steady)}
    plans: list[_Plan] = []
    while left["ppv"] or left["cpap"]:
        grip: Held = "both" if hands >= 3 and rng.random() < 0.7 else "bag"
        kinds: list[BoutKind] = ["ppv", "cpap"] if grip == "both" else ["ppv"]
        if not any(left[kind] for kind in kinds):
            grip, kinds = "mask", ["cpap"]
        parts: list[tuple[BoutKind, float]] = []
        if grip != "mask" and (not plans or rng.random() < 0.2):
            parts.append(("test", _length(rng, "test")))
        for _ in range(int(rng.integers(1, 4))):
            open_kinds = [kind for kind in kinds if left[kind]]
            if not open_kinds or sum(length for _, length in parts) > LONG_EPISODE:
                break
            if not plans or rng.random() < 0.5:
                parts.append(("hover", _length(rng, "hover")))
            kind = open_kinds[int(rng.integers(len(open_kinds)))]
            parts.append((kind, left[kind].pop()))
        plans.append(_plan(rng, "mask", parts, grip))
    return plans


def _catheter_plans(rng: np.random.Generator, duration: float) -> list[_Plan]:
    left = _bouts(rng, "suction", duration * rng.uniform(0.09, 0.14))
    plans: list[_Plan] = []
    while left:
        parts: list[tuple[BoutKind, float]] = []
        for _ in range(int(rng.integers(1, 3))):
            if left:
                if not plans or rng.random() < 0.4:
                    parts.append(("probe", _length(rng, "probe")))
                parts.append(("suction", left.pop()))
        plans.append(_plan(rng, "catheter", parts))
    return plans


def _body_plans(rng: np.random.Generator, duration: float, busy: bool) -> tuple[list[_Plan], list[_Plan]]:
    """Return the plans with the baby turned over, and those with the baby on its back."""
    total = duration * (rng.uniform(0.16, 0.18) if busy else rng.uniform(0.17, 0.24))
    turned = rng.uniform(0.2, 0.4) if duration >= 60 else 0.0
    backs = [_plan(rng, "body", [("back", length)]) for length in _bouts(rng, "back", total * turned)]
    trunks: list[tuple[BoutKind, float]] = [("trunk", length) for length in _bouts(rng, "trunk", total * (1 - turned))]
    others: list[tuple[BoutKind, float]] = []
    shares: dict[BoutKind, float] = {
        "rest": 0.05 if busy else 0.09,
        "extremities": 0.03 if busy else 0.05,
        "wipe": 0.03,
    }
    for kind, share in shares.items():
        others += [(kind, length) for length in _bouts(rng, kind, duration * share)]
    fronts = [_plan(rng, "body", [part, *_taken(rng, others)]) for part in trunks]
    while others:
        fronts.append(_plan(rng, "body", [others.pop(0), *_taken(rng, others)]))
    return backs, fronts


def _taken(rng: np.random.Generator, parts: list[tuple[BoutKind, float]]) -> list[tuple[BoutKind, float]]:
    return [parts.pop(int(rng.integers(len(parts))))] if parts and rng.random() < 0.5 else []


def _plan(
    rng: np.random.Generator,
    worker: Worker,
    parts: list[tuple[BoutKind, float]],
    grip: Held = "",
) -> _Plan:
    return _Plan(worker, parts, grip, [float(gap) for gap in rng.uniform(0.5, 0.9, len(parts) - 1)])


def _length(rng: np.random.Generator, kind: BoutKind) -> float:
    return float(rng.uniform(*LENGTHS[kind]))


def _bouts(rng: np.random.Generator, kind: BoutKind, total: float) -> list[float]:
    """Return at least one bout length of a kind, `total` seconds together where the kind's shortest bout allows."""
    shortest, longest = LENGTHS[kind]
    count = max(1, round(total / rng.uniform(1.5 * shortest, (shortest + longest) / 2)))
    weights = rng.uniform(0.6, 1.6, count)
    return [float(length) for length in np.clip(weights / weights.sum() * total, shortest, longest)]


def _pack(rng: np.random.Generator, plans: list[_Plan], windows: Sequence[Span]) -> list[Episode]:
    """Place plans one after the other in the windows; what does not fit is shortened, and left out at last.

    The first plan that brings a new kind goes before the others, so that a full table drops repetitions first.
    """
    room = [end - start - 0.01 for start, end in windows]
    placed: list[list[_Plan]] = [[] for _ in windows]
    waiting = _rare_first(rng, plans)
    while waiting:
        plan = waiting.pop(0)
        fitting = [i for i, left in enumerate(room) if left >= plan.length]
        if fitting:
            weights = np.array([room[i] for i in fitting])
            chosen = fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]
            placed[chosen].append(plan)
            room[chosen] -= plan.length + 0.002
        else:
            waiting = plan.smaller(max(room, default=0.0)) + waiting
    episodes = []
    for (start, _), spare, inside in zip(windows, room, placed, strict=True):
        now = start
        for index, pause in zip(rng.permutation(len(inside)), _pauses(rng, len(inside), spare), strict=True):
            now += pause
            episodes.append(inside[index].at(now))
            now += inside[index].length + 0.002  # times are rounded to milliseconds
    return episodes


def _pauses(rng: np.random.Generator, count: int, spare: float) -> list[float]:
    weights = rng.exponential(1.0, count + 1)
    return [float(weight) for weight in weights[:count] / weights.sum() * max(spare, 0.0)]


def _rare_first(rng: np.random.Generator, plans: list[_Plan]) -> list[_Plan]:
    """Order plans: one for each label, then another new kind, then what is annotated before what is not."""
    waiting = [plans[i] for i in rng.permutation(len(plans))]
    ordered: list[_Plan] = []
    for label in (("suction",), ("trunk", "back"), ("ppv", "cpap")):
        ordered += [p for p in waiting if any(kind in label for kind, _ in p.parts) and p not in ordered][:1]
    covered = {kind for plan in ordered for kind, _ in plan.parts}
    later: list[_Plan] = []
    for plan in waiting:
        if plan not in ordered:
            kinds = {kind for kind, _ in plan.parts}
            (ordered if kinds - covered else later).append(plan)
            covered |= kinds
    return ordered + sorted(later, key=lambda plan: plan.parts[0][0] not in SPELLINGS and len(plan.parts) == 1)


def _passes(rng: np.random.Generator, duration: float, hands: int) -> list[Episode]:
    """Arms that pass over everything; a single hand has no colleague."""
    count = 0 if hands == 1 else int(rng.poisson(duration / 40)) + (duration >= SHORTEST_FULL)
    slots = _without([(0.5, duration - 2.5)], []) if duration > 5 else []
    passes = [_Plan("passer", [("pass", _length(rng, "pass"))]) for _ in range(count)]
    return [Episode(e.worker, e.bouts, e.bouts[0].start, e.bouts[0].end) for e in _pack(rng, passes, slots)]


def _without(windows: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what is left of the windows outside the taken spans, in order."""
    left = sorted(windows)
    for start, end in taken:
        left = (
            [
                piece
                for low, high in left
                for piece in ((low, min(high, start)), (max(low, end), high))
                if piece[1] - piece[0] > 1e-6
            ]
            if end > start
            else left
        )
    return left
