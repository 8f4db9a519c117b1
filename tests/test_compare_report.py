"""The comparison's tables and report on made-up runs: numbers against their sources, the page as a page."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from comparisons import SKILLS, made_up
from html_page import Page
from sklearn.metrics import f1_score
from systems import MULTI_CLASS, NAMES
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.compare import words
from actscribe.compare.compare import rewrite_report
from actscribe.compare.folder import write_tables
from actscribe.compare.page import write_comparison_report
from actscribe.compare.result import Comparison, assemble
from actscribe.report.comparison_charts import Series, lines
from actscribe.table_text import csv_text, latex_text, markdown_text

FIGURES = ("forest", "heat", "calibration", "risk", "curve", "cost", "hallucination")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("comparison")
    return assemble(folder, made_up(folder))


@pytest.fixture(scope="module")
def html(done: Comparison) -> str:
    return write_comparison_report(done).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_headline_is_that_of_the_kept_scores(done: Comparison) -> None:
    table = done.tables["headline"].set_index("system")
    assert table.index.tolist()[:3] == list(SKILLS)
    (run,) = done.runs()["vlm-yesno"]
    scored = pd.read_parquet(run.folder / "scores-test.parquet")
    truth = scored[[f"fraction: {name}" for name in NAMES]].to_numpy()
    said = scored[[f"score: {name}" for name in NAMES]].to_numpy() >= 0.5
    known = ~pd.isna(truth).any(axis=1)
    expected = f1_score(truth[known] >= 0.5, said[known], average="macro")
    assert table.loc["vlm-yesno", "macro_f1"] == pytest.approx(expected)
    assert table["seeds"].tolist()[:3] == [2, 1, 2]


def test_the_learning_curve_ends_with_all_recordings(done: Comparison) -> None:
    table = done.tables["learning_curve"]
    rows = table[["system", "recordings"]].values.tolist()
    assert rows == [["timesformer", 2], ["timesformer", 8], ["vlm-yesno", 8], ["vlm-lora", 2], ["vlm-lora", 8]]
    headline = done.tables["headline"].set_index("system")
    last = table[table["recordings"] == 8].set_index("system")
    for name in SKILLS:
        assert last.loc[name, "macro_f1"] == headline.loc[name, "macro_f1"]
        assert last.loc[name, "low"] == headline.loc[name, "low"]


def test_every_figure_has_a_sentence_a_picture_and_its_table(page: Page) -> None:
    headings = {values["id"] for name, values, _ in page.elements if name == "h2"}
    assert headings >= {*FIGURES, "timelines", "disagreements", "made"}
    pictures = [values.get("aria-label") for name, values, _ in page.elements if name == "svg" and "role" in values]
    # forest, heat map, three reliability plots, risk, curve, cost, hallucination, eight recordings
    assert len(pictures) == 2 + 3 + 4 + 8
    assert all(pictures)
    captions = " ".join(page.tables)
    for word in (
        "Label by label.",
        "Calibration error",
        "certain clips",
        "training recordings",
        "Cost",
        "is not there",
    ):
        assert word in captions


def test_the_page_loads_nothing_and_is_well_formed(html: str, page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    links = [values["href"] for name, values, _ in page.elements if name == "a"]
    assert all(link[0] == "#" and link[1:] in page.ids for link in links)
    assert "http:" not in html
    assert "https:" not in html
    assert not {name for name, _, _ in page.elements} & {"script", "link", "img", "iframe", "object", "embed"}
    style = html[html.index("<style>") : html.index("</style>")]
    used = {c for _, values, path in page.elements if "svg" in path for c in values.get("class", "").split()}
    assert used - {"name"} <= set(re.findall(r"\.([a-z]+)", style))


def test_sentences_say_what_the_tables_hold(done: Comparison, page: Page) -> None:
    headline = done.tables["headline"].set_index("system")
    said = words.verdict(done)
    assert said[0].startswith(f"vlm-lora has the highest macro F1: {headline.loc['vlm-lora', 'macro_f1']:.2f} (95 %")
    pair = done.tables["pairs"].set_index(["first", "second"]).loc[("timesformer", "vlm-lora")]
    assert f"{pair['difference']:.2f} above timesformer" in said[1]
    assert all(sentence in page.text for sentence in said)
    labels = done.tables["labels"]
    best = labels[labels["system"].isin(SKILLS)].groupby("label")["f1"].max()
    assert words.heat(done).startswith(f"{best.idxmin()} is the hardest label")
    risk = done.tables["risk_coverage"].set_index(["system", "to_person"])["macro_f1"]
    assert f"{risk[('vlm-lora', 0.2)]:.2f} instead of {risk[('vlm-lora', 0.0)]:.2f}" in words.risk(done)
    alarms = done.tables["hallucination"].set_index("system")["false_alarm_rate"]
    assert f"vlm-yesno marks a label that is absent in {100 * alarms['vlm-yesno']:.0f}" in words.hallucination(done)
    row = done.tables["disagreements"].iloc[0]
    assert f"{row['says_yes']} sees {row['label']}, {row['says_no']} does not" in words.disagreements(done)
    assert "vlm-lora reaches" in words.curve(done)
    assert "2.0 s" not in words.cost(done)
    assert words.cost(done).startswith("vlm-lora is quickest, 0.10 s of compute")


def test_notes_warn_of_few_groups(page: Page) -> None:
    head = [text for text, path in page.texts if "header" in path]
    assert any(text.startswith("Only 4 groups") for text in head)


def test_the_report_is_written_again_and_opened(done: Comparison, html: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def undated(text: str) -> str:
        return re.sub(r"ActScribe report of [^.]*\.", "", text)

    assert undated(rewrite_report(done.folder).read_text(encoding="utf-8")) == undated(html)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    said = CliRunner().invoke(app, ["report", str(done.folder), "--open"])
    assert said.exit_code == 0, said.output
    assert opened == [(done.folder / "report.html").resolve().as_uri()]
    run = done.runs()["vlm-lora"][0].folder
    assert CliRunner().invoke(app, ["report", str(run)]).exit_code == 0
    assert (run / "report-test.html").is_file()
    assert CliRunner().invoke(app, ["report", str(run / "model")]).exit_code == 2


def test_trimmed_classes_have_a_report_without_timelines(tmp_path: Path) -> None:
    done = assemble(tmp_path, made_up(tmp_path, count=24, seeds=1, curve=(), labels=MULTI_CLASS))
    page = Page(write_comparison_report(done).read_text(encoding="utf-8"))
    assert "timelines" not in page.ids
    assert "curve" not in page.ids
    assert "forest" in page.ids


def test_tables_are_written_in_three_spellings(done: Comparison, tmp_path: Path) -> None:
    write_tables(tmp_path, done.tables)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert names == {f"{name}.{ending}" for name in done.tables for ending in ("csv", "tex", "md")}
    read = pd.read_csv(tmp_path / "tables" / "headline.csv")
    assert read["macro_f1"].tolist() == done.tables["headline"]["macro_f1"].tolist()  # unrounded


def test_text_of_a_table() -> None:
    table = pd.DataFrame({"label_name": ["50 % & more_", "a|b"], "f1": [0.12345, float("nan")], "p": [0.0001, 1.0]})
    assert markdown_text(table).splitlines() == [
        "| label name | f1 | p |",
        "| --- | ---: | ---: |",
        "| 50 % & more_ | 0.123 | <0.001 |",
        "| a\\|b | – | 1.000 |",
    ]
    assert csv_text(table) == "label_name,f1,p\n50 % & more_,0.12345,0.0001\na|b,,1.0\n"
    tex = latex_text(table)
    assert r"50 \% \& more\_ & 0.123 & <0.001 \\" in tex
    assert tex.startswith("\\begin{tabular}{lrr}\n\\toprule\nlabel name & f1 & p \\\\\n")


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    series = [Series(f"name {place}", "one", [0.0, 1.0], [0.5, 0.5 + place / 1000]) for place in range(8)]
    drawn = str(lines(series, {0.0: "0", 1.0: "1"}, "x", "y", "title"))
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)" class="tinted', drawn))
    assert len(heights) == 8
    assert min(b - a for a, b in pairwise(heights)) >= 13.9
    assert heights[-1] < 300
