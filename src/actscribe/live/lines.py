"""What is written as it happens, one JSON object a line: on disk, and with `--json` on standard output.

| kind | keys beside it |
| --- | --- |
| session | format, version, source, picture (digest), run, run_digest, labels, window_s, stride_s, step_s, at, unix_s |
| window | start, end, scores (one a label, in the session's order; of `temporal` a list for each step), latency_s |
| begins | label, start, at |
| ends | label, start, end, score (null: unseen), at |
| source | what (see `arrivals.What`), at, sentence |
| stride | stride_s, at |
| gap | start, end: not annotated (unless a later session scores it: it goes on in a file where windows end) |
| end | at, why |
| writing | file, digest: what is put there next |
| written | files: name -> digest, by: "file" or "scores" |

Times are seconds of the recording; `at` is up to where it was seen when the line was written.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from actscribe.labels import LabelSet
from actscribe.live.arrivals import Event
from actscribe.live.causal.timeline import Change
from actscribe.live.windows import LiveWindows
from actscribe.run_folder.file_names import BASE, OPERATING_POINT
from actscribe.run_folder.integrity import MODEL
from actscribe.run_folder.run import Run

FORMAT, VERSION = "actscribe-live", 1
#: Digits of times and scores.
_TIMES, _SCORES = 6, 6

#: Seconds, a hundred days: no recording is as long.
_LONGEST_S = 1e7

Line = Mapping[str, Any]


def session(run: Run, source: str, picture: str, windows: LiveWindows, step: float, at: float) -> Line:
    """Return the line with which a session begins."""
    labels: LabelSet = run.labels
    return {
        "kind": "session",
        "format": FORMAT,
        "version": VERSION,
        "source": source,
        "picture": picture,
        "run": str(run.folder),
        "run_digest": run_digest(run),
        "labels": list(labels.names),
        "window_s": windows.length,
        "stride_s": windows.stride,
        "step_s": step,
        "at": _time(at),
        "unix_s": round(time.time(), 3),
    }


def run_digest(run: Run) -> str:
    """Return what identifies the model, the windows and the decisions of a run."""
    parts = [
        f"{name} {digest}"
        for name, digest in sorted(run.info.digests.items())
        if name.startswith(f"{MODEL}/") or name in (OPERATING_POINT, *BASE[:2])
    ]
    return _digest("\n".join(parts))


def window(start: float, end: float, scores: np.ndarray, latency: float) -> Line:
    """Return the line of a window that was scored; shape of `scores`: (labels,) or (steps, labels)."""
    return {
        "kind": "window",
        "start": _time(start),
        "end": _time(end),
        "scores": np.round(scores, _SCORES).tolist(),
        "latency_s": round(latency, 3),
    }


def change(bar_change: Change, at: float) -> Line:
    """Return the line of a bar that begins or ends."""
    bar = bar_change.bar
    if bar_change.what == "begins":
        return {"kind": "begins", "label": bar.label, "start": _time(bar.start), "at": _time(at)}
    score = None if bar_change.score is None else round(bar_change.score, _SCORES)
    about = {"label": bar.label, "start": _time(bar.start), "end": _time(bar.end), "score": score}
    return {"kind": "ends", **about, "at": _time(at)}


def event(source_event: Event) -> Line:
    """Return the line of what happened to the source."""
    return {
        "kind": "source",
        "what": source_event.what,
        "at": _time(source_event.time),
        "sentence": source_event.sentence,
    }


def stride(seconds: float, at: float) -> Line:
    """Return the line of a stride that changed."""
    return {"kind": "stride", "stride_s": round(seconds, 3), "at": _time(at)}


def gap(start: float, end: float) -> Line:
    """Return the line of a span that is not annotated."""
    return {"kind": "gap", "start": _time(start), "end": _time(end)}


def end(at: float, why: str) -> Line:
    """Return the line with which a session ends."""
    return {"kind": "end", "at": _time(at), "why": why}


def writing(file: str, digest: str) -> Line:
    """Return the line of a file that is about to be put in its place."""
    return {"kind": "writing", "file": file, "digest": digest}


def written(files: Mapping[str, str], by: str) -> Line:
    """Return the line of the files that were written."""
    return {"kind": "written", "files": dict(files), "by": by}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object, most: float = 1e12) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _is_moment(value: object) -> bool:
    return _is_number(value, _LONGEST_S)


def _are_texts(value: object) -> bool:
    texts = list(value.items()) if isinstance(value, dict) else [value]
    return all(isinstance(one, tuple | list) and all(map(_is_text, one)) for one in texts)


def _are_scores(value: Any) -> bool:
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    widths = {len(row) if isinstance(row, list) else -1 for row in rows}
    return len(widths) == 1 and -1 not in widths and all(_is_number(one, 1.0) for row in rows for one in row)


#: What of each kind is read again, and what it holds.
_READ: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "session": {
        **dict.fromkeys(("source", "picture", "run", "run_digest"), _is_text),
        "labels": _are_texts,
        "at": _is_moment,
        "unix_s": _is_number,
    },
    "window": {"start": _is_moment, "end": _is_moment, "scores": _are_scores},
    "begins": {"label": _is_text, "start": _is_moment, "at": _is_moment},
    "ends": {"label": _is_text, "start": _is_moment, "end": _is_moment, "at": _is_moment},
    "source": {"at": _is_moment},
    "stride": {"at": _is_moment},
    "gap": {"start": _is_moment, "end": _is_moment},
    "end": {"at": _is_moment},
    "writing": {"file": _is_text, "digest": _is_text},
    "written": {"files": _are_texts},
}


def is_whole(line: object) -> bool:
    """Tell whether what was read is a line of ours; one that was damaged lacks a key, or has a value that cannot be."""
    if not isinstance(line, dict) or not isinstance(line.get("kind"), str):
        return False
    if line["kind"] == "session" and not _is_this_version(line):
        return True  # `differs` says so
    read = _READ.get(line["kind"])
    return read is not None and all(key in line and is_right(line[key]) for key, is_right in read.items())


def differs(line: Line, run: Run, source: str, picture: str) -> str:
    """Return why a recording that a session began cannot be gone on with; empty: it can."""
    if not _is_this_version(line):
        return "was not started by this version of actscribe watch"
    if line["source"] != source:
        return f"is of {line['source']}, not of {source}"
    if line["picture"] and picture and line["picture"] != picture:
        return f"is of another recording that was at {source} before, which begins with another picture"
    if line["labels"] != list(run.labels.names) or line["run_digest"] != run_digest(run):
        return f"was started with another run ({line['run']})"
    return ""


def _is_this_version(session_line: Line) -> bool:
    return session_line.get("format") == FORMAT and session_line.get("version") == VERSION


def _time(seconds: float) -> float:
    return round(float(seconds), _TIMES)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
