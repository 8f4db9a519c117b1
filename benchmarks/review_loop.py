"""How many minutes of annotated video it takes to come near the score of all of them, by each strategy of `next`.

    python benchmarks/review_loop.py STUDY [--seeds 5] [--budget MINUTES] [--rounds 8]

STUDY is a study all of whose recordings are annotated, such as one of `actscribe simulate`; its folder is not written
to. For each seed its groups are split again. Validation and test are annotated whole. Of training nothing is, at first:
a simulated annotator, who makes no mistakes unless asked to, reviews what is drawn at random in the first round, the
same for all strategies, and what `next` says in the following ones. After each round the linear head of `probe`
learns from what was reviewed, its penalty and thresholds chosen on validation, and is measured on test. Features are
made once; what else `train` and `next` do with files is left out, and their parts are called. `disagreement` is between
that head and one on a second encoder (--second), which learns from the same; measured is the first one.

minutes_STRATEGY  minutes of training video reviewed until the macro F1, the mean over seeds, is within 0.02 of that of
    all training video, between rounds as if it grew evenly; null: not within the rounds.
share_STRATEGY  the same as a share of all minutes of training video.
watched_STRATEGY  minutes of watching until then, context included.
full_f1  macro F1 with all training video, the mean over seeds.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

#: What the strength of the head's penalty is chosen from, on validation: the middle of what `probe` tries.
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2)
SPLITS = ("train", "validation", "test")
#: How near to the score of all training video (issue: within 0.02).
NEAR = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--budget", type=float, help="minutes of watching a round; default all of training / 12")
    parser.add_argument("--strategies", default="random,uncertainty,change,coverage")
    parser.add_argument("--mistakes", type=float, default=0.0, help="share of bouts missed, and of bouts mislabelled")
    parser.add_argument("--second", default="embedded", help="encoder of the second recognizer, for disagreement")
    options = parser.parse_args()
    begun = time.monotonic()
    curves: dict[str, list[list[tuple[float, float, float]]]] = defaultdict(list)
    full: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds):
            loop = Loop(options, Path(folder) / f"{seed}", seed)
            full.append(loop.with_everything())
            print(f"seed {seed}: all {full[-1][0]:.1f} min, macro F1 {full[-1][1]:.4f}", flush=True)
            for strategy in options.strategies.split(","):
                curves[strategy].append(loop.run(strategy))
                text = ", ".join(f"{m:.1f} min {f1:.3f}" for m, _, f1 in curves[strategy][-1])
                print(f"seed {seed}: {strategy}: {text}", flush=True)
    minutes, full_f1 = np.mean(full, axis=0).tolist()
    figures: dict[str, object] = {"full_minutes": round(minutes, 2), "full_f1": round(full_f1, 4)}
    for strategy, each in curves.items():
        reached, watched = near(np.mean(each, axis=0), full_f1 - NEAR)
        figures |= {
            f"minutes_{strategy}": reached and round(reached, 2),
            f"share_{strategy}": reached and round(reached / minutes, 3),
            f"watched_{strategy}": watched and round(watched, 2),
        }
    figures |= {"seeds": options.seeds, "seconds": round(time.monotonic() - begun), "cores": os.cpu_count() or 1}
    print(json.dumps(figures))


def near(curve: np.ndarray, wanted: float) -> tuple[float | None, float | None]:
    """Return minutes reviewed and watched at which a curve, shape (rounds, 3), first reaches a score."""
    for index, (_, _, score) in enumerate(curve):
        if score >= wanted:
            if not index:
                return float(curve[0, 0]), float(curve[0, 1])
            low, high = curve[index - 1], curve[index]
            part = (wanted - low[2]) / (high[2] - low[2])
            return float(low[0] + part * (high[0] - low[0])), float(low[1] + part * (high[1] - low[1]))
    return None, None


class Loop:
    """One split of a study: reviewed by one strategy after another, each from the beginning."""

    def __init__(self, options: argparse.Namespace, folder: Path, seed: int) -> None:
        from actscribe import load_study
        from actscribe.data.loading import load_data
        from actscribe.settings.recognizers.probe import ProbeSettings

        self.options, self.folder, self.seed = options, folder, seed
        self.study = load_study(options.study).model_copy(update={"seed": seed})
        self.everything = load_data(self.study)
        self.labels = self.everything.labels
        self.truth = {one.content: one.intervals or () for one in self.everything.recordings}
        bare = [
            replace(one, intervals=None, gaps=()) if one.split == "train" else one for one in self.everything.recordings
        ]
        written = {one.content: replace(self.everything.written[one.content], recording=one) for one in bare}
        self.nothing = replace(self.everything, recordings=tuple(bare), written=written)
        self.minutes = sum(one.duration for one in self.everything.of_split("train")) / 60
        self.budget = options.budget or self.minutes / 12
        self.clips = {split: self._clips(self.everything, split) for split in SPLITS}
        strategies = options.strategies.split(",")
        self.models = [ProbeSettings().model, *([options.second] if "disagreement" in strategies else [])]
        self.pooled = {model: {split: self._pooled(split, model) for split in SPLITS} for model in self.models}
        first = self.pooled[self.models[0]]["train"]
        self.means = first[:, : first.shape[1] // 3]

    def with_everything(self) -> tuple[float, float]:
        """Return the minutes of all training video, and the score with them."""
        return self.minutes, self._trained(self.everything, self.models[0])[0]

    def run(self, strategy: str) -> list[tuple[float, float, float]]:
        """Return minutes reviewed, minutes watched and macro F1 after each round."""
        from actscribe.data.reviewed import read_review
        from actscribe.journal import Journal
        from actscribe.review.queue.parts import open_time
        from actscribe_sim.annotator import Annotator, JournalDesk, Mistakes

        folder = self.folder / strategy
        desk = JournalDesk(Journal.of(folder), "simulated", self.nothing.written, self.labels)
        annotator = Annotator(desk, self.truth, self.labels, Mistakes(self.options.mistakes), seed=self.seed)
        contents = {one.name: one.content for one in self.nothing.recordings}
        data, says, curve, watched = self.nothing, [], [], 0.0
        models = self.models if strategy == "disagreement" else self.models[:1]
        for number in range(self.options.rounds):
            for one in self._next("random" if number == 0 else strategy, data, says, number):
                annotator.review(contents[one.recording], one.start, one.end)
                watched += one.cost / 60
            review = read_review(folder, self.labels, self.nothing.written)
            data = replace(self.nothing, recordings=tuple(review.applied(self.nothing.recordings)), review=review)
            left = sum(end - start for one in data.of_split("train") for start, end in open_time(one)) / 60
            trained = [self._trained(data, model) for model in models]
            score, says = trained[0][0], [one for _, one in trained]
            curve.append((self.minutes - left, watched, score))
        return curve

    def _next(self, strategy: str, data, says, number: int):
        """Return what `next` says: its strategies and its budget, on vectors and scores that are held in memory."""
        from actscribe.data.clips import Window
        from actscribe.review.queue.ask import CONTEXT_CLIPS, SPAN_CLIPS
        from actscribe.review.queue.candidates import Watched, candidates
        from actscribe.review.queue.choose import choose
        from actscribe.review.queue.parts import Part
        from actscribe.review.queue.strategies import Known

        windows, train = self.study.windows, data.of_split("train")
        window = Window(windows.length, windows.stride)
        every = [Part(one, ((0.0, one.duration),)).clips(window)[0] for one in train]
        known = Known(self.labels.names, self.labels.task, every, says, self.means, windows.stride)
        length = windows.length
        pieces = candidates(every, None if length is None else SPAN_CLIPS * length)
        watched = Watched(0.0 if length is None else CONTEXT_CLIPS * length, {one.name: one.duration for one in train})
        return choose(pieces, known, strategy, self.budget * 60, watched, 100 * self.seed + number)

    def _trained(self, data, model: str):
        """Return the macro F1 on test of a probe on what is annotated, and what it says of training clips."""
        from actscribe.evaluation.clips import choose_thresholds
        from actscribe.models.probe_heads import LinearHead
        from actscribe.review.queue.predictions import predictions
        from actscribe.run_folder.run import OperatingPoint
        from actscribe.runs.training_clips import targets_of
        from actscribe.settings.recognizers.probe import ProbeSettings
        from actscribe.timeline.curves import fit_confidence
        from actscribe.timeline.segments import TimelineSettings
        from actscribe.training.logistic import fit_logistic
        from actscribe.training.losses import clip_loss

        names, task, pooled = self.labels.names, self.labels.task, self.pooled[model]
        truth = {split: targets_of(self._clips(data, split), self.study, self.labels) for split in SPLITS}
        known = ~np.isnan(truth["train"]).all(axis=1)
        settings = ProbeSettings()
        heads = {}
        for strength in STRENGTHS:
            heads[strength] = LinearHead(pooled["train"].shape[1] // 3, len(names), settings.pooling)
            fit_logistic(heads[strength], pooled["train"][known], truth["train"][known], task, strength, settings)
        loss = clip_loss(task, truth["train"][known], settings)
        lost = {
            strength: lost_by(head, loss, pooled["validation"], truth["validation"]) for strength, head in heads.items()
        }
        head = heads[min(lost, key=lost.__getitem__)]
        scores = {split: scored(head, pooled[split], task) for split in SPLITS}
        thresholds = choose_thresholds(truth["validation"], scores["validation"])
        operating_point = OperatingPoint(
            thresholds=dict(zip(names, map(float, thresholds), strict=True)),
            timeline=TimelineSettings(step=0.1),
            confidence=fit_confidence(truth["validation"], scores["validation"], names),
        )
        score = macro_f1(truth["test"], scores["test"], thresholds, task)
        return score, predictions(f"probe on {model}", scores["train"], names, task, operating_point)

    def _clips(self, data, split: str):
        """Return the clips of all recordings of a split, annotated or not."""
        from actscribe.data.clips import Window, cut

        window = Window(self.study.windows.length, self.study.windows.stride)
        none = (float("nan"),) * len(self.labels)
        return [
            replace(clip, fractions=clip.fractions or none)
            for one in data.of_split(split)
            for clip in cut(one, self.labels, window)
        ]

    def _pooled(self, split: str, model: str) -> np.ndarray:
        """Return what `probe` makes of each clip, shape (clips, columns), from the feature store or into it."""
        import torch

        from actscribe.features.embedders.load import encoder_input_spec, load_embedder
        from actscribe.features.embedding import Embedding, embed
        from actscribe.features.store import default_store
        from actscribe.models.probe_heads import pool
        from actscribe.recognizers.on_features import padded
        from actscribe.settings.recognizers.probe import ProbeSettings

        frames, encoder = self.study.windows.frames, ProbeSettings(model=model).encoder()
        input_spec = replace(encoder_input_spec(encoder, frames), square_pixels=self.study.windows.square_pixels)
        embedding = Embedding(load_embedder(encoder, frames), input_spec, default_store())
        features = embed(embedding, list(self.everything.of_split(split)), self.clips[split], f"Features of {split}")
        rows = [pool(*padded([features[at]]), ProbeSettings().pooling) for at in range(len(features))]
        return torch.cat(rows).numpy()


def lost_by(head, loss, pooled: np.ndarray, truth: np.ndarray) -> float:
    """Return the loss of a head."""
    import torch

    return float(loss(logits(head, pooled), torch.from_numpy(truth)))


def logits(head, pooled: np.ndarray):
    import torch

    with torch.inference_mode():
        return head.out((torch.from_numpy(pooled) - head.mean) / head.scale)


def scored(head, pooled: np.ndarray, task: str) -> np.ndarray:
    from actscribe.training.losses import probabilities

    return probabilities(logits(head, pooled), task).numpy().astype(np.float64)


def macro_f1(truth: np.ndarray, scores: np.ndarray, thresholds: np.ndarray, task: str) -> float:
    """Return the mean F1 of the labels that test shows."""
    from sklearn.metrics import f1_score

    decided = scores >= thresholds
    if task == "multi-class":
        decided = scores == scores.max(axis=1, keepdims=True)
    per_label = []
    for label in range(truth.shape[1]):
        known = ~np.isnan(truth[:, label])
        if truth[known, label].any():
            per_label.append(f1_score(truth[known, label], decided[known, label], zero_division=0))
    return float(np.mean(per_label))


if __name__ == "__main__":
    main()
