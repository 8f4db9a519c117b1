"""One sentence for each figure of the comparison's report, written from its numbers."""

from __future__ import annotations

import math

import pandas as pd

from actscribe.counts import counted
from actscribe.evaluation.annotators import FIRST, SECOND
from actscribe.evaluation.raters import Agreement, Measure
from actscribe.report import formatting as w
from actscribe.report.agreement import overall
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.numbers import best_guess, main_value, ranking, recognizers, with_interval

#: A change of macro F1 up to this is called little.
LITTLE = 0.02


def forest(done: Comparison) -> str:
    """Say how many recognizers are clearly better than never looking."""
    if not len(ranking(done)):
        return "No clip shows any of the labels."
    name, value = best_guess(done)
    if done.shared.grouping.note:
        bar = f"“{name}” reaches {w.number(value)} without looking at the video"
        return f"{bar}. The points have no bars: {done.shared.grouping.note}."
    above = done.tables["headline"].iloc[: len(done.systems)]["low"] > value
    return (
        f"{int(above.sum())} of {counted(len(done.systems), 'recognizer')} lie with their whole bar right of "
        f"{w.number(value)}, which “{name}” reaches without looking at the video."
    )


def heat(done: Comparison) -> str:
    """Say which label is hardest and which easiest."""
    table = done.tables["labels"]
    own = table[table["system"].isin(recognizers(done)) & table["label"].isin(done.shared.labels.names)]
    best = own.dropna(subset="f1").groupby("label", sort=False)["f1"].max()
    if not len(best):
        return "No clip shows any of the labels."
    hard, easy = best.idxmin(), best.idxmax()
    if hard == easy:
        return f"The only label that can be measured is {easy}: the best recognizer reaches {w.number(best[easy])}."
    return (
        f"{hard} is the hardest label: the best recognizer reaches {w.number(best[hard])} on it, "
        f"but {w.number(best[easy])} on {easy}, the easiest."
    )


def timelines(done: Comparison) -> str:
    """Say whose timeline fits best and how far its beginnings are off."""
    table = done.tables["timelines"]
    own = table["system"].isin(recognizers(done)) & (table["label"] == "macro") & table["value"].notna()
    macro = table[own].set_index(["measure", "system"])
    if "f1@50" not in macro.index.get_level_values(0):
        return "No activity is annotated in these recordings."
    ranking = macro.loc["f1@50"].sort_values("value", ascending=False, kind="stable")
    best, row = ranking.index[0], ranking.iloc[0]
    fit = " fit best" if len(ranking) > 1 else ""
    text = f"The timelines of {best}{fit}: segment F1@50, of bouts that overlap by at least half, is {main_value(row)}"
    if ("onset_mae_s", best) in macro.index:
        text += f"; the bouts it finds begin {macro.loc[('onset_mae_s', best), 'value']:.1f} s off on average"
    return f"{text}."


def indicators(done: Comparison) -> str:
    """Say by how much the best recognizer is off in the time to the first bout of an activity."""
    table, ranked = done.tables.get("indicators"), ranking(done)
    if table is None or not len(ranked):
        return ""
    best = str(ranked.iloc[0]["system"])
    own = table[(table["system"] == best) & (table["indicator"] == "first_s") & table["off_by"].notna()]
    own = own.sort_values("off_by", kind="stable")
    if not len(own):
        return ""
    worst = own.iloc[-1]
    text = f"In the timelines of {best} the time to the first {worst['label']} is off by {_off(worst)}"
    if len(own) == 1:
        return f"{text}."
    least = own.iloc[0]
    return f"{text}, more than that of any other label; the time to the first {least['label']} by {_off(least)}."


def slices(done: Comparison) -> str:
    """Say on which parts of the test recordings the best recognizer differs most."""
    table, ranked = done.tables["slices"], ranking(done)
    own = table[table["macro_f1"].notna() & (table["system"] == (ranked["system"].iloc[0] if len(ranked) else ""))]
    if not len(own):
        return "There is nothing to measure on parts of the test set."
    gaps = own.groupby("slice", sort=False)["macro_f1"].agg(lambda values: values.max() - values.min())
    widest = own[own["slice"] == gaps.idxmax()].sort_values("macro_f1", kind="stable")
    low, high = widest.iloc[0], widest.iloc[-1]
    best = ", the best of all," if len(ranked) > 1 else ""
    return (
        f"{low['system']}{best} differs most by {low['slice']}: macro F1 {main_value(low)} for "
        f"“{low['value']}” and {main_value(high)} for “{high['value']}”."
    )


