"""What an archive costs beside scoring: for each video, and for whoever asks how far it is or writes the report.

    python benchmarks/archive_records.py [--videos 20000] [--folder DIR]

Videos are a few bytes whose timeline is a digest, done by one process, so that what is left are claims, records and
renames, with every file written through to the disk. `--folder` chooses the disk; a network file system is worth a try.
The last line is one JSON object: milliseconds for each video, by the clock and of a processor; for the rest seconds of
a processor, which a busy machine does not change.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

import archive_pages
import archives

from actscribe.archive import table as tables
from actscribe.archive.claims import Claims
from actscribe.archive.listing import list_archive
from actscribe.archive.report import page_of
from actscribe.archive.status import status
from actscribe.archive.task import attempt
from actscribe.report.archive_page import archive_page
from actscribe.table_files import write_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=100_000, help="of the report")
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        figures = records(Path(name), options.videos) | report(Path(name), options.rows)
    for what, value in figures.items():
        print(f"{what:<24} {value}")
    print(json.dumps(figures))


def records(folder: Path, count: int) -> dict[str, float]:
    """Return what each video costs, and listing, states and records of all."""
    contents = {f"{index % 100:02}/{index:06}.mp4": f"video {index}".encode() for index in range(count)}
    archive, videos = archives.begun(archives.fill(folder / "in", contents), folder / "out")
    claims, work = Claims(archive.claims()), archives.work(archive)
    figures: dict[str, float] = {"videos": count}
    start, cpu = time.perf_counter(), time.process_time()
    for video in videos:
        attempt(archive, claims, video, work)
    figures["ms_per_video"] = round(1000 * (time.perf_counter() - start) / count, 3)
    figures["cpu_ms_per_video"] = round(1000 * (time.process_time() - cpu) / count, 3)
    for name, ask in (
        ("list_s", lambda: list_archive(folder / "in")),
        ("status_s", lambda: status(archive)),
        ("read_records_s", lambda: tables.read(archive, None)),
    ):
        start = time.process_time()
        ask()
        figures[name] = round(time.process_time() - start, 2)
    return figures


def report(folder: Path, rows: int) -> dict[str, float]:
    """Return what the tables and the page of so many rows cost."""
    content = archive_pages.content(round(rows / 2.93))
    figures: dict[str, float] = {}
    start = time.process_time()
    table = tables.rows(content)
    figures |= {"rows": len(table), "rows_s": round(time.process_time() - start, 2)}
    for name, write in (
        ("csv_s", lambda: write_table(folder / "archive.csv", table)),
        ("xlsx_s", lambda: write_table(folder / "archive.xlsx", table)),
        ("parquet_s", lambda: pd.DataFrame(table).to_parquet(folder / "archive.parquet")),
        ("page_s", lambda: (folder / "report.html").write_text(archive_page(page_of(content, "x", [], "x", table)))),
    ):
        start = time.process_time()
        write()
        figures[name] = round(time.process_time() - start, 2)
    return figures | {"page_mib": round((folder / "report.html").stat().st_size / 2**20, 1)}


if __name__ == "__main__":
    main()
