"""What runs and encoders make of recordings that may have no annotations; kept, so that asking again costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.features.embedders.load import encoder_input_spec, load_embedder
from actscribe.features.embedding import Embedding, embed
from actscribe.features.store import default_store
from actscribe.run_folder.run import Run
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs.kept_scores import KeptScores
from actscribe.runs.scoring import score_recordings
from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.study import Study

#: Numbers that a clip's vector is projected to, at random: distances stay as they are within some percent.
PROJECTED = 128


def scores_of(run: Run, recordings: Sequence[Recording]) -> dict[str, ScoredClips]:
    """Return the clips of recordings with their scores by a run, by recording; they are kept in the user's cache.

    Args:
        run: complete; it is loaded only where some recording was not scored yet.
        recordings: with or without annotations.
    """
    bare = {one.name: replace(one, intervals=None, gaps=()) for one in recordings}
    kept = {name: KeptScores(run, one) for name, one in bare.items()}
    by_name = {name: scored for name, one in kept.items() if (scored := one.read()) is not None}
    lacking = [one for name, one in bare.items() if name not in by_name]
    if lacking:
        what = f"Scoring with {run.info.name}"
        made = score_recordings(run.recognizer(), lacking, run.labels, run.study.windows, what)
        for name, rows in made.rows().items():
            steps = {name: made.steps[name]} if name in made.steps else None
            clips, times = [made.clips[row] for row in rows], [made.times[row] for row in rows]
            by_name[name] = ScoredClips(clips, times, made.scores[rows], steps)
            kept[name].write(by_name[name])
    return by_name


def encoder_of(study: Study) -> EncoderChoice | None:
    """Return the frozen encoder of the study's first recognizer that has one; its features tell what is alike."""
    chosen = (study.chosen(name) for name in study.recognizers)
    encoders = (one.spec.encoder(one.settings) for one in chosen)
    return next((encoder for encoder in encoders if encoder is not None), None)


def vectors_of(
    study: Study, encoder: EncoderChoice, recordings: Sequence[Recording], clips: Sequence[Clip]
) -> np.ndarray:
    """Return what an encoder makes of clips, shape (clips, `PROJECTED` at most), from the feature store or into it."""
    frames = study.windows.frames
    input_spec = replace(encoder_input_spec(encoder, frames), square_pixels=study.windows.square_pixels)
    embedding = Embedding(load_embedder(encoder, frames), input_spec, default_store())
    features = embed(embedding, recordings, clips, "Features")
    width = embedding.embedder.encoder.width
    projection = np.random.default_rng(0).normal(size=(width, PROJECTED)) / np.sqrt(PROJECTED)
    rows = []
    for index in range(len(features)):
        mean = features[index].float().mean(dim=0).numpy()
        rows.append(mean @ projection if width > PROJECTED else mean)
    return np.stack(rows) if rows else np.zeros((0, PROJECTED))
