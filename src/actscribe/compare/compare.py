"""Comparing all recognizers of a study, and repeating a comparison from its provenance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path

from actscribe.compare.at_once import Shared, finish_at_once
from actscribe.compare.board import Board
from actscribe.compare.decode_once import decoding_once
from actscribe.compare.plan import Part, chosen, default_folder, parse_curve, parts, study_of, subset
from actscribe.compare.result import assemble
from actscribe.compare.work import complete_run_of, finish
from actscribe.data.loading import StudyData, load_data
from actscribe.data.manifest import read_manifest
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.evaluation.comparison.scores import score_table
from actscribe.files import check_writable
from actscribe.leftovers import sweep_below
from actscribe.ownership import check_free, check_replaceable
from actscribe.progress import say
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.page import write_comparison_report
from actscribe.run_folder.comparison import FILE, TABLES, Listed, Provenance, digests, write_scores, write_tables
from actscribe.run_folder.environment import machine, versions
from actscribe.runs.preflight import check_comparable, data_warnings, memory_warnings
from actscribe.settings.study import Study, load_study
from actscribe.stored_path import StoredPath
from actscribe.typed_words import typed
from actscribe.video.cache import FrameCache, default_cache
from actscribe.video.contained import contained


def compare(
    study: Study | str | Path,
    only: Sequence[str] | None = None,
    seeds: int | None = None,
    resume: bool = False,
    curve: str | None = None,
    out: str | Path | None = None,
    cache: FrameCache | None = None,
    at_once: int = 1,
) -> Comparison:
    """Train or set up each recognizer of a study, evaluate all on the same test clips, and return the results.

    Tables and a report are written, too. The split does not depend on the seed; seeds count up from the study's own.
    Finished work is kept: a comparison that was killed and is resumed ends with the same tables.

    Args:
        study: from `load_study`, or its file or folder.
        only: names of recognizers; default all of the study.
        seeds: how often each trained recognizer is trained; default 1.
        resume: continue the comparison in the folder; arguments left at their defaults are taken from it.
        curve: numbers of training recordings of a learning curve, such as "1,2,5,10,all"; default none.
        out: folder; default STUDY/comparison.
        cache: of decoded frames; default the user's.
        at_once: how many runs are made at once, each by a process of its own with its share of the cores, or with a GPU
            of its own; each takes memory of its own.

    Raises:
        ActScribeError: bad data, an earlier comparison in the folder, or as `train` and `evaluate`.
    """
    study = study if isinstance(study, Study) else load_study(study)
    folder = Path(out or default_folder(study))
    if seeds is not None and seeds < 1:
        raise ActScribeError(f"Expected seeds to be a whole number from 1, found {seeds}.")
    if _is_begun(folder, resume):
        only, seeds, curve = _as_before(Provenance.read(folder), study, only, seeds, curve)
    names = chosen(study, only)
    data = load_data(study)
    for sentence in data_warnings(study, data):
        say(f"Warning: {sentence}")
    annotated = sum(recording.intervals is not None for recording in data.of_split("train"))
    provenance = Provenance(
        study=study.model_copy(update={"labels": data.labels}),
        folder=StoredPath.of(study.folder, folder),
        recognizers=names,
        seeds=seeds or 1,
        curve=parse_curve(curve or "", annotated),
        recordings=[_listed(recording, data) for recording in data.recordings],
        columns=_columns(study, data),
        second=dict(data.second),
        review=data.review.version if data.review else None,
        not_known=list(data.not_known),
        versions=versions(),
        machine=machine(),
        at_once=at_once,
    )
    return _run(provenance, study, data, folder, cache, at_once=at_once)


def repeat(
    path: Path,
    out: Path | None = None,
    resume: bool = False,
    cache: FrameCache | None = None,
    home: Path | None = None,
    at_once: int = 1,
) -> tuple[Comparison, list[str]]:
    """Make a comparison again from its provenance.json, retraining everything, and say which tables differ.

    Args:
        path: provenance.json, or the folder it lies in.
        out: folder; default beside the first one, with -again behind its name.
        resume: go on with a repetition that was interrupted.
        cache: of decoded frames; default the user's.
        home: folder of the study, or its study file, where it was moved away from the comparison.
        at_once: see `compare`.

    Returns:
        the comparison, and the names of tables whose numbers are not the same.

    Raises:
        ActScribeError: it never ended, its recordings are gone or have changed, or as `compare`.
    """
    before = Provenance.read(path, home.parent if home is not None and home.is_file() else home)
    first = path if path.is_dir() else path.parent
    if before.status != "complete":
        raise ActScribeError(f"{first}: this comparison did not finish.", f"Go on with: {_resumed(before, first)}")
    folder = out or first.absolute().with_name(f"{first.absolute().name}-again")
    _is_begun(folder, resume)
    study = before.study
    if not (study.folder / study.recordings).exists():
        raise ActScribeError(
            f"{path}: the study '{study.name}' is not in {study.folder} ('{study.recordings}' is not there).",
            f"Say where it is now, in place of STUDY: actscribe compare STUDY --from {typed(path)}",
        )
    data = load_data(study)
    _check_recordings(before, data, first)
    fresh = before.model_copy(
        update={
            "status": "running",
            "runs": {},
            "results": {},
            "versions": versions(),
            "machine": machine(),
            "at_once": at_once,
        }
    )
    # A run that lies in the study's folder is not taken: it may be the very one that is to be repeated.
    done = _run(fresh, study, data, folder, cache, retrain=True, at_once=at_once)
    after = done.provenance.results
    differ = sorted(name for name in before.results if after.get(name) != before.results[name])
    return done, differ


def rewrite_report(folder: Path) -> Path:
    """Write the report of a complete comparison again and return its path.

    Raises:
        ActScribeError: no comparison there, or one that did not finish.
    """
    provenance = Provenance.read(folder)
    if provenance.status != "complete":
        raise ActScribeError(
            f"{folder}: this comparison did not finish.", f"Go on with: {_resumed(provenance, folder)}"
        )
    return write_comparison_report(assemble(folder, provenance))


@contained()
def _run(
    provenance: Provenance,
    study: Study,
    data: StudyData,
    folder: Path,
    cache: FrameCache | None,
    retrain: bool = False,
    at_once: int = 1,
) -> Comparison:
    every = parts(study, provenance.recognizers, provenance.seeds, provenance.curve)
    sweep_below(folder)
    # A run of another study in the way, or one that cannot be made, is reported before anything is written.
    done = [
        complete_run_of(part, study_of(study, part), subset(data, part.recordings, part.seed), folder, retrain)
        for part in every
    ]
    left = {part.recognizer for part, run in zip(every, done, strict=True) if run is None}
    _check(study, data, provenance.recognizers, left, cache)
    provenance.write(folder)
    sharers = [name for name in provenance.recognizers if name in left]
    with decoding_once(study, sharers, data, cache or default_cache()), Board(every).shown() as board:
        memories: dict[Part, float | None] = {}
        if at_once > 1:
            missing = [part for part, run in zip(every, done, strict=True) if run is None]
            shared = Shared(study, data, folder, cache, retrain, tuple(sharers))
            memories = finish_at_once(missing, shared, board, at_once)
        for part in every:
            run = finish(part, study, data, folder, board, cache, retrain, memories.get(part))
            provenance.runs[part.subfolder] = StoredPath.of(run.folder, folder)
            provenance.write(folder)
    made = assemble(folder, provenance)
    write_tables(folder, {**made.tables, "costs": made.costs}, provenance.not_known)
    write_scores(folder, score_table(made.systems, made.shared))
    provenance.results = digests(made.tables)
    provenance.status = "complete"
    provenance.write(folder)
    write_comparison_report(made)
    return made


def _resumed(begun: Provenance, folder: Path) -> str:
    """Return the command that goes on with a comparison."""
    into: list[str | Path] = [] if folder == default_folder(begun.study) else ["--out", folder]
    return typed("actscribe", "compare", begun.study.folder, *into, "--resume")


def _is_begun(folder: Path, resume: bool) -> bool:
    """Tell whether a comparison lies in a folder.

    Raises:
        ActScribeError: one does and is not to be gone on with, the folder or its tables hold what is not ours, or it
            cannot be written to.
    """
    begun = (folder / FILE).is_file()
    before = Provenance.read(folder) if begun else None
    if before is not None:
        check_replaceable(folder / TABLES)
    else:
        check_free(folder, "Choose a new or empty folder with --out.")
    if before is not None and not resume:
        raise ActScribeError(
            f"{folder}: a comparison is here already.",
            f"Finish it, or bring it up to date, with: {_resumed(before, folder)}\nRuns that are finished are kept, and"
            " only missing ones are made; --only shows some recognizers alone. Or choose another folder with --out.",
        )
    check_writable(folder)
    return begun


def _as_before(
    before: Provenance, study: Study, only: Sequence[str] | None, seeds: int | None, curve: str | None
) -> tuple[Sequence[str] | None, int, str]:
    """Return recognizers, seeds and curve that are asked for; where nothing is, those a comparison was begun with.

    One of all recognizers stays one of all: those that the study has got since then join it.
    """
    if only is None and set(before.recognizers) != set(before.study.recognizers):
        if gone := [name for name in before.recognizers if name not in study.recognizers]:
            raise ActScribeError(
                f"The comparison was asked for with {', '.join(gone)}, which the study no longer has.",
                f"Put it back, or say what to compare, such as --only {next(iter(study.recognizers))}.",
            )
        only = list(before.recognizers)
    return only, seeds or before.seeds, ",".join(map(str, before.curve)) if curve is None else curve


def _listed(recording: Recording, data: StudyData) -> Listed:
    sides = [recording.intervals or (), recording.gaps]
    if recording.name in data.second:
        sides += [data.second[recording.name].intervals, data.second[recording.name].gaps]
    # Who said it in which way is not part of what was said.
    marks = [[asdict(interval) | {"origin": None} for interval in side] for side in sides]
    text = json.dumps([recording.intervals is None, *marks], sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return Listed(
        name=recording.name,
        content=recording.content,
        annotations=digest,
        group=recording.group,
        split=recording.split,
    )


def _check_recordings(before: Provenance, data: StudyData, folder: Path) -> None:
    then = {one.name: one for one in before.recordings}
    now = {recording.name: _listed(recording, data) for recording in data.recordings}
    wrong = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    if wrong:
        raise ActScribeError(
            f"{folder}: recordings, annotations or split are not those of the comparison: {', '.join(wrong[:8])}.",
            f"Put them back as they were, or make a new comparison: actscribe compare {typed(before.study.folder)}",
        )


def _check(
    study: Study, data: StudyData, names: Sequence[str], left: Collection[str], cache: FrameCache | None
) -> None:
    """Refuse what `train` would refuse perhaps hours later, and warn of too little memory."""
    to_make = [name for name in names if name in left]
    check_comparable(study, names, to_make, data, cache)
    for sentence in memory_warnings(study, to_make, data):
        say(f"Warning: {sentence}")


def _columns(study: Study, data: StudyData) -> dict[str, dict[str, str]]:
    """Return the study's own manifest columns by recording, for slices."""
    extra = {row.video: row.extra for row in read_manifest(study.folder / study.recordings)}
    names = sorted({name for values in extra.values() for name in values} - set(data.labels.moments()))
    return {name: {r.name: extra[r.video].get(name, "") for r in data.recordings} for name in names}
