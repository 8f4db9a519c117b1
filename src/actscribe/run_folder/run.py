"""The run folder: everything one training produced, and enough to load it again by its path alone."""

from __future__ import annotations

import io
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, in_one_line
from actscribe.files import check_writable, write_text
from actscribe.journal import Version
from actscribe.labels import LabelSet
from actscribe.ownership import check_free
from actscribe.recognizers.saved import loading_saved
from actscribe.run_folder.file_names import BASE, OPERATING_POINT, RECORDINGS, RUN_FILE, SCORES, of_split
from actscribe.run_folder.integrity import COPY_AGAIN, MODEL, check, digests, sealed, unsealed
from actscribe.run_folder.listed import LISTED, Listed
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.run_folder.warm import WarmStart
from actscribe.settings.registry import check_installed
from actscribe.settings.registry import recognizer as spec_of
from actscribe.settings.study import SAVED, Study, parse_settings
from actscribe.stored_path import StoredPath
from actscribe.table_files import write_parquet
from actscribe.timeline.curves import Confidence
from actscribe.timeline.segments import TimelineSettings
from actscribe.typed_words import typed
from actscribe.wrong_values import first_problem
from actscribe.yaml_file import load_model

if TYPE_CHECKING:
    from actscribe.recognizers.base import Recognizer

#: Folders below one that a user named in which runs are looked for, and how many of them a message lists (ours).
DEEPEST, LISTED_RUNS = 5, 20


class RunInfo(BaseModel):
    """What run.json holds.

    Args:
        status: "begun" until study, labels and recordings are written, "training" until the saved model was reloaded
            and gave the same scores, then "complete".
        name: the study's, of the recognizer.
        recognizer: its name in the registry; `settings` are its own.
        seed: of the run.
        study: its name.
        task_seconds: wall-clock seconds of each finished step.
        versions: of Python, this package and what computes.
        machine: processor and cores.
        notes: what the user should know about this run.
        reads: split -> how often scoring its clips was begun, also where it was stopped before the end.
        views: split -> (clips, crops) from which its kept scores are, see `data.views.Views`.
        weights: digest of the checkpoint's weights that training started from; empty where none is known, as in runs
            of earlier versions.
        home: where the study lay, by which paths of models in it are told from others.
        frames_room: bytes within which decoded frames were read block by block, since not all fit into the cache; the
            order of clips follows from it. 0: all were held.
        digests: of the files that results depend on, by their paths in the folder, see `integrity`.
        review: version of the review journal that its annotations are from; None: they are from files alone.
        warm_start: the run that its training started from; None: from the checkpoint that the settings name.
    """

    model_config = ConfigDict(extra="forbid")

    status: Literal["begun", "training", "complete"] = "training"
    name: str
    recognizer: str
    settings: dict[str, Any]
    seed: int
    study: str
    task_seconds: dict[str, float] = {}
    versions: dict[str, str] = {}
    machine: str = ""
    notes: list[str] = []
    reads: dict[str, int] = {}
    views: dict[str, tuple[int, int]] = {}
    weights: str = ""
    home: StoredPath | None = None
    frames_room: int = 0
    digests: dict[str, str] = {}
    review: Version | None = None
    warm_start: WarmStart | None = None


class OperatingPoint(BaseModel):
    """What validation chose: clip thresholds, how scores become a timeline, and what confidence a score stands for.

    Args:
        thresholds: of the clip decisions, by label.
        fallbacks: labels whose threshold is the default, since no clip of validation shows them.
        timeline: how scores become a timeline.
        confidence: what a score stands for.
    """

    model_config = ConfigDict(extra="forbid")

    thresholds: dict[str, float]
    fallbacks: tuple[str, ...] = ()
    timeline: TimelineSettings
    confidence: Confidence = Confidence()


