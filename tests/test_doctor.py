"""What `actscribe doctor` says about a machine."""

from __future__ import annotations

import importlib.util
import os
from importlib import metadata
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from small_studies import film
from typer.testing import CliRunner

from actscribe import doctor
from actscribe.cli import app
from actscribe.video.cache import default_cache


def test_every_topic_is_printed_with_its_finding() -> None:
    findings = doctor.examine()
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0
    printed = dict(line.split(":", 1) for line in done.output.splitlines())
    assert {topic: finding.strip() for topic, finding in printed.items()} == findings
    assert findings["torch"] == torch.__version__.partition("+")[0]
    assert findings["actscribe"] == metadata.version("actscribe")
    assert findings["cores"] == str(os.cpu_count())
    assert av.__version__ in findings["video decoder"]


@pytest.mark.parametrize(
    ("module", "topic", "extra"), [("peft", "peft", "lora"), ("cv2", "opencv-python-headless", "demo")]
)
def test_a_missing_extra_says_how_to_get_it(
    module: str, topic: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == module else find(name, *more))
    assert f"pip install 'actscribe[{extra}]'" in doctor.examine()[topic]


def test_opencv_from_another_package_counts_as_there(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without_headless(name: str) -> str:
        if name == "opencv-python-headless":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_headless)
    assert doctor.examine()["opencv-python-headless"] == "not installed, but another package brings cv2"


def test_a_decoder_without_a_codec_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"hevc"})
    assert "lacks hevc" in doctor.examine()["video decoder"]


def test_the_frame_cache_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path))
    monkeypatch.setenv("ACTSCRIBE_CACHE_GIB", "2")
    video = film(tmp_path / "v.mp4", [], 40.0)
    default_cache().frames(video, "content", np.arange(0, 39, 0.1), None)
    # 390 frames of 48 x 64 x 3 bytes: 3.4 MiB.
    limit = "2.0 GiB; ACTSCRIBE_CACHE_GIB sets another limit, in GiB"
    assert doctor.examine()["frame cache"] == f"{tmp_path / 'frames'}, 3.4 MiB of at most {limit}"


def test_checkpoints_in_the_hub_cache_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert "in the Hugging Face cache: none" in doctor.examine()["models"]
    (tmp_path / "models--facebook--timesformer-base-finetuned-k400").mkdir()
    assert "facebook/timesformer-base-finetuned-k400" in doctor.examine()["models"]
