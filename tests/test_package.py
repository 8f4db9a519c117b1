"""The package as a whole: light to import, complete, its examples load."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import actscribe
import actscribe_sim
from actscribe.recognizers.base import implementation
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.study import load_study, parse_settings

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "pandas", "av", "cv2", "matplotlib", "sklearn", "scipy", "pyarrow", "tensorboard"}
PACKAGES = (actscribe, actscribe_sim)
MODULES = [module.name for one in PACKAGES for module in pkgutil.walk_packages(one.__path__, f"{one.__name__}.")]
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/**/study.yaml"))


@pytest.mark.parametrize(
    "code",
    [
        "import actscribe",
        "import actscribe; actscribe.Study, actscribe.load_study, actscribe.ActScribeError, actscribe.LabelSet",
        "import sys; sys.argv = ['actscribe', '--help']; from actscribe.cli import main; main()",
        "import sys; sys.argv = ['actscribe', 'train', '--help']; from actscribe.cli import main; main()",
        "import sys; sys.argv = ['actscribe', 'demo', '--help']; from actscribe.cli import main; main()",
        "import sys; sys.argv = ['actscribe', 'models', 'plan', '--help']; from actscribe.cli import main; main()",
        "import sys; sys.argv = ['actscribe', 'models', 'plan', 'nowhere']; from actscribe.cli import main; main()",
        "import sys; sys.argv = 'a models plan clip-b16 --dtype int3'.split(); from actscribe.cli import main; main()",
    ],
)
def test_importing_and_help_load_nothing_heavy(code: str) -> None:
    ending = "import sys; print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    wrapped = f"try:\n    exec({code!r})\nexcept SystemExit:\n    pass\n{ending}"
    done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, text=True, timeout=300, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "actscribe" in loaded
    assert not loaded & HEAVY


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    assert version("actscribe") == actscribe.__version__
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == actscribe.__version__
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):  # a copy would be raised by hand with every release
        assert f"actscribe-{actscribe.__version__}" not in page.read_text(encoding="utf-8"), page


def test_dir_shows_the_public_names_and_only_those() -> None:
    assert {"train", "evaluate", "annotate", "Run"} <= set(dir(actscribe))
    assert [name for name in dir(actscribe) if name.startswith("_") or not hasattr(actscribe, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'anotate'"):
        _ = actscribe.anotate  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports_and_says_what_it_is_for(name: str) -> None:
    assert importlib.import_module(name).__doc__


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_recognizer_has_default_settings_and_code(name: str) -> None:
    assert parse_settings(name, {}) == BUILT_IN[name].settings()
    code = implementation(name)
    assert (code.plan is not None) == ("model" in BUILT_IN[name].settings.model_fields)
    assert (code.merge is not None) == bool(BUILT_IN[name].merges_into)


def test_no_two_files_declare_the_same_recognizer() -> None:
    files = [name for name in MODULES if name.startswith("actscribe.settings.recognizers.")]
    declared = [name for file in files for name in importlib.import_module(file).RECOGNIZERS]
    assert sorted(declared) == sorted(BUILT_IN)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_every_example_study_loads(folder: Path) -> None:
    study = load_study(folder)
    assert len(study.label_set()) >= 1
    assert [study.chosen(name).settings for name in study.recognizers]
    assert not Path(study.recordings).is_absolute()


def test_there_are_examples() -> None:
    assert {path.name for path in EXAMPLES} >= {"falls_at_home", "surveillance_fights"}


def test_opening_a_run_and_reading_annotations_load_no_network() -> None:
    code = "from actscribe import Run, read_annotations, load_study; import sys; print('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "actscribe.run_folder.run" in loaded
    assert not loaded & (HEAVY - {"pandas", "pyarrow"})  # tables are what a run holds
