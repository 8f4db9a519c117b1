"""Features of a frozen model: right, made once, kept through a kill, safe under two processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_vlms
import torch
import vlm_jobs

from actscribe.data.view import InputSpec
from actscribe.errors import ActScribeError
from actscribe.models.vlm import Hidden, Vlm, load_vlm
from actscribe.training import features as features_module
from actscribe.training.features import Backbone, clip_features, in_batches


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.build("smolvlm", tmp_path_factory.mktemp("model"))


@pytest.fixture
def mean(folder: Path) -> Backbone:
    return Backbone(load_vlm(folder, "float32"), "What happens?", "mean", 200)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features_module, "SHARD", 2)


class Counted:
    """Counts the clips that run through a model; stops the run before clip number `stop`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop: int = 10**9) -> None:
        self.clips, self.stop = 0, stop
        hidden = Vlm.hidden

        def counting(vlm: Vlm, inputs: list) -> Hidden:
            if self.clips + len(inputs) > self.stop:
                raise KeyboardInterrupt
            self.clips += len(inputs)
            return hidden(vlm, inputs)

        monkeypatch.setattr(Vlm, "hidden", counting)


def test_mean_features_are_means_over_video_positions(mean: Backbone, tmp_path: Path) -> None:
    data, _ = vlm_jobs.clips("r", 3, 2, seed=1)
    found = clip_features(mean, data, tmp_path, "Features")
    assert len(found) == 3
    for index in range(3):
        inputs = mean.vlm.inputs([data[index]], ["What happens?"])
        states = mean.vlm.hidden(inputs).states[0].numpy()
        video = inputs[0].ids.numpy() == mean.vlm.prompter.placeholder
        assert video.sum() == 8  # two frames of four tokens
        np.testing.assert_allclose(found[index], states[video].mean(axis=0), atol=1e-5)
    assert float((found[0] - found[1]).abs().max()) > 1e-3
    with pytest.raises(IndexError):
        found[3]


def test_attention_features_are_the_whole_sequence(mean: Backbone, tmp_path: Path) -> None:
    backbone = replace(mean, pooling="attention")
    data, _ = vlm_jobs.clips("r", 3, 2, seed=1)
    found = clip_features(backbone, data, tmp_path, "Features")
    states = mean.vlm.hidden(backbone.inputs([data[2]])).states[0]
    assert found[2].dtype == torch.float16
    torch.testing.assert_close(found[2].float(), states, atol=5e-3, rtol=1e-3)
    assert found.longest() == len(states)


