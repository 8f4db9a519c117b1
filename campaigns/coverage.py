"""How often intervals hold the truth: ours, and percentiles of a bootstrap over groups, on made-up test sets.

    python -m campaigns.coverage [--sets 400] [--seed 0]

Groups differ in length, in how often a label occurs, and in how well it is found, by a spread on the logit scale. The
truth is the value of 200,000 groups (of AP, whose clips are ranked together, of 4,000: its own error, 7 % of the
standard error of 20 groups, moves a share by less than half a percent). A row is a number of groups and a spread; its
cells are the share of intervals of 95 % that hold the truth: of one label's F1, of macro F1, of the difference in macro
F1 to a recognizer that finds a third less, of macro segment F1, where a group has one to seven bouts of a label, and of
one label's average precision. Where fewer than 5 groups show the label, no interval of its average precision is given:
such a test set counts neither for us nor for the bootstrap, and the last column is their share. Some minutes on one
core.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import expit

from actscribe.evaluation.intervals import Groups, estimate, group_units, with_macro
from actscribe.evaluation.ranking import average_precision, precision_estimate
from actscribe.evaluation.significance import difference, macro

GROUPS, SPREADS, RESAMPLES = (5, 6, 8, 10, 20), (0.5, 1.0, 1.5), 1000
#: Groups of the truth: of counts, and of ranked clips.
EVERYONE, RANKED = 200_000, 4_000
#: How intervals are made.
MADE = ("ours", "bootstrap")


def population(rng: np.random.Generator, groups: int, spread: float) -> np.ndarray:
    """Return (tp, fp, fn) of groups, shape (groups, labels, 3)."""

    def shares(centre: list[float]) -> np.ndarray:
        return np.asarray(expit(np.array(centre) + 0.8 * spread * rng.standard_normal((groups, 3))))

    clips = rng.integers(40, 160, (groups, 1))
    positives = rng.binomial(clips, shares([-1.5, -0.8, 0.5]))
    hits = rng.binomial(positives, shares([0.5, 1.0, 1.5]))
    false = rng.binomial(clips - positives, shares([-2.0] * 3))
    return np.stack([hits, false, positives - hits], axis=-1).astype(float)


def bouts(rng: np.random.Generator, groups: int, spread: float) -> np.ndarray:
    """Return (tp, fp, fn) of the bouts of groups, shape (groups, labels, 3): few, as recordings have them."""
    true = rng.integers(1, 8, (groups, 3))
    away = 0.8 * spread * rng.standard_normal((2, groups, 3))
    hits = rng.binomial(true, expit(np.array([0.5, 1.0, 1.5]) + away[0]))
    return np.stack([hits, rng.poisson(np.exp(away[1])), true - hits], axis=-1).astype(float)


def ranked(rng: np.random.Generator, groups: int, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the clips of groups show, their scores, and their groups, shape (clips,) each."""
    index = np.repeat(np.arange(groups), rng.integers(40, 160, groups))
    rate, shift, skill = (0.8 * spread * rng.standard_normal(groups) for _ in range(3))
    true = rng.random(len(index)) < expit(-1.5 + rate)[index]
    middle = (0.5 * shift)[index] + true * np.exp(0.3 + 0.3 * skill)[index]
    return true, rng.normal(middle, 1.0), index


def worse(counts: np.ndarray) -> np.ndarray:
    """Return the counts of a recognizer that finds a third less."""
    lost = np.floor(counts[..., 0] / 3)
    return np.stack([counts[..., 0] - lost, counts[..., 1], counts[..., 2] + lost], axis=-1)


