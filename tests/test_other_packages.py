"""A package outside this one adds a recognizer by an entry point: a study trains it like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import page_lab
import pytest
from small_studies import lamp_study, write_study
from typer.testing import CliRunner

from actscribe import load_study, train
from actscribe.cli import app
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.recognizers.base import implementation
from actscribe.recognizers.plans.memory import too_large
from actscribe.runs.evaluate import score_split
from actscribe.runs.served import SENT
from actscribe.settings import registry

#: The module of docs/how-to/recognizer.md, which others will copy.
CODE = page_lab.module("docs/how-to/recognizer.md", "brightness.py")
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
RUN = "from actscribe.cli import main; main()"


def wheel(folder: Path, name: str, module: str, entry: str) -> Path:
    """Write a wheel of one module with one entry point; a builder would need the network."""
    path, info = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"{name}.py", module)
        made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        made.writestr(f"{info}/WHEEL", WHEEL)
        made.writestr(f"{info}/entry_points.txt", f"[actscribe.recognizers]\n{entry}\n")
        made.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install two packages, one of which does not load, beside this one."""
    folder = tmp_path_factory.mktemp("other")
    wheels = [
        wheel(folder, "brightness", CODE, "brightness = brightness:SPEC"),
        wheel(folder, "broken", "import nowhere\n", "broken = broken:SPEC"),
    ]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", folder / "site"]
    subprocess.run([*map(str, pip), *map(str, wheels)], check=True, capture_output=True)
    return folder / "site"


