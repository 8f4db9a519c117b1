"""How far two people agree, in words and tables: on the terminal, and which number is which."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from actscribe.columns import Column, names
from actscribe.counts import counted
from actscribe.evaluation.by_subject import SUBJECT
from actscribe.evaluation.measures import LABEL
from actscribe.evaluation.raters import ALL, Agreement
from actscribe.report.formatting import listed
from actscribe.tables import print_sentence, print_table

_SHARE_NEAR = "events whose {} the other one has within the tolerance"
#: How far two people agree on moments, and on events; `short` is the heading on the terminal.
MOMENT_COLUMNS = (
    LABEL,
    Column("kappa", "kappa", "agreement beyond chance on each moment", interval=("low", "high"), higher_is_better=True),
    Column(
        "kappa_near",
        "kappa, near",
        "kappa where the other one may see the same a little earlier or later",
        short="near",
    ),
    Column("alike", "alike", "share of the moments on which both say the same", "percent"),
    Column(
        "first_share",
        "share of the first",
        "share of the moments in which the first one sees it",
        "percent",
        short="1st",
    ),
    Column(
        "second_share",
        "share of the second",
        "share of the moments in which the second one sees it",
        "percent",
        short="2nd",
    ),
    Column("moments", "moments", "that both annotated", "count"),
)
EVENT_COLUMNS = (
    LABEL,
    Column("first_events", "events of the first", format="count", short="1st"),
    Column("second_events", "events of the second", format="count", short="2nd"),
    Column("starts", "starts alike", "share of the " + _SHARE_NEAR.format("start"), "percent", short="starts"),
    Column(
        "start_s",
        "start later (s)",
        "by how much the second one starts later, in the median",
        "change",
        short="start s",
    ),
    Column("ends", "ends alike", "share of the " + _SHARE_NEAR.format("end"), "percent", short="ends"),
    Column("end_s", "end later (s)", "by how much the second one ends later, in the median", "change", short="end s"),
    Column(
        "f1",
        "F1 of events",
        "events that start and end near one of the other one",
        interval=("f1_low", "f1_high"),
        short="F1",
    ),
)
#: The same of each subject, all behaviours at once.
SUBJECTS = {
    SUBJECT: "subject",
    "kappa": "kappa",
    "kappa_near": "near",
    "alike": "alike",
    "first_events": "1st",
    "second_events": "2nd",
    "starts": "starts",
    "ends": "ends",
    "f1": "F1",
}


def show(done: Agreement, notes: Sequence[str] = (), subjects: pd.DataFrame | None = None) -> None:
    """Print both tables, one of subjects, the sentence on all behaviours at once, which number is which, and notes.

    Args:
        done: of all subjects together.
        notes: that stand last.
        subjects: from `by_subject`; None: they are not distinguished.
    """
    for title, table in views(done).items():
        print_table(title, table, fold=True)
    if subjects is not None and len(subjects):
        joint = subjects[subjects["label"] == ALL]
        if ((joint["first_events"] > 0) & (joint["second_events"] > 0)).any():
            print_table("Each subject alone, all behaviours", joint[list(SUBJECTS)].rename(columns=SUBJECTS), fold=True)
        else:
            print_sentence("No subject is named by both, so subjects are not compared one by one.")
    print_sentence(overall(done))
    for sentence in (*between_moments(done), *without_kappa(done)):
        print_sentence(sentence)
    print_sentence(which_is_which(done))
    for note in notes:
        print_sentence(f"Note: {note}.")


def views(done: Agreement) -> dict[str, pd.DataFrame]:
    """Return the table in two parts with short headings, by title; columns of intervals only where some are known."""
    by_title = {}
    for title, columns in parts(done).items():
        headings = {column.name: column.short or column.name for column in columns}
        ends = {end: way for column in columns for end, way in zip(column.interval, ("low", "high"), strict=False)}
        kept = [name for name in names(columns) if name in headings or not done.table[name].isna().all()]
        by_title[title] = done.table[kept].rename(columns=headings | ends)
    return by_title


def parts(done: Agreement) -> dict[str, tuple[Column, ...]]:
    """Return the columns of the table in two parts, by title."""
    return {f"Moments, one every {done.measure.unit:g} s": MOMENT_COLUMNS, "Events": EVENT_COLUMNS}


def overall(done: Agreement) -> str:
    """Say how far two people agree on all behaviours at once."""
    row = done.table.set_index("label").loc[ALL]
    if not row["moments"]:
        return "There is no moment that both annotated."
    many = counted(int(row["recordings"]), "recording")
    kappa = "not known, since both say one and the same throughout" if math.isnan(row["kappa"]) else _held(row)
    sentence = f"All behaviours at once, {many}: kappa {kappa}"
    if not math.isnan(row["kappa_near"]):
        sentence += f", within {done.measure.tolerance:g} s {row['kappa_near']:.3f}"
    if math.isnan(row["similarity"]):
        return f"{sentence}. There are too many moments for Needleman-Wunsch similarity; look less often."
    return f"{sentence}; Needleman-Wunsch similarity {row['similarity']:.1f} %."


def between_moments(done: Agreement) -> list[str]:
    """Say which labels have events of which no moment is one: kappa and similarity know nothing of these."""
    names = [row["label"] for _, row in done.table[done.table["label"] != ALL].iterrows() if _is_between(row)]
    if not names:
        return []
    return [
        f"Events of {listed(names)} lie between two moments, one every {done.measure.unit:g} s: kappa and similarity do"
        " not see them. A smaller --unit does."
    ]


def _is_between(row: pd.Series) -> bool:
    return any(row[f"{side}_events"] > 0 and row[f"{side}_share"] == 0 for side in ("first", "second"))


def without_kappa(done: Agreement) -> list[str]:
    """Say why labels have no kappa: both say one and the same of every moment, as chance would too."""
    table = done.table[done.table["kappa"].isna() & (done.table["moments"] > 0) & (done.table["label"] != ALL)]
    table = table[[not _is_between(row) for _, row in table.iterrows()]]
    return [
        f"No kappa of {listed(names)}: both say {how} throughout, so that chance would agree as well."
        for how, names in (
            ("yes", [row["label"] for _, row in table.iterrows() if row["first_share"] > 0]),
            ("no", [row["label"] for _, row in table.iterrows() if row["first_share"] == 0]),
        )
        if names
    ]


def which_is_which(done: Agreement) -> str:
    """Say what each number counts, and which of them other programs print."""
    how = done.measure
    end = f"{how.collar:g} s" + (
        f" or {100 * how.length_share:g} % of the first one's event" if how.length_share else ""
    )
    return (
        f"Which is which: kappa of '{ALL}' compares the whole set of behaviours at each moment from the first to the "
        "last event; it and the similarity are what BORIS prints. Kappa of a label asks whether both see that one. "
        "'1st', '2nd': the share of moments, or the events, of each of the two. 'near': the other one sees the same "
        f"within {how.tolerance:g} s. 'starts', 'ends': share of events whose start or end the other one has within "
        f"{how.tolerance:g} s; 'start s', 'end s': by how many seconds the second one is later, in the median. F1: "
        f"events that start within {how.collar:g} s of each other and end within {end}, as in sed_eval. Kappa counts "
        "time, so long events weigh more; the rest counts events, however long."
    )


def _held(row: pd.Series) -> str:
    held = f"{row['kappa']:.3f}"
    return held if math.isnan(row["low"]) else f"{held} (95 % {row['low']:.2f} to {row['high']:.2f})"
