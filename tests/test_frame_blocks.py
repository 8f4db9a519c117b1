"""A study whose frames do not fit into the frame cache is trained block by block, in an order of the seed's own."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from long_studies import long_study
from short_studies import actscribe
from small_studies import WINDOWS, write_study

from actscribe import load_study
from actscribe.data.blocks import Blocks
from actscribe.data.clips import Window, cut
from actscribe.data.frames import BLOCK, CHUNK, ClipData
from actscribe.data.input_spec import InputSpec
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError
from actscribe.run_folder.run import Run
from actscribe.runs.preflight import frame_notes, preflight_problems
from actscribe.runs.train import train
from actscribe.settings.study import Study
from actscribe.settings.training import Augmentation
from actscribe.training.checkpoints import HISTORY
from actscribe.training.fit import Examples, _EpochSampler
from actscribe.training.mixing import soften
from actscribe.training.progress import ProgressCallback
from actscribe.video.cache import FrameCache
from actscribe.video.reading import Frame

TINY = {"model": "tiny", "epochs": 2, "precision": "float32", "batch_size": 4}
ROOM = 160_000


@pytest.fixture
def largest(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of the cache after each entry that was written."""
    sizes = [0]
    writing = FrameCache.writing

    @contextmanager
    def measured(self: FrameCache, *args: Any) -> Iterator[Callable[[Frame], None]]:
        with writing(self, *args) as add:
            yield add
        sizes.append(self.size())

    monkeypatch.setattr(FrameCache, "writing", measured)
    return sizes


def blocks() -> Blocks:
    sizes = [30, 10, 25, 40, 5, 60, 20]
    places = np.split(np.arange(21), 7)
    return Blocks([tuple(one.tolist()) for one in places], sizes, 50)