def calibration(done: Comparison) -> str:
    """Say whose scores are closest to probabilities, and what a temperature mends."""
    table = done.tables["calibration"]
    last = table.drop_duplicates("system", keep="last")
    macro = last[last["ece"].notna()].sort_values("ece", kind="stable")
    if not len(macro):
        return "There is nothing annotated to hold scores against."
    best, worst = macro.iloc[0], macro.iloc[-1]
    mended = f"a temperature fitted on validation brings that to {w.number(worst['ece_tempered'])}"
    if len(macro) == 1:
        return f"Scores of {best['system']} are off by {w.number(best['ece'])} on average; {mended}."
    return (
        f"Scores of {best['system']} are closest to probabilities (off by {w.number(best['ece'])} on average); "
        f"those of {worst['system']} are off by {w.number(worst['ece'])}, and {mended}."
    )


def risk(done: Comparison) -> str:
    """Say what is gained when a fifth of the clips goes to a person."""
    ranked = ranking(done)
    if not len(ranked):
        return "There is nothing to measure."
    best = str(ranked.iloc[0]["system"])
    table = done.tables["risk_coverage"]
    by_share = table[table["system"] == best].set_index("to_person")["macro_f1"]
    before, after = float(by_share.loc[0.0]), float(by_share.loc[0.2])
    return (
        f"If the 20 % least certain clips go to a person, macro F1 of {best} on the rest is {w.number(after)} "
        f"instead of {w.number(before)}."
    )


def cost(done: Comparison) -> str:
    """Say what the best recognizer costs beside the quickest."""
    costs = done.costs.assign(seconds=pd.to_numeric(done.costs["seconds_per_minute"]))
    known = costs[costs["seconds"].notna()].sort_values("seconds", kind="stable")
    ranked = ranking(done)
    if not len(known) or not len(ranked):
        return "What they cost was not measured."
    quick, best = known.iloc[0], str(ranked.iloc[0]["system"])
    if len(done.systems) == 1:
        return f"{best} takes {_seconds(quick['seconds'])} of compute for a minute of video."
    text = f"{quick['system']} is quickest, {_seconds(quick['seconds'])} of compute for a minute of video"
    its = known[known["system"] == best]
    if quick["system"] == best:
        return f"{text}, and the best as well."
    if not len(its):
        return f"{text}."
    times = its["seconds"].iloc[0] / quick["seconds"]
    longer = "about as long" if times < 1.1 else f"{times:.1f} times as long"
    return f"{text}; the best, {best}, takes {_seconds(its['seconds'].iloc[0])}, {longer}."


def hallucination(done: Comparison) -> str:
    """Say who claims most that is not there."""
    table = done.tables["hallucination"]
    known = table[table["false_alarm_rate"].notna()].sort_values("false_alarm_rate", kind="stable")
    if not len(known):
        return "No clip is annotated as lacking a label."
    worst, least = known.iloc[-1], known.iloc[0]
    text = f"{worst['system']} marks a label in {w.percent(worst['false_alarm_rate'])} of the clips that do not show it"
    if math.isfinite(worst["empty_clips"]):
        text += f", and something in {w.percent(worst['empty_clips'])} of those that show nothing"
    if least["false_alarm_rate"] < worst["false_alarm_rate"]:
        text += f"; {least['system']} does so least, in {w.percent(least['false_alarm_rate'])}"
    return f"{text}."