def actscribe(site: Path, folder: Path, *words: object) -> tuple[int, str]:
    """Run a command where the packages are installed; return exit status and output."""
    paths = os.pathsep.join([str(site), *filter(None, sys.path)])
    env = os.environ | {"PYTHONPATH": paths, "ACTSCRIBE_CACHE": str(folder / "cache"), "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "-c", RUN, *map(str, words)], env=env, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def run_in(site: Path, folder: Path, *words: object) -> tuple[int, str]:
    """Run a command in this process as if the packages were installed; return exit status and output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.setenv("ACTSCRIBE_CACHE", str(folder / "cache"))
        patch.setenv("COLUMNS", "200")
        _forget(site)
        done = CliRunner().invoke(app, [str(word) for word in words])
    _forget(site)
    return done.exit_code, done.output


def _forget(site: Path) -> None:
    """Let the registry look again, and modules of the packages be loaded again."""
    registry.added.cache_clear()
    registry._loaded.cache_clear()
    for path in site.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_it_is_trained_measured_and_compared_like_one_of_ours(site: Path, tmp_path: Path) -> None:
    recognizers = {"brightness": {"power": 0.5}, "dim": {"recognizer": "brightness"}}
    study = lamp_study(tmp_path / "study", recognizers=recognizers).parent
    code, text = actscribe(site, tmp_path, "compare", study)
    assert code == 0, text
    for name in ("brightness", "dim"):
        assert (study / "comparison" / "runs" / name / "seed-1" / "model" / "weights.txt").is_file()
    code, text = run_in(site, tmp_path, "train", study, "--recognizer", "dim")
    assert code == 0, text
    code, text = run_in(site, tmp_path, "evaluate", study / "runs" / "dim")
    assert code == 0, text
    assert "dim on test" in text
    gone = tmp_path / "nothing-installed"
    provenance, run = study / "comparison" / "provenance.json", study / "runs" / "dim"
    for words in (("report", study / "comparison"), ("compare", "--from", provenance)):
        code, text = run_in(gone, tmp_path, *words)
        assert code == 2, text
        assert f"{provenance}: was made with the recognizer 'brightness', which no installed package has." in text
        assert "Install the package that adds 'brightness'" in text
    for words in (("evaluate", run), ("evaluate", run, "--split", "validation"), ("report", run)):
        code, text = run_in(gone, tmp_path, *words)  # from what is kept
        assert code == 0, text
    code, text = run_in(gone, tmp_path, "annotate", study / "r0.mp4", "--run", run, "--out", tmp_path / "out")
    assert code == 2, text
    assert f"{run}: was made with the recognizer 'brightness', which no installed package has." in text


def test_its_settings_are_checked_and_listed(site: Path, tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", recordings=".", recognizers={"brightness": {"powr": 1}})
    code, text = run_in(site, tmp_path, "check", study)
    assert code == 2
    assert "brightness has no setting 'powr'. Did you mean 'power'?" in text
    code, text = run_in(site, tmp_path, "settings", "brightness")
    assert code == 0
    assert "Default: 1.0" in text


def test_doctor_lists_it_and_says_of_a_broken_one_what_is_wrong(site: Path, tmp_path: Path) -> None:
    code, text = run_in(site, tmp_path, "doctor")
    assert code == 0, text
    assert "brightness 1.0: brightness of the picture" in text
    assert (
        "the recognizer 'broken' of the package broken does not load: ModuleNotFoundError: No module named 'nowhere'"
        in text
    )
    study = write_study(tmp_path / "study", recordings=".", recognizers={"mine": {"recognizer": "broken"}})
    code, text = run_in(site, tmp_path, "check", study)
    assert code == 2
    assert "does not load" in text
    assert "Traceback" not in text


def by_hand(folder: Path, name: str, module: str, entry: str) -> None:
    """Install a package of one module, as the wheels are, without pip."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{name}.py").write_text(module, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[actscribe.recognizers]\n{entry}\n", encoding="utf-8")


OWN = CODE.replace("brightness:CODE", "wrecked:CODE")


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("raise SystemExit(3)\n", "does not load: SystemExit: 3"),
        ("raise KeyboardInterrupt\n", "does not load: KeyboardInterrupt"),
        ("import pytest\npytest.skip('no GPU', allow_module_level=True)\n", "does not load: Skipped: no GPU"),
        ("SPEC = 3\n", "is a int; expected a RecognizerSpec at wrecked:SPEC"),
        (
            CODE.replace("brightness:CODE", "nowhere:CODE"),
            "does not load: ModuleNotFoundError: No module named 'nowhere'",
        ),
        (CODE.replace("brightness:CODE", "wrecked_code:CODE"), "does not load: RuntimeError: no CUDA"),
        (CODE.replace("brightness:CODE", "wrecked_exit:CODE"), "does not load: SystemExit: 3"),
        (CODE.replace("brightness:CODE", "wrecked:make"), "has a function at wrecked:make; expected an Implementation"),
        (OWN.replace('picture", Settings', 'picture", dict'), "expected a class made from pydantic's BaseModel"),
        (
            OWN.replace('lambda settings: ("train",)', "lambda settings: 1 / 0"),
            "'splits' failed with ZeroDivisionError",
        ),
        (
            OWN.replace('lambda settings: ("train",)', "lambda settings: None"),
            "'splits' returned None, expected tuple",
        ),
        (
            OWN.replace("frames: InputSpec(2, 16)", "frames: InputSpec(2, 1 // 0)"),
            "'input_spec' failed with ZeroDivisionError",
        ),
        (
            OWN.replace("frames: InputSpec(2, 16)", "frames: (2, 16)"),
            "'input_spec' returned (2, 16), expected InputSpec",
        ),
    ],
)
def test_one_that_is_wrong_is_named_with_its_package(module: str, expected: str, tmp_path: Path) -> None:
    by_hand(tmp_path / "site", "wrecked", module, "wrecked = wrecked:SPEC")
    (tmp_path / "site" / "wrecked_code.py").write_text("raise RuntimeError('no CUDA')\n")
    (tmp_path / "site" / "wrecked_exit.py").write_text("raise SystemExit(3)\n")
    study = lamp_study(tmp_path / "study", recognizers={"wrecked": {}})
    code, text = run_in(tmp_path / "site", tmp_path, "check", study)
    assert code == 2, text
    assert "the recognizer 'wrecked' of the package wrecked" in text
    assert expected in " ".join(text.split())
    assert "Traceback" not in text


