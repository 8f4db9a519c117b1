"""What an archive says of its videos, as tables: a row for each video and label, failures by reason, the slowest."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from actscribe.archive.drift import Reference, Sight, mean_certainty
from actscribe.archive.folder import TABLE, Archive
from actscribe.archive.listing import Video
from actscribe.archive.record import Done, Failed, LabelSummary
from actscribe.columns import Column, names
from actscribe.counts import counted
from actscribe.data.recording import ID_DIGITS
from actscribe.evaluation.indicators import DECIMALS, INDICATOR_COLUMNS
from actscribe.names import printable
from actscribe.report.formatting import count, length, percent

_OF_BOUTS = {column.name: column for column in INDICATOR_COLUMNS}
#: One row for each video and label; of a video without a timeline one row without a label.
COLUMNS = (
    Column("video", "video", format="text"),
    Column("state", "state", "done, failed, or open: not tried yet", "text"),
    Column("label", "label", format="text"),
    _OF_BOUTS["first_s"],
    Column("bouts", "bouts", "times that it happened; bouts that touch are one", "count"),
    _OF_BOUTS["total_s"],
    Column("fraction", "share of time", "of the video", "percent"),
    Column("longest_pause_s", "longest pause", "between first and last bout", "clock"),
    Column(
        "certainty", "certainty", "mean over clips of the larger of the probabilities of present and absent", "number"
    ),
    Column("duration_s", "length", "of the video", "clock"),
    Column(
        "distance",
        "distance",
        "how far the video's scores lie from those of the run's own recordings, of the label that lies farthest off; 0"
        " to 1",
        "number",
    ),
    Column("look", "look at", "why a person should look at it: unlike, unsure, failed", "text"),
    Column("timeline", "timeline", "the first of its files", "text"),
    Column("copy_of", "copy of", "a video with the same content", "text"),
    Column("reason", "reason", "why it has no timeline", "text"),
)
#: Without the paths of timelines, which would be half of a page.
SHOWN = tuple(column for column in COLUMNS if column.name != "timeline")
FAILURES = (
    Column("reason", "what happened", format="text"),
    Column("videos", "videos", format="count"),
    Column("examples", "such as", format="text"),
    Column("hint", "what to do", format="text"),
)
SLOWEST = (
    Column("video", "video", format="text"),
    Column("seconds", "took", "until its timeline was written", "length"),
    Column("duration_s", "length", "of the video", "clock"),
    Column("speed", "times real time", "seconds of video in a second", "number"),
    Column("host", "machine", format="text"),
)
LABELS = (
    Column("label", "label", format="text"),
    Column("videos", "videos", "in which it happened", "count"),
    Column("share", "share of videos", "of those with a timeline", "percent"),
    Column("bouts", "bouts", format="count"),
    _OF_BOUTS["total_s"],
    Column("fraction", "share of time", "of all videos", "percent"),
    Column("median_first_s", "median first", "start of the first bout, of the videos in which it happened", "clock"),
    Column("certainty", "certainty", "mean over videos", "number"),
)
#: Rows of the tables of single videos, and names of examples.
MOST_ROWS, MOST_EXAMPLES = 20, 3
#: Rows of reasons why videos failed; there may be as many reasons as videos.
MOST_REASONS = 50


@dataclass(frozen=True, slots=True)
class Content:
    """What is written down of an archive.

    Args:
        videos: in the order of their names.
        done: key -> record.
        failed: key -> record, of videos that are not done, or of which nobody knows.
        first: digest of content -> name of the first video that has it.
        reference: what videos are compared with; None: nothing.
        unread: how many videos have a timeline, but a record that cannot be read; they are among `failed`.
    """

    videos: tuple[Video, ...]
    done: dict[str, Done]
    failed: dict[str, Failed]
    first: dict[str, str]
    reference: Reference | None
    unread: int = 0

    @property
    def duration_s(self) -> float:
        """Length of all videos that are done, in seconds."""
        return sum(one.duration_s for one in self.done.values())

    @property
    def copies(self) -> int:
        """How many videos have the content of another one."""
        return len(self.done) - len(self.first)

    def why_look(self, video: Video) -> str:
        """Return why a person should look at a video: "failed", "unlike", "unsure", several; "" for no reason."""
        if video.key in self.failed:
            return "failed"
        if video.key not in self.done or self.reference is None:
            return ""
        video_sights = sights(self.done[video.key])
        reasons = ("unlike" * self.reference.is_unlike(video_sights), "unsure" * self.reference.is_unsure(video_sights))
        return ", ".join(filter(None, reasons))


def read(archive: Archive, reference: Reference | None) -> Content:
    """Read what is written down of an archive; every record is opened once."""
    videos = tuple(sorted(archive.videos(), key=lambda one: one.name))
    done: dict[str, Done] = {}
    failed: dict[str, Failed] = {}
    unread = 0
    for video, state in zip(videos, archive.states(videos), strict=True):
        if state == "done" and (made := archive.done(video)) is not None:
            done[video.key] = made
        elif state == "done" and (lost := archive.unread_done(video)) is not None:
            failed[video.key] = lost
            unread += 1
        elif state == "failed" and (failure := archive.failed(video)) is not None:
            failed[video.key] = failure
    first: dict[str, str] = {}
    for record in done.values():
        first.setdefault(record.content, record.name)
    return Content(videos, done, failed, first, reference, unread)


def sights(record: Done) -> dict[str, Sight]:
    """Return how each label of a video was scored."""
    return {name: Sight(one.scores, one.certainty) for name, one in record.labels.items()}


def rows(content: Content) -> pd.DataFrame:
    """Return one row for each video and label, `COLUMNS`, numbers rounded to a microsecond."""
    table = pd.DataFrame(_rows(content), columns=names(COLUMNS))
    return table.astype({"bouts": "Int64"}).round(DECIMALS)


def _rows(content: Content) -> Iterator[dict[str, Any]]:
    blank = {column.name: "" for column in COLUMNS if column.format == "text"}
    for video in content.videos:
        record = content.done.get(video.key)
        same: dict[str, Any] = blank | {"video": printable(video.name), "look": content.why_look(video)}
        if record is None:
            failure = content.failed.get(video.key)
            yield same | ({"state": "open"} if failure is None else {"state": "failed", "reason": failure.reason})
            continue
        video_sights = sights(record)
        first = content.first[record.content]
        same |= {
            "state": "done",
            "duration_s": record.duration_s,
            "distance": content.reference.distance(video_sights) if content.reference else math.nan,
            "timeline": printable(next(iter(record.files), "")),
            "copy_of": printable(first) if first != record.name else "",
        }
        for name, one in record.labels.items() or [("", None)]:
            yield same | {"label": name} | ({} if one is None else _of_label(one))


def _of_label(one: LabelSummary) -> dict[str, Any]:
    own = ("first_s", "bouts", "total_s", "fraction", "longest_pause_s", "certainty")
    return {name: getattr(one, name) for name in own}


def labels(content: Content) -> pd.DataFrame:
    """Return one row for each label, over all videos that are done, `LABELS`."""
    rows = []
    total = sum(one.duration_s for one in content.done.values())
    for name in dict.fromkeys(name for one in content.done.values() for name in one.labels):
        own = [one.labels[name] for one in content.done.values() if name in one.labels]
        firsts = [one.first_s for one in own if one.bouts]
        covered = sum(one.total_s for one in own)
        sure = [one.certainty for one in own if math.isfinite(one.certainty)]
        rows.append(
            {
                "label": name,
                "videos": len(firsts),
                "share": len(firsts) / len(own),
                "bouts": sum(one.bouts for one in own),
                "total_s": covered,
                "fraction": covered / total if total else math.nan,
                "median_first_s": float(np.median(firsts)) if firsts else math.nan,
                "certainty": float(np.mean(sure)) if sure else math.nan,
            }
        )
    return pd.DataFrame(rows, columns=names(LABELS))


def failures(content: Content) -> pd.DataFrame:
    """Return one row for each reason of failures, the most frequent first, `FAILURES`."""
    by: dict[str, list[Failed]] = defaultdict(list)
    for record in content.failed.values():
        by[record.reason].append(record)
    groups = sorted(by.items(), key=lambda one: (-len(one[1]), one[0]))
    if rest := groups[MOST_REASONS:]:  # reasons with numbers of their own: each would be a row
        groups[MOST_REASONS:] = [
            (f"{counted(len(rest), 'other reason')}, see {TABLE}.csv", [*chain(*dict(rest).values())])
        ]
    rows = []
    for reason, own in groups:
        shown = ", ".join(printable(one.name) for one in own[:MOST_EXAMPLES])
        more = " and " + counted(len(own) - MOST_EXAMPLES, "more", "more") if len(own) > MOST_EXAMPLES else ""
        hint = printable(own[0].hint)
        rows.append({"reason": printable(reason), "videos": len(own), "examples": shown + more, "hint": hint})
    return pd.DataFrame(rows, columns=names(FAILURES))


def slowest(content: Content) -> pd.DataFrame:
    """Return the videos that took longest, `SLOWEST`."""
    records = sorted(content.done.values(), key=lambda one: -one.seconds)[:MOST_ROWS]
    rows = [
        {
            "video": printable(one.name),
            "seconds": one.seconds,
            "duration_s": one.duration_s,
            "speed": one.duration_s / one.seconds if one.seconds else math.nan,
            "host": one.host,
        }
        for one in records
    ]
    return pd.DataFrame(rows, columns=names(SLOWEST))


UNLIKE = (
    Column("video", "video", format="text"),
    Column("why", "why", format="text"),
    Column("distance", "distance", format="number"),
    Column("certainty", "certainty", "mean over labels", "number"),
)


def unlike(content: Content) -> pd.DataFrame:
    """Return the videos at which a person should look, the farthest from the run's recordings first, `UNLIKE`."""
    rows = []
    for video in content.videos:
        if content.reference is not None and video.key in content.done and (why := content.why_look(video)):
            video_sights = sights(content.done[video.key])
            distance = content.reference.distance(video_sights)
            rows.append(
                {
                    "video": printable(video.name),
                    "why": why,
                    "distance": distance,
                    "certainty": mean_certainty(video_sights),
                }
            )
    table = pd.DataFrame(rows, columns=names(UNLIKE))
    return table.sort_values("distance", ascending=False, kind="stable").head(MOST_ROWS)


