"""Simulated resuscitations: the rules, the exactness of the annotations (from pixels), determinism."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actscribe.labels import load_label_set
from actscribe_sim.canvas.canvas import Canvas, Sensor
from actscribe_sim.resuscitation.course import make_course
from actscribe_sim.resuscitation.doll import MASK_SEAT, MOUTH
from actscribe_sim.resuscitation.look import EXTENT
from actscribe_sim.resuscitation.scene import Scene, draw_state, make_scene, render_frame, render_frames
from actscribe_sim.resuscitation.script import (
    CARRY,
    HARD_NEGATIVES,
    REACH,
    Bout,
    Script,
    make_script,
)

PRESET = load_label_set("newborn_resuscitation")


def script_of(seed: int, duration: float, hands: int) -> Script:
    return make_script(np.random.default_rng(seed), duration, hands)


def spans_of(script: Script) -> dict[str, list[tuple[float, float]]]:
    """Annotated spans under the preset's own names, as `data` would read them."""
    spans: dict[str, list[tuple[float, float]]] = {name: [] for name in PRESET.names}
    for interval in script.annotations().intervals:
        label = PRESET.resolve(interval.label)
        if label is not None:
            spans[label].append((interval.start, interval.end))
    return spans


def overlap(first: tuple[float, float], second: tuple[float, float]) -> float:
    return min(first[1], second[1]) - max(first[0], second[0])


def share(spans: list[tuple[float, float]], start: float, end: float) -> float:
    return sum(max(overlap(span, (start, end)), 0.0) for span in spans) / (end - start)


# The script: rules and shares

scripts = st.builds(script_of, st.integers(0, 2**32), st.floats(5, 400), st.integers(1, 4))


@given(scripts)
@settings(max_examples=150)
def test_rules_of_the_label_set_hold_in_every_recording(script: Script) -> None:
    spans = spans_of(script)
    for label in ("Ventilation", "Stimulation", "Suction"):
        for start, end in spans[label]:
            assert any(low <= start and end <= high for low, high in spans["Baby visible"]), label
    for ventilation in spans["Ventilation"]:
        for suction in spans["Suction"]:
            assert overlap(ventilation, suction) <= 0
    extremities = [i for i in script.annotations().intervals if PRESET.is_ignored(i.label)]
    assert all(any(low <= i.start and i.end <= high for low, high in spans["Baby visible"]) for i in extremities)
    assert not PRESET.unknown(i.label for i in script.annotations().intervals)


@given(scripts)
@settings(max_examples=150)
def test_bouts_are_of_natural_length_and_inside_the_recording(script: Script) -> None:
    for bout in script.bouts():
        assert 0 <= bout.start < bout.end <= script.duration
        assert bout.kind == "pass" or 1.99 <= bout.end - bout.start <= 25
        assert (round(bout.start, 3), round(bout.end, 3)) == (bout.start, bout.end)
    ends = [0.0, *(edge for span in script.visible for edge in span), script.duration]
    assert ends == sorted(ends)


@given(scripts)
@settings(max_examples=150)
def test_no_worker_is_in_two_places_and_a_turned_baby_is_left_to_one(script: Script) -> None:
    for worker in ("mask", "catheter", "body", "helper", "passer"):
        stays = [(e.begin, e.finish) for e in script.episodes if e.worker == worker]
        assert all(overlap(one, other) <= 1e-9 for one, other in pairwise(stays))
    turned = [(e.begin, e.finish) for e in script.episodes if e.bouts[0].kind == "back"]
    others = [(e.begin, e.finish) for e in script.episodes if e.worker != "passer" and e.bouts[0].kind != "back"]
    assert all(overlap(one, other) <= 1e-9 for one in turned for other in others)
    if script.hands == 1:
        stays = sorted((e.begin, e.finish) for e in script.episodes)
        assert all(overlap(one, other) <= 1e-9 for one, other in pairwise(stays))


