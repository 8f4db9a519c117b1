"""Where networks run and how much at once: what was asked for, what suits the device, what is refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.compute import Compute, asking
from actscribe.errors import ActScribeError
from actscribe.models import compiling
from actscribe.models import device as devices
from actscribe.models.device import computing


def test_a_processor_scores_one_clip_at_a_time_and_a_gpu_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "device", lambda: torch.device("cpu"))
    assert devices.clips_at_once() == 1
    monkeypatch.setattr(devices, "device", lambda: torch.device("cuda"))
    assert devices.clips_at_once() == devices.CLIPS_ON_GPU > 1
    with asking(Compute(batch_size=3)):
        assert devices.clips_at_once() == 3


def test_the_device_that_was_asked_for_is_taken_or_refused() -> None:
    with computing(Compute("cpu")):
        assert devices.device() == torch.device("cpu")
    for name in ("gpu", "cuda" if not torch.cuda.is_available() else "cuda:99", "meta"):
        with pytest.raises(ActScribeError, match=f"'{name}'"), computing(Compute(name)):
            pytest.fail("the block began")


def test_the_copy_for_scoring_holds_matrices_in_bf16_and_shares_the_rest() -> None:
    network = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
    assert devices.for_scoring(network, False) is network
    made = devices.for_scoring(network, True)
    assert (made[0].weight.dtype, network[0].weight.dtype) == (torch.bfloat16, torch.float32)
    assert made[1].weight is network[1].weight
    shown = torch.randn(3, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(made(shown), network(shown))


def test_threads_are_set_inside_the_block_only() -> None:
    before = torch.get_num_threads()
    with computing(Compute(threads=before + 2)):
        assert torch.get_num_threads() == before + 2
    assert torch.get_num_threads() == before
    for wrong in ((0, None), (None, -1)):
        with pytest.raises(ActScribeError, match="whole number from 1"):
            Compute("auto", *wrong)


#: Of every command that runs a network, what it needs beside a device.
NETWORKS = {
    "train": ["nowhere"],
    "evaluate": ["nowhere"],
    "compare": ["nowhere"],
    "next": ["nowhere"],
    "annotate": ["a.mp4", "--run", "run"],
    "watch": ["a.mp4", "--run", "run"],
    "review": ["nowhere", "--prepare"],
    "archive": ["nowhere", "--run", "run", "--out", "out"],
    "benchmark": ["folder", "--videos", "here", "--backbone", "clip"],
    "models plan": ["embedded"],
    "demo": [],
}


@pytest.mark.parametrize("command", NETWORKS)
def test_every_command_that_runs_a_network_takes_a_device_and_refuses_an_unknown_one(command: str) -> None:
    words = command.split()
    done = CliRunner().invoke(app, [*words, *NETWORKS[command], "--device", "gpu"])
    assert done.exit_code == 2
    assert "Unknown device 'gpu'" in done.output
    helped = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    assert all(option in helped for option in ("--device", "--threads", "--batch-size", "--compile"))


def test_no_other_command_runs_a_network() -> None:
    without = {"agreement", "check", "convert", "doctor", "indicators", "new", "plot", "report", "settings"}
    assert without | {command for command in NETWORKS if " " not in command} == {
        one.callback.__name__ for one in app.registered_commands if one.callback
    } | {"demo"}


def test_clips_are_prepared_beside_a_gpu_alone_and_only_by_forked_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.reading_processes() == 0
    monkeypatch.setattr(devices, "device", lambda: torch.device("cuda"))
    monkeypatch.setattr(devices.os, "cpu_count", lambda: 3)
    for way, expected in (("fork", 3), ("spawn", 0), ("forkserver", 0)):
        monkeypatch.setattr(devices.multiprocessing, "get_start_method", lambda allow_none, way=way: way)
        assert devices.reading_processes() == expected


def test_training_refuses_a_gpu_that_the_trainer_would_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    for where in ("cpu", "cuda", "cuda:0", "mps"):
        monkeypatch.setattr(devices, "device", lambda where=where: torch.device(where))
        devices.check_trains_here()
    monkeypatch.setattr(devices, "device", lambda: torch.device("cuda:2"))
    with pytest.raises(ActScribeError, match="first GPU that it sees") as caught:
        devices.check_trains_here()
    assert "CUDA_VISIBLE_DEVICES=2" in caught.value.hint
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,7")
    with pytest.raises(ActScribeError) as caught:
        devices.check_trains_here()
    assert "CUDA_VISIBLE_DEVICES=7" in caught.value.hint


def test_where_networks_run_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "bfloat16_pays", lambda: (True, "the processor has AMX"))
    with devices.computing(Compute(threads=1, batch_size=3)):
        assert devices.in_words() == (
            "Networks run on the processor with 1 thread, in bf16 by default, 3 clips at a time."
        )


def test_a_compiled_network_scores_as_it_does_without_and_the_trained_one_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Traced as for any machine, but run by PyTorch itself, so that no compiler of C++ is needed here."""
    monkeypatch.setattr(compiling, "BACKEND", "aot_eager")
    monkeypatch.setattr(compiling, "_has_compiler", lambda: True)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.GELU(), torch.nn.Linear(8, 3)).eval()
    shown = torch.randn(4, 8)
    with devices.computing(Compute("cpu", compile=True)):
        assert devices.in_words().endswith("1 clip at a time, compiled at the first batch.")
        made = devices.for_scoring(network, False)
        before = compile_counters()
        torch.testing.assert_close(made(shown), network(shown), rtol=1e-5, atol=1e-6)
        assert compile_counters() == before + 1
        made(shown)
        assert compile_counters() == before + 1
        assert [id(one) for one in made.parameters()] == [id(one) for one in network.parameters()]
        held = devices.for_scoring(network, True)
        assert held[0].weight.dtype == torch.bfloat16
    assert network._compiled_call_impl is None
    assert devices.for_scoring(network, False) is network


def compile_counters() -> int:
    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])


@pytest.mark.parametrize(
    ("where", "message"), [("cpu", "a C\\+\\+ compiler"), ("cuda", "Triton"), ("mps", "not for Apple's")]
)
def test_what_cannot_be_compiled_for_is_said_first(where: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "device", lambda: torch.device(where))
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ActScribeError, match=message), devices.computing(Compute(where, compile=True)):
        raise AssertionError
