"""The course of one recording in movements: asked for a time, it tells the state of the whole scene."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from actscribe_sim.resuscitation.doll import MASK_SEAT, MOUTH
from actscribe_sim.resuscitation.motion import (
    AWAY,
    Breaths,
    Carry,
    Places,
    Rub,
    Track,
    approach,
    catheter_track,
    ease,
    lies_at,
    mask_seat,
    mask_track,
    rub_track,
)
from actscribe_sim.resuscitation.script import CARRY, REACH, ROLL, Bout, Episode, Script, Worker
from actscribe_sim.resuscitation.state import Baby, Catheter, Hand, HandName, Mask, Point, State
from actscribe_sim.resuscitation.tools import BAG_MIDDLE, Grip

ABOVE = 0.05  # a hand is this much higher than the tool it holds
SLACK = 0.3  # seconds around a bout in which a steady squeeze builds up and fades


@dataclass(frozen=True, slots=True)
class HandPath:
    """One stay of a hand in the picture.

    Args:
        name: whose hand.
        grip: what the fingers do.
        begin, finish: seconds.
        home: the direction from the hand to its elbow, radians; it comes from there and leaves there.
        track: (x, y, height) of a hand that holds nothing; None where it follows a tool.
        rubs: its bouts at the baby's side.
    """

    name: HandName
    grip: Grip
    begin: float
    finish: float
    home: float
    track: Track | None = None
    rubs: tuple[Rub, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that moves in one recording.

    Args:
        script: its times.
        carries: one for each visible span.
        mask, catheter: tracks over the whole recording, see `motion`.
        mask_angle: the bag's direction at which the hand on the mask is drawn unturned, radians.
        breaths: squeezes of the bag.
        turns: spans in which the baby lies on its front, turning time not included.
        paths: of the hands.
        calm: phase of the doll's slow own movements.
    """

    script: Script
    carries: tuple[Carry, ...]
    mask: Track
    catheter: Track
    mask_angle: float
    breaths: tuple[Breaths, ...]
    turns: tuple[Bout, ...]
    paths: tuple[HandPath, ...]
    calm: float

    def at(self, time: float) -> State:
        """Return the state at `time` seconds."""
        active = [bout for bout in self.script.bouts() if bout.start <= time < bout.end]
        mask = self._mask(time, active)
        catheter = self._catheter(time, active)
        rubbing = [(path, rub) for path in self.paths for rub in path.rubs if rub.bout.start <= time <= rub.bout.end]
        baby = self._baby(time, mask, catheter, [rub for _, rub in rubbing])
        hands = [self._hand(path, time, mask, catheter) for path in self.paths if path.begin <= time <= path.finish]
        if baby is not None:
            hands += self._carriers(time, baby)
        return State(
            time=time,
            kinds=tuple(sorted({bout.kind for bout in active})),
            visible=any(start <= time < end for start, end in self.script.visible),
            baby=baby,
            mask=mask,
            catheter=catheter,
            hands=tuple(sorted(hands, key=lambda hand: (hand.height, hand.name))),
        )

    def _mask(self, time: float, active: Sequence[Bout]) -> Mask:
        x, y, angle, height = self.mask.at(time)
        squeeze = max((b.at(time) for b in self.breaths if b.start - SLACK <= time <= b.end + SLACK), default=0.0)
        sealed = any(bout.kind in ("ppv", "cpap") for bout in active)
        return Mask((float(x), float(y)), float(angle), float(height), squeeze, sealed)

    def _catheter(self, time: float, active: Sequence[Bout]) -> Catheter:
        tip_x, tip_y, x, y, height = map(float, self.catheter.at(time))
        inside = any(bout.kind == "suction" for bout in active)
        if inside:  # pushed in and drawn back a little: the handle moves, the tip stays hidden in the mouth
            start = next(bout.start for bout in active if bout.kind == "suction")
            deeper = 0.1 * (1 - math.cos(2 * math.pi * 0.7 * (time - start)))
            x, y = x + deeper * (tip_x - x), y + deeper * (tip_y - y)
        return Catheter((tip_x, tip_y), (x, y), height, inside)

    def _baby(self, time: float, mask: Mask, catheter: Catheter, rubs: Iterable[Rub]) -> Baby | None:
        carry = next((c for c in self.carries if c.begin() <= time < c.finish()), None)
        if carry is None:
            return None
        baby = carry.baby(time)
        limbs = [0.05 * math.sin(0.7 * time + self.calm + 1.7 * k) for k in range(4)]
        shove = np.zeros(2)
        for rub in rubs:
            swing = rub.swing.at(time)
            if rub.limb >= 0:
                limbs[rub.limb] += 1.4 * swing
            elif rub.bout.kind in ("trunk", "back"):
                shove += np.array([0.0, 0.16 * swing])
                limbs = [limb + 0.5 * swing * (-1) ** k for k, limb in enumerate(limbs)]
        chest = mask.squeeze if mask.sealed else 0.0
        turned = max((_turned(bout, time) for bout in self.turns), default=0.0)
        return replace(
            baby,
            turned=turned,
            chest=chest,
            shove=(float(shove[0]), float(shove[1])),
            limbs=(limbs[0], limbs[1], limbs[2], limbs[3]),
            gaping=catheter.inside,
        )

    def _hand(self, path: HandPath, time: float, mask: Mask, catheter: Catheter) -> Hand:
        away = approach(time, path.begin, path.finish)
        turn, level = 0.0, 0.0
        if path.track is not None:
            x, y, height = map(float, path.track.at(time))
            for rub in path.rubs:
                dx, dy = rub.offset(time)
                x, y = x + dx, y + dy
        elif path.name == "catheter":
            (x, y), height = catheter.handle, catheter.height + ABOVE
        else:
            x, y = mask.position
            height, level = mask.height + ABOVE, mask.squeeze
            turn = math.remainder(mask.angle - self.mask_angle, 2 * math.pi) * (1 - 0.5 * away)
            if path.name == "bag":
                x, y = x + BAG_MIDDLE * math.cos(mask.angle), y + BAG_MIDDLE * math.sin(mask.angle)
                height += 0.02
        x, y = x + away * AWAY * math.cos(path.home), y + away * AWAY * math.sin(path.home)
        return Hand(path.name, (x, y), turn, height + 0.25 * away, path.grip, level)

    def _carriers(self, time: float, baby: Baby) -> list[Hand]:
        """The hands that bring the baby, or take it away; they reach under it before and leave it after."""
        hands: list[Hand] = []
        for carry in self.carries:
            bringing = carry.starts and time < carry.span[0] + CARRY / 2 + REACH
            taking = carry.ends and time > carry.span[1] - CARRY / 2 - REACH
            if not carry.begin() <= time <= carry.finish() or not (bringing or taking):
                continue
            end = carry.span[0] + CARRY / 2 if bringing else carry.span[1] - CARRY / 2
            away = ease((time - end) / REACH if bringing else (end - time) / REACH)
            places = replace(carry.places, baby=(*baby.position, baby.angle))
            spots: list[tuple[HandName, Point]] = [("under hips", (carry.places.aside * 0.06, 0.16))]
            if self.script.hands > 1:
                spots.append(("under head", (carry.places.aside * 0.05, -0.36)))
            for name, spot in spots:
                x, y = places.world(spot)
                hands.append(Hand(name, (x + carry.places.aside * away * AWAY, y), 0.0, baby.lift + 0.02, "cradle"))
        return hands


