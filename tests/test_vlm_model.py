"""Every family, against transformers' own forward and generate on the same checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_vlms
import torch
from hypothesis import given
from hypothesis import strategies as st

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.models.vlm import Vlm, load_vlm, plan_batches, vision
from actscribe.models.vlm.answers import yes_no_tokens
from actscribe.models.vlm.vlm import ROWS_AT_ONCE, exact_logits
from actscribe.video.sampling import sample_times

QUESTIONS = ("Is the baby visible?", "Is there suction in this video clip?", "no")


def clip_of(seed: int, frames: int = 8, content: str = "", start: float = 0.0) -> ClipFrames:
    pixels = np.random.default_rng(seed).integers(0, 256, (frames, 48, 64, 3), dtype=np.uint8)
    return ClipFrames(Clip("r", start, start + 3), content, pixels, sample_times(start, start + 3, frames))


@pytest.fixture(scope="session", params=list(tiny_vlms.FAMILIES))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def vlm(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Vlm:
    return load_vlm(tiny_vlms.build(kind, tmp_path_factory.mktemp(kind)), "float32")


def reference(vlm: Vlm, clip: ClipFrames, text: str) -> dict[str, torch.Tensor]:
    """The inputs that transformers' own processor makes of a clip and a text."""
    before, after = vlm.prompter.frame()
    indices = [round((index + 0.5) * 3000 / len(clip.frames)) for index in range(len(clip.frames))]
    metadata = {"total_num_frames": 3000, "fps": 1000.0, "duration": 3.0, "frames_indices": indices}
    made = vlm.processor(
        text=[before + text + after],
        videos=[torch.from_numpy(clip.frames).permute(0, 3, 1, 2)],
        video_metadata=[metadata],
        do_sample_frames=False,
        return_tensors="pt",
    )
    return dict(made)


def test_hidden_states_are_those_of_transformers(vlm: Vlm) -> None:
    clip = clip_of(1)
    made = reference(vlm, clip, QUESTIONS[0])
    expected = vlm.model(**made, output_hidden_states=True)
    hidden = vlm.hidden(vlm.inputs([clip], [QUESTIONS[0]]))
    assert hidden.states.shape == (1, made["input_ids"].shape[1], vlm.width)
    torch.testing.assert_close(hidden.states, expected.hidden_states[-1], atol=1e-5, rtol=0)
    torch.testing.assert_close(
        vlm.logits(vlm.inputs([clip], [QUESTIONS[0]])), expected.logits[:, -1], atol=1e-5, rtol=0
    )


def test_video_positions_are_counted(vlm: Vlm, kind: str) -> None:
    clips = [clip_of(1), clip_of(2, frames=5)]
    hidden = vlm.hidden(vlm.inputs(clips, QUESTIONS[:2]))
    assert tuple(hidden.video.sum(1).tolist()) == tiny_vlms.TOKENS[kind]
    assert (vlm.video_tokens(8, 48, 64), vlm.video_tokens(5, 48, 64)) == tiny_vlms.TOKENS[kind]
    assert not bool((hidden.video & ~hidden.mask).any())


def test_padding_changes_nothing(vlm: Vlm) -> None:
    inputs = vlm.inputs([clip_of(1), clip_of(2, frames=5)], QUESTIONS[:2])
    batch = vlm.hidden(inputs)
    for row, one in enumerate(inputs):
        alone = vlm.hidden([one]).states[0]
        torch.testing.assert_close(batch.states[row, : len(one)], alone, atol=1e-5, rtol=0)
        assert int(batch.mask[row].sum()) == len(one)


def test_branches_are_plain_forwards(vlm: Vlm) -> None:
    clip = clip_of(3)
    shared = "A video of a resuscitation.\n"
    plain = torch.cat([vlm.logits(vlm.inputs([clip], [shared + question])) for question in QUESTIONS])
    branched = vlm.branch(vlm.prefix(clip, shared), QUESTIONS)
    assert branched.shape == (3, vlm.model.config.get_text_config().vocab_size)
    torch.testing.assert_close(branched, plain, atol=1e-4, rtol=0)
    assert float((plain[0] - plain[1]).abs().max()) > 0.01  # else the comparison would say nothing


