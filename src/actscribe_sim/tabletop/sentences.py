"""Captions, questions and lists about a tabletop scene, made from its true state in varied wording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from actscribe_sim.tabletop.actions import ACTIONS, CLASSES, TabletopAction
from actscribe_sim.tabletop.facts import CLEARLY, IN_THE_AIR, Facts, covered, inside, on_top_of
from actscribe_sim.tabletop.scene import Scene
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, COLOURS, KINDS, Z

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
OFTEN = {2: 0.22, 3: 0.26, 4: 0.31, 5: 0.18, 6: 0.03}  # wrong numbers of things: about as often as right ones
#: Ways to say that a thing is to one side of another: axis, sign, words.
SIDES = ((0, -1, "to the left of"), (0, 1, "to the right of"), (1, -1, "further up than"), (1, 1, "further down than"))
Asked = tuple[str, bool]


# Captions


def captions(scene: Scene, facts: Facts, action: str | None, rng: np.random.Generator) -> list[str]:
    """Return sentences about a clip: what happens in two wordings, what lies there, both together."""
    lying = _lying(scene, facts, rng, range(len(facts.things)))
    if action is None:
        places = [_position(facts, index) for index in facts.visible]
        more = [str(position) for position in rng.permutation(places)[:2]]
        hands = "" if not facts.hands else f" {_sentence(f'{_hand(scene, rng)} lies still')}"
        return [lying + hands, *more] if more else [lying + hands]
    happens = [_happens(scene, facts, ACTIONS[action], rng, wording) for wording in _two(ACTIONS[action], rng)]
    others = [index for index in range(scene.play.roles, len(facts.things)) if index in facts.visible]
    around = _lying(scene, facts, rng, others) if others and scene.play.roles else lying
    return [*happens, f"{happens[0]} {around}", lying]


def _two(action: TabletopAction, rng: np.random.Generator) -> list[str]:
    return [action.captions[int(index)] for index in rng.permutation(len(action.captions))[:2]]


def _happens(scene: Scene, facts: Facts, action: TabletopAction, rng: np.random.Generator, wording: str) -> str:
    names = {letter: _the(facts, index, rng) for index, letter in enumerate("abc"[: scene.play.roles])}
    tool = f" with {_a(facts.things[0].name)}" if action.name == "wipe" and scene.play.roles else ""
    kinds = f"{facts.things[0].kind}s" if facts.things else ""
    person = "{a}" in wording and rng.random() < 0.15
    hand = str(rng.choice(["someone", "a person"])) if person else _hand(scene, rng)
    hands = f"two {scene.glove}-gloved hands" if scene.glove and rng.random() < 0.5 else "two hands"
    filled = wording.format(hand=hand, hands=hands, kinds=kinds, **names, **{"with": tool})
    return _sentence(filled.removesuffix("."))


def _hand(scene: Scene, rng: np.random.Generator) -> str:
    if scene.glove:
        return str(rng.choice(["a hand", "a gloved hand", f"a hand in a {scene.glove} glove"]))
    return str(rng.choice(["a hand", "a hand", "a bare hand"]))


def _lying(scene: Scene, facts: Facts, rng: np.random.Generator, which: Sequence[int]) -> str:
    """Return a sentence that names things, from left to right."""
    names = [_a(facts.things[index].name) for index in facts.visible if index in which]
    if not names:
        return "The table is empty."
    verb = "is" if len(names) == 1 else "are"
    wordings = [f"there {verb} {_and(names)} on the table", f"{_and(names)} {'lies' if verb == 'is' else 'lie'} there"]
    if len(which) == len(facts.things):
        plural = "s" if len(names) > 1 else ""
        wordings.append(f"on the table there {verb} {NUMBERS[len(names)]} object{plural}: {_and(names)}")
    return _sentence(str(rng.choice(wordings)))


def _position(facts: Facts, index: int) -> str:
    x, y = facts.start_positions[index]
    column = "left" if x < -0.3 else "right" if x > 0.3 else ""
    row = "top" if y < -0.3 else "bottom" if y > 0.3 else ""
    where = f"at the {f'{row} {column}'.strip()}" if row or column else "in the middle"
    return _sentence(f"{_a(facts.things[index].name)} is {where} of the picture" if row or column else
                     f"{_a(facts.things[index].name)} is {where} of the table")  # fmt: skip


def _the(facts: Facts, index: int, rng: np.random.Generator) -> str:
    """Return a thing's name with an article; the kind alone suffices where there is only one of it."""
    thing = facts.things[index]
    alone = sum(other.kind == thing.kind for other in facts.things) == 1
    if alone and rng.random() < 0.15:
        return f"the {thing.kind}"
    return f"the {thing.name}" if rng.random() < 0.5 else _a(thing.name)


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


