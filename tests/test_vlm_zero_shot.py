"""The zero-shot recognizers on tiny checkpoints: scores against the plain way, saving, restarting, reading runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_vlms
import torch
from fakes.other import other
from fakes.serving import Served, prompt_of
from hypothesis import given
from hypothesis import strategies as st
from tiny_judge import tiny_judge

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.labels import Label, LabelSet, Rules
from actscribe.models.server import connection
from actscribe.models.server.exchange import Trouble
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.models.yes_no import YesNo
from actscribe.recognizers import vlm_clients
from actscribe.recognizers.base import Recognizer, implementation
from actscribe.recognizers.prompts import prompts
from actscribe.recognizers.vlm_list import from_list
from actscribe.recognizers.vlm_yesno import calibrated, content_free
from actscribe.recognizers.zero_shot import Answered, from_yes_no, over_classes
from actscribe.runs.answers import listening
from actscribe.settings.registry import BUILT_IN
from actscribe.training.inputs import TrainingInputs
from actscribe.video.sampling import sample_times

NAMES = ("vlm-list", "vlm-yesno", "vlm-judge")
LABELS = LabelSet(
    name="three",
    setting="A video of a resuscitation.",
    labels=(
        Label(name="Baby visible", question="Is the baby visible?"),
        Label(name="Suction", question="Is there suction in this clip?"),
        Label(name="Ventilation"),
    ),
)


def clip_of(seed: int, frames: int = 4) -> ClipFrames:
    pixels = np.random.default_rng(seed).integers(0, 256, (frames, 24, 32, 3), dtype=np.uint8)
    return ClipFrames(Clip("r", seed, seed + 3), f"video {seed}", pixels, sample_times(seed, seed + 3, frames))


@pytest.fixture(autouse=True)
def own_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another one asked."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: tiny_vlms.build(name, tmp_path_factory.mktemp(name)) for name in tiny_vlms.FAMILIES}
    return {**made, "judge": tiny_judge(tmp_path_factory.mktemp("judge"))}


def make(
    name: str, folders: dict[str, Path], labels: LabelSet = LABELS, family: str = "smolvlm", **changes: Any
) -> Any:
    values: dict[str, Any] = {"model": str(folders[family]), "dtype": "float32"}
    if name == "vlm-judge":
        values |= {"judge": str(folders["judge"]), "caption_tokens": 6}
    if name == "vlm-list":
        values |= {"max_new_tokens": 6}
    settings = BUILT_IN[name].settings.model_validate(values | changes)
    chosen = implementation(name)
    nothing: Any = None
    input_spec = chosen.input_spec(settings, 4)
    return chosen.make(TrainingInputs(labels, settings, input_spec, nothing, nothing, nothing, nothing, Path(), seed=0))


def scores(recognizer: Recognizer, seeds: tuple[int, ...] = (1, 2, 3)) -> np.ndarray:
    return np.stack(list(recognizer.score(clip_of(seed) for seed in seeds)))


class Counting:
    """Counts what a client is asked, and can stop like a killed process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop_after: int | None = None) -> None:
        self.clips: list[float] = []
        for method in ("written", "yes_no"):
            original = getattr(vlm_clients.LocalVlmClient, method)

            def counted(client: Any, clip: ClipFrames, *args: Any, original: Any = original) -> Any:
                if stop_after is not None and len(self.clips) >= stop_after:
                    raise KeyboardInterrupt
                self.clips.append(clip.clip.start)
                return original(client, clip, *args)

            monkeypatch.setattr(vlm_clients.LocalVlmClient, method, counted)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("family", tiny_vlms.FAMILIES)
def test_every_family_scores_and_comes_back_equal(
    name: str, family: str, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(name, folders, family=family)
    (before,) = scores(made, (1,))
    assert before.shape == (3,)
    assert ((before >= 0) & (before <= 1)).all()
    made.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["recognizer.json"]
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "empty"))  # it has to ask again
    counting = Counting(monkeypatch)
    loaded = implementation(name).load(tmp_path, LABELS)
    assert loaded.input_spec == made.input_spec
    np.testing.assert_array_equal(scores(loaded, (1,))[0], before)
    assert counting.clips == [1]


