"""A file that many videos share is taken apart once, and each is found in it without looking at all others."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small_studies import LEFT, film, write_manifest, write_study

from actscribe import load_study
from actscribe.annotations import FORMATS, Annotations, Format, FrameClock, Interval, ReadOnce, write
from actscribe.annotations.entry import Entry, Index
from actscribe.annotations.video_name import Wanted
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError


def boris(path: Path, names: list[str]) -> Path:
    observations = {
        f"observation of {name}": {
            "file": {"1": [name]},
            "events": [[0.0, "", LEFT, "", ""], [1.0, "", LEFT, "", ""]],
        }
        for name in names
    }
    behaviors = {"0": {"code": LEFT, "type": "State event"}}
    path.write_text(json.dumps({"observations": observations, "behaviors_conf": behaviors}), encoding="utf-8")
    return path


def table(path: Path, names: list[str]) -> Path:
    rows = "".join(f"{LEFT},0,1,{name}\n" for name in names)
    path.write_text(f"label,start_s,end_s,video\n{rows}", encoding="utf-8")
    return path


def tasks(path: Path, names: list[str]) -> Path:
    """Write Label Studio's tasks without a rate: their frames are those of each video's own clock."""
    value = {"ranges": [{"start": 1, "end": 10}], "timelinelabels": [LEFT]}
    result = [{"id": "r", "type": "timelinelabels", "value": value}]
    content = [{"id": n, "data": {"video": name}, "annotations": [{"result": result}]} for n, name in enumerate(names)]
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often files of each format are taken apart."""
    counts: Counter[str] = Counter()
    for name, form in FORMATS.items():

        def read(path: Path, clock: FrameClock | None, name: str = name, form: Format = form) -> list[Entry]:
            counts[name] += 1
            return form.read(path, clock)

        monkeypatch.setitem(FORMATS, name, replace(form, read=read))
    return counts


@pytest.mark.parametrize(
    ("make", "name", "form"),
    [(boris, "all.boris", "boris"), (table, "all.csv", "csv"), (tasks, "all.json", "label-studio")],
)
def test_a_study_reads_a_shared_file_once(
    tmp_path: Path,
    counted: Counter[str],
    make: Callable[[Path, list[str]], Path],
    name: str,
    form: str,
) -> None:
    names = [f"v{index}.mp4" for index in range(6)]
    for index, video in enumerate(names):
        film(tmp_path / video, [(LEFT, 0, 1000)], 2.0, index)
    make(tmp_path / name, names)
    write_manifest(
        tmp_path, [{"video": video, "annotations": name, "group": video, "split": "train"} for video in names]
    )
    write_study(tmp_path, empty_labels="allow")
    data = load_data(load_study(tmp_path))
    assert counted == {form: 1}
    assert [one.intervals for one in data.recordings] == [(Interval(LEFT, 0.0, 1.0),)] * 6


def test_frames_are_counted_by_the_clock_of_each_video(tmp_path: Path) -> None:
    path = tasks(tmp_path / "all.json", ["a.mp4", "b.mp4"])
    once = ReadOnce([path, path])
    ends = [once.read_matched(path, video, lambda rate=rate: FrameClock(rate))[0].intervals[0].end
            for video, rate in (("a.mp4", 10.0), ("b.mp4", 20.0))]  # fmt: skip
    assert ends == [1.0, 0.5]
    write(tmp_path / "one.xml", Annotations.of([Interval("a", 1.0, 2.0)]), "cvat", FrameClock.of_frames([0, 1, 2], 3))
    once = ReadOnce([tmp_path / "one.xml"] * 2)
    clocks = (FrameClock.of_frames(range(0, 6, step), 6) for step in (1, 2))
    starts = [once.read_matched(tmp_path / "one.xml", "a", lambda clock=clock: clock)[0].intervals[0].start
              for clock in clocks]  # fmt: skip
    assert starts == [1.0, 2.0]


def test_a_shared_file_that_is_damaged_is_read_once_and_refused_for_each(tmp_path: Path, counted: Counter[str]) -> None:
    path = tmp_path / "all.csv"
    path.write_text("label,start_s,end_s,video\na,nowhere,1,v.mp4\n", encoding="utf-8")
    once = ReadOnce([path] * 3)
    messages = set()
    for video in ("v.mp4", "w.mp4", "x.mp4"):
        with pytest.raises(ActScribeError) as error:
            once.read_matched(path, video, lambda: FrameClock(25.0))
        messages.add(str(error.value))
    assert (counted, len(messages)) == ({"csv": 1}, 1)


def test_a_file_is_not_held_longer_than_it_is_needed(tmp_path: Path) -> None:
    path = table(tmp_path / "all.csv", ["v.mp4"])
    once = ReadOnce([path, path])
    held = []
    for _ in range(2):
        once.read_matched(path, "v.mp4", lambda: FrameClock(25.0))
        held.append(path in once._held)
    assert held == [True, False]


def test_a_video_is_compared_with_entries_that_may_fit_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    fit = Wanted.fit
    monkeypatch.setattr(Wanted, "fit", lambda self, name: compared.append(name) or fit(self, name))
    names = [f"v{number}.mp4" for number in range(200)]
    made = [Entry(name, (name,), lambda: Annotations.of([]), joins=True) for name in names]
    index = Index(tmp_path / "all.csv", made)
    assert [index.choose(f"/elsewhere/{name}").entry.name for name in names] == names
    assert len(compared) == 200


def message_of(index: Index, video: str) -> str:
    try:
        match = index.choose(video)
    except ActScribeError as error:
        return str(error)
    return f"{match.entry.name} by {match.by}"


def test_what_is_found_is_what_comparing_all_entries_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over names that differ in folder, ending, case, Unicode form, and in how a URL spells them."""
    rng = random.Random(7)
    for name in ("a.mp4", "b.mp4", "ä b.mp4"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "linked.mp4").hardlink_to(tmp_path / "b.mp4")
    spelled = [
        "a.mp4",
        "A.MP4",
        "a.avi",
        "a",
        "x/a.mp4",
        "y/a.mp4",
        "/home/x/a.mp4",
        "b.mp4",
        "linked.mp4",
        "%C3%A4%20b.mp4",
    ]
    spelled += ["a\u0308 b.mp4", "ä b.mp4", "C:\\x\\b.mp4", "obs 1", "../b.mp4", "c.mp4", ".", str(tmp_path / "a.mp4")]
    for _ in range(400):
        names = rng.sample(spelled, rng.randint(1, 6))
        joins = rng.random() < 0.5
        made = []
        for name in names:
            media = (name,) if joins or rng.random() < 0.6 else tuple(rng.sample(spelled, rng.randint(0, 2)))
            made.append(Entry(name, media, lambda: Annotations.of([]), joins))
        index, whole = (Index(tmp_path / "all.csv", made) for _ in range(2))
        monkeypatch.setattr(whole, "_like", lambda _, made=made: list(range(len(made))))
        monkeypatch.setattr(whole, "_sharing", lambda _, made=made: list(range(len(made))))
        for video in (*spelled, str(tmp_path / "b.mp4"), str(tmp_path / "ä b.mp4"), str(tmp_path / "linked.mp4")):
            assert message_of(index, video) == message_of(whole, video)