# Lists


def lists(facts: Facts, action: str | None) -> list[tuple[str, tuple[str, ...]]]:
    """Return open questions with their answers as lists, things from left to right as they lie at the start."""
    names = tuple(facts.things[index].name for index in facts.visible)
    colours = tuple(dict.fromkeys(facts.things[index].colour for index in facts.visible))
    moving = tuple(facts.things[index].name for index in facts.visible if facts.moves[index])
    happens = () if action in (None, "nothing") else (ACTIONS[action].phrase,) if action else ()
    return [
        ("Which objects are on the table?", names),
        ("Which colours do the objects have?", colours),
        ("Which objects move?", moving),
        ("Which activities occur?", happens),
    ]


# Yes/no questions


def questions(
    scene: Scene, facts: Facts, action: str | None, rng: np.random.Generator, each: int
) -> list[tuple[str, str]]:
    """Return up to `each` questions answered yes and as many answered no, in random order.

    No form of question is answered with yes much more often than with no over many clips (ours), so that the words
    alone do not give the answer away.
    """
    posed = [
        *_about_things(facts, rng),
        *_about_hands(scene, facts, action, rng),
        *_about_changes(facts, action, rng),
    ]
    first = [] if action is None else list(_about_action(action, rng))
    rest = [posed[int(index)] for index in rng.permutation(len(posed))]
    ordered = list(dict.fromkeys([*first, *rest]))
    yes, no = ([question for question, answer in ordered if answer is wanted] for wanted in (True, False))
    count = min(each, len(yes), len(no))
    mixed = [(question, "yes") for question in yes[:count]] + [(question, "no") for question in no[:count]]
    return [mixed[int(index)] for index in rng.permutation(len(mixed))]


def _about_action(action: str, rng: np.random.Generator) -> Iterator[Asked]:
    """Ask for what happens and for what does not: the reverse action in half of the clips, any other in the rest.

    Every action is asked for wrongly as often as rightly: a class without a partner is confused with another one.
    """
    partner = ACTIONS[action].reverse_of
    alone = [other.name for other in CLASSES if other.reverse_of is None and other.name != action]
    others = [other.name for other in CLASSES if other.name != action]
    near = partner if partner else str(rng.choice(alone))
    wrong = near if rng.random() < 0.5 else str(rng.choice(others))
    form = "{question}" if rng.random() < 0.6 else "Is this a video of {phrase}?"
    for name in (action, wrong):
        yield form.format(question=ACTIONS[name].question, phrase=ACTIONS[name].phrase), name == action


def _about_things(facts: Facts, rng: np.random.Generator) -> Iterator[Asked]:
    """Ask which things are there, their colours, their number and how they lie to each other."""
    shown = [facts.things[index] for index in facts.visible]
    if not shown or len(shown) < len(facts.things):
        return
    thing = shown[int(rng.integers(len(shown)))]
    present = {other.name for other in shown}
    absent = [f"{colour} {kind}" for colour in COLOURS for kind in KINDS if f"{colour} {kind}" not in present]
    alike = [name for name in absent if name.split(" ", 1)[0] == thing.colour or name.split(" ", 1)[1] == thing.kind]
    yield f"Is there {_a(thing.name)} on the table?", True
    yield f"Is there {_a(str(rng.choice(alike if rng.random() < 0.5 else absent)))} on the table?", False
    kinds, colours = {other.kind for other in shown}, {other.colour for other in shown}
    missing = str(rng.choice([kind for kind in KINDS if kind not in kinds]))
    yield f"Can {_a(thing.kind)} be seen?", True
    yield f"Can {_a(missing)} be seen?", False
    other_colour = str(rng.choice([colour for colour in COLOURS if colour not in colours]))
    yield f"Is any object {thing.colour}?", True
    yield f"Is any object {other_colour}?", False
    if sum(other.kind == thing.kind for other in shown) == 1:
        yield f"Is the {thing.kind} {thing.colour}?", True
        yield f"Is the {thing.kind} {rng.choice([c for c in COLOURS if c != thing.colour])}?", False
    odds = np.array([share * (count != len(shown)) for count, share in OFTEN.items()])
    wrong = int(rng.choice(list(OFTEN), p=odds / odds.sum()))
    for count in (len(shown), wrong):
        if count in OFTEN:
            yield f"Are there {NUMBERS[count]} objects on the table?", count == len(shown)
    yield from _about_sides(facts, rng)