class Run:
    """A run folder. Reading is lazy; every write is whole or not at all.

    Args:
        folder: of the run.
        info: what run.json holds.
    """

    def __init__(self, folder: Path, info: RunInfo) -> None:
        self.folder = folder
        self.info = info

    @classmethod
    def create(
        cls, folder: Path, study: Study, labels: LabelSet, recordings: tuple[Recording, ...], info: RunInfo
    ) -> Run:
        """Return a new run, its folder written with its study, label set and recordings; `train` calls it.

        Args:
            folder: new, empty, or of an earlier run.
            study, labels, recordings: what the run is made with.
            info: what run.json will hold.

        Raises:
            ActScribeError: the folder holds something else, see `check_run_folder`.
        """
        check_run_folder(folder)
        run = cls(folder, info.model_copy(update={"status": "begun", "home": StoredPath.of(study.folder, folder)}))
        run.save_info()  # first of all: from here on the folder is known as ours
        write_text(folder / "study.yaml", _yaml(study.model_dump(mode="json")))
        write_text(folder / "labels.yaml", _yaml(labels.model_dump(mode="json")))
        run.save_listed(tuple(Listed.of(recording, folder) for recording in recordings))
        run.note(*(folder / name for name in BASE))
        run.info.status = info.status
        run.save_info()
        return run

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Return the run in a folder.

        Args:
            folder: as `train` returned it in `Run.folder`.

        Raises:
            ActScribeError: no run there, or one of which a file is missing or was changed.
        """
        folder = Path(folder)
        path = folder / RUN_FILE
        if not path.is_file():
            raise ActScribeError(f"{folder}: no run here (no run.json).", _runs_of(folder))
        try:
            info = RunInfo.model_validate(unsealed(path))
        except ValueError as error:
            raise ActScribeError(
                f"{path}: was not written by this version of ActScribe ({first_problem(error)}).",
                "Name the folder of a run, or to make one, a new or empty folder with --out.",
            ) from None
        whole = info.status == "complete"
        check(folder, {name: digest for name, digest in info.digests.items() if whole or name in BASE})
        return cls(folder, info)

    def require_complete(self) -> Run:
        """Return the run itself if its training ended.

        Raises:
            ActScribeError: it did not; says how to go on.
        """
        if self.info.status != "complete":
            command = typed("actscribe", "train", study_above(self.folder), "--recognizer", self.info.name, "--resume")
            raise ActScribeError(f"{self.folder}: its training did not finish.", f"Go on with: {command}")
        return self

    def save_info(self) -> None:
        """Write run.json."""
        write_text(self.folder / RUN_FILE, sealed(self.info.model_dump(mode="json")))

    def note(self, *paths: Path) -> None:
        """Record the digests of files or whole folders that were just written; `save_info` writes them.

        Args:
            paths: below the run's folder.
        """
        new_digests = digests(self.folder, paths)
        gone = tuple(f"{path.relative_to(self.folder).as_posix()}/" for path in paths)
        kept = {name: value for name, value in self.info.digests.items() if not name.startswith(gone)}
        self.info.digests = kept | new_digests

    @cached_property
    def study(self) -> Study:
        """The study as it was when the run was made."""
        return load_model(self.folder / "study.yaml", Study, SAVED)

    @cached_property
    def labels(self) -> LabelSet:
        """The label set as it was when the run was made."""
        return load_model(self.folder / "labels.yaml", LabelSet)

    def listed(self, split: str | None = None) -> tuple[Listed, ...]:
        """Return what recordings.json holds of one split or all.

        Args:
            split: "train", "validation" or "test"; None: all.

        Raises:
            ActScribeError: it is gone, or not of this version.
        """
        path = self.folder / RECORDINGS
        try:
            listed = LISTED.validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ActScribeError(
                f"{path}: cannot be read: {in_one_line(error)}.", "Copy the run's folder again."
            ) from None
        return tuple(one for one in listed if split is None or one.split == split)

    def save_listed(self, listed: tuple[Listed, ...]) -> None:
        """Write recordings.json.

        Args:
            listed: every recording of the run.
        """
        write_text(self.folder / RECORDINGS, LISTED.dump_json(listed, indent=1).decode())

    def recordings(self, split: str | None = None) -> tuple[Recording, ...]:
        """Return the run's recordings with the annotations it was made with, of one split or all.

        A video is looked for at its path relative to the run's folder first, then at its absolute path; see
        `videos.located`.

        Args:
            split: "train", "validation" or "test"; None: all.

        Raises:
            ActScribeError: as in `listed`.
        """
        return tuple(one.recording(one.video.find(self.folder)) for one in self.listed(split))

    @property
    def operating_point(self) -> OperatingPoint:
        """What validation chose.

        Raises:
            ActScribeError: it is missing, or was changed.
        """
        path = self.folder / OPERATING_POINT
        try:
            return OperatingPoint.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ActScribeError(f"{path}: cannot be read ({in_one_line(error)}).", COPY_AGAIN) from error

    def save_operating_point(self, operating_point: OperatingPoint) -> None:
        """Write operating-point.json.

        Args:
            operating_point: what validation chose.
        """
        path = self.folder / OPERATING_POINT
        write_text(path, operating_point.model_dump_json(indent=1))
        self.note(path)

    @property
    def is_trained(self) -> bool:
        """Whether its recognizer learned anything."""
        name = self.info.recognizer
        check_installed(name, self.folder)
        return spec_of(name).trains(parse_settings(name, self.info.settings))

    def recognizer(self) -> Recognizer:
        """Return the recognizer, loaded: its `input_spec.frames` says how many frames of a clip it looks at.

        Raises:
            ActScribeError: its package or the model that it refers to is not here, or its files do not fit each other
                or this installation.
        """
        check_installed(self.info.recognizer, self.folder)
        from actscribe.recognizers.base import implementation  # brings PyTorch, which reading a run does without

        with loading_saved(self.folder / MODEL):
            return implementation(self.info.recognizer).load(self.folder / MODEL, self.labels)

    def scores_path(self, split: str) -> Path:
        """Return where the per-clip scores of a split are kept.

        Args:
            split: "train", "validation" or "test".
        """
        return self.folder / of_split(SCORES, split)

    def has_scores(self, split: str) -> bool:
        """Tell whether the scores of a split are kept; those that a killed process left unnoted count as none.

        Args:
            split: "train", "validation" or "test".
        """
        path = self.scores_path(split)
        return path.is_file() and path.name in self.info.digests

    def save_scores(self, split: str, scored: ScoredClips) -> None:
        """Write a split's clips with frame times, covered fractions and scores as parquet.

        Args:
            split: "train", "validation" or "test".
            scored: its clips.
        """
        write_parquet(self.scores_path(split), scored.table(self.labels))
        self.note(self.scores_path(split))

    def scores(self, split: str) -> ScoredClips:
        """Return the kept scores of a split, in [0, 1], with their clips.

        Args:
            split: "train", "validation" or "test", for which `has_scores` is true.
        """
        return ScoredClips.from_table(pd.read_parquet(io.BytesIO(self.scores_path(split).read_bytes())), self.labels)


def check_run_folder(folder: Path) -> None:
    """Prove that a run may be written into a folder: it holds nothing, or a run of ours.

    Raises:
        ActScribeError: it holds something else, or cannot be written to.
    """
    hint = "Choose a new or empty folder with --out."
    if (folder / RUN_FILE).is_file():
        try:
            Run.open(folder)
        except ActScribeError as error:
            raise ActScribeError(error.message, f"{error.hint} Or: {hint}") from error
    else:
        check_free(folder, hint)
    check_writable(folder)


def study_above(folder: Path) -> Path:
    """Return the study in whose folder a run, comparison or another folder of ours lies, not quoted.

    Where it lies in none, the study of the working folder; STUDY where that has none either.
    """
    above = next((one for one in (*folder.parents[:3], Path()) if (one / "study.yaml").is_file()), None)
    return Path("STUDY") if above is None else above


def _runs_of(folder: Path) -> str:
    """Return what to type where a folder is not a run: one of those below it, or how one is made."""
    is_study = (folder / "study.yaml").is_file() and not (folder / RECORDINGS).exists()  # a run keeps both
    study = folder if is_study else study_above(folder)
    return runs_listed(folder) or f"Make one with: actscribe train {typed(study)}"


def runs_listed(folder: Path) -> str:
    """Return a line for each run below a folder, of a study, comparison or benchmark; empty where there is none."""
    runs = _runs_below(folder)
    if not runs:
        return ""
    lines = [f"  {typed(run)}{'' if _is_complete(run) else ' (its training did not finish)'}" for run in runs]
    more = [f"  and {len(runs) - LISTED_RUNS} more"] if len(runs) > LISTED_RUNS else []
    return "\n".join(["Name one of the runs below it:", *lines[:LISTED_RUNS], *more])


def _runs_below(folder: Path) -> list[Path]:
    folders: list[Path] = []
    for parent, below, files in os.walk(folder):
        depth = len(Path(parent).relative_to(folder).parts)
        below[:] = [] if RUN_FILE in files or depth >= DEEPEST else sorted(n for n in below if not n.startswith("."))
        if RUN_FILE in files:
            folders.append(Path(parent))
    return sorted(folders)


def _is_complete(folder: Path) -> bool:
    """Tell whether a run's own file says so; a damaged one is not."""
    try:
        return unsealed(folder / RUN_FILE).get("status") == "complete"
    except ActScribeError:
        return False


def _yaml(values: dict[str, Any]) -> str:
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)
