"""Scores of new videos, kept until their annotation files are written: no video is scored twice if that fails."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from actscribe.data.clips import Clip, Window, cut
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.files import write_beside
from actscribe.progress import say
from actscribe.run_folder.environment import versions
from actscribe.run_folder.run import Run
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.video.cache import default_cache

#: In the user's cache: a file for each video and run.
FOLDER = "annotated"
DIGEST_BYTES = 16
#: Seconds after which nobody is expected to repeat the call (a month).
FORGOTTEN_S = 30 * 24 * 3600.0


class KeptScores:
    """The scores of one video by one run: a digest and a parquet table in one file of the user's cache.

    Its name tells all that they depend on: the video's content, the files of the run's model, the recognizer's
    settings, labels, windows and versions.

    Args:
        run: that scores, complete.
        recording: the video, not annotated.
        folder: where they are kept; None: in the user's cache.
    """

    def __init__(self, run: Run, recording: Recording, folder: Path | None = None) -> None:
        self.run, self.recording = run, recording
        windows = run.study.windows
        self.path = (folder or default_cache().root.parent / FOLDER) / f"{scores_key(run, recording.content)}.scores"
        self.clips: list[Clip] = cut(recording, run.labels, Window(windows.length, windows.stride))

    def read(self) -> ScoredClips | None:
        """Return the kept scores; None where there are none, or none that can be trusted."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        held, table = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if held != _digest(table):
            return None
        stored = ScoredClips.from_table(pd.read_parquet(io.BytesIO(table)), self.run.labels)
        spans = [[(clip.start, clip.end) for clip in clips] for clips in (stored.clips, self.clips)]
        return ScoredClips(self.clips, stored.times, stored.scores, stored.steps) if spans[0] == spans[1] else None

    def write(self, scored: ScoredClips) -> None:
        """Keep scores; where that is not possible, that is reported and the work goes on."""
        table = io.BytesIO()
        scored.table(self.run.labels).to_parquet(table, index=False)
        try:
            with write_beside(self.path) as beside:
                beside.write_bytes(_digest(table.getvalue()) + table.getvalue())
        except ActScribeError as error:
            say(f"The scores of {self.recording.video.name} are not kept: {error.message}")

    def way_on(self) -> str:
        """Return what to do where the annotation files cannot be written; empty where no scores are kept."""
        if not self.path.is_file():
            return ""
        return (
            f"The scores are kept in {self.path}: the same command, with --overwrite where files are written already,"
            " or with another --out, goes on without scoring again."
        )

    def remove(self) -> None:
        """Forget the scores: what they were kept for is done."""
        with suppress(OSError):  # a cache that cannot be written to holds none of them
            self.path.unlink(missing_ok=True)


def scores_key(run: Run, content: str) -> str:
    """Return 32 hex digits that tell all that scores depend on.

    Args:
        run: that scores, complete.
        content: digest of the video's bytes.
    """
    return _digest(json.dumps([content, *scoring_parts(run), versions()], sort_keys=True).encode()).hex()


def scoring_parts(run: Run) -> list[Any]:
    """Return what of a run its scores depend on, as JSON can hold it."""
    info = run.info
    return [
        info.recognizer,
        info.settings,
        {name: digest for name, digest in info.digests.items() if name.startswith("model/")},
        run.labels.model_dump(mode="json"),
        run.study.windows.model_dump(mode="json"),
    ]


def forget_old() -> None:
    """Remove scores of calls that failed and were never repeated."""
    for path in (default_cache().root.parent / FOLDER).glob("*.scores"):
        try:
            if re.fullmatch(r"[0-9a-f]{32}\.scores", path.name) and time.time() - path.stat().st_mtime > FORGOTTEN_S:
                path.unlink(missing_ok=True)
        except OSError:  # another process was quicker, or the cache is somebody else's
            continue


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()
