"""The first sentences of a comparison: what is said of its recognizers, and what is not where little could be shown."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from comparisons import SKILLS, made_up

from actscribe.compare.result import assemble
from actscribe.report.comparison import sentences
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.numbers import ranking
from actscribe.report.comparison.show import show
from actscribe.report.comparison.verdict import verdict as first_sentences


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("comparison")
    return assemble(folder, made_up(folder))


def test_the_verdict_names_the_best_answer_that_never_looks_guessing_included(done: Comparison) -> None:
    """A guess that scores above every recognizer is said, though no test pairs with it."""
    headline = done.tables["headline"].copy()
    guess = headline.iloc[[-1]].assign(system="guess by chance", macro_f1=0.999)
    better = replace(done, tables={**done.tables, "headline": pd.concat([headline, guess], ignore_index=True)})
    verdict = first_sentences(better)
    assert verdict[0].startswith("No recognizer is better than “guess by chance”, an answer that never looks")
    assert verdict[1].startswith("Of the recognizers, vlm-lora has the highest macro F1: ")
    assert verdict[2].startswith("That is ")
    assert sum("No recognizer is better" in line for line in verdict) == 1
    assert "0.999" in sentences.forest(better) or "1.00" in sentences.forest(better)
    best = float(ranking(done)["macro_f1"].iloc[0])
    blind = float(headline["macro_f1"].iloc[len(done.systems) :].max())
    assert any("No recognizer is better" in line for line in first_sentences(done)) == (best <= blind)


@pytest.mark.parametrize("value", [0.999, 0.001])
def test_one_recognizer_is_the_best_of_nothing(done: Comparison, value: float) -> None:
    """Its number stands beside that of the best answer that never looks, as `evaluate` puts it."""
    headline, pairs = done.tables["headline"], done.tables["pairs"]
    others = [name for name in SKILLS if name != "vlm-lora"]
    headline = headline[~headline["system"].isin(others)].copy()
    headline.loc[headline["system"] == "vlm-lora", ["macro_f1", "low", "high"]] = value, float("nan"), float("nan")
    pairs = pairs[~pairs["first"].isin(others) & ~pairs["second"].isin(others)]
    tables = {**done.tables, "headline": headline, "pairs": pairs}
    for name in ("timelines", "slices"):
        tables[name] = tables[name][~tables[name]["system"].isin(others)]
    one = tuple(system for system in done.systems if system.name == "vlm-lora")
    alone = replace(done, systems=one, tables=tables)
    verdict = first_sentences(alone)
    assert verdict[0].startswith(f"vlm-lora: macro F1 {value:.2f}")
    assert re.search(r"; “[a-z ]+”, an answer that never looks at the video, would give 0\.\d\d\.$", verdict[0])
    assert (verdict[1] == "That is no better.") == (value == 0.001)
    texts = (*verdict, sentences.timelines(alone), sentences.slices(alone), sentences.cost(alone))
    assert not [word for word in ("highest", " best:", "best of all", "quickest") if word in " ".join(texts)]


OPEN = "could change it by as much, so whether more would help stays open."


@pytest.mark.parametrize(
    ("step", "spread", "reach", "ending"),
    [
        ((4, 0.10), 0.01, 0.05, "changed it by +0.10: more recordings are likely to help."),
        ((2, 0.10), 0.01, 0.05, "changed it by +0.10, +0.05 for each doubling: more recordings are likely to help."),
        ((4, 0.00), 0.005, 0.01, "changed it by 0.00: more of the same would add little."),
        ((4, 0.01), 0.01, 0.03, OPEN),
        ((4, 0.05), 0.06, 0.01, OPEN),
        ((4, 0.05), 0.01, 0.06, OPEN),
        ((4, 0.05), 0.01, float("nan"), OPEN),
        ((4, -0.10), 0.01, 0.05, "changed it by −0.10: more of the same would add little."),
        (
            (4, 0.10),
            float("nan"),
            0.05,
            "with one training of each size that may be chance; --seeds 3 would show more.",
        ),
    ],
)
def test_the_curve_promises_no_more_than_its_recordings_and_trainings_show(
    done: Comparison, step: tuple[int, float], spread: float, reach: float, ending: str
) -> None:
    number, gain = step
    seeds = 1 if np.isnan(spread) else 3
    rows = [("vlm-lora", 1, seeds, 0.4, spread), ("vlm-lora", number, seeds, 0.5, spread)]
    rows.append(("vlm-lora", 8, seeds, 0.5 + gain, spread))
    table = pd.DataFrame(rows, columns=["system", "recordings", "seeds", "macro_f1", "seed_sd"])
    table = table.assign(gain=gain, gain_low=gain - reach, gain_high=gain + reach)
    sentence = sentences.curve(replace(done, tables={**done.tables, "learning_curve": table}))
    assert sentence.startswith("vlm-lora reaches 0.40 with 1 training recording")
    assert sentence.endswith(ending)


def test_what_the_test_set_could_have_shown_is_not_said_where_it_could_show_nothing(done: Comparison) -> None:
    pairs = done.tables["pairs"]
    tests, least = len(pairs), pairs[~pairs["first"].str.startswith("a")]["detectable"].median()
    assert (done.shared.grouping.count, float(pairs["smallest_p"].iloc[0]), tests) == (5, 1 / 16, 6)
    assert first_sentences(done)[-1] == "5 groups are too few to show any difference: no p can fall below 0.062."
    sentence = first_sentences(replace(done, tables={**done.tables, "pairs": pairs.assign(smallest_p=1 / 128)}))[-1]
    assert sentence.startswith(f"A test set of 5 groups like this one shows a true difference of {least:.2f} between")
    assert "if it is the only one tested" in sentence
    assert "no corrected p" not in sentence  # 6 / 128 = 0.047

    def with_least(p: float) -> str:
        return first_sentences(replace(done, tables={**done.tables, "pairs": pairs.assign(smallest_p=p)}))[-1]

    assert with_least(1 / 64).endswith("no corrected p can fall below 0.094: nothing can come out clear.")
    assert with_least(1 / 8) == "5 groups are too few to show any difference: no p can fall below 0.125."
    wide = {**done.tables, "pairs": pairs.assign(detectable=1.48, smallest_p=1 / 128)}
    assert first_sentences(replace(done, tables=wide))[-1].startswith("5 groups that vary so much show no difference")


def test_equals_are_called_equal(done: Comparison) -> None:
    headline, pairs = done.tables["headline"].copy(), done.tables["pairs"].copy()
    headline.loc[headline["system"].isin(["timesformer", "vlm-lora"]), "macro_f1"] = 0.7
    pairs.loc[(pairs["first"] == "timesformer") & (pairs["second"] == "vlm-lora"), "difference"] = 0.0
    alarms = done.tables["hallucination"].assign(false_alarm_rate=1.0, empty_clips=float("nan"))
    changed = {"headline": headline, "pairs": pairs, "hallucination": alarms}
    level = replace(done, tables={**done.tables, **changed})
    assert first_sentences(level)[1].startswith("Of the recognizers, timesformer has the highest macro F1: 0.70")
    assert first_sentences(level)[2] == "vlm-lora reaches the same."
    assert "least" not in sentences.hallucination(level)


def test_what_evaluate_says_of_timelines_and_of_labels_without_clips_is_said_of_the_best(
    done: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    best = str(ranking(done).iloc[0]["system"])
    system = next(one for one in done.systems if one.name == best)
    run = system.runs[0]
    table = run.table.copy()
    table.loc[table.index[0], "support"] = 0
    assert run.events is not None
    run = replace(run, table=table, events=run.events.assign(frame_f1=0.01))
    systems = tuple(replace(one, runs=(run, *one.runs[1:])) if one.name == best else one for one in done.systems)
    show(replace(done, systems=systems))
    printed = " ".join(capsys.readouterr().out.split())
    assert f"{best}: Its timelines: F1 of time 0.01" in printed
    assert "They are much worse than the decisions on clips" in printed
    assert f"No clip of this split shows {run.labels.names[0]}: not measured" in printed
