"""From one format to another, and what the result says about it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner
from videos import make_video

from actscribe.annotations import (
    FORMATS,
    Annotations,
    Conversion,
    FrameClock,
    Interval,
    convert,
    find_format,
    format_of,
    read,
    write,
)
from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet

LABELS = LabelSet.model_validate(
    {
        "name": "small",
        "labels": [{"name": "Ventilation", "aliases": ["CPAP", "PPV"]}, {"name": "Suction"}],
        "ignored": ["Stimulation extremities"],
    }
)
PAPER = "CPAP\t0\t3000\t3000\nPPV\t3000\t5000\t2000\nSuction\t6000\t7000\t1000\nStimulation extremities\t0\t9\t9\n"


def paper(folder: Path, more: str = "") -> Path:
    path = folder / "in.txt"
    path.write_text(PAPER + more)
    return path


def test_without_a_label_set_names_stay(tmp_path: Path) -> None:
    result = convert(paper(tmp_path), tmp_path / "out.eaf")
    assert result == Conversion(
        "intervals",
        "elan",
        {"CPAP": 1, "PPV": 1, "Stimulation extremities": 1, "Suction": 1},
        {},
        {},
        (),
        "the file holds no other video",
    )
    assert read(tmp_path / "out.eaf").intervals == read(paper(tmp_path)).intervals


def test_with_a_label_set_nothing_goes_in_silence(tmp_path: Path) -> None:
    source = paper(
        tmp_path, "Drying\t1000\t2000\t1000\nDrying\t3000\t4000\t1000\n(not annotated) Drying\t8000\t9000\t1000\n"
    )
    result = convert(source, tmp_path / "out.json", labels=LABELS)
    assert result.counts == {"Drying": 2, "Suction": 1, "Ventilation": 1}
    assert result.unknown == {"Drying": 3}
    assert result.ignored == {"Stimulation extremities": 1}
    assert read(tmp_path / "out.json") == Annotations(
        (
            Interval("Ventilation", 0.0, 5.0),
            Interval("Drying", 1.0, 2.0),
            Interval("Drying", 3.0, 4.0),
            Interval("Suction", 6.0, 7.0),
        ),
        (Interval("Drying", 8.0, 9.0),),
    )


def test_what_the_target_cannot_carry_is_said(tmp_path: Path) -> None:
    source = tmp_path / "in.json"
    write(source, Annotations((Interval("x", 0, 1, "P", 0.5),), (), ("a.mp4",), 9.0), "json")
    assert convert(source, tmp_path / "a.txt").lost == ("subject", "score", "media", "duration")
    assert convert(source, tmp_path / "a.csv").lost == ("duration",)
    assert convert(source, tmp_path / "a_labels.csv", clock=FrameClock(10)).lost == ("subject", "score", "media")
    noted = Annotations((Interval("x", 0, 1),), notes=("Made by hand.",))
    write(source, noted, "json")
    assert convert(source, tmp_path / "b.csv").lost == ("notes",)
    assert convert(source, tmp_path / "b.eaf").lost == ()
    write(source, Annotations((Interval("x", 0, 1),), media=("a.mp4", "b.mp4")), "json")
    assert convert(source, tmp_path / "c.csv").lost == ("further media",)
    assert convert(source, tmp_path / "c.eaf").lost == ()


def test_one_of_several_videos_is_converted(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("video,label,start,end\na.mp4,x,0,1\nb.mp4,y,0,1\n")
    assert convert(source, tmp_path / "out.vtt", video="b.mp4").counts == {"y": 1}
    with pytest.raises(ActScribeError, match="holds 2 videos"):
        convert(source, tmp_path / "other.vtt")
    assert not (tmp_path / "other.vtt").exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.eaf", "elan"),
        ("A.EAF", "elan"),
        ("a.via.json", "via"),
        ("a.json", "json"),
        ("a_labels.csv", "deepethogram"),
        ("a.csv", "csv"),
        ("a.events.tsv", "boris-tabular"),
        ("a.aggregated.tsv", "boris-aggregated"),
        ("a.xml", "cvat"),
    ],
)
def test_the_longest_ending_tells_the_format(name: str, expected: str) -> None:
    assert format_of(Path(name)) == expected


def test_wrong_targets_are_explained(tmp_path: Path) -> None:
    source = paper(tmp_path)
    with pytest.raises(ActScribeError, match="its ending does not identify the format") as caught:
        convert(source, tmp_path / "out.tsv")
    assert "--to" in caught.value.hint
    with pytest.raises(ActScribeError, match="'Elan3' is not an annotation format") as caught:
        convert(source, tmp_path / "out.tsv", to="Elan3")
    assert caught.value.hint == "Did you mean 'elan'? (.eaf)"
    with pytest.raises(ActScribeError, match="is the source itself"):
        convert(source, source, to="csv")
    assert source.read_text() == PAPER
    with pytest.raises(ActScribeError, match="no such file"):
        convert(tmp_path / "missing.eaf", tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("eaf", "Did you mean 'elan'? (.eaf)"),
        (".EAF", "Did you mean 'elan'? (.eaf)"),
        ("Praat", "Did you mean 'textgrid'? (.TextGrid)"),
        ("praat-textgrid", "Did you mean 'textgrid'? (.TextGrid)"),
        ("ELAN", "Did you mean 'elan'? (.eaf)"),
        ("txt", "Did you mean 'intervals'? (.txt)"),
        ("SubRip", "Did you mean 'vtt'? (.vtt)"),
        ("xml", "Did you mean 'cvat'? (.xml)"),
        ("xlm", "Known: elan (.eaf), boris (.boris), "),
        (
            "tsv",
            "Did you mean one of boris-aggregated (.aggregated.tsv), boris-tabular (.events.tsv), bids (_events.tsv)?",
        ),
    ],
)
def test_a_format_called_by_its_ending_or_its_program(name: str, hint: str) -> None:
    with pytest.raises(ActScribeError, match="is not an annotation format") as caught:
        find_format(name)
    assert caught.value.hint.startswith(hint)


def test_every_format_converts_into_every_other(tmp_path: Path) -> None:
    """Times on a grid that suits all of them: whole frames at 10 per second, none without length."""
    annotations = Annotations(
        (Interval("CPAP", 0.5, 2.0), Interval("Suction", 1.0, 1.5), Interval("CPAP", 3.0, 4.0)), (), (), 5.0
    )
    for first, form in FORMATS.items():
        source = tmp_path / f"in{form.ending}"
        write(source, annotations, first, clock=FrameClock(10))
        for second, target in FORMATS.items():
            path = tmp_path / f"{first}-out{target.ending}"
            result = convert(source, path, clock=FrameClock(10))
            assert (result.source_format, result.target_format) == (first, second)
            assert read(path, clock=FrameClock(10)).intervals == annotations.intervals


def test_the_video_that_is_named_stands_in_elans_header(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    film = make_video(tmp_path / "films" / "my film.mp4", 10)
    source = paper(tmp_path)
    done = CliRunner().invoke(app, ["convert", str(source), str(tmp_path / "out.eaf"), "--video", str(film)])
    assert done.exit_code == 0, done.output
    assert "(elan): the file names no video, so all of it is taken" in " ".join(done.output.split())
    (media,) = ElementTree.parse(tmp_path / "out.eaf").iter("MEDIA_DESCRIPTOR")
    assert media.get("MEDIA_URL") == film.as_uri()
    assert media.get("RELATIVE_MEDIA_URL") == "./films/my film.mp4"
    assert media.get("MIME_TYPE") == "video/mp4"
    assert read(tmp_path / "out.eaf", str(film)).intervals == read(source).intervals


def test_a_video_that_is_gone_gives_way_to_the_one_that_is_named_and_one_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    film, other = make_video(tmp_path / "new" / "a.mp4", 10), make_video(tmp_path / "a.mp4", 10)
    walk = (Interval("walk", 0, 1),)
    for media, expected in (("/gone/a.mp4", film), (str(other), other)):
        write(tmp_path / "in.json", Annotations(walk, (), (media,)), "json")
        convert(tmp_path / "in.json", tmp_path / "out.eaf", video="a.mp4", overwrite=True, film=str(film))
        assert (tmp_path / read(tmp_path / "out.eaf").media[0]) == expected


def test_it_is_said_by_what_a_video_was_found_only_where_there_are_several(tmp_path: Path) -> None:
    source = paper(tmp_path)
    done = CliRunner().invoke(app, ["convert", str(source), str(tmp_path / "one.json")])
    assert f"-> {tmp_path / 'one.json'} (json)" in done.output
    assert "holds no other video" not in done.output