@given(st.integers(0, 2**32), st.floats(90, 600), st.integers(1, 4))
@settings(max_examples=150)
def test_every_label_occurs_from_ninety_seconds_on(seed: int, duration: float, hands: int) -> None:
    assert all(spans_of(script_of(seed, duration, hands)).values())


@pytest.mark.parametrize(
    ("hands", "least"),
    [(1, (0.18, 0.09, 0.06)), (2, (0.25, 0.15, 0.08)), (3, (0.25, 0.15, 0.08)), (4, (0.25, 0.15, 0.08))],
)
def test_labels_take_a_good_share_of_the_time(hands: int, least: tuple[float, float, float]) -> None:
    shares: dict[str, list[float]] = {name: [] for name in PRESET.names}
    for seed in range(60):
        for name, spans in spans_of(script_of(seed, 180, hands)).items():
            shares[name].append(share(spans, 0, 180))
    mean = {name: float(np.mean(values)) for name, values in shares.items()}
    assert min(shares["Baby visible"]) > 0.75
    assert max(shares["Baby visible"]) < 0.9
    assert least[0] < mean["Ventilation"] < 0.4
    assert least[1] < mean["Stimulation"] < 0.25
    assert least[2] < mean["Suction"] < 0.15


def test_hard_negatives_are_common() -> None:
    scripts = [script_of(seed, 150, 1 + seed % 4) for seed in range(60)]
    for kind in HARD_NEGATIVES:
        able = [s for s in scripts if not (kind == "steady" and s.hands < 4) and not (kind == "pass" and s.hands < 2)]
        having = sum(bool(s.bouts(kind)) for s in able)
        assert having >= 0.75 * len(able), kind
    aside = sum(share([(e.begin, e.finish) for e in s.episodes if e.worker == "mask"], 0, 150) < 0.7 for s in scripts)
    assert aside > 50  # the mask lies beside the head for a good part of nearly every recording


def test_impossible_scripts_are_refused() -> None:
    with pytest.raises(ValueError, match="5 hands"):
        script_of(0, 60, 5)
    with pytest.raises(ValueError, match="0 s"):
        script_of(0, 0, 2)


# The movements agree with the annotations


def test_the_drawn_state_holds_exactly_while_it_is_annotated() -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        course = make_course(rng, make_script(rng, 120, 1 + seed % 4), 1.0, 1 if seed % 2 else -1)
        for time in rng.uniform(0, 120, 150):
            state = course.at(time)
            kinds = {bout.kind for bout in course.script.bouts() if bout.start <= time < bout.end}
            assert state.mask.sealed == bool(kinds & {"ppv", "cpap"})
            assert state.catheter.inside == ("suction" in kinds)
            hands = {hand.name: hand for hand in state.hands}
            workers = [name for name in hands if name != "passer" and not name.startswith("under")]
            assert len(workers) <= course.script.hands
            if state.baby is None:
                assert not kinds & {"ppv", "cpap", "suction", "trunk", "back", "extremities", "rest", "steady"}
                continue
            places = replace(course.carries[0].places, baby=(*state.baby.position, state.baby.angle))
            gap = np.hypot(*np.subtract(state.mask.position, places.world(MASK_SEAT)))
            assert (gap < 1e-6 and state.mask.height < 0.2) == state.mask.sealed
            assert (np.hypot(*np.subtract(state.catheter.tip, places.world(MOUTH))) < 1e-6) == state.catheter.inside
            if kinds & {"trunk", "rest", "back"}:
                x, y = np.subtract(hands["body"].position, state.baby.position)
                assert abs(x) < 0.22
                assert abs(y) < 0.36


def plain(scene: Scene) -> Scene:
    """The same scene filmed by a perfect, fixed camera: what changes in the picture is what happens."""
    film = replace(scene.film, sensor=Sensor(), bumps=(), camera=replace(scene.film.camera, drift=0.0))
    return replace(scene, film=film)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [make_scene(3, index, 120, size=128) for index in (0, 2, 4, 7, 9)]


def pixel(scene: Scene, point: tuple[float, float]) -> tuple[int, int]:
    x, y = scene.film.camera.at(0, scene.size, scene.size).project(np.array([point]))[0]
    return round(x), round(y)


