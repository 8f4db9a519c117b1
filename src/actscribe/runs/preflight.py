"""What `train` and `compare` would refuse in a study, or take too long over, found before anything is decoded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from actscribe.data.empty_splits import nobody_annotated, way_to_fill
from actscribe.data.loading import StudyData
from actscribe.data.manifest import HELD_OUT
from actscribe.errors import ActScribeError, in_one_line
from actscribe.models.catalog import ENTRIES, PACKAGED, location
from actscribe.models.device import check_trains_here
from actscribe.packages import missing
from actscribe.recognizers.base import implementation
from actscribe.recognizers.plans.memory import too_large
from actscribe.recognizers.ready import problems
from actscribe.runs.moved import moved_groups
from actscribe.runs.no_validation import keep_note, keeps_last, with_keep
from actscribe.runs.trainable import check_shares, check_targets, needed
from actscribe.runs.training_clips import cut_training_clips
from actscribe.settings.registry import REAL_VIDEO, recognizer
from actscribe.settings.study import Study
from actscribe.typed_words import typed
from actscribe.video.cache import FrameCache, default_cache
from actscribe.video.probe import VideoInfo

#: What is known about videos already, so that each is measured once: see `ClipData`.
Infos = dict[Path, VideoInfo]
INSTALL = "pip install 'actscribe[imagenet]', then "


def preflight_problems(
    study: Study, data: StudyData, cache: FrameCache | None = None, infos: Infos | None = None
) -> list[str]:
    """Return a sentence for each thing that would be refused, with the recognizers that it is about.

    Args:
        study: whose recognizers are asked for.
        data: of the study.
        cache: of decoded frames; default the user's.
        infos: what is known about videos already; filled with what is found out.
    """
    return [*refusals(study, list(study.recognizers), data, cache, infos), *_gaps(study, data, _to_compare(study))]


def comparison_notes(study: Study, data: StudyData) -> list[str]:
    """Return why a study that goes without a held-out split can be trained and not compared; empty where it has them.

    Args:
        study: of one recognizer, or of several and no share for a test; else `preflight_problems` says it.
        data: of the study.
    """
    return _gaps(study, data, [split for split in HELD_OUT if split not in _to_compare(study)])


def _to_compare(study: Study) -> list[str]:
    """Return the splits without which a study is refused, since it is to be compared; one of 0 was chosen to be none.

    A study of one recognizer is trained and not compared.
    """
    if len(study.recognizers) == 1:
        return []
    return [split for split in HELD_OUT if split != "test" or study.split.test > 0]


def refusals(
    study: Study,
    names: Sequence[str],
    data: StudyData,
    cache: FrameCache | None = None,
    infos: Infos | None = None,
) -> list[str]:
    """Return a sentence for each thing that `train` would refuse; of recognizers `names`, else as the above."""
    held, infos = cache or default_cache(), {} if infos is None else infos
    by_problem: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for problem in _of(name, study, data, held, infos):
            by_problem[problem].append(name)
    return [f"{', '.join(about)}: {problem}" for problem, about in by_problem.items()]


def check_comparable(
    study: Study, names: Sequence[str], left: Sequence[str], data: StudyData, cache: FrameCache | None = None
) -> None:
    """Refuse a comparison that could not be finished, in the words of `preflight_problems`.

    Args:
        study: that is compared.
        names: of all recognizers, which must be able to run here.
        left: those that are to be trained or set up, whose frames and vectors must find room as well.
        data: of the study.
        cache: of decoded frames; default the user's.

    Raises:
        ActScribeError: lists everything that is in the way, of all recognizers and splits.
    """
    done = [name for name in names if name not in left]
    lines = [f"{name}: {problem}" for name in done for problem in problems(study, name)]
    lines += [*refusals(study, left, data, cache), *_gaps(study, data, HELD_OUT), *server_notes(study, left)[1]]
    if lines:
        raise ActScribeError("\n".join(lines), "Nothing was started. Fix this, or leave recognizers out with --only.")


def data_warnings(study: Study, data: StudyData) -> list[str]:
    """Return what to beware of in the data themselves, whatever is trained on them: that is not a refusal.

    Args:
        study: whose runs may have had other splits.
        data: of the study.
    """
    return [*data.remarks, *moved_groups(study, data), *data.not_known]


def memory_warnings(study: Study, names: Sequence[str], data: StudyData) -> list[str]:
    """Return a sentence for each recognizer that this machine's memory hardly holds; that is not a refusal."""
    ready = [name for name in names if not problems(study, name)]
    sentences = {name: too_large(with_keep(study, name, data), name, len(data.labels)) for name in ready}
    return [f"{name}: {sentence}" for name, sentence in sentences.items() if sentence]


