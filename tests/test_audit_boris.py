"""Every measure and both presets, from exports of BORIS to the command's table; the numbers are found by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.indicator_settings import UNITS
from actscribe.labels import load_label_set

#: Behaviour, and when it starts and stops, in seconds; one number: a point event. The observation lasts 600 s.
OPEN_FIELD = [
    ("Placed in arena", 10.0),
    ("Moving", 12.0, 62.0),
    ("Rearing", 70.0, 74.0),
    ("Moving", 80.0, 130.0),
    ("Grooming", 140.0, 200.0),
    ("Rearing", 205.0, 209.0),
    ("Defecation", 210.0),
    ("Moving", 220.0, 330.0),
    ("Rearing", 311.5, 313.5),
    ("Out of sight", 340.0, 400.0),
    ("Grooming", 410.0, 440.0),
    ("Defecation", 450.0),
    ("Defecation", 500.0),
]
#: The first five minutes end at 310 s: in them it moved for 50 + 50 + 90 s, and the third rearing is not among them.
OF_THE_PRESET = {
    "latency to rear": 70 - 10,
    "rears in the first 5 min": 2,
    "moving in the first 5 min": 190 / 300,
    "grooming bouts": 2 / 10,
    "boli": 3,
}
#: One of each measure, window and anchor; its number below.
ASKED = {
    "grooming after the last bolus": {"measure": "total", "of": "Grooming", "after": {"event": "Defecation", "nth": 2}},
    "moving or rearing": {"measure": "total", "of": ["Moving", "Rearing"]},
    "neither, in sight": {"measure": "total", "without": ["Moving", "Rearing", "Grooming", "Out of sight"]},
    "rearing while moving": {"measure": "overlap", "of": "Rearing", "overlap_with": "Moving"},
    "rears while moving": {"measure": "count", "of": "Rearing", "inside": "Moving"},
    "longest pause of moving": {"measure": "longest pause", "of": "Moving"},
    "in pauses of moving": {"measure": "during pauses", "of": "Moving", "among": ["Rearing", "Grooming"]},
    "moves between rears": {
        "measure": "rate per minute",
        "of": "Moving",
        "after": {"end_of": "Rearing"},
        "until": {"start_of": "Rearing", "nth": 2},
    },
    "sight lost after": {
        "measure": "latency",
        "of": "Out of sight",
        "after": {"manifest": "lights_on_s"},
        "limit": "<= 6 min",
        "source": "the protocol",
    },
    "moving, from the lights on": {
        "measure": "fraction",
        "of": "Moving",
        "after": {"manifest": "lights_on_s"},
        "lasting": 60,
    },
}
#: Moving runs 12-62, 80-130 and 220-330, so it pauses for 18 s and 90 s; in these 108 s it reared for 4 + 4 and groomed
#: for 60 s. From 74 s to 205 s, 131 s, it began to move once. The lights go on at -18 s, when nobody looked yet: of the
#: minute from then on, 18 s were not seen, and the 30 s of moving from 12 s to 42 s are half of it at least.
BY_HAND = {
    "grooming after the last bolus": 0,
    "moving or rearing": 50 + 4 + 50 + 4 + 110,
    "neither, in sight": 600 - (50 + 4 + 50 + 4 + 110) - (60 + 30) - 60,
    "rearing while moving": 2,
    "rears while moving": 1,
    "longest pause of moving": 90,
    "in pauses of moving: Rearing": 8 / 108,
    "in pauses of moving: Grooming": 60 / 108,
    "in pauses of moving: nothing else": 40 / 108,
    "moves between rears": 1 / (131 / 60),
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Write the observation as BORIS exports it: tabular events, and the video's row of a manifest."""
    head = "Observation id\tMedia file path\tMedia duration (s)\tSubject\tBehavior\tBehavior type\tTime"
    edges = []
    for name, *times in OPEN_FIELD:
        kinds = ("POINT",) if len(times) == 1 else ("START", "STOP")
        edges += [(time, kind, name) for time, kind in zip(times, kinds, strict=True)]
    rows = [f"mouse\tmouse.mp4\t600.0\tMouse 7\t{name}\t{kind}\t{time}" for time, kind, name in sorted(edges)]
    path = tmp_path / "mouse.events.tsv"
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    (tmp_path / "mouse.mp4").write_bytes(b"")
    (tmp_path / "manifest.csv").write_text("video,annotations,lights_on_s\nmouse.mp4,mouse.events.tsv,-18\n")
    return path


