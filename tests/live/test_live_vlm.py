"""Watching with a vision-language model: the answers of offline scoring, and nothing kept of what never comes again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_lamps import SECONDS, Calm, Heard, Made, chosen, lamp_run, lamps
from small_studies import LEFT, RIGHT

from actscribe.annotations import read
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.live.arrivals import Event
from actscribe.live.watch import watch
from actscribe.recognizers.answers import AnswerStore, default_store
from actscribe.recognizers.base import implementation
from actscribe.run_folder.run import Run
from actscribe.runs.annotate import annotate_each
from actscribe.runs.one_video import Loaded, load
from actscribe.runs.scoring import score_recordings
from actscribe.settings.registry import BUILT_IN
from actscribe.training.inputs import TrainingInputs

LABELS = LabelSet(name="lamps", labels=(LEFT, RIGHT))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run of the embedded model that is asked yes or no about each lamp."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    made = lamp_run(tmp_path / "run", "vlm-yesno")
    settings, code, nothing = BUILT_IN["vlm-yesno"].settings(), implementation("vlm-yesno"), None
    inputs: Any = (nothing,) * 4
    own = TrainingInputs(LABELS, settings, code.input_spec(settings, 4), *inputs, made.folder, seed=0)
    (made.folder / "model").mkdir()
    code.make(own).save(made.folder / "model")
    made.note(made.folder / "model")
    made.save_info()
    return made


def kept_answers() -> AnswerStore:
    return default_store()


def watched(run: Run, source: Any, tmp_path: Path, video: Path | None = None, loaded: Loaded | None = None) -> Heard:
    heard = Heard()
    watch(chosen(source, video, passes=video is None), run, tmp_path / "lamps", heard, loaded=loaded)
    return heard


def test_a_camera_is_asked_about_and_nothing_of_it_is_kept(run: Run, tmp_path: Path) -> None:
    source = Made([*lamps(6.0), Event("end", 6.0, "over")], speed=1e-3)  # on no machine is a window left out
    heard = watched(run, source, tmp_path)
    assert len(heard.of("window")) == 5
    assert len(kept_answers()) == 0  # what a ward looked like is nobody's answer again
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    scores = np.array([line["scores"] for line in heard.of("window")])
    assert scores.std() > 0


def test_of_a_file_that_is_played_the_offline_timeline_asks_nothing_again(run: Run, tmp_path: Path) -> None:
    video = tmp_path / "study" / "r0.mp4"
    loaded = load(run)
    asked: list[float] = []
    ask = loaded.recognizer.ask  # type: ignore[attr-defined]

    def counted(clip: Any, reads: bool) -> Any:
        before = len(kept_answers())
        answered = ask(clip, reads)
        asked.extend([clip.clip.start] * (len(kept_answers()) > before))
        return answered

    loaded.recognizer.ask = counted  # type: ignore[attr-defined]
    heard = watched(run, Calm(video), tmp_path, video, loaded)
    starts = [line["start"] for line in heard.of("window")]
    assert asked == starts == [float(start) for start in range(11)]
    recording = Recording("r0", video, SECONDS, "content", "g")
    offline = score_recordings(run.recognizer(), [recording], run.labels, run.study.windows, "x")
    np.testing.assert_allclose([line["scores"] for line in heard.of("window")], offline.scores, atol=1e-6)
    (again,) = annotate_each([video], run, ("json",), tmp_path / "offline")
    assert read(tmp_path / "lamps.json").intervals == read(again.files[0]).intervals