def plain(vlm: Vlm, clip: ClipFrames, prompt: str) -> float:
    """Run the whole prompt alone; softmax; the tokens whose text is yes or no."""
    chances = vlm.logits(vlm.inputs([clip], [prompt]))[0].softmax(-1)
    words = [vlm.prompter.tokenizer.decode([token]).strip().casefold() for token in range(len(chances))]
    yes, no = (sum(float(p) for p, word in zip(chances, words, strict=True) if word == say) for say in ("yes", "no"))
    return yes / (yes + no)


@pytest.mark.parametrize("family", ["smolvlm", "qwen2_5_vl", "video_llava"])
def test_yesno_is_the_softmax_of_a_plain_forward(family: str, folders: dict[str, Path]) -> None:
    vlm = load_vlm(folders[family], "float32")
    probabilities = scores(make("vlm-yesno", folders, family=family), (1, 2))
    asked = [
        "A video of a resuscitation. Is the baby visible? Answer yes or no.",
        "A video of a resuscitation. Is there suction in this clip? Answer yes or no.",
        "A video of a resuscitation. Does this video show: ventilation? Answer yes or no.",
    ]
    expected = [[plain(vlm, clip_of(seed), prompt) for prompt in asked] for seed in (1, 2)]
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)
    assert np.ptp(probabilities) > 0.01  # else the comparison would say nothing


def test_without_a_setting_the_question_stands_alone(folders: dict[str, Path]) -> None:
    bare = LABELS.model_copy(update={"setting": ""})
    (probabilities,) = scores(make("vlm-yesno", folders, bare), (1,))
    vlm = load_vlm(folders["smolvlm"], "float32")
    assert probabilities[0] == pytest.approx(plain(vlm, clip_of(1), "Is the baby visible? Answer yes or no."), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_run_goes_on_where_it_stopped(
    name: str, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = (1, 2, 3, 4)
    whole = scores(make(name, folders), seeds)
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "second"))
    with monkeypatch.context() as patched:
        Counting(patched, stop_after=2)
        with pytest.raises(KeyboardInterrupt):
            scores(make(name, folders), seeds)
    counting = Counting(monkeypatch)
    np.testing.assert_array_equal(scores(make(name, folders), seeds), whole)
    assert counting.clips == [3, 4]
    np.testing.assert_array_equal(scores(make(name, folders), seeds), whole)
    assert counting.clips == [3, 4]