def test_one_whose_code_does_not_load_is_refused_before_training(tmp_path: Path) -> None:
    by_hand(tmp_path / "site", "wrecked", CODE.replace("brightness:CODE", "gone:CODE"), "wrecked = wrecked:SPEC")
    (tmp_path / "site" / "gone.py").write_text("raise RuntimeError('no CUDA')\n")
    study = lamp_study(tmp_path / "study", recognizers={"wrecked": {}})
    code, text = run_in(tmp_path / "site", tmp_path, "train", study, "--recognizer", "wrecked")
    assert (code, "Traceback" in text) == (2, False), text
    assert "of the package wrecked does not load: RuntimeError: no CUDA" in " ".join(text.split())


SAVED = 'np.savetxt(folder / "weights.txt", self.weights)'
LOADED = 'lambda folder, labels: Brightness(labels, np.loadtxt(folder / "weights.txt", ndmin=1)),'
EACH = "        for clip in clips:"


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that lets this process have a package with the recognizer 'shine'."""

    def forget() -> None:
        registry.added.cache_clear()
        registry._loaded.cache_clear()
        sys.modules.pop("brightness", None)

    def bring(module: str) -> None:
        by_hand(tmp_path / "site", "brightness", module, "shine = brightness:SPEC")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        forget()

    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    yield bring
    forget()


def output_of(*words: object) -> str:
    """Return what a command says that ends as for bad input."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 2, (done.output, done.exception)
    return " ".join(done.output.split())


ASKING = '''
import numpy as np
from pydantic import BaseModel, ConfigDict

from actscribe.models.server.tally import Tally
from actscribe.recognizers.base import Implementation, InputSpec
from actscribe.recognizers.zero_shot import Answered
from actscribe.settings.spec import RecognizerSpec


class Settings(BaseModel):
    """A model of another house.

    Args:
        address: where it is asked.
    """

    model_config = ConfigDict(extra="forbid")
    address: str = "http://10.0.0.9:1"


class House:
    def __init__(self):
        self.clips = 0

    def description(self):
        return "the house answers about lamps"

    def take(self):
        clips, self.clips = self.clips, 0
        return Tally(clips=clips, requests=clips)


HOUSE = House()


class Asking:
    def __init__(self, labels):
        self.labels, self.input_spec, self.on_answer = labels, InputSpec(2, 16), None

    def score(self, clips):
        for clip in clips:
            HOUSE.clips += 1
            scores = np.full(len(self.labels), clip.frames.mean() / 255)
            if self.on_answer:
                self.on_answer(Answered(clip.clip, scores, scores > 2, "a lamp"))
            yield scores

    def save(self, folder):
        (folder / "asking.txt").write_text("asking")


CODE = Implementation(
    lambda settings, frames: InputSpec(2, 16),
    lambda inputs: Asking(inputs.labels),
    lambda folder, labels: Asking(labels),
    servers=lambda settings: {"model": HOUSE},
)
SPEC = RecognizerSpec(
    "asks a model of another house",
    Settings,
    "brightness:CODE",
    lambda settings: (),
    server=lambda settings: settings.address,
    answers=True,
)
'''


def test_what_its_model_answers_and_its_server_was_sent_is_kept(tmp_path: Path, brought: Callable[[str], None]) -> None:
    brought(ASKING)
    study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"shine": {}}, empty_labels="allow").parent

    def output(*words: object) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, (done.output, done.exception)
        return " ".join(done.output.split())

    text = output("check", study)
    assert "shine: the house answers about lamps" in text
    assert "the tiny ones of the package" not in text
    output("train", study, "--recognizer", "shine")
    run = study / "runs" / "shine"
    text = output("evaluate", run)
    assert "Server, model: " in text
    captions = json.loads((run / "captions-test.json").read_text(encoding="utf-8"))
    assert {one["caption"] for one in captions} == {"a lamp"}
    served = json.loads((run / "servers-test.json").read_text(encoding="utf-8"))
    assert served["notes"] == ["the house answers about lamps."]
    assert [row["requests"] for row in served[SENT]] == [len(captions)]
    assert (run / "hallucination-test.json").is_file()