def _gaps(study: Study, data: StudyData, splits: Sequence[str]) -> list[str]:
    return [
        f"{nobody_annotated(split)}, which 'actscribe compare' needs."
        f" {way_to_fill(split, study, data)}{_instead(split, study, data)}"
        for split in splits
        if not any(recording.intervals is not None for recording in data.of_split(split))
    ]


def _instead(split: str, study: Study, data: StudyData) -> str:
    """Return what can be done meanwhile, with a leading space; empty where nothing can."""
    if split == "validation":
        able = [name for name in study.recognizers if split not in needed(with_keep(study, name, data), name)]
        command = typed("actscribe", "train", study.folder, "--recognizer", able[0]) if able else ""
        return f" Meanwhile '{command}' trains one that can do without." if able else ""
    available = next((name for name in ("validation", "train") if data.of_split(name)), "")
    what = {
        "validation": "the recordings by which its thresholds were chosen, which flatters it",
        "train": "the recordings that it learned from, which flatters it much",
    }
    run = study.folder / "runs" / next(iter(study.recognizers))
    command = typed("actscribe", "evaluate", run, "--split", available)
    return f" Once it is trained, '{command}' measures it on {what[available]}." if available else ""


def label_notes(study: Study, data: StudyData) -> list[str]:
    """Return which labels no clip of a split shows, where the study allows that."""
    return check_targets(study, data, ()) if study.empty_labels == "allow" else []


def weight_notes(study: Study, data: StudyData) -> list[str]:
    """Return a sentence on the recognizers that keep their last weights for want of a validation split, if any."""
    names = [name for name in study.recognizers if keeps_last(study, name, data)]
    by_note: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_note[keep_note(study, name)].append(name)
    return [f"{', '.join(about)}: {note}" for note, about in by_note.items()]


def model_notes(study: Study) -> list[str]:
    """Return what to try where a study's recognizers have nothing but the package's own models, which are tiny."""
    chosen = [study.chosen(name) for name in study.recognizers]
    models = {one.spec.server(one.settings) or one.spec.model(one.settings) for one in chosen}
    if not models or not models <= PACKAGED or any(location(entry) == "cache" for entry in ENTRIES):
        return []
    first = "" if not missing(recognizer(REAL_VIDEO).packages(recognizer(REAL_VIDEO).settings())) else INSTALL
    return [
        "the models of this study are the tiny ones of the package, which have seen nothing but drawings. On real video"
        f" begin with an encoder that has seen photographs: {first}add '{REAL_VIDEO}: {{}}' below 'recognizers:'"
    ]


def server_notes(study: Study, names: Sequence[str] | None = None) -> tuple[list[str], list[str]]:
    """Ask the servers that a study names, and return what they can do and, else, why they cannot be used.

    Args:
        study: whose recognizers name them.
        names: of the recognizers; None: all.
    """
    accepted: dict[str, list[str]] = defaultdict(list)
    refused: dict[str, list[str]] = defaultdict(list)
    for name in study.recognizers if names is None else names:
        try:
            chosen = study.chosen(name)
            for server in implementation(chosen.recognizer).servers(chosen.settings).values():
                accepted[server.description()].append(name)
        except ActScribeError as error:
            refused[in_one_line(error)].append(name)
    notes = [[f"{', '.join(about)}: {what}" for what, about in one.items()] for one in (accepted, refused)]
    return notes[0], notes[1]


def frame_notes(
    study: Study, data: StudyData, cache: FrameCache | None = None, infos: Infos | None = None
) -> list[str]:
    """Return a sentence on the room and the time that each recognizer's decoded frames take, where it can be trained.

    Args:
        study, data, cache, infos: as `preflight_problems` has them.
    """
    held, infos = cache or default_cache(), {} if infos is None else infos
    by_sentence: dict[str, list[str]] = defaultdict(list)
    for name in study.recognizers:
        if problems(study, name):
            continue
        with suppress(ActScribeError):  # which `preflight_problems` says
            by_sentence[cut_training_clips(study, name, data, held, infos).check_room().sentence].append(name)
    return [f"{', '.join(names)}: {sentence}" for sentence, names in by_sentence.items()]


def _of(name: str, study: Study, data: StudyData, cache: FrameCache, infos: Infos) -> list[str]:
    lacking = problems(study, name)
    if lacking:
        return lacking
    study = with_keep(study, name, data)
    refusals: list[str] = []
    checks: tuple[Callable[[], object], ...] = (
        *([check_trains_here] if study.chosen(name).trains else []),
        lambda: check_shares(study, name),
        lambda: check_targets(study, data, needed(study, name)),
        lambda: cut_training_clips(study, name, data, cache, infos).check_room(),
    )
    for check in checks:
        try:
            check()
        except ActScribeError as error:
            refusals.append(in_one_line(error))
    return refusals
