"""Which way to choose a timeline's decisions holds on new recordings when a label has few bouts to choose them on.

    python -m campaigns.few_bouts [--studies 40] [--seed 0] [--nested]

Made-up score curves of known truth. A study has eight labels of 1, 2, 3, 4, 5, 8, 15 and 30 bouts in validation, whose
bouts last a few seconds or half a minute; scores are a logistic curve over what a 3-second window sees, with noise that
lasts for seconds and an offset, a slope and a spread between recordings that differ from label to label: they are not
calibrated. Decisions are chosen on validation in each way and measured by segment F1 (mean of overlaps 0.1, 0.25 and
0.5) on recordings with 40 other bouts of the label.

- own: what is best for the label on its own bouts;
- pooled: what is best for the other labels together, thresholds and times relative to the label's own;
- K: own and pooled quality averaged, the pooled one weighing as much as K bouts;
- nested: own or pooled, whichever is better on recordings left out in turn while the others choose (up to five bouts,
  and asked for by --nested, since it takes twice the time of all else);
- plain: a threshold as high as the label is often, a quarter of its median bout for smoothing, bouts and gaps.

A cell is the mean over studies; in brackets the mean gain over *own* and its standard error. The row "1-5" is the mean
over the first five. About four minutes on one core, without --nested.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.special import expit

from actscribe.timeline.grid import RATES, Grid, Joined, quality, try_all
from actscribe.timeline.segments import bouts, smooth

BOUTS, TEST_BOUTS, STEP, LENGTH = (1, 2, 3, 4, 5, 8, 15, 30), 40, 0.25, 120.0
WEIGHTS, NESTED = (1, 2, 5, 10, 20), 5
PLAIN = (2, 3 + RATES.index(1.0), 0, 2, 2)


class Label:
    """What a made-up label is like: how long its bouts last, and how well and how oddly it is scored."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.median = np.exp(rng.uniform(np.log(3), np.log(25)))
        self.signal, self.offset, self.slope = rng.uniform(1.0, 3.0), rng.normal(-1, 1.2), np.exp(rng.normal(0, 0.4))
        self.lasting, self.apart = rng.uniform(0.5, 3.0), rng.uniform(0.2, 0.8)

    def joined(self, rng: np.random.Generator, count: int, recordings: int) -> Joined:
        """Return recordings that show the label `count` times in all."""
        homes = np.sort(rng.integers(0, recordings, count))
        columns, times, edges, true, annotated = [], [], [], [], []
        for index in range(recordings):
            spans, shift = self._spans(rng, int((homes == index).sum())), index * (LENGTH + 1)
            middles = np.arange(STEP / 2, LENGTH, STEP)
            columns.append(self._scores(rng, spans, middles))
            times += [middles + shift, np.array([shift + LENGTH + 0.5])]
            edges.append(np.append(middles - STEP / 2, LENGTH) + shift)
            true.append(spans + shift)
            annotated.append(np.array([[shift, shift + LENGTH]]))
        parts = (np.concatenate(part) for part in (times, edges, true, annotated))
        middles, ends, spans, shown = parts
        return Joined(tuple(columns), middles[:-1], ends, spans, shown, STEP)

    def _spans(self, rng: np.random.Generator, count: int) -> np.ndarray:
        lengths = np.clip(self.median * np.exp(rng.normal(0, 0.4, count)), 1.0, 60.0)
        lengths *= min(1.0, 0.7 * LENGTH / max(lengths.sum(), 1e-9))
        pauses = rng.dirichlet(np.ones(count + 1)) * (LENGTH - lengths.sum())
        starts = np.cumsum(pauses[:-1]) + np.concatenate([[0.0], np.cumsum(lengths)[:-1]])[:count]
        return np.column_stack([starts, starts + lengths])

    def _scores(self, rng: np.random.Generator, spans: np.ndarray, times: np.ndarray) -> np.ndarray:
        shown = ((times[:, None] >= spans[:, 0]) & (times[:, None] < spans[:, 1])).any(axis=1).astype(float)
        smoothed = uniform_filter1d(shown, round(3 / STEP), mode="nearest")
        noise = gaussian_filter1d(rng.standard_normal(len(times)), self.lasting / STEP)
        noise /= max(noise.std(), 1e-9)
        drift = self.apart * rng.standard_normal()
        return np.asarray(expit(self.slope * (self.signal * (2 * smoothed - 1) + noise + drift + self.offset)))


