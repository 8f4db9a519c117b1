"""What is asked about a clip and answered: pools of true sentences per clip, and turns drawn from them.

A turn is a prompt with its answer. Every turn of a clip is a conversation of its own; they share the clip alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import templates

from actscribe_sim.tabletop import sentences as tabletop_sentences
from actscribe_sim.tabletop.actions import ACTIONS, CLASSES
from actscribe_sim.tabletop.clips import TabletopClip
from actscribe_sim.tabletop.facts import Facts
from actscribe_sim.tabletop.scene import Scene
from actscribe_sim.tabletop.things import COLOURS, KINDS

#: Actions in which a hand holds or touches the first thing.
UNTOUCHED = ("roll_left", "roll_right", "nothing", "rest_hand", "wave_hand", "pass_over", "point_at", "wipe")
STILL = ("nothing", "rest_hand")
YES_NO_WEIGHT = 4.0  # of the one token that answers a question: a caption has a dozen
DRAWS = 2  # times that wordings are redrawn for a clip's pool


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt with its answer.

    Args:
        prompt: the user's text.
        answer: the model's.
        weight: of each of the answer's tokens in the loss.
        asked: the action that the prompt asks for, where it asks for one.
    """

    prompt: str
    answer: str
    weight: float = 1.0
    asked: str | None = None


@dataclass(slots=True)
class Pool:
    """What can be asked about one clip.

    Args:
        action: name, or None for a scene in which things just lie there.
        seconds: length of the clip.
        happens, lies, full: captions.
        questions: yes/no questions with True for yes.
        lists: open questions with their items.
        objects: names of the things to be seen.
    """

    action: str | None
    seconds: float
    happens: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    questions: list[tuple[str, bool]] = field(default_factory=list)
    lists: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    objects: tuple[str, ...] = ()


def make_pool(made: TabletopClip) -> Pool:
    """Return the pool of a clip."""
    action = made.action
    pool = Pool(action, made.duration, objects=made.objects, lists=list(made.lists))
    for draw in range(DRAWS):
        rng = np.random.default_rng([made.seed, 11, draw, _number(action)])
        sentences = tabletop_sentences.captions(made.scene, made.facts, action, rng)
        if action is None:
            pool.happens.append(sentences[0])
            pool.lies += sentences
        else:
            pool.happens += sentences[:2]
            pool.full.append(sentences[2])
            pool.lies.append(sentences[3])
        asked = tabletop_sentences.questions(made.scene, made.facts, action, rng, 10)
        pool.questions += [(question, answer == "yes") for question, answer in asked]
        pool.questions += _generic(made, rng)
    return pool


def _number(action: str | None) -> int:
    return 0 if action is None else 1 + list(ACTIONS).index(action)


def _generic(made: TabletopClip, rng: np.random.Generator) -> list[tuple[str, bool]]:
    """Ask what one asks of any video: hands, motion, touching; balanced by asking for yes and for no."""
    facts: Facts = made.facts
    scene: Scene = made.scene
    asked: list[tuple[str, bool]] = []
    hand = facts.hands > 0
    if not hand or rng.random() < 0.15:
        visible = ("Is there a hand in the video?", "Can a hand be seen?", "Is a person's hand visible in this video?")
        asked.append((str(rng.choice(visible)), hand))
        asked.append((str(rng.choice(["Is the table without any hand?", "Is no hand visible?"])), not hand))
    still = made.action is None or made.action in STILL
    if still or rng.random() < 0.1:
        asked.append((str(rng.choice(["Is something moving?", "Does anything move?", "Is there motion?"])), not still))
        asked.append((str(rng.choice(["Is everything still?", "Does everything keep still?"])), still))
    touched = made.action is not None and made.action not in UNTOUCHED
    form = str(rng.choice(["Is a hand touching the {}?", "Does a hand touch the {}?", "Does a hand hold the {}?"]))
    if touched and scene.play.roles and 0 in facts.visible:
        asked.append((form.format(facts.things[0].name), True))
    idle = [i for i in facts.visible if i >= scene.play.roles and not facts.moves[i]]
    if idle and (touched or rng.random() < 0.3):
        asked.append((form.format(facts.things[idle[int(rng.integers(len(idle)))]].name), False))
    return asked


# Turns


def draw_turns(pool: Pool, rng: np.random.Generator, count: int, strange: bool = False) -> list[Turn]:
    """Return `count` turns about a clip: the first tells or asks what happens, the others are mixed.

    With `strange`, any words may stand before a question and in a list: what is asked for has to be told from its form.
    """
    makers = [_happens, _about_action] if pool.action else [_happens, _yes_no]
    which = partial(_which, strange=strange)
    odds = (_about_action, _about_action, _yes_no, _yes_no, _yes_no, which, which, _open, _open, _lies, _full, _visible)
    while len(makers) < count:
        makers.append(odds[int(rng.integers(len(odds)))])
    turns = [make(pool, rng) for make in makers[:count]]
    return [replace(turn, prompt=_with_setting(turn.prompt, rng, strange)) for turn in turns]


