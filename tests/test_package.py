"""The package as a whole: light to import, complete, its examples load."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import actscribe
import actscribe_sim
from actscribe.recognizers.base import implementation
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.study import load_study, parse_settings

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "pandas", "av", "cv2", "matplotlib", "sklearn", "scipy", "pyarrow", "tensorboard"}
PACKAGES = (actscribe, actscribe_sim)
MODULES = [found.name for one in PACKAGES for found in pkgutil.walk_packages(one.__path__, f"{one.__name__}.")]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 400, 50
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/study.yaml"))


@pytest.mark.parametrize(
    "code",
    [
        "import actscribe",
        "import actscribe; actscribe.Study, actscribe.load_study, actscribe.ActScribeError, actscribe.LabelSet",
        "import sys; sys.argv = ['actscribe', '--help']; from actscribe.cli import main; main()",
        "import sys; sys.argv = ['actscribe', 'train', '--help']; from actscribe.cli import main; main()",
        "import sys; sys.argv = ['actscribe', 'demo', '--help']; from actscribe.cli import main; main()",
    ],
)
def test_importing_and_help_load_nothing_heavy(code: str) -> None:
    ending = "import sys; print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    wrapped = f"try:\n    exec({code!r})\nexcept SystemExit:\n    pass\n{ending}"
    done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, text=True, timeout=300, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "actscribe" in loaded
    assert not loaded & HEAVY


def test_the_core_imports_neither_the_simulation_nor_what_draws_it() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "src" / "actscribe").rglob("*.py")
        for name in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if name.partition(".")[0] in ("actscribe_sim", "cv2")
    ]
    assert found == []


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_every_public_name_is_there_and_documented() -> None:
    for name in actscribe.__all__:
        assert getattr(actscribe, name).__doc__, name
    assert sorted(actscribe.__all__) == actscribe.__all__
    assert set(actscribe._HOMES) == set(actscribe.__all__)
    with pytest.raises(AttributeError, match="no attribute 'anotate'"):
        _ = actscribe.anotate  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports_and_says_what_it_is_for(name: str) -> None:
    assert importlib.import_module(name).__doc__


def test_files_and_functions_stay_short() -> None:
    long = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) >= MOST_LINES:
            long.append(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1 - _docstring_lines(node)
                if lines > MOST_FUNCTION_LINES:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines")
    assert not long


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return 0
    return (first.end_lineno or 0) - first.lineno + 1


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_recognizer_has_default_settings_and_code(name: str) -> None:
    assert parse_settings(name, {}) == BUILT_IN[name].settings()
    code = implementation(name)
    assert code.plan is not None
    assert (code.merge is not None) == bool(BUILT_IN[name].merges_into)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_every_example_study_loads(folder: Path) -> None:
    study = load_study(folder)
    assert len(study.label_set()) >= 1
    assert [study.chosen(name).settings for name in study.recognizers]
    assert not Path(study.recordings).is_absolute()


def test_there_are_examples() -> None:
    assert {path.name for path in EXAMPLES} >= {"falls_at_home", "surveillance_fights"}
