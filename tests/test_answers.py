"""Answers are kept as they come, for several processes, and asked for once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actscribe.data.clips import Clip
from actscribe.data.input_spec import PASSING, PLAYED, ClipFrames
from actscribe.errors import ActScribeError
from actscribe.recognizers.answers import AnswerStore, answer_key, clip_digest, default_store, remember, store_for

WRITER = """
import sys
from pathlib import Path
from actscribe.recognizers.answers import AnswerStore
store = AnswerStore(Path(sys.argv[1]))
for number in range(40):
    store.put({f"{sys.argv[2]}-{number}": number, "shared": sys.argv[2]})
"""


def clip() -> ClipFrames:
    frames = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)
    return ClipFrames(Clip("r", 0.0, 3.0), "content", frames, np.array([0.75, 2.25]))


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "answers.sqlite"
    store = AnswerStore(path)
    store.put({"a": "A hand — ö\n", "b": {"probability": 0.1 + 0.2, "probability_mass": None}})
    assert store.get("c") is None
    # A second connection sees it while the first is still open: nothing waits for an orderly end.
    other = AnswerStore(path)
    assert other.get("a") == "A hand — ö\n"
    assert other.get("b") == {"probability": 0.1 + 0.2, "probability_mass": None}


def test_the_first_answer_stays(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite")
    store.put({"a": 1})
    store.put({"a": 2, "b": 3})
    assert (store.get("a"), store.get("b"), len(store)) == (1, 3, 2)


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in "xy"]
    assert [writer.wait() for writer in writers] == [0, 0]
    store = AnswerStore(path)
    assert len(store) == 81
    assert [store.get(f"{name}-{number}") for name in "xy" for number in range(40)] == [*range(40), *range(40)]
    assert store.get("shared") in ("x", "y")


def test_a_new_file_is_opened_by_many_at_once(tmp_path: Path) -> None:
    """SQLite does not wait where two make the same file: of 60 files some fail without our own patience."""
    refused: list[Exception] = []

    def keep(path: Path, together: threading.Barrier) -> None:
        together.wait()
        try:
            AnswerStore(path).put({"a": 1})
        except ActScribeError as error:
            refused.append(error)

    for number in range(60):
        together = threading.Barrier(8)
        writers = [threading.Thread(target=keep, args=(tmp_path / f"{number}.sqlite", together)) for _ in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    assert refused == []


def test_only_what_is_missing_is_asked(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite")
    asked: list[list[int]] = []

    def ask(left: object) -> list[int]:
        asked.append(list(left))  # type: ignore[call-overload]
        return [index * 10 for index in asked[-1]]

    assert remember(store, ["k0", "k2"], lambda left: ["kept", "kept too"]) == ["kept", "kept too"]
    assert remember(store, ["k0", "k1", "k2", "k3"], ask) == ["kept", 10, "kept too", 30]
    assert remember(store, ["k3", "k1"], ask) == [30, 10]
    assert asked == [[1, 3]]


def test_of_what_passes_by_nothing_is_kept(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite")
    for content, where in ((f"{PASSING}camera", None), (f"{PLAYED}file", store), ("content", store)):
        assert store_for(replace(clip(), content=content), store) is where
    asked = [remember(None, ["k0", "k1"], lambda left: [f"{index}" for index in left]) for _ in range(2)]
    assert asked == [["0", "1"]] * 2
    assert len(store) == 0


def test_an_interrupted_question_keeps_nothing(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite")

    def stop(left: object) -> list[int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remember(store, ["a"], stop)
    assert len(store) == 0


def test_everything_an_answer_depends_on_is_in_its_key() -> None:
    frames = clip()
    base = answer_key({"digest": "1"}, "prompt", {"most": 1}, clip_digest(frames))
    others = [
        answer_key({"digest": "2"}, "prompt", {"most": 1}, clip_digest(frames)),
        answer_key({"digest": "1", "dtype": "bfloat16"}, "prompt", {"most": 1}, clip_digest(frames)),
        answer_key({"digest": "1"}, "prompt ", {"most": 1}, clip_digest(frames)),
        answer_key({"digest": "1"}, "prompt", {"most": 2}, clip_digest(frames)),
        answer_key({"digest": "1"}, "prompt", {"most": 1}),
    ]
    brighter = frames.frames.copy()
    brighter[1, 2, 3, 0] ^= 1
    for changed in (
        replace(frames, frames=brighter),
        replace(frames, clip=Clip("r", 0.0, 3.001)),
        replace(frames, frames=frames.frames.reshape(2, 2, 8, 3)),
    ):
        others.append(answer_key({"digest": "1"}, "prompt", {"most": 1}, clip_digest(changed)))
    assert len({base, *others}) == len(others) + 1
    # The model is told when frames are within the clip, and shown pixels: where those came from changes no answer.
    again = replace(clip(), clip=Clip("another name", 7.1, 10.1), content="another", times=np.array([7.8, 9.4]))
    assert answer_key({"digest": "1"}, "prompt", {"most": 1}, clip_digest(again)) == base


def test_a_file_that_is_no_store_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.sqlite"
    for number in range(2):
        path.write_bytes(b"this is not a database, " * 100)
        store = AnswerStore(path)
        store.put({"a": number})
        assert store.get("a") == number
        store.close()
        aside = tmp_path / ("a.damaged" if not number else "a.damaged-2")
        assert aside.read_bytes().startswith(b"this is not")
        stderr = capsys.readouterr().err
        assert f"{path}: the kept answers are damaged (file is not a database); the file is now {aside.name}" in stderr


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").mkdir()
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "a.sqlite", tmp_path / "file" / "b.sqlite"):
        with pytest.raises(ActScribeError, match=r"sqlite: model answers cannot be kept") as caught:
            AnswerStore(path)
        assert "ACTSCRIBE_CACHE" in caught.value.hint
    assert (tmp_path / "a.sqlite").is_dir()


def kept(path: Path, count: int = 60) -> dict[str, object]:
    """Fill a store as zero-shot recognizers do and close it."""
    texts = {f"{number:032x}": f"The hand lifts cup {number}. " * 4 for number in range(count)}
    numbers = {f"{number:031x}y": {"probability": number / 101, "probability_mass": 0.9} for number in range(count)}
    store = AnswerStore(path)
    store.put(texts)
    store.put(numbers)
    store.close()
    return {**texts, **numbers}


def test_damaged_stores_answer_rightly_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """200 stores with flipped bits, zeros, cuts and pieces of one another: no wrong answer, no exception, no loss."""
    expected = kept(tmp_path / "whole.sqlite")
    whole = (tmp_path / "whole.sqlite").read_bytes()
    rng = np.random.default_rng(4)
    asides = lost = 0
    for number in range(200):
        bad = bytearray(whole)
        offset, length = int(rng.integers(len(bad))), int(rng.integers(1, 400))
        if number % 4 == 0:
            for flipped in rng.integers(len(bad), size=8):
                bad[flipped] ^= 1 << int(rng.integers(8))
        elif number % 4 == 1:
            bad[offset : offset + length] = bytes(len(bad[offset : offset + length]))
        elif number % 4 == 2:
            del bad[offset:]
        else:
            source = int(rng.integers(len(bad) - 400))
            bad[offset : offset + length] = whole[source : source + len(bad[offset : offset + length])]
        path = tmp_path / f"{number}" / "a.sqlite"
        path.parent.mkdir()
        path.write_bytes(bad)
        store = AnswerStore(path)
        answers = {key: store.get(key) for key in expected}
        assert all(answer in (None, expected[key]) for key, answer in answers.items())
        missing = [key for key, answer in answers.items() if answer is None]
        store.put({key: expected[key] for key in missing})
        assert all(store.get(key) == expected[key] for key in missing)
        store.close()
        asides += (path.parent / "a.damaged").is_file()
        lost += len(missing)
    assert asides > 80
    assert lost < 0.6 * 200 * len(expected)  # cuts lose most, and every whole answer of the rest is taken over
    assert capsys.readouterr().err.count("are damaged") >= asides


def test_one_flipped_letter_loses_one_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = kept(tmp_path / "a.sqlite")
    whole = (tmp_path / "a.sqlite").read_bytes()
    offset = whole.index(b"lifts cup 17")
    (tmp_path / "a.sqlite").write_bytes(whole[:offset] + b"tilts" + whole[offset + 5 :])
    store = AnswerStore(tmp_path / "a.sqlite")
    answers = {key: store.get(key) for key in expected}
    assert [key for key in expected if answers[key] != expected[key]] == [f"{17:032x}"]
    assert answers[f"{17:032x}"] is None
    assert len(store) == len(expected) - 1
    assert f"{len(expected) - 1} of its answers are whole and were kept." in capsys.readouterr().err


def test_an_answer_under_another_key_is_no_answer(tmp_path: Path) -> None:
    expected = kept(tmp_path / "a.sqlite")
    base = sqlite3.connect(tmp_path / "a.sqlite")
    first, second = list(expected)[:2]
    base.execute("DELETE FROM answers WHERE key = ?", (first,))
    base.execute("UPDATE answers SET key = ? WHERE key = ?", (first, second))
    base.commit()
    base.close()
    store = AnswerStore(tmp_path / "a.sqlite")
    assert store.get(first) is None
    assert store.get(list(expected)[5]) == expected[list(expected)[5]]


def test_another_process_that_holds_a_damaged_store_goes_on(tmp_path: Path) -> None:
    expected = kept(tmp_path / "a.sqlite")
    one, other = AnswerStore(tmp_path / "a.sqlite"), AnswerStore(tmp_path / "a.sqlite")
    base = sqlite3.connect(tmp_path / "a.sqlite")
    base.execute("UPDATE answers SET answer = '\"wrong\"' WHERE key = ?", (f"{3:032x}",))
    base.commit()
    base.close()
    assert one.get(f"{3:032x}") is None
    one.put({"new": 1})
    assert other.get(f"{3:032x}") is None  # it sees the damage, and that another has mended it
    assert other.get("new") == 1
    assert other.get(f"{4:032x}") == expected[f"{4:032x}"]
    assert sorted(path.name for path in tmp_path.glob("*damaged*") if "-" not in path.name) == ["a.damaged"]


def test_it_lies_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path))
    assert default_store().path == tmp_path / "actscribe-answers.sqlite"
