"""Crops, colours, mirroring, mixing and smoothing of training clips."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torchvision.transforms.v2 import functional as pictures

from actscribe.labels import Label, LabelSet, load_label_set
from actscribe.settings.recognizers.video_classifier import TimesformerSettings
from actscribe.settings.recognizers.vlm import VlmHeadSettings, VlmLoraSettings
from actscribe.settings.study import parse_settings
from actscribe.settings.training import Augmentation
from actscribe.training.augment import augment, clip_rng, may_flip
from actscribe.training.fit import Examples, _ClipDataset, _EpochSampler
from actscribe.training.losses import ClipLoss
from actscribe.training.mixing import cutmix, mixup, smooth, soften

NONE = Augmentation(crop="none", colour="none", grey=0)
NAN = float("nan")


def ramp(height: int = 40, width: int = 64) -> torch.Tensor:
    """Return one frame whose red tells the row and green the column."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([rows, columns, torch.zeros_like(rows)]).float()[None]


def as_before(video: torch.Tensor, rng: np.random.Generator, flip: bool) -> torch.Tensor:
    """What `augment` did before it had settings, and must still do without them: trained results rest on it."""
    height, width = video.shape[-2:]
    share = rng.uniform(0.75, 1.0)
    tall, wide = round(height * share), round(width * share)
    top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
    video = nn.functional.interpolate(
        video[..., top : top + tall, left : left + wide], size=(height, width), mode="bilinear", align_corners=False
    )
    brightness, contrast = rng.uniform(0.7, 1.3, size=2)
    mean = video.mean()
    tint = torch.from_numpy(rng.uniform(0.85, 1.15, size=3).astype(np.float32)).view(3, 1, 1)
    video = (((video - mean) * contrast + mean * brightness) * tint).clamp(0, 255)
    if rng.random() < 0.15:
        video = video.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    return video.flip(-1) if flip and rng.random() < 0.5 else video


def test_usual_settings_change_clips_as_they_always_did() -> None:
    video = torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(0)) * 255
    for index in range(30):
        expected = as_before(video, clip_rng(3, 1, index), flip=True)
        assert torch.equal(augment(video, clip_rng(3, 1, index), flip=True), expected)


def test_no_augmentation_changes_nothing() -> None:
    video = torch.rand(2, 3, 8, 10) * 255
    assert torch.equal(augment(video, clip_rng(0, 0, 0), flip=False, how=NONE), video)