def test_a_prompt_cut_inside_a_word_branches_alike(vlm: Vlm) -> None:
    clip = clip_of(3)
    plain = vlm.logits(vlm.inputs([clip], ["Is the baby visible?"]))
    torch.testing.assert_close(vlm.branch(vlm.prefix(clip, "Is the ba"), ["by visible?"]), plain, atol=1e-4, rtol=0)


def test_text_is_that_of_transformers_generate(vlm: Vlm) -> None:
    clip = clip_of(4)
    made = reference(vlm, clip, "Describe what happens.")
    whole = vlm.model.generate(**made, do_sample=False, max_new_tokens=10)[0, made["input_ids"].shape[1] :]
    expected = vlm.prompter.tokenizer.decode(whole, skip_special_tokens=True).strip()
    prefix = vlm.prefix(clip, "Describe what")
    assert vlm.generate(prefix, " happens.", most=10) == expected
    assert vlm.generate(prefix, " happens.", most=10) == expected  # the prefix is still whole
    assert len(expected) > 3


def test_tokens_are_as_sure_as_transformers_says(vlm: Vlm) -> None:
    clip = clip_of(4)
    made = reference(vlm, clip, "Describe what happens.")
    generated = vlm.model.generate(
        **made, do_sample=False, max_new_tokens=10, output_scores=True, return_dict_in_generate=True
    )
    scores = vlm.model.compute_transition_scores(generated.sequences, generated.scores, normalize_logits=True)[0]
    wrote = vlm.write(vlm.prefix(clip, "Describe what"), " happens.", most=10)
    np.testing.assert_allclose(wrote.probabilities, scores[: len(wrote.probabilities)].exp(), atol=1e-5)
    assert wrote.whole == (len(wrote.probabilities) < 10)
    assert wrote.ends[-1] == len(wrote.text)
    assert sorted(wrote.ends) == list(wrote.ends)


def test_generation_stops_at_the_end_token(vlm: Vlm) -> None:
    prefix = vlm.prefix(clip_of(4), "Describe")
    first = int(vlm.branch(prefix, [""]).argmax())
    before = vlm.model.generation_config.eos_token_id
    vlm.model.generation_config.eos_token_id = [first]
    try:
        assert vlm.generate(prefix) == ""
    finally:
        vlm.model.generation_config.eos_token_id = before


def test_order_of_frames_matters(vlm: Vlm) -> None:
    clip = clip_of(5)
    backwards = replace(clip, frames=clip.frames[::-1].copy())
    forth, back = (vlm.logits(vlm.inputs([one], ["What?"])) for one in (clip, backwards))
    assert float((forth - back).abs().max()) > 0.01


def test_overlapping_windows_share_the_vision_tower(vlm: Vlm) -> None:
    step = 0.5
    video = np.random.default_rng(6).integers(0, 256, (24, 48, 64, 3), dtype=np.uint8)
    clips = []
    for start in range(5):
        times = sample_times(start, start + 4, 8)
        clips.append(ClipFrames(Clip("r", start, start + 4), "abc", video[(times / step).astype(int)], times))
    distinct = len({time for clip in clips for time in clip.times.tolist()})
    vlm.vision.clear()
    ran, asked = vlm.vision.frames_run, vlm.vision.frames_asked
    kept = [vlm.logits(vlm.inputs([clip], ["What?"])) for clip in clips]
    assert vlm.vision.frames_run - ran == distinct == 16  # windows start on even frames here, so Qwen's pairs coincide
    assert vlm.vision.frames_asked - asked == 40
    for clip, shared in zip(clips, kept, strict=True):
        alone = vlm.logits(vlm.inputs([replace(clip, content="")], ["What?"]))
        torch.testing.assert_close(shared, alone, atol=1e-5, rtol=0)


