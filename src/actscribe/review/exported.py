"""What was exported: a note beside the files, which knows ours from a user's, and what the journal held at the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from actscribe.errors import ActScribeError
from actscribe.files import content_hash, write_text
from actscribe.journal import Version

NOTE = "exported.json"


class ExportedFile(BaseModel):
    """A file that was exported.

    Args:
        recording: digest of the video's bytes.
        name: of the recording at that time.
        digest: of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recording: str
    name: str
    digest: str


class Exported(BaseModel):
    """The note.

    Args:
        review: version of the journal at the last export.
        files: path below the note's folder -> what it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    review: Version = Version()
    files: dict[str, ExportedFile] = {}

    @classmethod
    def of(cls, folder: Path) -> Exported:
        """Return the note of a folder; an empty one where there is none, or none that can be read."""
        try:
            return cls.model_validate_json((folder / NOTE).read_bytes())
        except (OSError, ValidationError):
            return cls()


def check_ours(folder: Path, paths: Iterable[Path], former: Exported) -> None:
    """Prove that files may be written: nothing is there but what was exported, and no link leads elsewhere.

    Args:
        folder: of all exports.
        paths: of the files, each in a folder of `folder`.
        former: its note.

    Raises:
        ActScribeError: a link is in the way, or a file that is not as it was exported, which would be lost.
    """
    paths = list(paths)
    folders = [folder, *dict.fromkeys(path.parent for path in paths)]
    links = [one for one in folders if one.is_symlink()]
    links += [one for below in folders if below.is_dir() for one in sorted(below.iterdir()) if one.is_symlink()]
    if links:
        raise ActScribeError(
            f"{links[0]}: is a link, and exports are written to a folder of the study's own; nothing was written.",
            "Move the link away, then export again; copy what was exported to where it is wanted.",
        )
    files = [one for one in folders if one.exists() and not one.is_dir()]
    if files:
        raise ActScribeError(
            f"{files[0]}: is a file where a folder of exports is expected; nothing was written.",
            "Move it away, then export again.",
        )
    changed = [path for path in paths if path.is_file() and not _is_as_exported(folder, path, former)]
    if changed:
        more = f", and so are {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ActScribeError(
            f"{changed[0]}: is not as it was exported{more}, and would be replaced; nothing was written.",
            "Move it elsewhere if it is wanted, or remove it, then export again.",
        )


def _is_as_exported(folder: Path, path: Path, former: Exported) -> bool:
    known = former.files.get(path.relative_to(folder).as_posix())
    return known is not None and known.digest == content_hash(path)


def note(
    folder: Path, version: Version, written: Mapping[Path, tuple[str, str]], names: Mapping[str, str]
) -> list[str]:
    """Write the note after an export, take away our files of recordings that are gone or renamed, and say so.

    A file that somebody changed since stays.

    Args:
        folder: of all exports.
        version: of the journal.
        written: file -> digest of its video's bytes and the name of its recording.
        names: digest of a video's bytes -> name of its recording, of the study as it is now.

    Raises:
        ActScribeError: the note cannot be written.
    """
    fresh = {
        path.relative_to(folder).as_posix(): ExportedFile(recording=content, name=name, digest=content_hash(path))
        for path, (content, name) in written.items()
    }
    kept, sentences = dict(fresh), []
    for path, one in Exported.of(folder).files.items():
        if path in fresh or not _is_below(path) or _through_link(folder, path):
            continue
        if names.get(one.recording) == one.name:
            kept[path] = one
        else:
            sentences += _gone(folder / path, one, names.get(one.recording))
    write_text(folder / NOTE, Exported(review=version, files=kept).model_dump_json(indent=1))
    return sentences


def _is_below(path: str) -> bool:
    """Tell whether a path of a note leads into the folder: anybody may have edited it."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not {"..", "/"} & set(parts) and "\\" not in path and ":" not in path


def _through_link(folder: Path, path: str) -> bool:
    """Tell whether a link is on the way to a path of a note: what lies behind it was not exported."""
    return any(one.is_symlink() for one in (folder / path, *(folder / path).parents) if one.is_relative_to(folder))


def _gone(path: Path, one: ExportedFile, now: str | None) -> list[str]:
    what = f"{one.name} is no longer in the study" if now is None else f"{one.name} is called {now} now"
    try:
        if content_hash(path) != one.digest:
            return [f"{path}: stays, though {what}: it was changed since it was exported."]
        path.unlink()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ActScribeError(f"{path}: cannot be removed: {error.strerror}.", "Remove it; it is out of date.") from None
    with suppress(OSError):
        path.parent.rmdir()
    return [f"{path}: removed, since {what}."]
