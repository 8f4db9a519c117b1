"""The drawing primitives against geometry that is computed by hand."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe_sim.canvas.canvas import Camera, Canvas, Light, Paint, make_sensor
from actscribe_sim.canvas.hand import HandLook, HandPose, draw_hand, hand_outlines
from actscribe_sim.canvas.shapes import capsule, ellipse, limb, rectangle, smooth, transformed
from actscribe_sim.canvas.textures import SURFACES, cloud, grain, table, weave

GREY = (100.0, 100.0, 100.0)
EVEN = Light(vignette=0.0, angle=0.0)


def area(outline: np.ndarray) -> float:
    x, y = outline.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def canvas(size: int = 100, light: Light = EVEN, **camera: object) -> Canvas:
    return Canvas(Camera(**camera).at(0.0, size, size), light, GREY)  # type: ignore[arg-type]


def centroid(weights: np.ndarray) -> np.ndarray:
    y, x = np.indices(weights.shape)
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


def painted(drawn: Canvas) -> np.ndarray:
    """How much of each pixel is covered by white paint on the grey ground."""
    return (drawn.pixels[..., 0] - 100) / 155


def test_outlines_have_the_areas_of_their_formulas() -> None:
    assert area(ellipse((0.3, -0.2), 0.5, 0.2, 0.7, points=200)) == pytest.approx(math.pi * 0.1, rel=1e-3)
    assert area(rectangle((1, 2), 0.6, 0.4, 0.3)) == pytest.approx(0.24)
    corner = 0.1
    assert area(rectangle((0, 0), 0.6, 0.4, 0.0, corner)) == pytest.approx(0.24 - (4 - math.pi) * corner**2, abs=1e-3)
    assert area(capsule((0, 0), (1, 1), 0.1)) == pytest.approx(math.pi * 0.01 + 0.2 * math.sqrt(2), rel=0.01)


def test_a_capsule_keeps_its_radius_from_its_line() -> None:
    outline = capsule((0.0, 0.0), (0.0, 2.0), 0.25)
    beyond = np.maximum(np.maximum(-outline[:, 1], outline[:, 1] - 2), 0)
    assert np.hypot(outline[:, 0], beyond) == pytest.approx(0.25)


def test_a_smooth_curve_passes_through_its_points() -> None:
    points = np.array([(0.0, 0.0), (1.0, 0.2), (1.2, 1.0), (0.1, 0.9)])
    assert smooth(points, steps=5)[::5] == pytest.approx(points)


def test_place_turns_clockwise_as_seen_on_the_screen() -> None:
    assert transformed(np.array([[1.0, 0.0]]), (5, 5), math.pi / 2, 2.0)[0] == pytest.approx([5, 7])  # y is down


def test_the_camera_maps_the_short_side_to_minus_one_to_one() -> None:
    projection = Camera().at(0.0, 101, 201)
    corners = projection.project(np.array([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0)]))
    assert corners == pytest.approx(np.array([(100, 50), (100, 100.5), (150.5, 50)]))


def test_height_magnifies_about_the_middle() -> None:
    projection = Camera(height=4.0).at(0.0, 100, 100)
    low, high = (projection.project(np.array([(0.2, 0.1)]), height)[0] - 49.5 for height in (0.0, 2.0))
    assert high == pytest.approx(2 * low)
    mixed = projection.project(np.array([(0.2, 0.1), (0.2, 0.1)]), np.array([0.0, 2.0])) - 49.5
    assert mixed == pytest.approx(np.array([low, high]))


@given(
    st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    st.floats(-3, 3),
    st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
    st.floats(0, 10),
)
def test_the_homography_is_the_projection_of_the_table(
    point: tuple[float, float], angle: float, tilt: tuple[float, float], time: float
) -> None:
    projection = Camera(angle=angle, tilt=tilt, drift=0.05, zoom=0.9).at(time, 60, 80)
    x, y, w = projection.matrix() @ (*point, 1.0)
    assert projection.project(np.array([point]))[0] == pytest.approx([x / w, y / w], abs=1e-6)


def test_the_camera_drifts_slowly_and_no_further_than_told() -> None:
    camera = Camera(drift=0.02)
    places = np.array([camera.at(t, 100, 100).project(np.zeros((1, 2)))[0] for t in np.arange(0, 20, 0.1)])
    assert np.abs(places - 49.5).max() <= 1.02 * 0.02 * 50  # the turn about a moved centre adds a little
    assert 0 < np.abs(np.diff(places, axis=0)).max() < 0.2


def test_a_filled_shape_covers_its_area_and_follows_by_parts_of_a_pixel() -> None:
    middles = []
    for shift in (0.0, 0.25):
        drawn = canvas()
        drawn.fill(ellipse((shift / 50, 0), 0.4, 0.4, points=60), Paint((255, 255, 255)))
        cover = painted(drawn)
        assert math.sqrt(cover.sum() / math.pi) == pytest.approx(20.5, abs=0.3)  # OpenCV's edge adds half a pixel
        middles.append(centroid(cover))
    assert middles[1] - middles[0] == pytest.approx([0.25, 0.0], abs=0.07)


def test_a_union_is_painted_once_and_opacity_mixes() -> None:
    drawn = canvas()
    both = [rectangle((-0.1, 0), 0.4, 0.4), rectangle((0.1, 0), 0.4, 0.4)]
    drawn.fill(both, Paint((200, 0, 100), opacity=0.5))
    assert drawn.pixels[50, 50] == pytest.approx([150, 50, 100], abs=0.5)
    assert drawn.pixels[50, 38] == pytest.approx(drawn.pixels[50, 50])


def test_what_lies_outside_the_picture_leaves_it_alone() -> None:
    drawn = canvas()
    drawn.fill(ellipse((5, 5), 0.3, 0.3), Paint((255, 0, 0), 0.8, texture=np.ones((8, 8), np.float32)))
    drawn.glow(ellipse((-5, 0), 0.3, 0.3), (0, 0, 0), 0.1)
    draw_hand(drawn, HandPose((4.0, 4.0)), HandLook())
    assert (drawn.pixels == 100).all()


@pytest.mark.parametrize("turn", [0.0, 1.0, math.pi])
def test_round_things_are_bright_towards_the_lamp_and_hollows_away_from_it(turn: float) -> None:
    bright = {}
    for volume in (0.9, -0.9):
        drawn = canvas(light=Light(angle=0.5, vignette=0), angle=turn)
        drawn.fill(ellipse((0, 0), 0.5, 0.5), Paint((150, 150, 150), volume, 0.5))
        falls = Camera(angle=turn).at(0, 100, 100).plane[:2, :2] @ (math.cos(0.5), math.sin(0.5))
        x, y = (round(49.5 + 17 * part) for part in falls)
        bright[volume] = drawn.pixels[99 - y, 99 - x, 0] - drawn.pixels[y, x, 0]
    assert bright[0.9] > 20
    assert bright[-0.9] < -20


def test_a_shadow_falls_away_from_the_lamp_and_is_softer_from_higher_up() -> None:
    dark = {}
    for height in (0.1, 0.6):
        drawn = canvas(200)
        drawn.shadow(ellipse((-0.2, 0), 0.2, 0.2), height)
        dark[height] = 100 - drawn.pixels[..., 0]
    low, high = (centroid(dark[height]) for height in (0.1, 0.6))
    assert high[0] - low[0] == pytest.approx(0.5 * EVEN.slope * 100, abs=3)
    assert high[1] == pytest.approx(low[1], abs=1)
    assert dark[0.6].max() < dark[0.1].max()
    assert (dark[0.6] > 1).sum() > (dark[0.1] > 1).sum()


def test_a_shadow_lies_where_it_is_told_to() -> None:
    drawn = canvas(200)
    drawn.shadow(ellipse((0, 0), 0.2, 0.2), 0.5, ground=0.5)
    assert centroid(100 - drawn.pixels[..., 0]) == pytest.approx([99.5, 99.5], abs=1)


def test_a_texture_turns_with_its_thing() -> None:
    stripes = np.tile(np.repeat(np.float32([0.5, 1.0]), 8), (16, 1))
    spread = {}
    for angle in (0.0, math.pi / 2):
        drawn = canvas(200)
        drawn.fill(rectangle((0, 0), 1.2, 1.2), Paint((200, 200, 200), texture=stripes, grain=0.2), angle=angle)
        inner = drawn.pixels[60:140, 60:140, 0]
        spread[angle] = (inner.mean(axis=0).std(), inner.mean(axis=1).std())
    assert spread[0.0][0] > 10 * spread[0.0][1]
    assert spread[math.pi / 2][1] > 10 * spread[math.pi / 2][0]


def test_a_convex_body_covers_its_base_its_top_and_what_lies_between() -> None:
    drawn = canvas(200, height=4.0)
    base = rectangle((0.4, 0.0), 0.2, 0.2)
    drawn.solid(np.concatenate([base, base]), np.repeat([0.0, 1.0], 4), Paint((255, 255, 255)))
    left, right = np.flatnonzero(painted(drawn)[100] > 0.5)[[0, -1]]
    assert left == pytest.approx(99.5 + 30, abs=1.5)
    assert right == pytest.approx(99.5 + 50 * 4 / 3, abs=1.5)


def test_the_background_lies_in_the_plane_of_the_table() -> None:
    picture = np.zeros((200, 200, 3), dtype=np.uint8)
    picture[95:105, 145:155] = 255  # about (0.99, -0.01) where the picture spans -2 to 2
    projection = Camera(angle=math.pi / 2, zoom=0.5).at(0.0, 100, 100)
    drawn = Canvas(projection, EVEN, picture)
    assert centroid(drawn.pixels[..., 0]) == pytest.approx(projection.project(np.array([(0.99, -0.01)]))[0], abs=0.7)


def test_the_sensor_adds_noise_of_the_strength_that_was_asked_for() -> None:
    sensor = make_sensor(np.random.default_rng(0), (100, 100), sigma=5.0)
    picture = canvas().finish(sensor, np.random.default_rng(1))
    assert picture.dtype == np.uint8
    assert picture.shape == (100, 100, 3)
    assert picture.std() == pytest.approx(5.0, rel=0.1)
    assert picture.mean() == pytest.approx(100, abs=1)
    assert (picture == canvas().finish(sensor, np.random.default_rng(1))).all()
    assert (picture != canvas().finish(sensor, np.random.default_rng(2))).any()


def test_light_colours_the_picture_and_the_vignette_darkens_its_corners() -> None:
    picture = canvas(light=Light(colour=(1.1, 1.0, 0.9), level=1.2, vignette=0.4)).finish()
    assert picture[50, 50] == pytest.approx([132, 120, 108], abs=1)
    assert picture[0, 0] == pytest.approx(0.6 * picture[50, 50].astype(float), abs=2)


def silhouette(pose: HandPose) -> np.ndarray:
    drawn = canvas(200)
    drawn.fill(hand_outlines(pose), Paint((255, 255, 255)))
    return painted(drawn)


def test_a_fist_is_smaller_than_an_open_hand_and_a_pointing_one_reaches_as_far() -> None:
    open_, grip, fist, point = (
        silhouette(HandPose((0, 0), angle=0.0, grip=grip, curl=curl))
        for grip, curl in ((0.0, (0,) * 4), (1.0, (0,) * 4), (0.0, (1,) * 4), (0.0, (0, 1, 1, 1)))
    )
    assert fist.sum() < 0.8 * open_.sum()
    assert grip.sum() < open_.sum()
    reach = [np.flatnonzero(mask.max(axis=0) > 0.5)[-1] for mask in (open_, point, fist)]
    assert reach[1] > reach[0] - 8
    assert reach[2] < reach[1] - 12


def test_left_and_right_hands_are_mirror_images() -> None:
    right, left = (silhouette(HandPose((0, 0), angle=0.0, right=side)) for side in (True, False))
    assert np.abs(right - left[::-1]).mean() < 0.01
    assert np.abs(right - left).mean() > 0.02
    assert centroid(right[:, 60:120])[1] < 99.5  # the thumb of a right hand that points right is further up


def test_a_closed_grip_is_where_the_pose_says() -> None:
    pose = HandPose((0.1, -0.2), angle=1.0, size=0.5)
    assert pose.grasp() == pytest.approx([0.1 + 0.1 * math.cos(1.0), -0.2 + 0.1 * math.sin(1.0)])


def test_the_forearm_runs_to_the_elbow_with_its_sleeve_and_glove() -> None:
    drawn = canvas(200)
    look = HandLook(skin=(250, 0, 0), glove=(0, 250, 0), sleeve=(0, 0, 250))
    draw_hand(drawn, HandPose((0, -0.3), angle=-math.pi / 2, elbow=(0.0, 1.2)), look)
    strongest = drawn.pixels.argmax(axis=2)
    changed = np.abs(drawn.pixels - 100).max(axis=2) > 40
    rows = [np.flatnonzero((strongest == channel) & changed)[0] // 200 for channel in (1, 0, 2)]
    assert rows[0] < rows[1] < rows[2]  # glove, then bare skin, then sleeve
    assert changed[199, 80:120].any()


def test_limbs_are_chains_of_capsules() -> None:
    chain = limb([(0, 0), (1, 0), (1, 1)], [0.2, 0.1, 0.05])
    assert len(chain) == 2
    mask = np.zeros((200, 200), np.uint8)
    for part in chain:
        cv2.fillPoly(mask, [np.round(100 * part + 40).astype(np.int32)], 1)
    assert mask[40, 40]
    assert mask[130, 140]
    assert not mask[130, 40]


@pytest.mark.parametrize("kind", SURFACES)
def test_tables_keep_their_colour_and_vary(kind: str) -> None:
    picture = table(np.random.default_rng(3), kind, (150, 120, 90), 128)  # type: ignore[arg-type]
    assert picture.shape == (128, 128, 3)
    assert picture.mean(axis=(0, 1)) == pytest.approx([150, 120, 90], rel=0.12)
    assert picture.std(axis=(0, 1)).min() > 1
    assert (picture == table(np.random.default_rng(3), kind, (150, 120, 90), 128)).all()  # type: ignore[arg-type]


def test_tiles_repeat_without_a_seam_and_keep_the_brightness() -> None:
    for tile in (1 + cloud(np.random.default_rng(0), 64, 4), weave(np.random.default_rng(1), threads=8),
                 grain(np.random.default_rng(2))):  # fmt: skip
        assert tile.mean() == pytest.approx(1, abs=0.15)
        inside = np.abs(np.diff(tile, axis=1)).max()
        assert np.abs(tile[:, 0] - tile[:, -1]).max() <= 1.3 * inside
