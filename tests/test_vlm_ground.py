"""When labels happen, from a study to timelines: a server that sees the lamps answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_vlms
from fakes.lamps import lamps
from fakes.other import other
from fakes.serving import Prompt
from small_studies import LEFT, RIGHT, bouts, lamp_study

from actscribe import Run, annotate, evaluate, train
from actscribe.compare.compare import compare
from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.labels import Label, LabelSet
from actscribe.models.generated_text import GeneratedText
from actscribe.models.vlm import Vlm
from actscribe.recognizers.base import implementation
from actscribe.recognizers.grounded import Grounded, on_steps, step_edges
from actscribe.recognizers.interval_answers import IntervalAnswer, Named
from actscribe.recognizers.vlm_ground import opening
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.sampling import sample_times

#: A frame every quarter of a second in windows of six seconds every three.
WINDOWS = {"window": 6.0, "stride": 3.0, "frames": 24}


def reply(prompt: Prompt) -> tuple[str, dict[str, float]]:
    """Answer as a model that sees the lamps.

    About the left lamp it also makes things up: an interval that ends before it begins and one of next year.
    """
    text, chances = lamps(prompt)
    if "When does" not in prompt.text or LEFT.lower() not in prompt.text.lower():
        return text, chances
    return ", ".join([*(text.split(", ") if text != "none" else ()), "5 - 2", "99999 - 100000"]), {}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("ground")
    with pytest.MonkeyPatch.context() as patch, other(model=reply, probabilities=False) as served:
        patch.setenv("ACTSCRIBE_CACHE", str(folder / "cache"))
        where = {"server": served.address, "server_short_side": 48}
        recognizers = {"vlm-ground": {**where, **WINDOWS}}
        lamp_study(folder / "study", 9, 10.0, recognizers=recognizers, empty_labels="allow")
        yield folder


@pytest.fixture(scope="module")
def run(root: Path) -> Run:
    made = train(root / "study" / "study.yaml", "vlm-ground")
    evaluate(made, "test")
    return made


def true_bouts(name: str) -> list[tuple[str, float, float]]:
    seed = int(name.removeprefix("r"))
    return [(label, start / 1000, end / 1000) for label, start, end in bouts(seed, 10.0 + seed % 5)]


def test_timelines_are_those_of_the_lamps(root: Path, run: Run) -> None:
    names = [recording.name for recording in run.recordings("test")]
    assert names
    for name in names:
        (timeline,) = annotate([root / "study" / f"{name}.mp4"], run)
        predicted = [(one.label, one.start, one.end) for one in timeline.intervals]
        truth = sorted(true_bouts(name), key=lambda bout: bout[1])
        assert sorted(label for label, *_ in predicted) == sorted(label for label, *_ in truth)
        for label in (LEFT, RIGHT):
            mine, theirs = (np.array(sorted(b[1:] for b in rows if b[0] == label)) for rows in (predicted, truth))
            np.testing.assert_allclose(mine, theirs, atol=0.3)  # a frame every 0.25 s


def test_clips_score_what_their_steps_do(run: Run) -> None:
    scored = run.scores("test")
    assert set(scored.steps) == {clip.recording for clip in scored.clips}
    near = 0.5
    for clip, row in zip(scored.clips, scored.scores, strict=True):
        shown = [one for one in true_bouts(clip.recording) if one[0] == RIGHT]
        if not any(start < clip.end + near and end > clip.start - near for _, start, end in shown):
            assert row[1] == 0
        if any(start <= clip.start - near and end >= clip.end + near for _, start, end in shown):
            assert row[1] == 1
    assert {0.0, 1.0} <= set(scored.scores[:, 1])
    assert "intervals score 1, and all else 0" in " ".join(run.info.notes)


def test_what_it_made_up_is_in_the_report(run: Run) -> None:
    tables = json.loads((run.folder / "hallucination-test.json").read_text())
    made_up = {record["label"]: record for record in tables["Intervals as they were written"]}
    windows = len({(c["recording"], c["start_s"]) for c in json.loads((run.folder / "captions-test.json").read_text())})
    assert made_up[LEFT]["end before they begin"] == made_up[LEFT]["outside the window"] == windows
    assert made_up[RIGHT]["end before they begin"] == made_up[RIGHT]["outside the window"] == 0
    assert made_up[LEFT]["kept"] > 0
    unread = {record["label"]: record["not read"] for record in tables["Answers that could not be read"]}
    assert unread[RIGHT] == 0
    report = (run.folder / "report-test.html").read_text()
    assert "Intervals as they were written" in report
    assert "99999 - 100000" in report


def test_it_is_compared_like_the_others(root: Path, run: Run) -> None:
    done = compare(root / "study" / "study.yaml", only=["vlm-ground"])
    headline = done.tables["headline"].iloc[0]
    assert headline["macro_f1"] > 0.9
    assert done.tables["hallucination"].iloc[0]["false_alarm_rate"] < 0.1


# The questions, and what is kept of them


LABELS = LabelSet(name="two", setting="A video of a lamp.", labels=(Label(name="Bright"), Label(name="Left")))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: tiny_vlms.build(name, tmp_path_factory.mktemp(name)) for name in ("smolvlm", "internvl")}


@pytest.fixture
def own_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))


def clip_of(seed: int, start: float = 0.0, length: float = 6.0, frames: int = 4) -> ClipFrames:
    pixels = np.random.default_rng(seed).integers(0, 256, (frames, 24, 32, 3), dtype=np.uint8)
    times = sample_times(start, start + length, frames)
    return ClipFrames(Clip("r", start, start + length), f"video {seed}", pixels, times)


def made(model: Path, labels: LabelSet = LABELS, **changes: Any) -> Any:
    values = {"model": str(model), "dtype": "float32", "frames": 4, "max_new_tokens": 8, **changes}
    settings = BUILT_IN["vlm-ground"].settings.model_validate(values)
    code, nothing = implementation("vlm-ground"), None
    inputs = TrainingInputs(
        labels, settings, code.input_spec(settings, 2), nothing, nothing, nothing, nothing, Path(), seed=0
    )  # type: ignore[arg-type]
    return code.make(inputs)


class Answers:
    """Answers in a model's place, and keeps what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *texts: str, chance: float = 0.5, whole: bool = True) -> None:
        self.asked: list[str] = []
        replies = iter(texts)

        def write(vlm: Vlm, prefix: Any, suffix: str = "", most: int = 64) -> GeneratedText:
            self.asked.append(prefix.inputs.text + suffix)
            text = next(replies)
            return GeneratedText(text, tuple(range(1, len(text) + 1)), (chance,) * len(text), whole)

        monkeypatch.setattr(Vlm, "write", write)


