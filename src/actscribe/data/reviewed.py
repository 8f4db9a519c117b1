"""What people said in review: the truth of a recording that somebody began there.

The sheet of the annotator called "agreed" counts, where there is one; else that of the first who began the recording.
The second annotator's is the second opinion. A recording that nobody began keeps what its files say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe.annotations.interval import Annotations, Interval
from actscribe.counts import counted
from actscribe.data.clips import SAME_S
from actscribe.data.manifest import Row
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.files import content_hash, text_hash
from actscribe.journal import AGREED, FILES, SECOND_FILES, Began, Entry, Journal, Sheet, Version, annotated, begin
from actscribe.journal.outdated import as_it_stands, outdated
from actscribe.journal.spans import joined, seconds
from actscribe.labels import LabelSet
from actscribe.typed_words import typed

#: Recordings that one sentence names.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Written:
    """What files say of a recording, whoever reviewed it since.

    Args:
        recording: with the annotations of its files.
        row: of the manifest.
        source: the file that they are from, seen from the study's folder; the manifest where a column says it; else
            empty.
        digest: from `digest_of`, before the annotations were read: what changes in between shows as a change.
        second: what the study's second annotator wrote, or None.
    """

    recording: Recording
    row: Row
    source: str
    digest: str
    second: Annotations | None = None

    def began(self, labels: LabelSet, independent: bool = False) -> Began:
        """Return the beginning of a sheet: with what the files say, or independent of it, from nothing."""
        one = self.recording
        if independent or one.intervals is None:
            return begin(one.name, one.duration, labels.names)
        annotations = Annotations(one.intervals, one.gaps)
        return begin(one.name, one.duration, labels.names, annotations, self.source, self.digest)

    def files(self, labels: LabelSet) -> dict[str, Began]:
        """Return what the files of both annotators say, each as a beginning; see `journal.file_voices`."""
        one, beginnings = self.recording, {}
        if one.intervals is not None:
            beginnings[FILES] = self.began(labels)
        if self.second is not None:
            beginnings[SECOND_FILES] = begin(one.name, one.duration, labels.names, self.second)
        return beginnings


@dataclass(frozen=True, slots=True)
class Review:
    """What a study's review amounts to.

    Args:
        version: of the journal that was read.
        whose: content of a recording -> the annotator whose sheet is its truth.
        truth: content -> what this sheet says, under the label set's names; None: nothing was reviewed.
        second: content -> what the second annotator's says.
        remarks: sentences on what changed since.
    """

    version: Version
    whose: Mapping[str, str]
    truth: Mapping[str, Annotations | None]
    second: Mapping[str, Annotations]
    remarks: tuple[str, ...]

    def applied(self, recordings: Iterable[Recording]) -> list[Recording]:
        """Return the recordings with what was said of them in review."""
        return [self._applied(one) for one in recordings]

    def _applied(self, recording: Recording) -> Recording:
        if recording.content not in self.truth:
            return recording
        truth = self.truth[recording.content]
        if truth is None:
            return replace(recording, intervals=None, gaps=())
        return replace(recording, intervals=truth.intervals, gaps=truth.gaps)


def digest_of(row: Row) -> str:
    """Return the digest of an annotation file, or of what the manifest's column says; empty: there is none now."""
    if row.annotations is None:
        return text_hash(row.label) if row.label else ""
    try:
        return content_hash(row.annotations)
    except OSError:  # as whatever reads it next says
        return ""


def written_of(
    recordings: Sequence[Recording],
    second: Sequence[Annotations | None],
    rows: Sequence[Row],
    digests: Sequence[str],
    listed: Path,
    folder: Path,
) -> dict[str, Written]:
    """Return what files say of each recording, by its content.

    Args:
        recordings: as the files have them, in the order of `rows`.
        second: of each row, what a second annotator wrote, or None.
        rows: of the manifest.
        digests: of each row, see `Written`.
        listed: the manifest, or the folder of videos.
        folder: of the study.
    """
    by_content: dict[str, Written] = {}
    for recording, other, row, digest in zip(recordings, second, rows, digests, strict=True):
        source = row.annotations or (listed if row.label else None)
        named = "" if source is None else _relative(folder, source)
        by_content.setdefault(recording.content, Written(recording, row, named, digest, other))
    return by_content


def read_review(folder: Path, labels: LabelSet, written: Mapping[str, Written]) -> Review:
    """Read the journal of a study.

    Args:
        folder: of the study.
        labels: of the study, as they are now.
        written: from `written_of`.

    Raises:
        ActScribeError: it cannot be read, or holds bouts of labels that the study does not have any more.
    """
    entries = Journal.of(folder).entries()
    if not entries:
        return Review(Version(), {}, {}, {}, ())
    by_sheet: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for one in entries:
        if one.kind not in ("looked", "read"):
            by_sheet[one.recording, one.annotator].append(one)
    began: dict[str, list[str]] = defaultdict(list)
    for content, annotator in by_sheet:
        began[content].append(annotator)
    sheets: dict[str, Sheet] = {}
    second: dict[str, Sheet] = {}
    for content in written.keys() & began.keys():
        first, *others = began[content]
        agreed = AGREED in began[content]
        sheets[content] = Sheet.of(by_sheet[content, AGREED if agreed else first])
        if agreed:
            of_recording = [one for one in entries if one.recording == content]
            again = outdated(of_recording, labels, written[content].files(labels))
            sheets[content] = as_it_stands(sheets[content], again, labels)
        if others and not agreed:
            second[content] = Sheet.of(by_sheet[content, others[0]])
    _check_labels([*sheets.values(), *second.values()], labels)
    lost = {one: Sheet.of(by_sheet[one, who[0]]) for one, who in began.items() if one not in written}
    return Review(
        Version(entries=len(entries), head=entries[-1].digest),
        {content: sheet.annotator for content, sheet in sheets.items()},
        {content: _truth(sheet, labels) for content, sheet in sheets.items()},
        {content: annotated(sheet, labels) for content, sheet in second.items()},
        (
            *_unsettled(folder, sheets.values(), labels),
            *_of_further_people(began, written),
            *_files_changed(sheets, written),
            *_labels_since(sheets.values(), labels),
            *_other_videos(lost, written),
        ),
    )


