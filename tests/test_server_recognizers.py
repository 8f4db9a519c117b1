"""The zero-shot recognizers behind each sort of server: scores, runs and reports, tokens of video and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.lamps import lamps
from fakes.llama_cpp import llama_cpp
from fakes.lm_studio import lm_studio
from fakes.ollama import ollama
from fakes.other import other
from fakes.qwen3_vl import DEFAULT, PUBLISHED, Counting
from fakes.serving import Prompt
from fakes.vllm import vllm
from small_studies import LEFT, RIGHT, frames, lamp_study
from test_server_dialects import FAKES
from typer.testing import CliRunner

from actscribe import evaluate, train
from actscribe.cli import app
from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.labels import LabelSet
from actscribe.models.server import ChatServer, EncodedClip, Options
from actscribe.recognizers.base import implementation
from actscribe.settings.registry import BUILT_IN
from actscribe.training.inputs import TrainingInputs
from actscribe.video.sampling import sample_times

LABELS = LabelSet(name="lamps", labels=(LEFT, RIGHT))
#: A lamp on the left alone, both, and none.
SHOWN = {(1, 0): [(LEFT, 0, 4000)], (1, 1): [(LEFT, 0, 4000), (RIGHT, 0, 4000)], (0, 0): []}


@pytest.fixture(autouse=True)
def own_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another one asked."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))


def lamp_clip(on: tuple[int, int], count: int = 8) -> ClipFrames:
    every = np.stack(list(frames(SHOWN[on], 4.0, 1)))  # type: ignore[arg-type]
    pixels = every[np.linspace(0, len(every) - 1, count).astype(int)]
    return ClipFrames(Clip("r", 0.0, 4.0), f"{on}", pixels, sample_times(0.0, 4.0, count))


def made(name: str, folder: Path, **settings: Any) -> Any:
    chosen = BUILT_IN[name].settings.model_validate(settings)
    code = implementation(name)
    nothing: Any = None
    inputs = TrainingInputs(
        LABELS, chosen, code.input_spec(chosen, 8), nothing, nothing, nothing, nothing, folder, seed=0
    )
    return code.make(inputs)


@pytest.mark.parametrize("server", FAKES)
@pytest.mark.parametrize("name", ["vlm-yesno", "vlm-list", "vlm-judge", "vlm-ground"])
def test_every_recognizer_behind_every_server(name: str, server: str, tmp_path: Path) -> None:
    with FAKES[server](model=lamps) as served:
        where: dict[str, Any] = {"server": served.address, "server_short_side": 48}
        if name == "vlm-judge":
            where["judge_server"] = served.address
        recognizer = made(name, tmp_path, **where)
        for on in SHOWN:
            (scores,) = recognizer.score([lamp_clip(on)])
            np.testing.assert_array_equal(scores >= 0.5, np.array(on, bool))
        asked = implementation(name).servers(BUILT_IN[name].settings.model_validate(where))
        assert set(asked) == ({"model", "judge"} if name == "vlm-judge" else {"model"})
        assert all(one.take().requests for one in asked.values())  # they are those that the recognizer asks
        recognizer.save(tmp_path)
        again = implementation(name).load(tmp_path, LABELS)
        before = len(served.questions())
        assert [tuple(row) for row in again.score([lamp_clip((1, 1))])] == [tuple(scores_of(recognizer, (1, 1)))]
        assert len(served.questions()) == before  # what was answered is kept


def scores_of(recognizer: Any, on: tuple[int, int]) -> np.ndarray:
    (scores,) = recognizer.score([lamp_clip(on)])
    return np.asarray(scores)


def test_intervals_are_as_sure_as_their_tokens(tmp_path: Path) -> None:
    def unsure(prompt: Prompt) -> tuple[str, dict[str, float]]:
        text, _ = lamps(prompt)
        return text, {text.split(" ")[0]: 0.25, "none": 0.75} if "When does" in prompt.text else {}

    with vllm(model=unsure) as served:
        recognizer = made("vlm-ground", tmp_path, server=served.address)
        (scores,) = recognizer.score([lamp_clip((1, 0))])
    assert 0.25 < scores[0] < 0.9  # the geometric mean of a quarter and of ones
    assert scores[1] == 0


# Runs


def study(folder: Path, address: str, **settings: Any) -> Path:
    served = {"recognizer": "vlm-yesno", "server": address, "server_short_side": 48, **settings}
    lamp_study(folder, 9, 10.0, recognizers={"served": served}, empty_labels="allow")
    return folder / "study.yaml"


def test_a_run_says_what_its_server_can_do_and_was_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with vllm(model=lamps, thinks=True, count=DEFAULT) as served:
        run = train(study(tmp_path / "study", served.address), "served")
        done = evaluate(run)
    assert done.evaluation.headline() > 0.9
    line = next(note for note in run.info.notes if note.startswith("vLLM 0.13.0 at"))
    err = capsys.readouterr().err
    assert err.count(line) == 1
    assert "Server, model: " in err
    kept = json.loads((run.folder / "servers-test.json").read_text())
    assert kept["notes"] == [f"{line}."]
    (row,) = next(rows for rows in kept.values() if isinstance(rows[0], dict))
    clips = len(run.scores("test").clips)
    captions = len(json.loads((run.folder / "captions-test.json").read_text()))
    assert captions
    assert (row["asked"], row["clips"], row["requests"]) == ("model", clips, 2 * clips + captions)
    assert row["prompt tokens a clip"] > 0
    assert "servers-test.json" in run.info.digests
    page = done.report.read_text()
    assert "Model server" in page
    assert "vLLM 0.13.0" in page
    assert "Not usable" not in page
    about = json.loads((run.folder / "model" / "recognizer.json").read_text())
    assert about["models"]["model"]["frames"] == "video"


def test_a_run_of_which_too_little_could_be_read_is_not_usable(tmp_path: Path) -> None:
    asked: list[str] = []

    def mumbles(prompt: Prompt) -> tuple[str, dict[str, float]]:
        asked.append(prompt.text)
        return ("Hmm", {}) if "lamp" in prompt.text and len(asked) % 20 == 0 else lamps(prompt)

    with other(model=mumbles, probabilities=False) as served:
        run = train(study(tmp_path / "study", served.address), "served")
        shown = CliRunner().invoke(app, ["evaluate", str(run.folder)])
    assert shown.exit_code == 0, shown.output
    assert "Not usable: " in shown.output
    assert "answers could not be read, more than 1%" in " ".join(shown.output.split())
    page = (run.folder / "report-test.html").read_text()
    assert page.index("Not usable: ") < page.index("Macro F1")


def test_check_says_what_the_server_can_do(tmp_path: Path) -> None:
    with llama_cpp(model=lamps) as served:
        path = study(tmp_path / "study", served.address)
        shown = CliRunner().invoke(app, ["check", str(path)])
        assert shown.exit_code == 0, shown.output
        assert "Server: served: llama.cpp b7200-00dc805 at" in " ".join(shown.output.split())
        assert not served.questions()
    gone = CliRunner().invoke(app, ["check", str(path)])
    assert gone.exit_code == 2
    assert "it cannot be reached" in " ".join(gone.output.split())


# Tokens


def tokens(counting: Counting, frames_: Any, shape: tuple[int, int, int]) -> float:
    pixels = np.zeros((*shape, 3), np.uint8)
    shown = EncodedClip(pixels, (np.arange(shape[0]) + 0.5) / 4, shape[0] / 4)
    with vllm(count=counting) as served:
        server = ChatServer(served.address, options=Options(frames=frames_))
        server.yes_no(["Is it on? Answer yes or no."], shown)
        return float(server.take().record()["prompt tokens a clip"])


@pytest.mark.parametrize(
    ("counting", "shape", "least", "most"),
    [
        (DEFAULT, (16, 384, 512), 5.0, 9.0),
        (DEFAULT, (60, 384, 512), 5.0, 40.0),  # a window of vlm-ground
        (PUBLISHED, (16, 384, 512), 1.8, 2.1),  # two frames are one: that is all where no clip is made smaller
        (PUBLISHED, (16, 128, 160), 4.0, 8.0),  # where pictures are made larger, and a video is not
    ],
)
def test_a_video_is_fewer_tokens_than_its_pictures(
    counting: Counting, shape: tuple[int, int, int], least: float, most: float
) -> None:
    pictures, video = (tokens(counting, way, shape) for way in ("images", "video"))
    assert least <= pictures / video <= most, (pictures, video)


@pytest.mark.parametrize("run", [ollama, lm_studio])
def test_a_judge_sees_no_picture(run: Any, tmp_path: Path) -> None:
    with run(model=lamps) as served:
        judge = ChatServer(served.address, sees=False)
        text = f"Description of a video: {LEFT}\nAccording to the description: {LEFT}? Answer yes or no."
        assert (judge.yes_no([text])[0].probability or 0) > 0.5
        assert not any("images" in json.dumps(body) or "image_url" in json.dumps(body) for body in served.asked)
