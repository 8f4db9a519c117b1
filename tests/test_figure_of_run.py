"""A figure of a run says what it shows: a recording that the run learned from, and annotations of which version."""

from __future__ import annotations

from pathlib import Path

from short_studies import a_run

from actscribe.figure.panels import about_run
from actscribe.journal import Version


def test_a_figure_says_that_the_run_learned_from_a_recording_and_whose_annotations_it_shows(study: Path) -> None:
    run = a_run(study, study / "runs" / "one")
    names = {one.split: one.name for one in run.recordings()}
    of_files, learned = about_run(run, list(names.values()))
    assert "from the annotation files" in of_files
    assert learned.startswith(f"{names['train']}: of the train split")
    assert len(about_run(run, [names["test"]])) == 1
    run.info.review = Version(entries=7, head="0")
    assert "from the review journal up to entry 7" in about_run(run, [names["test"]])[0]
