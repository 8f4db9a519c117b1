"""One sentence for each figure of the comparison's report, written from its numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from actscribe.counts import counted
from actscribe.evaluation.annotators import FIRST, SECOND
from actscribe.evaluation.hallucination import MOST_UNREAD
from actscribe.evaluation.raters import Agreement, Measure
from actscribe.report import formatting as w
from actscribe.report.agreement import overall
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.verdict import on_empty_labels, on_timelines

#: A corrected p below this is called clear.
CLEAR = 0.05
#: A change of macro F1 up to this is called little.
LITTLE = 0.02


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


def ranking(done: Comparison) -> pd.DataFrame:
    """Return the rows of the recognizers in the headline, the best first; those without a number are left out."""
    rows = done.tables["headline"].iloc[: len(done.systems)]
    return rows[rows["macro_f1"].notna()].sort_values("macro_f1", ascending=False, kind="stable")


def forest(done: Comparison) -> str:
    """Say how many recognizers are clearly better than never looking."""
    if not len(ranking(done)):
        return "No clip shows any of the labels."
    name, value = _guess(done)
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
    own = table[table["system"].isin(_names(done)) & table["label"].isin(done.shared.labels.names)]
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
    own = table["system"].isin(_names(done)) & (table["label"] == "macro") & table["value"].notna()
    macro = table[own].set_index(["measure", "system"])
    if "f1@50" not in macro.index.get_level_values(0):
        return "No activity is annotated in these recordings."
    ranking = macro.loc["f1@50"].sort_values("value", ascending=False, kind="stable")
    best, row = ranking.index[0], ranking.iloc[0]
    fit = " fit best" if len(ranking) > 1 else ""
    text = f"The timelines of {best}{fit}: segment F1@50, of bouts that overlap by at least half, is {_value(row)}"
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
        f"{low['system']}{best} differs most by {low['slice']}: macro F1 {_value(low)} for "
        f"“{low['value']}” and {_value(high)} for “{high['value']}”."
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
    text = f"Two annotators agree with kappa {_held(two, 'kappa')} on {clips} that both annotated"
    nearest = f"{best['system']}, the nearest recognizer, agrees with the first of them with {_held(best, 'kappa')}"
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


def _alone(done: Comparison, ranked: pd.DataFrame) -> list[str]:
    """Return the number of the only recognizer beside the best answer that never looks at the video."""
    only, (guess, reached) = ranked.iloc[0], _guess(done)
    blind = f"“{guess}”, an answer that never looks at the video, would give {w.number(reached)}"
    text = f"{only['system']}: macro F1 {_value(only)} on {_where(done)}; {blind}."
    return [text, "That is no better." if only["macro_f1"] <= reached else _against_blind(done, str(only["system"]))]


def _ranked(done: Comparison, ranked: pd.DataFrame) -> list[str]:
    """Return which recognizer is best and by how much; first, where it is so, that none beats never looking."""
    best, (guess, reached) = ranked.iloc[0], _guess(done)
    text = f"{best['system']} has the highest macro F1"
    rest = f"{_value(best)} on {_where(done)}."
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


def _guess(done: Comparison) -> tuple[str, float]:
    """Return the best answer that never looks at the video, guessing by chance included, with its macro F1."""
    headline = done.tables["headline"].set_index("system")["macro_f1"]
    reached = headline.drop([system.name for system in done.systems])
    return str(reached.idxmax()), float(reached.max())


def _blind(done: Comparison) -> tuple[str, float]:
    """Return the best answer that is the same for every clip, with its macro F1."""
    name = str(done.tables["pairs"]["first"].iloc[0])
    headline = done.tables["headline"].set_index("system")
    return name, float(headline.loc[name, "macro_f1"])


def _power(done: Comparison) -> str:
    pairs = done.tables["pairs"]
    names = set(_names(done))
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


def pair(done: Comparison, first: str, second: str) -> tuple[pd.Series, int]:
    """Return the row of a pair, and -1 if it is written the other way round."""
    table = done.tables["pairs"].set_index(["first", "second"])
    if (first, second) in table.index:
        return table.loc[(first, second)], 1
    return table.loc[(second, first)], -1


def _people(names: str, one: str, many: str) -> str:
    """Return "a sees" or "a, b and c see" of names as the table has them."""
    *rest, last = names.split(", ")
    return f"{', '.join(rest)} and {last} {many}" if rest else f"{last} {one}"


def _names(done: Comparison) -> list[str]:
    return [system.name for system in done.systems]


def _off(row: pd.Series) -> str:
    held = math.isfinite(row["low"]) and math.isfinite(row["high"])
    reach = f" (95 % interval {w.number(row['low'], 1)}–{w.number(row['high'], 1)} s)" if held else ""
    return f"{w.number(row['off_by'], 1)} s{reach}"


def _where(done: Comparison) -> str:
    groups = len({recording.group for recording in done.shared.recordings})
    recordings = counted(len(done.shared.recordings), "recording")
    measured = int((~np.isnan(done.shared.targets)).any(axis=1).sum())
    return f"{counted(measured, 'test clip')} of {recordings} of {counted(groups, 'group')}"


def _value(row: pd.Series) -> str:
    return _held(row, "macro_f1" if "macro_f1" in row else "value")


def _held(row: pd.Series, name: str) -> str:
    """Return a number with its interval, where it has one."""
    value = w.number(row[name])
    held = math.isfinite(row["low"]) and math.isfinite(row["high"])
    return f"{value} (95 % interval {w.span(row['low'], row['high'])})" if held else value


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 1 else w.length(value)


def written_p(value: float) -> str:
    """Return a p value as text."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if math.isfinite(value) else w.MISSING