def test_another_question_is_asked_again(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first = scores(make("vlm-yesno", folders), (1,))
    counting = Counting(monkeypatch)
    other = make("vlm-yesno", folders, question_template="{question} Yes or no?")
    assert np.abs(scores(other, (1,)) - first).max() > 1e-6
    assert counting.clips == [1]


def test_a_changed_model_is_not_loaded_in_silence(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tiny_vlms.build("smolvlm", tmp_path / "model", seed=1)
    made = make("vlm-yesno", {"smolvlm": folder})
    (tmp_path / "run").mkdir()
    made.save(tmp_path / "run")
    saved = json.loads((tmp_path / "run" / "recognizer.json").read_text())
    assert saved["prompts"]["questions"][0] == "Is the baby visible? Answer yes or no."
    tiny_vlms.build("smolvlm", folder, seed=2)
    with pytest.raises(ActScribeError, match="have changed"):
        implementation("vlm-yesno").load(tmp_path / "run", LABELS)


def test_a_run_keeps_its_own_wording(folders: dict[str, Path], tmp_path: Path) -> None:
    made = make("vlm-yesno", folders, question_template="Old wording: {question}")
    before = scores(made, (1,))
    made.save(tmp_path)
    relabelled = LABELS.model_copy(update={"setting": "Another setting."})
    np.testing.assert_array_equal(scores(implementation("vlm-yesno").load(tmp_path, relabelled), (1,)), before)


def test_text_mode_reads_what_is_written(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    replies = iter(["Yes", "no, nothing", "I see a cup"])
    monkeypatch.setattr(Vlm, "generate", lambda self, prefix, suffix="", most=64: next(replies))
    made = make("vlm-yesno", folders, mode="text", caption_share=0.0)
    with listening(made, "vlm-yesno") as answers:
        np.testing.assert_array_equal(scores(made, (1,))[0], [1, 0, 0.5])
    np.testing.assert_array_equal(answers[0].unread, [False, False, True])
    assert made.on_answer is None


def test_calibration_divides_by_the_answer_to_grey(folders: dict[str, Path]) -> None:
    raw, blank = make("vlm-yesno", folders), content_free(clip_of(1))
    assert blank.frames.shape == clip_of(1).frames.shape
    assert (blank.frames == 128).all()
    p = scores(raw, (1, 2))
    (q,) = np.stack(list(raw.score([blank])))
    expected = (p / q) / (p / q + (1 - p) / (1 - q))
    np.testing.assert_allclose(scores(make("vlm-yesno", folders, calibrate=True), (1, 2)), expected, atol=1e-6)


@given(st.floats(0, 1), st.floats(0.001, 0.999))
def test_calibration_keeps_the_order(p: float, q: float) -> None:
    assert calibrated(YesNo(q), YesNo(q)).probability == pytest.approx(0.5)
    assert calibrated(YesNo(p), YesNo(0.5)).probability == pytest.approx(p, abs=1e-6)
    moved = [calibrated(YesNo(x), YesNo(q)).probability or 0.0 for x in (p / 2, p)]
    assert 0 <= moved[0] <= moved[1] <= 1
    assert calibrated(YesNo(None, text="?"), YesNo(q)) == YesNo(None, text="?")


def test_captions_are_told_only_to_a_listener(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    made = make("vlm-yesno", folders, caption_share=1.0, caption_tokens=4)
    scores(made, (1, 2))
    assert counting.clips == [1, 2]
    with listening(made, "vlm-yesno") as answers:
        scores(made, (1, 2))
    assert counting.clips == [1, 2, 1, 2]  # the questions are kept, the captions are new
    assert [answer.clip.start for answer in answers] == [1, 2]
    assert all(isinstance(answer.text, str) and answer.probability_mass.shape == (3,) for answer in answers)


# Scores from written lists and from answers

CLASSES = LabelSet(name="c", task="multi-class", labels=(Label(name="left"), Label(name="right"), Label(name="up")))
SPAN = Clip("r", 0.0, 3.0)


@pytest.mark.parametrize(
    ("labels", "text", "expected", "unread"),
    [
        (LABELS, "suction, ventilation", [0, 1, 1], False),
        (LABELS, "none", [0, 0, 0], False),
        (LABELS, "a cup", [0.5, 0.5, 0.5], True),
        (CLASSES, "left", [1, 0, 0], False),
        (CLASSES, "left or up", [0.5, 0, 0.5], False),
        (CLASSES, "none", [1 / 3] * 3, True),
    ],
)
def test_scores_of_lists(labels: LabelSet, text: str, expected: list[float], unread: bool) -> None:
    scored = from_list(SPAN, text, labels)
    np.testing.assert_allclose(scored.scores, expected)
    assert (scored.unread == unread).all()
    assert scored.text == text


def test_classes_share_one_by_their_odds() -> None:
    answers = [YesNo(0.8), YesNo(0.5), YesNo(None)]
    scored = from_yes_no(SPAN, answers, CLASSES)
    np.testing.assert_allclose(scored.scores, np.array([4, 1, 1]) / 6)
    np.testing.assert_array_equal(scored.unread, [False, False, True])
    log_odds = torch.tensor([0.3, 0.6, 0.99]).double().logit()
    np.testing.assert_allclose(over_classes(np.array([0.3, 0.6, 0.99])), log_odds.softmax(0), atol=1e-6)


# Prompts


def test_prompts_say_what_the_label_set_says() -> None:
    asked = prompts(LABELS)
    assert asked.opening == "A video of a resuscitation."
    assert asked.listing.startswith("A video of a resuscitation. ")
    assert "baby visible; suction; ventilation" in asked.listing
    assert asked.judged[1].count("{caption}") == 1
    assert "Is there suction in this clip?" in asked.judged[1]
    assert (
        prompts(LABELS, caption="{setting} {odd} braces {0}").caption == "A video of a resuscitation. {odd} braces {0}"
    )


@pytest.mark.parametrize("wrong", [{"listing": "List."}, {"question": "Is it?"}, {"judge": "{caption}"}])
def test_a_wording_without_its_subject_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ActScribeError, match="lacks"):
        prompts(LABELS, **wrong)


# Servers


@pytest.fixture
def server() -> Iterator[Served]:
    with other() as served:
        yield served


def test_a_server_answers_for_every_recognizer(server: Served, tmp_path: Path) -> None:
    brightness = clip_of(1).frames.mean() / 255
    where = {"server": server.address, "server_short_side": 24}
    expected = {"vlm-list": [0, 1, 1], "vlm-yesno": [brightness] * 3, "vlm-judge": [0.25] * 3}
    for name, values in expected.items():
        made = make(name, {"smolvlm": tmp_path, "judge": tmp_path}, **where, **judge_at(name, server.address))
        assert made.input_spec.short_side == 24
        np.testing.assert_allclose(scores(made, (1,))[0], values, atol=1e-9)
    asked = [prompt_of(body["messages"]) for body in server.questions()]
    assert len(asked) == 1 + 3 + 1 + 3
    assert sorted(len(prompt.pictures) for prompt in asked) == [0] * 3 + [4] * 5  # the judge sees no picture
    made.save(tmp_path)
    np.testing.assert_allclose(scores(implementation("vlm-judge").load(tmp_path, LABELS), (1,))[0], [0.25] * 3)
    assert len(server.questions()) == 8


def test_written_answers_of_a_server_are_read_too(server: Served, tmp_path: Path) -> None:
    made = make("vlm-yesno", {"smolvlm": tmp_path}, server=server.address, mode="text", caption_share=0.0)
    np.testing.assert_array_equal(scores(made, (1,))[0], [float(clip_of(1).frames.mean() / 255 >= 0.5)] * 3)


def judge_at(name: str, address: str) -> dict[str, str]:
    return {"judge_server": address, "judge_server_model": "judge"} if name == "vlm-judge" else {}


@pytest.mark.parametrize("name", NAMES)
def test_another_machine_needs_the_flag(name: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ActScribeError, match="another machine"):
        make(name, folders, server="http://192.0.2.1:8000/v1", server_model="m")

    def not_there(*args: object) -> None:
        raise Trouble("nobody is there.", "")

    monkeypatch.setattr(connection, "exchange", not_there)
    with pytest.raises(ActScribeError, match=r"No usable answer from http://192\.0\.2\.1:8000/v1/models: nobody"):
        make(name, folders, server="http://192.0.2.1:8000/v1", server_model="m", allow_remote=True)


def test_a_remote_judge_needs_the_flag(folders: dict[str, Path]) -> None:
    with pytest.raises(ActScribeError, match="another machine"):
        make("vlm-judge", folders, judge_server="http://192.0.2.1:8000/v1", judge_server_model="m")


def test_rules_are_no_part_of_scores(folders: dict[str, Path]) -> None:
    ruled = LABELS.model_copy(update={"rules": Rules(excludes=(("Suction", "Ventilation"),))})
    np.testing.assert_array_equal(
        scores(make("vlm-yesno", folders, ruled), (1,)), scores(make("vlm-yesno", folders), (1,))
    )
    assert isinstance(from_list(SPAN, "none", ruled), Answered)