def _turned(bout: Bout, time: float) -> float:
    """How far the baby is turned onto its front, 0 to 1."""
    return ease((time - bout.start + ROLL) / ROLL) * ease((bout.end + ROLL - time) / ROLL)


def homes(side: int, aside: int) -> dict[HandName, float]:
    """Return the direction from each hand to its elbow, radians, for `side` and `aside` as in `Places`."""

    def mirrored(angle: float, sign: int) -> float:
        return angle if sign > 0 else math.pi - angle

    return {
        "mask": mirrored(-math.pi / 2 - 0.95, side),
        "bag": mirrored(-0.35, side),
        "catheter": mirrored(math.pi - 0.12, side),
        "body": mirrored(0.4, aside),
        "helper": mirrored(0.75, -aside),
        "passer": mirrored(-0.55, -aside),
        "under head": mirrored(-0.1, aside),
        "under hips": mirrored(0.15, aside),
    }


def make_course(rng: np.random.Generator, script: Script, size: float, side: int) -> Course:
    """Return the movements of a script for a doll of `size`; `side` as in `Places`."""
    aside = 1 if rng.random() < 0.5 else -1
    carries = tuple(_carry(rng, script, index, size, side, aside) for index in range(len(script.visible)))
    by_worker: dict[Worker, list[Episode]] = {}
    for episode in script.episodes:
        by_worker.setdefault(episode.worker, []).append(episode)
    masks, catheters = by_worker.get("mask", []), by_worker.get("catheter", [])
    seats = [mask_seat(rng, _places(carries, e), MASK_SEAT) for e in masks]
    mouths = [_places(carries, e).world(MOUTH) for e in catheters]
    home = homes(side, aside)
    paths = [path for episode in masks for path in _mask_hands(episode, home)]
    paths += [HandPath("catheter", "catheter", e.begin, e.finish, home["catheter"]) for e in catheters]
    for worker in ("body", "helper"):
        for episode in by_worker.get(worker, []):
            there = _lying(carries, episode)
            track, rubs = rub_track(rng, episode, there, aside if worker == "body" else -aside)
            paths.append(HandPath(worker, "flat", episode.begin, episode.finish, home[worker], track, rubs))
    for episode in by_worker.get("passer", []):
        paths.append(_pass(rng, episode, home["passer"], aside))
    return Course(
        script=script,
        carries=carries,
        mask=mask_track(rng, masks, seats, side),
        catheter=catheter_track(rng, catheters, mouths, side),
        mask_angle=-math.pi / 2 + side * 0.65,
        breaths=tuple(_breaths(rng, bout) for bout in script.bouts("ppv", "cpap", "test")),
        turns=tuple(script.bouts("back")),
        paths=tuple(paths),
        calm=float(rng.uniform(0, 2 * math.pi)),
    )


