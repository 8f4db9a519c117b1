"""Score the tiny vision-language model on held-out scenes, through the same code that users run."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from render import ROUND, TEST_SEEDS, Truth, make
from scipy.stats import binomtest
from sizes import FRAMES
from texts import Pool

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.recognizers.prompts import CAPTION, LIST, QUESTION
from actscribe.video.sampling import sample_times
from actscribe_sim.tabletop.actions import ACTIONS, CLASSES, SETTING

OBJECTS = "Which objects are on the table?"
OFFERED = 6  # activities in a list question


def action_of(caption: str) -> str | None:
    """Return the action whose sentence a caption's first sentence is, or None."""
    first = caption.split(". ")[0].rstrip(".").lower()
    fits = [
        (len(re.sub(r"\{\w+\}", "", template)), action.name)
        for action in CLASSES
        for template in action.captions
        if _pattern(template).fullmatch(first)
    ]
    return max(fits)[1] if fits else None


def orders_right(captions: list[dict[str, Any]]) -> list[bool]:
    """Return for each caption that names its clip's action or that action's reverse whether it names the right one."""
    pairs = [(one["action"], action_of(one["caption"])) for one in captions if one["action"]]
    return [named == true for true, named in pairs if named and named in (true, ACTIONS[true].reverse_of)
            and ACTIONS[true].reverse_of]  # fmt: skip


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", template.rstrip(".").lower())
    words = {"{with}": "( with an? .+)?", "{hand}": "(an?|some|the) ?.*", "{hands}": "two .*hands"}
    return re.compile("".join(words.get(part, ".+") if part.startswith("{") else re.escape(part) for part in parts))


def frames_of(frames: np.ndarray, pool: Pool, name: str) -> ClipFrames:
    """Return a clip as a recognizer gets it."""
    times = sample_times(0.0, pool.seconds, FRAMES)
    return ClipFrames(Clip(name, 0.0, pool.seconds), name, frames, times)


class Scorer:
    """Asks the model and counts.

    Args:
        vlm: the model.
    """

    def __init__(self, vlm: Vlm) -> None:
        self.vlm = vlm
        self.yes, self.no = vlm.yes_no_tokens()
        self.right: dict[str, list[bool]] = {}
        self.counts: dict[str, Counter[str]] = {"list": Counter(), "objects": Counter()}
        self.captions: list[dict[str, Any]] = []

    def clip(self, frames: ClipFrames, pool: Pool, rng: np.random.Generator) -> float:
        """Ask about one clip; return P(yes) for the question about its pair's forward action, or 0."""
        prefix = self.vlm.prefix(frames, SETTING)
        caption = self.vlm.generate(prefix, CAPTION.format(setting=""))
        self.captions.append({"action": pool.action, "caption": caption, "true": pool.happens[0]})
        asked = self._questions(pool, rng)
        logits = torch.log_softmax(
            self.vlm.branch(prefix, [" " + QUESTION.format(question=question) for _, question, _ in asked]), -1
        )
        says = (logits[:, self.yes].logsumexp(-1) - logits[:, self.no].logsumexp(-1)).numpy()
        for (kind, _, answer), score in zip(asked, says, strict=True):
            self.right.setdefault(kind, []).append(bool((score > 0) == answer))
        if pool.action is None:
            return 0.0
        self.right.setdefault("caption", []).append(action_of(caption) == pool.action)
        self._lists(prefix, pool, rng)
        return float(says[-1])

    def _questions(self, pool: Pool, rng: np.random.Generator) -> list[tuple[str, str, bool]]:
        """Two general questions of each answer, then the action's, another's and its pair's, as many yes as no."""
        asked = []
        for wanted in (True, False):
            fitting = [question for question, answer in pool.questions if answer == wanted]
            asked += [("general", str(question), wanted) for question in rng.permutation(fitting)[:2]]
        if pool.action is None:
            return asked
        partner = ACTIONS[pool.action].reverse_of
        others = [action for action in CLASSES if action.name not in (pool.action, partner)]
        other = others[int(rng.integers(len(others)))]
        asked += [("action", ACTIONS[pool.action].question, True), ("action", other.question, False)]
        if partner:
            asked += [("pair", ACTIONS[name].question, name == pool.action) for name in (pool.action, partner)]
            forward = min(pool.action, partner)
            asked.append(("pair, one question", ACTIONS[forward].question, forward == pool.action))
        return asked

    def _lists(self, prefix: Any, pool: Pool, rng: np.random.Generator) -> None:
        assert pool.action is not None
        partner = ACTIONS[pool.action].reverse_of
        others = [a.name for a in CLASSES if a.name not in (pool.action, partner)]
        offered = [*([partner] if partner else []), *(str(name) for name in rng.permutation(others))]
        shown = [pool.action] if rng.random() < 0.75 else []
        offered = [str(name) for name in rng.permutation([*shown, *offered[: OFFERED - len(shown)]])]
        phrases = [ACTIONS[name].phrase for name in offered]
        answer = self.vlm.generate(prefix, LIST.format(setting="", labels="; ".join(phrases)))
        listed = {phrase for phrase in phrases if phrase in answer}
        self._count("list", listed, {ACTIONS[name].phrase for name in shown})
        self._count("objects", _items(self.vlm.generate(prefix, f" {OBJECTS}")), set(pool.objects))

    def _count(self, kind: str, answered: set[str], true: set[str]) -> None:
        self.counts[kind].update(
            hit=len(answered & true), answered=len(answered), true=len(true), exact=answered == true, clips=1
        )