def ids(content: Content) -> dict[str, str]:
    """Return the name of each video that is done -> the id under which review would know it."""
    done = ((video.name, content.done.get(video.key)) for video in content.videos)
    return {printable(name): record.content[:ID_DIGITS] for name, record in done if record is not None}


def counts(content: Content) -> dict[str, np.ndarray]:
    """Return label -> clips of all videos by score, shape (BINS,)."""
    totals: dict[str, np.ndarray] = {}
    for record in content.done.values():
        for name, one in record.labels.items():
            totals[name] = totals.get(name, 0) + np.asarray(one.scores, dtype=float)
    return totals


def looked_at(content: Content) -> int:
    """Return how many videos a person should look at."""
    return sum(bool(content.why_look(video)) for video in content.videos)


def sentences(content: Content) -> list[str]:
    """Return what the report begins with, and the terminal ends with."""
    videos, done = len(content.videos), len(content.done)
    have = counted(videos, "video has a timeline", "videos have a timeline")
    lines = [f"{count(done)} of {have}, {length(content.duration_s)} of video."]
    if content.failed:
        lines.append(f"{count(len(content.failed))} failed; the reasons are below.")
    if rest := videos - done - len(content.failed):
        lines.append(counted(rest, "is not done yet.", "are not done yet."))
    if content.copies:
        same = "the same content as another one."
        lines.append(counted(content.copies, f"has {same}", f"have {same}"))
    return [" ".join(lines), _look_sentence(content)]


def _look_sentence(content: Content) -> str:
    reference = content.reference
    if reference is None:
        return (
            "Whether videos look like those the run was measured on is not known: it keeps no scores of three annotated"
            " recordings or more."
        )
    looked = looked_at(content)
    share = looked / max(1, len(content.videos))
    return (
        f"A person should look at {count(looked)} ({percent(share)}): those that failed, those whose scores lie farther"
        f" off than each of the run's {reference.recordings} {reference.split} recordings from the others (unlike), and"
        " those at which it is less certain than at each of them (unsure)."
    )
