"""The process that computes suggestions: a job a line on standard input, an answer a line on standard output."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from actscribe.compute import Compute
from actscribe.errors import ActScribeError, in_one_line
from actscribe.models.device import computing
from actscribe.progress import Report, report_to
from actscribe.review.suggesting import suggest
from actscribe.review.suggestions import SuggestionFiles, run_digest
from actscribe.run_folder.run import Run
from actscribe.runs.one_video import Loaded, load
from actscribe.video.contained import contained

#: Seconds after which it is seen that the server is gone.
LOOK_S = 2.0


def main() -> None:
    """Do what standard input says, until it ends or the server does."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # whatever a library prints must not come between the answers
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    run, folder, compute = Run.open(sys.argv[1]), Path(sys.argv[2]), Compute(**json.loads(sys.argv[3]))
    loaded: Loaded | None = None
    with computing(compute), contained(), report_to(_silent):
        for line in sys.stdin:
            answer: dict[str, str] = {}
            try:
                loaded = loaded or load(run)
                _do(loaded, folder, json.loads(line))
            except ActScribeError as error:
                answer = {"error": error.message}
            except Exception as error:  # one recording's trouble, or the run's: a sentence on the page
                answer = {"error": in_one_line(error) or type(error).__name__}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


def _do(loaded: Loaded, folder: Path, job: dict[str, Any]) -> None:
    suggest(loaded, SuggestionFiles(folder, run_digest(loaded.run), job["content"]), Path(job["video"]), job["name"])


def _watch(parent: int) -> None:
    while os.name == "nt" or os.getppid() == parent:  # killed: nobody would end a network that computes for hours
        time.sleep(LOOK_S)
    os._exit(1)


def _silent(report: Report) -> None:
    """Say nothing: the page tells how far it is."""