def table_of(export: Path, labels: object, *more: object) -> pd.DataFrame:
    out = export.with_name("table.csv")
    words = ["indicators", export, "--labels", labels, "--out", out, *more]
    done = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert done.exit_code == 0, (done.output, done.exception)
    assert max(len(line) for line in done.output.splitlines() if not line.startswith(str(out))) <= 80
    return pd.read_csv(out, dtype={"part": str}).fillna({"part": ""})


def values_of(table: pd.DataFrame) -> dict[str, float]:
    known = table[table["state"] == "measured"]
    return {f"{one.indicator}: {one.part}".removesuffix(": "): one.value for one in known.itertuples()}


def test_the_preset_of_behaviour_labs(export: Path) -> None:
    assert values_of(table_of(export, "behaviour_lab")) == pytest.approx(OF_THE_PRESET)
    assert set(OF_THE_PRESET) == {one.name for one in load_label_set("behaviour_lab").indicators}


def test_every_measure(export: Path) -> None:
    assert {one["measure"] for one in ASKED.values()} == set(UNITS)
    lab = load_label_set("behaviour_lab")
    labels = {
        "name": "asked",
        "labels": list(lab.names),
        "events": list(lab.events),
        "indicators": [{"name": name, **asked} for name, asked in ASKED.items()],
    }
    path = export.with_name("labels.yaml")
    path.write_text(yaml.safe_dump(labels), encoding="utf-8")
    table = table_of(export, path, "--manifest", export.with_name("manifest.csv"))
    assert values_of(table) == pytest.approx(BY_HAND)
    rest = table[table["state"] != "measured"].set_index("indicator")
    assert set(rest.index) == {"sight lost after", "moving, from the lights on"}
    assert rest.loc["moving, from the lights on", ["low", "high"]].tolist() == pytest.approx([30 / 60, 48 / 60])
    # It may have been out of sight in the 18 s that nobody saw; then, at the latest after 340 + 18 s.
    assert rest.loc["sight lost after", ["low", "high"]].tolist() == pytest.approx([0, 358])
    assert rest.loc["sight lost after", "verdict"] == "met"


def test_the_time_budget(export: Path) -> None:
    table = table_of(export, "behaviour_lab", "--table", "time-budget").set_index("label")
    columns = ["events", "total_s", "mean_s", "interval_mean_s"]
    assert table.loc["Moving", columns].tolist() == pytest.approx([3, 210, 70, (18 + 90) / 2])
    assert table.loc["Moving", "sd_s"] == pytest.approx(((20**2 + 20**2 + 40**2) / 2) ** 0.5)
    assert table.loc["Moving", "interval_sd_s"] == pytest.approx(((36**2 + 36**2) / 1) ** 0.5)
    assert table.loc["Moving", "fraction"] == pytest.approx(210 / 540)  # of the time in sight
    assert table.loc["Grooming", columns].tolist() == pytest.approx([2, 90, 45, 210])
    assert table.loc["Defecation", ["events", "interval_mean_s"]].tolist() == pytest.approx([3, (240 + 50) / 2])


def test_what_follows_what(export: Path) -> None:
    table = table_of(export, "behaviour_lab", "--table", "transitions").set_index(["lag", "given", "target"])
    counts = table["count"]
    # In order of their starts: placed, M, R, M, G, R, D, M, R, (out of sight, which is no behaviour), G, D, D.
    assert counts.loc[1].sum() == 11
    assert counts.loc[1, "Moving", "Rearing"] == 2
    assert counts.loc[1, "Moving", "Grooming"] == 1
    assert counts.loc[1, "Rearing", "Grooming"] == 1
    assert counts.loc[1, "Defecation", "Defecation"] == 1
    assert counts.loc[2, "Grooming", "Defecation"] == 2
    assert counts.loc[2, "Moving", "Moving"] == 1
    assert table.loc[(1, "Moving", "Rearing"), "probability"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("table", ["indicators", "time-budget", "transitions"])
@pytest.mark.parametrize("ending", [".html", ".xlsx", ".parquet"])
def test_every_table_is_written_in_every_way(export: Path, table: str, ending: str) -> None:
    out = export.with_name(f"table{ending}")
    words = ["indicators", export, "--labels", "behaviour_lab", "--table", table, "--out", out]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    if ending == ".html":
        assert "Grooming" in out.read_text(encoding="utf-8") or table == "indicators"