def percentiles(metric: Callable[[np.ndarray], np.ndarray], counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the usual interval: percentiles of a bootstrap over groups, shape (2, ...)."""
    weights = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=RESAMPLES).astype(float)
    return np.asarray(np.nanquantile(metric(np.tensordot(weights, counts, axes=1)), [0.025, 0.975], axis=0))


def precision_ends(true: np.ndarray, scores: np.ndarray, index: np.ndarray, groups: int) -> tuple[float, float]:
    """Return our interval of one label's average precision."""
    estimated = precision_estimate(true[:, None].astype(float), scores[:, None, None], Groups(index, groups))
    return float(estimated.low[0]), float(estimated.high[0])


def precision_percentiles(
    true: np.ndarray, scores: np.ndarray, index: np.ndarray, groups: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the usual interval of the same; scores are continuous, so that no two are equal."""
    weights = rng.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES).astype(float)
    order = np.argsort(-scores)
    shows, own = true[order], index[order] == np.arange(groups)[:, None]
    hits = weights @ (own & shows).cumsum(axis=1)[:, shows].astype(float)  # only clips that show it add to the sum
    marked = weights @ own.cumsum(axis=1)[:, shows].astype(float)
    precision = np.divide(hits, marked, out=np.zeros(hits.shape), where=marked > 0)
    total = (precision * weights[:, index[order][shows]]).sum(axis=1)
    return np.asarray(np.nanquantile(total / np.where(hits[:, -1] > 0, hits[:, -1], np.nan), [0.025, 0.975]))


def held(groups: int, spread: float, sets: int, seed: int) -> dict[str, float]:
    """Return a row of the table by column: the share of intervals that hold the truth, in percent."""
    rng = np.random.default_rng([seed, groups, round(10 * spread)])
    everyone = population(rng, EVERYONE, spread)
    total, less = everyone.sum(axis=0), worse(everyone).sum(axis=0)
    truths = {
        "label": with_macro(total)[0],
        "macro": macro(total),
        "difference": macro(total) - macro(less),
        "segments": macro(bouts(rng, EVERYONE, spread).sum(axis=0)),
        "AP": average_precision(*ranked(rng, RANKED, spread)[:2]),
    }
    covered = np.empty((sets, len(truths), len(MADE)))
    of = group_units([f"{index:02d}" for index in range(groups)])

    def gap(both: np.ndarray) -> np.ndarray:
        return macro(both[..., :3, :]) - macro(both[..., 3:, :])

    for number in range(sets):
        one = population(rng, groups, spread)
        both = np.concatenate([one, worse(one)], axis=1)
        f1, change = estimate(with_macro, one[:, None], of), difference(worse(one)[:, None], one[:, None], of)
        drawn = percentiles(with_macro, one, rng)
        few, clips = bouts(rng, groups, spread), ranked(rng, groups, spread)
        segments = estimate(macro, few[:, None], of)
        ends = {
            "label": ((f1.low[0], f1.high[0]), drawn[:, 0]),
            "macro": ((f1.low[-1], f1.high[-1]), drawn[:, -1]),
            "difference": ((change.low, change.high), percentiles(gap, both, rng)),
            "segments": ((segments.low, segments.high), percentiles(macro, few, rng)),
            "AP": (precision_ends(*clips, groups), precision_percentiles(*clips, groups, rng)),
        }
        covered[number] = [holds(truth, *ends[name]) for name, truth in truths.items()]
    return shares(list(truths), covered)


def holds(
    truth: float, ours: Sequence[float] | np.ndarray, bootstrap: Sequence[float] | np.ndarray
) -> tuple[float, float]:
    """Return whether the two intervals hold the truth, 1 or 0; nan for both where we give none."""
    if np.isnan(ours[0]):
        return np.nan, np.nan
    return float(ours[0] <= truth <= ours[1]), float(bootstrap[0] <= truth <= bootstrap[1])


def shares(names: Sequence[str], covered: np.ndarray) -> dict[str, float]:
    """Return the columns of a row in percent: of the intervals that were given, and the test sets without one of AP.

    Args:
        names: of what intervals are about, "AP" among them.
        covered: what `holds` returns, shape (sets, names, 2).
    """
    percent = 100 * np.nanmean(covered, axis=0)
    columns = {f"{name}, {how}": percent[index, at] for index, name in enumerate(names) for at, how in enumerate(MADE)}
    return columns | {"AP, none given": 100 * np.isnan(covered[:, names.index("AP"), 0]).mean()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=400, help="test sets for each row")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    start, header = time.monotonic(), False
    for groups in GROUPS:
        for spread in SPREADS:
            percent = held(groups, spread, asked.sets, asked.seed)
            if not header:
                print(f"| groups | spread | {' | '.join(percent)} |\n|{' ---: |' * (len(percent) + 2)}")
                header = True
            print(f"| {groups} | {spread} | {' | '.join(f'{share:.1f}' for share in percent.values())} |", flush=True)
    print(f"\n{asked.sets} test sets a row, seed {asked.seed}, {time.monotonic() - start:.0f} s.")


if __name__ == "__main__":
    main()
