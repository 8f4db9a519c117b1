"""The recognizer over whole recordings: from a study to timelines, against scores that are worked out apart."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_encoders
import tiny_vlms
import torch
from safetensors.numpy import load_file
from small_studies import LEFT, RIGHT, film, lamp_study, write_study
from tiny_models import tiny_timesformer

from actscribe import Run, annotate, evaluate, load_study, score_clips, train
from actscribe.compare.compare import compare
from actscribe.data.clips import Clip
from actscribe.data.frames import stream
from actscribe.data.input_spec import ClipFrames
from actscribe.data.loading import load_data
from actscribe.data.views import Views
from actscribe.data.within import WITHIN_NOTE
from actscribe.errors import ActScribeError
from actscribe.features.embedders.load import load_embedder
from actscribe.labels import LabelSet
from actscribe.recognizers import temporal
from actscribe.recognizers.on_sequences import STEPS_AT_ONCE
from actscribe.run_folder.scored_clips import ScoredClips, time_scores
from actscribe.runs.kept_scores import KeptScores
from actscribe.runs.scoring import score_recordings
from actscribe.runs.stepping import held
from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.recognizers.temporal import TemporalSettings
from actscribe.settings.study import Study, parse_settings
from actscribe.timeline.matching import label_spans
from actscribe.timeline.scores import StepScores, on_grid
from actscribe.timeline.segments import build
from actscribe.video.reading import frames_at

TESTS = Path(__file__).parent
QUICK = {"epochs": 60, "batch_size": 2, "layers": 4, "stages": 2, "channels": 16, "head_learning_rate": 0.004}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("temporal")
    dino = str(tiny_encoders.tiny_encoder("dinov2", folder / "dino"))
    clips = str(tiny_timesformer(folder / "timesformer"))
    vlm = str(tiny_vlms.build("smolvlm", folder / "vlm"))
    recognizers = {
        "temporal": {**QUICK, "model": dino},
        "live": {**QUICK, "recognizer": "temporal", "model": dino, "causal": True, "epochs": 2},
        "attention": {**QUICK, "recognizer": "temporal", "model": dino, "network": "attention", "epochs": 2},
        "clips": {**QUICK, "recognizer": "temporal", "model": clips, "clip_lengths": [2.0, 1.0], "epochs": 2},
        "vlm": {**QUICK, "recognizer": "temporal", "model": vlm, "clip_lengths": [2.0], "epochs": 2},
        "probe": {"model": dino},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(folder / "cache"))
        lamp_study(folder / "study", 9, 10.0, recognizers=recognizers, empty_labels="allow")
        yield folder


@pytest.fixture(autouse=True)
def shared_features(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))


def shortly(root: Path) -> Study:
    """Return the study with two epochs of training, where what is learned does not matter."""
    study = load_study(root / "study")
    brief = {**study.recognizers["temporal"], "epochs": 2}
    return study.model_copy(update={"recognizers": {**study.recognizers, "temporal": brief}})


@pytest.fixture(scope="module")
def run(root: Path) -> Run:
    return train(load_study(root / "study"), "temporal")


def test_it_finds_most_bouts_near_where_they_begin(run: Run) -> None:
    """Loosely: what a random encoder tells, and so what is learned from it, differs from processor to processor."""
    result = evaluate(run).evaluation
    assert result.events is not None
    table = result.events.set_index("label")
    assert table.loc["macro", "f1@50"] > 0.5
    assert table.loc[[LEFT, RIGHT], "onset_mae_s"].max() < 1.0
    assert result.headline() > 0.7


def test_lengths_of_clips_without_effect_are_told(root: Path) -> None:
    labels = LabelSet(name="lamp", labels=(LEFT, RIGHT))  # type: ignore[arg-type]
    notes = {}
    for name, folder in {"frames": root / "dino", "clips": root / "timesformer"}.items():
        for lengths in ((3.0,), (2.0, 1.0)):
            settings = TemporalSettings(model=str(folder), clip_lengths=lengths)
            notes[name, lengths] = temporal.starting(settings, labels, 4)
    remarks = notes.pop(("frames", (2.0, 1.0)))
    assert len(remarks) == 1
    assert remarks[0].startswith("clip_lengths has no effect: ")
    assert set(map(tuple, notes.values())) == {()}


def test_steps_are_scored_as_their_frames_by_hand(run: Run) -> None:
    """Frames at the middles of steps, encoded here, through the network as a whole."""
    kept, loaded = run.scores("validation"), run.recognizer()
    recording = run.recordings("validation")[0]
    steps = kept.steps[recording.name]
    np.testing.assert_allclose(steps.times, np.arange(len(steps.times)) * 0.25 + 0.125)
    images = [frame.image for frame in frames_at(recording.video, steps.times, loaded.input_spec.short_side)]
    clip = ClipFrames(Clip(recording.name, 0, recording.duration), "", np.stack(images), steps.times)
    (vectors,) = loaded.embedder.embed([clip])
    with torch.inference_mode():
        logits = loaded.network(vectors.float()[None], torch.ones(1, len(vectors), dtype=torch.bool))
    np.testing.assert_allclose(steps.scores, logits[0].sigmoid().numpy(), atol=1e-5)


def test_of_a_long_recording_features_are_let_go(run: Run) -> None:
    """Three hours are 43,200 steps: what is held of them are the network's channels, and never all features."""
    loaded, alive, most = run.recognizer(), 0, 0

    def gone() -> None:
        nonlocal alive
        alive -= 1

    def features(count: int) -> Iterator[torch.Tensor]:
        nonlocal alive, most
        for _ in range(count):
            made = torch.zeros(loaded.stepping.width)
            weakref.finalize(made, gone)
            alive += 1
            most = max(most, alive)
            yield made

    scores = loaded.score_steps(features(5 * STEPS_AT_ONCE))
    assert scores.shape == (5 * STEPS_AT_ONCE, 2)
    assert most <= 2 * STEPS_AT_ONCE