def test_features_are_made_once(mean: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = vlm_jobs.clips("r", 5, 2, seed=1)
    counted = Counted(monkeypatch)
    first = clip_features(mean, data, tmp_path, "Features")
    reads = data.reads
    again = clip_features(mean, data, tmp_path, "Features")
    assert (counted.clips, reads, data.reads) == (5, 5, 5)
    assert all(torch.equal(first[index], again[index]) for index in range(5))


def test_a_killed_pass_goes_on(mean: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = vlm_jobs.clips("r", 6, 2, seed=1)
    expected = clip_features(mean, data, tmp_path / "whole", "Features")
    with monkeypatch.context() as patch:
        Counted(patch, stop=5)
        with pytest.raises(KeyboardInterrupt):
            clip_features(mean, data, tmp_path / "killed", "Features")
    assert len(list((tmp_path / "killed").iterdir())) == 2  # whole shards only, no leftovers
    counted = Counted(monkeypatch)
    found = clip_features(mean, data, tmp_path / "killed", "Features")
    assert counted.clips == 2
    for index in range(6):
        torch.testing.assert_close(found[index], expected[index], atol=1e-6, rtol=0)


def test_a_broken_shard_is_made_again(mean: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = vlm_jobs.clips("r", 4, 2, seed=1)
    first = clip_features(mean, data, tmp_path, "Features")
    kept = first[3].clone()
    first.files[1].write_bytes(first.files[1].read_bytes()[:-40])
    counted = Counted(monkeypatch)
    again = clip_features(mean, data, tmp_path, "Features")
    assert counted.clips == 2
    torch.testing.assert_close(again[3], kept, atol=1e-6, rtol=0)


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_a_flipped_bit_is_made_again_or_refused(
    mean: Backbone, tmp_path: Path, pooling: str, caplog: pytest.LogCaptureFixture
) -> None:
    data, _ = vlm_jobs.clips("r", 4, 2, seed=1)
    backbone = replace(mean, pooling=pooling)
    first = clip_features(backbone, data, tmp_path, "Features")
    right = [first[index].clone() for index in range(4)]
    whole = first.files[1].read_bytes()
    rng = np.random.default_rng(2)
    for place in [*range(0, 200, 9), *rng.integers(len(whole), size=12)]:
        bad = bytearray(whole)
        bad[place] ^= 1 << int(rng.integers(8))
        first.files[1].write_bytes(bad)
        with suppress(ActScribeError):  # damaged under the eyes of a training
            assert all(torch.equal(first[index], right[index]) for index in (2, 3))
        caplog.clear()
        again = clip_features(backbone, data, tmp_path, "Features")
        assert [torch.equal(again[index], right[index]) for index in range(4)] == [True] * 4
        assert "kept features are damaged" in caplog.text or first.files[1].read_bytes() != whole


def test_whatever_features_depend_on_keeps_them_apart(mean: Backbone, folder: Path, tmp_path: Path) -> None:
    data, _ = vlm_jobs.clips("r", 2, 2, seed=1)
    other_video, _ = vlm_jobs.clips("s", 2, 2, seed=1)
    more_frames, _ = vlm_jobs.clips("r", 2, 4, seed=1)
    larger = vlm_jobs.MadeClips("r", list(data.clips), InputSpec(2, 48), data.pixels)
    another = Backbone(
        load_vlm(tiny_vlms.build("smolvlm", tmp_path / "model", seed=1), "float32"), mean.prompt, "mean", 200
    )
    variants = [
        (mean, data),
        (replace(mean, prompt="What else happens?"), data),
        (replace(mean, pooling="attention"), data),
        (replace(mean, vlm=load_vlm(folder, "bfloat16")), data),
        (another, data),
        (mean, other_video),
        (mean, more_frames),
        (mean, larger),
    ]
    files = {clip_features(backbone, clips, tmp_path / "kept", "Features").files[0] for backbone, clips in variants}
    assert len(files) == len(variants)
    assert clip_features(replace(mean, batch_tokens=50), data, tmp_path / "kept", "Features").files[0] in files


def test_each_process_of_a_training_begins_elsewhere(
    mean: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = vlm_jobs.clips("r", 8, 2, seed=1)
    whole = clip_features(mean, data, tmp_path / "whole", "Features")
    made = []
    for rank in "01":
        with monkeypatch.context() as patch:
            patch.setenv("RANK", rank)
            patch.setenv("WORLD_SIZE", "2")
            Counted(patch, stop=2)
            with pytest.raises(KeyboardInterrupt):
                clip_features(mean, data, tmp_path / rank, "Features")
        made += [path.name for path in (tmp_path / rank).iterdir()]
    assert made == [whole.files[0].name, whole.files[2].name]


def test_two_at_once_leave_what_one_would(mean: Backbone, folder: Path, tmp_path: Path) -> None:
    data, _ = vlm_jobs.clips("r", 6, 2, seed=1)
    alone = clip_features(mean, data, tmp_path / "alone", "Features")
    both = [mean, replace(mean, vlm=load_vlm(folder, "float32"))]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: clip_features(one, data, tmp_path / "shared", "Features"), both))
    names = {path.name for path in (tmp_path / "shared").iterdir()}
    assert names == {path.name for path in alone.files}
    for features in found:
        for index in range(6):
            torch.testing.assert_close(features[index], alone[index], atol=1e-6, rtol=0)


def test_batches_keep_the_order_and_the_budget(mean: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    short, _ = vlm_jobs.clips("r", 3, 2, seed=1)
    long, _ = vlm_jobs.clips("s", 2, 5, seed=2)
    clips = [long[0], short[0], long[1], short[1], short[2]]
    inputs = mean.inputs(clips)
    sizes: list[tuple[int, ...]] = []

    def use(hidden: Hidden) -> list[torch.Tensor]:
        sizes.append(tuple(hidden.mask.shape))
        return list(hidden.mask.sum(1))

    budget = 2 * len(inputs[1])
    assert in_batches(mean.vlm, inputs, budget, use) == [len(one) for one in inputs]
    assert all(rows == 1 or rows * tokens <= budget for rows, tokens in sizes)
    assert len(sizes) == 4