def _truth(sheet: Sheet, labels: LabelSet) -> Annotations | None:
    """Return what a sheet says; None where nothing was reviewed: bouts alone do not say where there is none."""
    annotations = annotated(sheet, labels)
    return None if annotations.gaps == (Interval("", 0.0, sheet.began.duration),) else annotations


def _check_labels(sheets: Sequence[Sheet], labels: LabelSet) -> None:
    problems = []
    for sheet in sheets:
        counts = Counter(
            one.label
            for one in sheet.bouts.values()
            if labels.resolve(one.label) is None and not labels.is_ignored(one.label)
        )
        for name, count in counts.items():
            bouts = counted(count, "bout")
            problems.append(
                f"the review of {sheet.began.name} by {sheet.annotator} has {bouts} of '{name}', which is not a label."
            )
    if problems:
        more = f"\n… and {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
        raise ActScribeError(
            "\n".join(problems[:_SHOWN]) + more,
            "Write the name as an alias of the label that it is called now, or under 'ignored:' of the label set.",
        )


def _files_changed(sheets: Mapping[str, Sheet], written: Mapping[str, Written]) -> list[str]:
    """Say which annotation files were changed since the review of their recordings was begun with them."""
    changed = [
        sheet.began.name
        for content, sheet in sheets.items()
        if sheet.began.source and sheet.began.digest != written[content].digest
    ]
    return [
        f"{_named(changed)}: the annotation file was changed since the review started from it. The review counts, and"
        " the change does not."
    ] * bool(changed)


def _unsettled(folder: Path, sheets: Iterable[Sheet], labels: LabelSet) -> list[str]:
    """Say how much of the agreed annotations is not settled, and how it is."""
    agreed = [one for one in sheets if one.annotator == AGREED]
    open_spans = {one.began.name: _not_annotated(annotated(one, labels), labels.names) for one in agreed}
    left = {name: spans for name, spans in open_spans.items() if spans}
    spans = [span for of_one in left.values() for span in of_one]
    return [
        f"{_named(list(left))}: {counted(len(spans), 'span')} ({seconds(tuple(spans)):.1f} s, counted for each label)"
        " not settled, so not annotated in the agreed annotation, whatever one annotator says of it. To settle, type:"
        f" actscribe review {typed(folder)} --annotator {AGREED}"
    ] * bool(left)


def _of_further_people(began: Mapping[str, Sequence[str]], written: Mapping[str, Written]) -> list[str]:
    """Say whose annotations count nowhere, since two people annotated the recording before."""
    names: dict[str, list[str]] = defaultdict(list)
    for content in written.keys() & began.keys():
        for who in further_people(began[content]):
            names[who].append(written[content].recording.name)
    return [
        f"{_named(own)}: annotated by {who} after two others, so neither trained on nor settled; --export writes it."
        for who, own in sorted(names.items())
    ]


def further_people(annotators: Sequence[str]) -> list[str]:
    """Return who began a recording after the two whose annotations count, of all who began it, in their order."""
    return [one for one in annotators if one != AGREED][2:]


def _not_annotated(annotations: Annotations, labels: Sequence[str]) -> list[tuple[float, float]]:
    """Return the spans that are not annotated, of each label its own."""
    of_labels = (joined((gap.start, gap.end) for gap in annotations.gaps if gap.label in ("", name)) for name in labels)
    return [(start, end) for spans in of_labels for start, end in spans if end - start > SAME_S]


def _labels_since(sheets: Iterable[Sheet], labels: LabelSet) -> list[str]:
    sheets = list(sheets)
    notes = []
    for label in labels.names:
        before = [one.began.name for one in sheets if label not in {labels.resolve(name) for name in one.labels}]
        if before:
            notes.append(f"{_named(before)}: reviewed before there was a label '{label}', so not annotated for it.")
    return notes


def _other_videos(content: Mapping[str, Sheet], written: Mapping[str, Written]) -> list[str]:
    """Say which recordings were reviewed as another video: a file that was cut or converted since is another one."""
    names = {one.recording.name: one for one in written.values()}
    lost = [sheet.began.name for sheet in content.values() if sheet.began.name in names]
    return [f"{_named(lost)}: the video is not the file that was reviewed, so that review does not count."] * bool(lost)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more


def _relative(folder: Path, path: Path) -> str:
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