def test_one_that_says_it_answers_and_takes_no_listener_is_named(
    tmp_path: Path, brought: Callable[[str], None]
) -> None:
    brought(ASKING.replace(", self.on_answer = labels, InputSpec(2, 16), None", " = labels, InputSpec(2, 16)"))
    study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"shine": {}}, empty_labels="allow")
    assert "it has no on_answer" in output_of("train", study, "--recognizer", "shine")


STEPPING = """
import numpy as np
import torch
from pydantic import BaseModel

from actscribe.features.embedder import Encoder
from actscribe.features.sequences import Stepping
from actscribe.recognizers.abilities import ScoresSteps
from actscribe.recognizers.base import Implementation, InputSpec
from actscribe.settings.spec import RecognizerSpec


class Grey:
    encoder = Encoder("grey", "frame", 1, 1, 4, 8)

    def embed(self, clips):
        return [torch.from_numpy(clip.frames.mean(axis=(1, 2, 3), keepdims=True)[:, :, 0, 0] / 255) for clip in clips]


class Stepper(ScoresSteps):
    def __init__(self, labels):
        self.labels, self.input_spec, self.embedder = labels, InputSpec(2, 16), Grey()
        self.stepping = Stepping(Grey.encoder, 0.5, (3.0,), True)

    def score(self, clips):
        for clip in clips:
            yield self.score_steps(self.embedder.embed([clip])[0]).mean(axis=0)

    def score_steps(self, features):
        brightness = np.stack([row.numpy() for row in features])
        return np.clip(np.repeat(brightness, len(self.labels), axis=1), 0, 1).astype(np.float32)

    def follower(self, together):
        raise NotImplementedError

    def save(self, folder):
        (folder / "stepper.txt").write_text("steps")


CODE = Implementation(
    lambda settings, frames: InputSpec(2, 16),
    lambda inputs: Stepper(inputs.labels),
    lambda folder, labels: Stepper(labels),
)
SPEC = RecognizerSpec("brightness of each step", type("Settings", (BaseModel,), {}), "brightness:CODE", lambda _: ())
"""


def test_it_scores_recordings_step_by_step(tmp_path: Path, brought: Callable[[str], None]) -> None:
    brought(STEPPING)
    study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"shine": {}}, empty_labels="allow")
    run = train(study, "shine")
    scored = score_split(run, "test")
    (steps, *_) = scored.steps.values()
    assert steps.step == 0.5
    assert len(steps.scores) == len(steps.times) > len(scored.clips) / len(scored.steps)