def test_multi_scale_crops_are_the_published_boxes() -> None:
    how = NONE.model_copy(update={"crop": "multi-scale"})
    sides = [40, 35, 30, 26]  # int(40 x 1, .875, .75, .66)
    sizes = set()
    for index in range(400):
        top, left, tall, wide = box_of(how, index)
        assert tall in sides
        assert wide in sides
        assert abs(sides.index(tall) - sides.index(wide)) <= 1
        places = {(0, 0), (0, 64 - wide), (40 - tall, 0), (40 - tall, 64 - wide), ((40 - tall) // 2, (64 - wide) // 2)}
        assert (top, left) in places
        sizes.add((tall, wide))
    assert len(sizes) == 10  # all pairs that are next to one another


def box_of(how: Augmentation, index: int) -> tuple[int, int, int, int]:
    """Return the box (top, left, height, width) that a crop was taken from, after checking that it shows that part."""
    from actscribe.training import augment as module

    box = module._crop_box(40, 64, clip_rng(0, 0, index), how)
    shown = augment(ramp(), clip_rng(0, 0, index), flip=False, how=how, size=(box[2], box[3]))
    assert shown.shape == (1, 3, box[2], box[3])
    torch.testing.assert_close(shown[0, 0, :, 0], torch.arange(box[0], box[0] + box[2]).float())
    torch.testing.assert_close(shown[0, 1, 0], torch.arange(box[1], box[1] + box[3]).float())
    return box


def test_the_result_has_the_size_asked_for() -> None:
    how = Augmentation(crop="multi-scale", colour="jitter", grey=0.2)
    changed = augment(torch.rand(3, 3, 40, 64) * 255, clip_rng(0, 0, 0), flip=True, how=how, size=(32, 32))
    assert changed.shape == (3, 3, 32, 32)
    assert 0 <= changed.min() <= changed.max() <= 255


def test_jitter_is_drawn_once_a_clip_unless_told_otherwise() -> None:
    frame = torch.rand(1, 3, 16, 16) * 255
    once = NONE.model_copy(update={"colour": "jitter", "jitter": 1.0})
    changed = augment(frame.expand(4, -1, -1, -1), clip_rng(0, 0, 0), flip=False, how=once)
    torch.testing.assert_close(changed, changed[:1].expand(4, -1, -1, -1))
    assert (changed[0] - frame[0]).abs().mean() > 1
    flicker = once.model_copy(update={"per_frame": True})
    changed = augment(frame.expand(4, -1, -1, -1), clip_rng(0, 0, 0), flip=False, how=flicker)
    assert (changed[1:] - changed[0]).abs().mean() > 1


def test_jitter_of_brightness_alone_is_torchvisions() -> None:
    how = Augmentation(crop="none", colour="jitter", jitter=1, brightness=0.4, contrast=0, saturation=0, hue=0, grey=0)
    video = torch.rand(2, 3, 8, 8) * 255
    changed = augment(video, clip_rng(1, 0, 0), flip=False, how=how)
    rng = clip_rng(1, 0, 0)
    rng.random()
    expected = pictures.adjust_brightness(video / 255, rng.uniform(0.6, 1.4)) * 255
    torch.testing.assert_close(changed, expected, atol=0.05, rtol=0)


def test_so_many_clips_are_jittered_and_greyed() -> None:
    video = torch.rand(1, 3, 8, 8) * 255
    how = NONE.model_copy(update={"colour": "jitter"})
    jittered = [not torch.equal(augment(video, clip_rng(0, 0, i), False, how), video) for i in range(200)]
    assert 140 < sum(jittered) < 180  # 0.8 of 200
    grey = NONE.model_copy(update={"grey": 0.2})
    greyed = [bool((augment(video, clip_rng(0, 0, i), False, grey).std(dim=1) == 0).all()) for i in range(200)]
    assert 20 < sum(greyed) < 60


def test_clips_of_a_direction_are_not_mirrored() -> None:
    labels = LabelSet(name="s", labels=("push_left", "PushRight", "lift", "turn clockwise"))
    assert labels.mirror_sensitive() == ("push_left", "PushRight", "turn clockwise")
    targets = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, NAN, 1, 0], [0, 0, NAN, 0]])
    assert may_flip(labels, targets).tolist() == [False, True, False, False, True]
    assert may_flip(labels.model_copy(update={"directional": ()}), targets).all()
    chosen = LabelSet(name="s", labels=("push_left", "lift"), directional=("lift",))
    assert may_flip(chosen, np.eye(2)).tolist() == [True, False]


def test_what_means_a_direction_is_read_from_phrases_and_checked() -> None:
    labels = LabelSet(name="s", labels=(Label(name="a", phrase="pushing to the right"), Label(name="bright")))
    assert labels.mirror_sensitive() == ("a",)
    assert {"push_left", "push_right"} <= set(load_label_set("tabletop_actions").mirror_sensitive())
    with pytest.raises(ValidationError, match=r"directional names lif. Did you mean 'lift'"):
        LabelSet(name="s", labels=("lift",), directional=("lif",))


def test_smoothed_targets_are_the_published_numbers() -> None:
    soft = smooth(np.eye(51)[:1], 0.1, "multi-class")
    assert soft[0, 0] == pytest.approx(0.9019608, abs=1e-7)
    assert soft[0, 1] == pytest.approx(0.0019608, abs=1e-7)
    assert soft.sum() == pytest.approx(1)
    several = smooth(np.array([[1, 0, NAN]]), 0.1, "multi-label")
    np.testing.assert_allclose(several, [[0.95, 0.05, NAN]])


