"""Names of recordings are file names on every system, and no two are one to any of them."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study

from actscribe.data.loading import load_data
from actscribe.names import is_safe_name, safe_name, same_name, unique_names
from actscribe.settings.study import load_study

ANY_TEXT = st.text(st.characters(codec=None), max_size=300)
#: From Microsoft's "Naming Files, Paths, and Namespaces".
DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rec 01", "rec 01"),
        ("Jürgen_März.cam1", "Jürgen_März.cam1"),
        ("新生児", "新生児"),
        ("/cam1/rec", "cam1-rec"),
        ("..\\up", "up"),
        ("2024-01-01T10:20:30", "2024-01-01T10-20-30"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("rec. ", "rec"),
        ("con", "con_"),
        ("NUL.cam", "NUL_.cam"),
        ("lpt1 .x", "lpt1_.x"),
        ("console", "console"),
        ("a\nb\x00c\x7f", "a-b-c-"),
        ("a\u202egpj", "a-gpj"),
        ("e\u0301", "\u00e9"),
        ("a\udcffb", "a-b"),
        ("", "unnamed"),
        ("..", "unnamed"),
    ],
)
def test_names_become_file_names(text: str, expected: str) -> None:
    assert safe_name(text) == expected


def test_a_long_name_is_cut_and_stays_apart_from_others_that_begin_alike() -> None:
    first, second = safe_name("é" * 300), safe_name("é" * 299 + "e")
    assert first != second
    assert max(len(first.encode()), len(second.encode())) <= 180
    assert safe_name("x" * 180) == "x" * 180


@given(ANY_TEXT)
def test_any_text_becomes_a_name_that_windows_takes_and_that_stays(text: str) -> None:
    name = safe_name(text)
    assert safe_name(name) == name
    assert is_safe_name(name)
    assert 0 < len(name.encode("utf-8")) <= 180
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(one) == "Cc" for one in name)
    assert name[0] not in ".- "
    assert name[-1] not in ". "
    assert name.partition(".")[0].rstrip().upper() not in DEVICES
    assert PureWindowsPath(name).name == name
    assert unicodedata.is_normalized("NFC", name)


@given(st.lists(st.lists(st.text("aAé\u0301/.:- ", max_size=4), min_size=1, max_size=3), max_size=8))
def test_no_two_names_are_one_in_another_case_or_another_way_to_write_accents(parts: list[list[str]]) -> None:
    names = unique_names(parts)
    assert len({unicodedata.normalize("NFD", name.upper()) for name in names}) == len(parts)
    assert len({same_name(name) for name in names}) == len(parts)
    assert all(map(is_safe_name, names))


def test_only_as_many_folders_as_tell_two_apart_are_in_a_name() -> None:
    assert unique_names([["s", "cam1", "rec"], ["s", "cam2", "rec"], ["s", "x", "other"]]) == [
        "cam1-rec",
        "cam2-rec",
        "other",
    ]
    assert unique_names([["a", "x", "rec"], ["b", "x", "REC"]]) == ["a-x-rec", "b-x-REC"]
    assert unique_names([["rec"], ["b", "rec"]]) == ["rec", "b-rec"]
    assert unique_names([["a:b"], ["a-b"], ["a?b"]]) == ["a-b", "a-b-2", "a-b-3"]
    assert unique_names([["a-2"], ["a"], ["A"]]) == ["a-2", "a", "A-3"]


def _study(folder: Path, videos: list[Path]) -> Path:
    """Write a study of three videos, one a split, that lie where `videos` says."""
    folder.mkdir(parents=True)
    shown = [(LEFT, 0, 1500), (RIGHT, 1000, 2500)]
    rows = []
    for index, (video, split) in enumerate(zip(videos, ("train", "validation", "test"), strict=True)):
        film(folder / video, shown, 3.0, index)
        interval_text(folder / f"{index}.txt", shown)
        rows.append({"video": str(video), "annotations": f"{index}.txt", "group": f"p{index}", "split": split})
    write_manifest(folder, rows)
    return write_study(folder)


def _names(study: Path) -> list[str]:
    return [recording.name for recording in load_data(load_study(study)).recordings]


def test_names_do_not_depend_on_where_the_study_lies(tmp_path: Path) -> None:
    videos = [Path("rec.mp4"), Path("cam1/rec.mp4"), Path("cam2/rec.mp4")]
    study = _study(tmp_path / "here", videos)
    before = _names(study)
    assert before == ["rec", "cam1-rec", "cam2-rec"]
    moved = (tmp_path / "here").rename(tmp_path / "there")
    assert _names(moved / "study.yaml") == before
    (moved / "rec.mp4").rename(moved / "cam1" / "Rec.mkv")
    text = (moved / "manifest.csv").read_text().replace("\nrec.mp4", "\ncam1/Rec.mkv")
    (moved / "manifest.csv").write_text(text)
    assert _names(moved / "study.yaml") == ["Rec-mkv", "rec-mp4", "rec"]


def test_videos_at_the_root_of_a_mount_have_names_without_a_separator(tmp_path: Path) -> None:
    # `/cam1/rec.mp4` cannot be made by a test; what matters is the way its parts are read.
    from actscribe.data.loading import _parts

    assert unique_names([_parts(Path(f"/cam{k}/rec.mp4"), tmp_path) for k in (1, 2)]) == ["cam1-rec", "cam2-rec"]
    assert unique_names([_parts(Path("/rec.mp4"), tmp_path)]) == ["rec"]
