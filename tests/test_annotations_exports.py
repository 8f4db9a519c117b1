"""What is written: paths that open, the whole label set, times without noise, the same bytes, hostile labels."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speach import elan

from actscribe.annotations import FORMATS, Annotations, FrameClock, Interval, convert, read, write
from actscribe.annotations.interval import sort_key
from actscribe.annotations.rounding import milliseconds
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.video.writing import write_video

CLOCK = FrameClock(25)
WITH_MEDIA = [name for name, form in FORMATS.items() if "media" in form.keeps]
OFFERING = [name for name, form in FORMATS.items() if "labels" in form.keeps]
TEXTS = [name for name, form in FORMATS.items() if not form.signature]
SET = ("Ventilation", "Suction", "Baby visible")


def exported(folder: Path, annotations: Annotations, name: str) -> Path:
    path = folder / f"a{FORMATS[name].ending}"
    write(path, annotations, name, CLOCK)
    return path


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "Über uns" / "v 1, b.mp4"
    path.parent.mkdir()
    write_video(path, (np.full((16, 16, 3), 90, np.uint8) for _ in range(25)), 25)
    return path


def opens(path: Path, spelled: str, name: str) -> Path:
    """Return the file that a tool finds: Label Studio from the root of what it serves, others from the export."""
    return Path("/", spelled) if name == "label-studio" else path.parent / spelled


@pytest.mark.parametrize("name", WITH_MEDIA)
def test_the_path_of_the_video_opens_from_wherever_the_export_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, video: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = str(video.relative_to(tmp_path))
    for given_name in (relative, str(video)):
        for folder in (tmp_path, tmp_path / "Über uns", tmp_path / "elsewhere", tmp_path / "a" / "b"):
            path = exported(folder, Annotations((Interval("x", 0, 1),), (), (given_name,), 1.0), name)
            (spelled,) = read(path, clock=CLOCK).media
            monkeypatch.chdir("/")
            assert opens(path, spelled, name).samefile(video)
            monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", [name for name in WITH_MEDIA if name not in ("elan", "label-studio")])
def test_a_video_beside_its_export_can_be_moved_with_it(tmp_path: Path, video: Path, name: str) -> None:
    exported(video.parent, Annotations((Interval("x", 0, 1),), (), (str(video),), 1.0), name)
    moved = video.parent.rename(tmp_path / "moved")
    path = moved / f"a{FORMATS[name].ending}"
    (spelled,) = read(path, clock=CLOCK).media
    assert (moved / spelled).is_file()


def test_convert_takes_a_relative_name_from_the_source(tmp_path: Path, video: Path) -> None:
    source = video.parent / "in.csv"
    source.write_text('label,start,end,video\nx,0,1,"v 1, b.mp4"\n', encoding="utf-8")
    (tmp_path / "out").mkdir()
    convert(source, tmp_path / "out" / "a.boris")
    assert read(tmp_path / "out" / "a.boris").media == (str(video),)


@pytest.mark.parametrize("name", ["boris", "csv", "json", "elan", "cvat", "via"])
def test_what_is_found_nowhere_stays_as_it_is(tmp_path: Path, name: str) -> None:
    for spelled in ("gone.mp4", "/data/gone/ü.mp4", "C:/v/d,e.mp4", "https://x.org/a.mp4"):
        path = exported(tmp_path, Annotations((Interval("x", 0, 1),), (), (spelled,), 1.0), name)
        assert read(path, clock=CLOCK).media == (spelled,)


@pytest.mark.parametrize("name", WITH_MEDIA)
@pytest.mark.parametrize("spelled", ["x" * 5000 + ".mp4", "/" + "y/" * 3000 + "a.mp4", "%", "?d=&", "//x", "~/a", ".."])
def test_a_name_that_is_no_path_of_this_system_is_written_as_it_is(tmp_path: Path, name: str, spelled: str) -> None:
    path = exported(tmp_path, Annotations((Interval("x", 0, 1),), (), (spelled,), 1.0), name)
    again = read(path, clock=CLOCK)
    assert again.media == ((spelled.lstrip("/") if name == "label-studio" else spelled),)
    convert(path, tmp_path / "again.csv", clock=CLOCK)


def test_elan_finds_the_video_by_url_and_by_the_way_to_it(tmp_path: Path, video: Path) -> None:
    path = exported(tmp_path / "out", Annotations((Interval("x", 0, 1),), (), (str(video),), 1.0), "elan")
    media = ElementTree.parse(path).find("HEADER/MEDIA_DESCRIPTOR")
    url = media.get("MEDIA_URL")
    assert url.startswith("file:///")
    assert "%C3%9Cber%20uns/v%201%2C%20b.mp4" in url or "%C3%9Cber%20uns/v%201,%20b.mp4" in url
    assert Path(unquote(urlsplit(url).path)).samefile(video)
    assert media.get("RELATIVE_MEDIA_URL") == "../Über uns/v 1, b.mp4"
    assert elan.read_eaf(str(path)).media_url == url


@pytest.mark.parametrize(
    ("spelled", "url", "relative", "mime"),
    [
        ("C:\\videos\\baby 1.MOV", "file:///C:/videos/baby%201.MOV", "./baby 1.MOV", "video/quicktime"),
        ("\\\\server\\share\\a.mkv", "file://server/share/a.mkv", "./a.mkv", "video/x-matroska"),
        ("https://x.org/a.webm", "https://x.org/a.webm", "./a.webm", "video/webm"),
        ("sub/ä b.xyz", "sub/%C3%A4%20b.xyz", "./sub/ä b.xyz", "video/*"),
    ],
)
def test_elan_urls_of_other_systems(tmp_path: Path, spelled: str, url: str, relative: str, mime: str) -> None:
    path = exported(tmp_path, Annotations((), (), (spelled,)), "elan")
    media = ElementTree.parse(path).find("HEADER/MEDIA_DESCRIPTOR")
    assert (media.get("MEDIA_URL"), media.get("RELATIVE_MEDIA_URL"), media.get("MIME_TYPE")) == (url, relative, mime)


def test_via_is_told_where_on_the_disk_or_the_web_a_video_is(tmp_path: Path, video: Path) -> None:
    for spelled, location in (
        (str(video), {"loc": 3, "src": video.as_uri()}),
        ("https://x.org/a.mp4", {"loc": 2, "src": "https://x.org/a.mp4"}),
        ("gone.mp4", {"loc": 1, "src": ""}),
    ):
        path = exported(tmp_path / "out", Annotations((), (), (spelled,)), "via")
        file = json.loads(path.read_text(encoding="utf-8"))["file"]["1"]
        assert file == {"fid": "1", "fname": spelled, "type": 4, **location}


@pytest.mark.parametrize("sound", [False, True])
def test_boris_is_told_whether_there_is_sound(tmp_path: Path, sound: bool) -> None:
    video = tmp_path / "a.mkv"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 16
        if sound:
            container.add_stream("pcm_s16le", rate=8000)
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))
    path = exported(tmp_path, Annotations((), (), (str(video),), 0.04), "boris")
    facts = json.loads(path.read_text(encoding="utf-8"))["observations"]["a"]["media_info"]
    assert facts == {
        "length": {"a.mkv": 0.04},
        "fps": {"a.mkv": 25},
        "hasVideo": {"a.mkv": True},
        "hasAudio": {"a.mkv": sound},
        "offset": {"1": 0.0},
    }


@pytest.mark.parametrize("name", OFFERING)
def test_a_label_that_does_not_occur_is_offered(tmp_path: Path, name: str) -> None:
    path = exported(tmp_path, Annotations((Interval("Suction", 0, 1),), duration=4.0, labels=SET), name)
    assert read(path, clock=CLOCK).labels == SET


@pytest.mark.parametrize("name", OFFERING)
def test_convert_with_a_label_set_offers_all_of_it(tmp_path: Path, name: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text("label,start,end\nCPAP,0,1\n", encoding="utf-8")
    labels = [{"name": "Ventilation", "aliases": ["CPAP"]}, {"name": "Suction"}, {"name": "Baby visible"}]
    path = tmp_path / f"a{FORMATS[name].ending}"
    convert(source, path, labels=LabelSet.model_validate({"name": "small", "labels": labels}), clock=CLOCK)
    assert read(path, clock=CLOCK).labels == SET


def test_elan_has_a_tier_and_a_word_for_every_label(tmp_path: Path) -> None:
    path = exported(tmp_path, Annotations((Interval("Suction", 0, 1, "nurse"),), labels=SET), "elan")
    assert [tier.ID for tier in elan.read_eaf(str(path)).tiers()] == ["Ventilation", "Suction @ nurse", "Baby visible"]
    root = ElementTree.parse(path).getroot()
    assert [value.text for value in root.iter("CVE_VALUE")] == list(SET)


def test_boris_has_a_key_and_a_colour_for_every_label(tmp_path: Path) -> None:
    path = exported(tmp_path, Annotations((), labels=SET), "boris")
    behaviors = json.loads(path.read_text(encoding="utf-8"))["behaviors_conf"].values()
    assert [b["code"] for b in behaviors] == list(SET)
    for field in ("key", "color"):
        values = [b[field] for b in behaviors]
        assert all(values)
        assert len(set(values)) == len(SET)


@pytest.mark.parametrize("name", TEXTS)
def test_times_have_no_more_digits_than_they_have(tmp_path: Path, name: str) -> None:
    intervals = (Interval("x", 0.1 + 0.2, 12.300000000000001),)
    text = exported(tmp_path, Annotations(intervals, duration=20.000000000000004), name).read_text(encoding="utf-8")
    assert not re.search(r"\.\d*(0000000|9999999)", text)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 40_000), st.sampled_from((0, 1, 3, 9, 20, 400, 5000))),
        max_size=8,
    )
)
def test_rounding_neither_empties_an_interval_nor_makes_neighbours_overlap(spans: list[tuple[str, int, int]]) -> None:
    """Times in tenths of a millisecond, so that much is shorter than what is written."""
    intervals = sorted((Interval(label, a / 1e4, (a + n) / 1e4) for label, a, n in spans), key=sort_key)
    rounded = milliseconds(intervals)
    assert [interval for interval, *_ in rounded] == intervals
    for interval, start, end in rounded:
        assert (start == end) == (interval.start == interval.end)
        if all(one.duration == 0 or one.duration > 0.001 for one in intervals):
            assert abs(start - interval.start * 1000) <= 0.5 + 1e-6
            assert abs(end - interval.end * 1000) <= 0.5 + 1e-6
    filled = [row for row in rounded if row[0].duration]
    if not _any_overlap(intervals):
        for (one, _, end), (other, start, _) in combinations(filled, 2):
            assert one.label != other.label or end <= start


def _any_overlap(intervals: list[Interval]) -> bool:
    bouts = [interval for interval in intervals if interval.duration]
    return any(
        one.end > other.start
        for label in "ab"
        for one, other in pairwise([interval for interval in bouts if interval.label == label])
    )


EXAMPLE = """
import sys, hashlib
from pathlib import Path
from actscribe.annotations import *
annotations = Annotations.of(
    [Interval(f"label {n % 7}", n / 3, n / 3 + 0.3, f"subject {n % 5}", 0.5) for n in range(40)],
    ["/data/a.mp4"], 20.0, [f"label {n}" for n in (9, 3, 8, 1)],
)
for name in FORMATS:
    path = Path(sys.argv[1]) / f"a{FORMATS[name].ending}"
    write(path, annotations, name, FrameClock(25))
    print(name, hashlib.sha256(path.read_bytes()).hexdigest())
