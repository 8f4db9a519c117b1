"""The comparison's folder: provenance from which everything can be repeated, tables, scores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from actscribe.annotations.interval import Annotations
from actscribe.errors import ActScribeError
from actscribe.files import folder_beside, write_text
from actscribe.journal import Version
from actscribe.reading import load_json
from actscribe.run_folder.run import study_above
from actscribe.settings.registry import check_installed
from actscribe.settings.study import SAVED, Study, placed_study, unplaced_study
from actscribe.stored_path import StoredPath
from actscribe.table_files import write_parquet
from actscribe.table_text import NOTES, csv_text, latex_text, markdown_text, notes_text
from actscribe.typed_words import typed
from actscribe.wrong_values import first_problem

FILE, TABLES, SCORES, REPORT = "provenance.json", "tables", "scores.parquet", "report.html"


class Listed(BaseModel):
    """One recording of the study as it was: enough to tell whether it is still the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    content: str
    annotations: str
    group: str
    split: str


class Provenance(BaseModel):
    """What provenance.json holds.

    Args:
        status: "running" until every table is written, then "complete".
        study: as it was; models in its folder by paths from there.
        folder: of the study file.
        recognizers: that were compared.
        seeds: how many of each trained one.
        curve: numbers of training recordings of the learning curve.
        recordings: of the study.
        columns: manifest column -> recording -> value, for slices.
        second: recording -> what a second annotator wrote.
        review: version of the review journal that annotations are from; None: they are from files alone.
        not_known: what the proof that nothing leaks could not see; said below every table.
        runs: place of each part -> folder of its run.
        versions, machine: of the last session that worked on it.
        at_once: how many runs that session made at once.
        results: table -> digest of its CSV, by which a repetition is compared.
    """

    model_config = ConfigDict(extra="forbid")

    status: Literal["running", "complete"] = "running"
    study: Study
    folder: StoredPath
    recognizers: list[str]
    seeds: int
    curve: list[int] = []
    recordings: list[Listed]
    columns: dict[str, dict[str, str]] = {}
    second: dict[str, Annotations] = {}
    review: Version | None = None
    not_known: list[str] = []
    runs: dict[str, StoredPath] = {}
    versions: dict[str, str] = {}
    machine: str = ""
    at_once: int = 1
    results: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path, home: Path | None = None) -> Provenance:
        """Read provenance.json, or the one in a folder; its study gets the folder and the models that it has now.

        Args:
            path: of the file or its folder.
            home: folder of the study; default where it lies seen from the file, or where it was.

        Raises:
            ActScribeError: missing, not of this version, or of a recognizer whose package is not here.
        """
        path = path / FILE if path.is_dir() else path
        if not path.is_file():
            raise ActScribeError(
                f"{path}: no such file.", f"Make a comparison with: actscribe compare {typed(study_above(path))}"
            )
        try:
            provenance = cls.model_validate(load_json(path), context=SAVED)
        except (ValueError, OSError) as error:
            raise ActScribeError(
                f"{path}: not a comparison of this version of ActScribe ({first_problem(error)}).",
                "Name the folder of a comparison, or to make one, a new or empty folder with --out.",
            ) from None
        for name in provenance.recognizers:
            check_installed(provenance.study.recognizer_of(name), path)
        home = home or provenance.folder.find(path.parent, provenance.study.recordings)
        return provenance.model_copy(update={"study": placed_study(provenance.study, home)})

    def write(self, folder: Path) -> None:
        """Write provenance.json into the comparison's folder."""
        home = self.study.folder
        noted = self.model_copy(update={"study": unplaced_study(self.study), "folder": StoredPath.of(home, folder)})
        write_text(folder / FILE, noted.model_dump_json(indent=1))


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame], notes: Sequence[str] = ()) -> None:
    """Write every table as CSV, LaTeX and Markdown into the sub-folder `tables`, all or none.

    Args:
        folder: of the comparison.
        tables: by name.
        notes: sentences that stand below each table, in LaTeX as comments, for the caption; those of CSV
            stand beside it, in `NOTES`.
    """
    below = {"csv": "", "tex": "".join(f"% Note: {note}\n" for note in notes)}
    below["md"] = "".join(f"\nNote: {note}\n" for note in notes)
    with folder_beside(folder / TABLES) as beside:
        for name, table in tables.items():
            for ending, write in (("csv", csv_text), ("tex", latex_text), ("md", markdown_text)):
                (beside / f"{name}.{ending}").write_text(write(table) + below[ending], encoding="utf-8", newline="")
        if notes:
            (beside / NOTES).write_text(notes_text(notes), encoding="utf-8", newline="")


def write_scores(folder: Path, table: pd.DataFrame) -> None:
    """Write scores.parquet: one row per recognizer, seed, clip and label."""
    write_parquet(folder / SCORES, table)


def digests(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the digest of each table's CSV."""
    return {
        name: hashlib.blake2b(csv_text(table).encode(), digest_size=16).hexdigest() for name, table in tables.items()
    }