def test_a_round_shows_every_clip_once_chunk_beside_chunk_in_blocks_that_fit() -> None:
    made = blocks()
    for number in range(20):
        drawn = made.of_round(3, number)
        assert sorted(np.concatenate(drawn).tolist()) == list(range(21))
        for block in drawn:
            chunks = {index // 3 for index in block.tolist()}
            assert len(block) == 3 * len(chunks)
            assert len(chunks) == 1 or sum(made.sizes[chunk] for chunk in chunks) <= 50


def test_the_order_is_that_of_seed_and_round_alone() -> None:
    orders = [np.concatenate(blocks().of_round(seed, number)).tolist() for seed in (1, 2) for number in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    asked = blocks()
    backwards = [np.concatenate(asked.of_round(seed, number)).tolist() for seed in (2, 1) for number in (1, 0)]
    assert backwards[::-1] == orders
    sampler = _EpochSampler(21, 1, 42, blocks())
    sampler.set_epoch(0)
    assert list(sampler) == [(0, index) for index in orders[0]] + [(1, index) for index in orders[1]]


def test_clips_are_mixed_with_those_of_their_block() -> None:
    made = blocks()
    looked: list[int] = []

    def example(epoch: int | None, index: int) -> dict[str, object]:
        looked.append(index)
        import torch

        return {"pixel_values": torch.zeros(1, 3, 2, 2)}

    mixed = soften(Examples(example, np.eye(21), made), Augmentation(mixup=1.0), "multi-class", 5)  # type: ignore[arg-type]
    assert mixed.blocks is made
    for index in range(21):
        looked.clear()
        mixed.example(2, index)
        assert set(looked) <= set(made.beside(5, 2, index).tolist())


@pytest.fixture
def study(filmed: Path, tmp_path: Path) -> Study:
    folder = tmp_path / "study"
    shutil.copytree(filmed, folder)
    split = {"train": 0.5, "validation": 0.25, "test": 0.25}
    recognizers = {"timesformer": TINY, "head": {"recognizer": "vlm-yesno"}}
    write_study(folder, recognizers=recognizers, split=split, windows=WINDOWS, empty_labels="allow")
    return load_study(folder)


def test_divided_clips_have_the_same_frames(study: Study, tmp_path: Path, largest: list[int]) -> None:
    recordings = load_data(study).recordings
    clips = [clip for one in recordings for clip in cut(one, study.label_set(), Window(2.0, 1.0))]
    input_spec = InputSpec(4, 32, temporal_jitter=3)
    whole = ClipData(recordings, clips, input_spec, FrameCache(tmp_path / "whole", 2**30))
    small = FrameCache(tmp_path / "small", whole.least_bytes())
    divided = ClipData(recordings, clips, input_spec, small)
    divided.divide(small.limit_bytes)
    assert divided.blocks is not None
    assert sorted(index for chunk in divided.blocks.chunks for index in chunk) == list(range(len(clips)))
    assert max(divided.blocks.sizes) <= small.limit_bytes // CHUNK
    assert whole.bytes() > small.limit_bytes
    for index in np.random.default_rng(0).permutation(len(clips)).tolist():
        for one, other in (
            (whole[index], divided[index]),
            (whole.drawn(index, np.random.default_rng(1)), divided.drawn(index, np.random.default_rng(1))),
        ):
            assert (one.frames == other.frames).all()
            assert (one.times == other.times).all()
        assert sum(divided._chunks[number].bytes for number in divided._open) <= small.limit_bytes // BLOCK
        assert small.size() <= small.limit_bytes
    divided._open.clear()
    calls = len(largest)
    for index in range(len(clips)):  # in order of time each chunk is decoded once
        divided[index]
    assert len(largest) - calls <= len(divided.blocks.chunks)


def test_a_study_larger_than_the_cache_is_trained_in_blocks_and_says_so(
    study: Study, tmp_path: Path, largest: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, small = load_data(study), FrameCache(tmp_path / "small", ROOM)
    assert preflight_problems(study, data, small) == []
    note, zero_shot = frame_notes(study, data, small)
    assert "decoded again in each epoch (decoding takes less than a minute)" in note
    assert "and the frame cache holds 156.2 KiB" in note
    assert "blocks of up to 78.1 KiB" in note
    assert zero_shot == "head: reads each video as it comes and keeps none of its frames."
    run = train(study, "timesformer", out=tmp_path / "run", cache=small, data=data)
    assert max(largest) <= ROOM
    assert note.removeprefix("timesformer: ") in run.info.notes
    assert run.info.frames_room == ROOM
    again = train(study, "timesformer", out=tmp_path / "again", cache=FrameCache(tmp_path / "empty", ROOM), data=data)
    assert steps(again) == steps(run)


def test_where_all_fits_nothing_is_divided(study: Study, tmp_path: Path) -> None:
    cache = FrameCache(tmp_path / "cache", 2**30)
    data = load_data(study)
    (of_clips, _) = frame_notes(study, data, cache)
    assert of_clips == "timesformer: the decoded frames of its clips take 236.0 KiB; the frame cache holds 1.0 GiB."
    run = train(study, "timesformer", out=tmp_path / "run", cache=cache, data=data)
    assert run.info.frames_room == 0
    assert not any("frames" in note for note in run.info.notes)
    recordings = [one for one in data.recordings if one.split in ("train", "validation")]
    assert len(list(cache.root.iterdir())) == len(recordings)


def test_check_says_what_frames_take(study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ACTSCRIBE_CACHE_GIB", str(ROOM / 2**30))
    text = " ".join(actscribe("check", study.folder).split())
    assert "Note: timesformer: the decoded frames of its clips take" in text
    assert "they are decoded again in each epoch" in text


def steps(run: Run) -> list[dict[str, float]]:
    """Return the losses and rates of a training, without what the clock says."""
    log = json.loads((run.folder / HISTORY).read_text())["log"]
    return [
        {name: value for name, value in row.items() if "second" not in name and "runtime" not in name} for row in log
    ]


def test_a_training_goes_on_in_its_own_order_or_not_at_all(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load_data(study)
    whole = train(study, "timesformer", out=tmp_path / "whole", cache=FrameCache(tmp_path / "a", ROOM), data=data)

    class Killed(ProgressCallback):
        def on_epoch_begin(self, args, state, control, **kwargs) -> None:  # type: ignore[no-untyped-def]
            if state.epoch == 1:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("actscribe.training.fit.ProgressCallback", Killed)
        train(study, "timesformer", out=tmp_path / "run", cache=FrameCache(tmp_path / "b", ROOM), data=data)
    with pytest.raises(ActScribeError, match=r"another size would be another order of clips") as error:
        train(
            study,
            "timesformer",
            out=tmp_path / "run",
            resume=True,
            cache=FrameCache(tmp_path / "b", ROOM - 1),
            data=data,
        )
    assert "ACTSCRIBE_CACHE_GIB" in error.value.hint
    larger = FrameCache(tmp_path / "c", 2**30)  # which would hold all
    again = train(study, "timesformer", out=tmp_path / "run", resume=True, cache=larger, data=data)
    assert again.info.frames_room == ROOM
    assert steps(again) == steps(whole)


def test_a_disk_too_small_for_the_blocks(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = load_data(study)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100_000))
    (problem,) = preflight_problems(study, data, FrameCache(tmp_path / "cache", ROOM))
    assert "of which 156.2 KiB are held at once" in problem
    assert "97.7 KiB left" in problem


@pytest.mark.slow
def test_sixty_hours_train_within_a_small_cache_and_a_bounded_memory(tmp_path: Path, largest: list[int]) -> None:
    """Sixty recordings of an hour; `benchmarks/long_study.py` is the same at full size."""
    settings = {"timesformer": {**TINY, "epochs": 1, "batch_size": 64}}
    windows = {"length": 240.0, "stride": 240.0, "frames": 4, "threshold": 0.4}
    with long_study(tmp_path / "study", 60, 1.0, recognizers=settings, windows=windows) as decoder:
        study = load_study(tmp_path / "study")
        data = load_data(study)
        small = FrameCache(tmp_path / "cache", 3 * 2**20)
        (note,) = frame_notes(study, data, small)
        assert "decoded again in each epoch" in note
        tracemalloc.start()
        run = train(study, "timesformer", out=tmp_path / "run", cache=small, data=data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    frames = 4 * 15
    assert run.info.status == "complete"
    assert 0 < max(largest) <= small.limit_bytes < 59 * frames * 32 * 43 * 3
    assert peak < 64 * 2**20
    train_only = [decoder.painted[f"r{index}"] for index in range(58)]
    assert set(train_only) == {frames}  # each once in the epoch