def test_the_loss_of_smoothed_targets_is_torchs_own() -> None:
    logits, classes = torch.randn(6, 5), torch.tensor([0, 1, 2, 3, 4, 0])
    soft = torch.from_numpy(smooth(np.eye(5)[classes.numpy()], 0.1, "multi-class"))
    ours = ClipLoss("multi-class", np.ones(5, dtype=np.float32))(logits, soft)
    torch.testing.assert_close(ours, nn.functional.cross_entropy(logits, classes, label_smoothing=0.1))


def test_mixup_is_a_weighted_sum() -> None:
    mixed = mixup(torch.full((2, 3, 4, 4), 100.0), torch.full((2, 3, 4, 4), 20.0), 0.75)
    assert torch.equal(mixed, torch.full((2, 3, 4, 4), 80.0))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_cutmix_pastes_one_box_in_every_frame_and_counts_its_pixels(share: float) -> None:
    for seed in range(20):
        mixed, left = cutmix(torch.zeros(3, 3, 20, 30), torch.ones(3, 3, 20, 30), share, np.random.default_rng(seed))
        assert left == pytest.approx(1 - mixed.mean().item(), abs=1e-6)
        assert left >= share - 1e-9  # what falls outside the picture is not pasted
        assert torch.equal(mixed, mixed[:1, :1].expand(3, 3, -1, -1))
        rows, columns = mixed[0, 0].amax(1), mixed[0, 0].amax(0)
        assert torch.equal(mixed[0, 0], rows[:, None] * columns)  # a rectangle
        assert int((rows.diff() != 0).sum()) <= 2


def plain_examples(count: int = 6) -> Examples:
    """Clip number n shows n everywhere and is of class n modulo 3."""
    return Examples(
        lambda epoch, index: {"pixel_values": torch.full((2, 3, 8, 8), float(index))},
        np.eye(3, dtype=np.float32)[np.arange(count) % 3],
    )


@pytest.mark.parametrize("how", [{"mixup": 0.8}, {"cutmix": 1.0}, {"mixup": 0.8, "cutmix": 1.0}])
def test_targets_are_mixed_as_the_pixels_are(how: dict[str, float]) -> None:
    data = soften(plain_examples(), Augmentation(**how), "multi-class", seed=0)
    mixed = 0
    for epoch in range(5):
        for index in range(6):
            made = data.example(epoch, index)
            values = made["pixel_values"]
            others = values[values != index].unique()
            if len(others) == 1:
                blended = values.unique()
                mean = values.mean().item()
                assert len(blended) <= 2
                assert any(p != index and fits(p, index, mean, made["labels"]) for p in range(6))
                mixed += 1
            torch.testing.assert_close(made["labels"].sum(), torch.tensor(1.0))
    assert mixed > 10


def fits(partner: int, index: int, mean: float, labels: torch.Tensor) -> bool:
    """Tell whether the mean pixel and the targets say the same share of `index` against `partner`."""
    share = (mean - partner) / (index - partner)
    wanted = torch.eye(3)[index % 3] * share + torch.eye(3)[partner % 3] * (1 - share)
    return -1e-6 <= share <= 1 + 1e-6 and bool(torch.allclose(wanted, labels.float(), atol=1e-4))


