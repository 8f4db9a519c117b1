"""What a comparison says on the terminal: the headline, agreement of annotators, the verdict, where everything lies."""

from __future__ import annotations

from actscribe.columns import for_terminal, in_short
from actscribe.evaluation.annotators import FIRST
from actscribe.evaluation.comparison.headline import TERMINAL_COLUMNS
from actscribe.evaluation.raters import Agreement, Measure
from actscribe.report.agreement import overall
from actscribe.report.comparison import causality
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.verdict import cautions, verdict
from actscribe.run_folder.comparison import REPORT, TABLES
from actscribe.tables import print_sentence, print_table


def show(done: Comparison) -> None:
    """Print the table of all recognizers and baselines with intervals, and the first sentences of the report."""
    headline = for_terminal(done.tables["headline"], TERMINAL_COLUMNS)
    print_table("Macro F1 on test with its 95 % interval", headline)
    print_sentence(in_short(TERMINAL_COLUMNS))
    if "annotators" in done.tables:
        table = done.tables["annotators"]
        wanted = table[(table["against"] == FIRST) & (table["label"] == "all")]
        print_table("Kappa against the annotator, where two annotated", wanted.drop(columns=["against", "label"]))
    if "annotator_moments" in done.tables:
        agreed = Agreement(done.tables["annotator_moments"], Measure())
        print_sentence(f"{overall(agreed)} That kappa is what BORIS prints; the one above is of labels on clips.")
    for sentence in verdict(done):
        print_sentence(sentence)
    for sentence in cautions(done):
        print_sentence(sentence)
    for sentence in causality.sentences(done):
        print_sentence(sentence)
    for note in done.provenance.not_known:
        print_sentence(f"Warning: {note}")
    print(f"Tables: {done.folder / TABLES}")
    print(f"Report: {done.folder / REPORT}")
