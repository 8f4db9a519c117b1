"""Two processes of one training from the command line, on Gloo: the same run as one makes, one voice, no hang."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_vlms
import yaml
from accelerate.commands.config.config_args import ClusterConfig
from dual_encoder_inputs import QUICK, checkpoint
from safetensors.numpy import load_file
from small_studies import LEFT, RIGHT, lamp_study
from tiny_models import tiny_timesformer
from typer.testing import CliRunner

from actscribe import Run, load_study, processes, train
from actscribe.cli import app, guard
from actscribe.errors import ActScribeError
from actscribe.runs.trainable import check_shares
from actscribe.settings.study import parse_settings

SCRIPT = Path(__file__).parent / "commands_in_turn.py"
NAMES = ("timesformer", "vifi-clip", "vlm-head", "vlm-lora")
TORCHRUN = ("torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1", "--master-port={port}")
ACCELERATE = (
    "accelerate.commands.launch",
    "--num_processes=2",
    "--num_machines=1",
    "--multi_gpu",  # its way of saying several processes: with --cpu it starts one, whatever their number
    "--mixed_precision=no",
    "--dynamo_backend=no",
    "--main_process_port={port}",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("several")
    tiny_vlms.build("smolvlm", root / "vlm")
    vlm = {
        "model": str(root / "vlm"),
        "batch_size": 4,
        "epochs": 1,
        "precision": "float32",
        "dropout": 0.0,
        "warmup": 0.0,
    }
    frames = {"batch_size": 4, "epochs": 2, "precision": "float32", "learning_rate": 1e-3}
    recognizers = {
        "timesformer": {**frames, "model": str(tiny_timesformer(root / "timesformer"))},
        "vifi-clip": {**QUICK, **frames, "model": str(checkpoint("vifi-clip", root))},
        "vlm-head": vlm,
        "vlm-lora": {**vlm, "rank": 2, "probe_epochs": 1, "adapter_dropout": 0.0},
    }
    words = [{"name": LEFT, "phrase": "push cup left"}, {"name": RIGHT, "phrase": "push cup right"}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))
        yield lamp_study(
            root / "study", 5, 4.0, recognizers=recognizers, labels={"name": "lamps", "labels": words}
        ).parent


def together(launcher: tuple[str, ...], *arguments: str) -> tuple[int, str, str]:
    """Run a job in two processes; return its exit code and what both printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        words = [word.format(port=free.getsockname()[1]) for word in launcher]
    done = subprocess.run(
        [sys.executable, "-m", *words, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def without_keys(name: str, values: np.ndarray) -> np.ndarray:
    """Return a weight without the biases of attention's keys.

    They shift all logits of a query alike, so they have no gradient, and Adam makes steps of its rounding.
    """
    width = len(values) if values.ndim else 0
    if name.endswith("k_proj.bias"):
        return values[:0]
    if name.endswith("key_value.bias"):
        return values[width // 2 :]
    if name.endswith("in_proj_bias"):  # of queries, keys and values
        return np.delete(values, slice(width // 3, 2 * width // 3))
    return values


def same(one: Path, other: Path, most: float = 1e-6) -> None:
    """Check that two runs have the same weights, and scores that differ by so much at most."""
    weights = [path.relative_to(one) for path in sorted(one.glob("model/**/*.safetensors"))]
    assert weights
    for path in weights:
        first, second = load_file(one / path), load_file(other / path)
        for name in first:
            own, others = (without_keys(name, values[name]) for values in (first, second))
            np.testing.assert_allclose(own, others, atol=1e-6, err_msg=f"{path} {name}")
    scores = [pd.read_parquet(run / "scores-validation.parquet").filter(like="score: ") for run in (one, other)]
    np.testing.assert_allclose(*scores, atol=most)
    assert [Run.open(run).info.status for run in (one, other)] == ["complete"] * 2


@pytest.mark.slow
def test_two_processes_make_the_run_that_one_makes(study: Path, tmp_path: Path) -> None:
    killed = ["train", str(study), "--out", str(tmp_path / "timesformer")]
    clips = len(train(load_study(study), "timesformer").scores("validation").clips)
    assert clips > 0
    steps = json.loads((study / "runs" / "timesformer" / "training.json").read_text())["steps"]
    code, _, _ = together(TORCHRUN, "--die", str(steps // 2 + 1), json.dumps([killed]))
    assert code != 0
    assert list((tmp_path / "timesformer" / "checkpoints").glob("checkpoint-*/digests.json"))
    jobs = [["train", str(study), "--recognizer", name, "--out", str(tmp_path / name)] for name in NAMES[1:]]
    # The last one cannot be done: a complete run is in its way. That ends both, with one sentence and no hang.
    code, printed, stderr = together(ACCELERATE, json.dumps([[*killed, "--resume"], *jobs, jobs[-1]]))
    errors = [line for line in stderr.splitlines() if line.startswith("Error")]
    assert code != 0
    assert errors == [f"Error: {tmp_path / NAMES[-1]}: a complete run is here already; nothing was changed."], stderr
    assert printed.count("Run: ") == len(NAMES)  # one voice
    assert stderr.count("Scoring validation") == len(NAMES)
    for name in NAMES:
        if name != "timesformer":
            train(load_study(study), name)
        same(study / "runs" / name, tmp_path / name)
        assert len(list((tmp_path / name / "tensorboard").glob("events.*"))) == 1 + (name == "timesformer")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate launch"])
def test_the_documented_launch_trains(tmp_path: Path, launcher: str) -> None:
    """What docs/how-to/several-processes.md says, word by word; only a port is added, that others may be using."""
    model = str(tiny_timesformer(tmp_path / "model"))
    settings = {"model": model, "batch_size": 4, "epochs": 1, "precision": "float32"}
    study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"timesformer": settings}).parent
    noted = "pathlib.Path(__file__).with_name('rank-' + os.environ['RANK']).touch()"
    noted = f"import os, pathlib\nif 'RANK' in os.environ: {noted}"
    (tmp_path / "sitecustomize.py").write_text(noted)
    page = Path(__file__).parents[1] / "docs" / "how-to" / "several-processes.md"
    lines = page.read_text("utf-8").replace("\\\n", " ")  # a long one goes on below
    (line,) = re.findall(rf"^{launcher} (.*-m actscribe train my-study --recognizer timesformer)$", lines, re.M)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    module = {"torchrun": "torch.distributed.run", "accelerate launch": "accelerate.commands.launch"}[launcher]
    option = {"torchrun": "--master-port", "accelerate launch": "--main_process_port"}[launcher]
    words = shlex.split(line.replace("my-study", shlex.quote(str(study))))
    done = subprocess.run(
        [sys.executable, "-m", module, option, str(port), *words],
        capture_output=True,
        text=True,
        env=os.environ
        | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "ACTSCRIBE_CACHE": str(tmp_path / "cache")}
        | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Run: ") == 1
    run = Run.open(study / "runs" / "timesformer")
    assert run.info.status == "complete"
    assert sorted(path.name for path in tmp_path.glob("rank-*")) == ["rank-0", "rank-1"]


@pytest.mark.slow
def test_the_documented_launch_of_two_nodes_trains(tmp_path: Path) -> None:
    """What srun starts in docs/how-to/several-processes.md, both nodes played by this machine with one process each."""
    model = str(tiny_timesformer(tmp_path / "model"))
    settings = {"model": model, "batch_size": 4, "epochs": 1, "precision": "float32"}
    study = lamp_study(tmp_path / "study", 5, 4.0, recognizers={"timesformer": settings}).parent
    page = Path(__file__).parents[1] / "docs" / "how-to" / "several-processes.md"
    lines = page.read_text("utf-8").replace("\\\n", " ")  # a long one goes on below
    (line,) = re.findall(r"^srun torchrun (--nnodes .*)$", lines, re.M)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    replacements = {
        "--nproc-per-node 8": "--nproc-per-node 1",
        "$first": "127.0.0.1",
        "29500": port,
        "$SLURM_NNODES": "2",
        "$SLURM_JOB_ID": "job",
        "/data/my-study": "my-study",
        "my-study": shlex.quote(str(study)),
        "vlm-lora": "timesformer",
    }
    for documented, meant in replacements.items():
        line = line.replace(documented, meant)
    nodes = [
        subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", *shlex.split(line)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "ACTSCRIBE_CACHE": str(tmp_path / "cache")}
            | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        for _ in range(2)
    ]
    outputs = [node.communicate(timeout=300) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], outputs
    assert sum(out.count("Run: ") for out, _ in outputs) == 1
    assert Run.open(study / "runs" / "timesformer").info.status == "complete"


def test_the_documented_file_of_accelerate_means_eight_processes_of_one_machine(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "several-processes.md").read_text("utf-8")
    (text,) = re.findall(r"^(compute_environment: .*?)```", page, re.M | re.S)
    (tmp_path / "eight-gpus.yaml").write_text(text)
    config = ClusterConfig.from_yaml_file(tmp_path / "eight-gpus.yaml")
    assert (config.num_processes, config.num_machines, config.distributed_type) == (8, 1, "MULTI_GPU")
    assert config.fsdp_config == {}  # fully_shard is ours: accelerate's FSDP would be refused
    (recognizers,) = re.findall(r"^(recognizers:.*?)```", page, re.M | re.S)
    own = yaml.safe_load(recognizers)["recognizers"]["qwen-7b"]
    settings = parse_settings(own.pop("recognizer"), own)
    assert settings.fsdp
    assert settings.batch_size % config.num_processes == 0


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(guard, "GRACE_S", 0.0)


@pytest.mark.usefixtures("second")
def test_the_second_process_says_which_it_is_and_other_commands_run_alone(study: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", str(study)])
    assert done.exit_code == 2
    assert "Error (process 2 of 2): actscribe evaluate runs as one process" in done.stderr


@pytest.mark.usefixtures("second")
def test_a_lost_process_is_no_traceback(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise RuntimeError("[../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer")

    monkeypatch.setattr("actscribe.settings.study.load_study", lost)
    done = CliRunner().invoke(app, ["train", str(study)])
    assert done.exit_code == 2
    assert "another process of this training has ended. Go on with the same command and --resume." in done.stderr


@pytest.mark.parametrize(
    ("name", "option"), [("FSDP", "--use_fsdp"), ("DEEPSPEED", "--use_deepspeed"), ("MEGATRON_LM", "--use_megatron_lm")]
)
def test_a_launcher_that_divides_networks_is_refused_before_a_recording_is_read(
    study: Path, monkeypatch: pytest.MonkeyPatch, name: str, option: str
) -> None:
    monkeypatch.setattr("actscribe.runs.train.load_data", lambda *_: pytest.fail("read"))
    monkeypatch.setenv(f"ACCELERATE_USE_{name}", "true")
    with pytest.raises(ActScribeError, match=rf"divide the network among the processes \({option}\)") as caught:
        train(study, "vlm-lora")
    assert "--recognizer vlm-lora" in caught.value.hint + caught.value.message
    monkeypatch.setenv(f"ACCELERATE_USE_{name}", "false")
    processes.check_whole_networks("vlm-lora")


@pytest.mark.usefixtures("second")
def test_a_batch_must_be_shared_evenly(study: Path) -> None:
    loaded = load_study(study)
    check_shares(loaded, "timesformer")
    odd = loaded.model_copy(
        update={"recognizers": {"timesformer": {"batch_size": 6, "gradient_accumulation_steps": 2}}}
    )
    with pytest.raises(ActScribeError, match="2 processes cannot share the 6 clips of an optimiser step evenly in 2"):
        check_shares(odd, "timesformer")
    assert not processes.is_first()
    assert (processes.rank(), processes.count()) == (1, 2)
