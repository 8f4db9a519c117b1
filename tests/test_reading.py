"""Files that a user names: regular ones of a bounded size, in a known encoding; keys that are twice; hostile sizes."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actscribe.annotations import FrameClock, read_all
from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet, load_label_set
from actscribe.reading import load_json, read_bytes, read_text
from actscribe.settings.study import load_study
from actscribe.yaml_file import load_model

MILLION = 1_000_000


def file(folder: Path, content: str | bytes, name: str = "a.file") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ActScribeError) as caught:
        read_all(path, FrameClock(25.0))
    assert str(path) in caught.value.message
    return str(caught.value)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe, listening = tmp_path / "pipe.csv", tmp_path / "socket.csv"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(listening))
        named = {pipe: "a pipe", listening: "a socket", Path("/dev/zero"): "a device", tmp_path: "a folder"}
        for path, what in named.items():
            assert f"is {what}, expected a file" in refused(path)
            with pytest.raises(ActScribeError, match=what):
                load_model(path, LabelSet)
    assert "no such file" in refused(tmp_path / "missing")
    assert "cannot be read" in refused(Path("a" * 5000))
    assert "cannot be read" in refused(Path("a\0b"))


@pytest.mark.parametrize(
    "command",
    [
        ["convert", "{pipe}", "{out}"],
        ["check", "{pipe}"],
        ["train", "{pipe}"],
        ["new", "{out}", "--labels", "{pipe}"],
        ["annotate", "{pipe}", "--run", "{run}"],
    ],
)
def test_no_command_waits_for_a_pipe(tmp_path: Path, command: list[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    names = {"pipe": str(tmp_path / "pipe"), "out": str(tmp_path / "out.csv"), "run": str(tmp_path / "run")}
    done = CliRunner().invoke(app, [part.format(**names) for part in command])
    assert done.exit_code == 2, (done.output, done.exception)


def test_a_study_with_pipes_for_files_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for key in ("recordings", "labels"):
        values = {"name": "a", "recordings": "m.csv", "labels": "resuscitation", key: "pipe"}
        file(tmp_path, "".join(f"{name}: {value}\n" for name, value in values.items()), "study.yaml")
        done = CliRunner().invoke(app, ["check", str(tmp_path)])
        assert done.exit_code == 2, (done.output, done.exception)


def test_a_file_of_gigabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    path = file(tmp_path, "label,start,end\n")
    os.truncate(path, 5 * 2**30)  # sparse
    with path.open("r+b") as written:
        written.write(b"label,start,end\n" * 1000)
    assert "has 5,120.0 MiB; files of this kind are read up to 128 MiB" in refused(path)
    os.truncate(path, 3 * 2**20)
    with pytest.raises(ActScribeError, match=r"has 3\.0 MiB; files of this kind are read up to 2 MiB"):
        load_model(path, LabelSet)
    assert len(read_bytes(path, 3 * 2**20)) == 3 * 2**20


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("label,start,end\nÜ,1,2\n".encode("utf-16-le"), "looks like UTF-16 text without a byte order mark"),
        ("label,start,end\nÜ,1,2\n".encode("cp1252"), ":2: byte 0xdc is not UTF-8 text"),
        ("label,start,end\nÜ,1,2\n".encode("utf-16")[:-1], ":2: byte 0x0a is not UTF-16 text"),
        (b"label,start,end\n" + b"x,1,2\n" * 1000 + b"\0,1,2\n", ":1002: holds a NUL character"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is not a text file"),
    ],
)
def test_encodings_that_are_not_known_are_not_guessed(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(ActScribeError) as caught:
        read_text(file(tmp_path, content))
    assert expected in str(caught.value)


OWN = '{"format": "actscribe-annotations", "version": 1,\n"intervals": [{"label": "a", "start": 1, "end": 2}]'
BORIS = '{"behaviors_conf": {"0": {"code": "w"}},\n"observations": {"o": {"events": [[1, "", "w"], [2, "", "w"]]}'
VIA = '{"metadata": {"m": {"vid": "1", "z": [1, 2], "av": {"1": "a"}}},\n"view": {}'


@pytest.mark.parametrize(
    ("content", "key", "lines"),
    [
        (OWN + ',\n"intervals": []}', "intervals", (2, 3)),
        (OWN.replace('"end": 2', '"end": 2,\n"start": 5') + "}", "start", (2, 3)),
        (BORIS + ',\n"o": {"events": []}}}', "o", (2, 3)),
        (BORIS + '},\n"observations": {}}', "observations", (2, 3)),
        (VIA.replace("},\n", ', "m": {"vid": "1"}},\n') + "}", "m", (1, 1)),
        (OWN + ',\n"media": ["\\"media\\": {", "}"],\n"m\\u0065dia": []}', "media", (3, 4)),
    ],
)
def test_a_key_that_is_twice_is_refused_with_both_lines(
    tmp_path: Path, content: str, key: str, lines: tuple[int, int]
) -> None:
    assert f":{lines[1]}: the key '{key}' is already defined on line {lines[0]}" in refused(file(tmp_path, content))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('"version"', '"note": "",\n"version"'), "unknown key 'note'"),
        (('"end"', '"certainty": 1, "end"'), "intervals > 0: unknown key 'certainty'"),
        (("1,", "true,"), "version: expected a whole number (found True)"),
        (('"start": 1', '"start": "1"'), "intervals > 0 > start: expected a number (found '1')"),
        (('"start": 1', '"start": true'), "intervals > 0 > start: expected a number (found True)"),
        (('"end": 2', '"end": NaN'), "interval 1: 'a' from 1.0 s to nan s"),
        (('"end": 2', '"end": 1e308'), "interval 1: 'a' from 1 s to 1e+308 s: no video is that long"),
        (('"end": 2', '"end": 2, "score": 2'), "intervals > 0 > score"),
        (('"version": 1', '"version": 2, "new": 1'), "is version 2 of this format"),
    ],
)
def test_our_own_json_is_read_to_the_letter(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    assert expected in refused(file(tmp_path, OWN.replace(*change) + "}"))


STUDY = "name: a\nrecordings: m.csv\nlabels: resuscitation\nwindows: {length: 3}\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("seed: 1\nname: b\n", ":6: the key 'name' is already defined on line 1"),
        ("windows:\n  stride: 1\n", ":5: the key 'windows' is already defined on line 4"),
        ("split: {test: 0.2,\n  test: 0.4}\n", ":6: the key 'test' is already defined on line 5"),
        ("recognizers:\n  clip: {}\n  'clip': {}\n", ":7: the key 'clip' is already defined on line 6"),
    ],
)
def test_a_key_that_is_twice_in_a_study_is_refused_with_both_lines(tmp_path: Path, more: str, expected: str) -> None:
    file(tmp_path, STUDY + more, "study.yaml")
    with pytest.raises(ActScribeError) as caught:
        load_study(tmp_path)
    assert expected in str(caught.value)


@pytest.mark.parametrize("value", [".inf", ".nan", "1e400", "-1", "0", "١"])
@pytest.mark.parametrize("key", ["length", "stride"])
def test_windows_are_finite(tmp_path: Path, key: str, value: str) -> None:
    file(tmp_path, STUDY.replace("{length: 3}", f"{{{key}: {value}}}"), "study.yaml")
    with pytest.raises(ActScribeError, match=rf"study.yaml:4: windows.{key}"):
        load_study(tmp_path)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("[Walk, Walk]", "two labels are called 'Walk'"),
        ("[Walk, 'walk ']", "two labels are called 'Walk'"),
        ("[{name: Walk, aliases: [Go]}, {name: Sit, aliases: [GO]}]", "'GO' is a name or alias of both 'Walk'"),
        ('["\\u00dcben", "U\\u0308ben"]', "two labels are called '\u00dcben'"),
        ("[{name: Walk, aliases: [' ']}]", "a name or alias of label 'Walk' is empty"),
        ("[{name: Walk, name: Sit}]", "the key 'name' is already defined on line 3"),
    ],
)
def test_two_labels_of_one_name_are_refused(tmp_path: Path, labels: str, expected: str) -> None:
    with pytest.raises(ActScribeError) as caught:
        load_label_set(file(tmp_path, f"name: a\ntask: multi-label\nlabels: {labels}\n"))
    assert expected in str(caught.value)


def test_what_is_left_out_on_purpose_is_no_label(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="walk: is both ignored and a label"):
        load_label_set(file(tmp_path, "name: a\nlabels: [Walk]\nignored: [walk]\n"))
    assert load_label_set(file(tmp_path, "name: a\nlabels: [Üben]\n")).resolve("u\u0308ben ") == "Üben"


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (LAUGHS, "has more than 50,000 values once its aliases"),
        ("a: &a [*a]\n", ":1: an alias lies inside the value it refers to"),
        ("[" * MILLION, "are nested too deeply"),
        ("{" * MILLION, "are nested too deeply"),
        ("- " * MILLION, "are nested too deeply"),
        ("labels: [" + "a," * (MILLION // 2) + "]", "has more than 50,000 lines or values"),
        ("name: " + "1:" * (MILLION // 4) + "1", ":1: a number of"),
        ("name: " + "1" * (MILLION // 2), ":1: a number of 500,000 characters"),
    ],
)
def test_yaml_that_would_grow_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    with pytest.raises(ActScribeError) as caught:
        load_model(file(tmp_path, content), LabelSet)
    assert expected in str(caught.value)


def test_aliases_within_bounds_are_read(tmp_path: Path) -> None:
    content = (
        "name: a\nlabels:\n- &w {name: Walk, definition: &d goes}\n- {<<: *w, name: Run}\n- {name: Sit, phrase: *d}\n"
    )
    labels = load_label_set(file(tmp_path, content)).labels
    assert [(one.name, one.definition, one.phrase) for one in labels] == [
        ("Walk", "goes", ""),
        ("Run", "goes", ""),
        ("Sit", "", "goes"),
    ]


CUE = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
HOSTILE = {
    "tags": CUE + "<" * MILLION,
    "voices": CUE + "<v " * (MILLION // 3),
    "classes": CUE + "<v." * (MILLION // 3),
    "stamps": CUE + "<00:00:00" * (MILLION // 9),
    "references": CUE + "&" * MILLION,
    "spaces before an arrow": CUE + "\n00:01.000" + " " * MILLION + "-->" + " " * MILLION,
    "arrows": "WEBVTT\n\n" + "-->\n" * (MILLION // 4),
    "quotation marks": "label,start,end\n" + '"' * MILLION,
    "a mark in each row": "label\tstart\tend\n" + '"a\t0\t1\n' * (MILLION // 50),
    "a mark in each line": "label\tstart\tend\n" + '"a\n' * (MILLION // 3),
    "marks that never close": 'label,start,end\n"a\n' + '""\n' * (MILLION // 3),
    "columns": "Behavior\tBehavior type\tTime\t" + "x\t" * (MILLION // 50) + "\n" + "A\tPOINT\t1\n" * (MILLION // 50),
    "underscores": "_" * MILLION + ",start,end\na,0,1",
    "separators": "sep=" + ";" * MILLION,
    "clock": "label,start,end\na," + "1:" * (MILLION // 2) + ",2",
    "spaces": " " * MILLION + "x",
    "brackets": "[" * MILLION,
    "braces": '{"a":' * (MILLION // 5),
    "escapes": '{"observations": {"a": "' + '\\"' * (MILLION // 2),
    "doubled": '{"observations": {' + ",".join(f'"a{n}":{{}}' for n in range(MILLION // 20)) + ',"a1":{}}}',
    "attributes": "<annotations " + " ".join(f'a{n}=""' for n in range(MILLION // 8)) + "/>",
    "elements": "<annotations>" + "<a>" * (MILLION // 8) + "</a>" * (MILLION // 8) + "</annotations>",
    "steps": "<annotations><meta><frame_filter>" + "step " * (MILLION // 5) + "</frame_filter></meta></annotations>",
    "declared": "<annotations><meta><label><attribute>~select=a"
    + "=" * MILLION
    + "</attribute></label></meta></annotations>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_size_and_not_with_its_square(tmp_path: Path, name: str) -> None:
    """A megabyte takes a second or two on a slow machine; the square of it would take minutes."""
    path = file(tmp_path, HOSTILE[name])
    before = time.process_time()
    refusal = ""
    try:
        read_all(path, FrameClock(25.0))
    except ActScribeError as error:
        refusal = str(error)
    assert time.process_time() - before < 6
    assert len(refusal) < 2_000


def test_json_and_xml_are_counted_before_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="has more than 6,000,000 values"):
        load_json(file(tmp_path, "[" + "0," * 6_000_001 + "0]"))
    assert "more XML elements, or more attributes" in refused(
        file(tmp_path, "<annotations>" + "<a/>" * 3_000_001 + "</annotations>")
    )
    long = "<annotations><a " + " ".join(f'a{n}=""' for n in range(40_000)) + "/></annotations>"
    assert "in one element's tag" in refused(file(tmp_path, long))
