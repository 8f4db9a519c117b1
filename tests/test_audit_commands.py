"""`annotate` and `archive` say the indicators of the timelines that they write, without being asked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from live_killed import with_a_network
from live_lamps import SECONDS, SHOWN, lamp_run
from short_studies import actscribe
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study
from tiny_models import tiny_timesformer

from actscribe.annotations import read
from actscribe.run_folder.run import OperatingPoint, Run
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings

INDICATORS = [
    {"name": "to the left", "measure": "latency", "of": LEFT, "limit": "<= 5 s", "source": "the protocol"},
    {"name": "left", "measure": "fraction", "of": LEFT},
    {"name": "after birth", "measure": "latency", "of": LEFT, "after": {"manifest": "birth_s"}, "unseen": "absent"},
]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    study = tmp_path / "study"
    film(study / "r0.mp4", SHOWN, SECONDS)
    interval_text(study / "r0.txt", SHOWN)
    write_manifest(study, [{"video": "r0.mp4", "annotations": "r0.txt", "group": "p", "split": "test"}])
    write_study(study, labels={"name": "lamps", "labels": [LEFT, RIGHT], "indicators": INDICATORS})
    made = lamp_run(tmp_path / "run")
    with_a_network(made, tiny_timesformer(tmp_path / "tiny"))
    level = LabelOperatingPoint(on=0.1, off=0.1)  # nobody trained it: it says yes throughout
    timeline = TimelineSettings(step=0.1, operating_points=dict.fromkeys((LEFT, RIGHT), level))
    made.save_operating_point(OperatingPoint(thresholds=dict.fromkeys((LEFT, RIGHT), 0.5), timeline=timeline))
    made.save_info()
    return made


def test_both_say_what_the_timeline_holds(run: Run, tmp_path: Path) -> None:
    video = tmp_path / "study" / "r0.mp4"
    output = " ".join(actscribe("annotate", video, "--run", run.folder, "--out", tmp_path / "out").split())
    bars = [(one.start, one.end) for one in read(tmp_path / "out" / "r0.json").intervals if one.label == LEFT]
    first, share = bars[0][0], sum(end - start for start, end in bars) / SECONDS
    assert "to the left" in output
    assert "no limit is decided" in output  # nobody knows how far this recognizer is off
    actscribe("archive", video.parent, "--run", run.folder, "--out", tmp_path / "archive")
    for ending, reads in ((".csv", pd.read_csv), (".xlsx", pd.read_excel), (".parquet", pd.read_parquet)):
        table = reads(tmp_path / "archive" / f"indicators{ending}").set_index("indicator")
        assert table.loc["to the left", "value"] == pytest.approx(first, abs=1e-6)
        assert table.loc["left", "value"] == pytest.approx(share, abs=1e-6)
        assert table.loc["to the left", "verdict"] == "undecided"


def test_annotate_counts_from_the_moments_of_a_manifest(run: Run, tmp_path: Path) -> None:
    video, listed = tmp_path / "study" / "r0.mp4", tmp_path / "births.csv"
    words = ("annotate", video, "--run", run.folder, "--out", tmp_path / "out", "--overwrite")
    assert "What counts from birth_s is measured with --manifest" in " ".join(actscribe(*words).split())
    first = next(one.start for one in read(tmp_path / "out" / "r0.json").intervals if one.label == LEFT)
    listed.write_text("video,birth_s\nstudy/r0.mp4,-0:31.5\n")
    output = actscribe(*words, "--manifest", listed)
    (row,) = (line for line in output.splitlines() if "after birth" in line)
    assert f"{first + 31.5:.1f} s" in row
    listed.write_text("video,brith_s\nstudy/r0.mp4,-3\n")
    assert "Did you mean 'brith_s'?" in " ".join(actscribe(*words, "--manifest", listed, code=2).split())
    listed.write_text("video,birth_s\nstudy/r0.mp4,at dawn\n")
    assert "birth_s of r0.mp4 is 'at dawn'" in " ".join(actscribe(*words, "--manifest", listed, code=2).split())


def test_an_archive_counts_from_the_moments_of_its_list_and_again_where_they_change(run: Run, tmp_path: Path) -> None:
    listed, archive = tmp_path / "videos.csv", tmp_path / "archive"
    words = ("archive", listed, "--run", run.folder, "--out", archive)

    def measured(birth: str) -> float:
        listed.write_text(f"video,birth_s\nstudy/r0.mp4,{birth}\n")
        actscribe(*words)
        return float(pd.read_csv(archive / "indicators.csv").set_index("indicator").loc["after birth", "value"])

    first = measured("0")
    (timeline,) = (archive / "timelines").rglob("*.json")
    written = timeline.stat()
    assert measured("-31.5") == pytest.approx(first + 31.5, abs=1e-6)
    assert pd.isna(measured(""))
    now = timeline.stat()
    assert (now.st_mtime_ns, now.st_ino) == (written.st_mtime_ns, written.st_ino)  # only measured again
    listed.write_text("video,birth_s\nstudy/r0.mp4,at dawn\n")
    assert "videos.csv:2: birth_s of study/r0.mp4 is 'at dawn'" in " ".join(actscribe(*words, code=2).split())


def test_a_name_that_a_label_was_meant_by_is_refused_and_not_counted_as_never(tmp_path: Path) -> None:
    (tmp_path / "labels.yaml").write_text(
        f"name: lamps\nlabels: [{LEFT}]\nindicators: [{{name: left, measure: fraction, of: {LEFT}}}]\n"
    )
    file = tmp_path / "r0.csv"
    file.write_text(f"video,label,start_s,end_s,duration_s\nr0.mp4,{LEFT} (BW),0,4,8\nr0.mp4,Other,0,4,8\n")
    words = ["indicators", file, "--labels", tmp_path / "labels.yaml"]
    refused = " ".join(actscribe(*words, code=2).split())
    assert f"'{LEFT} (BW)' (1x): did you mean '{LEFT}'?" in refused
    assert "'Other'" not in refused
    file.write_text(file.read_text().replace(f"{LEFT} (BW)", LEFT))
    assert "left out: 'Other' (1x)" in " ".join(actscribe(*words).split())