def places(grids: Mapping[int, Grid], one: int, joined: Joined, nest: bool) -> dict[str, tuple[int, ...]]:
    """Return the decision that each way chooses for a label, as a place in its grid."""
    own, others = grids[one], [count for count in grids if count != one]
    segment, frame = (
        np.average([getattr(grids[count], name) for count in others], axis=0, weights=others)
        for name in ("segment", "frame")
    )
    chosen = {"own": own.best(own.segment, own.frame), "pooled": own.best(segment, frame), "plain": PLAIN}
    for weight in WEIGHTS:
        parts = [
            (one * mine + weight * theirs) / (one + weight)
            for mine, theirs in ((own.segment, segment), (own.frame, frame))
        ]
        chosen[f"K = {weight}"] = own.best(*parts)
    if nest:
        chosen["nested"] = chosen[nested(own, joined, chosen["pooled"]) if one <= NESTED else "own"]
    return chosen


def nested(grid: Grid, joined: Joined, pooled: tuple[int, ...]) -> str:
    """Return "own" if what is best on all recordings but one does better on that one, summed over them."""
    gain = 0.0
    for index in range(len(joined.columns)):
        low = index * (LENGTH + 1)
        inside = (joined.true[:, 0] >= low) & (joined.true[:, 1] <= low + LENGTH)
        if not inside.any() or inside.all():
            continue
        rest, held = part(joined, index, keep=False), part(joined, index, keep=True)
        again = try_all(rest)
        mine = again.best(again.segment, again.frame)
        gain += inside.sum() * (measured(grid, mine, held) - measured(grid, pooled, held))
    return "own" if gain > 0 else "pooled"


def part(joined: Joined, index: int, keep: bool) -> Joined:
    """Return one recording alone, or all but one: its time is no longer annotated, and its scores are unseen."""
    low = index * (LENGTH + 1)
    ours = (joined.annotated[:, 0] >= low) & (joined.annotated[:, 1] <= low + LENGTH)
    true = (joined.true[:, 0] >= low) & (joined.true[:, 1] <= low + LENGTH)
    columns = tuple(
        column if (other == index) == keep else np.full(len(column), np.nan)
        for other, column in enumerate(joined.columns)
    )
    return Joined(columns, joined.times, joined.edges, joined.true[true == keep], joined.annotated[ours == keep], STEP)


def measured(grid: Grid, index: tuple[int, ...], joined: Joined) -> float:
    """Return segment F1 of a decision."""
    made = grid.operating_point(index)
    values = [
        piece for column in joined.columns for piece in (smooth(column, made.smoothing / STEP), np.array([np.nan]))
    ]
    return quality(bouts(np.concatenate(values)[:-1], joined.times, joined.edges, made), joined.true)[0]


def study(rng: np.random.Generator, nest: bool) -> dict[int, dict[str, float]]:
    """Return segment F1 on new recordings by number of validation bouts and way of choosing."""
    labels = {count: Label(rng) for count in BOUTS}
    validation = {count: label.joined(rng, count, 6) for count, label in labels.items()}
    grids = {count: try_all(joined) for count, joined in validation.items()}
    figures = {}
    for count, label in labels.items():
        test = label.joined(rng, TEST_BOUTS, 20)
        chosen = places(grids, count, validation[count], nest)
        figures[count] = {name: measured(grids[count], index, test) for name, index in chosen.items()}
    return figures


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--nested", action="store_true", help="try nested validation too")
    asked = parser.parse_args()
    start = time.monotonic()
    done = [study(np.random.default_rng([asked.seed, index]), asked.nested) for index in range(asked.studies)]
    names = list(done[0][BOUTS[0]])
    print(f"| bouts | {' | '.join(names)} |\n|{' ---: |' * (len(names) + 1)}")
    rows: dict[str, tuple[int, ...]] = {str(count): (count,) for count in BOUTS} | {"1-5": BOUTS[:5]}
    for title, counts in rows.items():
        table = np.array([[np.mean([one[count][name] for count in counts]) for name in names] for one in done])
        gains = table - table[:, :1]
        error = gains.std(axis=0, ddof=1) / np.sqrt(len(done))
        cells = [f"{table[:, 0].mean():.3f}"]
        cells += [
            f"{table[:, at].mean():.3f} ({gains[:, at].mean():+.3f} ± {error[at]:.3f})" for at in range(1, len(names))
        ]
        print(f"| {title} | {' | '.join(cells)} |", flush=True)
    print(f"\n{asked.studies} studies, seed {asked.seed}, {time.monotonic() - start:.0f} s.")


if __name__ == "__main__":
    main()