def _carry(rng: np.random.Generator, script: Script, index: int, size: float, side: int, aside: int) -> Carry:
    span = script.visible[index]
    places = lies_at(rng, size, side, aside)
    return Carry(span, places, aside, aside, starts=span[0] > 0, ends=span[1] < script.duration)


def _lying(carries: Sequence[Carry], episode: Episode) -> Places | None:
    """Where the baby lies during an episode; None while it is away."""
    return next((c.places for c in carries if c.begin() <= episode.bouts[0].start < c.finish()), None)


def _places(carries: Sequence[Carry], episode: Episode) -> Places:
    places = _lying(carries, episode)
    assert places is not None, "tools are used on the baby only"
    return places


def _mask_hands(episode: Episode, home: dict[HandName, float]) -> list[HandPath]:
    names: list[Literal["mask", "bag"]] = ["mask", "bag"] if episode.grip == "both" else []
    if episode.grip == "mask" or episode.grip == "bag":
        names = [episode.grip]
    return [HandPath(name, name, episode.begin, episode.finish, home[name]) for name in names]


def _breaths(rng: np.random.Generator, bout: Bout) -> Breaths:
    if bout.kind == "cpap":
        return Breaths(bout.start, bout.end, 0.0, float(rng.uniform(0.55, 0.75)), True)
    return Breaths(
        bout.start, bout.end, float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.85, 1.0)), bout.kind == "ppv"
    )


def _pass(rng: np.random.Generator, episode: Episode, home: float, aside: int) -> HandPath:
    x, y = aside * float(rng.uniform(-0.1, 0.5)), float(rng.uniform(-0.5, 0.5))
    begin, finish = episode.bouts[0].start, episode.bouts[0].end
    keys = [(begin, (x, y, 0.5)), (finish, (x, y + float(rng.uniform(-0.3, 0.3)), 0.5))]
    return HandPath("passer", "flat", begin, finish, home, Track.of(keys))