def _with_setting(prompt: str, rng: np.random.Generator, strange: bool) -> str:
    if strange and rng.random() < 0.4:
        return f"{_some_words(rng, 4, 18).capitalize()}. {prompt}"
    return f"{_one(templates.SETTINGS, rng)} {prompt}" if rng.random() < 0.25 else prompt


def _some_words(rng: np.random.Generator, least: int, most: int) -> str:
    return " ".join(_one(templates.COMMON, rng) for _ in range(int(rng.integers(least, most))))


def _one(options: tuple[str, ...] | list[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _happens(pool: Pool, rng: np.random.Generator) -> Turn:
    return Turn(_one(templates.HAPPENS, rng), _one(pool.happens, rng))


def _lies(pool: Pool, rng: np.random.Generator) -> Turn:
    return Turn(_one(templates.LIES, rng), _one(pool.lies, rng))


def _full(pool: Pool, rng: np.random.Generator) -> Turn:
    return Turn(_one(templates.FULL, rng), _one(pool.full or pool.lies, rng))


def _answered(question: str, answer: bool, rng: np.random.Generator) -> Turn:
    return Turn(_one(templates.YES_NO, rng).format(q=question), "Yes" if answer else "No", YES_NO_WEIGHT)


def _yes_no(pool: Pool, rng: np.random.Generator) -> Turn:
    if not pool.questions:
        return _lies(pool, rng)
    wanted = bool(rng.random() < 0.5)
    fitting = [asked for asked in pool.questions if asked[1] == wanted] or pool.questions
    question, answer = fitting[int(rng.integers(len(fitting)))]
    return _answered(question, answer, rng)


def _about_action(pool: Pool, rng: np.random.Generator) -> Turn:
    """Ask for the action, or for its reverse, or for another; right and wrong are asked for equally often."""
    if pool.action is None:
        return _yes_no(pool, rng)
    right = bool(rng.random() < 0.5)
    asked = ACTIONS[pool.action if right else _wrong(pool.action, rng)]
    form = _one(("{q}", "{q}", "Is this a video of {p}?", "Does the video show {p}?", "Is there {p}?"), rng)
    question = form.format(q=asked.question, p=asked.phrase)
    if rng.random() < 0.15:
        name = asked.name.replace("_", " ")
        question = _one(templates.DEFINED, rng).format(definition=asked.definition, name=name, q=asked.question)
    return replace(_answered(question, right, rng), asked=asked.name)


def _wrong(action: str, rng: np.random.Generator) -> str:
    partner = ACTIONS[action].reverse_of
    if partner and rng.random() < 0.6:
        return partner
    return _one([other.name for other in CLASSES if other.name != action], rng)


def _which(pool: Pool, rng: np.random.Generator, strange: bool = False) -> Turn:
    """Ask which of some activities happen; in a quarter of the lists none of them does.

    With `strange`, half of the lists hold things made of any words, of which none happens.
    """
    if pool.action is None:
        return _open(pool, rng)
    offered = [pool.action] if rng.random() < 0.75 else []
    for _ in range(int(rng.integers(1, 6))):
        other = _wrong(pool.action, rng)
        if other not in offered:
            offered.append(other)
    offered = [offered[int(index)] for index in rng.permutation(len(offered))]
    named = bool(rng.random() < 0.4)
    say = {name: name.replace("_", " ") if named else ACTIONS[name].phrase for name in offered}
    if strange and rng.random() < 0.5:
        offered = offered[:2] if rng.random() < 0.5 else [name for name in offered if name == pool.action]
        say |= {f"strange {number}": _some_words(rng, 1, 10) for number in range(int(rng.integers(1, 5)))}
        offered += [name for name in say if name.startswith("strange ")]
        offered = [offered[int(index)] for index in rng.permutation(len(offered))]
    prompt = _one(templates.WHICH, rng).format(items=_joined([say[name] for name in offered], rng)) + _one(
        templates.LIST_ENDS, rng
    )
    return Turn(prompt, say[pool.action] if pool.action in offered else "none", 1.5)


def _visible(pool: Pool, rng: np.random.Generator) -> Turn:
    """Ask which of some things are there: lists with none, one or several of those offered."""
    there = [name for name in pool.objects if rng.random() < 0.5]
    absent = [f"{_one(list(COLOURS), rng)} {_one(list(KINDS), rng)}" for _ in range(int(rng.integers(1, 4)))]
    offered = list(dict.fromkeys(there + [name for name in absent if name not in pool.objects]))
    offered = [offered[int(index)] for index in rng.permutation(len(offered))]
    if not offered:
        return _open(pool, rng)
    prompt = _one(templates.VISIBLE, rng).format(items=_joined(offered, rng)) + _one(templates.LIST_ENDS, rng)
    return Turn(prompt, ", ".join(name for name in offered if name in there) or "none")


def _joined(items: list[str], rng: np.random.Generator) -> str:
    return _one((", ", ", ", "; "), rng).join(items)


def _open(pool: Pool, rng: np.random.Generator) -> Turn:
    question, items = pool.lists[int(rng.integers(len(pool.lists)))]
    return Turn(question + _one(templates.LIST_ENDS, rng), ", ".join(items) or "none")
