"""The videos or observations that one annotation file holds, and how the one that is meant is found.

One rule for all formats (ours). A name in the file and the video's fit when they are one file, or when their file names
agree; case, Unicode form (NFC, NFD), slashes and percent signs of URLs do not count, and a name without an ending, or
with another one (a converted copy), fits where no name with the right ending does. Folders have to agree as far as
both name them, except between two absolute paths, which may come from two machines, in a file that names no other
video, and where a file name leaves no choice: one video on disk has it, the file names one video that has it, and there
is no other file where that name leads. An observation's own name counts where it is wanted for by that name, or where
the observation names no video.
A file that names no video at all is taken for the one that it is paired with, if it holds a single observation.
Whatever else is open, two that fit or none that does, is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, sort_key
from actscribe.annotations.video_name import (
    NAMED,
    NO_FIT,
    Fit,
    Wanted,
    identity,
    name_fit,
    normal,
    parts_of,
    stem_and_ending,
    stems,
)
from actscribe.errors import ActScribeError
from actscribe.typed_words import typed

_SHOWN, _FOLDERS_SHOWN = 20, 4
#: More files of one name in a table are not spellings of a few videos (ours).
_MOST_ALIKE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One video or observation in an annotation file.

    Args:
        name: what the file calls it: an observation id or a file name; empty where the file names nothing.
        media: file names of the video; empty where they are not known.
        read: returns the annotations; raises ActScribeError when this entry, and only this one, is not sound.
        joins: the entry is some rows of a table, so that others which name the same video in another way belong to it.
        undivided: why what belongs to each of `media` cannot be told apart; such an entry is only read by its own name.
        read_at: of a format that counts frames: reads by when the frames of this video are shown, where the file was
            taken apart with another video's frame times.
    """

    name: str
    media: tuple[str, ...]
    read: Callable[[], Annotations]
    joins: bool = False
    undivided: str = ""
    read_at: Callable[[FrameClock | None], Annotations] | None = None


class Match(NamedTuple):
    """The entry that is meant, and in words by what it was found."""

    entry: Entry
    by: str


_WORDS = {5: "the path", 3: "the file name", 2: "the file name without an ending", 1: "the file name, ending apart"}
NAMES_NONE, ALONE = "the file names no video, so all of it is taken", "the file holds no other video"


def match_in_words(by: str) -> str:
    """Return in words how an entry was found, from `Match.by`."""
    return by if by in (NAMES_NONE, ALONE) else f"found by {by}"


def single(annotations: Annotations) -> list[Entry]:
    """Return the entries of a file that is about one video."""
    return [Entry(annotations.media[0] if annotations.media else "", annotations.media, lambda: annotations)]


