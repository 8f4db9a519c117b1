"""Containers x codecs x oddities against ffprobe, mpv and Chromium: which frame is shown when, to half a frame.

    python -m campaigns.video_matrix [--out FILE]

No randomness: the same files each time, made here. Prints a table in Markdown, and ends with status 1 where a program
disagrees. A program that is not on the PATH, or cannot play or seek a file, is not asked, and its cell stays empty.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from chromium import PROGRAMS, tab
from video_matrix import MATRIX, Compared, compare
from video_players import installed

COLUMNS = ("counts", "ffprobe", "mpv", "chromium")


def main() -> None:
    """Make every file of the matrix, ask the programs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the table there, too")
    options = parser.parse_args()
    logging.getLogger("actscribe").setLevel(logging.ERROR)
    done: list[Compared] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        browser = stack.enter_context(tab()) if any(map(installed, PROGRAMS)) else None
        for name, make in MATRIX.items():
            video = make(Path(folder) / name)
            done.append(compare(video, browser))
            print(f"{name}: {'; '.join(done[-1].problems) or 'agreed'}", file=sys.stderr, flush=True)
    table = "\n".join(lines(done))
    print(table)
    if options.out:
        options.out.write_text(table + "\n", encoding="utf-8")
    sys.exit(any(one.problems for one in done))


def lines(done: list[Compared]) -> list[str]:
    """Return the table, and below it what disagreed."""
    rows = [f"| file | frames | {' | '.join(COLUMNS)} |", f"| --- | ---: |{' --- |' * len(COLUMNS)}"]
    marks = {True: "agrees", False: "**differs**", None: ""}
    for one in done:
        rows.append(f"| {one.name} | {one.frames} | {' | '.join(marks[one.agree.get(key)] for key in COLUMNS)} |")
    sums = []
    for key in COLUMNS:
        asked = [one.agree[key] for one in done if key in one.agree]
        sums.append(f"{sum(asked)} of {len(asked)}")
    rows.append(f"| sum | {sum(one.frames for one in done)} | {' | '.join(sums)} |")
    return [*rows, "", *(f"- {one.name}: {line}" for one in done for line in one.problems)]


if __name__ == "__main__":
    main()