def test_three_second_windows_run_each_frame_once(vlm: Vlm) -> None:
    video = np.random.default_rng(8).integers(0, 256, (40, 48, 64, 3), dtype=np.uint8)
    asked: set[float] = set()
    vlm.vision.clear()
    ran = vlm.vision.frames_run
    for start in range(10):
        times = sample_times(start, start + 3, 8)
        clip = ClipFrames(Clip("r", start, start + 3), "windows", video[(times / 0.375).astype(int)], times)
        vlm.hidden(vlm.inputs([clip], ["What?"]))
        asked |= set(times.tolist())
    share = (vlm.vision.frames_run - ran) / len(asked)
    assert share == 1 if vlm.family.frames_per_unit == 1 else 1 <= share <= 2  # pairs of frames start odd or even


def test_the_store_forgets_the_oldest(vlm: Vlm) -> None:
    vlm.vision.clear()
    before, vlm.vision.limit = vlm.vision.limit, 1
    try:
        clip = clip_of(7, content="forgotten")
        ran = vlm.vision.frames_run
        first, second = (vlm.logits(vlm.inputs([clip], ["What?"])) for _ in range(2))
    finally:
        vlm.vision.limit = before
    assert vlm.vision.frames_run - ran >= 14  # at most the last unit was still there
    torch.testing.assert_close(first, second, atol=1e-5, rtol=0)


