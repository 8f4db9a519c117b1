"""What looking at the past alone costs: who is held against whom, by how much, and what reports say of it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml
from comparisons import made_up
from scipy.stats import t as student
from systems import PRIORS, Field, field, system

from actscribe.compare.result import assemble
from actscribe.data.recording import Recording
from actscribe.evaluation.causality import MEASURES, causality_table
from actscribe.evaluation.comparison.pairs import pair_table
from actscribe.evaluation.comparison.systems import System, share
from actscribe.evaluation.comparison.timelines import timeline_table
from actscribe.evaluation.events import event_table
from actscribe.report.causality import cost_unknown
from actscribe.report.comparison import causality
from actscribe.report.comparison.page import write_comparison_report
from actscribe.report.comparison.show import show
from actscribe.run_folder.run import Run
from actscribe.settings.causality import looks_around, looks_back_alone
from actscribe.settings.study import Study

ALONE, AROUND = "timesformer", "vlm-lora"  # what the made-up runs are called


def study(**recognizers: dict[str, object]) -> Study:
    return Study(name="s", recordings="manifest.csv", labels="newborn_resuscitation", recognizers=recognizers)


def test_who_differs_in_nothing_else_is_found_by_what_settings_mean() -> None:
    one = study(
        other={"recognizer": "temporal", "layers": 5},
        around={"recognizer": "temporal", "epochs": 60, "causal": False},  # 60 is the default
        again={"recognizer": "temporal"},
        live={"recognizer": "temporal", "causal": True},
        deep={"recognizer": "temporal", "causal": True, "layers": 9},
        probe={},
    )
    assert looks_around(one, "live", one.recognizers) == "around"
    assert looks_around(one, "live", ["probe", "again"]) == "again"
    assert looks_around(one, "deep", one.recognizers) == ""
    assert [name for name in one.recognizers if looks_back_alone(one.chosen(name))] == ["live", "deep"]
    for name in ("around", "probe"):  # neither looks at the past alone, so nothing is held against it
        assert looks_around(one, name, one.recognizers) == ""


@pytest.fixture(scope="module")
def where() -> Field:
    return field(16)


@pytest.fixture(scope="module")
def pair(where: Field) -> tuple[System, System]:
    return system(where, "live", 0.4, (0, 1)), system(where, "around", 0.7, (0, 1))


def test_the_differences_are_those_of_the_tables_beside_it(where: Field, pair: tuple[System, System]) -> None:
    shared = share(pair, PRIORS, 0)
    table = causality_table([pair], shared)
    assert table is not None
    assert table["measure"].tolist() == list(MEASURES)
    changes = table.set_index("measure")
    (row,) = pair_table(pair, shared).query("first == 'live' and second == 'around'").to_dict("records")
    clips = changes.loc["macro_f1"]
    np.testing.assert_allclose(
        clips[["difference", "low", "high"]].astype(float), [-row["difference"], -row["high"], -row["low"]]
    )
    timelines = timeline_table(pair, shared)
    assert timelines is not None
    macro = timelines[timelines["label"] == "macro"].set_index(["system", "measure"])["value"]
    for measure in ("f1@50", "onset_mae_s"):
        apart = macro["live", measure] - macro["around", measure]
        assert changes.loc[measure, "difference"] == pytest.approx(apart)
        assert changes.loc[measure, "low"] < apart < changes.loc[measure, "high"]


def test_the_interval_of_seconds_is_that_of_groups_left_out_in_turn(where: Field) -> None:
    """One training each, so that nothing but groups is in it; worked out from tables of events by hand."""
    alone, around = system(where, "live", 0.2), system(where, "around", 0.7)
    table = causality_table([(alone, around)], share([alone, around], PRIORS, 0))
    assert table is not None
    row = table.set_index("measure").loc["onset_mae_s"]

    def apart(recordings: list[Recording]) -> float:
        live, other = (
            event_table(recordings, one.runs[0].timelines, where.labels)["onset_mae_s"][: len(where.labels)].mean()
            for one in (alone, around)
        )
        return float(live - other)

    groups = sorted({one.group for one in where.recordings})
    without = np.array([apart([one for one in where.recordings if one.group != group]) for group in groups])
    whole = apart(list(where.recordings))
    error = np.sqrt((len(groups) - 1) / len(groups) * ((without - whole) ** 2).sum())
    reach = student.ppf(0.975, len(groups) - 1) * error
    np.testing.assert_allclose(row[["difference", "low", "high"]].astype(float), [whole, whole - reach, whole + reach])


def test_an_interval_of_seconds_may_reach_beyond_one(where: Field, pair: tuple[System, System]) -> None:
    poor = system(where, "live", 0.05, (0, 1))
    table = causality_table([(poor, pair[1])], share([poor, pair[1]], PRIORS, 0))
    assert table is not None
    assert table.set_index("measure").loc["onset_mae_s", "high"] > 1


def test_without_such_a_pair_there_is_no_table(where: Field, pair: tuple[System, System]) -> None:
    assert causality_table([], share(pair, PRIORS, 0)) is None


def test_a_comparison_says_what_it_costs_on_the_page_and_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = made_up(tmp_path, 16)
    recognizers = {ALONE: {"recognizer": "temporal", "causal": True}, AROUND: {"recognizer": "temporal"}}
    one = kept.study.model_copy(update={"recognizers": {**kept.study.recognizers, **recognizers}})
    done = assemble(tmp_path, kept.model_copy(update={"study": one}))
    table = done.tables["causality"].set_index("measure")
    assert set(table["system"]) == {ALONE}
    assert set(table["against"]) == {AROUND}
    (sentence,) = causality.sentences(done)
    numbers = [float(number.replace("−", "-")) for number in re.findall(r"[+−]?\d+\.\d\d\b(?!\d)", sentence)]
    assert numbers == pytest.approx(table[["difference", "low", "high"]].to_numpy().ravel(), abs=0.0051)
    assert f"{AROUND} at what comes, too" in sentence
    page = write_comparison_report(done).read_text(encoding="utf-8")
    assert sentence in page
    assert "Start off (s)".casefold() in page.casefold()
    show(done)
    assert " ".join(sentence.split()) in " ".join(capsys.readouterr().out.split())


def test_a_comparison_of_such_a_one_alone_says_what_to_compare_it_with(tmp_path: Path) -> None:
    kept = made_up(tmp_path)
    entry = {"recognizer": "temporal", "causal": True, "layers": 5}
    one = kept.study.model_copy(update={"recognizers": {**kept.study.recognizers, ALONE: entry}})
    done = assemble(tmp_path, kept.model_copy(update={"study": one}))
    assert "causality" not in done.tables
    (sentence,) = causality.sentences(done)
    check_that_what_is_said_can_be_done(sentence, one)


def check_that_what_is_said_can_be_done(sentence: str, one: Study) -> None:
    """Follow it: the entry is written into the study, and the command then compares two that differ in nothing else."""
    written = re.search(r" (\S+: \{.*\}) and type: ", sentence)
    entries = yaml.safe_load(written.group(1)) if written else {}
    followed = one.model_copy(update={"recognizers": {**one.recognizers, **entries}})
    words = shlex.split(sentence[sentence.index("actscribe compare") :])
    alone, around = words[words.index("--only") + 1].split(",")
    assert looks_around(followed, alone, [around]) == around


@pytest.mark.parametrize("beside", [True, False])
def test_the_report_of_one_run_says_which_command_measures_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    made_up(tmp_path, seeds=1, curve=())
    folder = tmp_path / "runs" / ALONE / "seed-3"
    run = Run.open(folder)
    assert cost_unknown(run) == ()
    entries = {ALONE: {"recognizer": "temporal", "causal": True, "clip_lengths": [2.0, 1.0], "model": "a: b"}}
    if beside:
        entries["twin"] = {**entries[ALONE], "causal": False}
    one = run.study.model_copy(update={"recognizers": entries})
    monkeypatch.setattr(Run, "study", property(lambda _: one))
    (sentence,) = cost_unknown(run)
    assert sentence.startswith("It looks at the past alone")
    assert ("twin" in sentence) is beside
    check_that_what_is_said_can_be_done(sentence, one)


def test_a_run_whose_package_is_gone_has_its_report_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(tmp_path, seeds=1, curve=())
    run = Run.open(tmp_path / "runs" / ALONE / "seed-3")
    one = run.study.model_copy(update={"recognizers": {ALONE: {"recognizer": "of-another-package"}}})
    monkeypatch.setattr(Run, "study", property(lambda _: one))
    run.info.recognizer = "of-another-package"
    assert cost_unknown(run) == ()