def _about_sides(facts: Facts, rng: np.random.Generator) -> Iterator[Asked]:
    """Ask how two things lie that stay where they are."""
    resting = [index for index in facts.visible if not facts.moves[index]]
    if len(resting) < 2:
        return
    first, second = (resting[int(index)] for index in rng.permutation(len(resting))[:2])
    apart = facts.start_positions[first] - facts.start_positions[second]
    names = facts.things[first].name, facts.things[second].name
    for axis, sign, words in SIDES:
        if abs(apart[axis]) > CLEARLY:
            yield f"Is the {names[0]} {words} the {names[1]}?", bool(apart[axis] * sign > 0)


def _about_hands(scene: Scene, facts: Facts, action: str | None, rng: np.random.Generator) -> Iterator[Asked]:
    """Ask about hands. What most clips would answer alike is left out of most of those."""
    if action is None or not facts.hands or rng.random() < 0.05:
        yield str(rng.choice(["Is a hand visible?", "Does a hand appear?"])), facts.hands > 0
        yield "Is the picture free of hands?", facts.hands == 0
    if action and (facts.hands > 1 or rng.random() < 0.16):
        yield "Can two hands be seen?", facts.hands > 1
    if facts.hands and rng.random() < 0.5:
        yield "Is a hand gloved?", bool(scene.glove)
        yield "Is the hand bare?", not scene.glove


def _about_changes(facts: Facts, action: str | None, rng: np.random.Generator) -> Iterator[Asked]:
    """Ask what is so at the start and at the end: the two actions of a pair answer these the other way round."""
    moving, resting = ([i for i, moves in enumerate(facts.moves) if moves is wanted] for wanted in (True, False))
    for index in range(len(facts.things)):
        if facts.moves[index]:
            yield from _about_way(facts, index)
        yield from _about_relations(facts, index)
        yield from _about_form(facts, index)
    if moving and resting:
        yield f"Does the {facts.things[int(rng.choice(moving))].name} move?", True
        yield f"Does the {facts.things[int(rng.choice(resting))].name} move?", False
    if action and (not moving or rng.random() < 0.25):
        yield "Does any object move?", bool(moving)
    heights = np.maximum(facts.start[:, Z], facts.end[:, Z])
    for index in (int(high) for high in np.flatnonzero(heights > IN_THE_AIR)):
        for when, states in (("beginning", facts.start), ("end", facts.end)):
            yield f"Is the {facts.things[index].name} in the air at the {when}?", bool(states[index, Z] > IN_THE_AIR)


def _about_way(facts: Facts, index: int) -> Iterator[Asked]:
    name = facts.things[index].name
    way = facts.end_positions[index] - facts.start_positions[index]
    for axis, words in ((0, ("left", "right")), (1, ("up", "down"))):
        if abs(way[axis]) > CLEARLY:
            for sign, word in zip((-1, 1), words, strict=True):
                direction = f"to the {word}" if axis == 0 else word
                yield f"Does the {name} end up further {direction} than it began?", bool(way[axis] * sign > 0)
    turn = facts.end[index, ANGLE] - facts.start[index, ANGLE]
    if abs(turn) > 1 and np.abs(way).max() < 0.1:
        yield f"Does the {name} turn clockwise?", bool(turn > 0)
        yield f"Does the {name} turn counter-clockwise?", bool(turn < 0)


def _about_relations(facts: Facts, index: int) -> Iterator[Asked]:
    """Ask about being in, on or under something that holds at the start or at the end but not at both."""
    name = facts.things[index].name
    for where, words in ((inside, "inside"), (on_top_of, "on top of"), (covered, "covered by")):
        before, after = where(facts.things, facts.start, index), where(facts.things, facts.end, index)
        if before == after:
            continue
        other = facts.things[before if before is not None else after].name  # type: ignore[index]
        yield f"Is the {name} {words} the {other} at the beginning?", before is not None
        yield f"Is the {name} {words} the {other} at the end?", after is not None
        if words == "inside":
            yield f"Does the {name} end up inside the {other}?", after is not None


def _about_form(facts: Facts, index: int) -> Iterator[Asked]:
    """Ask whether a box is open, a cloth folded, or a bottle, can or cup on its side; a rolling can is left out."""
    thing = facts.things[index]
    changed = abs(facts.start[index, AMOUNT] - facts.end[index, AMOUNT])
    tipped = thing.kind in ("bottle", "can", "cup") and abs(changed - 1) < 1e-6
    turned = thing.kind in ("lidded box", "cloth") and (changed > 0.5 or not facts.moves[index])
    if not (tipped or turned or (thing.kind in ("bottle", "can") and changed < 1e-6)):
        return
    words = {"lidded box": "open", "cloth": "folded"}.get(thing.kind, "lying on its side")
    for when, states in (("beginning", facts.start), ("end", facts.end)):
        yield f"Is the {thing.name} {words} at the {when}?", bool(states[index, AMOUNT] > 0.5)