def test_a_clip_has_the_mean_of_its_steps_and_a_timeline_the_steps(run: Run) -> None:
    kept = run.scores("validation")
    recordings = run.recordings("validation")
    for clip, scores, times in zip(kept.clips, kept.scores, kept.times, strict=True):
        steps = kept.steps[clip.recording]
        inside = (steps.times >= clip.start) & (steps.times < clip.end)
        np.testing.assert_allclose(scores, steps.scores[inside].mean(axis=0))
        assert clip.start <= times.min() <= times.max() <= clip.end
    for recording in recordings:
        merged = time_scores(kept, recordings, 0.25)[recording.name]
        np.testing.assert_allclose(merged.scores, kept.steps[recording.name].scores, atol=1e-9)


def test_the_mean_over_the_steps_of_a_clip_is_how_much_of_it_a_label_covers(run: Run) -> None:
    """Of steps that are scored with the truth; their maximum would say yes to any touch."""
    kept = run.scores("validation")
    truth = np.array([clip.fractions for clip in kept.clips])
    recordings = {one.name: one for one in run.recordings("validation")}
    for column, label in enumerate(run.labels.names):
        for index, clip in enumerate(kept.clips):
            middles = kept.steps[clip.recording].times
            spans = label_spans(recordings[clip.recording], recordings[clip.recording].intervals or (), label)
            shown = np.array([any(start <= time < end for start, end in spans) for time in middles], dtype=float)
            assert shown[held(clip, middles)].mean() == pytest.approx(truth[index, column], abs=0.126)


def test_scores_come_back_from_the_file_as_they_were(run: Run, tmp_path: Path) -> None:
    kept = run.scores("validation")
    again = ScoredClips.from_table(kept.table(run.labels), run.labels)
    assert set(again.steps) == set(kept.steps) == {one.name for one in run.recordings("validation")}
    for name, steps in kept.steps.items():
        np.testing.assert_array_equal(again.steps[name].scores, steps.scores)
        np.testing.assert_array_equal(again.steps[name].times, steps.times)
        assert again.steps[name].step == steps.step == 0.25
    order = np.argsort([clip.start for clip in kept.clips], kind="stable")  # recordings take turns
    clips, times = ([parts[index] for index in order] for parts in (kept.clips, kept.times))
    mixed = ScoredClips(clips, times, kept.scores[order], kept.steps)
    for name, steps in ScoredClips.from_table(mixed.table(run.labels), run.labels).steps.items():
        np.testing.assert_array_equal(steps.scores, kept.steps[name].scores)


def test_annotate_makes_the_timeline_of_the_steps_also_from_kept_scores(run: Run, root: Path, tmp_path: Path) -> None:
    recording = run.recordings("test")[0]
    measured = evaluate(run).run.scores("test").steps[recording.name]
    done = annotate(recording.video, run, out=tmp_path / "out")
    steps = done.scored.steps[recording.name]
    np.testing.assert_allclose(steps.scores, measured.scores, atol=1e-6)
    np.testing.assert_array_equal(done.scores.scores, on_grid(steps, recording.duration, 0.1).scores)
    made = build(done.scores, run.operating_point.timeline, run.labels)
    assert [(one.label, one.start, one.end) for one in done.intervals] == [
        (one.label, one.start, one.end) for one in made
    ]
    kept = KeptScores(run, done.recording)
    kept.write(done.scored)
    read = kept.read()
    assert read is not None
    np.testing.assert_array_equal(read.steps[recording.name].scores, steps.scores)
    kept.remove()


