"""The result of a campaign: a table of outcomes, what violated the oracle, and how to see it again."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from actscribe.files import write_text
from campaigns.campaign import Campaign, Verdict
from campaigns.worker import Tried

#: So many violations are listed in the table; all are in the JSON file.
_LISTED = 20
_EXAMPLES = 4


@dataclass(slots=True)
class Result:
    """What came of a campaign.

    Args:
        campaign: that was run.
        seed: of it.
        counts: (group, outcome) -> cases.
        violations: case -> verdict.
        details: (group, outcome) -> those of the first few cases that were no violations.
        seconds: that the whole took.
        slowest: seconds of the slowest case.
        peak: bytes of memory of the case that took most.
    """

    campaign: Campaign
    seed: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: dict[int, Verdict] = field(default_factory=dict)
    details: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: float = 0.0
    peak: int = 0

    def add(self, tried: Tried) -> None:
        """Count a case."""
        verdict = tried.verdict
        self.counts[verdict.group, verdict.outcome] += 1
        self.slowest, self.peak = max(self.slowest, tried.seconds), max(self.peak, tried.peak)
        examples = self.details.setdefault((verdict.group, verdict.outcome), [])
        if verdict.detail and not verdict.broken and len(examples) < _EXAMPLES:
            examples.append(verdict.detail)
        if verdict.broken:
            self.violations[tried.number] = verdict

    def markdown(self) -> str:
        """Return the table and the violations."""
        groups = sorted({group for group, _ in self.counts})
        outcomes = sorted({outcome for _, outcome in self.counts})
        rows = [[group, *(str(self.counts[group, outcome] or "") for outcome in outcomes)] for group in groups]
        sums = [str(sum(self.counts[group, outcome] for group in groups)) for outcome in outcomes]
        lines = [
            f"## {self.campaign.name}",
            "",
            f"{self.campaign.about} Oracle: {self.campaign.oracle}",
            "",
            f"Seed {self.seed}, {self.counts.total()} cases, {self.seconds:.0f} s, slowest case {self.slowest:.1f} s,"
            f" most memory {self.peak / 2**20:.0f} MiB, commit {commit()}. Violations: {len(self.violations)}.",
            "",
            *table(["", *outcomes], [*rows, ["sum", *sums]]),
        ]
        if self.violations:
            listed = list(self.violations.items())[:_LISTED]
            violated = [[str(number), v.group, v.outcome, v.detail.replace("|", "\\|")] for number, v in listed]
            violated = [[cell.replace("\n", " ")[:200] for cell in row] for row in violated]
            lines += ["", *table(["case", "", "violation", "detail"], violated)]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Write NAME.md and NAME.json."""
        values = {
            "campaign": self.campaign.name,
            "seed": self.seed,
            "cases": self.counts.total(),
            "seconds": round(self.seconds, 1),
            "slowest_s": round(self.slowest, 2),
            "peak_bytes": self.peak,
            "commit": commit(),
            "counts": [[group, outcome, count] for (group, outcome), count in sorted(self.counts.items())],
            "details": [[*key, examples] for key, examples in sorted(self.details.items()) if examples],
            "violations": {number: asdict(verdict) for number, verdict in self.violations.items()},
        }
        write_text(folder / f"{self.campaign.name}.json", json.dumps(values, indent=1))
        write_text(folder / f"{self.campaign.name}.md", self.markdown())


def keep(root: Path, tried: Tried, result: Result, failures: Path) -> None:
    """Copy what a violated case left, its output and its verdict, so that it can become a test."""
    target = failures / result.campaign.name / f"seed{result.seed}-case{tried.number}"
    shutil.rmtree(target, ignore_errors=True)
    if (root / str(tried.number)).is_dir():
        shutil.copytree(root / str(tried.number), target, symlinks=True, ignore=_only_plain, dirs_exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    log = root / f"{tried.number}.log"
    if log.is_file():
        shutil.copy(log, target / "output.log")
    write_text(target / "verdict.json", json.dumps(asdict(tried.verdict), indent=1))


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return a Markdown table, one line an entry."""
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def commit() -> str:
    """Return the short name of the commit, with a + where files differ from it."""
    folder = Path(__file__).parent
    asked = ("git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=9", "--exclude=*")
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _only_plain(folder: str, names: list[str]) -> set[str]:
    """Leave out what cannot be copied: sockets, pipes, devices."""
    paths = (Path(folder) / name for name in names)
    return {path.name for path in paths if not (path.is_file() or path.is_dir() or path.is_symlink())}