def test_large_pictures_go_through_the_tower_one_at_a_time(vlm: Vlm, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []

    def counting(model: Any, units: torch.Tensor, grid: torch.Tensor | None) -> Any:
        rows.append(len(units))
        return encode(model, units, grid)

    encode = vlm.family.encode
    monkeypatch.setattr(vlm, "family", replace(vlm.family, encode=counting))
    together = vlm.logits(vlm.inputs([clip_of(9)], ["What?"]))
    assert rows == [8 // vlm.family.frames_per_unit]
    monkeypatch.setattr(vision, "VALUES_ON_CPU", 1)
    alone = vlm.logits(vlm.inputs([clip_of(9)], ["What?"]))
    assert rows[1:] == [1] * (8 // vlm.family.frames_per_unit)
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)
    assert vision.units_at_once(3 * 224 * 224, torch.device("cpu")) == 1
    assert vision.units_at_once(3 * 224 * 224, torch.device("cuda")) == 16


def test_training_the_vision_tower_leaves_the_store_alone(vlm: Vlm) -> None:
    clip = clip_of(8, content="trained")
    vlm.vision.clear()
    weight = vlm.model.get_submodule(vlm.lora_targets("vision")[0]).weight.requires_grad_(True)
    try:
        ran = vlm.vision.frames_run
        for _ in range(2):
            vlm.hidden(vlm.inputs([clip], ["What?"])).states.sum().backward()
        assert vlm.vision.frames_run - ran == 16
        assert weight.grad is not None
        assert float(weight.grad.abs().sum()) > 0
    finally:
        weight.requires_grad_(False)
        weight.grad = None


def test_one_frame_is_enough(vlm: Vlm) -> None:
    clip = clip_of(9, frames=1)
    hidden = vlm.hidden(vlm.inputs([clip], ["What?"]))
    assert int(hidden.video.sum()) == vlm.video_tokens(1, 48, 64)
    assert bool(torch.isfinite(hidden.states).all())


def test_yes_and_no_are_apart(vlm: Vlm) -> None:
    yes, no = vlm.yes_no_tokens()
    decode = vlm.prompter.tokenizer.decode
    assert {decode([token]).strip().casefold() for token in yes} == {"yes"}
    assert {decode([token]).strip().casefold() for token in no} == {"no"}
    assert len(yes) >= 2  # " yes" and " Yes" at least


def test_lora_targets_name_query_and_value(vlm: Vlm, kind: str) -> None:
    language, vision = vlm.lora_targets("language"), vlm.lora_targets("vision")
    assert len(language) == 4  # two layers, query and value
    assert len(vision) == tiny_vlms.VISION_TARGETS.get(kind, 4)
    assert vlm.lora_targets("both") == [n for n in (*vision, *language) if n in vlm.lora_targets("both")]
    modules = dict(vlm.model.named_modules())
    assert all(isinstance(modules[name], torch.nn.Linear) for name in (*language, *vision))


def test_lora_targets_by_plain_names_and_by_the_models_own(vlm: Vlm) -> None:
    linear = {n for n, module in vlm.model.model.named_modules() if isinstance(module, torch.nn.Linear)}
    language = {f"model.{n}" for n in linear if n.startswith(("language_model", "text_model"))}
    assert set(vlm.lora_targets("language", ("all-linear",))) == language
    attention, mlp = (set(vlm.lora_targets("language", (name,))) for name in ("attention", "mlp"))
    assert (len(attention), len(mlp)) == (8, 6)  # two layers of query, key, value, output; gate, up, down
    assert attention | mlp == language
    assert {name.rpartition(".")[2] for name in vlm.lora_targets("language", ("k_proj", "up_proj"))} == {
        "k_proj",
        "up_proj",
    }
    vision = vlm.lora_targets("vision", ("all-linear",))
    assert not language & set(vision)
    assert set(vision) == {*vlm.lora_targets("vision", ("attention",)), *vlm.lora_targets("vision", ("mlp",))}
    assert not [name for name in vision if "projector" in name or "connector" in name or "merger" in name]
    with pytest.raises(ActScribeError, match=r"(?s)either tower is called 'atention'.*Did you mean 'attention'"):
        vlm.lora_targets("both", ("atention",))


def test_placeholder_words_in_a_question_are_refused(vlm: Vlm) -> None:
    with pytest.raises(ActScribeError, match="which this model reads as a video"):
        vlm.inputs([clip_of(1)], [f"Is {vlm.processor.video_token} here?"])


def test_describe_names_the_checkpoint(vlm: Vlm, kind: str) -> None:
    described = vlm.describe()
    assert described.parameters == sum(weight.numel() for weight in vlm.model.parameters())
    assert described.dtype == "float32"
    assert len(described.digest) == 32
    assert vlm.short_side > 0


def test_half_precision_agrees(vlm: Vlm, kind: str, tmp_path: Path) -> None:
    half = load_vlm(tiny_vlms.build(kind, tmp_path), dtype="bfloat16")
    clip = clip_of(10)
    full, rounded = (one.branch(one.prefix(clip, "A video. "), QUESTIONS) for one in (vlm, half))
    assert rounded.dtype == torch.float32
    assert float(torch.nn.functional.cosine_similarity(full, rounded).min()) > 0.99


def test_words_without_a_token_of_their_own_begin_with_a_piece() -> None:
    letters = tiny_vlms.tokenizer({}, pieces=256)
    assert [[letters.decode([t]) for t in tokens] for tokens in yes_no_tokens(letters, "x")] == [["Y", "y"], ["N", "n"]]


def test_a_tokenizer_that_begins_both_words_alike_is_refused() -> None:
    class Deaf:
        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            return [0, 1]

        def decode(self, ids: list[int]) -> str:
            return "?"

        def get_vocab(self) -> dict[str, int]:
            return {"?": 0}

    with pytest.raises(ActScribeError, match="has no token that begins 'yes' but not 'no'"):
        yes_no_tokens(Deaf(), "x")


@given(st.lists(st.integers(1, 300), max_size=40), st.integers(1, 1000))
def test_batches_hold_every_item_once_and_fit(lengths: list[int], budget: int) -> None:
    batches = plan_batches(lengths, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= budget


def test_batches_put_like_lengths_together() -> None:
    assert plan_batches([10, 100, 11, 101, 12], 205) == [[0, 2, 4], [1, 3]]
    assert plan_batches([], 5) == []
    with pytest.raises(ValueError):
        plan_batches([1], 0)


@pytest.mark.parametrize("bias", [True, False])
def test_logits_are_not_rounded_to_the_precision_of_the_weights(bias: bool) -> None:
    torch.manual_seed(0)
    head = torch.nn.Linear(16, 2 * ROWS_AT_ONCE + 3, bias=bias).to(torch.bfloat16).requires_grad_(False)
    states = (30 * torch.randn(3, 16)).to(torch.bfloat16)
    expected = states.double() @ head.weight.double().T + (head.bias.double() if bias else 0)
    logits = exact_logits(head, states)
    assert logits.dtype == torch.float32
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    assert float((head(states).double() - expected).abs().max()) > 1e-2  # what is avoided
