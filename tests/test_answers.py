"""Answers are kept as they come, for several processes, and asked for once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actscribe.data.clips import Clip
from actscribe.data.view import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.recognizers.answers import AnswerStore, answer_key, clip_digest, default_store, remember

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
    store.put({"a": "A hand — ö\n", "b": {"probability": 0.1 + 0.2, "mass": None}})
    assert store.get("c") is None
    # A second connection sees it while the first is still open: nothing waits for an orderly end.
    other = AnswerStore(path)
    assert other.get("a") == "A hand — ö\n"
    assert other.get("b") == {"probability": 0.1 + 0.2, "mass": None}


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


def test_only_what_is_missing_is_asked(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite")
    asked: list[list[int]] = []

    def ask(left: object) -> list[int]:
        asked.append(list(left))  # type: ignore[call-overload]
        return [place * 10 for place in asked[-1]]

    assert remember(store, ["k0", "k2"], lambda left: ["kept", "kept too"]) == ["kept", "kept too"]
    assert remember(store, ["k0", "k1", "k2", "k3"], ask) == ["kept", 10, "kept too", 30]
    assert remember(store, ["k3", "k1"], ask) == [30, 10]
    assert asked == [[1, 3]]


def test_an_interrupted_question_keeps_nothing(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite")

    def stop(left: object) -> list[int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remember(store, ["a"], stop)
    assert len(store) == 0


def test_everything_an_answer_depends_on_is_in_its_key() -> None:
    seen = clip()
    base = answer_key({"digest": "1"}, "prompt", {"most": 1}, clip_digest(seen))
    others = [
        answer_key({"digest": "2"}, "prompt", {"most": 1}, clip_digest(seen)),
        answer_key({"digest": "1", "dtype": "bfloat16"}, "prompt", {"most": 1}, clip_digest(seen)),
        answer_key({"digest": "1"}, "prompt ", {"most": 1}, clip_digest(seen)),
        answer_key({"digest": "1"}, "prompt", {"most": 2}, clip_digest(seen)),
        answer_key({"digest": "1"}, "prompt", {"most": 1}),
    ]
    brighter = seen.frames.copy()
    brighter[1, 2, 3, 0] ^= 1
    for changed in (
        replace(seen, frames=brighter),
        replace(seen, clip=Clip("r", 0.0, 3.001)),
        replace(seen, frames=seen.frames.reshape(2, 2, 8, 3)),
    ):
        others.append(answer_key({"digest": "1"}, "prompt", {"most": 1}, clip_digest(changed)))
    assert len({base, *others}) == len(others) + 1
    # The model is told when frames are within the clip, and shown pixels: where those came from changes no answer.
    again = replace(clip(), clip=Clip("another name", 7.1, 10.1), content="another", times=np.array([7.8, 9.4]))
    assert answer_key({"digest": "1"}, "prompt", {"most": 1}, clip_digest(again)) == base


def test_a_damaged_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(ActScribeError, match=r"a\.sqlite") as caught:
        AnswerStore(path)
    assert "delete" in caught.value.hint
    assert path.read_bytes().startswith(b"this is not")


def test_it_lies_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path))
    assert default_store().path == tmp_path / "answers.sqlite"