def _items(answer: str) -> set[str]:
    return {part.strip(" .") for part in answer.split(",")} - {"", "none"}


def evaluate(vlm: Vlm, rounds: int) -> dict[str, Any]:
    """Return scores on `rounds` rounds of held-out rows, with 95 % intervals (exact binomial)."""
    scorer = Scorer(vlm)
    ordered: list[bool] = []
    for number in range(rounds * ROUND):
        frames, truth = make(number, TEST_SEEDS)
        ordered += _row(scorer, frames, truth, number)
    scorer.right["pair, order told from one question"] = ordered
    scorer.right["pair, order told from captions"] = orders_right(scorer.captions)
    scores: dict[str, Any] = {name: _share(right) for name, right in scorer.right.items()}
    for kind, count in scorer.counts.items():
        f1 = 2 * count["hit"] / max(count["answered"] + count["true"], 1)
        scores[f"{kind} F1"] = {"f1": round(f1, 3), "exact": count["exact"], "of": count["clips"]}
    wrong = Counter((row["action"], action_of(row["caption"])) for row in scorer.captions if row["action"])
    scores["confusions"] = [f"{a} -> {b}: {n}" for (a, b), n in wrong.most_common() if a != b][:12]
    per = {a: (wrong[a, a], sum(n for (true, _), n in wrong.items() if true == a)) for a in ACTIONS}
    scores["per action"] = {name: f"{hit}/{of}" for name, (hit, of) in per.items()}
    scores["captions"] = scorer.captions
    return scores


def _row(scorer: Scorer, frames: np.ndarray, truth: Truth, number: int) -> list[bool]:
    """Ask about a row in both orders; tell whether the forward action's question got more yes where it is true."""
    says = {}
    for way, pool in enumerate(truth.pools):
        shown = frames_of(frames[::-1] if way else frames, pool, f"test-{number}-{way}")
        says[pool.action] = scorer.clip(shown, pool, np.random.default_rng([number, way]))
    if len(says) < 2:
        return []
    first, second = sorted(str(name) for name in says)
    return [says[first] > says[second]]


def _share(right: list[bool]) -> dict[str, Any]:
    test = binomtest(sum(right), len(right))
    low, high = test.proportion_ci()
    return {"share": round(sum(right) / len(right), 3), "right": sum(right), "of": len(right),
            "interval": [round(low, 3), round(high, 3)]}  # fmt: skip


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="checkpoint folder, or embedded")
    parser.add_argument("--rounds", type=int, default=10, help=f"of {ROUND} held-out scenes")
    parser.add_argument("--out", type=Path, help="JSON file for the scores and every caption")
    args = parser.parse_args()
    torch.set_num_threads(1)
    scores = evaluate(load_vlm(args.model, dtype="float32"), args.rounds)
    if args.out:
        args.out.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    for name, value in scores.items():
        print(name, value if name != "captions" else "")
    for row in scores["captions"][:10]:
        print(f"- {row['action']}: {row['caption']}  (true: {row['true']})")


if __name__ == "__main__":
    main()