def test_clips_in_memory_are_recordings_of_their_own(run: Run) -> None:
    recording, loaded = run.recordings("validation")[0], run.recognizer()
    clips = [clip for clip in run.scores("validation").clips if clip.recording == recording.name][:2]
    shown = list(stream(recording, clips, loaded.input_spec))
    scores = score_clips(run, [clip.frames for clip in shown], loaded)
    assert scores.shape == (2, 2)
    nearest = [int(np.abs(np.arange(4) * 0.5 + 0.25 - moment).argmin()) for moment in np.arange(8) * 0.25 + 0.125]
    (vectors,) = loaded.embedder.embed(shown[:1])
    with torch.inference_mode():
        logits = loaded.network(vectors[nearest].float()[None], torch.ones(1, 8, dtype=torch.bool))
    np.testing.assert_allclose(scores[0], logits[0].sigmoid().mean(0).numpy(), atol=1e-5)
    by_views = score_recordings(loaded, [recording], run.labels, run.study.windows, "Views", Views(2, 1))
    assert by_views.scores.shape[1] == 2
    assert not by_views.steps


@pytest.mark.parametrize("name", ["live", "attention", "clips", "vlm"])
def test_the_other_kinds_train_and_come_back(root: Path, name: str) -> None:
    made = train(load_study(root / "study"), name)
    kept = made.scores("validation")
    again = score_recordings(
        made.recognizer(), made.recordings("validation"), made.labels, made.study.windows, "Again", within=False
    )
    np.testing.assert_allclose(again.scores, kept.scores, atol=1e-6)
    assert next(iter(kept.steps.values())).step == (0.5 if name in ("clips", "vlm") else 0.25)


def test_a_causal_run_scores_a_beginning_without_what_follows(root: Path, tmp_path: Path) -> None:
    made = Run.open(root / "study" / "runs" / "live")
    shown = [(LEFT, 1000, 3500), (RIGHT, 5000, 7500)]
    steps = []
    for name, seconds, later in (("one", 6.0, shown), ("other", 9.0, [*shown[:1], (LEFT, 6000, 9000)])):
        video = film(tmp_path / f"{name}.mp4", later if name == "other" else shown, seconds, 3)
        steps.append(annotate(video, made).scored.steps[name].scores)
    same = 18  # 4.5 s, to where the two begin to differ
    np.testing.assert_allclose(steps[0][:same], steps[1][:same], atol=2e-3)  # H.264 is not exact


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(root: Path, tmp_path: Path) -> None:
    study = shortly(root)
    once = train(study, "temporal", out=tmp_path / "once")
    again = train(study, "temporal", out=tmp_path / "again")
    other = train(study.model_copy(update={"seed": 2}), "temporal", out=tmp_path / "other")
    weights = [load_file(one.folder / "model" / "network.safetensors") for one in (once, again, other)]
    for name, value in weights[0].items():
        np.testing.assert_array_equal(value, weights[1][name])
    assert any((value != weights[2][name]).any() for name, value in weights[0].items() if "stages" in name)


