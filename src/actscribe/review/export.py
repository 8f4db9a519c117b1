"""Sheets as annotation files in STUDY/review/export: a folder of ours, in which nothing of a user is written over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.counts import counted
from actscribe.data.loading import StudyData
from actscribe.errors import ActScribeError
from actscribe.files import explain_os_error
from actscribe.journal import AGREED, Began, Journal, Sheet, annotated
from actscribe.names import printable, safe_name, unique_names
from actscribe.review.cameras import Conversions
from actscribe.review.exported import Exported, check_ours, note
from actscribe.review.origins import with_origins
from actscribe.review.recordings import Item
from actscribe.review.settling import standing
from actscribe.typed_words import typed


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes sheets as annotation files.

    Args:
        journal: of the study.
        data: of the study.
        folder: to write to: a folder below it for each annotator.
        conversions: knows when frames are shown, for formats that count them.
    """

    journal: Journal
    data: StudyData
    folder: Path
    conversions: Conversions

    def write(self, wanted: Sequence[Item], annotator: str, formats: Sequence[str]) -> tuple[list[Path], list[str]]:
        """Write the sheets of one annotator in formats; return the files, and sentences on older ones that went.

        Args:
            wanted: recordings; those that this annotator has not begun are passed over.
            annotator: whose.
            formats: names of formats.

        Raises:
            ActScribeError: an unknown format, one that cannot carry a label, a full disk, or a file or link of somebody
                else's where one is to be written.
        """
        files, sentences = self._write(wanted, [annotator], formats)
        begun = [one for one in wanted if files and annotator in self.journal.annotators(one.content)]
        return files, [*sentences, *filter(None, map(self._unsettled, begun if annotator == AGREED else ()))]

    def _write(
        self, wanted: Sequence[Item], who: Iterable[str], formats: Sequence[str]
    ) -> tuple[list[Path], list[str]]:
        """Write sheets, the note on them, and return the files and sentences on older ones."""
        try:
            return self._written(wanted, who, formats)
        except OSError as error:  # a folder or file that may not be looked into
            raise explain_os_error(error, Path(error.filename or self.folder)) from error

    def _written(
        self, wanted: Sequence[Item], who: Iterable[str], formats: Sequence[str]
    ) -> tuple[list[Path], list[str]]:
        for name in formats:
            annotation_files.find_format(name)
        pairs = [(name, item) for name in who for item in wanted if name in self.journal.annotators(item.content)]
        paths = [self._paths(item, annotator, formats) for annotator, item in pairs]
        former, version = Exported.of(self.folder), self.journal.version()
        check_ours(self.folder, [path for of_sheet in paths for path in of_sheet.values()], former)
        noted = version if self.journal.holds(former.review) else former.review  # evidence that it was cut or rewritten
        names = {content: one.recording.name for content, one in self.data.written.items()}
        written: dict[Path, tuple[str, str]] = {}
        try:
            for (annotator, item), of_sheet in zip(pairs, paths, strict=True):
                annotations = self._annotations(item, annotator)
                clock = FrameClock.of_frames(*self.conversions.times(item.recording.video))
                for name, path in of_sheet.items():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    annotation_files.write(path, annotations, name, clock)
                    written[path] = item.content, item.recording.name
        except BaseException:
            with suppress(ActScribeError):  # what was written is ours all the same, and the next export may replace it
                note(self.folder, noted, written, names)
            raise
        if not written:
            return [], []
        return list(written), note(self.folder, noted, written, names)

    def _sheet(self, item: Item, annotator: str) -> Sheet:
        return standing(self.journal.sheet(item.content, annotator), item, self.journal, self.data.labels)

    def _unsettled(self, item: Item) -> str:
        """Say how much of what two annotators said of a recording is not settled; empty: nothing."""
        gaps = annotated(self._sheet(item, AGREED), self.data.labels).gaps
        if not gaps:
            return ""
        number = counted(len(gaps), "span")
        return (
            f"{item.recording.name}: {number} not settled, exported as not annotated. To settle, type:"
            f" actscribe review {typed(self.folder.parent.parent)} --annotator {AGREED}"
        )

    def _paths(self, item: Item, annotator: str, formats: Sequence[str]) -> dict[str, Path]:
        """Return format -> file of one sheet."""
        stem = self.folder / self._folder_name(annotator) / safe_name(item.recording.name)
        endings = {name: annotation_files.find_format(name).ending for name in formats}
        return {name: stem.with_name(f"{stem.name}{ending}") for name, ending in endings.items()}

    def _annotations(self, item: Item, annotator: str) -> Annotations:
        """Return what a sheet says, with what formats can carry beside it."""
        sheet = self._sheet(item, annotator)
        annotations = annotated(sheet, self.data.labels)
        intervals = with_origins(annotations.intervals, sheet, self.data.labels)
        return replace(
            annotations,
            intervals=intervals,
            media=(printable(str(item.recording.video.absolute())),),
            duration=item.recording.duration,
            notes=notes(sheet, intervals),
        )

    def _folder_name(self, annotator: str) -> str:
        """Return the name of an annotator's folder, which nobody else's work goes into, whoever begins later."""
        everybody = self.journal.annotators()
        names: list[str] = []
        for one in everybody:  # in their order, so that a name, once given, stays
            names = unique_names([*([name] for name in names), [one]])
        return names[everybody.index(annotator)]

    def of_all(self, wanted: Sequence[Item], formats: Sequence[str]) -> tuple[list[Path], list[str]]:
        """Write the sheets of all annotators, see `write`; return the files, and sentences on what is not among them.

        What is not settled is among the remarks of the study's data.

        Raises:
            ActScribeError: nobody began any, or as `write`.
        """
        who = dict.fromkeys(name for item in wanted for name in self.journal.annotators(item.content))
        missing = self._missing()
        if not who:
            message = " ".join(missing) or "Nothing was reviewed yet."
            raise ActScribeError(message, f"Begin with: actscribe review {typed(self.folder.parent.parent)}")
        files, sentences = self._write(wanted, who, formats)
        return files, [*missing, *sentences]

    def _missing(self) -> list[str]:
        """Say which sheets are of videos that the study no longer has."""
        began = [
            one for one in self.journal.entries() if one.kind == "began" and one.recording not in self.data.written
        ]
        names = dict.fromkeys(f"{one.read(Began).name} by {one.annotator}" for one in began)
        return [
            f"Not exported: {', '.join(names)}, reviewed as a video that the study no longer has: it was"
            " replaced or is no longer listed. Its annotations remain in the journal."
        ] * bool(names)


def notes(sheet: Sheet, intervals: Iterable[Interval]) -> tuple[str, ...]:
    """Return sentences on who made a sheet and where its bouts come from, for formats that carry notes.

    Args:
        sheet: of one annotator on one recording.
        intervals: that are written of it, from `with_origins`.
    """
    origins = [one.origin for one in intervals if one.origin is not None]
    runs = sorted({one.run for one in origins if one.run})
    of_runs = sum(one.how == "accepted" for one in origins)
    changed = sum(one.how == "corrected" and bool(one.run) for one in origins)
    of_people = len(origins) - of_runs - changed
    who = "Agreed by settling what two annotators said differently" if sheet.annotator == AGREED else sheet.annotator
    made = f"Reviewed with ActScribe. Annotator: {who}. Journal entry {sheet.revision}."
    origin = (
        f"Bouts by a person: {of_people}; suggested by a run and accepted as they were: {of_runs}, changed: {changed}."
    )
    began = f" Started from {sheet.began.source}." if sheet.began.source else ""
    return (made + began, origin + (f" Runs: {', '.join(runs)}." if runs else ""))
