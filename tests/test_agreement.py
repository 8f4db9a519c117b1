"""A quantized model against the full one: counted by hand on clients that say what they are told, then wired up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_vlms
import vlm_inputs

from actscribe.data.input_spec import ClipFrames
from actscribe.models.vlm import loading
from actscribe.models.yes_no import YesNo
from actscribe.recognizers import agreement as room
from actscribe.recognizers.agreement import agreement
from actscribe.recognizers.base import implementation
from actscribe.recognizers.prompts import prompts
from actscribe.settings.study import parse_settings

TEXTS = prompts(vlm_inputs.LABELS)


class Says:
    """Answers two questions per clip from a list."""

    identity: dict[str, str] = {}

    def __init__(self, *answers: tuple[float | None, float | None]) -> None:
        self.left = list(answers)

    def written(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[str]:
        raise AssertionError("nothing is to be written")

    def yes_no(self, clip: ClipFrames, opening: str, endings: Sequence[str]) -> list[YesNo]:
        assert list(endings) == list(TEXTS.questions)
        return [YesNo(probability) for probability in self.left.pop(0)]


def test_answers_are_compared_by_hand() -> None:
    made, _ = vlm_inputs.clips("film", 2, 4, 0)
    one, other = Says((0.9, 0.2), (0.6, None)), Says((0.8, 0.4), (0.3, 0.5))
    comparison = agreement(one, other, [made[0], made[1]], TEXTS)
    assert (comparison.clips, comparison.answers, comparison.same) == (2, 4, 0.75)
    assert comparison.largest == pytest.approx(0.3)
    assert comparison.mean == pytest.approx((0.1 + 0.2 + 0.3 + 0.0) / 4)


@pytest.mark.parametrize("name", ["vlm-list", "vlm-yesno"])
def test_a_quantized_model_is_compared_before_it_is_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no GPU here: the "quantized" model is the float32 one."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "_quantization", lambda quantize, where: {})
    monkeypatch.setattr(room, "CLIPS", 3)
    model = tiny_vlms.build("smolvlm", tmp_path / "vlm")
    for quantize in (None, "4bit"):
        folder = tmp_path / str(quantize)
        folder.mkdir()
        settings = parse_settings(name, {"model": str(model), "quantize": quantize, "dtype": "float32"})
        implementation(name).make(replace(vlm_inputs.training_inputs(folder, "vlm-head"), settings=settings))
        assert (folder / room.QUANTIZATION_FILE).is_file() == (quantize is not None)
    comparison = json.loads((folder / room.QUANTIZATION_FILE).read_text())
    assert (comparison["quantize"], comparison["clips"], comparison["answers"]) == ("4bit", 3, 6)
    assert 0 < comparison["largest"] < 0.05
    assert "4bit against bfloat16 on 3 clips" in capsys.readouterr().out
