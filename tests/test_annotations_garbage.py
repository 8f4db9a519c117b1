"""Damaged and foreign files: a sentence that names the file, never anything else."""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actscribe.annotations import FORMATS, Annotations, FrameClock, Interval, detect, read_all, write
from actscribe.errors import ActScribeError

ANNOTATED = Annotations.of(
    [Interval("Suction", 1, 2, "nurse"), Interval("Birth", 3, 3), Interval("(not annotated)", 4, 5)],
    media=("a.mp4",),
    duration=6.0,
)
#: Formats that take a tenth of a second a file.
SLOWLY_READ = ("nwb",)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)


def written(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        write(path, ANNOTATED, name, clock=FrameClock(10))
        return path.read_bytes()


def read_or_refuse(content: bytes) -> None:
    """Read `content`; the only exception may be one that names the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.file"
        path.write_bytes(content)
        refusal = ""
        try:
            read_all(path, clock=FrameClock(10))
        except ActScribeError as error:
            refusal = str(error)
        assert not refusal or "damaged.file" in refusal


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b" \r\n\t", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (PNG, "is not a text file"),
        (b"just some words\nand more\n", "none of the known annotation formats; it begins with 'just some words'"),
        (b"<html><body/></html>", "an XML file of <html>"),
        (b"<annotations><track>", "damaged:1: not well-formed XML"),
        (b"[1, 2]", "not a recognized JSON annotation format"),
        (b'{"a": 1}', "it holds a"),
        (b'{"observations": {"a"', "damaged:1: not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"observations": {"a": {"events": 3}}}', "observations > a > events"),
        (
            b'{"behaviors_conf": {"0": {"code": "x"}}, "observations": {"a": {"events": [[1'
            + b"0" * 400
            + b', "", "x"]]}}}',
            "observation 'a', event 1: expected time",
        ),
        (
            b"<annotations><track><box frame='1" + b"0" * 400 + b"'/></track></annotations>",
            "expected a number of frames",
        ),
        (b'{"observations": {}}', "holds no observation"),
        (b'{"metadata": {"a": {"z": [1, 2]}}, "view": {}}', "metadata > a > vid"),
    ],
)
def test_foreign_files_are_told_what_they_are_not(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(ActScribeError) as caught:
        read_all(path, clock=FrameClock(10))
    assert str(path) in caught.value.message
    assert problem in str(caught.value)


def test_folders_and_missing_files(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.eaf"):
        with pytest.raises(ActScribeError) as caught:
            detect(path)
        assert str(path) in str(caught.value)


@given(st.binary(max_size=200))
@example(b"\xff\xfe<\0a\0")
@example(b"\xff\xfeabc")
@example(b"<?xml version='1.0' encoding='nonsense'?><annotations/>")
def test_random_bytes(content: bytes) -> None:
    read_or_refuse(content)


@given(st.text(max_size=200))
def test_random_text(content: str) -> None:
    read_or_refuse(content.encode("utf-8", errors="surrogatepass"))


@pytest.mark.parametrize("name", FORMATS)
def test_valid_files_with_something_cut_replaced_or_inserted(name: str) -> None:
    settings(max_examples=25 if name in SLOWLY_READ else 100)(given(data=st.data())(read_something_damaged))(name=name)


def read_something_damaged(data: st.DataObject, name: str) -> None:
    content = written(name)
    for _ in range(data.draw(st.integers(1, 3), "changes")):
        first = data.draw(st.integers(0, len(content)), "from")
        last = data.draw(st.integers(first, min(len(content), first + 20)), "to")
        piece = data.draw(
            st.sampled_from(
                [b"", b"0", b"-1", b"nan", b"1e999", b"\t", b"\n", b'"', b"<", b"null", b"{}", b"[]", b"\xfc"]
            )
            | st.binary(max_size=4),
            "piece",
        )
        content = content[:first] + piece + content[last:]
    read_or_refuse(content)


@pytest.mark.parametrize("name", FORMATS)
def test_files_cut_off_anywhere(name: str) -> None:
    content = written(name)
    for length in range(0, len(content), max(1, len(content) // 60)):
        read_or_refuse(content[:length])