def motion(scene: Scene, bout: Bout, centre: tuple[float, float], radius: int) -> float:
    """Mean change of the pixels around a point between frames sampled as a clip's are, 2.7 a second."""
    x, y = pixel(scene, centre)
    rows, columns = slice(max(y - radius, 0), y + radius), slice(max(x - radius, 0), x + radius)
    times = np.arange(bout.start + 0.05, min(bout.end, bout.start + 6) - 0.01, 0.375)
    patches = [render_frame(scene, time)[rows, columns].astype(float) for time in times]
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(patches)]))


def alone(script: Script, kind: str, others: tuple[str, ...]) -> list[Bout]:
    """Bouts of a kind during which nothing else happens near the same place."""
    busy = [(e.begin, e.finish) for e in script.episodes if any(b.kind in others for b in e.bouts)]
    return [b for b in script.bouts(kind) if all(overlap((b.start, b.end), span) <= 0 for span in busy)]


def test_a_rubbing_hand_moves_the_picture_and_a_resting_hand_does_not(scenes: list[Scene]) -> None:
    rubbed, rested = [], []
    for scene in scenes:
        for kind, motions in (("trunk", rubbed), ("back", rubbed), ("rest", rested)):
            for bout in alone(scene.script, kind, ("pass", "steady")):
                x, y, _ = next(c.places.baby for c in scene.course.carries if c.span[0] <= bout.start < c.span[1])
                motions.append(motion(plain(scene), bout, (x, y), 16))
    assert len(rubbed) >= 6
    assert len(rested) >= 2
    assert min(rubbed) > 4 * max(rested)


def test_a_rub_shows_at_two_and_a_half_frames_a_second_and_is_as_fast_as_told(scenes: list[Scene]) -> None:
    for scene in map(plain, scenes[:3]):
        bout = scene.script.bouts("trunk")[0]
        times = np.arange(bout.start, min(bout.end, bout.start + 4), 1 / 20)
        heights = []
        for time in times:
            state = scene.at(time)
            others = tuple(hand for hand in state.hands if hand.name != "body")
            without = draw_state(scene, replace(state, hands=others))
            changed = np.abs(draw_state(scene, state).astype(int) - without).sum(axis=2) > 40
            assert changed.sum() > 100
            heights.append(np.nonzero(changed)[0].mean() / scene.size)
        heights -= np.mean(heights)
        crossings = np.count_nonzero(np.diff(np.sign(heights)))
        assert 1.4 < crossings / 2 / (times[-1] - times[0]) < 4.2
        assert np.ptp(heights) > 0.08  # 4 % of the picture to each side
        sampled = np.interp(np.arange(bout.start, times[-1], 0.375), times, heights)
        assert np.ptp(sampled[:8]) > 0.04


def test_a_squeezed_bag_moves_the_picture_and_a_held_mask_does_not(scenes: list[Scene]) -> None:
    squeezed, still = [], []
    for scene in scenes:
        for kind, motions in (("ppv", squeezed), ("hover", still), ("cpap", still)):
            for bout in alone(scene.script, kind, ("pass",)):
                mask = scene.at((bout.start + bout.end) / 2).mask
                bag = np.array(mask.position) + 0.4 * np.array([np.cos(mask.angle), np.sin(mask.angle)])
                motions.append(motion(plain(scene), bout, (float(bag[0]), float(bag[1])), 12))
    assert len(squeezed) >= 6
    assert len(still) >= 5
    assert min(squeezed) > 3 * max(still)


def test_a_hovering_mask_looks_unlike_a_sealed_one(scenes: list[Scene]) -> None:
    """Same place in the picture, other height: only shadow and size differ, and they show above the noise."""
    for scene in map(plain, scenes):
        bout = scene.script.bouts("ppv", "cpap")[0]
        state = scene.at(bout.start + 0.01)
        lifted = replace(state, mask=replace(state.mask, height=state.mask.height + 0.25))
        difference = np.abs(draw_state(scene, state).astype(float) - draw_state(scene, lifted))
        x, y = pixel(scene, state.mask.position)
        assert difference[y - 20 : y + 20, x - 20 : x + 20].mean() > 3


