"""The first sentences of a comparison's report: which recognizer is best, whether clearly, and what could be shown."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from actscribe.counts import counted
from actscribe.evaluation.hallucination import MOST_UNREAD
from actscribe.report import formatting as w
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.numbers import best_guess, main_value, pair, ranking, recognizers, written_p
from actscribe.report.verdict import on_empty_labels, on_timelines

#: A corrected p below this is called clear.
CLEAR = 0.05


def verdict(done: Comparison) -> tuple[str, ...]:
    """Return the first sentences: whose answers could not be read, which is best, whether clearly, and what this test
    set could have shown. Where never looking does as well, that comes before which is best."""
    ranked = ranking(done)
    if not len(ranked):
        return ("Nothing can be compared: no clip of the test split shows any of the labels.",)
    standing = _alone(done, ranked) if len(done.systems) == 1 else _ranked(done, ranked)
    power = _power(done)
    return tuple(sentence for sentence in (_not_usable(done), *standing, power) if sentence)


def cautions(done: Comparison) -> tuple[str, ...]:
    """Return what `evaluate` says of the best recognizer's timelines, and of labels that no clip shows."""
    ranked = ranking(done)
    if not len(ranked):
        return ()
    best = next(system for system in done.systems if system.name == ranked.iloc[0]["system"])
    measured = best.runs[0]
    on_time = on_timelines(measured)
    return tuple(filter(None, (f"{best.name}: {on_time}" if on_time else "", on_empty_labels(measured))))


def _alone(done: Comparison, ranked: pd.DataFrame) -> list[str]:
    """Return the number of the only recognizer beside the best answer that never looks at the video."""
    only, (guess, reached) = ranked.iloc[0], best_guess(done)
    blind = f"“{guess}”, an answer that never looks at the video, would give {w.number(reached)}"
    text = f"{only['system']}: macro F1 {main_value(only)} on {_where(done)}; {blind}."
    return [text, "That is no better." if only["macro_f1"] <= reached else _against_blind(done, str(only["system"]))]


def _ranked(done: Comparison, ranked: pd.DataFrame) -> list[str]:
    """Return which recognizer is best and by how much; first, where it is so, that none beats never looking."""
    best, (guess, reached) = ranked.iloc[0], best_guess(done)
    text = f"{best['system']} has the highest macro F1"
    rest = f"{main_value(best)} on {_where(done)}."
    if best["macro_f1"] <= reached:
        blind = f"“{guess}”, an answer that never looks at the video ({w.number(reached)})"
        return [
            f"No recognizer is better than {blind}.",
            f"Of the recognizers, {text}: {rest}",
            _against_next(done, ranked),
        ]
    return [f"{text}: {rest}", _against_next(done, ranked), _against_blind(done, str(best["system"]))]


def _against_next(done: Comparison, ranked: pd.DataFrame) -> str:
    if len(ranked) < 2:
        return ""
    best, second = (str(name) for name in ranked["system"].iloc[:2])
    row, sign = pair(done, second, best)
    if abs(row["difference"]) < 1e-9:
        return f"{second} reaches the same."
    ends = sorted((sign * row["low"], sign * row["high"]))
    gap = f"{w.number(sign * row['difference'])} above {second}"
    if math.isfinite(ends[0]):
        gap += f" (95 % interval {w.signed(ends[0], 2)} to {w.signed(ends[1], 2)})"
    test = f"permutation test: p = {written_p(row['p'])}, corrected {written_p(row['p_holm'])}"
    return f"That is {gap}, {'a clear difference' if row['p_holm'] < CLEAR else 'which may be chance'} ({test})."


def _against_blind(done: Comparison, best: str) -> str:
    row = done.tables["pairs"].set_index("second").loc[[best]].iloc[0]
    name, value = _blind(done)
    blind = f"“{name}” ({w.number(value)}), the best answer that is the same for every clip"
    if row["p_holm"] < CLEAR:
        return f"It is clearly better than {blind}."
    test = f"p = {written_p(row['p'])}, corrected {written_p(row['p_holm'])}"
    return f"It is better than {blind}, but that may be chance ({test})."


def _not_usable(done: Comparison) -> str:
    """Say of whose answers so many could not be read that their numbers say little; empty of none."""
    unusable = [(one.name, one.unread) for one in done.systems if one.unread > MOST_UNREAD]
    if not unusable:
        return ""
    parts = w.listed([f"{name} ({share:.1%} of its answers)" for name, share in unusable])
    return f"Not usable, since more than {MOST_UNREAD:.0%} of the answers could not be read: {parts}."


def _blind(done: Comparison) -> tuple[str, float]:
    """Return the best answer that is the same for every clip, with its macro F1."""
    name = str(done.tables["pairs"]["first"].iloc[0])
    headline = done.tables["headline"].set_index("system")
    return name, float(headline.loc[name, "macro_f1"])


def _power(done: Comparison) -> str:
    pairs = done.tables["pairs"]
    names = set(recognizers(done))
    between = pairs[pairs["first"].isin(names) & pairs["second"].isin(names)] if len(names) > 1 else pairs
    least = between["detectable"].dropna().median()
    if not math.isfinite(least):
        return ""
    groups, recordings = done.shared.grouping.count, len(done.shared.recordings)
    drawn = counted(groups, "recording" if groups == recordings else "group")
    tests, smallest = len(pairs), float(pairs["smallest_p"].iloc[0])
    if smallest >= CLEAR:
        return f"{drawn} are too few to show any difference: no p can fall below {written_p(smallest)}."
    if least >= 1:
        return f"{drawn} that vary so much show no difference in four of five studies, however large it is."
    text = (
        f"A test set of {drawn} like this one shows a true difference of {w.number(least)} between two "
        f"recognizers in four of five studies, if it is the only one tested; smaller ones can stay hidden."
    )
    if smallest * tests >= CLEAR:
        least_p = written_p(min(smallest * tests, 1.0))
        on_so_few = f"With {counted(tests, 'test')} on so few"
        text += f" {on_so_few}, no corrected p can fall below {least_p}: nothing can come out clear."
    return text


def _where(done: Comparison) -> str:
    groups = len({recording.group for recording in done.shared.recordings})
    recordings = counted(len(done.shared.recordings), "recording")
    measured = int((~np.isnan(done.shared.targets)).any(axis=1).sum())
    return f"{counted(measured, 'test clip')} of {recordings} of {counted(groups, 'group')}"
