"""Print what run.sh, ablation.sh or training.sh left in a folder as the tables of docs/explanation/results.md.

    python examples/tabletop_few_shot/table.py OUT

Rows are the systems of each folder of tables: top-1 with its 95 % interval over seeds, the paired difference where
there is one, and the means over the 12 actions of pairs, which differ in the order of frames alone, and over others.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

PAIRS = (
    *("push_left", "push_right", "push_away", "push_towards", "roll_left", "roll_right"),
    *("put_into", "take_out", "open_lid", "close_lid", "cover", "uncover"),
)
COLUMNS = ("folder", "system", "top-1", "difference, p (paired t)", "pairs", "other")


def main() -> None:
    """Print the table of the folder that is named on the command line."""
    out = Path(sys.argv[1])
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    for path in sorted(out.rglob("classes.csv")):
        lines += [(path.parent.relative_to(out).as_posix(), *row) for row in rows(path.parent)]
    print("\n".join(f"| {' | '.join(row)} |" for row in lines))


def rows(folder: Path) -> list[tuple[str, ...]]:
    """Return system, top-1, difference, pairs and other of each system of one folder of tables."""
    results = pd.read_csv(folder / "results.csv").query("metric == 'top1'").set_index("system")
    classes = pd.read_csv(folder / "classes.csv")
    kinds = classes.assign(pair=classes["class"].isin(PAIRS)).groupby(["system", "pair"])["mean"].mean()
    lines: list[tuple[str, ...]] = []
    for system, row in results.iterrows():
        top1 = f"{row['mean']:.3f} ({row['low']:.3f}–{row['high']:.3f})"
        gain = difference(folder) if "VgHIF" in str(system) else ""
        lines.append((str(system), top1, gain, f"{kinds[system, True]:.3f}", f"{kinds[system, False]:.3f}"))
    return lines


def difference(folder: Path) -> str:
    """Return the gain in top-1 by VgHIF with its interval and p of the paired t test."""
    row = pd.read_csv(folder / "difference.csv").set_index("metric").loc["top1"]
    return f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}), {row['p_t']:.4f}"


if __name__ == "__main__":
    main()
