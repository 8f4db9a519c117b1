"""What is said about tabletop clips, against their trajectories, worked out independently here."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from actscribe_sim.tabletop.actions import ACTIONS, CLASSES
from actscribe_sim.tabletop.clips import TabletopClip, tabletop_clip, tabletop_scene
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, COLOURS, KINDS, Thing, Z

NOUN = "|".join(sorted(KINDS, key=len, reverse=True))
NAME = rf"(?:{'|'.join(COLOURS)}) (?:{NOUN})"
#: Lowest share of yes and of no among the answers to one form of question.
LEAST = 0.3


@pytest.fixture(scope="module")
def clips() -> list[TabletopClip]:
    """Twelve clips of every class, not rendered."""
    return [tabletop_clip(seed) for seed in range(12 * len(CLASSES))]


def test_captions_name_only_things_that_are_there(clips: list[TabletopClip]) -> None:
    for clip in clips:
        present = {thing.name for thing in clip.scene.play.things}
        for caption in clip.captions:
            assert set(re.findall(NAME, caption)) <= present
            assert caption[0].isupper()
            assert caption.endswith(".")
            assert "{" not in caption


def test_captions_give_the_direction_of_the_trajectory() -> None:
    words = {"left": (0, -1), "right": (0, 1), "away": (1, -1), "nearer": (1, 1), "towards": (1, 1)}
    counts = Counter()
    for seed in range(30):
        for action in ("push_left", "push_right", "push_away", "push_towards", "roll_left", "roll_right"):
            clip = tabletop_clip(seed, action)
            match = re.search(r"to the (left|right)\b|\b(away|nearer|towards)\b", clip.captions[0])
            if match:
                word = match.group(1) or match.group(2)
                axis, sign = words[word]
                assert in_picture(clip, ends(clip, "end")[0, :2] - ends(clip, "beginning")[0, :2])[axis] * sign > 0.2
                counts[word] += 1
    assert min(counts[word] for word in words) >= 3


def test_captions_vary() -> None:
    assert len({tabletop_clip(seed, "push_left").captions[0] for seed in range(40)}) > 30


def answers(clip: TabletopClip) -> Iterator[tuple[str, bool, bool]]:
    """Questions that can be worked out independently: (question, what the clip says, what is true)."""
    for question, answer in clip.questions:
        for form, truth in TRUTHS.items():
            match = re.fullmatch(form, question)
            if match:
                yield question, answer == "yes", bool(truth(clip, *match.groups()))


def named(clip: TabletopClip, name: str) -> int:
    names = [thing.name for thing in clip.scene.play.things]
    assert names.count(name) == 1
    return names.index(name)


def things(clip: TabletopClip) -> tuple[Thing, ...]:
    return clip.scene.play.things


def ends(clip: TabletopClip, when: str) -> np.ndarray:
    return clip.scene.film.things[0 if when == "beginning" else -1]


def in_picture(clip: TabletopClip, way: np.ndarray) -> tuple[float, float]:
    """A way in the world turned into the picture by hand: x right, y down."""
    angle, (dx, dy) = clip.scene.camera.angle, way
    return math.cos(angle) * dx - math.sin(angle) * dy, math.sin(angle) * dx + math.cos(angle) * dy


def directed(clip: TabletopClip, way: np.ndarray, words: str) -> bool:
    across, down = in_picture(clip, way)
    truths = {"left": across < 0, "right": across > 0, "up": down < 0, "down": down > 0}
    return truths[next(word for word in truths if re.search(rf"\b{word}\b", words))]


def goes(clip: TabletopClip, name: str, words: str) -> bool:
    thing = named(clip, name)
    return directed(clip, ends(clip, "end")[thing, :2] - ends(clip, "beginning")[thing, :2], words)


def lies(clip: TabletopClip, name: str, words: str, other: str) -> bool:
    states = ends(clip, "beginning")
    return directed(clip, states[named(clip, name), :2] - states[named(clip, other), :2], words)


def turns(clip: TabletopClip, name: str, counter: str | None) -> bool:
    thing = named(clip, name)
    return (ends(clip, "end")[thing, ANGLE] < ends(clip, "beginning")[thing, ANGLE]) == bool(counter)


def formed(clip: TabletopClip, name: str, form: str, when: str) -> bool:
    state = ends(clip, when)[named(clip, name)]
    return state[Z] > 0.5 if form == "in the air" else state[AMOUNT] > 0.5


def together(clip: TabletopClip, name: str, other: str, when: str = "end") -> bool:
    states = ends(clip, when)
    return np.hypot(*(states[named(clip, name), :2] - states[named(clip, other), :2])) < 0.2


def moves(clip: TabletopClip, name: str) -> bool:
    return np.ptp(clip.scene.film.things[:, named(clip, name)], axis=0).max() > 0.05


NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")
TRUTHS: dict[str, Callable[..., bool]] = {
    r"Is there an? (.+) on the table\?": lambda clip, name: name in [thing.name for thing in things(clip)],
    r"Can an? (.+) be seen\?": lambda clip, kind: kind in [thing.kind for thing in things(clip)],
    r"Is any object (\w+)\?": lambda clip, colour: colour in [thing.colour for thing in things(clip)],
    rf"Is the ({NOUN}) (\w+)\?": lambda clip, kind, c: f"{c} {kind}" in [thing.name for thing in things(clip)],
    r"Are there (\w+) objects on the table\?": lambda clip, word: len(things(clip)) == NUMBERS.index(word),
    rf"Does the ({NAME}) end up further (.+) than it began\?": goes,
    rf"Does the ({NAME}) turn (counter-)?clockwise\?": turns,
    rf"Is the ({NAME}) (open|folded|lying on its side|in the air) at the (\w+)\?": formed,
    rf"Is the ({NAME}) (?:inside|on top of|covered by) the ({NAME}) at the (\w+)\?": together,
    rf"Does the ({NAME}) end up inside the ({NAME})\?": together,
    rf"Is the ({NAME}) (further \w+) than the ({NAME})\?": lies,
    rf"Is the ({NAME}) (to the \w+) of the ({NAME})\?": lies,
    rf"Does the ({NAME}) move\?": moves,
    r"Does any object move\?": lambda clip: any(moves(clip, thing.name) for thing in things(clip)),
    r"Is a hand gloved\?": lambda clip: clip.scene.looks[0].glove is not None,
    r"Is the hand bare\?": lambda clip: clip.scene.looks[0].glove is None,
    r"Is a hand visible\?|Does a hand appear\?": lambda clip: len(clip.scene.play.hands) > 0,
    r"Is the picture free of hands\?": lambda clip: len(clip.scene.play.hands) == 0,
}


def test_answers_are_true_to_the_trajectory(clips: list[TabletopClip]) -> None:
    checked = 0
    for clip in [*clips, *(tabletop_scene(seed) for seed in range(100))]:
        for question, answer, truth in answers(clip):
            assert answer == truth, (clip.seed, clip.action, question)
            checked += 1
    assert checked > 0.7 * sum(len(clip.questions) for clip in clips)


def test_every_clip_is_asked_as_many_yes_as_no_questions(clips: list[TabletopClip]) -> None:
    for clip in clips:
        counts = Counter(answer for _, answer in clip.questions)
        assert counts["yes"] == counts["no"] >= 2
        assert len({question for question, _ in clip.questions}) == len(clip.questions)


def test_the_class_is_asked_for_and_denied_by_its_words(clips: list[TabletopClip]) -> None:
    by_words = {
        words: action.name for action in CLASSES for words in (action.question, f"Is this a video of {action.phrase}?")
    }
    reverse = 0
    for clip in clips:
        asked = {by_words[question]: answer for question, answer in clip.questions if question in by_words}
        assert [name for name, answer in asked.items() if answer == "yes"] == [clip.action]
        assert len(asked) == 2
        reverse += ACTIONS[clip.action or ""].reverse_of in asked
    paired = sum(1 for clip in clips if ACTIONS[clip.action or ""].reverse_of)
    assert 0.4 < reverse / paired < 0.62


def test_no_form_of_question_gives_its_answer_away() -> None:
    forms: dict[str, Counter] = defaultdict(Counter)
    for seed in range(30 * len(CLASSES)):
        for question, answer in tabletop_clip(seed).questions:
            form = re.sub(r"\b(" + "|".join(COLOURS) + r")\b", "C", re.sub(rf"\b({NOUN})\b", "K", question))
            forms[form.replace(" an ", " a ")][answer] += 1
    often = {form: counts for form, counts in forms.items() if sum(counts.values()) >= 50}
    assert len(often) > 20
    for form, counts in often.items():
        assert LEAST < counts["yes"] / sum(counts.values()) < 1 - LEAST, form


def test_lists_are_what_is_there(clips: list[TabletopClip]) -> None:
    for clip in clips:
        lists = dict(clip.lists)
        assert lists["Which objects are on the table?"] == clip.objects
        assert set(clip.objects) <= {thing.name for thing in clip.scene.play.things}
        assert set(lists["Which colours do the objects have?"]) == set(clip.colours)
        lefts = [clip.scene.in_picture(clip.scene.film.things[0, named(clip, name), :2])[0] for name in clip.objects]
        assert lefts == sorted(lefts)
        moved = {clip.scene.play.things[k].name for k in np.flatnonzero(
            np.ptp(clip.scene.film.things, axis=0).max(axis=1) > 0.05)}  # fmt: skip
        assert set(lists["Which objects move?"]) == moved & set(clip.objects)
        expected = () if clip.action == "nothing" else (ACTIONS[clip.action or ""].phrase,)
        assert lists["Which activities occur?"] == expected


def test_a_thing_under_a_cloth_from_start_to_end_is_not_listed() -> None:
    hidden = 0
    for seed in range(300):
        clip = tabletop_clip(seed, "nothing")
        states, cloths = ends(clip, "beginning"), [k for k, t in enumerate(things(clip)) if t.kind == "cloth"]
        raised = [things(clip)[k].name for k in cloths if states[k, Z] > 0]
        others = [thing.name for thing in things(clip) if thing.kind != "cloth"]
        under = {name for name in others for cloth in raised if together(clip, name, cloth)}
        hidden += len(under)
        assert not under & set(clip.objects)
    assert hidden >= 3


def test_scenes_without_action_are_still_and_counted() -> None:
    for seed in range(60):
        clip = tabletop_scene(seed)
        assert clip.action is None
        assert (clip.scene.film.things == clip.scene.film.things[0]).all()
        count = re.search(r"On the table there (?:is|are) (\w+) objects?", clip.captions[0])
        if count:
            assert ["no", "one", "two", "three", "four", "five", "six"].index(count[1]) == len(clip.objects)
        assert dict(clip.lists)["Which activities occur?"] == ()
    assert len({len(tabletop_scene(seed).objects) for seed in range(60)}) >= 4