def test_what_its_scoring_of_steps_raises_is_a_sentence(tmp_path: Path, brought: Callable[[str], None]) -> None:
    study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"shine": {}}, empty_labels="allow")
    brought(STEPPING.replace("brightness = np.stack", "brightness = 1 / 0; np.stack"))
    text = output_of("train", study, "--recognizer", "shine")
    assert "the recognizer 'shine' of the package brightness: 'score_steps' failed with ZeroDivisionError" in text


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("    return Brightness(inputs.labels, weights)", "    return {}[3]", "'make' failed with KeyError: 3 ("),
        (
            "    return Brightness(inputs.labels, weights)",
            "    return 3",
            "'make' returned 3, expected a recognizer; it has no",
        ),
        (SAVED, "raise ValueError('no words')", "'save' failed with ValueError: no words ("),
        (LOADED, "lambda folder, labels: labels[7],", "'load' failed with TypeError: "),
        (EACH, f"{EACH}\n            1 / 0", "'score' failed with ZeroDivisionError: "),
        (EACH, f"        raise SystemExit(3)\n{EACH}", "'score' failed with SystemExit: 3 ("),
    ],
)
def test_what_it_raises_is_a_sentence_and_a_traceback_for_who_asks(
    old: str, new: str, sentence: str, tmp_path: Path, brought: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CODE.count(old) == 1
    brought(CODE.replace(old, new))
    study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"shine": {}}, empty_labels="allow")
    words = ("train", study, "--recognizer", "shine", "--overwrite")
    text = output_of(*words)
    assert f"the recognizer 'shine' of the package brightness: {sentence}" in text
    assert "Traceback" not in text
    if "failed" in sentence:
        assert "(brightness.py, line " in text
        assert "with ACTSCRIBE_TRACEBACK=1 before it" in text
        monkeypatch.setenv("ACTSCRIBE_TRACEBACK", "1")
        text = output_of(*words)
        assert "Traceback (most recent call last)" in text
        assert sentence in text


def test_a_plan_that_fails_is_named_and_a_video_that_is_gone_is_not_the_packages_fault(
    tmp_path: Path, brought: Callable[[str], None]
) -> None:
    planned = CODE.replace("ndmin=1)),\n)", "ndmin=1)),\n    plan=lambda settings, frames, labels: 1 / 0,\n)")
    assert planned != CODE
    brought(planned)
    study = lamp_study(tmp_path / "study", 3, 4.0, recognizers={"shine": {}}, empty_labels="allow")
    loaded = load_study(study)
    with pytest.raises(ActScribeError, match="package brightness: 'plan' failed with ZeroDivisionError"):
        too_large(loaded, "shine", 2)

    def gone() -> Iterator[ClipFrames]:
        raise FileNotFoundError(2, "No such file", "r0.mp4")
        yield

    (tmp_path / "weights.txt").write_text("1\n1\n")
    recognizer = implementation("shine").load(tmp_path, loaded.label_set())
    with pytest.raises(FileNotFoundError, match=r"r0\.mp4"):
        list(recognizer.score(gone()))


def test_scores_that_are_a_list_are_refused(tmp_path: Path) -> None:
    listed = CODE.replace("yield np.clip(", "yield list(").replace(", 0, 1)", ")")
    by_hand(tmp_path / "site", "brightness", listed, "brightness = brightness:SPEC")
    study = lamp_study(tmp_path / "study", recognizers={"brightness": {}})
    code, text = run_in(tmp_path / "site", tmp_path, "train", study, "--recognizer", "brightness")
    assert (code, "Traceback" in text) == (2, False), text
    assert "expected a NumPy array of 2 numbers" in text


def test_of_two_packages_with_one_name_none_is_taken(tmp_path: Path) -> None:
    for name in ("bright", "brilliant"):
        by_hand(tmp_path / "site", name, CODE.replace("brightness:CODE", f"{name}:CODE"), f"shine = {name}:SPEC")
    study = write_study(tmp_path / "study", recordings=".", recognizers={"shine": {}})
    code, text = run_in(tmp_path / "site", tmp_path, "check", study)
    assert code == 2
    assert "the recognizer 'shine' is provided 2 times, by bright and brilliant; expected one." in text


def test_a_name_that_leads_out_of_the_runs_is_refused(tmp_path: Path) -> None:
    by_hand(tmp_path / "site", "evil", CODE.replace("brightness:CODE", "evil:CODE"), "../../evil = evil:SPEC")
    study = lamp_study(tmp_path / "study", recognizers={"timesformer": {}}).parent
    code, text = run_in(tmp_path / "site", tmp_path, "train", study, "--recognizer", "../../evil")
    assert code == 2, text
    assert "the package evil calls a recognizer '../../evil'; expected letters" in text
    assert not list(tmp_path.glob("evil*"))
