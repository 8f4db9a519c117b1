"""The feature store: what was put there comes back, whole or not at all, below its size."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from actscribe.errors import ActScribeError
from actscribe.features import store as store_module
from actscribe.features.store import ENDING, FeatureStore, Moment, Row

GIB = 2**30


def rows(count: int, seed: int = 0, width: int = 8, tokens: int = 3) -> dict[Moment, Row]:
    torch.manual_seed(seed)
    return {
        Moment(1000 * index, 1000 * index + 500): Row(
            torch.randn(tokens + index % 2, width), torch.arange(2, dtype=torch.float64) + index
        )
        for index in range(count)
    }


def fill(store: FeatureStore, encoder: str, content: str, made: dict[Moment, Row]) -> None:
    shelf = store.shelf(encoder, content)
    shelf.hold(list(made), list(made.values()))
    shelf.write()


def same(store: FeatureStore, encoder: str, content: str, made: dict[Moment, Row]) -> bool:
    shelf = store.shelf(encoder, content)
    return all(
        moment in shelf
        and torch.equal(shelf.get(moment).vectors, row.vectors)
        and torch.equal(shelf.get(moment).times, row.times)
        for moment, row in made.items()
    )


def test_rows_of_any_length_come_back_in_another_process(tmp_path: Path) -> None:
    made = rows(5)
    fill(FeatureStore(tmp_path, GIB), "encoder", "video", made)
    later = FeatureStore(tmp_path, GIB)
    assert same(later, "encoder", "video", made)
    assert Moment(1, 2) not in later.shelf("encoder", "video")
    assert Moment(0, 500) not in later.shelf("another encoder", "video")
    assert Moment(0, 500) not in later.shelf("encoder", "another video")


def test_half_precision_keeps_its_type(tmp_path: Path) -> None:
    made = {Moment(0, 0): Row(torch.randn(1, 4).to(torch.bfloat16), torch.zeros(1, dtype=torch.float64))}
    fill(FeatureStore(tmp_path, GIB), "encoder", "video", made)
    assert FeatureStore(tmp_path, GIB).shelf("encoder", "video").get(Moment(0, 0)).vectors.dtype == torch.bfloat16


def test_what_is_held_is_read_before_it_is_written(tmp_path: Path) -> None:
    made, shelf = rows(2), FeatureStore(tmp_path, GIB).shelf("encoder", "video")
    shelf.hold(list(made), list(made.values()))
    assert torch.equal(shelf.get(Moment(0, 500)).vectors, made[Moment(0, 500)].vectors)
    assert not list(tmp_path.rglob(f"*{ENDING}"))


def test_every_flipped_bit_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = rows(3)
    fill(FeatureStore(tmp_path / "whole", GIB), "encoder", "video", made)
    (path,) = (tmp_path / "whole").rglob(f"*{ENDING}")
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for trial, index in enumerate([*range(0, len(whole), 37), *rng.integers(len(whole), size=20)]):
        bad = bytearray(whole)
        bad[index] ^= 1 << int(rng.integers(8))
        root = tmp_path / str(trial)
        shutil.copytree(tmp_path / "whole", root)
        (root / path.relative_to(tmp_path / "whole")).write_bytes(bad)
        shelf = FeatureStore(root, GIB).shelf("encoder", "video")
        for moment, row in made.items():
            if moment not in shelf:
                continue  # said in the log, and computed again
            with suppress(ActScribeError):
                kept = shelf.get(moment)
                assert torch.equal(kept.vectors, row.vectors)
                assert torch.equal(kept.times, row.times)
        left = list(root.rglob(f"*{ENDING}"))
        assert not left or left[0].read_bytes() != whole or caplog.text


def test_one_more_run_is_enough_where_many_videos_kept_features_are_damaged(tmp_path: Path) -> None:
    made, videos = rows(3, width=100), ("one", "two", "three")
    for video in videos:
        fill(FeatureStore(tmp_path, GIB), "encoder", video, made)
    for path in tmp_path.rglob(f"*{ENDING}"):
        bad = bytearray(path.read_bytes())
        bad[-len(bad) // 2] ^= 1  # among the vectors, which are most of the file
        path.write_bytes(bad)
    store = FeatureStore(tmp_path, GIB)
    shelves = [store.shelf("encoder", video) for video in videos]
    with pytest.raises(ActScribeError, match="not what was written"):
        for moment in made:
            shelves[0].get(moment)
    assert not list(tmp_path.rglob(f"*{ENDING}"))


@pytest.mark.parametrize("length", [0, 7, 100, -1])
def test_a_segment_cut_short_is_made_again(tmp_path: Path, length: int, caplog: pytest.LogCaptureFixture) -> None:
    made = rows(3)
    fill(FeatureStore(tmp_path, GIB), "encoder", "video", made)
    (path,) = tmp_path.rglob(f"*{ENDING}")
    path.write_bytes(path.read_bytes()[:length])
    store = FeatureStore(tmp_path, GIB)
    assert Moment(0, 500) not in store.shelf("encoder", "video")
    assert "damaged" in caplog.text
    assert not path.exists()
    fill(store, "encoder", "video", made)
    assert same(FeatureStore(tmp_path, GIB), "encoder", "video", made)


def test_a_segment_that_cannot_be_opened_now_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = rows(3)
    fill(FeatureStore(tmp_path, GIB), "encoder", "video", made)

    def too_many(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "safe_open", too_many)
        assert Moment(0, 500) not in FeatureStore(tmp_path, GIB).shelf("encoder", "video")
    assert "Too many open files" in caplog.text
    assert same(FeatureStore(tmp_path, GIB), "encoder", "video", made)


def test_a_damaged_segment_of_a_store_that_is_read_only_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(FeatureStore(tmp_path, GIB), "encoder", "video", rows(3))
    (path,) = tmp_path.rglob(f"*{ENDING}")
    path.write_bytes(path.read_bytes()[:100])

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert Moment(0, 500) not in FeatureStore(tmp_path, GIB).shelf("encoder", "video")


def test_a_segment_of_another_video_is_not_taken_for_this_ones(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FeatureStore(tmp_path, GIB)
    fill(store, "encoder", "one", rows(3, seed=0))
    fill(store, "encoder", "other", rows(3, seed=1))
    one, other = tmp_path.rglob(f"*{ENDING}")
    assert one.name == other.name  # the same moments
    shutil.copy(one, other)
    later = FeatureStore(tmp_path, GIB)
    known = [Moment(0, 500) in later.shelf("encoder", content) for content in ("one", "other")]
    assert sorted(known) == [False, True]
    assert "damaged" in caplog.text


def test_shelves_used_longest_ago_go_first(tmp_path: Path) -> None:
    made = rows(4, width=1000)
    fill(FeatureStore(tmp_path, GIB), "encoder", "old", made)
    size = FeatureStore(tmp_path, GIB).size()
    fill(FeatureStore(tmp_path, GIB), "encoder", "used", made)
    for index, folder in enumerate(sorted(tmp_path.iterdir(), key=lambda one: one.stat().st_mtime_ns)):
        os.utime(folder, (index, index))
    assert same(FeatureStore(tmp_path, GIB), "encoder", "old", made)  # used again: now the younger one
    store = FeatureStore(tmp_path, int(2.5 * size))
    fill(store, "encoder", "new", made)
    assert same(store, "encoder", "new", made)
    later = FeatureStore(tmp_path, GIB)
    assert same(later, "encoder", "old", made)
    assert Moment(0, 500) not in later.shelf("encoder", "used")
    assert later.size() <= 2.5 * size


def test_a_shelf_in_use_stays_and_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    made = rows(4, width=1000)
    store = FeatureStore(tmp_path, 100_000)
    shelf = store.shelf("encoder", "one")
    shelf.hold(list(made), list(made.values()))
    shelf.write()
    with pytest.raises(ActScribeError, match=r"are in use by this run\.\nSet ACTSCRIBE_FEATURES_GIB"):
        fill(store, "encoder", "two", made)
    assert same(FeatureStore(tmp_path, GIB), "encoder", "one", made)


def test_two_stores_on_one_folder_stay_below_its_size_together(tmp_path: Path) -> None:
    stores = [FeatureStore(tmp_path, 100_000) for _ in range(2)]
    for index, row in enumerate(rows(6, width=1000).values()):
        for store, content in zip(stores, ("one", "two"), strict=True):
            shelf = store.shelf("encoder", content)
            shelf.hold([Moment(index, index)], [row])
            shelf.write()
            assert store.size() <= 100_000


def test_rows_that_another_process_removes_as_they_are_written_can_be_read_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, shelf = rows(3), FeatureStore(tmp_path, GIB).shelf("encoder", "video")
    shelf.hold(list(made), list(made.values()))

    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "safe_open", gone)
        shelf.write()
    assert all(torch.equal(shelf.get(moment).vectors, row.vectors) for moment, row in made.items())
    shelf.write()
    assert shelf.held_bytes == 0


def test_a_file_of_the_users_in_the_store_stays(tmp_path: Path) -> None:
    made = rows(4, width=1000)
    fill(FeatureStore(tmp_path, GIB), "encoder", "one", made)
    (shelf,) = tmp_path.iterdir()
    (shelf / "notes.txt").write_text("mine")
    fill(FeatureStore(tmp_path, 100_000), "encoder", "two", made)
    assert (shelf / "notes.txt").read_text() == "mine"
    assert [path.name for path in shelf.iterdir()] == ["notes.txt"]


def test_a_size_that_never_fits_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "not there", 2**20)
    with pytest.raises(ActScribeError, match=r"Features of training clips take 3\.0 MiB.*holds 1\.0 MiB"):
        store.check_room(3 * 2**20, "Features of training clips")
    store.check_room(2**20, "Features of training clips")
    with pytest.raises(ActScribeError, match=r"has .* left for them"):
        FeatureStore(tmp_path, 2**60).check_room(2**59, "Features")


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    parts = [rows(6, seed) for seed in range(4)]
    for seed, part in enumerate(parts):
        parts[seed] = {Moment(m.first + seed, m.last + seed): row for m, row in part.items()}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: fill(FeatureStore(tmp_path, GIB), "encoder", "video", part), parts))
    store = FeatureStore(tmp_path, GIB)
    assert all(same(store, "encoder", "video", part) for part in parts)


@pytest.mark.parametrize("given", ["0", "-1", "many", "inf"])
def test_a_size_that_is_none_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from actscribe.features.store import default_store

    monkeypatch.setenv("ACTSCRIBE_FEATURES_GIB", given)
    with pytest.raises(ActScribeError, match=f"ACTSCRIBE_FEATURES_GIB is '{given}'"):
        default_store()
