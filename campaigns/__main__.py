"""Run campaigns: `python -m campaigns [NAME ...] [--full | --count N] [--seed S] [--out DIR] [--failures DIR]`.

The short form of all is what CI runs; exit status 1 when an oracle is violated anywhere.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # a process with several threads cannot be forked safely
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from campaigns.campaign import Campaign
from campaigns.result import Result, keep
from campaigns.worker import prepared, try_all

#: Names of campaigns, in the order in which they are run; each is `CAMPAIGN` of the module of this name.
NAMES = (
    "annotation_files",
    "videos",
    "kills",
    "damage",
    "surroundings",
    "servers",
    "checkpoints",
    "archive",
    "review_kills",
    "live_kills",
    "silence",
)
#: A violation of each kind is worth a test, the thousandth is not: a campaign ends after so many.
MOST_VIOLATIONS = 200


def main() -> None:
    """Run the campaigns asked for and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m campaigns", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default all: {', '.join(NAMES)}")
    parser.add_argument(
        "--full", action="store_true", help="as many cases as the figures in docs/explanation/reliability.md have"
    )
    parser.add_argument("--count", type=int, help="how many cases of each")
    parser.add_argument("--first", type=int, default=0, help="number of the first case, to see one again")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--at-once", type=int, default=1, help="how many campaigns run at the same time; default 1")
    parser.add_argument("--out", type=Path, default=Path("campaign-results"), help="tables; default campaign-results")
    parser.add_argument("--failures", type=Path, help="inputs that violated an oracle; default OUT/failures")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"no campaign is called {', '.join(unknown)}; known: {', '.join(NAMES)}")
    options.failures = options.failures or options.out / "failures"
    broken = [name for name, status in _at_once(options.names or list(NAMES), options) if status]
    sys.exit(f"An oracle is violated in: {', '.join(broken)}" if broken else 0)


def _at_once(names: list[str], options: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """Yield the name and the exit status of each campaign, so many at once, each in a process of its own."""
    waiting = list(names)
    running: dict[int, str] = {}
    while waiting or running:
        while waiting and len(running) < options.at_once:
            name = waiting.pop(0)
            child = os.fork()
            if child == 0:
                os._exit(_one(name, options))
            running[child] = name
        child, status = os.wait()
        if child in running:
            yield running.pop(child), status


def _one(name: str, options: argparse.Namespace) -> int:
    """Run a campaign, write and print its table, and return 1 where an oracle is violated."""
    campaign = importlib.import_module(f"campaigns.{name}").CAMPAIGN
    count = options.count or (campaign.full if options.full else campaign.short)
    numbers = list(range(options.first, options.first + count))
    result = run(campaign, numbers, options.seed, options.failures)
    result.write(options.out)
    print(result.markdown(), flush=True)
    return 1 if result.violations else 0


def run(campaign: Campaign, numbers: list[int], seed: int, failures: Path) -> Result:
    """Try the cases of a campaign, keep what violates its oracle, and return the counts."""
    for module in campaign.modules:
        importlib.import_module(module)
    result = Result(campaign, seed)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-") as name:
        root = Path(name).resolve()
        prepared(campaign, root / "sources")
        for tried in try_all(campaign, numbers, seed, root):
            result.add(tried)
            if tried.verdict.broken:
                keep(root, tried, result, failures)
            if len(result.violations) >= MOST_VIOLATIONS:
                print(f"{campaign.name}: ended after {MOST_VIOLATIONS} violations", file=sys.stderr)
                break
    result.seconds = time.monotonic() - start
    return result


if __name__ == "__main__":
    main()