def test_trimmed_videos_are_sequences_of_their_own(root: Path, tmp_path: Path) -> None:
    rows = []
    for index in range(12):
        label = (LEFT, RIGHT)[index % 2]
        film(tmp_path / f"v{index}.mp4", [(label, 0, 1500)], 1.5, index)
        split = ("train", "train", "train", "train", "validation", "test")[index // 2]
        rows.append({"video": f"v{index}.mp4", "label": label, "group": f"g{index}", "split": split})
    pd.DataFrame(rows).to_csv(tmp_path / "manifest.csv", index=False)
    write_study(
        tmp_path,
        labels={"name": "lamps", "task": "multi-class", "labels": [LEFT, RIGHT]},
        windows={"length": None, "frames": 4},
        recognizers={"temporal": {**QUICK, "model": str(root / "dino"), "epochs": 20}},
    )
    done = evaluate(train(load_study(tmp_path), "temporal"))
    scores = done.run.scores("test").scores
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    assert done.evaluation.headline() == 1
    assert done.evaluation.events is None


def test_a_part_of_a_recording_is_scored_without_the_others(root: Path, tmp_path: Path) -> None:
    halves = {"train": 0.5, "validation": 0.25, "test": 0.25, "within": "recordings"}
    recognizers = {"temporal": {**QUICK, "model": str(root / "dino"), "epochs": 1}}
    study = load_study(lamp_study(tmp_path, 2, 20.0, split=halves, empty_labels="allow", recognizers=recognizers))
    made = train(study, "temporal")
    assert WITHIN_NOTE in made.info.notes
    for name, steps in made.scores("validation").steps.items():
        own = [clip for clip in made.scores("validation").clips if clip.recording == name]
        assert min(clip.start for clip in own) < steps.times[0] < steps.times[-1] < max(clip.end for clip in own)
        assert steps.times[-1] - steps.times[0] < 10


def test_what_nobody_annotated_is_masked(root: Path) -> None:
    study = load_study(root / "study")
    data = load_data(study)
    from actscribe.annotations.interval import Interval

    recording = replace(data.of_split("train")[0], gaps=(Interval("", 2.0, 4.0), Interval(LEFT, 6.0, 7.0)))
    spans = np.stack([np.arange(32) * 0.25, np.arange(1, 33) * 0.25], 1)

    class Data:
        recordings = {"r": recording}

    masked = temporal._targets(Data, "r", spans, data.labels)  # type: ignore[arg-type]
    unknown = np.isnan(masked)
    assert unknown[8:16].all()
    assert unknown[24:28].tolist() == [[True, False]] * 4
    assert not unknown[:8].any()


def test_a_comparison_holds_windows_and_sequences_and_what_causality_costs(root: Path, tmp_path: Path) -> None:
    study = shortly(root)
    chosen = {name: study.recognizers[name] for name in ("temporal", "live", "probe")}
    done = compare(study.model_copy(update={"recognizers": chosen}), out=tmp_path / "out", seeds=1)
    assert set(done.tables["headline"]["system"]) >= {"temporal", "live", "probe"}
    pairs = done.tables["pairs"]
    assert {"temporal", "live"} in [set(row) for row in pairs.iloc[:, :2].to_numpy()]
    costs = done.costs.set_index("system")
    assert (costs["seconds_per_minute"] > 0).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": "attention", "channels": 10}, "does not divide the 10 channels; expected channels such as 12"),
        ({"step": 0.0}, r"temporal\.step"),
        ({"clip_lengths": []}, r"temporal\.clip_lengths: expected a list of 1 or more \(found \[\]\)"),
        ({"betas": [0.9, 0.99, 0.999]}, r"temporal\.betas: expected a list of 2 or fewer"),
        ({"clip_lengths": [3.0, 0.0]}, r"temporal\.clip_lengths"),
        ({"stride_jitter": 0.5}, r"temporal\.stride_jitter"),
        ({"augment": True}, r"temporal\.augment"),
    ],
)
def test_settings_that_mean_nothing_are_refused(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_settings("temporal", given)


def test_the_network_of_a_trained_run_is_an_encoder(root: Path, tmp_path: Path) -> None:
    settings = {"model": str(root / "timesformer"), "epochs": 1, "batch_size": 4}
    study = load_study(root / "study").model_copy(update={"recognizers": {"timesformer": settings}})
    made = train(study, "timesformer", out=tmp_path / "run")
    embedder = load_embedder(EncoderChoice(str(made.folder / "model")), 4)
    recording = made.recordings("validation")[0]
    (clip,) = list(stream(recording, [Clip(recording.name, 0.0, 2.0)], made.recognizer().input_spec))
    (vectors,) = embedder.embed([clip])
    network = made.recognizer()
    shown = network.pixels.normalise(network.pixels.tensor(clip.frames))[None]
    with torch.inference_mode():
        states = network.model.model.timesformer(shown).last_hidden_state
    patches = states[0, 1:].unflatten(0, (-1, 4)).mean(0)
    np.testing.assert_allclose(vectors.float(), patches, atol=2e-2)


def test_another_encoder_than_trained_on_is_refused(root: Path, run: Run) -> None:
    values = json.loads((run.folder / "model" / "recognizer.json").read_text())
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "recognizer.json").write_text(json.dumps({**values, "digest": "another"}))
    with pytest.raises(ActScribeError, match="expected digest another"):
        temporal.load(elsewhere, run.labels)


def test_an_encoder_that_is_gone_is_asked_for(root: Path, run: Run) -> None:
    """Another model, which a study could take instead, is of no use to a run."""
    (root / "dino").rename(root / "gone")
    try:
        with pytest.raises(ActScribeError, match=r"trained on the model '.*dino', which is not there") as raised:
            run.recognizer()
    finally:
        (root / "gone").rename(root / "dino")
    assert raised.value.hint == "Put its folder back there, or train again."


def test_steps_laid_on_a_grid_by_hand() -> None:
    steps = StepScores(np.array([2.5, 3.5, 4.5]), np.array([[0.0], [1.0], [0.5]]), 1.0)
    laid = on_grid(steps, 8.0, 0.5)
    np.testing.assert_allclose(laid.scores[3:11, 0], [0, 0, 0.25, 0.75, 0.875, 0.625, 0.5, 0.5])
    assert laid.scored.tolist() == [False] * 3 + [True] * 8 + [False] * 5
    assert np.isnan(laid.scores[~laid.scored]).all()