def drawn(seed: int, epochs: int = 150, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return partner and share of each clip in each epoch, shapes (epochs, count), read off the mixed targets."""
    plain = Examples(lambda epoch, index: {"pixel_values": torch.full((1, 3, 2, 2), float(index))}, np.eye(count))
    data = soften(plain, Augmentation(mixup=0.8), "multi-class", seed)
    partners, shares = np.zeros((epochs, count), dtype=int), np.zeros((epochs, count))
    for epoch, index in np.random.default_rng(0).permutation(list(np.ndindex(epochs, count))).tolist():
        labels = data.example(epoch, index)["labels"].numpy()
        others = np.flatnonzero(labels * (np.arange(count) != index))
        partners[epoch, index] = others[0] if len(others) else index
        shares[epoch, index] = labels[index]
    return partners, shares


def test_partners_and_shares_are_drawn_again_for_each_clip_epoch_and_seed() -> None:
    partners, shares = drawn(seed=5)
    for index in range(6):
        counts = np.bincount(partners[:, index], minlength=6)
        assert np.delete(counts, index).min() >= 10  # of 150 epochs each other clip is the partner in 25, +- 4.6
        assert np.delete(counts, index).max() <= 42
    offsets = (partners - np.arange(6)) % 6
    assert np.mean([len(set(row)) > 2 for row in offsets.tolist()]) > 0.9  # no shift that a whole epoch shares
    mixed = shares[partners != np.arange(6)]
    assert len(np.unique(mixed)) > 0.99 * len(mixed)
    # Of a beta distribution with both parameters 0.8: mean 1/2, variance 1 / (4 * 2.6).
    assert mixed.mean() == pytest.approx(0.5, abs=0.04)
    assert mixed.var() == pytest.approx(1 / 10.4, abs=0.015)
    again, other = drawn(seed=5), drawn(seed=6)
    np.testing.assert_array_equal(again[0], partners)
    assert np.mean(other[0] == partners) < 0.3  # 1 in 6 by chance


def test_mixing_depends_on_seed_epoch_and_clip_alone_and_spares_validation() -> None:
    how = Augmentation(mixup=0.8, smoothing=0.1)
    one, two = (soften(plain_examples(), how, "multi-class", seed=5) for _ in range(2))
    torch.testing.assert_close(one.example(2, 3), two.example(2, 3), rtol=0, atol=0)
    assert set(one.example(None, 3)) == {"pixel_values"}
    examples = plain_examples()
    assert soften(examples, Augmentation(), "multi-class", seed=0) is examples
    dataset = _ClipDataset(one)
    assert dataset[3]["labels"].tolist() == [1, 0, 0]
    assert dataset[0, 3]["labels"].min() > 0
    smoothed = soften(plain_examples(), Augmentation(smoothing=0.3), "multi-class", seed=0)
    np.testing.assert_allclose(_ClipDataset(smoothed)[4, 1]["labels"], [0.1, 0.8, 0.1], rtol=1e-6)


def test_an_epoch_may_use_fewer_clips_or_some_twice() -> None:
    few, many = _EpochSampler(10, 0, 8), _EpochSampler(10, 0, 12)
    assert len(few) == 8
    assert len({index for _, index in few}) == 8
    drawn = [index for _, index in many]
    assert len(drawn) == 12
    assert set(drawn) == set(range(10))
    assert drawn[:8] == [index for _, index in few]
    few.set_epoch(1)
    assert [index for _, index in few] != drawn[:8]


def test_a_clip_that_an_epoch_shows_again_is_drawn_again() -> None:
    sampler = _EpochSampler(10, 0, 25)
    shown = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        shown += list(sampler)
    assert len(shown) == len(set(shown)) == 50
    times = Counter(index for _, index in shown[:25])
    assert set(times.values()) == {2, 3}
    assert [index for _, index in shown[:10]] != [index for _, index in shown[10:20]]
    assert {index for index, _ in shown[25:]}.isdisjoint(index for index, _ in shown[:25])


def test_augmentation_without_effect_is_refused() -> None:
    assert TimesformerSettings(augmentation={"crop": "multi-scale"}).augmentation.crop == "multi-scale"
    with pytest.raises(ValidationError, match="no effect while augment is off"):
        TimesformerSettings(augment=False, augmentation={"mixup": 0.8})
    with pytest.raises(ValidationError, match="no effect while augment is off"):
        VlmHeadSettings(augmentation={"grey": 0.2})
    with pytest.raises(ValidationError, match="not supported by vlm-lora"):
        VlmLoraSettings(augment=True, augmentation={"smoothing": 0.1})
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Augmentation(scales=(1.2,))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"augmentation": {"hues": 1}}, r"no setting 'augmentation.hues'. Did you mean 'hue'"),
        ({"augment": False, "augmentation": {"hue": 0.2}}, r"^timesformer: augmentation has no effect"),
        ({"augment": False, "flip": True}, r"^timesformer: flip has no effect"),
        ({"augmentation": {"scales": [2.0]}}, r"^timesformer.augmentation.scales.0: .*at most 1"),
        ({"augmentation": {"hue": 0.9}}, r"^timesformer.augmentation.hue: .* \(found 0.9\)"),
    ],
)
def test_wrong_settings_of_a_study_are_explained(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_settings("timesformer", values)