@pytest.mark.usefixtures("own_answers")
def test_every_label_is_asked_about_once(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, "1 - 4", "none")
    recognizer = made(models["smolvlm"])
    (row,) = recognizer.score([clip_of(1)])
    assert row == pytest.approx([0.5 * 3 / 6, 0])
    for asked, label in zip(answers.asked, ("bright", "left"), strict=True):
        assert "A video of a lamp. The video is 6 seconds long. When does this happen" in asked
        assert f"in the video: {label}?" in asked
    (again,) = recognizer.score([clip_of(1)])  # kept: nothing is left to be answered
    np.testing.assert_array_equal(again, row)


@pytest.mark.usefixtures("own_answers")
@pytest.mark.parametrize(
    ("changes", "expected"), [({"mode": "probability"}, 0.25), ({"mode": "text"}, 1.0)], ids=["probability", "text"]
)
def test_how_sure_it_is(
    changes: dict[str, str], expected: float, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    Answers(monkeypatch, "0 - 6", "none", chance=0.25)
    (row,) = made(models["smolvlm"], **changes).score([clip_of(2)])
    assert row == pytest.approx([expected, 0])


@pytest.mark.usefixtures("own_answers")
def test_what_is_cut_off_or_in_doubt_is_neither_yes_nor_no(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    Answers(monkeypatch, "0 - 6", "none", whole=False)
    recognizer = made(models["smolvlm"])
    (row,) = recognizer.score([clip_of(3)])
    assert row.tolist() == [0.5, 0.5]
    assert [one.cut for one in recognizer.ask(clip_of(3)).answers] == [1, 1]


@pytest.mark.usefixtures("own_answers")
def test_a_model_whose_processor_writes_no_times_is_told_them(models: dict[str, Path]) -> None:
    sentence = "Its 4 frames were taken at 0.8, 2.2, 3.8, 5.2 seconds."
    recognizer = made(models["internvl"])
    texts = type("T", (), {"opening": LABELS.setting})()
    assert opening(texts, clip_of(1), False) == f"A video of a lamp. The video is 6 seconds long. {sentence}"
    assert sentence not in opening(texts, clip_of(1), True)
    (row,) = recognizer.score([clip_of(1)])
    assert ((row >= 0) & (row <= 1)).all()


@pytest.mark.usefixtures("own_answers")
def test_it_comes_back_as_it_was(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = made(models["smolvlm"], when_template="When is there {label}?")
    (before,) = recognizer.score([clip_of(4)])
    (tmp_path / "model").mkdir()
    recognizer.save(tmp_path / "model")
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "empty"))  # it has to ask again
    renamed = LABELS.model_copy(update={"setting": "Another setting."})
    loaded = implementation("vlm-ground").load(tmp_path / "model", renamed)
    assert (loaded.input_spec, loaded.settings) == (recognizer.input_spec, recognizer.settings)
    np.testing.assert_array_equal(next(loaded.score([clip_of(4)])), before)


@pytest.mark.usefixtures("own_answers")
def test_times_are_those_of_the_frames_that_were_seen(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames lie on the grid (k + 1/2) * 1.5 s; the window begins between its points, so all are a tenth early."""
    clip = clip_of(5, start=10.6)
    assert clip.times[0] == 11.25
    Answers(monkeypatch, "1.0 - 2.0", "none")  # the model is told 0.75 s for that frame, which would be 11.35 s
    answer = made(models["smolvlm"], mode="text").ask(clip)
    covered = answer.cover(0, np.array([11.0, 11.5, 12.0, 12.5, 13.0]))
    np.testing.assert_allclose(covered, [0, 1, 1, 0], atol=1e-9)


def test_settings_that_skip_time_or_say_nothing_are_refused(models: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match=r"a stride of 90 s skips .* 60 s; expected a stride of at most 60$"):
        parse_settings("vlm-ground", {"window": 60, "stride": 90})
    with pytest.raises(ActScribeError, match=r"lacks \{label\}"):
        made(models["smolvlm"], when_template="When?")


def test_what_a_minute_costs_is_planned() -> None:
    settings = BUILT_IN["vlm-ground"].settings
    plan = implementation("vlm-ground").plan
    assert plan is not None
    usual = plan(settings(model="qwen3-vl-2b"), 8, 5)
    dense = plan(settings(model="qwen3-vl-2b", frames=120), 8, 5)
    assert dense.memory > usual.memory
    assert "in windows of 120 s every 60 s" in usual.lines["minute of video"]
    assert usual.lines["clip"].startswith("of 120 s, 60 frames, ")


# From intervals to scores


def answer_on(start: float, end: float, *answers: IntervalAnswer, chance: float = 1.0) -> Grounded:
    chances = tuple((chance,) * len(one.intervals) for one in answers)
    return Grounded(Clip("r", start, end), answers, chances, ("",) * len(answers))


def at(*spans: tuple[float, float]) -> IntervalAnswer:
    return IntervalAnswer(tuple(Named(start, end, (0, 0)) for start, end in spans))


def test_overlapping_windows_are_averaged() -> None:
    edges = np.arange(0.0, 13.0)
    first = answer_on(0, 8, at((2, 6)), at(), chance=0.8)
    second = answer_on(4, 12, at((0, 1.5)), IntervalAnswer(unread=True))
    scores = on_steps([first, second], edges, "multi-label")
    np.testing.assert_allclose(scores[:, 0], [0, 0, 0.8, 0.8, 0.9, 0.65, 0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(scores[:, 1], [0] * 8 + [0.5] * 4)


def test_classes_share_one() -> None:
    edges = np.arange(0.0, 4.0)
    scores = on_steps([answer_on(0, 3, at((0, 2)), at((1, 2)))], edges, "multi-class")
    np.testing.assert_allclose(scores, [[1, 0], [0.5, 0.5], [0.5, 0.5]])


def test_steps_end_with_the_recording() -> None:
    np.testing.assert_allclose(step_edges(1.0, 2.1), [1, 1.25, 1.5, 1.75, 2.1])
    np.testing.assert_allclose(step_edges(0.0, 0.1), [0, 0.1])
