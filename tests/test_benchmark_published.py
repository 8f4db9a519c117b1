"""Published numbers beside those of a benchmark, and notes on what keeps them apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from actscribe.benchmark.plan import Plan
from actscribe.benchmark.published import published_notes, published_table
from actscribe.data.benchmarks.base import Source

VIDEOS = Source(Path("videos"))


def plan(
    shots: int | None,
    recipe: str,
    backbone: str = "x-clip",
    source: Source = VIDEOS,
    dataset: str = "hmdb51",
    **more: int,
) -> Plan:
    return Plan(dataset, source, backbone, shots, recipe=recipe, **more)  # type: ignore[arg-type]


def shown(made: Plan) -> list[float] | None:
    table = published_table(made)
    return None if table is None else table["top1"].tolist()


@pytest.mark.parametrize(("shots", "top1"), [(2, 0.53), (4, 0.573), (8, 0.628), (16, 0.64)])
def test_published_numbers_are_those_of_as_many_shots(shots: int, top1: float) -> None:
    """Numbers of X-CLIP B/16 with 32 frames on HMDB51, from the README of VideoX."""
    assert shown(plan(shots, "xclip_few_shot")) == pytest.approx([top1])


def test_what_was_not_published_has_no_number_to_compare_with() -> None:
    assert shown(plan(3, "xclip_few_shot")) is None
    assert shown(plan(None, "xclip_few_shot")) is None
    assert shown(plan(0, "xclip_few_shot")) is None
    assert shown(plan(None, "xclip_few_shot", shots_list=Path("k2.txt"))) is None  # type: ignore[arg-type]
    assert shown(plan(16, "xclip_zero_shot")) is None
    made = plan(16, "vifi_clip_base_to_novel", "vifi-clip", base_to_novel=True)
    assert shown(made) == pytest.approx([0.738, 0.533])
    assert shown(plan(8, "vifi_clip_base_to_novel", "vifi-clip", base_to_novel=True)) is None
    assert len(published_notes(plan(3, "xclip_few_shot", frames=8))) == 1  # no number, nothing that differs from it


def test_zero_shot_numbers_are_of_a_training_that_this_run_does_not_do() -> None:
    made = plan(0, "xclip_zero_shot")
    assert shown(made) == pytest.approx([0.446])
    _, trained = published_notes(made)
    assert "after the recipe's training on Kinetics-400" in trained
    assert "this run trains nothing beyond its model embedded" in trained
    assert not any("trains nothing" in note for note in published_notes(plan(2, "xclip_few_shot")))
    other = published_notes(plan(0, "xclip_zero_shot", source=Source(Path("videos"), split=2)))
    assert other[2:] == [
        "the published numbers are of a split that their source does not name; this run is of split 2."
    ]


def test_another_split_other_frames_and_views_are_said() -> None:
    second = Source(Path("videos"), split=2)
    assert len(published_notes(plan(4, "xclip_few_shot"))) == 1
    assert published_notes(plan(4, "xclip_few_shot", source=second))[1:] == [
        "the published numbers are of split 1; this run is of split 2."
    ]
    assert published_notes(plan(4, "xclip_few_shot", source=second, frames=8, clips=1, crops=1))[1:] == [
        "the published numbers are of split 1, 32 frames, 4 x 3 views; this run is of split 2, 8 frames, 1 x 1 views."
    ]
    assert published_notes(plan(4, "xclip_few_shot", frames=16))[1:] == [
        "the published numbers are of 32 frames; this run is of 16 frames."
    ]


def test_without_a_recipe_nothing_is_published() -> None:
    made = Plan("hmdb51", VIDEOS, "x-clip", 4)
    assert published_table(made) is None
    assert published_notes(made) == []
