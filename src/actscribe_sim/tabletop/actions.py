"""The tabletop actions: names, definitions, questions and words, and which of them are each other run backwards."""

from __future__ import annotations

from dataclasses import dataclass

from actscribe.labels import Label, LabelSet

SETTING = "A camera above a table shows objects on it and the hands that handle them."


@dataclass(frozen=True, slots=True)
class TabletopAction:
    """One class.

    Args:
        name: of the label.
        definition: one sentence that tells an annotator when it is present.
        question: the yes/no question about a clip.
        phrase: the words for it in running text.
        captions: sentences about it; {hand}, {hands}, {a}, {b}, {c} stand for hands and things, {kinds} for the plural
            of thing a's kind, {with} for what is in the hand.
        reverse_of: the action that it is when run backwards; None without a partner.
    """

    name: str
    definition: str
    question: str
    phrase: str
    captions: tuple[str, ...]
    reverse_of: str | None = None


Words = tuple[str, str, str, str, tuple[str, ...]]


def _pair(first: Words, second: Words) -> tuple[TabletopAction, TabletopAction]:
    return TabletopAction(*first, second[0]), TabletopAction(*second, first[0])


CLASSES: tuple[TabletopAction, ...] = (
    *_pair(
        ("push_left", "A hand slides an object along the table to the left of the picture.",
         "Does a hand push an object to the left?", "a hand pushing an object to the left",
         ("{hand} pushes {a} to the left.", "{hand} slides {a} from right to left.",
          "{a} is pushed to the left by {hand}.", "{hand} moves {a} leftwards across the table.")),
        ("push_right", "A hand slides an object along the table to the right of the picture.",
         "Does a hand push an object to the right?", "a hand pushing an object to the right",
         ("{hand} pushes {a} to the right.", "{hand} slides {a} from left to right.",
          "{a} is pushed to the right by {hand}.", "{hand} moves {a} rightwards across the table.")),
    ),
    *_pair(
        ("push_away", "A hand slides an object along the table away from the viewer, up the picture.",
         "Does a hand push an object away from the viewer?", "a hand pushing an object away, up the picture",
         ("{hand} pushes {a} away.", "{hand} slides {a} upwards to the far side of the table.",
          "{a} is pushed up by {hand}.", "{hand} moves {a} away from the viewer.")),
        ("push_towards", "A hand slides an object along the table towards the viewer, down the picture.",
         "Does a hand push an object towards the viewer?", "a hand pushing an object nearer, down the picture",
         ("{hand} pushes {a} nearer.", "{hand} slides {a} downwards to the near side of the table.",
          "{a} is pushed down by {hand}.", "{hand} moves {a} towards the viewer.")),
    ),
    *_pair(
        ("put_into", "A hand puts an object into a box or bowl.", "Does a hand put an object into a container?",
         "a hand putting an object into a container",
         ("{hand} puts {a} into {b}.", "{hand} places {a} inside {b}.", "{a} is put into {b}.",
          "{hand} picks up {a} and drops it in {b}.")),
        ("take_out", "A hand takes an object out of a box or bowl.", "Does a hand take an object out of a container?",
         "a hand taking an object out of a container",
         ("{hand} takes {a} out of {b}.", "{hand} removes {a} from inside {b}.", "{a} is taken out of {b}.",
          "{hand} picks {a} from {b} and lays it on the table.")),
    ),
    *_pair(
        ("put_on", "A hand puts an object on top of a different, flat one.",
         "Does a hand put an object on top of another one?", "a hand putting an object on top of another",
         ("{hand} puts {a} on top of {b}.", "{hand} places {a} on {b}.", "{a} is put onto {b}.",
          "{hand} picks up {a} and sets it on {b}.")),
        ("take_off", "A hand takes an object down from a different, flat one.",
         "Does a hand take an object off another one?", "a hand taking an object off another",
         ("{hand} takes {a} off {b}.", "{hand} removes {a} from the top of {b}.", "{a} is taken off {b}.",
          "{hand} picks {a} up from {b} and sets it on the table.")),
    ),
    *_pair(
        ("stack", "A hand piles up several objects of the same kind.", "Does a hand stack objects into a pile?",
         "a hand stacking objects of one kind into a pile",
         ("{hand} stacks three {kinds}.", "{hand} piles {b} and {a} on {c}.", "three {kinds} are stacked into a pile.",
          "{hand} builds a pile of {kinds}.")),
        ("unstack", "A hand takes a pile of objects of the same kind apart.",
         "Does a hand take a pile of objects apart?", "a hand taking a pile of objects apart",
         ("{hand} unstacks three {kinds}.", "{hand} takes {a} and {b} down from {c}.",
          "a pile of {kinds} is taken apart.", "{hand} spreads a pile of {kinds} out on the table.")),
    ),
    *_pair(
        ("open_lid", "A hand opens the lid of a box.", "Does a hand open a box?", "a hand opening the lid of a box",
         ("{hand} opens {a}.", "{hand} lifts the lid of {a}.", "{a} is opened.", "{hand} turns back the lid of {a}.")),
        ("close_lid", "A hand closes the lid of a box.", "Does a hand close a box?", "a hand closing the lid of a box",
         ("{hand} closes {a}.", "{hand} shuts the lid of {a}.", "{a} is closed.", "{hand} folds the lid down on {a}.")),
    ),
    *_pair(
        ("lift_up", "A hand lifts an object high above the table.", "Does a hand lift an object up?",
         "a hand lifting an object up",
         ("{hand} lifts {a} up.", "{hand} picks up {a} and holds it in the air.", "{a} is lifted off the table.",
          "{hand} raises {a} towards the camera.")),
        ("put_down", "A hand lowers an object that it holds in the air onto the table.",
         "Does a hand put an object down?", "a hand putting an object down",
         ("{hand} puts {a} down.", "{hand} lowers {a} from the air onto the table.", "{a} is put down on the table.",
          "{hand} sets down {a} and lets it go.")),
    ),
    *_pair(
        ("roll_left", "An object rolls by itself to the left of the picture.", "Does an object roll to the left?",
         "an object rolling to the left",
         ("{a} rolls to the left.", "{a} rolls from right to left.", "{a} is rolling leftwards over the table.")),
        ("roll_right", "An object rolls by itself to the right of the picture.", "Does an object roll to the right?",
         "an object rolling to the right",
         ("{a} rolls to the right.", "{a} rolls from left to right.", "{a} is rolling rightwards over the table.")),
    ),
    *_pair(
        ("turn_clockwise", "A hand turns an object on the spot, clockwise as seen from above.",
         "Does a hand turn an object clockwise?", "a hand turning an object clockwise",
         ("{hand} turns {a} clockwise.", "{hand} rotates {a} clockwise on the spot.", "{a} is rotated clockwise.",
          "{hand} twists {a} to the right.")),
        ("turn_counterclockwise", "A hand turns an object on the spot, counter-clockwise as seen from above.",
         "Does a hand turn an object counter-clockwise?", "a hand turning an object counter-clockwise",
         ("{hand} turns {a} counter-clockwise.", "{hand} rotates {a} counter-clockwise on the spot.",
          "{a} is rotated counter-clockwise.", "{hand} twists {a} to the left.")),
    ),
    *_pair(
        ("cover", "A hand draws a cloth over an object.", "Does a hand cover an object with a cloth?",
         "a hand covering an object with a cloth",
         ("{hand} covers {a} with {b}.", "{hand} lays {b} over {a}.", "{a} is covered with {b}.",
          "{hand} hides {a} under {b}.")),
        ("uncover", "A hand draws a cloth off an object.", "Does a hand uncover an object?",
         "a hand uncovering an object that was under a cloth",
         ("{hand} uncovers {a}.", "{hand} pulls {b} off {a}.", "{a} is uncovered.",
          "{hand} takes {b} away and {a} appears.")),
    ),
    *_pair(
        ("move_behind", "A hand moves an object round another one to its far side, up the picture.",
         "Does a hand move an object behind another one?", "a hand moving an object behind another",
         ("{hand} moves {a} behind {b}.", "{hand} slides {a} round {b} to its far side.", "{a} is moved behind {b}.",
          "{hand} takes {a} from in front of {b} to behind it.")),
        ("move_in_front", "A hand moves an object round another one to its near side, down the picture.",
         "Does a hand move an object in front of another one?", "a hand moving an object in front of another",
         ("{hand} moves {a} in front of {b}.", "{hand} slides {a} round {b} to its near side.",
          "{a} is moved in front of {b}.", "{hand} takes {a} from behind {b} to its front.")),
    ),
    *_pair(
        ("move_together", "Two hands move two objects towards each other.",
         "Do hands move two objects closer together?", "two hands moving two objects together",
         ("{hands} move {a} and {b} together.", "{hands} bring {a} and {b} closer to each other.",
          "{a} and {b} are moved together by {hands}.")),
        ("move_apart", "Two hands move two objects away from each other.", "Do hands move two objects apart?",
         "two hands moving two objects apart",
         ("{hands} move {a} and {b} apart.", "{hands} take {a} and {b} away from each other.",
          "{a} and {b} are moved apart by {hands}.")),
    ),
    *_pair(
        ("tip_over", "A hand lays a standing object on its side.", "Does a hand tip over a standing object?",
         "a hand tipping over a standing object",
         ("{hand} tips {a} over.", "{hand} lays {a} on its side.", "{a} is tipped over.", "{hand} knocks over {a}.")),
        ("stand_up", "A hand sets a lying object upright.", "Does a hand stand a lying object up?",
         "a hand setting a lying object upright",
         ("{hand} stands {a} up.", "{hand} sets {a} upright.", "{a} is stood up.", "{hand} raises {a} from its side.")),
    ),
    *_pair(
        ("fold", "A hand folds a cloth in half.", "Does a hand fold a cloth?", "a hand folding a cloth",
         ("{hand} folds {a}.", "{hand} folds {a} in half.", "{a} is folded.",
          "{hand} lays one half of {a} over the other.")),
        ("unfold", "A hand unfolds a folded cloth.", "Does a hand unfold a cloth?", "a hand unfolding a cloth",
         ("{hand} unfolds {a}.", "{hand} spreads {a} out.", "{a} is unfolded.", "{hand} opens out {a} flat.")),
    ),
    TabletopAction("swap", "Two hands exchange the places of two objects.", "Do hands swap two objects?",
        "two hands swapping two objects",
        ("{hands} swap {a} and {b}.", "{hands} exchange the places of {a} and {b}.", "{a} and {b} change places.")),
    TabletopAction("wave_hand", "An open hand waves above the table.", "Does a hand wave?", "a hand waving",
        ("{hand} waves.", "{hand} waves to and fro above the table.", "{hand} with open fingers is waving.")),
    TabletopAction("rest_hand", "A hand lies still on the table.", "Does a hand only rest without moving?",
        "a hand resting without moving",
        ("{hand} rests on the table.", "{hand} lies still.", "{hand} stays where it is without moving.")),
    TabletopAction("tap", "A fingertip taps an object several times.", "Does a finger tap an object?",
        "a finger tapping an object",
        ("{hand} taps {a}.", "{hand} taps on {a} with a finger.", "{a} is tapped several times by a finger.")),
    TabletopAction("shake", "A hand picks an object up a little and shakes it.", "Does a hand shake an object?",
        "a hand shaking an object",
        ("{hand} shakes {a}.", "{hand} picks up {a} and shakes it.", "{a} is shaken quickly.")),
    TabletopAction("squeeze", "A hand squeezes a soft object several times.", "Does a hand squeeze an object?",
        "a hand squeezing an object",
        ("{hand} squeezes {a}.", "{hand} squeezes {a} again and again.", "{a} is squeezed rhythmically.")),
    TabletopAction("wipe", "A hand rubs to and fro over the table.", "Does a hand wipe the table?",
        "a hand wiping the table",
        ("{hand} wipes the table{with}.", "{hand} rubs the table to and fro{with}.", "the table is wiped{with}.")),
    TabletopAction("point_at", "An index finger points at an object without touching it.",
        "Does a hand point at an object?", "a hand pointing at an object",
        ("{hand} points at {a}.", "{hand} points a finger at {a}.", "an index finger points to {a}.")),
    TabletopAction("pass_over", "A hand sweeps over the table and touches nothing.",
        "Does a hand pass over the table without touching anything?", "a hand passing over without touching anything",
        ("{hand} passes over the table.", "{hand} sweeps over the objects and touches none.",
         "{hand} moves across the picture above the table.")),
    TabletopAction("nothing", "Objects lie on the table and nothing happens.", "Does nothing happen?",
        "objects lying still and nothing happening",
        ("nothing happens.", "nothing moves on the table.", "the objects lie still and no hand is there.")),
)  # fmt: skip

ACTIONS = {action.name: action for action in CLASSES}


def label_set() -> LabelSet:
    """Return the tabletop classes as a multi-class label set, in the order of CLASSES."""
    labels = [
        Label(name=action.name, definition=action.definition, question=action.question, phrase=action.phrase)
        for action in CLASSES
    ]
    return LabelSet(name="tabletop_actions", task="multi-class", setting=SETTING, labels=tuple(labels))
