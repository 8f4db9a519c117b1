"""The models inside the package still make of fixed clips what they made when the golden files were written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from embedded_golden import FILE, MODELS, TABLES, TABLES_FILE, golden
from safetensors.torch import load_file, save_file

from actscribe.models import catalog

#: Model -> kind of its folder, a small part of its weights, and its preprocessing file.
FOLDERS = {
    "timesformer": ("timesformer", "timesformer.encoder.layer.2.temporal_layernorm.bias", "preprocessor_config.json"),
    "clip": ("clip", "text_model.final_layer_norm.bias", "preprocessor_config.json"),
    "vifi-clip": ("clip", "vision_model.encoder.layers.1.layer_norm1.bias", "preprocessor_config.json"),
    "x-clip": ("xclip", "mit.position_embedding", "preprocessor_config.json"),
    "vlm": ("vlm", "model.text_model.norm.weight", "processor_config.json"),
    "vlm-resuscitation": ("vlm-resuscitation", "model.text_model.norm.weight", "processor_config.json"),
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def own_copy(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the model's folder, which is taken in place of the package's."""
    source = catalog.embedded_folder(FOLDERS[model][0])
    assert source is not None
    folder = shutil.copytree(source, tmp_path / "embedded")
    monkeypatch.setattr(catalog, "embedded_folder", lambda kind: folder)
    return folder


def compare(model: str) -> None:
    actual, expected = MODELS[model](), golden()[model]
    assert actual.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(actual[key], values, rtol=1e-4, atol=1e-4, err_msg=f"{key} of {model}")


@pytest.mark.parametrize("model", MODELS)
def test_embeddings_and_scores_are_those_of_the_golden_file(model: str) -> None:
    compare(model)


@pytest.mark.parametrize("model", MODELS)
def test_a_changed_weight_is_seen(model: str, own_copy: Path) -> None:
    path, name = own_copy / "model.safetensors", FOLDERS[model][1]
    weights = load_file(path)
    save_file(weights | {name: weights[name] * 1.02}, path, {"format": "pt"})
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(model)


@pytest.mark.parametrize("model", MODELS)
def test_a_changed_preprocessing_is_seen(model: str, own_copy: Path) -> None:
    path = own_copy / FOLDERS[model][2]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("0.5", "0.495"), encoding="utf-8")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(model)


def compare_table(model: str) -> None:
    actual, expected = TABLES[model](), golden(TABLES_FILE)[model]
    assert actual.keys() >= expected.keys()  # a measure that is added has a test of its own
    for key, values in expected.items():
        np.testing.assert_allclose(actual[key], values, rtol=1e-4, atol=1e-4, err_msg=f"{key} of {model}")


@pytest.mark.parametrize("model", TABLES)
def test_the_tables_of_an_evaluation_are_those_of_the_golden_file(model: str) -> None:
    compare_table(model)


@pytest.mark.parametrize("model", TABLES)
def test_a_changed_weight_is_seen_in_the_tables(model: str, own_copy: Path) -> None:
    path, name = own_copy / "model.safetensors", FOLDERS[model][1]
    weights = load_file(path)
    save_file(weights | {name: weights[name] * 1.1}, path, {"format": "pt"})
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare_table(model)


def test_the_files_are_small() -> None:
    assert FILE.stat().st_size < 8_000 * len(MODELS)
    assert TABLES_FILE.stat().st_size < 8_000 * len(TABLES)
