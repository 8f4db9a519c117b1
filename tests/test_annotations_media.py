"""WebVTT, VIA 3, our own JSON, CVAT and DeepEthogram: hand-written files and golden ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from actscribe.annotations import Annotations, FrameClock, Interval, detect, read, read_all, write
from actscribe.errors import ActScribeError

VTT = """WEBVTT - made by hand
Kind: captions

STYLE
::cue { color: white }

NOTE a comment
on two lines

1
00:01.000 --> 00:02.500 align:start position:10%
Suction

00:59:59.000 --> 101:00:00.250
<v.loud Dr. A &amp; B>PPV</v>
<c.yellow>Baby <b>visible</b></c>

00:03.000 --> 00:03.000
tom &amp; jerry &lt;3
"""


def file(folder: Path, content: str, name: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_webvtt_by_hand(tmp_path: Path, ends: str) -> None:
    path = file(tmp_path, VTT.replace("\n", ends), "a.vtt")
    assert detect(path) == "vtt"
    assert read(path).intervals == (
        Interval("Suction", 1.0, 2.5),
        Interval("tom & jerry <3", 3.0, 3.0),
        Interval("Baby visible", 3599.0, 363600.25),
        Interval("PPV", 3599.0, 363600.25, "Dr. A & B"),
    )


def test_webvtt_is_written_for_players(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    intervals = [Interval("a --> <b>", 3661.5, 3662), Interval("PPV", 0.0006, 0.0007, "A & B")]
    write(path, Annotations.of(intervals), "vtt")
    assert path.read_text() == (
        "WEBVTT\n\n00:00:00.001 --> 00:00:00.002\n<v A &amp; B>PPV\n"
        "\n01:01:01.500 --> 01:01:02.000\na --&gt; &lt;b&gt;\n"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("WEBVTT\n\n00:01 --> 00:02\nx\n", ":3: expected a timing"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", "line 4: 'x' from 2.0 s to 1.0 s"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", "line 3: the interval from 1 s to 2 s has no label"),
        ("WEBVTTX\n\n00:01.000 --> 00:02.000\nx\n", ":1: expected 'WEBVTT'"),
    ],
)
def test_wrong_cues_are_named(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(ActScribeError, match=problem):
        read(file(tmp_path, content, "a.vtt"))


def via(folder: Path, metadata: dict[str, Any], views: dict[str, Any] | None = None) -> Path:
    content = {
        "project": {"vid_list": ["1"]},
        "config": {},
        "attribute": {
            "1": {"aname": "act", "type": 4, "options": {"0": "Suction", "1": "PPV"}},
            "2": {"aname": "Subject", "type": 1, "options": {}},
            "3": {"aname": "seen", "type": 2, "options": {"b": "Baby", "h": "Hand"}},
        },
        "file": {
            "1": {"fid": "1", "fname": "a.mp4", "type": 4},
            "2": {"fid": "2", "fname": "", "src": "http://x/b.mp4"},
        },
        "metadata": metadata,
        "view": views or {"1": {"fid_list": ["1"]}},
    }
    return file(folder, json.dumps(content), "via.json")


def test_via_segments_by_hand(tmp_path: Path) -> None:
    path = via(
        tmp_path,
        {
            "1_a": {"vid": "1", "flg": 0, "z": [1.5, 2.0], "xy": [], "av": {"1": "0", "2": "nurse"}},
            "1_b": {"vid": "1", "flg": 0, "z": [3.0, 3.0], "xy": [], "av": {"3": "b,h"}},
            "1_c": {"vid": "1", "flg": 0, "z": [4.0, 5.0], "xy": [], "av": {"1": "typed in"}},
            "1_d": {"vid": "1", "flg": 0, "z": [4.5], "xy": [2, 10, 10, 5, 5], "av": {"1": "0"}},
        },
    )
    assert detect(path) == "via"
    assert read(path) == Annotations(
        (
            Interval("Suction", 1.5, 2.0, "nurse"),
            Interval("Baby", 3.0, 3.0),
            Interval("Hand", 3.0, 3.0),
            Interval("typed in", 4.0, 5.0),
        ),
        (),
        ("a.mp4",),
    )


def test_via_with_several_files(tmp_path: Path) -> None:
    path = via(
        tmp_path,
        {
            "1_a": {"vid": "1", "z": [1.0, 2.0], "av": {"1": "0"}},
            "2_a": {"vid": "2", "z": [3.0, 4.0], "av": {}},
        },
        {"1": {"fid_list": ["1"]}, "2": {"fid_list": ["2"]}, "3": {"fid_list": []}},
    )
    assert read(path, "a.mp4").intervals == (Interval("Suction", 1.0, 2.0),)
    with pytest.raises(ActScribeError, match="segment '2_a': the segment from 3 s to 4 s has no value"):
        read(path, "b.mp4")


def test_via_is_written_as_a_project_of_one_video(tmp_path: Path) -> None:
    path = tmp_path / "a.via.json"
    write(path, Annotations((Interval("PPV", 1, 2, "nurse"), Interval("CPAP", 3, 4)), media=("a.mp4",)), "via")
    content = json.loads(path.read_text())
    options = content["attribute"]["1"]["options"]
    segments = [(s["z"], options[s["av"]["1"]], s["av"].get("2")) for s in content["metadata"].values()]
    assert segments == [([1.0, 2.0], "PPV", "nurse"), ([3.0, 4.0], "CPAP", None)]
    assert content["file"]["1"]["fname"] == "a.mp4"
    assert content["attribute"]["1"]["anchor_id"] == "FILE1_Z2_XY0"


def test_json_is_the_documented_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    annotations = Annotations(
        (Interval("Süd", 1, 2.5, "P", 0.5), Interval("b", 2, 3, "", 0.0)), (Interval("", 8, 9),), ("a.mp4",), 12.5
    )
    write(path, annotations, "json")
    assert "Süd" in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "format": "actscribe-annotations",
        "version": 1,
        "media": ["a.mp4"],
        "duration": 12.5,
        "intervals": [
            {"label": "Süd", "start": 1.0, "end": 2.5, "subject": "P", "score": 0.5},
            {"label": "b", "start": 2.0, "end": 3.0, "score": 0.0},
        ],
        "gaps": [{"label": "", "start": 8.0, "end": 9.0}],
    }
    assert read(path) == annotations


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 2}, "is version 2 of this format"),
        ({"intervals": [{"label": "x", "start": 3, "end": 2}]}, "interval 1: 'x' from 3.0 s to 2.0 s"),
        ({"intervals": [{"label": "x", "start": 3}]}, "intervals > 0 > end: Field required"),
        ({"intervals": [{"label": "x", "start": "a", "end": 4}]}, "intervals > 0 > start"),
        ({"gaps": [{"label": "", "start": 3, "end": 2}]}, r"gap 1: '\(not annotated\)' from 3.0 s to 2.0 s"),
        ({"duration": -1}, "duration: expected a number of at least 0"),
    ],
)
def test_wrong_json_names_the_entry(tmp_path: Path, change: dict, problem: str) -> None:
    content = {"format": "actscribe-annotations", "version": 1, "intervals": []} | change
    path = file(tmp_path, json.dumps(content), "a.json")
    with pytest.raises(ActScribeError, match=problem) as caught:
        read(path)
    assert str(path) in str(caught.value)


def box(frame: int, outside: int = 0, **attributes: str) -> str:
    inner = "".join(f'<attribute name="{name}">{value}</attribute>' for name, value in attributes.items())
    return f'<box frame="{frame}" outside="{outside}" keyframe="1" xtl="0" ytl="0" xbr="9" ybr="9">{inner}</box>'


OLD_META = """<meta><task><size>100</size><labels><label><name>ped</name><attributes>
<attribute>@text=id:</attribute><attribute>~select=action:standing,walking</attribute>
<attribute>~checkbox=nods:false</attribute><attribute>@select=age:child,adult</attribute>
</attributes></label></labels><source>data/v.mp4</source></task></meta>"""


def test_cvat_tracks_by_hand(tmp_path: Path) -> None:
    """Frames 10 to 19 standing, 20 to 24 walking and nodding, outside from 25, back at 30 for one frame."""
    track = (
        box(10, id="p1", action="standing", nods="false", age="adult")
        + box(20, id="p1", action="walking", nods="true", age="adult")
        + box(25, outside=1, id="p1", action="walking", nods="true", age="adult")
        + box(30, id="p1", action="__undefined__", nods="false", age="adult")
    )
    plain = box(0) + box(50, outside=1)
    path = file(
        tmp_path,
        f'<annotations><version>1.1</version>{OLD_META}<track id="0" label="ped">{track}</track>'
        f'<track id="1" label="Suction">{plain}</track></annotations>',
        "a.xml",
    )
    assert detect(path) == "cvat"
    assert read(path, clock=FrameClock(10)) == Annotations(
        (
            Interval("Suction", 0.0, 5.0),
            Interval("action=standing", 1.0, 2.0, "p1"),
            Interval("ped", 1.0, 2.5, "p1"),
            Interval("action=walking", 2.0, 2.5, "p1"),
            Interval("nods", 2.0, 2.5, "p1"),
            Interval("ped", 3.0, 3.1, "p1"),
        ),
        (),
        ("data/v.mp4",),
        10.0,
    )


def test_cvat_tracks_without_names_are_told_apart(tmp_path: Path) -> None:
    meta = (
        "<meta><task><frame_filter>step=5</frame_filter><labels><label><name>ped</name><attributes><attribute>"
        "<name>action</name><mutable>True</mutable><input_type>radio</input_type></attribute></attributes></label>"
        "</labels></task></meta>"
    )
    tracks = "".join(
        f'<track id="{n}" label="ped">{box(0, action="walking")}{box(5, action="walking")}</track>' for n in (3, 4)
    )
    path = file(tmp_path, f"<annotations>{meta}{tracks}</annotations>", "a.xml")
    assert read(path, clock=FrameClock(10)).intervals == (
        Interval("action=walking", 0.0, 1.0, "ped 3"),
        Interval("action=walking", 0.0, 1.0, "ped 4"),
        Interval("ped", 0.0, 1.0, "ped 3"),
        Interval("ped", 0.0, 1.0, "ped 4"),
    )


def test_cvat_tags_on_images(tmp_path: Path) -> None:
    images = "".join(f'<image id="{n}" name="{n}.png"><tag label="Suction"/></image>' for n in (4, 5, 6, 9))
    path = file(tmp_path, f"<annotations>{images}<image id='7' name='7.png'/></annotations>", "a.xml")
    assert read(path, clock=FrameClock(2)).intervals == (Interval("Suction", 2.0, 3.5), Interval("Suction", 4.5, 5.0))


def test_cvat_is_written_as_tracks_with_its_frame_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    annotations = Annotations((Interval("Suction", 1, 2, "nurse"), Interval("PPV", 3.0, 3.0)), (), ("v.mp4",), 10.0)
    write(path, annotations, "cvat", clock=FrameClock(25))
    root = ElementTree.parse(path).getroot()
    assert root.findtext("meta/task/fps") == "25.0"
    assert root.findtext("meta/task/size") == "250"
    tracks = [(t.get("label"), [(b.get("frame"), b.get("outside")) for b in t]) for t in root.iter("track")]
    assert tracks == [("Suction", [("25", "0"), ("49", "0"), ("50", "1")]), ("PPV", [("75", "0"), ("76", "1")])]
    # The file's own rate counts, whatever rate is given; the video's own frame times count most.
    video = FrameClock.of_frames([k / 5 for k in range(100)], 20.0)
    assert read(path, clock=video).intervals[0] == Interval("Suction", 5.0, 10.0, "nurse")
    assert read(path, clock=FrameClock(50)).intervals == (
        Interval("Suction", 1.0, 2.0, "nurse"),
        Interval("PPV", 3.0, 3.04),
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            f'<track id="7" label="x">{box(0).replace("0", "zero", 1)}</track>',
            "track 7: expected a number of frames, found 'zero'",
        ),
        (f'<track id="7" label="x">{box(-3)}{box(5)}</track>', "frames -3 to 6: 'x' from -0.3 s"),
        ("<meta><task><fps>fast</fps></task></meta>", "the frame rate is 'fast'"),
        (f'<track id="7" label="">{box(0)}</track>', "frames 0 to 1: the interval .* has no label"),
    ],
)
def test_wrong_tracks_are_named(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(ActScribeError, match=problem):
        read(file(tmp_path, f"<annotations>{content}</annotations>", "a.xml"), clock=FrameClock(10))


@pytest.mark.parametrize("name", ["cvat", "deepethogram"])
def test_formats_that_count_frames_ask_for_the_frame_times(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    with pytest.raises(ActScribeError) as caught:
        write(path, Annotations((Interval("x", 0, 1),)), name)
    assert "--fps 25" in caught.value.hint
    with pytest.raises(ActScribeError, match="A frame rate of 0 is not possible"):
        write(path, Annotations((Interval("x", 0, 1),)), name, clock=FrameClock(0))
    path.write_text(",background,x\n0,1,0\n" if name == "deepethogram" else "<annotations/>")
    with pytest.raises(ActScribeError) as caught:
        read(path)
    assert "--fps 25" in caught.value.hint


def test_deepethogram_by_hand(tmp_path: Path) -> None:
    rows = ["", "0,1,0,0", "1,0,1,0", "2,0,1,-1", "3,0,0,-1", "4,-1,-1,-1", "5,0,0,1"]
    path = file(tmp_path, "\n".join([",background,Suction,PPV", *rows]), "v_labels.csv")
    assert detect(path) == "deepethogram"
    assert read(path, clock=FrameClock(2)) == Annotations(
        (Interval("Suction", 0.5, 1.5), Interval("PPV", 2.5, 3.0)),
        (Interval("PPV", 1.0, 2.0), Interval("", 2.0, 2.5)),
        (),
        3.0,
    )


def test_deepethogram_is_written_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "v_labels.csv"
    annotations = Annotations(
        (Interval("a", 0.0, 1.0), Interval("b", 0.5, 0.5)), (Interval("b", 0.0, 0.5), Interval("", 1.5, 2)), (), 2.5
    )
    write(path, annotations, "deepethogram", clock=FrameClock(2))
    assert path.read_text() == ",background,a,b\n0,0,1,-1\n1,0,1,1\n2,1,0,0\n3,-1,-1,-1\n4,1,0,0\n"


def test_deepethogram_without_behaviours_says_what_was_annotated(tmp_path: Path) -> None:
    path = tmp_path / "v_labels.csv"
    write(path, Annotations((), (Interval("", 1, 2),), (), 3.0), "deepethogram", clock=FrameClock(1))
    assert path.read_text() == ",background\n0,1\n1,-1\n2,1\n"
    assert read(path, clock=FrameClock(1)) == Annotations((), (Interval("", 1, 2),), (), 3.0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (",a,b\n0,0,1\n1,0,2\n", ":3: expected 2 values of -1, 0 or 1, found '2'"),
        (",a,b\n0,0,1\n1,0\n", ":3: expected 2 values of -1, 0 or 1, found 1 values"),
        (",a,a\n0,0,1\n", ":1: every behaviour needs a name of its own"),
    ],
)
def test_wrong_frames_are_named(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(ActScribeError, match=problem):
        read(file(tmp_path, content, "v_labels.csv"), clock=FrameClock(1))


def test_what_deepethogram_cannot_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="'background' means that nothing happens"):
        write(tmp_path / "a", Annotations((Interval("background", 0, 1),)), "deepethogram", clock=FrameClock(1))
    with pytest.raises(ActScribeError, match="there is nothing to write"):
        write(tmp_path / "a", Annotations(()), "deepethogram", clock=FrameClock(1))


def test_files_without_a_name_for_their_video_go_by_their_own(tmp_path: Path) -> None:
    path = file(tmp_path, "WEBVTT\n\n00:01.000 --> 00:02.000\nx\n", "baby.vtt")
    assert read_all(path) == {"baby": Annotations((Interval("x", 1.0, 2.0),))}
