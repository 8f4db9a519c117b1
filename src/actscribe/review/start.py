"""From what was typed to a session that is served, or to files."""

from __future__ import annotations

import getpass
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from actscribe.data.loading import StudyData, load_data
from actscribe.errors import ActScribeError
from actscribe.journal import AGREED, FILES, SECOND_FILES, Journal
from actscribe.names import same_name
from actscribe.progress import track
from actscribe.review.cameras import Conversions
from actscribe.review.choose_run import choose_run
from actscribe.review.export import Exporter
from actscribe.review.folder import ReviewFolder
from actscribe.review.recordings import Item, items
from actscribe.review.suggestions import SuggestionFiles, run_digest
from actscribe.settings.study import Split, Study, load_study
from actscribe.typed_words import typed

#: Characters of an annotator's name.
LONGEST_NAME = 64


def read_study(study: Path) -> tuple[Study, StudyData, list[str]]:
    """Return a study, its data, and sentences on what is to be known of it.

    A study that is too small to be split may be reviewed all the same: it grows by that.

    Args:
        study: file or folder.

    Raises:
        ActScribeError: as `load_study` and `load_data`.
    """
    loaded = load_study(study)
    try:
        return loaded, load_data(loaded), []
    except ActScribeError as error:
        whole = loaded.model_copy(update={"split": Split(train=1, validation=0, test=0)})
        try:
            data = load_data(whole)
        except ActScribeError:
            raise error from None
        return whole, data, [f"Not split yet, so no recording is kept blind for testing: {error.message}"]


def checked_name(name: str | None) -> str:
    """Return the name of an annotator without spaces around it; None: that of the login.

    Raises:
        ActScribeError: it is empty, too long, holds control characters, or is that of the study's own annotations.
    """
    name = unicodedata.normalize("NFC", _login() if name is None else name).strip()
    invisible = ("Cc", "Cs", "Cf", "Zl", "Zp")
    if not 0 < len(name) <= LONGEST_NAME or any(unicodedata.category(one) in invisible for one in name):
        raise ActScribeError(
            f"An annotator's name has 1 to {LONGEST_NAME} characters that are visible.", "Give initials: --annotator AB"
        )
    plain = same_name(unicodedata.normalize("NFKC", name))
    if plain in (FILES, SECOND_FILES):
        raise ActScribeError(
            f"'{name}' is what the study's own annotations are called.", "Give initials: --annotator AB"
        )
    if plain == AGREED != name:
        raise ActScribeError(
            f"'{name}' would be taken for '{AGREED}', under which the annotations of two are settled.",
            f"To settle them: --annotator {AGREED}; else give initials: --annotator AB",
        )
    return name


def called_nearly(name: str, others: Iterable[str]) -> list[str]:
    """Say which annotators differ from one in capitals alone: they are other people, whom this one may not be."""
    near = [one for one in others if one != name and same_name(one) == same_name(name)]
    return [
        f"'{one}' annotated here, and '{name}' is somebody else. If you are {one}, end this and type: --annotator"
        f" {typed(one)}"
        for one in near
    ]


def exported(study: Path, formats: list[str]) -> tuple[list[Path], list[str]]:
    """Write the sheets of all annotators, and return the files, and sentences on what is to be known of them.

    Args:
        study: file or folder.
        formats: names of formats, at least one.

    Raises:
        ActScribeError: as `read_study` and `Exporter.of_all`.
    """
    loaded, data, _ = read_study(study)
    folder = ReviewFolder.of(loaded.folder)
    exporter = Exporter(Journal.of(loaded.folder), data, folder.export, Conversions(folder.prepared))
    files, sentences = exporter.of_all(list(items(loaded, data).values()), formats)
    return files, [*data.remarks, *sentences]


def prepared(study: Path, run: Path | None) -> list[str]:
    """Compute suggestions and convert videos for all recordings but those kept blind; return sentences on it.

    Args:
        study: file or folder.
        run: whose predictions are suggested; None: see `choose_run`.

    Raises:
        ActScribeError: as `read_study`, or a run that cannot be loaded.
    """
    from actscribe.review.suggesting import suggest  # brings PyTorch, which the server does without
    from actscribe.runs.one_video import load

    loaded, data, words = read_study(study)
    chosen = choose_run(loaded, run)
    folder = ReviewFolder.of(loaded.folder).prepared
    all_items, failed = list(items(loaded, data).values()), []
    conversions = Conversions(folder)
    for item in track(all_items, "Preparing videos"):
        failed += _videos(conversions, item)
    if chosen.run is not None:
        ready, digest = load(chosen.run), run_digest(chosen.run)
        for item in track([one for one in all_items if not one.is_test], "Preparing suggestions"):
            try:
                suggest(ready, SuggestionFiles(folder, digest, item.content), item.recording.video, item.recording.name)
            except ActScribeError as error:
                failed.append(error.message)
    return [*words, chosen.why, *failed, f"Prepared. Type: actscribe review {typed(study)}"]


def _videos(conversions: Conversions, item: Item) -> list[str]:
    problems: list[str] = []
    for camera in item.cameras:
        try:
            conversions.times(camera.video)
            conversions.finish(camera.video)
            problems += filter(None, [conversions.left_out(camera.video)])
        except ActScribeError as error:
            problems.append(error.message)
    return problems


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a table of users
        return "annotator"