def annotators(done: Comparison) -> str:
    """Say how far two annotators agree, and how near the best recognizer comes to that."""
    table = done.tables["annotators"]
    whole = table[(table["label"] == "all") & (table["against"] == FIRST) & table["kappa"].notna()]
    people, rest = whole[whole["system"] == SECOND], whole[whole["system"] != SECOND]
    if not len(people) or not len(rest):
        return "Where two annotated, nothing but chance can be measured."
    two, best = people.iloc[0], rest.sort_values("kappa", ascending=False, kind="stable").iloc[0]
    clips = counted(int(two["clips"]), "clip")
    text = f"Two annotators agree with kappa {with_interval(two, 'kappa')} on {clips} that both annotated"
    nearest = (
        f"{best['system']}, the nearest recognizer, agrees with the first of them with {with_interval(best, 'kappa')}"
    )
    if best["kappa"] >= two["kappa"]:
        nearest += ": no less than the two agree with each other"
    return f"{text}; {nearest}.{_by_moments(done)}"


def _by_moments(done: Comparison) -> str:
    """Say the same by moments, since clips hide when something begins; nothing of trimmed videos."""
    table = done.tables.get("annotator_moments")
    return "" if table is None else f" By moments: {overall(Agreement(table, Measure()))}"


def curve(done: Comparison) -> str:
    """Say what more recordings have given to the best recognizer, and whether more still would."""
    table = done.tables["learning_curve"]
    trained = [name for name, part in table.groupby("system", sort=False) if len(part) > 1]
    ranked = [name for name in ranking(done)["system"] if name in trained]
    if not ranked:
        return "None of the recognizers learns from recordings."
    points = table[table["system"] == ranked[0]].sort_values("recordings").iloc[[0, -2, -1]]
    first, before, last = (row for _, row in points.iterrows())
    gain, doublings = last["gain"], math.log2(last["recordings"] / before["recordings"])
    steps = f"from {counted(int(before['recordings']), 'recording')} to {int(last['recordings'])}"
    each = "" if abs(doublings - 1) < 0.01 else f", {w.signed(gain / doublings, 2)} for each doubling"
    return (
        f"{ranked[0]} reaches {w.number(first['macro_f1'])} with "
        f"{counted(int(first['recordings']), 'training recording')} and {w.number(last['macro_f1'])} with "
        f"{int(last['recordings'])}; the last step, {steps}, changed it by {w.signed(gain, 2)}{each}: "
        f"{_whether_more_helps(before, last)}."
    )


def disagreements(done: Comparison) -> str:
    """Say where to look first."""
    table = done.tables["disagreements"]
    if not len(table):
        return "The recognizers never contradict each other."
    row = table.iloc[0]
    truth = {"yes": "it is annotated", "no": "it is not annotated"}.get(row["annotated"], "nobody annotated it")
    return (
        f"The surest contradiction is in {row['recording']} from {w.clock(row['start'])} to {w.clock(row['end'])}: "
        f"{_people(row['says_yes'], 'sees', 'see')} {row['label']}, "
        f"{_people(row['says_no'], 'does', 'do')} not; {truth}."
    )


def _whether_more_helps(before: pd.Series, last: pd.Series) -> str:
    """Return what the last step of the curve promises, given what other test recordings and trainings could change."""
    gain, seeds = last["gain"], last["seeds"]
    if seeds < 2:
        return "with one training of each size that may be chance; --seeds 3 would show more"
    noise = 2 * math.sqrt((before["seed_sd"] ** 2 + last["seed_sd"] ** 2) / seeds)
    low, high = min(last["gain_low"], gain - noise), max(last["gain_high"], gain + noise)
    if gain > LITTLE and low > 0:
        return "more recordings are likely to help"
    if high <= LITTLE:
        return "more of the same would add little"
    return "other test recordings or trainings could change it by as much, so whether more would help stays open"


def _people(names: str, one: str, many: str) -> str:
    """Return "a sees" or "a, b and c see" of names as the table has them."""
    *rest, last = names.split(", ")
    return f"{', '.join(rest)} and {last} {many}" if rest else f"{last} {one}"


def _off(row: pd.Series) -> str:
    held = math.isfinite(row["low"]) and math.isfinite(row["high"])
    reach = f" (95 % interval {w.number(row['low'], 1)}–{w.number(row['high'], 1)} s)" if held else ""
    return f"{w.number(row['off_by'], 1)} s{reach}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 1 else w.length(value)
