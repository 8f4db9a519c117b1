"""Tabletop actions: what is said about a clip against its trajectory and its pixels, worked out independently here."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.stats import chi2_contingency

from actscribe.data.benchmarks.base import Source
from actscribe.data.benchmarks.registry import read_benchmark
from actscribe.errors import ActScribeError
from actscribe.labels import load_label_set
from actscribe_sim.cli.simulate import simulate as simulate_command
from actscribe_sim.tabletop.actions import ACTIONS, CLASSES, label_set
from actscribe_sim.tabletop.clips import TabletopClip, simulate_tabletop, tabletop_clip
from actscribe_sim.tabletop.scene import make_scene
from actscribe_sim.tabletop.things import AMOUNT, KINDS, X, Y, Z

PAIRS = sorted({tuple(sorted((action.name, action.reverse_of))) for action in CLASSES if action.reverse_of})


@pytest.fixture(scope="module")
def clips() -> list[TabletopClip]:
    """Twelve clips of every class, not rendered."""
    return [tabletop_clip(seed) for seed in range(12 * len(CLASSES))]


# Classes


def test_the_classes_are_a_label_set_that_is_also_a_preset() -> None:
    assert len(CLASSES) >= 24
    assert load_label_set("tabletop_actions") == label_set()
    assert label_set().task == "multi-class"
    assert label_set().names == tuple(ACTIONS)
    assert all(label.definition and label.question and label.phrase for label in label_set().labels)


def test_partners_name_each_other() -> None:
    assert len(PAIRS) == 14
    for action in CLASSES:
        if action.reverse_of:
            assert ACTIONS[action.reverse_of].reverse_of == action.name


def test_successive_seeds_take_every_class_equally_often(clips: list[TabletopClip]) -> None:
    assert set(Counter(clip.action for clip in clips).values()) == {12}


def test_an_unknown_action_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(ActScribeError, match="push_left"):
        tabletop_clip(0, "push_lefft")


# Rendering


def test_the_same_seed_gives_the_same_clip_and_another_seed_another() -> None:
    first, again, other = (tabletop_clip(seed, "cover", frames=3, size=40) for seed in (5, 5, 6))
    assert (first.frames == again.frames).all()
    assert (first.captions, first.questions, first.lists) == (again.captions, again.questions, again.lists)
    assert (first.frames != other.frames).mean() > 0.5
    assert first.frames.shape == (3, 40, 40, 3)
    assert first.frames.dtype == np.uint8


def test_frames_can_be_had_at_any_time_and_in_any_shape() -> None:
    clip = tabletop_clip(3, "push_left", frames=4, size=(36, 64))
    assert clip.frames.shape == (4, 36, 64, 3)
    assert (clip.render(clip.times[2:3])[0] == clip.frames[2]).all()
    assert 2 <= clip.duration <= 4.2
    assert clip.times == pytest.approx((np.arange(4) + 0.5) * clip.duration / 4)


@pytest.mark.parametrize("frames", [3, 8])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_clip_run_backwards_is_its_partner_pixel_for_pixel(pair: tuple[str, str], frames: int) -> None:
    one, two = (tabletop_clip(11, name, frames, 32) for name in pair)
    assert (one.frames == two.frames[::-1]).all()
    assert (one.frames[0] != one.frames[-1]).any()


def tracked(clip: TabletopClip) -> tuple[np.ndarray, float] | None:
    """How the paint of thing 0 moves from the first to the last picture (pixels of 64) and how its area grows.

    What stays (other things of this colour) is in both pictures and cancels. None where hands hide too much.
    """
    pictures = clip.render(np.array([0.0, clip.duration])).astype(float)
    paint = np.array(clip.scene.play.things[0].rgb)
    tone = pictures / np.maximum(pictures.sum(axis=3, keepdims=True), 1)
    near = np.abs(tone - paint / paint.sum()).sum(axis=3) < 0.12
    gone, came = near[0] & ~near[1], near[1] & ~near[0]
    if gone.sum() < 12 or came.sum() < 12:
        return None
    y, x = np.indices(gone.shape)
    way = np.array([x[came].mean() - x[gone].mean(), y[came].mean() - y[gone].mean()])
    return way, float(near[1].sum() / near[0].sum())


@pytest.mark.parametrize(
    ("action", "axis", "sign"),
    [("push_left", 0, -1), ("push_right", 0, 1), ("push_away", 1, -1), ("push_towards", 1, 1), ("roll_left", 0, -1),
     ("roll_right", 0, 1), ("move_behind", 1, -1), ("move_in_front", 1, 1)],
)  # fmt: skip
def test_the_paint_of_a_moved_thing_goes_where_the_class_says(action: str, axis: int, sign: int) -> None:
    ways = []
    for seed in range(40):
        clip = tabletop_clip(seed, action, 2, 64)
        if clip.scene.play.things[0].colour in ("red", "green", "blue", "purple", "yellow"):
            track = tracked(clip)
            ways += [sign * track[0][axis]] if track else []
    assert len(ways) >= 12
    assert np.mean(np.array(ways) > 4) > 0.9


def test_a_lifted_thing_looks_larger() -> None:
    grown = []
    for seed in range(40):
        clip = tabletop_clip(seed, "lift_up", 2, 64)
        if clip.scene.play.things[0].colour in ("red", "green", "blue", "purple", "yellow"):
            start, end = clip.scene.film.things[[0, -1], 0, Z]
            assert start == 0
            assert end > 0.8
            track = tracked(clip)
            grown += [track[1]] if track else []
    assert len(grown) >= 8
    assert np.median(grown) > 1.15


def test_nothing_moves_where_nothing_happens() -> None:
    for seed in range(6):
        pictures = tabletop_clip(seed, "nothing", 3, 64).frames.astype(float)
        moving = tabletop_clip(seed, "pass_over", 3, 64).frames.astype(float)
        change, passing = (np.abs(np.diff(p, axis=0)).reshape(2, 8, 8, 8, 8, 3).mean(axis=(2, 4)).max()
                           for p in (pictures, moving))  # fmt: skip
        assert change < 30  # noise and the camera's sway
        assert passing > 70


# Motion


def test_nothing_jumps(clips: list[TabletopClip]) -> None:
    for clip in clips:
        film = clip.scene.film
        assert (np.diff(film.times) > 0).all()
        speed = np.abs(np.diff(film.hands[:, :, :2], axis=0)).max(initial=0, axis=(1, 2)) / np.diff(film.times)
        assert speed.max(initial=0) < 12, clip.action
        assert np.abs(np.diff(film.things[:, :, [X, Y, Z]], axis=0)).max() < 0.3, clip.action


def test_a_thing_that_moves_on_its_own_rolls_or_is_held(clips: list[TabletopClip]) -> None:
    """Wherever a thing moves, the fingertips of a hand are on it at that time; only a roll needs none."""
    for clip in clips:
        film, things = clip.scene.film, clip.scene.play.things
        if clip.action in ("roll_left", "roll_right"):
            continue
        for index, thing in enumerate(things):
            moving = np.hypot(*np.diff(film.things[:, index, :2], axis=0).T) / np.diff(film.times) > 0.15
            for key in np.flatnonzero(moving):
                apart = np.hypot(*(film.hands[key, :, :2] - film.things[key, index, :2]).T)
                assert apart.min(initial=9) < 1.6 * thing.radius, (clip.action, clip.seed)


def test_a_rolling_ball_turns_as_far_as_it_goes() -> None:
    for seed in range(30):
        clip = tabletop_clip(seed, "roll_left")
        thing = clip.scene.play.things[0]
        start, end = clip.scene.film.things[[0, -1], 0]
        radius = thing.height / 2 if thing.kind == "ball" else 0.105 * thing.size
        assert abs(end[AMOUNT] - start[AMOUNT]) * radius == pytest.approx(np.hypot(*(end - start)[:2]))


def test_a_hand_that_passes_over_stays_above_all_things() -> None:
    for seed in range(30):
        film, things = (clip := tabletop_clip(seed, "pass_over")).scene.film, clip.scene.play.things
        tops = [state[Z] + thing.height for thing, state in zip(things, film.things[0], strict=True)]
        assert film.hands[:, 0, Z].min() > max(tops)
        assert (film.things == film.things[0]).all()


def test_tapping_touches_again_and_again_and_pointing_never() -> None:
    for seed in range(20):
        tap, point = (tabletop_clip(seed, name) for name in ("tap", "point_at"))
        height = tap.scene.film.hands[:, 0, Z] - tap.scene.play.things[0].height
        touching = np.flatnonzero(np.diff((height < 0.1).astype(int)) == 1)
        assert len(touching) >= 3
        film, thing = point.scene.film, point.scene.play.things[0]
        apart = np.hypot(*(film.hands[:, 0, :2] - film.things[:, 0, :2]).T)
        assert apart.min() > thing.radius


def test_what_takes_no_part_is_out_of_the_way(clips: list[TabletopClip]) -> None:
    for clip in clips:
        film, things, roles = clip.scene.film, clip.scene.play.things, clip.scene.play.roles
        for other in range(roles, len(things)):
            assert (film.things[:, other] == film.things[0, other]).all()
            for acted in range(roles):
                apart = np.hypot(*(film.things[:, acted, :2] - film.things[:, other, :2]).T)
                assert apart.min() > 0.9 * (things[acted].radius + things[other].radius), clip.action


# What the class must not depend on


def test_colours_and_surroundings_say_nothing_about_the_class() -> None:
    tables: dict[str, Counter] = {name: Counter() for name in ("colour", "table", "hands", "others")}
    for seed in range(25 * len(CLASSES)):
        action = CLASSES[seed % len(CLASSES)].name
        scene = make_scene(seed, action)
        tables["colour"][scene.play.things[0].colour, action] += 1
        tables["table"][scene.surface, action] += 1
        tables["hands"][scene.glove != "", action] += 1
        for thing in scene.play.things[scene.play.roles :] if scene.play.roles else ():
            tables["others"][thing.kind, action] += 1
    for name, counts in tables.items():
        rows, columns = (sorted({key[axis] for key in counts}, key=str) for axis in (0, 1))
        observed = np.array([[counts[row, column] for column in columns] for row in rows])
        assert chi2_contingency(observed).pvalue > 1e-3, name


def test_both_of_a_pair_have_the_same_things_hands_and_look() -> None:
    for one, two in PAIRS:
        for seed in range(20):
            first, second = make_scene(seed, one), make_scene(seed, two)
            assert [thing.name for thing in first.play.things] == [thing.name for thing in second.play.things]
            assert first.play.hands == second.play.hands
            assert (first.camera, first.light, first.surface) == (second.camera, second.light, second.surface)
            assert first.backwards != second.backwards


def test_a_pushed_thing_starts_anywhere_and_is_of_any_kind() -> None:
    clips = [tabletop_clip(seed, "push_left") for seed in range(200)]
    starts = np.array([clip.scene.in_picture(clip.scene.film.things[0, :1, :2])[0] for clip in clips])
    assert (np.histogram(starts[:, 0], [-0.4, 0, 0.3, 0.8])[0] > 10).all()
    assert (np.histogram(starts[:, 1], [-0.8, -0.3, 0.3, 0.8])[0] > 30).all()
    assert len({clip.scene.play.things[0].kind for clip in clips}) == len(KINDS) - 1  # all but the cloth


# Data sets


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_data_set_has_its_videos_groups_and_captions(tmp_path: Path) -> None:
    actions = ("push_left", "push_right")
    simulate_tabletop(tmp_path / "a", 7, 3, actions=actions, size=32, fps=10)
    rows = read_csv(tmp_path / "a" / "clips.csv")
    assert Counter(row["label"] for row in rows) == dict.fromkeys(actions, 7)
    split_of = {row["group"]: row["split"] for row in rows}
    assert all(row["split"] == split_of[row["group"]] for row in rows)
    assert Counter(split_of.values()) == {"train": 5, "validation": 1, "test": 1}
    with av.open(str(tmp_path / "a" / rows[0]["video"])) as container:
        stream = container.streams.video[0]
        count = sum(1 for _ in container.decode(stream))
        assert (stream.width, stream.height, stream.average_rate) == (32, 32, 10)
    clip = tabletop_clip(3 * 1_000_003, "push_left", 1, 32)
    assert count == int(clip.duration * 10)
    captions = read_csv(tmp_path / "a" / "captions.csv")
    assert [row["caption"] for row in captions if row["video"] == rows[0]["video"]] == clip.captions
    assert {row["video"] for row in captions} == {row["video"] for row in rows}


def test_a_data_set_made_by_the_command_is_a_benchmark_set_in_its_own_splits(tmp_path: Path) -> None:
    out = tmp_path / "set"
    simulate_command(out, seed=2, size=64, tabletop=7, actions="tap, wave_hand")
    benchmark = read_benchmark("folder", Source(out, groups="^([0-9]+)$"))
    assert [(one.name, one.prompt) for one in benchmark.classes] == [("tap", "tap"), ("wave_hand", "wave hand")]
    assert Counter(clip.split for clip in benchmark.clips) == {"train": 10, "validation": 2, "test": 2}
    rows = {row["video"]: row for row in read_csv(out / "clips.csv")}
    for clip in benchmark.clips:
        row = rows[clip.video.relative_to(out).as_posix()]
        assert (row["split"], row["group"]) == (clip.split, f"scene-{clip.group}")


def test_an_unknown_action_is_answered_with_the_one_meant(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="push_left"):
        simulate_command(tmp_path, tabletop=1, actions="push_lefft")


def test_a_data_set_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate_tabletop(tmp_path / name, 2, 1, actions=("fold",), size=32, fps=6)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 5  # with clips.csv, captions.csv and tabletop.json
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


def test_plain_scenes_share_table_and_light_and_show_only_what_takes_part() -> None:
    """The corner of a table looks alike in all plain scenes of one seed each, and in no two others."""
    corners = {
        plain: np.array([tabletop_clip(seed, "tap", 1, 64, plain).frames[0, :6, :6].mean() for seed in range(8)])
        for plain in (True, False)
    }
    assert corners[True].std() < 0.3 * corners[False].std()
    for seed in range(8):
        made = tabletop_clip(seed, "push_left", 2, 32, plain=True)
        assert len(made.objects) <= 1
        assert len(made.scene.play.things) == 1
        back = tabletop_clip(seed, "push_right", 2, 32, plain=True)
        np.testing.assert_array_equal(made.frames, back.frames[::-1])