class NotOneVideo(ActScribeError):
    """No entry of an annotation file is meant, or more than one; the hint is for Python.

    Args:
        source: the annotation file.
        video: that was asked for; None: the only one.
        problem: what the file holds or lacks, and its entries.
        advice: what to do.
        name: of an entry, as an example of what may be asked for.
        folders: of entries that are called as the video is and lie elsewhere.
    """

    def __init__(
        self, source: Path, video: str | None, problem: str, advice: str, name: str, folders: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{source}: {problem}")
        self.source, self.video, self.folders = source, video, folders
        self._advice, self._name = advice, name
        self.hint = self._completed(f"video={name!r}")

    def hint_of(self, option: str) -> str:
        """Return the hint of a command with an option that names the video in the file."""
        return self._completed(f"{option} {typed(self._name)}")

    @property
    def hint_of_manifest(self) -> str:
        """The hint for a manifest's row."""
        return self._completed(f"{self._name!r} in the manifest's column 'observation'")

    def _completed(self, example: str) -> str:
        return f"{self._advice}, for instance {example}." if self._name else f"{self._advice}."


def choose(path: Path, entries: Sequence[Entry], video: str | None) -> Match:
    """Return the entry that `video` means; to find many videos in one file, ask one `Index` of it.

    Args:
        path: of the annotation file.
        entries: what it holds, at least one.
        video: path of the video, or a file name, stem or observation id; None where the file holds one video.

    Raises:
        ActScribeError: nothing fits or several do; the message lists what is in the file.
    """
    return Index(path, entries).choose(video)


class Index:
    """The entries of a file, by what can fit a video: another one of its thousands is not looked at (see `choose`).

    Args:
        path: of the annotation file.
        entries: what it holds, at least one.
        videos: all that will be asked for, as far as they are known.
    """

    def __init__(self, path: Path, entries: Sequence[Entry], videos: Iterable[Path] = ()) -> None:
        self.path, self.entries = path, entries
        self._named_alike = Counter(stem_and_ending(parts_of(video.name).name)[0] for video in set(videos))
        self._lacks_names = len(entries) > 1 and any(entry.joins and not entry.name for entry in entries)

    def choose(self, video: str | None) -> Match:
        """Return the entry that `video` means; see `choose`.

        Raises:
            ActScribeError: no entry, or more than one, is meant by `video`.
        """
        path, entries = self.path, self.entries
        if self._lacks_names:
            problem = "holds rows that name no video beside rows that do"
            raise NotOneVideo(path, video, _listed(problem, entries), "Name the video in every row", "")
        if video is None:
            return _only(path, entries)
        if len(entries) == 1 and not entries[0].media:
            return Match(entries[0], NAMES_NONE)
        by_id = _by_id(self._of_id.get(normal(video), ()), video)
        if by_id is not None:
            return Match(by_id, "the observation's name")
        wanted = Wanted(video, path)
        indices = self._like(wanted)
        fits, elsewhere = self._fits(wanted, indices)
        candidates = [(fit, index) for fit, index in zip(fits, indices, strict=True) if fit.kind]
        if not candidates:
            raise _nothing(path, entries, video, elsewhere)
        best = max(fit for fit, _ in candidates)
        chosen = [entries[index] for fit, index in candidates if fit == best]
        joined = [
            (fit, index)
            for fit, index in candidates
            if fit == best or any(is_one_video(entries[index], one) for one in chosen)
        ]
        taken = [entries[index] for _, index in joined]
        if not all(one.joins and other.joins and is_one_video(one, other) for one, other in combinations(taken, 2)):
            raise _refuse(path, video, taken, f"'{video}' fits {len(taken)} of its entries")
        inside = {index for _, index in joined}
        for fit, index in joined:
            if fit.kind < NAMED and entries[index].joins:
                others = self._sharing(stem for name in _names(entries[index]) for stem in stems(name))
                _refuse_bridge(path, entries[index], [entries[other] for other in others if other not in inside], video)
        if taken[0].undivided:
            raise ActScribeError(f"{path}: {taken[0].undivided}", "Read the BORIS project itself, which says more.")
        return Match(_join(taken), _say(best))

    def _fits(self, wanted: Wanted, indices: Sequence[int]) -> tuple[list[Fit], list[Entry]]:
        """Return how well entries fit, and those that fit in nothing but the file name."""
        fits = [max(wanted.fit(name) for name in _names(self.entries[index])) for index in indices]
        if len(self.entries) == 1:
            return fits, []
        agreeing = [
            fit if fit.folders_agree or wanted.is_foreign(_names(self.entries[index])) else NO_FIT
            for fit, index in zip(fits, indices, strict=True)
        ]
        if any(fit.kind for fit in agreeing):
            return agreeing, []
        elsewhere = [self.entries[index] for fit, index in zip(fits, indices, strict=True) if fit.kind]
        return (fits if self._leaves_no_choice(wanted, elsewhere) else agreeing), elsewhere

    def _leaves_no_choice(self, wanted: Wanted, elsewhere: Sequence[Entry]) -> bool:
        """Tell whether entries of a file name are the wanted video's, although their folders are others."""
        if wanted.file is None or self._named_alike[stem_and_ending(parts_of(wanted.file.name).name)[0]] > 1:
            return False
        if not all(one.joins and other.joins and is_one_video(one, other) for one, other in combinations(elsewhere, 2)):
            return False
        return bool(elsewhere) and not any(wanted.is_another(name) for entry in elsewhere for name in _names(entry))

    @cached_property
    def _of_id(self) -> dict[str, list[Entry]]:
        """Observations that have a name of their own, by its normal form."""
        by_id: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.name not in ("", *entry.media):
                by_id.setdefault(normal(entry.name), []).append(entry)
        return by_id

    @cached_property
    def _of_stem(self) -> dict[str, list[int]]:
        by_stem: dict[str, list[int]] = {}
        for index, entry in enumerate(self.entries):
            for stem in {stem for name in _names(entry) for stem in stems(name)}:
                by_stem.setdefault(stem, []).append(index)
        return by_stem

    @cached_property
    def _of_file(self) -> dict[tuple[int, int], list[int]]:
        """Entries by the files that their names lead to from the annotation file: a link's name need not be like."""
        folder = self.path.absolute().parent
        by_key: dict[tuple[int, int], list[int]] = {}
        for index, entry in enumerate(self.entries):
            for key in {identity(folder / name) for name in _names(entry)}:
                if key is not None:
                    by_key.setdefault(key, []).append(index)
        return by_key

    def _sharing(self, stems: Iterable[str]) -> list[int]:
        return sorted({index for stem in set(stems) for index in self._of_stem.get(stem, ())})

    def _like(self, wanted: Wanted) -> list[int]:
        """Return the indices of the entries that may fit; of all others `Wanted.fit` knows that they do not."""
        indices = set(self._sharing((*stems(wanted.video), *stems(wanted.spelled))))
        key = identity(wanted.file) if wanted.file else None
        return sorted(indices | set(self._of_file.get(key, ()) if key else ()))


def is_one_video(one: Entry, other: Entry) -> bool:
    """Tell whether two entries may name the same video: their file names agree and no folder is contrary."""
    return any(_is_like(first, second) for first in _names(one) for second in _names(other))


def _is_like(one: str, other: str) -> bool:
    fit = name_fit(one, other)
    return fit.kind > 1 and fit.folders_agree


def first_spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the first spelling of the video that each name means; names that may mean two videos stand alone."""
    by_stem: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        by_stem.setdefault(stem_and_ending(parts_of(name).name)[0], []).append(name)
    first: dict[str, str] = {}
    for group in by_stem.values():
        if len(group) > _MOST_ALIKE:
            first |= {name: name for name in group}
            continue
        like = {name: [other for other in group if other == name or _is_like(name, other)] for name in group}
        for name, alike in like.items():
            first[name] = alike[0] if all(like[other] == alike for other in alike) else name
    return first


def _only(path: Path, entries: Sequence[Entry]) -> Match:
    if len(entries) > 1 and not all(entry.joins and is_one_video(entries[0], entry) for entry in entries):
        raise _refuse(path, None, entries, f"holds {len(entries)} videos or observations")
    return Match(_join(entries), ALONE)


def _by_id(named: Sequence[Entry], video: str) -> Entry | None:
    """Return the observation of those with the name wanted for, the same case before another one, if there is one."""
    literal = [entry for entry in named if entry.name == video]
    return next((entries[0] for entries in (literal, named) if len(entries) == 1), None)


def _names(entry: Entry) -> tuple[str, ...]:
    """Return what an entry calls its video; an observation's own name only where it names no video."""
    return entry.media or (entry.name,)


def _say(fit: Fit) -> str:
    reason = _WORDS[fit.kind]
    if not fit.literal:
        reason += ", spelled in another way"
    return reason if fit.folders_agree else f"{reason}, in another folder"


def _refuse_bridge(path: Path, entry: Entry, others: Sequence[Entry], video: str) -> None:
    """Refuse rows that may belong to the video and to another one of the table just as well."""
    other = next((other for other in others if is_one_video(entry, other)), None)
    if other is not None:
        raise _refuse(
            path,
            video,
            [entry, other],
            f"'{entry.name}' may be '{video}' or '{other.name}'",
            "Name the folder in every row, or say which one is meant",
        )


def _join(entries: Sequence[Entry]) -> Entry:
    """Return the rows of one video under all its spellings as one entry."""
    if len(entries) == 1:
        return entries[0]

    def read() -> Annotations:
        parts = [entry.read() for entry in entries]
        return replace(
            parts[0],
            intervals=tuple(sorted((i for part in parts for i in part.intervals), key=sort_key)),
            gaps=tuple(sorted((gap for part in parts for gap in part.gaps), key=sort_key)),
            label_sources={label: where for part in reversed(parts) for label, where in part.label_sources.items()},
        )

    return replace(entries[0], read=read)


def _nothing(path: Path, entries: Sequence[Entry], video: str, elsewhere: Sequence[Entry]) -> NotOneVideo:
    if len(entries) == 1 and not entries[0].joins:
        return _refuse(path, video, entries, f"is not about '{video}' but about", "If the two are one video, say so")
    problem, advice = f"has nothing for '{video}'", "Say which one is meant"
    if elsewhere:
        folders = _folders(name for entry in elsewhere for name in _names(entry))
        same = f"{problem}; the file name is the same, the {folders_are(folders)} not"
        return _refuse(path, video, elsewhere, same, advice, folders)
    if all(entry.joins for entry in entries):
        advice = (
            "A video in which nothing happens needs a row with its name and an empty label; if one of these is the"
            " video, say which"
        )
    return _refuse(path, video, entries, problem, advice)


def _folders(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({f"{PurePosixPath(name.replace(chr(92), '/')).parent}/" for name in names}))


def folders_are(folders: Sequence[str]) -> str:
    """Return 'folder ADL/ is', or 'folders ADL/, Fall/ are'."""
    shown = ", ".join(folders[:_FOLDERS_SHOWN]) + (", …" if len(folders) > _FOLDERS_SHOWN else "")
    return f"folder {shown} is" if len(folders) == 1 else f"folders {shown} are"


def _refuse(
    path: Path,
    video: str | None,
    entries: Sequence[Entry],
    problem: str,
    advice: str = "Say which one is meant",
    folders: tuple[str, ...] = (),
) -> NotOneVideo:
    name = next((entry.name for entry in entries[:_SHOWN] if entry.name), "NAME")
    return NotOneVideo(path, video, _listed(problem, entries), advice, name, folders)


def _listed(problem: str, entries: Sequence[Entry]) -> str:
    """Return a problem with the first entries, a line each."""
    shown = entries[:_SHOWN]
    listed = [entry.name if set(entry.media) <= {entry.name} else _with_media(entry) for entry in shown]
    rest = f"\n  and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    names = "".join(f"\n  {name or '(no name)'}" for name in listed)
    return f"{problem}:{names}{rest}"


def _with_media(entry: Entry) -> str:
    return f"{entry.name} ({', '.join(entry.media)})"