"""


def test_same_annotations_same_bytes_in_any_process(tmp_path: Path) -> None:
    outputs = []
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "de_DE.UTF-8"}
        command = [sys.executable, "-c", EXAMPLE, str(tmp_path)]
        outputs.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert outputs[0] == outputs[1]
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    assert len(digests) == len(FORMATS) + 1  # the description of BIDS events
    assert all(digest in outputs[0] for name, digest in digests.items() if name != "a_events.json")
    assert not any(b"\r" in path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".nwb")


HOSTILE = (
    "</script><script>alert(1)</script>",
    "line\nbreak",
    "line\r\nbreak",
    "tab\tstop",
    "quote\"s 'and' back\\slash",
    "🙂 é e\u0301",
    "שלום עולם",
    "x" * 10_000,
    "=cmd|'/c calc'!A0",
    "+1",
    "@SUM(A1)",
    " space ",
    "]]> &amp; <!--",
    "null\x00",
    "\ud800",
    "A @ B #2",
    "a;b,c|d",
    "%s {0} %20",
    "-1",
)


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_labels_come_back_or_are_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    refused = []
    for number, label in enumerate(HOSTILE):
        path = tmp_path / f"{number}{FORMATS[name].ending}"
        annotations = Annotations(
            (Interval("plain", 0.0, 1.0), Interval(label, 1.0, 2.0)), duration=4.0, labels=(label,)
        )
        try:
            write(path, annotations, name, CLOCK)
        except ActScribeError as error:
            refused.append((label, str(error)))
            continue
        again = read(path, clock=CLOCK)
        assert [(i.label, i.start, i.end) for i in again.intervals] == [("plain", 0.0, 1.0), (label, 1.0, 2.0)]
        path.unlink()
        (tmp_path / f"{number}_events.json").unlink(missing_ok=True)  # describes the columns of BIDS events
    assert not list(tmp_path.iterdir())
    labels = {label for label, _ in refused}
    assert {"null\x00", "\ud800"} <= labels <= {*HOSTILE[1:4], "null\x00", "\ud800"}
    assert all(len(message) < 500 for _, message in refused)


@pytest.mark.parametrize("name", FORMATS)
def test_times_that_no_video_has_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ActScribeError, match="no video is that long"):
        exported(tmp_path, Annotations((Interval("x", 0, 1e308),)), name)
    with pytest.raises(ActScribeError, match="not possible"):
        exported(tmp_path, Annotations((Interval("x", 0, 1),), duration=1e308), name)
    assert not list(tmp_path.iterdir())