def test_the_table_is_empty_while_the_baby_is_not_annotated_visible(scenes: list[Scene]) -> None:
    """The middle of the picture shows the bare towel exactly while nobody lies there."""
    checked = 0
    for scene in map(plain, scenes):
        projection = scene.film.camera.at(0, scene.size, scene.size)
        bare = Canvas(projection, scene.film.light, scene.team.background, EXTENT).finish().astype(int)
        x, y = pixel(scene, (0.0, 0.13))
        middle = (slice(y - 18, y + 18), slice(x - 10, x + 10))
        busy = [(e.begin, e.finish) for e in scene.script.episodes if e.worker in ("body", "passer")]
        edges = [0.0, *(edge for span in scene.script.visible for edge in span), scene.script.duration]
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            for time in np.arange(low + CARRY / 2 + REACH, high - CARRY / 2 - REACH, 0.7):
                if all(overlap((time, time), span) < 0 for span in busy):
                    assert np.abs(render_frame(scene, time)[middle].astype(int) - bare[middle]).max() <= 1
                    checked += 1
        for low, high in scene.script.visible:
            for time in (low + CARRY / 2 + 0.05, (low + high) / 2, high - CARRY / 2 - 0.05):
                assert np.abs(render_frame(scene, time)[middle].astype(int) - bare[middle]).mean() > 12
    assert checked >= 10


def test_the_baby_is_half_in_the_picture_when_it_becomes_visible(scenes: list[Scene]) -> None:
    for scene in scenes:
        for low, high in scene.script.visible:
            for edge in (low, high):
                if 0 < edge < scene.script.duration:
                    state = scene.at(edge)
                    assert state.baby is not None
                    assert abs(state.baby.position[0]) == pytest.approx(0.88)  # the edge of the table


# Determinism


def test_the_same_seed_gives_the_same_frames_in_any_order() -> None:
    first, second = make_scene(9, 3, 60, size=96), make_scene(9, 3, 60, size=96)
    times = [41.2, 3.0, 20.4]
    frames = [render_frame(first, time) for time in times]
    again = [render_frame(second, time) for time in reversed(times)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(frames, again, strict=True))
    assert first.script == second.script
    other = make_scene(10, 3, 60, size=96)
    assert other.script != first.script
    assert not np.array_equal(render_frame(other, 20.4), frames[2])


def test_a_span_is_rendered_as_in_the_whole() -> None:
    scene = make_scene(1, 0, 4, size=64, fps=12.5)
    whole, part = list(render_frames(scene)), list(render_frames(scene, 1.2, 2.0))
    assert len(whole) == 50
    assert len(part) == 10
    assert all(np.array_equal(a, b) for a, b in zip(part, whole[15:25], strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_frames_do_not_depend_on_opencvs_threads(threads: int) -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(threads)
        frame = render_frame(make_scene(2, 1, 60, size=128), 30.0)
        cv2.setNumThreads(1)
        assert np.array_equal(frame, render_frame(make_scene(2, 1, 60, size=128), 30.0))
    finally:
        cv2.setNumThreads(before)


def test_any_size_shows_the_same_scene() -> None:
    small, large = make_scene(4, 0, 60, size=64), make_scene(4, 0, 60, size=240)
    assert small.script == large.script
    shrunk = cv2.resize(render_frame(plain(large), 30.0), (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - render_frame(plain(small), 30.0)).mean() < 12


def test_teams_share_their_look_and_recordings_differ() -> None:
    one, two, three = (make_scene(6, index, 30, size=48) for index in range(3))
    assert one.group == two.group != three.group
    assert one.team.doll.skin == two.team.doll.skin
    assert np.array_equal(one.team.background, two.team.background)
    assert not np.array_equal(one.team.background, three.team.background)
    assert one.film.camera != two.film.camera
    assert one.script != two.script
